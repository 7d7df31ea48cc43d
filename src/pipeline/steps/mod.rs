//! The steps, one a file, in their order.

pub mod anatomy;
pub mod calibration;
pub mod check;
pub mod explanations;
pub mod localization;
pub mod score;
pub mod train;

mod part;

use std::path::{Path, PathBuf};

use super::event::PipelineEvent;
use super::section::Section;
use super::step::Step;
use super::{Observer, Pipeline, Result};
use crate::model::{Model, registry};
use crate::study::patients::Patients;
use crate::training::run::control::Control;

/// Does a step; `goes_on` where it was begun with the same inputs before.
pub(super) fn run(step: Step, context: &Context<'_>, goes_on: bool) -> Result<Section> {
    match step {
        Step::Check => check::run(context),
        Step::Train => train::run(context, goes_on),
        Step::Score => score::run(context),
        Step::Calibration => calibration::run(context),
        Step::Localization => localization::run(context),
        Step::Anatomy => anatomy::run(context),
        Step::Explanations => explanations::run(context),
    }
}

/// What a step knows.
pub(super) struct Context<'a> {
    pub pipeline: &'a Pipeline<'a>,
    pub observer: Observer<'a>,
    pub control: &'a Control,
}

impl Context<'_> {
    fn remark(&self, sentence: impl Into<String>) {
        (self.observer)(PipelineEvent::Remark(sentence.into()));
    }

    fn progress(&self, what: &'static str, done: usize, total: usize) {
        (self.observer)(PipelineEvent::Progress { what, done, total });
    }

    /// A file of a step.
    fn file(&self, step: Step, name: &str) -> PathBuf {
        self.pipeline.run.out.join(step.folder()).join(name)
    }

    /// The folder of the data, as the paths of images begin.
    fn root(&self) -> PathBuf {
        let data = &self.pipeline.run.data;
        let data = if data.as_os_str().is_empty() { Path::new(".") } else { data };
        data.canonicalize().unwrap_or_else(|_| data.to_owned())
    }

    /// The model that was trained.
    fn model(&self) -> Result<Model> {
        let run = &self.pipeline.run;
        Ok(registry::load(&run.model.to_string_lossy(), &run.device)?)
    }

    /// How patients are recognised.
    fn patients(&self) -> Result<Patients> {
        let patterns = &self.pipeline.config.data.patient;
        Ok(Patients::of(patterns).map_err(|e| crate::training::Error::Data(e.to_string()))?)
    }
}
