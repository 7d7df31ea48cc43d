//! What a run came to, in numbers.

use serde::Serialize;

use super::finished::{Finished, Outcome};
use super::row::{FAILED, NO_IMAGE, NOT_SCORED, SCORED};

/// Files by what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Files that were looked at.
    pub files: u64,
    pub scored: u64,
    /// No model fits, or the gate refused.
    pub not_scored: u64,
    pub failed: u64,
    /// Files beside the images.
    pub no_image: u64,
    /// Of all these, how many were done before and have not changed.
    pub unchanged: u64,
    /// And how many hold what was scored before under another name or in another run.
    pub known: u64,
}

impl Tally {
    /// Counts a file.
    pub fn add(&mut self, one: &Finished) {
        let outcome = match &one.outcome {
            Outcome::Unchanged(outcome) => {
                self.unchanged += 1;
                outcome.as_str()
            }
            Outcome::Known { outcome, .. } => {
                self.known += 1;
                outcome.as_str()
            }
            Outcome::Judged(row) => row.outcome(),
            Outcome::NoImage(_) => NO_IMAGE,
            Outcome::Failed(_) => FAILED,
        };
        self.files += 1;
        match outcome {
            SCORED => self.scored += 1,
            NOT_SCORED => self.not_scored += 1,
            NO_IMAGE => self.no_image += 1,
            _ => self.failed += 1,
        }
    }

    /// Images: all files but those beside them.
    #[must_use]
    pub fn images(&self) -> u64 {
        self.files - self.no_image
    }
}
