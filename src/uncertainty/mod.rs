//! How sure the model is: posteriors from samples (dropout, varied images, several models), their
//! entropies, what a labelled set says about its probabilities (conformal states, reliability), and
//! the input gate.

pub mod ensemble;
pub mod entropy;
pub mod mc_dropout;
pub mod sampling;
pub mod test_time;
mod variation;

pub use sampling::{SampleSource, Sampler, SamplingError};

use crate::model::output_head::OutputHead;

use crate::stats::quantile;
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

impl Summary {
    /// Summary of sampled probabilities; zeros when there are none.
    #[must_use]
    pub fn of(samples: &[f32]) -> Self {
        if samples.is_empty() {
            return Self::default();
        }
        let n = samples.len() as f64;
        let mean = samples.iter().map(|&p| f64::from(p)).sum::<f64>() / n;
        let squares = samples.iter().map(|&p| (f64::from(p) - mean).powi(2)).sum::<f64>();
        let sd = if samples.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
        let mut sorted = samples.to_vec();
        sorted.sort_by(f32::total_cmp);
        Self {
            mean: mean as f32,
            sd: sd as f32,
            p05: quantile(&sorted, 0.05) as f32,
            p95: quantile(&sorted, 0.95) as f32,
        }
    }

    /// True when the interval reaches to both sides of an operating threshold.
    #[must_use]
    pub fn crosses(&self, threshold: f32) -> bool {
        self.p05 < threshold && threshold <= self.p95
    }
}

/// What `T` samples said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    /// Probabilities of each sample, `T` rows of `K`.
    pub samples: Vec<Vec<f32>>,
    /// One for each label, in the manifest's order.
    pub labels: Vec<Summary>,
    /// One for each group, summed per sample.
    pub groups: Vec<Summary>,
    /// Entropy of the mean prediction, nats. For a sigmoid head the mean over the labels.
    pub predictive_entropy: f32,
    /// Predictive minus expected entropy, clamped at 0, nats: uncertainty about the model
    /// (epistemic).
    pub mutual_information: f32,
    /// `ln K`, or `ln 2` for a sigmoid head: the largest entropy there can be.
    pub max_entropy: f32,
    pub seed: u64,
    /// What differs from sample to sample.
    #[serde(default)]
    pub source: SampleSource,
}

impl Posterior {
    /// The posterior of `samples`, rows of label probabilities.
    #[must_use]
    pub fn of(samples: &[Vec<f32>], readout: &OutputHead, source: SampleSource, seed: u64) -> Self {
        let groups: Vec<Vec<f32>> = samples.iter().map(|s| readout.groups(s)).collect();
        let entropies = entropy::entropies(samples, readout.head);
        Self {
            labels: summaries(samples),
            groups: summaries(&groups),
            predictive_entropy: entropies.predictive,
            mutual_information: entropies.mutual_information,
            max_entropy: entropy::max_entropy(samples.first().map_or(1, Vec::len), readout.head),
            samples: samples.to_vec(),
            seed,
            source,
        }
    }
}

/// A summary of each column.
fn summaries(rows: &[Vec<f32>]) -> Vec<Summary> {
    let columns = rows.first().map_or(0, Vec::len);
    (0..columns).map(|k| Summary::of(&rows.iter().map(|r| r[k]).collect::<Vec<_>>())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numpys_and_the_deviation_divides_by_n_minus_one() {
        // numpy: percentile([.1, .2, .4, .8], [5, 95]) = .115, .74; std(ddof=1) = .3095695
        let s = Summary::of(&[0.4, 0.1, 0.8, 0.2]);
        for (value, expected) in [(s.mean, 0.375), (s.sd, 0.309_569_5), (s.p05, 0.115), (s.p95, 0.74)] {
            assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        }
    }

    #[test]
    fn one_sample_has_no_spread() {
        assert_eq!(Summary::of(&[0.3]), Summary { mean: 0.3, sd: 0.0, p05: 0.3, p95: 0.3 });
        assert_eq!(Summary::of(&[]), Summary::default());
    }

    #[test]
    fn an_interval_crosses_a_threshold_that_lies_inside() {
        let s = Summary { mean: 0.5, sd: 0.1, p05: 0.4, p95: 0.6 };
        assert!(s.crosses(0.5) && s.crosses(0.6));
        assert!(!s.crosses(0.3) && !s.crosses(0.7));
    }
}
