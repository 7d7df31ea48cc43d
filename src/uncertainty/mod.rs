//! How sure the model is: MC dropout posterior, entropies, and the input gate.

pub mod entropy;
pub mod gate;
pub mod mc_dropout;

use serde::{Deserialize, Serialize};

/// Summary of one class or group over the samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Mean of the sampled probabilities.
    pub mean: f32,
    /// Standard deviation (n − 1).
    pub sd: f32,
    pub p05: f32,
    pub p95: f32,
}

/// What `T` stochastic passes said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    /// Probabilities of each sample, `T` rows of `K`.
    pub samples: Vec<Vec<f32>>,
    /// One for each label, in the manifest's order.
    pub labels: Vec<Summary>,
    /// One for each group, summed per sample.
    pub groups: Vec<Summary>,
    /// Entropy of the mean prediction, nats.
    pub predictive_entropy: f32,
    /// Predictive minus expected entropy, clamped at 0, nats: doubt about the model.
    pub mutual_information: f32,
    /// `ln K`, or `ln 2` for a sigmoid head: the largest entropy there can be.
    pub max_entropy: f32,
    pub seed: u64,
}
