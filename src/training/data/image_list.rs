//! Leaves with a model which images made it, so that `evaluate` can tell a test from what was
//! learned: see [`crate::evaluation::exposure`].

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use super::dataset::Dataset;
use super::part::SplitPart;
use super::sample::Sample;
use super::split::Split;
use crate::evaluation::exposure::{FILE, Record, input_hash};
use crate::model::preprocess;
use crate::training::config::Config;
use crate::training::run_files::write_whole;
use crate::training::{Error, Result};

/// Writes the record of all parts but the test part into the model's `folder`.
pub(crate) fn write(
    folder: &Path,
    config: &Config,
    dataset: &Dataset,
    split: &Split,
    weights_sha256: &str,
) -> Result<()> {
    let hash = |sample: &Sample| {
        let input = &config.input;
        let plane = sample.pixels.resized(input.resize, input.width, input.height).input(input);
        input_hash(&preprocess::channels(&plane, input))
    };
    let made = SplitPart::ALL.into_iter().filter(|part| *part != SplitPart::Test);
    let of = |part: SplitPart| {
        let hashes: Vec<u64> = split.part(part).par_iter().map(|&i| hash(&dataset.samples[i])).collect();
        (part.name().to_owned(), hashes)
    };
    let parts: BTreeMap<String, Vec<u64>> = made.map(of).collect();
    let path = folder.join(FILE);
    let text = Record::new(weights_sha256, parts).to_toml();
    let text = text.map_err(|e| Error::Write { path: path.clone(), reason: e.to_string() })?;
    write_whole(&path, text.as_bytes())
}
