//! `CONFIG.toml` of `pellucid train-gate`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::files::read_text;
use crate::limits;
use crate::network::architecture::Architecture;
use crate::training::{Error, Result};

/// `CONFIG.toml` of `pellucid train-gate`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateConfig {
    pub seed: u64,
    /// What is let through, in words.
    pub asks: String,
    /// Folders of images to be let through, relative to the data folder.
    pub wanted: Vec<PathBuf>,
    /// Folders of images of another kind.
    pub others: Vec<PathBuf>,
    /// A few files or folders of further kinds, DICOM too; drawn as often as all of `others`, and
    /// in training only.
    #[serde(default)]
    pub rare: Vec<PathBuf>,
    /// Patterns whose first group is the patient; a name that none matches is a patient of its own.
    #[serde(default)]
    pub patient: Vec<String>,
    /// Share of the patients that validate.
    pub validation: f64,
    /// Phantoms of the chest of each age that are let through too; 0 for none.
    #[serde(default)]
    pub phantoms: usize,
    /// Whether synthetic slices to be refused may be of the head.
    #[serde(default = "yes")]
    pub synthetic_heads: bool,
    pub side: usize,
    pub architecture: Architecture,
    pub epochs: usize,
    pub images_per_epoch: usize,
    pub batch: usize,
    pub learning_rate: f64,
    pub weight_decay: f64,
    /// Part of any kind of validation image to be refused that may pass at the threshold.
    pub may_pass: f64,
    /// Folders that the gate is evaluated on and learns nothing from.
    #[serde(default)]
    pub held_out: Vec<HeldOutKind>,
}

fn yes() -> bool {
    true
}

impl GateConfig {
    /// Reads a configuration.
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |reason: String| Error::Config { path: path.into(), reason };
        let text = read_text(path, limits::CONFIGURATION_BYTES)
            .map_err(|error| Error::Read { path: path.into(), source: error.into() })?;
        let config: Self = toml::from_str(&text).map_err(|e| refuse(e.to_string()))?;
        config.architecture.check().map_err(|error| refuse(error.to_string()))?;
        let most = [
            ("side", config.side, 512),
            ("epochs", config.epochs, limits::EPOCHS),
            ("images_per_epoch", config.images_per_epoch, limits::ARRAY_IMAGES),
            ("batch", config.batch, limits::BATCH),
            ("phantoms", config.phantoms, limits::EPOCHS),
            ("patient", config.patient.len(), limits::PATTERNS),
        ];
        if let Some((name, found, most)) = most.into_iter().find(|(_, found, most)| found > most) {
            return Err(refuse(format!("`{name}` is {found}; it may be {most} at most")));
        }
        let counts = [config.epochs, config.images_per_epoch, config.batch];
        if counts.contains(&0) || !(0.01..0.9).contains(&config.validation) || !(0.0..0.5).contains(&config.may_pass) {
            return Err(refuse(
                "epochs, images_per_epoch and batch must be above 0, validation 0.01–0.9, may_pass below 0.5".into(),
            ));
        }
        Ok(config)
    }
}

/// `[[held_out]]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOutKind {
    /// Name in the table.
    pub kind: String,
    /// Files or folders, relative to the data folder.
    pub paths: Vec<PathBuf>,
    /// Whether they are to be let through.
    #[serde(default)]
    pub wanted: bool,
    /// Files that are left out, by a part of their names.
    #[serde(default)]
    pub except: Vec<String>,
}
