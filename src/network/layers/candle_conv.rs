//! Convolutions out of candle's operations, for devices without kernels of ours.
//!
//! `y[o, i] = Σ_c Σ_k w[o, c, k] · x[c, s·i + k − p]`, and of one channel each where it is depthwise.
//!
//! The way back is our own. candle's (0.11, `Op::Conv2D` in its `backprop.rs`) takes what its
//! stride leaves over of the height for that of the width, so that the gradient of an input with
//! unequal rests has the wrong shape; and it runs a depthwise convolution as one convolution a
//! channel. Here a depthwise one is a sum over the taps of its kernel.

use candle_core::Tensor;

use super::handed_on::{Pair, handed_on};
use crate::Result;
use crate::cpu_values::is_tracked;
use crate::geometry::Geometry;

/// `x` is `(N, C, H, W)`, `w` is `(O, C, k, k)`; gradients flow to both.
pub(super) fn by_candle(x: &Tensor, w: &Tensor, g: Geometry) -> Result<Tensor> {
    let y = padded(&x.detach(), g)?.conv2d(&w.detach(), 0, g.stride, 1, 1)?;
    if !is_tracked(x) && !is_tracked(w) {
        return Ok(y);
    }
    let (of_x, of_w) = (is_tracked(x), is_tracked(w));
    handed_on(x, w, &y, move |x, w, _, dy| {
        let dx = || {
            let sides = (g.padded(x.dim(2)?), g.padded(x.dim(3)?));
            // Rows and columns behind the last window are 0.
            let seen = dy.conv_transpose2d(w, 0, 0, g.stride, 1)?;
            let whole = seen.pad_with_zeros(2, 0, sides.0 - seen.dim(2)?)?;
            cropped(&whole.pad_with_zeros(3, 0, sides.1 - seen.dim(3)?)?, x, g)
        };
        let dw = || {
            let swapped = |t: &Tensor| t.transpose(0, 1)?.contiguous();
            // The gradient as a kernel whose taps lie a stride apart.
            let all = swapped(&padded(x, g)?)?.conv2d(&swapped(dy)?, 0, 1, g.stride, 1)?;
            swapped(&all.narrow(2, 0, g.kernel)?.narrow(3, 0, g.kernel)?)
        };
        Ok((of_x.then(dx).transpose()?, of_w.then(dw).transpose()?))
    })
}

/// `x` is `(N, C, H, W)`, `w` is `(C, 1, k, k)`; gradients flow to both.
pub(super) fn depthwise_by_candle(x: &Tensor, w: &Tensor, g: Geometry) -> Result<Tensor> {
    let mut y: Option<Tensor> = None;
    let (inputs, kernels) = (padded(&x.detach(), g)?, Taps::of(&w.detach())?);
    for (ky, kx) in taps(g) {
        let term = picked(&inputs, x, g, ky, kx)?.broadcast_mul(&kernels.of_tap(ky, kx)?)?;
        y = Some(match y {
            Some(y) => (y + term)?,
            None => term,
        });
    }
    let Some(y) = y else { candle_core::bail!("a kernel must not be empty") };
    if !is_tracked(x) && !is_tracked(w) {
        return Ok(y);
    }
    handed_on(x, w, &y, move |x, w, _, dy| depthwise_back(x, w, dy, g))
}

fn depthwise_back(x: &Tensor, w: &Tensor, dy: &Tensor, g: Geometry) -> Result<Pair> {
    let (inputs, kernels) = (padded(x, g)?, Taps::of(w)?);
    let (n, channels, h, width) = inputs.dims4()?;
    let mut of_kernel = Vec::with_capacity(g.kernel * g.kernel);
    let mut dx = Tensor::zeros((n, channels, h, width), dy.dtype(), dy.device())?;
    for ky in 0..g.kernel {
        let mut lines = Tensor::zeros((n, channels, dy.dim(2)?, width), dy.dtype(), dy.device())?;
        for kx in 0..g.kernel {
            of_kernel.push((picked(&inputs, x, g, ky, kx)? * dy)?.sum((0, 2, 3))?);
            let share = dy.broadcast_mul(&kernels.of_tap(ky, kx)?)?;
            lines = lines.index_add(&places(g, x.dim(3)?, kx, x)?, &share, 3)?;
        }
        dx = dx.index_add(&places(g, x.dim(2)?, ky, x)?, &lines, 2)?;
    }
    let dw = Tensor::stack(&of_kernel, 1)?.reshape(w.shape())?;
    Ok((Some(cropped(&dx, x, g)?), Some(dw)))
}

fn taps(g: Geometry) -> impl Iterator<Item = (usize, usize)> {
    (0..g.kernel).flat_map(move |ky| (0..g.kernel).map(move |kx| (ky, kx)))
}

/// Kernels `(C, 1, k, k)`, tap by tap.
struct Taps(Tensor);

impl Taps {
    fn of(w: &Tensor) -> Result<Self> {
        Ok(Self(w.permute((1, 2, 3, 0))?.contiguous()?))
    }

    /// `(1, C, 1, 1)`.
    fn of_tap(&self, ky: usize, kx: usize) -> Result<Tensor> {
        self.0.narrow(1, ky, 1)?.narrow(2, kx, 1)?.reshape((1, (), 1, 1))
    }
}

/// The input pixels under one tap, for every output pixel.
fn picked(inputs: &Tensor, x: &Tensor, g: Geometry, ky: usize, kx: usize) -> Result<Tensor> {
    inputs.index_select(&places(g, x.dim(2)?, ky, x)?, 2)?.index_select(&places(g, x.dim(3)?, kx, x)?, 3)
}

/// Where a tap stands on an axis of `length`, zeros around it included, for every output.
fn places(g: Geometry, length: usize, tap: usize, x: &Tensor) -> Result<Tensor> {
    Tensor::from_iter((0..g.output(length)).map(|o| (o * g.stride + tap) as u32), x.device())
}

/// With the zeros that belong around it.
fn padded(x: &Tensor, g: Geometry) -> Result<Tensor> {
    let (h, w) = (x.dim(2)?, x.dim(3)?);
    x.pad_with_zeros(2, g.before(h), g.behind(h))?.pad_with_zeros(3, g.before(w), g.behind(w))?.contiguous()
}

/// Without them, in the shape of `x`.
fn cropped(maps: &Tensor, x: &Tensor, g: Geometry) -> Result<Tensor> {
    let (h, w) = (x.dim(2)?, x.dim(3)?);
    maps.narrow(2, g.before(h), h)?.narrow(3, g.before(w), w)?.contiguous()
}
