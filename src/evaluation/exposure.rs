//! Whether images that are judged took part in making the model: figures on those flatter.
//!
//! A training leaves `images.toml` in the model's folder: of every image that it learned from or chose by, the first 16
//! hexadecimal digits of the SHA-256 of what the network is given of it (32-bit numbers, little endian). That is the same for a copy under
//! another name or in another lossless format, and tells nobody what the image shows or whose it is. The file is bound to the
//! weights. Not found: copies that were compressed, cropped or scaled again, and other images of the same patients.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Name of the file in the model's folder.
pub const FILE: &str = "images.toml";

/// The hash of what the network is given of an image.
#[must_use]
pub fn input_hash(values: &[f32]) -> u64 {
    let mut digest = Sha256::new();
    values.iter().for_each(|v| digest.update(v.to_le_bytes()));
    digest.finalize().iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
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
        let record: Self = toml::from_str(text).map_err(|e| RecordError::Unreadable(e.to_string()))?;
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
        Exposure { judged: inputs.len(), recorded: known.len(), parts }
    }
}

/// How many of the judged images made the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exposure {
    pub judged: usize,
    /// Images of which the record tells.
    pub recorded: usize,
    /// Judged images by the part that they were in.
    pub parts: BTreeMap<String, usize>,
}

impl Exposure {
    /// Judged images that made the model.
    #[must_use]
    pub fn shared(&self) -> usize {
        self.parts.values().sum()
    }

    /// `12 of the 40 images took part in making the model (9 in its training part, 3 in its validation part)`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (shared, judged, recorded) = (self.shared(), self.judged, self.recorded);
        if shared == 0 {
            return format!("none of the {judged} images is among the {recorded} that made the model");
        }
        let parts: Vec<String> = self.parts.iter().map(|(part, n)| format!("{n} in its {part} part")).collect();
        format!("{shared} of the {judged} images took part in making the model ({})", parts.join(", "))
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
    fn an_input_has_the_hash_of_its_bytes() {
        // python3: hashlib.sha256(struct.pack("<2f", 0.5, -1.0)).hexdigest()[:16]
        assert_eq!(format!("{:016x}", input_hash(&[0.5, -1.0])), "031a5e93e726630d");
        assert_ne!(input_hash(&[0.5, -1.0]), input_hash(&[-1.0, 0.5]));
    }
}
