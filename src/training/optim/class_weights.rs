//! Weights of classes in the loss, so that a rare class is not learnt as "never".

use crate::model::manifest::Head;
use crate::training::config::{ClassWeights, Config};

/// A weight for each label, scaled so that the mean weight over the images is 1: the loss keeps its
/// scale, and with it the meaning of the learning rate.
///
/// `beta` is that of the effective number `(1 − βⁿ) / (1 − β)` (Cui et al., CVPR 2019): how many of
/// n images tell something that the others do not.
pub(crate) fn class_weights(kind: ClassWeights, beta: f64, counts: &[usize]) -> Vec<f32> {
    let weight = |n: f64| match kind {
        ClassWeights::None => 1.0,
        ClassWeights::Inverse => n.recip(),
        ClassWeights::InverseRoot => n.powf(-0.5),
        ClassWeights::Effective => (1.0 - beta) / (1.0 - beta.powf(n)),
    };
    let raw: Vec<f64> = counts.iter().map(|&n| weight(n.max(1) as f64)).collect();
    let total: f64 = counts.iter().map(|&n| n as f64).sum();
    let mean: f64 = raw.iter().zip(counts).map(|(w, &n)| w * n as f64).sum::<f64>() / total.max(1.0);
    raw.iter().map(|w| (w / mean) as f32).collect()
}

/// What each label weighs in the loss of `config`: its class (softmax) or its positives against its
/// negatives (sigmoid).
pub(crate) fn weights(config: &Config, truths: &[&[f32]]) -> Vec<f32> {
    let (kind, beta) = (config.optimization.class_weights, config.balance.beta);
    let count = |k: usize, present: bool| truths.iter().filter(|t| !t[k].is_nan() && (t[k] > 0.5) == present).count();
    let labels = 0..config.labels.len();
    match config.head {
        Head::Softmax => class_weights(kind, beta, &labels.map(|k| count(k, true)).collect::<Vec<_>>()),
        Head::Sigmoid => labels
            .map(|k| {
                let sides = class_weights(kind, beta, &[count(k, false), count(k, true)]);
                sides[1] / sides[0]
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::optim::loss::golden::{assert_close, numbers};

    #[test]
    fn inverse_weights_give_every_class_the_same_sum() {
        let counts = [100, 300, 600];
        let weights = class_weights(ClassWeights::Inverse, 0.999, &counts);
        let sums: Vec<f32> = weights.iter().zip(counts).map(|(w, n)| w * n as f32).collect();
        assert!((sums[0] - sums[1]).abs() < 1e-2 && (sums[1] - sums[2]).abs() < 1e-2, "{sums:?}");
        assert!((sums.iter().sum::<f32>() - 1000.0).abs() < 1e-2);
    }

    #[test]
    fn without_weights_every_class_weighs_one() {
        assert_eq!(class_weights(ClassWeights::None, 0.999, &[5, 50]), vec![1.0, 1.0]);
    }

    #[test]
    fn effective_weights_are_those_of_the_paper() {
        let golden: serde_json::Value = serde_json::from_str(include_str!("../../../tests/golden/data.json")).unwrap();
        let golden = &golden["effective"];
        let counts: Vec<usize> = numbers(&golden["counts"]).into_iter().map(|n| n as usize).collect();
        let weights = class_weights(ClassWeights::Effective, golden["beta"].as_f64().unwrap(), &counts);
        assert_close(&weights, &numbers(&golden["weights"]), 1e-4);
        let none = class_weights(ClassWeights::Effective, 0.0, &counts);
        assert_eq!(none, vec![1.0; 3], "with a beta of 0 every image tells as much as the first");
    }
}
