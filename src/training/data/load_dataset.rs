//! From a configuration to images in memory: listed, decoded once, brought to the model's size,
//! near-duplicates grouped.
//!
//! What cannot be read is a warning with its reason; a run stops only when nothing is left. What
//! should be known of the data is sent as events.

use std::path::Path;

use candle_core::Device;

use super::audit::grouping::group_near_duplicates;
use super::dataset::Dataset;
use super::listed::{ImageFacts, ListedImage, Origin, name_of};
use super::outline_lungs::outline;
use super::pixels::Pixels;
use super::sample::Sample;
use super::unusable::UnusableImage;
use super::{decode, list};
use crate::model::manifest::Input;
use crate::study::Warning;
use crate::training::config::{Config, memory};
use crate::training::event::{Event, Observer};
use crate::training::{Error, Result};

/// Warnings that are sent one by one.
const NAMED: usize = 20;

/// Reads the images below `root`, all or about `limit` of them, for a run on `device`.
///
/// # Errors
/// When there are none, or not enough memory for a run on them: that is known before the first is
/// read.
pub fn load_dataset(
    config: &Config,
    root: &Path,
    limit: Option<usize>,
    device: &Device,
    observer: Observer<'_>,
) -> Result<Dataset> {
    let (files, warnings) = list::list_for_run(config, root, limit)?;
    let total = files.len();
    memory::check(config, total, device)?;
    let threads = config.optimization.loader_threads;
    let progress = |done| observer(Event::Decoded { done, total });
    let mut dataset = decode(&files, warnings, &config.input, threads, &progress)?;
    dataset.patients().into_iter().for_each(|sentence| observer(Event::Warning(sentence)));
    if config.data.group_near_duplicates {
        observer(Event::Warning(group_near_duplicates(&mut dataset.samples, &|_| ())?));
    }
    if config.augment.asks_for_lungs() {
        observer(Event::Warning(outline(&mut dataset.samples, device)?));
    }
    for w in dataset.warnings.iter().take(NAMED) {
        observer(Event::Warning(format!("{}: {}", w.path.display(), w.reason)));
    }
    if dataset.warnings.len() > NAMED {
        observer(Event::Warning(format!("{} warnings about the data in all", dataset.warnings.len())));
    }
    Ok(dataset)
}

/// Decodes the listed images on `threads` threads; `progress` is called with the number done so
/// far.
pub fn decode(
    files: &[ListedImage],
    warnings: Vec<Warning>,
    input: &Input,
    threads: usize,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Dataset> {
    let decoded = decode::map(files, input.normalization, threads, progress, &|_, decoded| {
        (decoded.pixels.fitted(input), decoded.patient, decoded.facts)
    });
    let mut dataset = Dataset { samples: Vec::with_capacity(files.len()), warnings };
    for (file, decoded) in files.iter().zip(decoded) {
        let sound = |d: &(Pixels, String, ImageFacts)| d.0.is_sound();
        match decoded.and_then(|d| if sound(&d) { Ok(d) } else { Err(UnusableImage::NotNumbers) }) {
            Ok((pixels, patient, facts)) => {
                let or = |ours: &String, theirs: String| if ours.is_empty() { theirs } else { ours.clone() };
                let name = match &file.origin {
                    Origin::File(path) => name_of(path),
                    Origin::Archive { .. } => file.key.clone(),
                };
                let (patient, recognised_by) = file.patient.with_header(&patient);
                dataset.samples.push(Sample {
                    patient: patient.unwrap_or_else(|| name.clone()),
                    recognised_by,
                    name,
                    key: file.key.clone(),
                    truth: file.truth.clone(),
                    part: file.part,
                    facts: ImageFacts {
                        age: or(&file.facts.age, facts.age),
                        sex: or(&file.facts.sex, facts.sex),
                        view: or(&file.facts.view, facts.view),
                    },
                    pixels,
                    lungs: None,
                });
            }
            Err(reason) => {
                let reason = format!("{reason}, so it was left out");
                dataset.warnings.push(Warning { path: file.origin.path().to_owned(), reason });
            }
        }
    }
    if dataset.samples.is_empty() {
        let first = dataset.warnings.first().map_or_else(
            || "the folders hold no files".to_owned(),
            |w| format!("{} files were left out, the first because {}", dataset.warnings.len(), w.reason),
        );
        return Err(Error::NoImages(first));
    }
    Ok(dataset)
}
