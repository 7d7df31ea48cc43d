//! The images of a configuration in memory, with what should be known of them as events.

use std::path::Path;

use candle_core::Device;

use super::Result;
use super::config::Config;
use super::dataset::{self, Dataset};
use super::event::Event;
use super::memory;
use super::trainer::Observer;

/// Warnings that are told one by one.
const TOLD: usize = 20;

/// Reads the images below `root`, all or about `limit` of them, for a run on `device`.
///
/// # Errors
/// When there are none, or not enough memory for a run on them: that is known before the first is read.
pub fn read(
    config: &Config,
    root: &Path,
    limit: Option<usize>,
    device: &Device,
    observer: Observer<'_>,
) -> Result<Dataset> {
    let (files, warnings) = dataset::list(config, root, limit)?;
    let total = files.len();
    memory::check(config, total, device)?;
    let threads = config.optimization.loader_threads;
    let progress = |done| observer(Event::Decoded { done, total });
    let mut dataset = dataset::decode(&files, warnings, &config.input, threads, &progress)?;
    if config.data.group_near_duplicates {
        observer(Event::Warning(dataset.group_near_duplicates(&|_| ())?));
    }
    for w in dataset.warnings.iter().take(TOLD) {
        observer(Event::Warning(format!("{}: {}", w.path.display(), w.reason)));
    }
    if dataset.warnings.len() > TOLD {
        observer(Event::Warning(format!("{} warnings about the data in all", dataset.warnings.len())));
    }
    Ok(dataset)
}
