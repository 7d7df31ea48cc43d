//! What is minimised: cross entropy or focal loss, of exclusive classes (softmax) or of findings on
//! their own (sigmoid).
//!
//! With truth `q` (mix-up makes it soft), smoothing `ε`, weights `w` and focus `γ` (0 is plain
//! cross entropy):
//!
//! - softmax over K labels: `L = −1/N Σₙ Σₖ wₖ q′ₙₖ (1 − pₙₖ)^γ log pₙₖ`, `q′ = (1 − ε) q + ε / K`,
//!   `w` weighs the classes;
//! - sigmoid: the mean over all known `(n, k)` of `−αₜ (1 − pₜ)^γ [wₖ q′ log p + (1 − q′) log(1 −
//!   p)]`, `q′ = (1 − ε) q + ε / 2`, `pₜ = p q′ + (1 − p)(1 − q′)`, `αₜ = α q′ + (1 − α)(1 − q′)`
//!   where there is an α; `w` weighs the positives.
//!
//! Focal loss: Lin et al., ICCV 2017. Unknown truth (NaN) has neither loss nor gradient.
//!
//! Logits are few, so value and gradient are written out in double precision instead of being left
//! to a graph: nothing overflows, and `log 0` never appears. The graph gets [`Loss::surrogate`],
//! whose gradient is that of the loss.

use candle_core::Tensor;

use crate::model::manifest::Head;
use crate::training::config::{LossKind, Optimization};

/// What is minimised.
#[derive(Clone, Debug)]
pub(crate) struct Objective {
    pub head: Head,
    /// One for each label: of the class (softmax) or of its positives (sigmoid).
    pub weights: Vec<f32>,
    /// ε.
    pub smoothing: f64,
    /// γ; 0 is cross entropy.
    pub focus: f64,
    /// α of the sigmoid's focal loss.
    pub balance: Option<f64>,
}

/// The loss of a batch.
pub(crate) struct Loss {
    pub value: f32,
    /// For the logits, `(N, K)`.
    pub gradient: Tensor,
}

impl Objective {
    /// What a configuration minimises, with a weight for each label.
    pub(crate) fn of(optimization: &Optimization, head: Head, weights: Vec<f32>) -> Self {
        let focal = optimization.loss == LossKind::Focal;
        Self {
            head,
            weights,
            smoothing: optimization.label_smoothing,
            focus: if focal { optimization.focal_gamma } else { 0.0 },
            balance: optimization.focal_alpha.filter(|_| focal),
        }
    }

    /// Cross entropy of exclusive classes.
    pub(crate) fn cross_entropy(weights: Vec<f32>, smoothing: f64) -> Self {
        Self { head: Head::Softmax, weights, smoothing, focus: 0.0, balance: None }
    }

    /// Loss of logits `(N, K)` against the truth `(N, K)`, row by row.
    pub(crate) fn loss(&self, logits: &Tensor, truth: &[f32]) -> candle_core::Result<Loss> {
        let (value, gradient) = self.evaluate(&logits.detach().flatten_all()?.to_vec1::<f32>()?, truth);
        let gradient = Tensor::from_vec(gradient, logits.shape(), logits.device())?;
        Ok(Loss { value: value as f32, gradient })
    }

    /// Value and gradient, in the order of `logits`.
    pub(crate) fn evaluate(&self, logits: &[f32], truth: &[f32]) -> (f64, Vec<f32>) {
        let labels = self.weights.len();
        let (mut sum, mut gradient) = (0.0, Vec::with_capacity(logits.len()));
        for (z, q) in logits.chunks_exact(labels).zip(truth.chunks_exact(labels)) {
            sum += match self.head {
                Head::Softmax => self.exclusive(z, q, &mut gradient),
                Head::Sigmoid => self.findings(z, q, &mut gradient),
            };
        }
        let counted = match self.head {
            Head::Softmax => logits.len() / labels,
            Head::Sigmoid => truth.iter().filter(|q| !q.is_nan()).count(),
        };
        let share = 1.0 / counted.max(1) as f64;
        (sum * share, gradient.into_iter().map(|g| (g * share) as f32).collect())
    }

    /// Loss of one image of exclusive classes; adds its gradient.
    fn exclusive(&self, z: &[f32], truth: &[f32], gradient: &mut Vec<f64>) -> f64 {
        if truth.iter().any(|q| q.is_nan()) {
            gradient.extend(truth.iter().map(|_| 0.0));
            return 0.0;
        }
        let top = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total = z.iter().map(|v| f64::from(v - top).exp()).sum::<f64>().ln();
        let mut loss = 0.0;
        // dL/dpₖ · pₖ of each label; dL/dzⱼ = aⱼ − pⱼ Σₖ aₖ.
        let terms: Vec<(f64, f64)> = (0..z.len())
            .map(|k| {
                let log_p = f64::from(z[k] - top) - total;
                let p = log_p.exp();
                let q = (1.0 - self.smoothing) * f64::from(truth[k]) + self.smoothing / z.len() as f64;
                let weight = f64::from(self.weights[k]) * q;
                let (focused, slope) = self.focused(p);
                loss -= weight * focused * log_p;
                (p, weight * (slope * p * log_p - focused))
            })
            .collect();
        let all: f64 = terms.iter().map(|(_, a)| a).sum();
        gradient.extend(terms.iter().map(|(p, a)| a - p * all));
        loss
    }

    /// Loss of one image of independent findings; adds its gradient.
    fn findings(&self, z: &[f32], truth: &[f32], gradient: &mut Vec<f64>) -> f64 {
        let mut loss = 0.0;
        for ((&z, &truth), &weight) in z.iter().zip(truth).zip(&self.weights) {
            if truth.is_nan() {
                gradient.push(0.0);
                continue;
            }
            let (z, weight) = (f64::from(z), f64::from(weight));
            let q = (1.0 - self.smoothing) * f64::from(truth) + self.smoothing / 2.0;
            // log σ(z) = −log(1 + e⁻ᶻ), without overflow.
            let log_sigmoid = |z: f64| z.min(0.0) - (-z.abs()).exp().ln_1p();
            let p = log_sigmoid(z).exp();
            let entropy = -(weight * q * log_sigmoid(z) + (1.0 - q) * log_sigmoid(-z));
            let entropy_slope = (1.0 - q) * p - weight * q * (1.0 - p);
            let sure = p * q + (1.0 - p) * (1.0 - q);
            let (focused, slope) = self.focused(sure);
            let alpha = self.balance.map_or(1.0, |a| a * q + (1.0 - a) * (1.0 - q));
            loss += alpha * focused * entropy;
            let sure_slope = p * (1.0 - p) * (2.0 * q - 1.0);
            gradient.push(alpha * (focused * entropy_slope - slope * sure_slope * entropy));
        }
        loss
    }

    /// `(1 − p)^γ` and `γ (1 − p)^(γ − 1)`, the latter finite at p = 1.
    fn focused(&self, p: f64) -> (f64, f64) {
        if self.focus <= 0.0 {
            return (1.0, 0.0);
        }
        let rest = (1.0 - p).max(1e-12);
        (rest.powf(self.focus), self.focus * rest.powf(self.focus - 1.0))
    }
}

#[cfg(test)]
pub(crate) mod golden {
    /// Numbers that `PyTorch` computed: see `tests/golden/training.py`.
    pub(crate) fn read() -> serde_json::Value {
        serde_json::from_str(include_str!("../../../tests/golden/training.json")).unwrap()
    }

    /// A list of numbers; what is no number is NaN.
    pub(crate) fn numbers(value: &serde_json::Value) -> Vec<f32> {
        value.as_array().unwrap().iter().map(|v| v.as_f64().map_or(f32::NAN, |v| v as f32)).collect()
    }

    /// Asserts that two lists agree.
    pub(crate) fn assert_close(ours: &[f32], theirs: &[f32], tolerance: f32) {
        assert_eq!(ours.len(), theirs.len());
        for (a, b) in ours.iter().zip(theirs) {
            assert!((a - b).abs() <= tolerance, "{ours:?}\n{theirs:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::golden::{assert_close, numbers, read};
    use super::*;

    #[test]
    fn every_loss_and_its_gradient_are_those_of_pytorch() {
        for case in read()["losses"].as_array().unwrap() {
            let name = case["name"].as_str().unwrap();
            let number = |key: &str| case[key].as_f64();
            let objective = Objective {
                head: if name.starts_with("softmax") { Head::Softmax } else { Head::Sigmoid },
                weights: numbers(&case["weights"]),
                smoothing: number("smoothing").unwrap(),
                focus: number("gamma").unwrap(),
                balance: number("alpha"),
            };
            let logits = Tensor::from_vec(numbers(&case["logits"]), (4, 3), &Device::Cpu).unwrap();
            let loss = objective.loss(&logits, &numbers(&case["truth"])).unwrap();
            assert!((loss.value - number("loss").unwrap() as f32).abs() < 1e-5, "{name}: {}", loss.value);
            let gradient = loss.gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_close(&gradient, &numbers(&case["gradient"]), 1e-6);
        }
    }

    #[test]
    fn huge_logits_keep_loss_and_gradient_finite() {
        for head in [Head::Softmax, Head::Sigmoid] {
            for focus in [0.0, 0.5, 2.0] {
                let objective = Objective { head, weights: vec![1.0; 2], smoothing: 0.0, focus, balance: None };
                let (value, gradient) = objective.evaluate(&[1e4, -1e4, -1e4, 1e4], &[1.0, 0.0, 1.0, 0.0]);
                assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()), "{head:?} {focus}");
            }
        }
    }

    #[test]
    fn what_is_unknown_moves_nothing() {
        let objective =
            Objective { head: Head::Sigmoid, weights: vec![1.0; 2], smoothing: 0.1, focus: 0.0, balance: None };
        let (known, gradient) = objective.evaluate(&[0.3, 9.0], &[1.0, f32::NAN]);
        let (other, _) = objective.evaluate(&[0.3, -9.0], &[1.0, f32::NAN]);
        assert_eq!((known, gradient[1]), (other, 0.0));
        assert_eq!(objective.evaluate(&[0.3, 9.0], &[f32::NAN; 2]), (0.0, vec![0.0; 2]));
    }
}
