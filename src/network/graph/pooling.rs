//! Pooling of maps with windows that a file describes.
//!
//! Largest values and means over windows run on our kernels where zeros lie evenly around; else the
//! maps are widened first, by what never wins (maxima) or by zeros (means). A mean is a depthwise
//! convolution with equal weights; where zeros around the image do not count, it is multiplied by
//! the share of each window that lies inside.

use candle_core::{DType, Device, Tensor, bail};

use super::op::{Between, Fold, Window};
use super::shaped_conv::{even, widened};
use crate::Mode;
use crate::Result;
use crate::geometry::Geometry;
use crate::layers::activation::Rule;
use crate::layers::depthwise::depthwise;
use crate::layers::pool::{global_average, max_pool2d, max_pool2d_rescaled};
use crate::nchw16c::{is_blocked, to_blocks, to_planes};

/// Far below what any network computes, and far from overflow.
const LOW: f32 = -1e30;

/// The window as ours, if it is one.
pub(super) fn square(window: &Window) -> Result<(usize, usize)> {
    match *window {
        Window { kernel: [k, k2], stride: [s, s2], dilation: [1, 1], .. } if k == k2 && s == s2 => Ok((k, s)),
        _ => bail!(
            "a pooling window of {:?} with stride {:?} and dilation {:?}",
            window.kernel,
            window.stride,
            window.dilation
        ),
    }
}

/// Largest values of maps of `h` × `w`.
pub(super) fn largest(x: &Tensor, window: &Window, h: usize, w: usize, mode: Mode) -> Result<Tensor> {
    let (k, s) = square(window)?;
    let of = |x: &Tensor, g: Geometry| {
        if mode.rule() == Some(Rule::Rescale) { max_pool2d_rescaled(x, g) } else { max_pool2d(x, g) }
    };
    match even(window, k, s, h, w) {
        Some(g) if g.windows_see_input() => of(x, g),
        _ => of(&walled(&to_blocks(x)?, window.pads)?, Geometry::even(k, s, 0)),
    }
}

/// Maps with values above, left, below and right that never win.
fn walled(x: &Tensor, [top, left, bottom, right]: [usize; 4]) -> Result<Tensor> {
    let mut x = x.clone();
    for (axis, before, behind) in [(2, top, bottom), (3, left, right)] {
        let wall = |width: usize| {
            let mut shape = x.dims().to_vec();
            shape[axis] = width;
            Tensor::full(LOW, shape, x.device())
        };
        let parts = [wall(before)?, x.clone(), wall(behind)?];
        x = Tensor::cat(&parts.into_iter().filter(|part| part.elem_count() > 0).collect::<Vec<_>>(), axis)?;
    }
    Ok(x)
}

/// Means of maps of `channels` channels and `h` × `w`.
pub(super) fn mean(x: &Tensor, window: &Window, whole: bool, channels: usize, [h, w]: [usize; 2]) -> Result<Tensor> {
    let (k, s) = square(window)?;
    let kernel = Tensor::full(1.0 / (k * k) as f32, (channels, 1, k, k), x.device())?;
    let (x, g) = match even(window, k, s, h, w) {
        Some(g) => (x.clone(), g),
        None => (widened(x, window.pads)?, Geometry::even(k, s, 0)),
    };
    let y = depthwise(&x, &kernel, g)?;
    if whole || window.pads == [0; 4] {
        return Ok(y);
    }
    let shares = shares(window, k, s, h, w, x.device())?;
    let shape = if is_blocked(&y) {
        vec![1, 1, shares.dim(0)?, shares.dim(1)?, 1]
    } else {
        vec![1, 1, shares.dim(0)?, shares.dim(1)?]
    };
    y.broadcast_mul(&shares.reshape(shape)?)
}

/// For each window, its pixels by those that lie inside.
fn shares(window: &Window, k: usize, s: usize, h: usize, w: usize, device: &Device) -> Result<Tensor> {
    let Some([rows, columns]) = window.output(h, w) else { bail!("a window larger than its input") };
    let inside = |o: usize, before: usize, length: usize| {
        let (from, to) = (o * s, o * s + k);
        to.min(before + length).saturating_sub(from.max(before)).max(1)
    };
    let [top, left, ..] = window.pads;
    let share = |i: usize| (k * k) as f32 / (inside(i / columns, top, h) * inside(i % columns, left, w)) as f32;
    Tensor::from_iter((0..rows * columns).map(share), device)?.reshape((rows, columns))
}

/// Several axes become one value, or length 1 where they are kept.
pub(super) fn reduce(x: &Tensor, fold: Fold, axes: &[usize], keep: bool, map: Option<usize>) -> Result<Tensor> {
    if let (Fold::Mean, [2, 3], Some(channels)) = (fold, axes, map) {
        let y = global_average(x, channels)?;
        return if keep { y.unsqueeze(2)?.unsqueeze(3) } else { Ok(y) };
    }
    let mut y = match map {
        Some(channels) => to_planes(x, channels)?,
        None => x.clone(),
    };
    if fold == Fold::L2 {
        y = y.sqr()?;
    }
    for axis in axes {
        y = match fold {
            Fold::Mean => y.mean_keepdim(*axis)?,
            Fold::Sum | Fold::L2 => y.sum_keepdim(*axis)?,
            Fold::Max => y.max_keepdim(*axis)?,
            Fold::Min => y.min_keepdim(*axis)?,
        };
    }
    if fold == Fold::L2 {
        y = y.sqrt()?;
    }
    let mut gone = axes.to_vec();
    gone.sort_unstable();
    gone.into_iter().rev().filter(|_| !keep).try_fold(y, |y, axis| y.squeeze(axis))
}

/// Maps `(N, C, H, W)` of another size.
pub(super) fn resize(x: &Tensor, rows: usize, columns: usize, between: Between) -> Result<Tensor> {
    let (_, _, h, w) = x.dims4()?;
    let by = |from: usize, to: usize| matrix(from, to, between, x.device());
    let x = x.contiguous()?.broadcast_matmul(&by(w, columns)?.t()?.contiguous()?)?;
    by(h, rows)?.broadcast_matmul(&x.contiguous()?)
}

/// The weight of a pixel so far away (Keys 1981, with the a of PyTorch and of ONNX).
fn cubic(distance: f64) -> f64 {
    const A: f64 = -0.75;
    let d = distance.abs();
    if d <= 1.0 {
        ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0
    } else if d < 2.0 {
        ((d - 5.0) * d + 8.0) * d * A - 4.0 * A
    } else {
        0.0
    }
}

/// What each of `to` values takes of `from`, as a matrix `(to, from)`.
fn matrix(from: usize, to: usize, between: Between, device: &Device) -> Result<Tensor> {
    let mut values = vec![0f32; from * to];
    let last = (from - 1) as f64;
    for (i, row) in values.chunks_exact_mut(from).enumerate() {
        let place = match between {
            Between::Nearest => {
                row[(i * from / to).min(from - 1)] = 1.0;
                continue;
            }
            Between::Cubic => {
                let place = (i as f64 + 0.5) * from as f64 / to as f64 - 0.5;
                for tap in -1..=2 {
                    let at = place.floor() + f64::from(tap);
                    row[at.clamp(0.0, last) as usize] += cubic(place - at) as f32;
                }
                continue;
            }
            Between::Linear => ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, last),
            Between::LinearCorners if to == 1 => 0.0,
            Between::LinearCorners => i as f64 * last / (to - 1) as f64,
        };
        let low = place.floor();
        row[low as usize] += (1.0 - (place - low)) as f32;
        row[(low as usize + 1).min(from - 1)] += (place - low) as f32;
    }
    Tensor::from_vec(values, (to, from), device)?.to_dtype(DType::F32)
}
