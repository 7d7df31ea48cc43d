//! Before a run: what a configuration asks for, which images it finds, and whether its folder holds
//! a run already.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::{Table, Value};

use crate::app::state::training::plan::{DataSummary, KeptCheckpoint, Plan};
use crate::files::writing;
use crate::language::{named, text, tr};
use crate::network::architecture::Family;
use crate::training::config::Config;
use crate::training::config::template::NewConfig;
use crate::training::data::list;
use crate::training::run::checkpoint;

/// Why a run cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    #[error(transparent)]
    Training(#[from] crate::training::Error),
    #[error("No image below {} has a label: {reason}.", folder.display())]
    NoLabel { folder: PathBuf, reason: String },
    #[error("No image was found below {}.", folder.display())]
    NoImage { folder: PathBuf },
    #[error("{} is there already; choose another name", .0.display())]
    There(PathBuf),
    #[error("{} could not be written: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// Reads and checks the configuration at `path`.
pub fn plan(path: &Path) -> Result<Plan, PrepareError> {
    // Folders beside it are named in full, whatever the program was started in.
    let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let config = Config::read(path)?;
    let beside = path.parent().map(Path::to_owned).unwrap_or_default();
    let out = runs_folder().join(&config.name);
    Ok(Plan { path: path.into(), summary: summary(&config), config: Arc::new(config), data: beside, out })
}

/// Writes a new configuration of a folder of images; a file that is there stays as it is.
pub fn new(images: &Path, family: Family, file: &Path) -> Result<(), PrepareError> {
    if file.exists() {
        return Err(PrepareError::There(file.to_owned()));
    }
    let [images, file] = [images, file].map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    let new = NewConfig::of(&file, &images, family)?;
    writing::shared(&file, new.text().as_bytes()).map_err(|source| PrepareError::Write { path: file, source })
}

/// Lists the images of a plan, and looks for a checkpoint in its folder.
pub fn list(plan: &Plan) -> Result<DataSummary, PrepareError> {
    let (files, warnings) = list::list(&plan.config, &plan.data, None)?;
    if files.is_empty() {
        return Err(match warnings.first() {
            Some(w) => PrepareError::NoLabel { folder: plan.data.clone(), reason: w.reason.clone() },
            None => PrepareError::NoImage { folder: plan.data.clone() },
        });
    }
    let count = |k: usize| files.iter().filter(|f| f.truth.get(k).is_some_and(|t| *t > 0.5)).count();
    let found = checkpoint::peek(&plan.out).ok().flatten();
    Ok(DataSummary {
        images: files.len(),
        labels: plan.config.labels.iter().enumerate().map(|(k, l)| (l.name.clone(), count(k))).collect(),
        left_out: warnings.len(),
        example: warnings.first().map(|w| format!("{}: {}", file_name(&w.path), w.reason)),
        checkpoint: found.map(|state| KeptCheckpoint {
            epoch: state.epoch,
            best: state.best.map(|(epoch, _)| epoch),
            fits: state.fingerprint == checkpoint::fingerprint(&plan.config, files.len()),
        }),
    })
}

/// Where runs are written unless another folder is named: `runs` where the program was started, as
/// on the command line, or the user's data folder where that is no place to write.
pub fn runs_folder() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let writable = || tempfile::tempfile_in(&here).is_ok();
    if here.join("runs").is_dir() || (here.parent().is_some() && writable()) {
        return here.join("runs");
    }
    directories::ProjectDirs::from("", "", "pellucid").map_or(here, |d| d.data_dir().to_owned()).join("runs")
}

/// The last part of a path.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

fn summary(config: &Config) -> Vec<(&'static str, String)> {
    let table: Table = config.source.parse().unwrap_or_default();
    let section = |name: &str| table.get(name).and_then(Value::as_table).cloned().unwrap_or_default();
    let mut labels: Vec<&str> = config.labels.iter().map(|l| l.name.as_str()).collect();
    labels.dedup();
    let sizes: Vec<String> = config.phases.iter().map(|p| tr!("{} at {}²", p.epochs, p.size)).collect();
    let epochs = match sizes.as_slice() {
        [_] => tr!("{} at {}² pixels", config.epochs(), config.phases[0].size),
        many => tr!("{}: {} pixels", config.epochs(), many.join(", ")),
    };
    let optimization = section("optimization");
    let first = ["optimizer", "learning_rate", "schedule", "batch"];
    let learning = first.iter().filter_map(|k| Some(format!("{} {}", spoken(k), words(optimization.get(*k)?))));
    let augment = on(&section("augment"));
    vec![
        (named!("Architecture"), parts(&section("architecture"))),
        (named!("Labels"), format!("{}: {}", labels.len(), labels.join(", "))),
        (named!("Data"), parts(&section("data"))),
        (named!("Epochs"), epochs),
        (named!("Learning"), learning.collect::<Vec<_>>().join(" · ")),
        (named!("Augmentation"), if augment.is_empty() { text!("none").into() } else { augment }),
    ]
}

/// A section in words: what it is first, then the values that are short enough to be read.
fn parts(section: &Table) -> String {
    let first = |key: &str| section.get(key).map(words);
    let short = |(key, value): (&String, &Value)| {
        let elsewhere =
            matches!(key.as_str(), "family" | "folders" | "patient") || value.is_table() || is_tables(value);
        let value = words(value);
        (!elsewhere && value.chars().count() <= 48).then(|| format!("{} {value}", spoken(key)))
    };
    let rest = section.iter().filter_map(short);
    first("family").into_iter().chain(first("folders")).chain(rest).collect::<Vec<_>>().join(" · ")
}

/// What is switched on.
fn on(section: &Table) -> String {
    let number = |v: &Value| v.as_float().or(v.as_integer().map(|i| i as f64));
    let named =
        |(key, value): (&String, &Value)| (number(value)? > 0.0).then(|| format!("{} {}", spoken(key), words(value)));
    section.iter().filter_map(named).collect::<Vec<_>>().join(" · ")
}

fn is_tables(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().any(Value::is_table))
}

fn spoken(key: &str) -> String {
    key.replace('_', " ")
}

fn words(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
