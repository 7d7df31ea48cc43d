//! `[transfer]` and `[[unfreeze]]`: what a run takes over from another model, and which stages it
//! trains when.

use serde::Deserialize;

use super::fault::{Check, ConfigFault, within};
use crate::network::stage_called;

/// Which stages stand still from the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freeze {
    #[default]
    Nothing,
    /// All but the head: the features of each image are computed once and kept on disk.
    Backbone,
}

/// What is taken over from another model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Transfer {
    /// A safetensors file or a model's folder, relative to the data root, or the name of a model.
    /// Tensors of the same name and shape are taken; a head of another size starts anew.
    pub start_from: Option<String>,
    pub freeze: Freeze,
    /// The first stage that trains; those before it stand still.
    pub train_from: Option<String>,
    /// Each stage trains at this share of the learning rate of the stage behind it.
    pub stage_decay: f64,
    /// With a frozen backbone: how many augmented variants of each image have their features kept,
    /// and take turns; 0 uses the plain images.
    pub variants: usize,
}

impl Default for Transfer {
    fn default() -> Self {
        Self { start_from: None, freeze: Freeze::Nothing, train_from: None, stage_decay: 1.0, variants: 0 }
    }
}

/// From an epoch on, more stages train.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfreeze {
    /// From 1, as in the log.
    pub epoch: usize,
    /// It and all frozen stages behind it train from now on; a stage that trains already gets
    /// another rate.
    pub stage: String,
    /// Peak learning rate of these stages; by `stage_decay` if there is none.
    #[serde(default)]
    pub learning_rate: Option<f64>,
}

impl Transfer {
    /// Stages that do not exist, frozen ones that nothing is taken over for, and epochs out of
    /// order.
    pub(super) fn check(&self, unfreezing: &[Unfreeze], stages: &[(String, bool)], epochs: usize) -> Check {
        let known = |stage: &String| {
            let names: Vec<&str> = stages.iter().map(|(name, _)| name.as_str()).collect();
            if stage_called(stage, &names).is_some() {
                return Ok(());
            }
            Err(ConfigFault::Stage { stage: stage.clone(), known: names.join(", ") })
        };
        self.train_from.as_ref().map_or(Ok(()), known)?;
        if self.freeze == Freeze::Backbone && self.train_from.is_some() {
            return Err(ConfigFault::TrainFromOfBackbone);
        }
        if self.start_from.is_none() && (self.freeze == Freeze::Backbone || self.train_from.is_some()) {
            return Err(ConfigFault::NoStart);
        }
        if !unfreezing.is_empty() && self.freeze == Freeze::Nothing && self.train_from.is_none() {
            return Err(ConfigFault::NothingFrozen);
        }
        for (i, step) in unfreezing.iter().enumerate() {
            known(&step.stage)?;
            within("unfreeze.epoch", step.epoch as f64, 1.0, epochs as f64)?;
            within("unfreeze.learning_rate", step.learning_rate.unwrap_or(1e-3), 1e-9, 10.0)?;
            if i > 0 && step.epoch < unfreezing[i - 1].epoch {
                return Err(ConfigFault::EpochsFall);
            }
        }
        within("stage_decay", self.stage_decay, 1e-3, 1.0)?;
        within("variants", self.variants as f64, 0.0, 100.0)
    }
}
