//! The images of a configuration in memory, with what should be known of them as events.

use std::path::Path;

use super::Result;
use super::config::Config;
use super::dataset::{self, Dataset};
use super::event::Event;
use super::trainer::Observer;

/// Warnings that are told one by one.
const TOLD: usize = 20;

/// Reads the images below `root`, all or about `limit` of them.
pub fn read(config: &Config, root: &Path, limit: Option<usize>, observer: Observer<'_>) -> Result<Dataset> {
    let (files, warnings) = dataset::list_for_run(config, root, limit)?;
    let total = files.len();
    let threads = config.optimization.loader_threads;
    let progress = |done| observer(Event::Decoded { done, total });
    let mut dataset = dataset::decode(&files, warnings, &config.input, threads, &progress)?;
    dataset.patients().into_iter().for_each(|sentence| observer(Event::Warning(sentence)));
    if config.data.keep_kin_together {
        observer(Event::Warning(dataset.keep_kin_together()));
    }
    for w in dataset.warnings.iter().take(TOLD) {
        observer(Event::Warning(format!("{}: {}", w.path.display(), w.reason)));
    }
    if dataset.warnings.len() > TOLD {
        observer(Event::Warning(format!("{} warnings about the data in all", dataset.warnings.len())));
    }
    Ok(dataset)
}
