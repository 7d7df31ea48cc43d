//! `pipeline.json`: which steps were begun and done, each with a hash of all that decided it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Result;
use super::files::{read_json, write_json};
use super::step::Step;

/// Name of the file in the folder of the run.
pub const FILE: &str = "pipeline.json";

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the program that wrote it last.
    pellucid: String,
    steps: BTreeMap<String, StepRecord>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StepRecord {
    /// SHA-256 of all that decides it.
    inputs_sha256: String,
    done: bool,
}

impl Record {
    /// The record of a folder; an empty one where nothing was begun.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    pub(super) fn read(out: &Path) -> Result<Self> {
        Ok(read_json(&out.join(FILE))?.unwrap_or_default())
    }

    /// What a step was begun with, done or not.
    #[must_use]
    pub fn begun(&self, step: Step) -> Option<&str> {
        self.steps.get(step.name()).map(|step| step.inputs_sha256.as_str())
    }

    /// Whether a step was done with these inputs.
    #[must_use]
    pub fn is_done(&self, step: Step, identity: &str) -> bool {
        self.steps.get(step.name()).is_some_and(|step| step.done && step.inputs_sha256 == identity)
    }

    pub(super) fn begin(&mut self, step: Step, identity: &str, out: &Path) -> Result<()> {
        self.set(step, identity, false, out)
    }

    pub(super) fn done(&mut self, step: Step, identity: &str, out: &Path) -> Result<()> {
        self.set(step, identity, true, out)
    }

    fn set(&mut self, step: Step, identity: &str, done: bool, out: &Path) -> Result<()> {
        env!("CARGO_PKG_VERSION").clone_into(&mut self.pellucid);
        self.steps.insert(step.name().into(), StepRecord { inputs_sha256: identity.to_owned(), done });
        write_json(&out.join(FILE), self)
    }
}
