//! Which stages train in an epoch, and how fast: gradual unfreezing and discriminative learning
//! rates (Howard and Ruder, ACL 2018).
//!
//! Frozen stages run as at prediction (batch norm with its running statistics) and without a graph:
//! they cost a forward pass and no memory beyond it.

use std::collections::HashMap;

use candle_core::Tensor;

use crate::network::{Mode, Network};
use crate::training::config::{Config, Freeze};
use crate::training::optim::parameters::Parameters;

/// What trains in an epoch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reach {
    /// Stages that run as at prediction. A dropout right before the first stage that trains is none
    /// of them.
    pub frozen: usize,
    /// Learning rate of each stage as a share of the schedule's; `None` stands still.
    pub shares: Vec<Option<f64>>,
}

/// Which tensor belongs to which stage.
pub(super) struct Placing {
    /// Number of the stage of each tensor of [`Parameters`].
    pub stage_of: Vec<usize>,
    /// Of each stage, whether it has tensors.
    pub has_weights: Vec<bool>,
}

impl Placing {
    pub(super) fn new(config: &Config, network: &Network, parameters: &Parameters) -> candle_core::Result<Self> {
        let listed = config.architecture.listed(config.input.channels, config.labels.len());
        let listed = listed.map_err(candle_core::Error::wrap)?;
        let by_name: HashMap<&str, &str> = listed.iter().map(|t| (t.name.as_str(), t.stage.as_str())).collect();
        let stage = |name: &str| by_name.get(name).and_then(|stage| network.stage(stage)).unwrap_or(0);
        let stage_of: Vec<usize> = parameters.iter().map(|p| stage(&p.name)).collect();
        let has_weights = (0..network.stages.len()).map(|i| stage_of.contains(&i)).collect();
        Ok(Self { stage_of, has_weights })
    }

    /// Of each tensor, whether it stands still.
    pub(super) fn frozen(&self, reach: &Reach) -> Vec<bool> {
        self.stage_of.iter().map(|&s| reach.shares[s].is_none()).collect()
    }
}

/// What trains in `epoch` (from 0).
pub(super) fn reach(config: &Config, network: &Network, placing: &Placing, epoch: usize) -> Reach {
    let has_weights = &placing.has_weights;
    let (transfer, stages) = (&config.transfer, network.stages.len());
    let with_weights: Vec<usize> = (0..stages).filter(|&i| has_weights[i]).collect();
    let head = with_weights.last().copied().unwrap_or(0);
    let decayed = |stage: usize| {
        let behind = with_weights.iter().filter(|&&i| i > stage).count();
        Some(transfer.stage_decay.powi(behind as i32))
    };
    let named = |name: &str| network.stage(name).unwrap_or(0);
    let mut first = match (&transfer.train_from, transfer.freeze) {
        (Some(name), _) => named(name),
        (None, Freeze::Backbone) => head,
        (None, Freeze::Nothing) => 0,
    };
    let mut shares: Vec<Option<f64>> = (0..stages).map(|i| if i < first { None } else { decayed(i) }).collect();
    for step in config.unfreezing.iter().filter(|s| s.epoch <= epoch + 1) {
        let stage = named(&step.stage);
        let share =
            |i: usize| step.learning_rate.map_or_else(|| decayed(i), |r| Some(r / config.optimization.learning_rate));
        for (i, slot) in shares.iter_mut().enumerate().take(first.max(stage + 1)).skip(stage) {
            *slot = share(i);
        }
        first = first.min(stage);
    }
    let mut frozen = first;
    while frozen > 0 && network.stages[frozen - 1].stochastic && !has_weights[frozen - 1] {
        frozen -= 1;
    }
    Reach { frozen, shares }
}

/// Output of the first `frozen` stages, each let go of as soon as the next has run.
pub(super) fn run_frozen(network: &Network, frozen: usize, x: &Tensor) -> candle_core::Result<Tensor> {
    let mut x = x.clone();
    for i in 0..frozen {
        x = network.forward_range(i..i + 1, &x, Mode::Inference)?.detach();
    }
    Ok(x)
}
