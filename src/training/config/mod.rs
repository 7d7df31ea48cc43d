//! `CONFIG.toml`: everything that decides a training run, and what is copied through into the
//! manifest.
//!
//! Data folders are relative to the data root given on the command line (or to the configuration's
//! own folder), so that a configuration names no machine. Unknown keys are refused: a misspelt
//! option must not be ignored.

mod augment;
mod balance;
mod data;
mod defaults;
mod fault;
pub mod manifest;
pub mod memory;
mod optimization;
pub mod record;
mod transfer;

use std::path::Path;

use serde::Deserialize;

pub use augment::Augment;
pub use balance::{Balance, EpochSampling, Smote};
pub use data::{Ambiguous, Blank, Data, LabelRule, Table, Uncertain, ValidationBy};
pub use optimization::{ClassWeights, Criterion, LossKind, Optimization, OptimizerKind, ScheduleKind};
pub use transfer::{Freeze, Transfer, Unfreeze};

pub use defaults::grey_square;
use defaults::{first_version, not_stated, softmax};
use fault::{Check, ConfigFault, within};

use super::{Error, Result};
use crate::evaluation::vocabulary::folded;
use crate::files::{naming, read_text};
use crate::limits;
use crate::model::fits::Fits;
use crate::model::manifest::{Group, Head, Input, Label, Suggestion};
use crate::model::population::Population;
use crate::network::architecture::Architecture;

/// A training run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the model that is made; the configuration's file name if there is none.
    #[serde(default)]
    pub name: String,
    #[serde(default = "first_version")]
    pub version: String,
    #[serde(default)]
    pub description: String,
    #[serde(default = "not_stated")]
    pub licence: String,
    /// Side of the images; stands for the sides in `[input]` and for those of phases that name
    /// none.
    #[serde(default)]
    pub size: Option<usize>,
    /// Decides the split, the first weights, the order, the augmentation and the dropout masks.
    #[serde(default)]
    pub seed: u64,
    pub data: Data,
    #[serde(default)]
    pub balance: Balance,
    #[serde(default)]
    pub optimization: Optimization,
    #[serde(default)]
    pub transfer: Transfer,
    /// Stages that begin to train later.
    #[serde(default, rename = "unfreeze")]
    pub unfreezing: Vec<Unfreeze>,
    /// Progressive resizing: phases run one after the other, the last one decides the model.
    #[serde(default, rename = "phase")]
    pub phases: Vec<Phase>,
    #[serde(default)]
    pub augment: Augment,
    #[serde(default)]
    pub thresholds: Thresholds,
    pub architecture: Architecture,
    #[serde(default = "softmax")]
    pub head: Head,
    #[serde(default = "grey_square")]
    pub input: Input,
    /// Stage that heat maps are taken from; if none is named, see [`crate::network::target_layer`].
    #[serde(default)]
    pub target_layer: String,
    /// The names of the class folders if there are none.
    #[serde(default)]
    pub labels: Vec<Label>,
    #[serde(default)]
    pub groups: Vec<Group>,
    /// The studies that the model is meant for.
    #[serde(default)]
    pub fits: Fits,
    /// The patients and images that it is made for; outside of them, states are withheld.
    #[serde(default)]
    pub population: Option<Population>,
    #[serde(default)]
    pub provenance: Provenance,
    #[serde(default)]
    pub suggestions: Vec<Suggestion>,
    #[serde(default)]
    pub limits: Vec<String>,
    /// How weights are stored.
    #[serde(default)]
    pub precision: Precision,
    /// Validation images that are shown with their heat maps after each epoch.
    #[serde(default = "six")]
    pub previews: usize,
    /// The text that it was read from.
    #[serde(skip)]
    pub source: String,
}

fn six() -> usize {
    6
}

/// How the numbers of a weights file are stored; they are computed with as `f32` always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    #[default]
    F32,
    /// Kernels as IEEE half precision: half the file, each weight to three decimal digits. The
    /// metrics are measured with the rounded weights.
    F16,
}

impl Precision {
    /// Whether a tensor of this shape is stored in half precision: biases and batch norm, which are
    /// small, never are.
    pub fn stores_in_half(self, shape: &[usize]) -> bool {
        self == Self::F16 && shape.len() > 1
    }
}

/// Some epochs at one image size.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    pub epochs: usize,
    #[serde(default)]
    pub size: usize,
}

/// How operating thresholds are chosen on validation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Groups: the score at which this sensitivity is reached.
    pub group_sensitivity: f64,
    /// Labels: the score at which this sensitivity is reached.
    pub label_sensitivity: Option<f64>,
    /// Labels, without such a sensitivity: Youden's point instead of the thresholds given with the
    /// labels.
    pub youden: bool,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { group_sensitivity: 0.96, label_sensitivity: None, youden: true }
    }
}

/// What the manifest says about the data.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    #[serde(default = "not_stated")]
    pub data: String,
    #[serde(default = "not_stated")]
    pub population: String,
}

impl Default for Provenance {
    fn default() -> Self {
        Self { data: not_stated(), population: not_stated() }
    }
}

impl Config {
    /// Reads and checks a configuration whose data folders lie beside it.
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_for(path, path.parent().unwrap_or(Path::new("")))
    }

    /// Reads and checks a configuration whose data folders lie below `root`: labels that it does
    /// not name are theirs.
    pub fn read_for(path: &Path, root: &Path) -> Result<Self> {
        let refuse = |fault: ConfigFault| Error::Config { path: path.into(), reason: fault.to_string() };
        let text = read_text(path, limits::CONFIGURATION_BYTES)
            .map_err(|error| Error::Read { path: path.into(), source: error.into() })?;
        let mut config: Self =
            toml::from_str(&text).map_err(|e| refuse(ConfigFault::Toml(e.to_string().trim_end().to_owned())))?;
        config.source = text;
        defaults::fill(&mut config, path, root).map_err(refuse)?;
        config.check().map_err(refuse)?;
        manifest::rehearse(&config).map_err(|e| refuse(e.into()))?;
        Ok(config)
    }

    /// Epochs of all phases.
    pub fn epochs(&self) -> usize {
        self.phases.iter().map(|p| p.epochs).sum()
    }

    /// Image size of `epoch` (from 0); the last phase's size after the end.
    pub fn size_at(&self, epoch: usize) -> usize {
        let mut end = 0;
        for phase in &self.phases {
            end += phase.epochs;
            if epoch < end {
                return phase.size;
            }
        }
        self.phases.last().map_or(self.input.width, |p| p.size)
    }

    /// First epoch of the last phase: only from there on is an epoch a candidate for the model.
    pub fn last_phase(&self) -> usize {
        self.epochs() - self.phases.last().map_or(0, |p| p.epochs)
    }

    /// Number of the label called `name`.
    pub fn label_index(&self, name: &str) -> Option<usize> {
        self.labels.iter().position(|l| l.name == name)
    }

    fn check(&self) -> Check {
        naming::check(&self.name).map_err(ConfigFault::Name)?;
        let counts = [
            ("labels", self.labels.len(), limits::LABELS),
            ("groups", self.groups.len(), limits::LABELS),
            ("suggestions", self.suggestions.len(), limits::LABELS),
            ("patient patterns", self.data.patient.len(), limits::PATTERNS),
            ("phases", self.phases.len(), limits::PHASES),
        ];
        if let Some((what, found, most)) = counts.into_iter().find(|(_, found, most)| found > most) {
            return Err(ConfigFault::TooMany { what, found, most });
        }
        if self.labels.len() < 2 && self.head == Head::Softmax {
            return Err(ConfigFault::OneClass);
        }
        for (i, label) in self.labels.iter().enumerate() {
            if self.labels[..i].iter().any(|l| same_name(&l.name, &label.name)) {
                return Err(ConfigFault::LabelTwice(label.name.clone()));
            }
        }
        for group in &self.groups {
            if let Some(member) = group.members.iter().find(|m| self.label_index(m).is_none()) {
                return Err(ConfigFault::Member { group: group.name.clone(), member: member.clone() });
            }
        }
        for suggestion in &self.suggestions {
            let known = self.label_index(&suggestion.target).is_some()
                || self.groups.iter().any(|g| g.name == suggestion.target);
            if !known {
                return Err(ConfigFault::Suggestion(suggestion.target.clone()));
            }
        }
        if self.phases.iter().all(|p| p.epochs == 0) {
            return Err(ConfigFault::NoEpochs);
        }
        for phase in &self.phases {
            within("epochs", phase.epochs as f64, 0.0, limits::EPOCHS as f64)?;
        }
        if let Some(phase) = self.phases.iter().find(|p| !(16..=2048).contains(&p.size)) {
            return Err(ConfigFault::PhaseSize(phase.size));
        }
        if self.input.width != self.input.height {
            return Err(ConfigFault::NotSquare);
        }
        if ![1, 3].contains(&self.input.channels) {
            return Err(ConfigFault::Channels);
        }
        self.data.check(&self.labels)?;
        self.balance.check(self.head)?;
        self.optimization.check(self.epochs(), self.head)?;
        self.augment.check()?;
        let stages = self.architecture.stages()?;
        for side in self.phases.iter().map(|phase| phase.size).chain([self.input.width]) {
            self.architecture.check_size(side, side)?;
        }
        self.transfer.check(&self.unfreezing, &stages, self.epochs())?;
        let (kept, smote) = (self.transfer.freeze == Freeze::Backbone, self.balance.smote);
        if smote != Smote::Off && (smote == Smote::Features) != kept {
            return Err(ConfigFault::SmoteKind);
        }
        if kept && self.augment.mixup > 0.0 {
            return Err(ConfigFault::MixupOfFeatures);
        }
        within("previews", self.previews as f64, 0.0, 64.0)?;
        within("label_sensitivity", self.thresholds.label_sensitivity.unwrap_or(0.5), 0.5, 1.0)?;
        within("group_sensitivity", self.thresholds.group_sensitivity, 0.5, 1.0)?;
        within("dropout", f64::from(self.architecture.dropout), 0.0, 0.9)
    }
}

impl Config {
    /// Whether training needs to know where the lungs lie.
    pub fn asks_for_lungs(&self) -> bool {
        self.augment.asks_for_lungs() || self.optimization.lung_evidence > 0.0
    }
}

/// True when two names differ in nothing but case, blanks and punctuation.
pub fn same_name(a: &str, b: &str) -> bool {
    folded(a) == folded(b)
}
