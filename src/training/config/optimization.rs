//! `[optimization]`: optimizer, schedule, loss, and what surrounds them.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Check, within};

/// How the learning rate runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    Cosine,
    OneCycle,
}

/// How classes of different size are weighed in the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    None,
    /// In inverse proportion to the number of images.
    Inverse,
    /// In inverse proportion to its square root.
    InverseRoot,
}

/// What makes an epoch the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// The lowest cross entropy on validation.
    Loss,
    /// The highest mean AUROC of labels and groups on validation.
    Auroc,
    /// The last epoch, whatever validation says: for schedules that end at a learning rate of nought.
    Last,
}

/// Optimizer, schedule and what surrounds them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimization {
    pub batch: usize,
    pub learning_rate: f64,
    pub schedule: ScheduleKind,
    /// Epochs of linear warm-up (cosine), or share of the cycle that rises × epochs (one-cycle).
    #[serde(default)]
    pub warmup_epochs: f64,
    /// The schedule ends at this share of the learning rate.
    #[serde(default)]
    pub final_share: f64,
    #[serde(default)]
    pub weight_decay: f64,
    #[serde(default)]
    pub label_smoothing: f64,
    pub class_weights: ClassWeights,
    /// Gradients are scaled down to this global norm; 0 leaves them.
    #[serde(default)]
    pub clip_norm: f64,
    /// Decay of the running average of the weights, per step; 0 uses the weights themselves.
    #[serde(default)]
    pub average_decay: f64,
    /// Batches of plain training images that set the statistics of batch norm before each validation; 0 keeps those
    /// of the augmented images. See [`crate::training::validation::settle_norms`].
    #[serde(default)]
    pub norm_batches: usize,
    /// Epochs of the last phase without a better one before the run ends; 0 runs to the end.
    #[serde(default)]
    pub patience: usize,
    pub criterion: Criterion,
    #[serde(default = "two")]
    pub loader_threads: usize,
    /// Weights to start from: tensors of the same name and shape are taken, relative to the configuration.
    #[serde(default)]
    pub start_from: Option<PathBuf>,
}

fn two() -> usize {
    2
}

impl Optimization {
    /// Numbers that make no sense, for a run of so many epochs.
    pub(super) fn check(&self, epochs: usize) -> Check {
        if self.batch < 2 {
            return Err("`batch` must be at least 2, for batch norm needs a spread".into());
        }
        within("learning_rate", self.learning_rate, 1e-9, 10.0)?;
        within("weight_decay", self.weight_decay, 0.0, 10.0)?;
        within("label_smoothing", self.label_smoothing, 0.0, 0.9)?;
        within("average_decay", self.average_decay, 0.0, 0.999_999)?;
        within("final_share", self.final_share, 0.0, 1.0)?;
        within("warmup_epochs", self.warmup_epochs, 0.0, epochs as f64)?;
        within("loader_threads", self.loader_threads as f64, 1.0, 64.0)
    }
}
