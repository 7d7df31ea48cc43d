//! What a pipeline tells those who watch it.

use super::step::Step;
use crate::training::event::Event;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum PipelineEvent {
    /// A step, number `number` of `of`.
    Step { step: Step, number: usize, of: usize, state: StepState },
    /// Of the training.
    Training(Event),
    /// So many of all are done.
    Progress { what: &'static str, done: usize, total: usize },
    /// What should be known, a sentence.
    Remark(String),
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    Begins,
    Done,
    /// An earlier pipeline did it, and nothing has changed since.
    DoneBefore,
    /// The configuration does not ask for it.
    NotAsked,
}
