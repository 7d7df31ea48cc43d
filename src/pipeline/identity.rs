//! What decides a step, as one hash: the same hash, and it need not be done again.
//!
//! Files of images are known by their paths, sizes and times of change: reading all of them to find
//! that nothing is to be done would take longer than some of the steps.

use std::fmt::Write as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::step::Step;
use super::{Pipeline, PipelineError, Result};
use crate::files::sha256;
use crate::files::walk::files_below;
use crate::limits;
use crate::model::{calibration, registry};
use crate::training::config::{Config, Pipeline as Asked};
use crate::training::data::list;

/// The hashes of the steps.
pub(super) struct Identities {
    check: String,
    train: String,
}

impl Identities {
    pub(super) fn of(pipeline: &Pipeline<'_>) -> Result<Self> {
        let Pipeline { config, run, .. } = pipeline;
        let own = Config { source: String::new(), previews: 0, pipeline: Asked::default(), ..(*config).clone() };
        let (files, _) = list::list_for_run(config, &run.data, run.limit)?;
        let mut decisive = format!("{own:?}{:?}", run.limit);
        for file in &files {
            let _ = write!(
                decisive,
                "{}\u{0}{:?}\u{0}{:?}\u{0}{:?}\u{0}{:?}\u{0}{}",
                file.key,
                file.truth,
                file.patient,
                file.part,
                file.facts,
                stamp(file.origin.path())
            );
        }
        if let Some(split) = &config.data.split {
            decisive += &stamp(&run.data.join(split));
        }
        let check = sha256(decisive.as_bytes());
        let train = sha256(format!("{check}{:?}{:?}", run.max_epochs, run.max_steps).as_bytes());
        Ok(Self { check, train })
    }

    /// What decides the training.
    pub(super) fn training(&self) -> &str {
        &self.train
    }

    /// What decides a step; those after the training rest on the weights that it made.
    pub(super) fn of_step(&self, step: Step, pipeline: &Pipeline<'_>) -> Result<String> {
        let Asked { marks, finding, lungs, methods, images, checked } = &pipeline.config.pipeline;
        let data = &pipeline.run.data;
        let own = match step {
            Step::Check => return Ok(self.check.clone()),
            Step::Train => return Ok(self.train.clone()),
            Step::Score | Step::Calibration => String::new(),
            Step::Localization => {
                format!("{finding:?}{}", marks.as_deref().map_or(Ok(String::new()), |m| below(&data.join(m)))?)
            }
            Step::Anatomy => lungs.as_deref().map_or(Ok(String::new()), |m| below(&data.join(m)))?,
            Step::Explanations => format!("{methods:?}{images}{checked}"),
        };
        let weights = registry::manifest(&pipeline.run.model.to_string_lossy()).map(|m| m.weights_sha256);
        // Thresholds and calibration may be set anew beside the same weights.
        let beside = [registry::MANIFEST, calibration::FILE].map(|name| stamp(&pipeline.run.model.join(name)));
        let made = weights.unwrap_or_default() + &beside.concat();
        Ok(sha256(format!("{}{}{made}{own}", self.train, step.name()).as_bytes()))
    }
}

/// Size and time of change of a file.
fn stamp(path: &Path) -> String {
    let Ok(found) = path.metadata() else { return "-".into() };
    let changed = found.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).map_or(0, |t| t.as_nanos());
    format!("{}@{changed};", found.len())
}

/// The same of a file, or of all files below a folder.
fn below(path: &Path) -> Result<String> {
    if !path.exists() {
        let reason = "there is no such file or folder".to_owned();
        return Err(PipelineError::Read { path: path.into(), reason });
    }
    let mut text = stamp(path);
    if path.is_dir() {
        for file in files_below(path).take(limits::FILES_AT_ONCE).flatten() {
            let _ = write!(text, "{}\u{0}{}", file.display(), stamp(&file));
        }
    }
    Ok(text)
}
