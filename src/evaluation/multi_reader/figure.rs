//! A figure of merit of one reader in one modality, as far as the analysis must know it: its value,
//! its value without each case, and what each case contributes.
//!
//! Areas and figures of marks are means over pairs of a positive and a negative case,
//! `θ = Σ_j w_j v_j / Σ_j w_j`, where the component `v_j` of a positive case is its mean over the
//! negatives and `v_i` of a negative its weighted mean over the positives. Leaving a case out then
//! needs no second pass: `(n₀ θ − v_i)/(n₀ − 1)` without a negative,
//! `(Σw θ − w_j v_j)/(Σw − w_j)` without a positive.

use super::errors::MultiReaderError;

/// A figure of merit with what its spread is computed from. Cases stand in one order in all figures
/// of an analysis: the positives, then the negatives.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub value: f64,
    /// The figure without each case.
    without: Vec<f64>,
    /// What each case of a sample contributes; their mean is the value. Two samples where positives
    /// are compared with negatives, one otherwise.
    samples: Vec<Vec<f64>>,
    /// It is a share, and so between 0 and 1.
    is_share: bool,
}

impl Figure {
    /// From components of positives and negatives; `weights` are those of the positives.
    pub(super) fn of_pairs(positives: &[f64], negatives: Vec<f64>, weights: &[f64]) -> Result<Self, MultiReaderError> {
        let (n1, n0) = (positives.len(), negatives.len());
        if n1 < 2 || n0 < 2 {
            return Err(MultiReaderError::TooFewCases { positive: n1, negative: n0 });
        }
        let all: f64 = weights.iter().sum();
        let value = positives.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>() / all;
        let n = n0 as f64;
        let without = (positives.iter().zip(weights).map(|(v, w)| (all * value - w * v) / (all - w)))
            .chain(negatives.iter().map(|v| (n * value - v) / (n - 1.0)))
            .collect();
        // With unequal weights the value is a ratio of means; its first-order terms stand for it.
        let linear = positives.iter().zip(weights).map(|(v, w)| value + w * n1 as f64 / all * (v - value)).collect();
        Ok(Self { value, without, samples: vec![linear, negatives], is_share: true })
    }

    /// The mean of one value a case; of a share they are from 0 to 1.
    pub(super) fn of_values(values: &[f64], is_share: bool) -> Result<Self, MultiReaderError> {
        let n = values.len() as f64;
        if values.len() < 2 {
            return Err(MultiReaderError::TooFew(values.len()));
        }
        if values.iter().any(|v| !v.is_finite()) {
            return Err(MultiReaderError::NotANumber);
        }
        let value = values.iter().sum::<f64>() / n;
        let without = values.iter().map(|v| (n * value - v) / (n - 1.0)).collect();
        Ok(Self { value, without, samples: vec![values.to_vec()], is_share })
    }

    /// Number of cases.
    #[must_use]
    pub fn cases(&self) -> usize {
        self.without.len()
    }

    pub(super) fn is_share(&self) -> bool {
        self.is_share
    }

    pub(super) fn without(&self) -> &[f64] {
        &self.without
    }

    pub(super) fn samples(&self) -> &[Vec<f64>] {
        &self.samples
    }

    /// Whether both are of the same cases, as far as their numbers tell.
    pub(super) fn fits(&self, other: &Self) -> bool {
        self.samples.len() == other.samples.len()
            && self.samples.iter().zip(&other.samples).all(|(a, b)| a.len() == b.len())
    }
}
