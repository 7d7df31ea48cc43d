//! From a folder of labelled images to a verdict on the model that they make, in one go.
//!
//! ```text
//! check ─► train ─► score ─► calibration ─► localisation ─► anatomy ─► explanations ─► page
//! ```
//!
//! | step | what it does |
//! |---|---|
//! | [`steps::check`] | looks at the data, splits them by patient, and refuses what no verdict could rest on |
//! | [`steps::train`] | trains, as `pellucid train` does |
//! | [`steps::score`] | scores the test part, which took no part in this training, and writes the report |
//! | [`steps::calibration`] | what the states and probabilities are worth on the test part |
//! | [`steps::localization`] | whether maps lie on what was marked, where marks are named |
//! | [`steps::anatomy`] | where the evidence lies, where lung masks are named |
//! | [`steps::explanations`] | ranks methods of explanation by their faithfulness |
//! | [`page`] | one page that sums up and links the rest; the model's card says what the test came to |
//!
//! A step leaves its files in a folder of its own and a [`section::Section`] of the page. It is
//! written down as done ([`record`]) with a hash of all that decides it: whoever starts again goes
//! on where it was, and what has not changed is not done again. All lie in the folder of the run,
//! so that it is a run like any other.
//!
//! Nothing here computes a figure: rooms to the left do. Nothing here prints: progress goes as
//! [`event::PipelineEvent`]s.

pub mod event;
pub mod page;
pub mod record;
pub mod section;
pub mod step;
pub mod steps;

mod card;
mod error;
mod files;
mod identity;

use std::path::PathBuf;

pub use error::PipelineError;

use self::event::{PipelineEvent, StepState};
use self::record::Record;
use self::section::Section;
use self::step::Step;
use self::steps::Context;
use crate::training;
use crate::training::config::Config;
use crate::training::run::control::Control;
use crate::training::run::options::RunOptions;

/// Result of a pipeline.
pub type Result<T> = std::result::Result<T, PipelineError>;

/// Is given every event; decoding sends them from several threads.
pub type Observer<'a> = &'a (dyn Fn(PipelineEvent) + Sync);

/// What is to be done.
pub struct Pipeline<'a> {
    pub config: &'a Config,
    /// Folders, device and limits of the run; whether it goes on is found out here.
    pub run: RunOptions,
    /// Whatever lies in the folder is done again.
    pub again: bool,
}

/// What a pipeline left.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The page.
    pub page: PathBuf,
    /// One a step that was made, in their order.
    pub sections: Vec<Section>,
}

impl Pipeline<'_> {
    /// Does what is not done yet, and writes the page.
    ///
    /// # Errors
    /// When the data are refused, a step fails, or somebody stops it; what is done stays.
    pub fn run(&self, observer: Observer<'_>, control: &Control) -> Result<Finished> {
        let out = &self.run.out;
        let mut record = if self.again { Record::default() } else { Record::read(out)? };
        let identities = identity::Identities::of(self)?;
        self.refuse_another(&record, &identities)?;
        if self.again {
            // Before anything is begun: what is stopped half way must not go on with the earlier training.
            steps::train::set_earlier_aside(&self.run)?;
        }
        let context = Context { pipeline: self, observer, control };
        let mut sections = Vec::new();
        for (number, step) in Step::ALL.into_iter().enumerate() {
            let identity = identities.of_step(step, self)?;
            let told = |state| observer(PipelineEvent::Step { step, number: number + 1, of: Step::ALL.len(), state });
            if !step.is_asked(self.config) {
                told(StepState::NotAsked);
                continue;
            }
            if record.is_done(step, &identity)
                && let Some(section) = Section::read(out, step)?
            {
                told(StepState::DoneBefore);
                sections.push(section);
                continue;
            }
            if control.is_stopped() {
                return Err(PipelineError::Stopped { folder: out.clone() });
            }
            told(StepState::Begins);
            // A training that no pipeline began is gone on with, if it is of the same configuration.
            let goes_on = record.begun(step).map_or(!self.again, |begun| begun == identity);
            record.begin(step, &identity, out)?;
            let made = steps::run(step, &context, goes_on);
            let section = made.map_err(|error| match error {
                _ if control.is_stopped() => PipelineError::Stopped { folder: out.clone() },
                PipelineError::Training(training::Error::Checkpoint { .. }) => {
                    PipelineError::Another { folder: out.clone() }
                }
                error => error,
            })?;
            section.write(out, step)?;
            record.done(step, &identity, out)?;
            told(StepState::Done);
            sections.push(section);
        }
        card::complete(&self.run.model, &sections)?;
        let page = page::write(self.config, out, &sections)?;
        Ok(Finished { page, sections })
    }

    /// Refuses a folder in which another training lies, unless it is to be done again.
    fn refuse_another(&self, record: &Record, identities: &identity::Identities) -> Result<()> {
        if self.again {
            return Ok(());
        }
        match record.begun(Step::Train) {
            Some(begun) if begun != identities.training() => {
                Err(PipelineError::Another { folder: self.run.out.clone() })
            }
            _ => Ok(()),
        }
    }
}
