//! Cross-validation: every patient is held out once, and evaluated by a model that never saw them.
//!
//! The patients are cut into `K` parts as [`crate::training::data::split`] does it (stratified, the
//! same with the same seed). For fold `k` part `k` is held out; of the rest, the configuration's
//! own share validates, and chooses epoch, temperature and thresholds. So nothing about the
//! held-out part is tuned on it, and its metrics do not flatter.
//!
//! ```text
//! DIR/plan.json        what is being done; another plan in the same folder is refused
//! DIR/fold-k/          run and model of a fold, its predictions.csv, and fold.json once it is done
//! DIR/predictions.csv  every image once, by the model that did not know it; its fold is a column
//! DIR/crossval.json    metrics by fold and their spread
//! ```
//!
//! A run that was killed goes on where it was: folds with a `fold.json` are read, the one in
//! progress goes on from its checkpoint. Images of a test part take no part at all.

mod folds;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::evaluation::folds::{Crossval, Fold, images_sha256, summary};
use crate::evaluation::metric;
use crate::evaluation::predictions::{Predictions, TableError};
use crate::files::hex;
use crate::training::config::{Config, Pipeline};
use crate::training::data::dataset::Dataset;
use crate::training::data::part::SplitPart;
use crate::training::event::{Event, Observer};
use crate::training::run::control::Control;
use crate::training::run::options::RunOptions;
use crate::training::run::predict::predict;
use crate::training::run::{checkpoint, trainer};
use crate::training::run_files::{read_bytes, read_json, write_json, write_private};
use crate::training::{Error, Result};
use sha2::{Digest as _, Sha256};

/// The metrics of a cross-validation.
pub const FILE: &str = "crossval.json";
/// What the models said, of a fold or of all.
pub const PREDICTIONS: &str = "predictions.csv";
const PLAN: &str = "plan.json";
const FOLD: &str = "fold.json";
/// Most folds.
pub const MOST: usize = 50;

/// What a folder of cross-validation was begun for.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Plan {
    name: String,
    folds: usize,
    /// SHA-256 of all that decides the numbers.
    identity: String,
}

/// Trains and evaluates every fold below `options.out`; `options.model` is not used.
pub fn run(
    config: &Config,
    folds: usize,
    options: &RunOptions,
    dataset: Dataset,
    observer: Observer<'_>,
    control: &Control,
) -> Result<Crossval> {
    let (mut dataset, mut remarks) = folds::pool(config, dataset, &options.data)?;
    let held = folds::deal(config, folds, &mut dataset.samples, &options.data, &mut remarks)?;
    remarks.iter().for_each(|r| observer(Event::Warning(r.clone())));
    begin(config, folds, options, &dataset)?;
    let mut own = config.clone();
    folds::own_shares(&mut own);
    let mut done: Vec<Fold> = Vec::new();
    let mut everything: Option<Predictions> = None;
    for (k, held) in held.iter().enumerate() {
        let folder = options.out.join(format!("fold-{}", k + 1));
        let (fold, predictions) = if let Some(found) = finished(&folder, options.resume)? {
            observer(Event::Warning(format!("Fold {} of {folds} is done already", k + 1)));
            found
        } else {
            observer(Event::Warning(format!("Fold {} of {folds}: {} images are held out", k + 1, held.len())));
            folds::hold_out(&mut dataset.samples, held);
            one(&own, k, &folder, options, &dataset, held, observer, control)?
        };
        done.push(fold);
        match &mut everything {
            Some(all) => all.rows.extend(predictions.rows),
            None => everything = Some(predictions),
        }
    }
    let Some(everything) = everything else { return Err(Error::Split("there are no folds".into())) };
    write_table(&options.out.join(PREDICTIONS), &everything)?;
    let crossval = Crossval {
        pellucid: crate::VERSION.into(),
        name: config.name.clone(),
        folds,
        seed: config.seed,
        targets: everything.targets.iter().map(|t| t.name.clone()).collect(),
        summary: summary(&done),
        by_fold: done,
        remarks,
    };
    write_json(&options.out.join(FILE), &crossval)?;
    Ok(crossval)
}

/// Trains a fold and evaluates what it held out.
#[expect(clippy::too_many_arguments, reason = "all that a run needs and a number")]
fn one(
    config: &Config,
    k: usize,
    folder: &Path,
    options: &RunOptions,
    dataset: &Dataset,
    held: &[usize],
    observer: Observer<'_>,
    control: &Control,
) -> Result<(Fold, Predictions)> {
    let own = RunOptions {
        out: folder.into(),
        model: folder.join("model"),
        resume: options.resume && folder.join(checkpoint::FILE).exists(),
        ..options.clone()
    };
    let outcome = trainer::run(config, &own, dataset, observer, control)?;
    if outcome.stopped {
        return Err(Error::Unfinished { what: format!("fold {}", k + 1), folder: options.out.clone() });
    }
    let mut predictions = predict(&own.model, config, dataset, held, &options.device)?;
    for row in &mut predictions.rows {
        row.facts.insert("fold".into(), (k + 1).to_string());
    }
    let patients: std::collections::BTreeSet<&str> = predictions.rows.iter().map(|r| r.patient.as_str()).collect();
    let fold = Fold {
        fold: k + 1,
        epoch: outcome.extent.epoch,
        n_train: outcome.extent.training_images + outcome.extent.validation_images,
        n_test: held.len(),
        patients_test: patients.len(),
        images_sha256: images_sha256(&predictions),
        figures: metric::values(&predictions),
    };
    write_table(&folder.join(PREDICTIONS), &predictions)?;
    // Last of all: whoever finds it finds the rest.
    write_json(&folder.join(FOLD), &fold)?;
    Ok((fold, predictions))
}

/// Writes the plan, or sees that it is the one that was begun.
fn begin(config: &Config, folds: usize, options: &RunOptions, dataset: &Dataset) -> Result<()> {
    let path = options.out.join(PLAN);
    let own = Config { source: String::new(), previews: 0, pipeline: Pipeline::default(), ..config.clone() };
    // Keys that came after the first cross-validations, and decide nothing here.
    let own = format!("{own:?}").replace("extends: None, ", "");
    let own = own.replace(&format!("pipeline: {:?}, ", Pipeline::default()), "");
    let mut digest = Sha256::new();
    digest.update(format!("{own}{folds}{:?}{:?}", options.max_epochs, options.max_steps));
    for sample in &dataset.samples {
        digest.update(format!("{}\u{0}{}\u{0}{}\u{0}{:?}", sample.key, sample.name, sample.patient, sample.truth));
    }
    let plan = Plan { name: config.name.clone(), folds, identity: hex(&digest.finalize()) };
    if !path.exists() {
        return write_json(&path, &plan);
    }
    let refuse = |reason: &str| Err(Error::Occupied { folder: options.out.clone(), reason: reason.into() });
    if !options.resume {
        return refuse("holds a cross-validation already; add --resume to go on with it, or choose another folder");
    }
    let found: Plan = read_json(&path)?;
    if found.folds != folds {
        return refuse(&format!("was begun with {} folds; go on with as many, or choose another folder", found.folds));
    }
    if found != plan {
        return refuse(
            "was begun with another configuration, other data or other limits; go on with the same, or choose another \
             folder",
        );
    }
    Ok(())
}

/// What a fold left, if it is done.
fn finished(folder: &Path, resume: bool) -> Result<Option<(Fold, Predictions)>> {
    let (json, table) = (folder.join(FOLD), folder.join(PREDICTIONS));
    if !(resume && json.exists() && table.exists()) {
        return Ok(None);
    }
    Ok(Some((read_json(&json)?, read_table(&table)?)))
}

/// The metrics in a folder of cross-validation.
pub fn read(folder: &Path) -> Result<Crossval> {
    read_json(&folder.join(FILE))
}

/// A table of predictions, of this program's or another's making.
pub fn read_table(path: &Path) -> Result<Predictions> {
    let bytes = read_bytes(path)?;
    Predictions::from_csv(&bytes).map_err(|e| Error::Predictions { path: path.into(), reason: e.to_string() })
}

fn write_table(path: &Path, predictions: &Predictions) -> Result<()> {
    let failed = |e: TableError| Error::Write { path: path.into(), reason: e.to_string() };
    write_private(path, &predictions.to_csv().map_err(failed)?)
}

/// The validation images of `config` by their numbers, as a run of it has them.
pub(super) fn validation_of(config: &Config, dataset: &Dataset, root: &Path) -> Result<Vec<usize>> {
    Ok(crate::training::data::split::make::of_config(config, &dataset.samples, root)?
        .part(SplitPart::Validation)
        .to_vec())
}
