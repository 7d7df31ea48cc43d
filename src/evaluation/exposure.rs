//! Whether images that a model is evaluated on took part in making it: metrics on those flatter.
//!
//! A training leaves `images.toml` in the model's folder: of every image that it learned from or
//! chose by, the first 16 hexadecimal digits of the SHA-256 of what the network is given of it
//! (32-bit numbers, little endian). That is the same for a copy under another name or in another
//! lossless format, and tells nobody what the image shows or whose it is. The file is bound to the
//! weights. Not found: copies that were compressed, cropped or scaled again, and other images of
//! the same patients.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::predictions::Predictions;
use crate::files;
use crate::model::manifest::Manifest;
use crate::model::registry;
use crate::printable::shortened;

/// Name of the file in the model's folder.
pub const FILE: &str = "images.toml";

/// The hash of what the network is given of an image.
#[must_use]
pub fn input_hash(values: &[f32]) -> u64 {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    u64::from_str_radix(&files::sha256(&bytes)[..16], 16).unwrap_or_default()
}

/// Why a model's record of its images says nothing.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum RecordError {
    #[error("its folder holds no {FILE}")]
    Missing,
    #[error("its {FILE} belongs to other weights")]
    OtherWeights,
    #[error("its {FILE} cannot be read: {0}")]
    Unreadable(String),
}

/// The images that a model was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Weights that were made from them.
    weights_sha256: String,
    /// Hashes of each part, in rising order: `training`, `validation` …
    parts: BTreeMap<String, Vec<String>>,
}

impl Record {
    /// The inputs of each part of the making of some weights.
    #[must_use]
    pub fn new(weights_sha256: &str, parts: BTreeMap<String, Vec<u64>>) -> Self {
        let text = |mut hashes: Vec<u64>| {
            hashes.sort_unstable();
            hashes.into_iter().map(|hash| format!("{hash:016x}")).collect()
        };
        let parts = parts.into_iter().map(|(part, hashes)| (part, text(hashes))).collect();
        Self { weights_sha256: weights_sha256.to_owned(), parts }
    }

    /// The file.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }

    /// Reads the file of a model with these weights.
    pub fn parse(text: &str, weights_sha256: &str) -> Result<Self, RecordError> {
        let record: Self =
            toml::from_str(text).map_err(|e| RecordError::Unreadable(shortened(&e.to_string()).into_owned()))?;
        if record.weights_sha256 == weights_sha256 { Ok(record) } else { Err(RecordError::OtherWeights) }
    }

    /// Which of `inputs` the model was made from.
    #[must_use]
    pub fn exposure(&self, inputs: &[u64]) -> Exposure {
        let mut known: HashMap<u64, &str> = HashMap::new();
        for (part, hashes) in &self.parts {
            known.extend(hashes.iter().filter_map(|h| Some((u64::from_str_radix(h, 16).ok()?, part.as_str()))));
        }
        let mut parts: BTreeMap<String, usize> = BTreeMap::new();
        for part in inputs.iter().filter_map(|input| known.get(input)) {
            *parts.entry((*part).to_owned()).or_default() += 1;
        }
        Exposure { evaluated: inputs.len(), recorded: known.len(), parts }
    }
}

/// How many of the evaluated images made the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exposure {
    pub evaluated: usize,
    /// Images of which the record tells.
    pub recorded: usize,
    /// Evaluated images by the part that they were in.
    pub parts: BTreeMap<String, usize>,
}

impl Exposure {
    /// Evaluated images that made the model.
    #[must_use]
    pub fn shared(&self) -> usize {
        self.parts.values().sum()
    }

    /// `12 of the 40 images took part in making the model (9 in its training part, 3 in its
    /// validation part)`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (shared, evaluated, recorded) = (self.shared(), self.evaluated, self.recorded);
        if shared == 0 {
            return format!("none of the {evaluated} images is among the {recorded} that made the model");
        }
        let parts: Vec<String> = self.parts.iter().map(|(part, n)| format!("{n} in its {part} part")).collect();
        format!("{shared} of the {evaluated} images took part in making the model ({})", parts.join(", "))
    }
}

/// Which of `inputs` the model called `name` was made from, by the record in its folder.
///
/// # Errors
/// Why the record says nothing.
pub fn of_model(name: &str, manifest: &Manifest, inputs: &[u64]) -> Result<Exposure, RecordError> {
    let record = match registry::file(name, FILE) {
        Ok(Some(bytes)) => Record::parse(&String::from_utf8_lossy(&bytes), &manifest.weights_sha256)?,
        Ok(None) => return Err(RecordError::Missing),
        Err(error) => return Err(RecordError::Unreadable(error.to_string())),
    };
    Ok(record.exposure(inputs))
}

/// Patients of a set whose names are those of patients that made the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedPatients {
    pub n: usize,
    /// One of them.
    pub example: String,
}

/// Whether patients of `set` are named like those that `made` the model; `None` where none is.
#[must_use]
pub fn shared_patients(set: &Predictions, made: &BTreeSet<&str>) -> Option<SharedPatients> {
    let shared: BTreeSet<&str> = set.rows.iter().map(|r| r.patient.as_str()).filter(|p| made.contains(p)).collect();
    let example = (*shared.first()?).to_owned();
    Some(SharedPatients { n: shared.len(), example })
}

/// Images that choose thresholds are among those that are evaluated by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Overlap {
    #[error("the validation folder holds the evaluated images themselves; thresholds chosen on them would flatter")]
    All,
    #[error(
        "{shared} of the {all} images of the validation folder are among the evaluated images themselves; thresholds chosen on them \
         would flatter: take them out of one of the two"
    )]
    Some { shared: usize, all: usize },
}

/// Whether the `tuning` inputs are other images than the `evaluated` ones, whatever they are
/// called.
///
/// # Errors
/// [`Overlap`] where some are the same.
pub fn check_apart(evaluated: &[u64], tuning: &[u64]) -> Result<(), Overlap> {
    let known: HashSet<u64> = evaluated.iter().copied().collect();
    let shared = tuning.iter().filter(|input| known.contains(input)).count();
    match (shared, tuning.len()) {
        (0, _) => Ok(()),
        (shared, all) if shared == all => Err(Overlap::All),
        (shared, all) => Err(Overlap::Some { shared, all }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let parts = [("training", vec![7, 3, u64::MAX]), ("validation", vec![11])];
        Record::new("ab", parts.map(|(part, hashes)| (part.to_owned(), hashes)).into())
    }

    #[test]
    fn what_was_written_is_read_again_for_the_same_weights_only() {
        let text = record().to_toml().unwrap();
        assert_eq!(Record::parse(&text, "ab"), Ok(record()));
        assert_eq!(Record::parse(&text, "cd"), Err(RecordError::OtherWeights));
        assert!(matches!(Record::parse("parts = 3", "ab"), Err(RecordError::Unreadable(_))));
    }

    #[test]
    fn images_that_made_the_model_are_counted_by_part() {
        let found = record().exposure(&[1, 3, 7, 11]);
        assert_eq!((found.shared(), found.recorded), (3, 4));
        assert_eq!(
            found.sentence(),
            "3 of the 4 images took part in making the model (2 in its training part, 1 in its validation part)"
        );
        assert_eq!(record().exposure(&[5]).sentence(), "none of the 1 images is among the 4 that made the model");
    }

    #[test]
    fn images_that_choose_thresholds_are_others() {
        assert_eq!(check_apart(&[1, 2, 3], &[4]), Ok(()));
        assert_eq!(check_apart(&[1, 2, 3], &[]), Ok(()));
        assert_eq!(check_apart(&[1, 2, 3], &[2, 3]), Err(Overlap::All));
        assert_eq!(check_apart(&[1, 2, 3], &[2, 4]), Err(Overlap::Some { shared: 1, all: 2 }));
    }

    #[test]
    fn an_input_has_the_hash_of_its_bytes() {
        // python3: hashlib.sha256(struct.pack("<2f", 0.5, -1.0)).hexdigest()[:16]
        assert_eq!(format!("{:016x}", input_hash(&[0.5, -1.0])), "031a5e93e726630d");
        assert_ne!(input_hash(&[0.5, -1.0]), input_hash(&[-1.0, 0.5]));
    }
}
