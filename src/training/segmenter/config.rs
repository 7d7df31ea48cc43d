//! `CONFIG.toml` of `pellucid train-segmenter`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::files::read_text;
use crate::limits;
use crate::model::lungs::manifest::check_side;
use crate::network::segmentation::SegmentationArchitecture;
use crate::training::{Error, Result};

/// `CONFIG.toml` of `pellucid train-segmenter`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmenterConfig {
    pub name: String,
    pub version: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub licence: String,
    pub seed: u64,
    /// Images with masks.
    #[serde(rename = "set")]
    pub sets: Vec<MaskedSet>,
    /// Files and folders of images without lungs, relative to the data folder.
    #[serde(default)]
    pub without: Vec<PathBuf>,
    /// Phantoms of the chest of each age.
    #[serde(default)]
    pub phantoms: usize,
    /// Part of the images of an epoch that are phantoms.
    #[serde(default)]
    pub phantom_share: f64,
    /// Part of the images of an epoch that show no lungs: drawn ones, and those of `without`.
    #[serde(default = "tenth")]
    pub without_share: f64,
    /// Parts that the patients of each set are dealt into: one is held out, one validates.
    #[serde(default = "five")]
    pub folds: usize,
    /// Which part is held out, from 0; the one behind it validates.
    #[serde(default)]
    pub fold: usize,
    /// Side of the square that an image is squashed to.
    pub side: usize,
    #[serde(default)]
    pub architecture: SegmentationArchitecture,
    pub epochs: usize,
    pub images_per_epoch: usize,
    pub batch: usize,
    pub learning_rate: f64,
    pub weight_decay: f64,
    /// Decay of the running average of the weights, which is what validates and is kept.
    #[serde(default = "slow")]
    pub average_decay: f64,
    /// Part of the images without lungs that may pass the threshold.
    #[serde(default = "hundredth")]
    pub may_pass: f64,
    /// Part of the validation images that the threshold refuses.
    #[serde(default = "fiftieth")]
    pub may_refuse: f64,
}

fn tenth() -> f64 {
    0.1
}

fn five() -> usize {
    5
}

fn slow() -> f64 {
    0.998
}

fn hundredth() -> f64 {
    0.01
}

fn fiftieth() -> f64 {
    0.02
}

/// `[[set]]` of the configuration: a folder of images and one of masks of the same names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskedSet {
    /// Name in tables.
    pub name: String,
    /// Folder of images, relative to the data folder.
    pub images: PathBuf,
    /// Folder of masks: a PNG of the same size and name for every image; 255 is lung, 127 is not
    /// looked at, 0 is everything else.
    pub masks: PathBuf,
    /// Table that tells the patient of an image; without it every image is a patient of its own.
    #[serde(default)]
    pub table: Option<PathBuf>,
    /// Columns of the table.
    #[serde(default = "file")]
    pub file_column: String,
    #[serde(default = "patient")]
    pub patient_column: String,
    /// How often an image of the set is seen, beside one of another set.
    #[serde(default = "one")]
    pub weight: f64,
}

fn file() -> String {
    "file".into()
}

fn patient() -> String {
    "patient".into()
}

fn one() -> f64 {
    1.0
}

impl SegmenterConfig {
    /// Reads a configuration.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |reason: String| Error::Config { path: path.into(), reason };
        let text = read_text(path, limits::CONFIGURATION_BYTES)
            .map_err(|error| Error::Read { path: path.into(), source: error.into() })?;
        let config: Self = toml::from_str(&text).map_err(|e| refuse(e.to_string()))?;
        config.check().map_err(refuse)?;
        Ok(config)
    }

    fn check(&self) -> std::result::Result<(), String> {
        self.architecture.check().map_err(|e| e.to_string())?;
        check_side(self.side, &self.architecture).map_err(|e| e.to_string())?;
        let counts = [
            ("epochs", self.epochs, 1, limits::EPOCHS),
            ("images_per_epoch", self.images_per_epoch, 1, limits::ARRAY_IMAGES),
            ("batch", self.batch, 1, limits::BATCH),
            ("phantoms", self.phantoms, 0, limits::BATCH),
            ("folds", self.folds, 3, 100),
            ("fold", self.fold, 0, self.folds.saturating_sub(1)),
            ("set", self.sets.len(), 1, 100),
        ];
        if let Some((name, found, low, high)) =
            counts.into_iter().find(|(_, found, low, high)| found < low || found > high)
        {
            return Err(format!("`{name}` is {found}; it must lie in {low}–{high}"));
        }
        let shares = [
            ("phantom_share", self.phantom_share, 0.0, 0.9),
            ("without_share", self.without_share, 0.0, 0.9),
            ("average_decay", self.average_decay, 0.0, 0.999_99),
            ("may_pass", self.may_pass, 0.0, 0.5),
            ("may_refuse", self.may_refuse, 0.0, 0.5),
            ("learning_rate", self.learning_rate, 1e-7, 1.0),
            ("weight_decay", self.weight_decay, 0.0, 1.0),
        ];
        if let Some((name, found, low, high)) =
            shares.into_iter().find(|(_, found, low, high)| !(low..=high).contains(&found))
        {
            return Err(format!("`{name}` is {found}; it must lie in {low}–{high}"));
        }
        if self.phantom_share + self.without_share > 0.9 {
            let room = "leave too little room for images with masks; together they may be 0.9";
            return Err(format!("`phantom_share` and `without_share` {room}"));
        }
        if let Some(set) = self.sets.iter().find(|set| !(0.0..=1000.0).contains(&set.weight)) {
            return Err(format!("the weight of the set “{}” is {}; it must lie in 0–1000", set.name, set.weight));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
        name = 'lungs'
        version = '1'
        seed = 3
        side = 64
        epochs = 2
        images_per_epoch = 8
        batch = 4
        learning_rate = 1e-3
        weight_decay = 0.01
        [[set]]
        name = 'radiographs'
        images = 'a'
        masks = 'b'
    ";

    fn read(text: &str) -> Result<SegmenterConfig> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.toml");
        std::fs::write(&path, text).unwrap();
        SegmenterConfig::read(&path)
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let config = read(TEXT).unwrap();
        assert_eq!((config.folds, config.fold, config.phantoms), (5, 0, 0));
        assert_eq!(config.architecture, SegmentationArchitecture::default());
        assert_eq!((config.sets[0].file_column.as_str(), config.sets[0].weight), ("file", 1.0));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let said = |from: &str, to: &str| read(&TEXT.replace(from, to)).unwrap_err().to_string();
        assert!(said("side = 64", "side = 70").contains("a multiple of 32"));
        assert!(said("batch = 4", "batch = 0").contains("`batch` is 0; it must lie in 1–4096"));
        assert!(said("seed = 3", "seed = 3\nfold = 5").contains("`fold` is 5; it must lie in 0–4"));
        assert!(said("seed = 3", "seed = 3\nstrange = 5").contains("strange"));
    }
}
