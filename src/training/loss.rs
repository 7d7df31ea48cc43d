//! Weighted cross entropy against soft targets.
//!
//! `L = −1/N Σₙ Σₖ wₖ q′ₙₖ log softmax(z)ₙₖ` with `q′ = (1 − ε) q + ε / K`: PyTorch's `cross_entropy` with
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
