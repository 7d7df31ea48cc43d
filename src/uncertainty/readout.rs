//! From logits to probabilities: temperature, softmax or sigmoid, and groups of labels.
//!
//! Softmax classes exclude each other, so a group's probability is the sum of its members'. Sigmoid findings are
//! read as independent of each other, so a group's probability is that of at least one member: `1 − Π(1 − p)`.

use crate::network::manifest::{Head, Manifest};

/// How the logits of one model are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Readout {
    pub head: Head,
    /// Logits are divided by it.
    pub temperature: f32,
    /// Members of each group, indices into the labels.
    pub groups: Vec<Vec<usize>>,
}

impl Readout {
    /// The reading that a manifest asks for.
    #[must_use]
    pub fn new(manifest: &Manifest) -> Self {
        Self {
            head: manifest.head,
            temperature: manifest.temperature,
            groups: manifest.groups.iter().map(|g| manifest.members(g)).collect(),
        }
    }

    /// Probabilities of the labels.
    #[must_use]
    pub fn labels(&self, logits: &[f32]) -> Vec<f32> {
        let calibrated = logits.iter().map(|l| l / self.temperature);
        match self.head {
            Head::Softmax => {
                let max = calibrated.clone().fold(f32::NEG_INFINITY, f32::max);
                let powers: Vec<f32> = calibrated.map(|l| (l - max).exp()).collect();
                let sum: f32 = powers.iter().sum();
                powers.into_iter().map(|p| p / sum).collect()
            }
            Head::Sigmoid => calibrated.map(|l| 1.0 / (1.0 + (-l).exp())).collect(),
        }
    }

    /// Probabilities of the groups from those of the labels.
    #[must_use]
    pub fn groups(&self, labels: &[f32]) -> Vec<f32> {
        let group = |members: &Vec<usize>| match self.head {
            Head::Softmax => members.iter().map(|&m| labels[m]).sum::<f32>().min(1.0),
            Head::Sigmoid => 1.0 - members.iter().map(|&m| 1.0 - labels[m]).product::<f32>(),
        };
        self.groups.iter().map(group).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readout(head: Head, temperature: f32) -> Readout {
        Readout { head, temperature, groups: vec![vec![1, 2]] }
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
