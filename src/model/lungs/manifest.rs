//! `segmenter.toml`: what a lung segmenter is, when it refuses, and how well it was measured.

use serde::{Deserialize, Serialize};

use crate::model::calibration::Proportion;
use crate::network::segmentation::{SegmentationArchitecture, SegmentationError};
use crate::printable::shortened;

/// Sides that a segmenter may look at, in pixels.
pub const SIDES: std::ops::RangeInclusive<usize> = 32..=1024;

/// Why a description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SegmenterManifestError {
    #[error("it cannot be read: {}", shortened(&.0.to_string()))]
    Toml(#[from] toml::de::Error),
    #[error("it cannot be written: {0}")]
    Write(#[from] toml::ser::Error),
    #[error(transparent)]
    Architecture(#[from] SegmentationError),
    #[error("`{setting}` is {}; it must be {needed}", shortened(found))]
    Range { setting: &'static str, found: String, needed: String },
}

/// Overlap with a reader's masks on one set of images, none of them seen in training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredSet {
    /// Name of the set.
    pub set: String,
    pub images: usize,
    pub patients: usize,
    /// Images that the segmenter refused; they count in the means with the mask that it had.
    pub refused: usize,
    /// Mean over images, with its 95 % interval by patient.
    pub dice: Proportion,
    pub iou: Proportion,
}

/// A lung segmenter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmenterManifest {
    pub name: String,
    pub version: String,
    pub description: String,
    pub licence: String,
    /// SHA-256 of `weights.safetensors`, lower-case hex.
    pub weights_sha256: String,
    /// Side of the square that an image is squashed to.
    pub side: usize,
    /// Smallest expected Dice that is trusted.
    pub threshold: f32,
    /// Smallest and largest part of an image that lungs may cover.
    pub least_share: f32,
    pub most_share: f32,
    pub architecture: SegmentationArchitecture,
    #[serde(default)]
    pub measured: Vec<MeasuredSet>,
}

impl SegmenterManifest {
    /// Reads and checks a description.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn parse(text: &str) -> Result<Self, SegmenterManifestError> {
        let manifest: Self = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The text of the file.
    ///
    /// # Errors
    /// When it cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String, SegmenterManifestError> {
        Ok(toml::to_string_pretty(self)?)
    }

    fn check(&self) -> Result<(), SegmenterManifestError> {
        self.architecture.check()?;
        check_side(self.side, &self.architecture)?;
        let wrong = |setting, found: String, needed: &str| {
            Err(SegmenterManifestError::Range { setting, found, needed: needed.into() })
        };
        if !(0.0..=1.0).contains(&self.threshold) {
            return wrong("threshold", self.threshold.to_string(), "0–1");
        }
        if !(0.0 <= self.least_share && self.least_share < self.most_share && self.most_share <= 1.0) {
            let found = format!("{}, `most_share` {}", self.least_share, self.most_share);
            return wrong("least_share", found, "below `most_share`, and both 0–1");
        }
        Ok(())
    }
}

/// Whether the levels of a network halve a side evenly, and it is one that may be looked at.
///
/// # Errors
/// A sentence with what is possible.
pub fn check_side(side: usize, architecture: &SegmentationArchitecture) -> Result<(), SegmenterManifestError> {
    let step = architecture.step();
    if SIDES.contains(&side) && side.is_multiple_of(step) {
        return Ok(());
    }
    let needed = format!("a multiple of {step} in {}–{}", SIDES.start(), SIDES.end());
    Err(SegmenterManifestError::Range { setting: "side", found: side.to_string(), needed })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> SegmenterManifest {
        let share = |value: f64| Proportion { value, low: value - 0.01, high: value + 0.01 };
        SegmenterManifest {
            name: "lungs".into(),
            version: "1".into(),
            description: "both lungs".into(),
            licence: "MIT".into(),
            weights_sha256: "00".into(),
            side: 192,
            threshold: 0.9,
            least_share: 0.1,
            most_share: 0.7,
            architecture: SegmentationArchitecture::default(),
            measured: vec![MeasuredSet {
                set: "children".into(),
                images: 24,
                patients: 20,
                refused: 1,
                dice: share(0.95),
                iou: share(0.91),
            }],
        }
    }

    #[test]
    fn a_description_is_read_as_it_was_written() {
        let text = manifest().to_toml().unwrap();
        assert_eq!(SegmenterManifest::parse(&text).unwrap(), manifest());
    }

    #[test]
    fn settings_that_do_not_fit_are_named() {
        let said = |manifest: SegmenterManifest| {
            SegmenterManifest::parse(&manifest.to_toml().unwrap()).unwrap_err().to_string()
        };
        assert!(said(SegmenterManifest { side: 200, ..manifest() }).contains("a multiple of 32 in 32–1024"));
        assert!(said(SegmenterManifest { threshold: 1.5, ..manifest() }).contains("`threshold` is 1.5"));
        assert!(said(SegmenterManifest { least_share: 0.8, ..manifest() }).contains("below `most_share`"));
    }
}
