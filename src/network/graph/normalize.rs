//! Normalisation over axes of a tensor, out of candle's operations: `(x − μ) / √(σ² + ε)·w + b`.
//!
//! Layer normalisation (Ba et al. 2016) is over the last axes of every position, instance
//! normalisation (Ulyanov et al. 2016) over the pixels of every channel; exporters write group
//! normalisation as the latter on reshaped maps. Local response normalisation (Krizhevsky et al.
//! 2012) divides by `(bias + alpha/size · Σ x²)^beta` over neighbouring channels.

use candle_core::{D, Tensor};

use crate::Result;

/// Over the last axis of `x`.
fn standardized(x: &Tensor, epsilon: f64) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    centred.broadcast_div(&(variance + epsilon)?.sqrt()?)
}

/// Over the last `weight.rank()` axes.
pub(super) fn layer(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Result<Tensor> {
    let front = x.rank() - weight.rank();
    let flat = x.contiguous()?.flatten_from(front)?;
    let y = standardized(&flat, epsilon)?;
    let (weight, bias) = (weight.flatten_all()?, bias.flatten_all()?);
    y.broadcast_mul(&weight)?.broadcast_add(&bias)?.reshape(x.shape())
}

/// `(N, C, …)`, each channel of each image.
pub(super) fn instance(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Result<Tensor> {
    let y = standardized(&x.contiguous()?.flatten_from(2)?, epsilon)?;
    y.broadcast_mul(&weight.reshape((1, (), 1))?)?.broadcast_add(&bias.reshape((1, (), 1))?)?.reshape(x.shape())
}

/// `x·w + b` with one factor and one shift for each entry of an axis.
pub(super) fn scale(x: &Tensor, weight: &Tensor, bias: &Tensor, axis: usize) -> Result<Tensor> {
    let mut shape = vec![1; x.rank()];
    shape[axis] = weight.elem_count();
    x.broadcast_mul(&weight.reshape(shape.as_slice())?)?.broadcast_add(&bias.reshape(shape.as_slice())?)
}

/// Local response normalisation of `(N, C, H, W)`.
pub(super) fn response(x: &Tensor, size: usize, alpha: f64, beta: f64, bias: f64) -> Result<Tensor> {
    let before = (size - 1) / 2;
    let squares = x.sqr()?.pad_with_zeros(1, before, size - 1 - before)?;
    let channels = x.dim(1)?;
    let mut sum = squares.narrow(1, 0, channels)?;
    for shift in 1..size {
        sum = (sum + squares.narrow(1, shift, channels)?)?;
    }
    x / sum.affine(alpha / size as f64, bias)?.powf(beta)?
}
