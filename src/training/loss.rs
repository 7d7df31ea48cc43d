//! Weighted cross entropy against soft targets.
//!
//! `L = −1/N Σₙ Σₖ wₖ q′ₙₖ log softmax(z)ₙₖ` with `q′ = (1 − ε) q + ε / K`: `PyTorch`'s `cross_entropy` with
//! probabilities as targets. Soft targets carry mix-up, the ε label smoothing.

use candle_core::{D, Tensor};

/// Loss of logits `(N, K)` against target probabilities `(N, K)`, with class weights `(K)`: a scalar.
pub fn cross_entropy(
    logits: &Tensor,
    targets: &Tensor,
    weights: &Tensor,
    smoothing: f64,
) -> candle_core::Result<Tensor> {
    let (n, k) = logits.dims2()?;
    let targets = targets.affine(1.0 - smoothing, smoothing / k as f64)?.broadcast_mul(weights)?;
    let log_p = candle_nn::ops::log_softmax(logits, D::Minus1)?;
    (log_p * targets)?.sum_all()?.affine(-1.0 / n as f64, 0.0)
}

#[cfg(test)]
pub mod golden {
    /// Numbers that `PyTorch` computed: see `tests/golden/training.py`.
    pub fn read() -> serde_json::Value {
        serde_json::from_str(include_str!("../../tests/golden/training.json")).unwrap()
    }

    /// A list of numbers.
    pub fn numbers(value: &serde_json::Value) -> Vec<f32> {
        value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
    }

    /// Asserts that two lists agree.
    pub fn assert_close(ours: &[f32], theirs: &[f32], tolerance: f32) {
        assert_eq!(ours.len(), theirs.len());
        for (a, b) in ours.iter().zip(theirs) {
            assert!((a - b).abs() <= tolerance, "{ours:?}\n{theirs:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::golden::{assert_close, numbers, read};
    use super::*;

    #[test]
    fn loss_and_gradient_are_those_of_pytorch() {
        let golden = &read()["loss"];
        let tensor = |name: &str, shape: &[usize]| {
            Tensor::from_vec(numbers(&golden[name]), shape.to_vec(), &Device::Cpu).unwrap()
        };
        let logits = Var::from_tensor(&tensor("logits", &[4, 3])).unwrap();
        let smoothing = golden["smoothing"].as_f64().unwrap();
        let loss = cross_entropy(&logits, &tensor("targets", &[4, 3]), &tensor("weights", &[3]), smoothing).unwrap();
        let expected = golden["loss"].as_f64().unwrap() as f32;
        assert_close(&[loss.to_scalar().unwrap()], &[expected], 1e-6);
        let grads = loss.backward().unwrap();
        let gradient = grads.get(&logits).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_close(&gradient, &numbers(&golden["gradient"]), 1e-6);
    }
}
