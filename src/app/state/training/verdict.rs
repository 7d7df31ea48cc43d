//! What becomes known of a finished run beyond its training: how the pipeline that measures it goes.

use std::path::PathBuf;

use crate::app::state::Reason;
use crate::pipeline::step::Step;

/// The pipeline of a run that is over.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// So many of all are done in this step; 0 of 0 where nobody counts.
    Going {
        step: Step,
        done: usize,
        total: usize,
    },
    /// The page, and what stands at its top.
    Done {
        page: PathBuf,
        sentences: Vec<String>,
    },
    Failed(Reason),
}

impl Verdict {
    /// True while it is measured.
    pub fn is_going(&self) -> bool {
        matches!(self, Self::Going { .. })
    }
}
