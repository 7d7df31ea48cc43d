//! Leaves with a model which images made it, so that `evaluate` can tell a test from what was learned: see
//! [`crate::evaluation::exposure`].

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use super::checkpoint::write_whole;
use super::config::Config;
use super::data::Part;
use super::dataset::{Dataset, Sample};
use super::split::Split;
use super::{Error, Result};
use crate::evaluation::exposure::{FILE, Record, input_hash};
use crate::network::preprocess;

/// Writes the record of all parts but the test part into the model's `folder`.
pub fn write(folder: &Path, config: &Config, dataset: &Dataset, split: &Split, weights_sha256: &str) -> Result<()> {
    let hash = |sample: &Sample| {
        let input = &config.input;
        let plane = sample.picture.resized(input.resize, input.width, input.height).input(input);
        input_hash(&preprocess::channels(&plane, input))
    };
    let made = Part::ALL.into_iter().filter(|part| *part != Part::Test);
    let of = |part: Part| {
        let hashes: Vec<u64> = split.part(part).par_iter().map(|&i| hash(&dataset.samples[i])).collect();
        (part.name().to_owned(), hashes)
    };
    let parts: BTreeMap<String, Vec<u64>> = made.map(of).collect();
    let path = folder.join(FILE);
    let text = Record::new(weights_sha256, parts).to_toml();
    let text = text.map_err(|e| Error::Write { path: path.clone(), reason: e.to_string() })?;
    write_whole(&path, text.as_bytes())
}
