//! `pellucid faithfulness`: how faithful the maps of a model are to it, measured on a folder of
//! images.
//!
//! The maps are measured by [`crate::evaluation::faithfulness::run`]; the sums, the ranks and the
//! sentences are those of [`crate::evaluation::faithfulness`]. Files are written when all is done:
//! a run that is ended before leaves none.

mod table;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::inputs::{Inputs, complain};
use super::session::ModelArgs;
use super::{Outcome, explain, output};
use crate::cancel::CancelToken;
use crate::evaluation::faithfulness::FaithfulnessSummary;
use crate::evaluation::faithfulness::run::{
    self, Explained, FaithfulnessOptions, FaithfulnessProgress, MapsError, MeasuredMaps,
};
use crate::evaluation::faithfulness::table as maps_table;
use crate::evaluation::images::ImageError;
use crate::evaluation::sample::drawn;
use crate::evaluation::vocabulary::folded;
use crate::explain::{Method, MethodSettings, Subject};
use crate::model::Model;
use crate::study::ImageEntry;
use crate::study::image_names::distinct_images;

/// Measure how faithful a model's maps are to it, and rank the methods: deletion, insertion, ROAD,
/// drop in confidence, sensitivity, and the randomisation check, beside a centred blob and a random
/// map
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// Folder of images (DICOM, PNG, JPEG, TIFF); masks (NAME-mask.png) are left out, and an image
    /// that is there twice counts once
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Methods to measure, separated by commas (`pellucid help explain` lists them), or all that
    /// can be made for this model [default: those that are ready at once, and saliency,
    /// smooth-grad, integrated-gradients, guided-backprop, guided-grad-cam]
    #[arg(long, value_name = "METHOD,…|all", value_delimiter = ',', value_parser = asked)]
    method: Vec<Asked>,
    /// Stage to take the maps from, where a method has one [default: the model's target layer]
    #[arg(long, value_name = "STAGE")]
    layer: Option<String>,
    /// Class or group that the maps explain; top is what the model finds most probable in each
    /// image
    #[arg(long, value_name = "LABEL|GROUP|top", default_value = "top")]
    class: String,
    /// Images to draw from the folder
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    images: u32,
    /// Images on which sensitivity and the randomisation check are made, too; 0 for none, and then
    /// there is no rank
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    sanity: u32,
    /// Runs of the network by methods that can do with any number of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    evaluations: Option<u32>,
    /// Seed of the draw, of the random maps and of methods that draw
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
    #[command(flatten)]
    model: ModelArgs,
    /// Measure images, too, that the input gate refuses
    #[arg(long)]
    force: bool,
    /// Pattern whose first group in a file name is the patient [default: DICOM header, or file
    /// names as in public sets]
    #[arg(long, value_name = "REGEX")]
    patients: Option<String>,
    /// Folder for faithfulness.csv (a row for each image, method and measure) and faithfulness.json
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Measures, of what the model says of the class, as a probability:
  Deletion            area under the score as what the map marks most is blacked out first (lower is better)
  Insertion           the same as it is put back into a blurred image (higher is better)
  ROAD                the same as it is filled in from its surroundings, least first against most first (higher is better)
  Drop in confidence  share of the score that is lost when only what the map marks is shown (lower is better)
Sensitivity is the largest relative change of the map for an image that no reader could tell from the first; the randomisation check
asks whether the map changes when the model forgets what it learned.

A gain is the difference to a control map on the same image, more is better. Rank: by the number of measures on which the 95 % interval of
the gain over a centred blob of the map's size lies above 0, then by the mean place among the ranked methods on the four
measures, by that gain. A method whose maps hardly change when the model forgets what it learned has no rank, whatever its measures; nor has
one that is known to fail that check, or on which it was not made.

A map that is faithful to the model says nothing about the patient: `evaluate --localization` asks whether it lies on the finding.";

/// A word that is no method, and not "all" either.
#[derive(Debug, thiserror::Error)]
#[error("{0}, or all")]
struct UnknownMethod(explain::UnknownMethod);

/// One word of `--method`.
#[derive(Clone, Copy, Debug)]
enum Asked {
    All,
    One(Method),
}

fn asked(text: &str) -> Result<Asked, UnknownMethod> {
    if folded(text) == "all" {
        return Ok(Asked::All);
    }
    explain::method(text).map(Asked::One).map_err(UnknownMethod)
}

/// The methods, each once, in the order in which they were asked for.
fn methods(asked: &[Asked]) -> Vec<Method> {
    let all: Vec<Method> = match asked {
        [] => run::usual(),
        words => words
            .iter()
            .flat_map(|word| match word {
                Asked::All => Method::ALL.to_vec(),
                Asked::One(method) => vec![*method],
            })
            .collect(),
    };
    let mut seen = HashSet::new();
    all.into_iter().filter(|method| seen.insert(*method)).collect()
}

/// All that was asked for, with the model.
struct Plan<'a> {
    args: &'a Args,
    model: &'a Model,
    options: FaithfulnessOptions<'a>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let patients = super::evaluate::patients(args.patients.as_ref())?;
    let model = args.model.load()?;
    let explained = match explain::output_named(&model, &args.class, "top") {
        Ok(output) => Explained::One(output),
        Err(_) if folded(&args.class) == "top" => Explained::Top,
        Err(error) => return Err(error),
    };
    let layer = explain::layer(&model, args.layer.as_deref())?;
    let evaluations = args.evaluations.map(|n| n as usize);
    let options = FaithfulnessOptions {
        methods: methods(&args.method),
        stage: model.network.stage(&layer).context("the layer is gone")?,
        explained,
        settings: MethodSettings { seed: args.seed, evaluations, ..MethodSettings::default() },
        checked: args.sanity as usize,
        force: args.force,
        folder: &args.dir,
        patients: &patients,
    };
    if let Some(out) = &args.out {
        output::make_folder(out)?;
    }
    Plan { args, model: &model, options }.run()
}

impl Plan<'_> {
    fn run(&self) -> anyhow::Result<Outcome> {
        let Self { args, model, options } = self;
        let inputs = Inputs::gather(std::slice::from_ref(&args.dir));
        let paths: Vec<&Path> = inputs.iter().map(super::inputs::Image::path).collect();
        let distinct = distinct_images(&paths);
        let chosen = drawn(distinct.len(), args.images as usize, args.seed).into_iter().map(|i| distinct[i]);
        let images: Vec<Arc<ImageEntry>> = inputs.entries(chosen);
        let found = measured(model, &images, options)?;
        let outcome = Outcome::of(inputs.failed() + found.failed, inputs.failed() + images.len());
        remark(&found);
        if found.results.is_empty() {
            if let (true, Some((method, why))) = (found.methods.is_empty(), found.impossible.first()) {
                bail!("no method can be made for {}; {}: {why}", model.manifest.name, method.name());
            }
            if found.refused.is_empty() {
                return Ok(Outcome::AllFailed);
            }
            bail!("the input gate refused every image, so no map was evaluated; --force goes on all the same");
        }
        self.report(&found)?;
        // There is a result. Methods that were named and cannot be made are a failure; of all or of
        // the usual ones some may be so.
        let named =
            |(method, _): &(Method, String)| args.method.iter().any(|a| matches!(a, Asked::One(m) if m == method));
        let all_done = outcome == Outcome::Done && !found.impossible.iter().any(named);
        Ok(if all_done { Outcome::Done } else { Outcome::SomeFailed })
    }

    /// Writes and prints the result.
    fn report(&self, found: &MeasuredMaps) -> anyhow::Result<()> {
        let summary = FaithfulnessSummary::of(&found.results, &found.methods);
        let object = self.to_json(found, &summary);
        if let Some(out) = &self.args.out {
            output::write_file(&out.join("faithfulness.csv"), &maps_table::csv(&found.results, &found.methods)?)?;
            output::write_file(&out.join("faithfulness.json"), &serde_json::to_vec_pretty(&object)?)?;
        }
        if self.args.json {
            return output::json(&object);
        }
        output::line(table::text(&self.model.manifest.name, &self.of_what(), &summary))?;
        if let Some(out) = &self.args.out {
            output::remark(format!("Metrics and a row for each image, method and measure are in {}.", out.display()));
        }
        Ok(())
    }

    /// What the maps explain, in words.
    fn of_what(&self) -> String {
        match self.options.explained {
            Explained::Top => "what the model finds most probable".to_owned(),
            Explained::One(output) => Subject::One(output).name(&self.model.manifest),
        }
    }

    fn to_json(&self, found: &MeasuredMaps, summary: &FaithfulnessSummary) -> Value {
        let Self { args, model: Model { manifest, sha256, network, .. }, options } = self;
        let left_out = found.impossible.iter().map(|(method, why)| json!({ "method": method.key(), "reason": why }));
        let class = match options.explained {
            Explained::Top => "top".to_owned(),
            Explained::One(_) => self.of_what(),
        };
        let mut object = json!({
            "model": { "name": manifest.name, "sha256": sha256 },
            "layer": network.stages[options.stage].name,
            "class": class,
            "seed": args.seed,
            "evaluations": args.evaluations,
            "refused_by_the_gate": found.refused,
            "left_out": left_out.collect::<Vec<_>>(),
        });
        output::extend(&mut object, summary.to_json());
        object
    }
}

/// Measures the images, with a bar on the terminal; what fails is printed as it fails.
fn measured(
    model: &Model,
    images: &[Arc<ImageEntry>],
    options: &FaithfulnessOptions<'_>,
) -> anyhow::Result<MeasuredMaps> {
    let bar = output::progress(images.len(), "Measuring maps");
    let found = run::run(model, images, options, &CancelToken::default(), &mut |progress| match progress {
        FaithfulnessProgress::Failed(path, error) => {
            let done = match &error {
                MapsError::Image(ImageError::Study(_)) => "read",
                MapsError::Image(ImageError::Unscorable(_)) => "scored",
                _ => "finished",
            };
            bar.suspend(|| complain(path, done, &error.into()));
        }
        FaithfulnessProgress::Done => bar.inc(1),
    })?;
    bar.finish_and_clear();
    Ok(found)
}

fn remark(found: &MeasuredMaps) {
    if !found.refused.is_empty() {
        output::remark(format!(
            "note: images that the input gate refuses were left out (--force evaluates them, too): {}.",
            output::some(&found.refused)
        ));
    }
    for (method, why) in &found.impossible {
        output::remark(format!("note: {} was left out: {why}", method.name()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_the_quick_methods_are_measured() {
        let usual = methods(&[]);
        assert!(usual.contains(&Method::GradCam) && usual.contains(&Method::IntegratedGradients));
        assert!(!usual.contains(&Method::Rise) && !usual.contains(&Method::DeepShap));
    }

    #[test]
    fn a_method_that_is_named_twice_is_measured_once() {
        let words = ["saliency", "Grad-CAM", "saliency"].map(|w| asked(w).unwrap());
        assert_eq!(methods(&words), [Method::Saliency, Method::GradCam]);
        assert_eq!(methods(&[asked("rise").unwrap(), asked("all").unwrap()]).len(), Method::ALL.len());
        assert!(asked("guess").unwrap_err().to_string().ends_with("attention-relevance, or all"));
    }
}
