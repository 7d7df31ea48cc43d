//! A run that could be started: its configuration, its folders, and the images that it would work
//! on.

use std::path::PathBuf;
use std::sync::Arc;

use crate::training::config::Config;

/// A configuration that can be run, and where.
#[derive(Clone, Debug)]
pub struct Plan {
    pub path: PathBuf,
    pub config: Arc<Config>,
    /// What it asks for: a title and words, in the order of reading.
    pub summary: Vec<(&'static str, String)>,
    /// Folder that the data folders are relative to.
    pub data: PathBuf,
    /// Folder of the run.
    pub out: PathBuf,
}

/// What a plan would work on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DataSummary {
    pub images: usize,
    /// Images of each label.
    pub labels: Vec<(String, usize)>,
    /// Files without a label, and the first of them with its reason.
    pub left_out: usize,
    pub example: Option<String>,
    pub checkpoint: Option<KeptCheckpoint>,
}

/// A checkpoint in the run's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// Epochs done.
    pub epoch: usize,
    pub best: Option<usize>,
    /// It is of this configuration and of as many images.
    pub fits: bool,
}

impl Plan {
    /// Folder of the finished model.
    pub fn model(&self) -> PathBuf {
        self.out.join("model")
    }
}
