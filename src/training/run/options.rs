//! Where a run reads and writes, and how far it goes: what is chosen on the command line, not in
//! the configuration.

use std::path::PathBuf;

use candle_core::Device;

/// Where a run reads and writes, and how far it goes.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Folder that the data folders and `start_from` of the configuration are relative to.
    pub data: PathBuf,
    /// Folder of checkpoint, log and curves.
    pub out: PathBuf,
    /// Folder of the finished model.
    pub model: PathBuf,
    pub resume: bool,
    /// Go on from a checkpoint of another configuration too, as long as its tensors fit.
    pub changed: bool,
    /// Stop after so many steps in all.
    pub max_steps: Option<u64>,
    /// Stop after so many epochs in all.
    pub max_epochs: Option<usize>,
    /// Use only about so many images.
    pub limit: Option<usize>,
    pub device: Device,
}
