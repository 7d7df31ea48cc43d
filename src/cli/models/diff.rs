//! `pellucid models diff A B DIR`: what another model, or a new version, changes on images at hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::cancel::CancelToken;
use crate::cli::inputs::Inputs;
use crate::cli::session::ModelArgs;
use crate::cli::table::{Column, row, width};
use crate::cli::{Outcome, output};
use crate::evaluation::images::name_below;
use crate::evaluation::model_diff::{ModelDiff, Side, diff};
use crate::evaluation::predictions::Predictions;
use crate::evaluation::pseudonyms::Pseudonyms;
use crate::evaluation::result_table::Kind;
use crate::evaluation::scoring::{self, LabelledImage, ScoringProgress, targets};
use crate::files::writing;
use crate::model::Model;
use crate::model::conformal::RISK;
use crate::network::device::DeviceChoice;
use crate::study::patients::Patients;

/// Images whose changes are printed.
const PRINTED: usize = 10;

/// Compare what two models say of the same images
///
/// Scores, calls by the threshold and states of both, without truths: how often they agree, which way
/// calls turn, and the images that change most. Which of the two is better says `compare A B --on SET`.
/// The input gate is not asked.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The first model, by name or folder
    #[arg(value_name = "A")]
    first: String,
    /// The second model
    #[arg(value_name = "B")]
    second: String,
    /// The images, or their folder
    #[arg(value_name = "DIR")]
    images: PathBuf,
    /// A table with a row an image: scores, calls and states of both
    #[arg(short, long, value_name = "FILE.csv|FILE.parquet")]
    out: Option<PathBuf>,
    /// Numbers in the place of file names
    #[arg(long, alias = "anonymise")]
    anonymize: bool,
    /// Processor: auto, cpu, cuda or metal
    #[arg(long, value_name = "D", default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if let Some(out) = &args.out {
        Kind::of(out).with_context(|| format!("{} ends in neither .csv nor .parquet", out.display()))?;
    }
    let models = [&args.first, &args.second].map(|name| load(name, args.device));
    let [first, second] = models;
    let models = [first?, second?];
    let inputs = Inputs::gather(std::slice::from_ref(&args.images));
    let failed = inputs.failed();
    let files: Vec<PathBuf> = inputs.iter().map(|image| image.path().to_owned()).collect();
    let sets = [0, 1].map(|i| scored(&models[i], &files, &args.images));
    let [a, b] = sets;
    let sets = [a?, b?];
    let unread = sets.iter().map(|(_, failures)| *failures).max().unwrap_or(0);
    let mut sets = sets.map(|(set, _)| set);
    if args.anonymize {
        let names: Vec<String> = files.iter().map(|path| name_below(&args.images, path)).collect();
        let known = Pseudonyms::of(names.iter().map(String::as_str), std::iter::empty());
        sets.iter_mut().flat_map(|set| &mut set.rows).for_each(|row| row.image = known.image(&row.image));
    }
    let [a, b] = sets;
    let side = |i: usize, set: Predictions| Side {
        name: title(&models[i], [&args.first, &args.second][i]),
        manifest: &models[i].manifest,
        calibration: &models[i].calibration,
        set,
    };
    let found = diff([side(0, a), side(1, b)], RISK)?;
    if let Some(out) = &args.out {
        writing::private(out, &found.table().of_kind(out)?)
            .with_context(|| format!("the table {} could not be written", out.display()))?;
    }
    if args.json {
        let hash = |i: usize| models[i].sha256.clone();
        let mut value = serde_json::to_value(&found).context("the comparison could not be written as JSON")?;
        value["sha256"] = json!([hash(0), hash(1)]);
        value["error_rate"] = json!(RISK);
        output::json(&value)?;
    } else {
        print(&found)?;
    }
    found.remarks.iter().for_each(|remark| output::remark(format!("note: {remark}.")));
    Ok(Outcome::of(failed + unread, failed + files.len()))
}

fn load(name: &str, device: DeviceChoice) -> anyhow::Result<Model> {
    ModelArgs { model: Some(name.to_owned()), device }.load()
}

/// Name and version; the place where two models have the same name.
fn title(model: &Model, asked: &str) -> String {
    let manifest = &model.manifest;
    let name = if asked == manifest.name { manifest.name.as_str() } else { asked };
    format!("{name} {}", manifest.version)
}

/// What a model says of the images, and how many could not be scored.
fn scored(model: &Model, files: &[PathBuf], dir: &Path) -> anyhow::Result<(Predictions, usize)> {
    let count = targets(&model.manifest).0.len();
    let image = |path: &PathBuf| LabelledImage {
        path: path.clone(),
        image: name_below(dir, path),
        truth: vec![None; count],
        patient: None,
        facts: BTreeMap::new(),
    };
    let images: Vec<LabelledImage> = files.iter().map(image).collect();
    let bar = output::progress(images.len(), "Scoring");
    let mut progress = |progress: ScoringProgress<'_>| match progress {
        ScoringProgress::Done(n) => bar.inc(n as u64),
        ScoringProgress::Failed(f) => {
            bar.suspend(|| output::remark(format!("error: {} was left out: {}.", f.path.display(), f.reason)));
        }
    };
    let scored = scoring::score(model, &images, &Patients::default(), 0, &CancelToken::default(), &mut progress)?;
    bar.finish_and_clear();
    if scored.set.rows.is_empty() {
        bail!("none of the {} images could be scored by {}", images.len(), model.manifest.name);
    }
    Ok((scored.set, scored.failures.len()))
}

fn print(found: &ModelDiff) -> anyhow::Result<()> {
    let [a, b] = &found.models;
    output::line(format!("A  {a}\nB  {b}\n{} images\n", found.images.len()))?;
    let name = width(found.targets.iter().map(|target| target.name.as_str()), 7);
    let columns = [
        Column::Left(name),
        Column::Right(11),
        Column::Right(11),
        Column::Right(9),
        Column::Right(9),
        Column::Right(11),
        Column::Right(11),
        Column::Right(11),
    ];
    let head =
        ["finding", "A threshold", "B threshold", "same call", "→ present", "→ absent", "mean change", "same state"];
    output::line(row(&columns, head))?;
    for target in &found.targets {
        let states = if target.with_states == 0 {
            "–".to_owned()
        } else {
            format!("{} of {}", target.same_state, target.with_states)
        };
        let cells = [
            target.name.clone(),
            format!("{:.3}", target.thresholds[0]),
            format!("{:.3}", target.thresholds[1]),
            target.same_call.to_string(),
            target.turned_present.to_string(),
            target.turned_absent.to_string(),
            format!("{:+.3}", target.mean_change),
            states,
        ];
        output::line(row(&columns, cells))?;
    }
    let changed: Vec<_> = found.images.iter().filter(|image| image.largest_change > 0.0).take(PRINTED).collect();
    if changed.is_empty() {
        output::line("\nNo probability differs.")?;
        return Ok(());
    }
    output::line("\nLargest changes")?;
    for image in changed {
        let most = image.targets.iter().max_by(|x, y| {
            let by = |one: &crate::evaluation::model_diff::ImageTarget| (one.probability[1] - one.probability[0]).abs();
            by(x).total_cmp(&by(y))
        });
        if let Some(most) = most {
            let [before, after] = most.probability;
            output::line(format!("  {}: {} {before:.3} → {after:.3}", image.image, most.name))?;
        }
    }
    Ok(())
}
