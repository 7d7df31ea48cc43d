//! `[optimization]`: optimizer, schedule, loss, and what surrounds them.

use serde::Deserialize;

use super::fault::{Check, ConfigFault, within};
use crate::limits;
use crate::model::manifest::Head;

/// How a gradient becomes a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    #[default]
    AdamW,
    /// With L2 in the gradient.
    Adam,
    Sgd,
}

/// What is minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    #[default]
    CrossEntropy,
    /// Cross entropy that looks away from what is known already.
    Focal,
}

/// How the learning rate runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    #[default]
    Cosine,
    OneCycle,
    /// Falls by a factor every few epochs.
    Step,
    /// Falls by a factor when validation no longer becomes better.
    Plateau,
    Constant,
}

/// How classes of different size are weighed in the loss; for findings on their own, how positives
/// are weighed against negatives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    #[default]
    None,
    /// In inverse proportion to the number of images.
    Inverse,
    /// In inverse proportion to its square root.
    InverseRoot,
    /// In inverse proportion to the effective number of images, with the β of `[balance]`.
    Effective,
}

/// What makes an epoch the best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// The lowest cross entropy on validation.
    #[default]
    Loss,
    /// The highest mean AUROC of labels and groups on validation.
    Auroc,
    /// The last epoch, whatever validation says: for schedules that end at a learning rate of
    /// nought.
    Last,
}

/// Optimizer, schedule and what surrounds them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Optimization {
    pub batch: usize,
    pub optimizer: OptimizerKind,
    /// Of SGD.
    pub momentum: f64,
    /// Of SGD: the gradient is that of the place the momentum leads to.
    pub nesterov: bool,
    pub learning_rate: f64,
    pub schedule: ScheduleKind,
    /// Epochs of linear warm-up, or epochs of the cycle that rise (one-cycle).
    pub warmup_epochs: f64,
    /// The learning rate ends at this share of the peak, and never falls below it.
    pub final_share: f64,
    /// Epochs between two falls (step).
    pub step_epochs: usize,
    /// Epochs without a better one that are borne before a fall (plateau).
    pub plateau_patience: usize,
    /// What a fall leaves of the learning rate (step and plateau).
    pub factor: f64,
    /// Share of each weight that a step takes away at a learning rate of 1; L2 for SGD and Adam.
    /// Biases and norms are spared.
    pub weight_decay: f64,
    pub loss: LossKind,
    /// γ of the focal loss.
    pub focal_gamma: f64,
    /// α of the focal loss of findings on their own: the weight of positives; negatives have the
    /// rest.
    pub focal_alpha: Option<f64>,
    pub label_smoothing: f64,
    /// Weight of the share of the positive evidence that lies outside the lungs: see
    /// `training::optim::lung_evidence`.
    pub lung_evidence: f64,
    pub class_weights: ClassWeights,
    /// Gradients are scaled down to this global norm; 0 leaves them.
    pub clip_norm: f64,
    /// Decay of the running average of the weights, per step; 0 uses the weights themselves.
    pub average_decay: f64,
    /// Batches of plain training images that set the statistics of batch norm before each
    /// validation; 0 keeps those of the augmented images. See
    /// `training::run::validation::settle_norms`.
    pub norm_batches: usize,
    /// Epochs of the last phase without a better one before the run ends; 0 runs to the end.
    pub patience: usize,
    pub criterion: Criterion,
    pub loader_threads: usize,
}

impl Default for Optimization {
    fn default() -> Self {
        Self {
            batch: 16,
            optimizer: OptimizerKind::default(),
            momentum: 0.9,
            nesterov: false,
            learning_rate: 1e-3,
            schedule: ScheduleKind::default(),
            warmup_epochs: 0.0,
            final_share: 0.0,
            step_epochs: 10,
            plateau_patience: 3,
            factor: 0.1,
            weight_decay: 0.0,
            loss: LossKind::default(),
            focal_gamma: 2.0,
            focal_alpha: None,
            label_smoothing: 0.0,
            lung_evidence: 0.0,
            class_weights: ClassWeights::default(),
            clip_norm: 0.0,
            average_decay: 0.0,
            norm_batches: 0,
            patience: 0,
            criterion: Criterion::default(),
            loader_threads: 2,
        }
    }
}

impl Optimization {
    /// Numbers that make no sense, for a run of so many epochs.
    pub(super) fn check(&self, epochs: usize, head: Head) -> Check {
        if self.focal_alpha.is_some() && head == Head::Softmax {
            return Err(ConfigFault::FocalAlpha);
        }
        if self.nesterov && self.momentum <= 0.0 {
            return Err(ConfigFault::Nesterov);
        }
        if self.step_epochs == 0 {
            return Err(ConfigFault::StepEpochs);
        }
        within("momentum", self.momentum, 0.0, 0.999)?;
        within("factor", self.factor, 1e-4, 1.0)?;
        within("focal_gamma", self.focal_gamma, 0.0, 10.0)?;
        within("focal_alpha", self.focal_alpha.unwrap_or(0.5), 0.0, 1.0)?;
        if self.batch < 2 {
            return Err(ConfigFault::Batch);
        }
        within("batch", self.batch as f64, 2.0, limits::BATCH as f64)?;
        for (name, count) in [
            ("step_epochs", self.step_epochs),
            ("plateau_patience", self.plateau_patience),
            ("patience", self.patience),
            ("norm_batches", self.norm_batches),
        ] {
            within(name, count as f64, 0.0, limits::EPOCHS as f64)?;
        }
        within("clip_norm", self.clip_norm, 0.0, 1e9)?;
        within("learning_rate", self.learning_rate, 1e-9, 10.0)?;
        within("weight_decay", self.weight_decay, 0.0, 10.0)?;
        within("label_smoothing", self.label_smoothing, 0.0, 0.9)?;
        within("lung_evidence", self.lung_evidence, 0.0, 100.0)?;
        within("average_decay", self.average_decay, 0.0, 0.999_999)?;
        within("final_share", self.final_share, 0.0, 1.0)?;
        within("warmup_epochs", self.warmup_epochs, 0.0, epochs as f64)?;
        within("loader_threads", self.loader_threads as f64, 1.0, 64.0)
    }
}
