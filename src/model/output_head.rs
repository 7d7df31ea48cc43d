//! From logits to probabilities: temperature, softmax or sigmoid, and groups of labels.
//!
//! Prediction, validation and calibration read logits here and nowhere else, in double precision,
//! so their numbers agree.
//!
//! Softmax classes exclude each other, so a group's probability is the sum of its members'. Sigmoid
//! findings are read as independent of each other, so a group's probability is that of at least one
//! member: `1 − Π(1 − p)`.

use crate::model::manifest::{Head, Manifest};

/// How the logits of one model are read.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputHead {
    pub head: Head,
    /// Logits are divided by it.
    pub temperature: f32,
    /// Members of each group, indices into the labels.
    pub groups: Vec<Vec<usize>>,
}

impl OutputHead {
    /// The reading that a manifest asks for.
    #[must_use]
    pub fn new(manifest: &Manifest) -> Self {
        Self { head: manifest.head, temperature: manifest.temperature, groups: manifest.all_members() }
    }

    /// Probabilities of the labels.
    #[must_use]
    pub fn labels(&self, logits: &[f32]) -> Vec<f32> {
        let double = probabilities(self.head, logits, f64::from(self.temperature));
        double.into_iter().map(|p| p as f32).collect()
    }

    /// Probabilities of the groups from those of the labels.
    #[must_use]
    pub fn groups(&self, labels: &[f32]) -> Vec<f32> {
        let double: Vec<f64> = labels.iter().copied().map(f64::from).collect();
        self.groups.iter().map(|members| group(self.head, &double, members) as f32).collect()
    }
}

/// Probabilities of the labels from their logits, after division by `temperature`.
#[must_use]
pub fn probabilities(head: Head, logits: &[f32], temperature: f64) -> Vec<f64> {
    match head {
        Head::Softmax => {
            let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let powers: Vec<f64> =
                logits.iter().map(|l| ((f64::from(*l) - f64::from(top)) / temperature).exp()).collect();
            let sum: f64 = powers.iter().sum();
            powers.into_iter().map(|p| p / sum).collect()
        }
        Head::Sigmoid => logits.iter().map(|l| 1.0 / (1.0 + (-f64::from(*l) / temperature).exp())).collect(),
    }
}

/// Probability of the group of the labels `members` from the probabilities of all labels.
#[must_use]
pub fn group(head: Head, labels: &[f64], members: &[usize]) -> f64 {
    match head {
        Head::Softmax => members.iter().map(|&m| labels[m]).sum::<f64>().min(1.0),
        Head::Sigmoid => 1.0 - members.iter().map(|&m| 1.0 - labels[m]).product::<f64>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readout(head: Head, temperature: f32) -> OutputHead {
        OutputHead { head, temperature, groups: vec![vec![1, 2]] }
    }

    #[test]
    fn softmax_groups_are_sums() {
        let r = readout(Head::Softmax, 1.0);
        let p = r.labels(&[0.0, 2f32.ln(), 1e-9]);
        assert!((p[1] - 0.5).abs() < 1e-6);
        assert!((r.groups(&p)[0] - 0.75).abs() < 1e-6);
    }

    #[test]
    fn sigmoid_groups_are_at_least_one_member() {
        let r = readout(Head::Sigmoid, 1.0);
        assert!((r.groups(&r.labels(&[9.0, 0.0, 0.0]))[0] - 0.75).abs() < 1e-6);
    }

    #[test]
    fn temperature_divides_and_huge_logits_stay_finite() {
        let p = readout(Head::Softmax, 2.0).labels(&[2.0, 0.0, -2000.0]);
        assert!((p[0] / p[1] - 1f32.exp()).abs() < 1e-5);
        assert!(readout(Head::Softmax, 1.0).labels(&[1e30, 0.0, 0.0]).iter().all(|p| p.is_finite()));
    }
}
