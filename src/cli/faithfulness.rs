//! `pellucid faithfulness`: which maps of a model can be believed, measured on a folder of images.
//!
//! Each image is run once; every method makes its map from that pass, and [`crate::engine::trust`] measures it as the viewer does. The
//! sums, the ranks and the sentences are those of [`crate::evaluation::faithfulness`]. Files are written when all is done: a run that is
//! ended before leaves none.
//!
//! Each image has a seed of its own, counted from `--seed` in the order of the draw, so that the random rivals differ from image to image.

mod table;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use regex::Regex;
use serde_json::{Value, json};

use super::evaluate_localization::{MASK, some, stem};
use super::inputs::{Image, Inputs, patient};
use super::session::ModelArgs;
use super::{Outcome, Usage, explain, output};
use crate::engine::pass::Pass;
use crate::engine::trust::{self, Depth, Question};
use crate::engine::{CancelToken, EngineError};
use crate::evaluation::faithfulness::{Case, Summary, Trial};
use crate::evaluation::truth::folded;
use crate::explain::faithfulness::Rivals;
use crate::explain::{ExplainError, Method, Output, Settings, Subject};
use crate::network::Model;
use crate::uncertainty::readout::Readout;

/// Measure how far a model's maps can be believed, and rank the methods: deletion, insertion, ROAD, drop in confidence, sensitivity, and the
/// randomisation check, beside a centred blob and a random map
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Folder of images (DICOM, PNG, JPEG, TIFF); masks (NAME-mask.png) are left out, and a film that is there twice counts once
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Methods to judge, separated by commas (`pellucid help explain` lists them), or all that can be made for this model
    /// [default: those that are ready at once, and saliency, smooth-grad, integrated-gradients, guided-backprop, guided-grad-cam]
    #[arg(long, value_name = "METHOD,…|all", value_delimiter = ',', value_parser = asked)]
    method: Vec<Asked>,
    /// Stage to take the maps from, where a method has one [default: the model's target layer]
    #[arg(long, value_name = "STAGE")]
    layer: Option<String>,
    /// Class or group that the maps explain; top is what the model finds most probable in each image
    #[arg(long, value_name = "LABEL|GROUP|top", default_value = "top")]
    class: String,
    /// Images to draw from the folder
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    images: u32,
    /// Images on which sensitivity and the randomisation check are made, too; 0 for none, and then there is no rank
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
    /// Judge images, too, that the input gate refuses
    #[arg(long)]
    force: bool,
    /// Pattern whose first group in a file name is the patient, for intervals by patient (DICOM files tell themselves)
    #[arg(long, value_name = "REGEX", default_value = super::evaluate::PATIENTS)]
    patients: String,
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

/// Methods that are judged although they are not ready at once.
const ALSO: [Method; 5] =
    [Method::Saliency, Method::SmoothGrad, Method::IntegratedGradients, Method::GuidedBackprop, Method::GuidedGradCam];

/// One word of `--method`.
#[derive(Clone, Copy, Debug)]
enum Asked {
    All,
    One(Method),
}

fn asked(text: &str) -> Result<Asked, String> {
    if folded(text) == "all" {
        return Ok(Asked::All);
    }
    explain::method(text).map(Asked::One).map_err(|known| format!("{known}, or all"))
}

/// The methods, each once, in the order in which they were asked for.
fn methods(asked: &[Asked]) -> Vec<Method> {
    let usual = || Method::ALL.into_iter().filter(|m| m.is_instant() || ALSO.contains(m)).collect();
    let all: Vec<Method> = match asked {
        [] => usual(),
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

/// What the maps explain.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Explained {
    Top,
    One(Output),
}

/// Judges one image after the other.
struct Judge<'a> {
    model: &'a Model,
    readout: Readout,
    dir: PathBuf,
    methods: Vec<Method>,
    stage: usize,
    explained: Explained,
    settings: Settings,
    /// Images on which everything is still to be judged.
    unchecked: usize,
    force: bool,
    patients: Regex,
    cases: Vec<Case>,
    /// Images that the gate refuses.
    refused: Vec<String>,
    /// Methods that cannot be made for this model, and why.
    impossible: Vec<(Method, String)>,
}

pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let patients = Regex::new(&args.patients).map_err(|e| Usage(format!("--patients is no pattern: {e}")))?;
    let model = args.model.load()?;
    let mut judge = Judge::new(args, &model, patients)?;
    if let Some(out) = &args.out {
        std::fs::create_dir_all(out).with_context(|| format!("the folder {} could not be made", out.display()))?;
    }
    let inputs = films(Inputs::gather(std::slice::from_ref(&args.dir)));
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(args.seed));
    order.truncate(args.images as usize);
    let mut number = 0;
    let outcome = inputs.drawn(&order).each("Judging maps", |image| {
        number += 1;
        judge.look(image, number)
    })?;
    judge.remark();
    if judge.cases.is_empty() {
        if let (true, Some((method, why))) = (judge.methods.len() == judge.impossible.len(), judge.impossible.first()) {
            bail!("no method can be made for {}; {}: {why}", model.manifest.name, method.name());
        }
        if judge.refused.is_empty() {
            return Ok(Outcome::AllFailed);
        }
        bail!("the input gate refused every image, so no map was judged; --force goes on all the same");
    }
    let (cases, methods) = judge.judged();
    let summary = Summary::of(&cases, &methods);
    let whole = judge.to_json(args, &summary);
    if let Some(out) = &args.out {
        output::write_file(&out.join("faithfulness.csv"), &table::csv(&cases, &methods)?)?;
        output::write_file(&out.join("faithfulness.json"), &serde_json::to_vec_pretty(&whole)?)?;
    }
    if args.json {
        output::json(&whole)?;
    } else {
        output::line(table::text(&model.manifest.name, &judge.of_what(), &summary))?;
        if let Some(out) = &args.out {
            output::remark(format!("Figures and a row for each image, method and measure are in {}.", out.display()));
        }
    }
    // There is a result. Methods that were named and cannot be made are a failure; of all or of the usual ones some may be so.
    let named = |(method, _): &(Method, String)| args.method.iter().any(|a| matches!(a, Asked::One(m) if m == method));
    let all_done = outcome == Outcome::Done && !judge.impossible.iter().any(named);
    Ok(if all_done { Outcome::Done } else { Outcome::SomeFailed })
}

/// Without masks, and of several files of one name in one folder (a film as DICOM and as PNG) only the first.
fn films(inputs: Inputs) -> Inputs {
    let mut seen = HashSet::new();
    let mut is_film = |image: &Image| {
        let path = image.path();
        let name = stem(path);
        !name.ends_with(MASK) && seen.insert((path.parent().map(Path::to_owned), name))
    };
    let numbers: Vec<usize> = inputs.iter().enumerate().filter(|(_, i)| is_film(i)).map(|(number, _)| number).collect();
    inputs.drawn(&numbers)
}

/// Whether no image of this model could be explained by the method.
fn is_impossible(error: &EngineError) -> bool {
    let EngineError::Explain(error) = error else { return false };
    matches!(
        error,
        ExplainError::NotLinear { .. }
            | ExplainError::NotSpatial { .. }
            | ExplainError::OnePlace { .. }
            | ExplainError::NoGradient { .. }
            | ExplainError::NoRival
            | ExplainError::NoBackground { .. }
            | ExplainError::BackgroundShape { .. }
    )
}

impl<'a> Judge<'a> {
    fn new(args: &Args, model: &'a Model, patients: Regex) -> anyhow::Result<Self> {
        let layer = explain::layer(model, args.layer.as_deref())?;
        let stage = model.network.stage(&layer).context("the layer is gone")?;
        let explained = match explain::output_named(model, &args.class, "top") {
            Ok(output) => Explained::One(output),
            Err(_) if folded(&args.class) == "top" => Explained::Top,
            Err(error) => return Err(error),
        };
        let evaluations = args.evaluations.map(|n| n as usize);
        Ok(Self {
            model,
            readout: Readout::new(&model.manifest),
            dir: args.dir.clone(),
            methods: methods(&args.method),
            stage,
            explained,
            settings: Settings { seed: args.seed, evaluations, ..Settings::default() },
            unchecked: args.sanity as usize,
            force: args.force,
            patients,
            cases: Vec::new(),
            refused: Vec::new(),
            impossible: Vec::new(),
        })
    }

    /// Judges every map of one image; `number` is its place in the draw.
    fn look(&mut self, image: &Image, number: u64) -> anyhow::Result<()> {
        let frame = image.load()?;
        if frame.plane.values.is_empty() {
            return Err(EngineError::EmptyImage.into());
        }
        let name = image.path().strip_prefix(&self.dir).unwrap_or(image.path()).display().to_string();
        let plane = frame.model_plane();
        if !self.force && self.model.judge(&frame, &plane)?.is_some_and(|gate| !gate.accepted) {
            self.refused.push(name);
            return Ok(());
        }
        let pass = Pass::run(self.model, &plane, frame.value_range, &CancelToken::default())?;
        let subject = self.subject(&pass);
        let checked = self.unchecked > 0;
        let (trials, failed) =
            self.trials(&pass, subject, number, if checked { Depth::Checked } else { Depth::Figures });
        if trials.iter().any(Option::is_some) {
            self.unchecked -= usize::from(checked);
            self.cases.push(Case {
                image: name,
                patient: patient(&frame, image.path(), &self.patients).unwrap_or_default(),
                subject: subject.name(&self.model.manifest),
                probability: trust::probability(&self.readout, subject, &pass.logits),
                checked,
                trials,
            });
        }
        match failed.as_slice() {
            [] => Ok(()),
            _ => bail!("{}", failed.join("; ")),
        }
    }

    /// What the maps of an image explain.
    fn subject(&self, pass: &Pass) -> Subject {
        match self.explained {
            Explained::One(output) => Subject::One(output),
            Explained::Top => {
                let probabilities = self.readout.labels(&pass.logits);
                let top = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
                Subject::class(top.map_or(0, |(k, _)| k))
            }
        }
    }

    /// The maps of one image, and why some could not be judged.
    fn trials(
        &mut self,
        pass: &Pass,
        subject: Subject,
        number: u64,
        depth: Depth,
    ) -> (Vec<Option<Trial>>, Vec<String>) {
        let settings = Settings { seed: self.settings.seed.wrapping_add(number), ..self.settings };
        let (mut trials, mut failed) = (Vec::with_capacity(self.methods.len()), Vec::new());
        let mut rivals = Rivals::default();
        for (place, &method) in self.methods.iter().enumerate() {
            if self.impossible.iter().any(|(m, _)| *m == method) {
                trials.push(None);
                continue;
            }
            let (model, stage) = (self.model, self.stage);
            let question =
                Question { model, pass, background: None, map: None, method, stage, subject, settings, depth };
            match trust::judge(&question, &mut rivals, &CancelToken::default(), &mut |_| {}) {
                Ok(trust) => trials.push(Some(Trial::of(&trust))),
                Err(error) => {
                    trials.push(None);
                    // What was made once is possible.
                    let made = self.cases.iter().any(|case| case.trials[place].is_some());
                    if is_impossible(&error) && !made {
                        self.impossible.push((method, error.to_string()));
                    } else {
                        failed.push(format!("{} gave no map: {error}", method.name()));
                    }
                }
            }
        }
        (trials, failed)
    }

    /// The cases by their names, and the methods that could be made.
    fn judged(&self) -> (Vec<Case>, Vec<Method>) {
        let possible = |method: &Method| self.impossible.iter().all(|(m, _)| m != method);
        let mut cases = self.cases.clone();
        for case in &mut cases {
            let mut places = self.methods.iter();
            case.trials.retain(|_| places.next().is_some_and(possible));
        }
        cases.sort_by(|a, b| a.image.cmp(&b.image));
        (cases, self.methods.iter().copied().filter(possible).collect())
    }

    /// What the maps explain, in words.
    fn of_what(&self) -> String {
        match self.explained {
            Explained::Top => "what the model finds most probable".to_owned(),
            Explained::One(output) => Subject::One(output).name(&self.model.manifest),
        }
    }

    fn remark(&self) {
        if !self.refused.is_empty() {
            output::remark(format!(
                "note: images that the input gate refuses were left out (--force judges them, too): {}.",
                some(&self.refused)
            ));
        }
        for (method, why) in &self.impossible {
            output::remark(format!("note: {} was left out: {why}", method.name()));
        }
    }

    fn to_json(&self, args: &Args, summary: &Summary) -> Value {
        let Model { manifest, sha256, .. } = self.model;
        let left_out = self.impossible.iter().map(|(method, why)| json!({ "method": method.key(), "reason": why }));
        let mut whole = json!({
            "model": { "name": manifest.name, "sha256": sha256 },
            "layer": self.model.network.stages[self.stage].name,
            "class": match self.explained { Explained::Top => "top".to_owned(), Explained::One(_) => self.of_what() },
            "seed": args.seed,
            "evaluations": args.evaluations,
            "refused_by_the_gate": self.refused,
            "left_out": left_out.collect::<Vec<_>>(),
        });
        if let (Value::Object(whole), Value::Object(figures)) = (&mut whole, summary.to_json()) {
            whole.extend(figures);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_the_quick_methods_are_judged() {
        let usual = methods(&[]);
        assert!(usual.contains(&Method::GradCam) && usual.contains(&Method::IntegratedGradients));
        assert!(!usual.contains(&Method::Rise) && !usual.contains(&Method::DeepShap));
    }

    #[test]
    fn a_method_that_is_named_twice_is_judged_once() {
        let words = ["saliency", "Grad-CAM", "saliency"].map(|w| asked(w).unwrap());
        assert_eq!(methods(&words), [Method::Saliency, Method::GradCam]);
        assert_eq!(methods(&[asked("rise").unwrap(), asked("all").unwrap()]).len(), Method::ALL.len());
        assert!(asked("guess").unwrap_err().ends_with("rise, or all"));
    }
}
