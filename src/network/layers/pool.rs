//! Pooling with right gradients.
//!
//! candle's `max_pool2d` scales its gradient, refuses kernel ≠ stride and knows no padding; stems
//! of residual networks need a 3×3 window with stride 2 and padding 1. The gradient of a maximum
//! goes to the first place that holds it, as in PyTorch.

#![expect(clippy::inline_always, reason = "what vector units do is compiled for them where it is called")]

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor, Var, bail};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use super::activation::halves;
use super::ruled::ruled;
use crate::Result;
use crate::activation::at_least;
use crate::cpu_values::{slice, values};
use crate::device::own_kernels_run;
use crate::geometry::Geometry;
use crate::nchw16c::{LANES, Maps, Pixel, as_they_came, is_blocked, pixels, pixels_mut, taken, to_blocks};

/// `(N, C, H, W)` or blocked → `(N, C, OH, OW)`, on the CPU blocked: the largest value under each
/// window; padding never wins.
pub fn max_pool2d(x: &Tensor, geometry: Geometry) -> Result<Tensor> {
    if !geometry.windows_see_input() {
        bail!("a pooling window of {} takes at most {} of padding", geometry.kernel, geometry.kernel / 2);
    }
    if own_kernels_run(x.device()) {
        to_blocks(x)?.contiguous()?.apply_op1(MaxPoolOp(geometry))
    } else {
        composed(x, geometry)
    }
}

/// The same with the gradient of `DeepLIFT`'s rule for a maximum: what goes through a window is
/// `max(y, y₀)` between the two winners, of the input and of its reference (second half of the
/// batch), and is divided by their `Δx`, as in the `shap` package. Where windows overlap, shares of
/// one pixel are added up (`shap`'s unpooling keeps one of them).
pub fn max_pool2d_rescaled(x: &Tensor, geometry: Geometry) -> Result<Tensor> {
    if own_kernels_run(x.device()) {
        return to_blocks(x)?.contiguous()?.apply_op1(RescaledMaxPoolOp(MaxPoolOp(geometry)));
    }
    let pool = move |x: &Tensor| composed(x, geometry);
    ruled(x, pool, move |x, y, dy| rescaled(x, y, dy, pool))
}

/// Maps of `channels` channels → `(N, C)`: the mean over each map.
pub fn global_average(x: &Tensor, channels: usize) -> Result<Tensor> {
    if is_blocked(x) { x.contiguous()?.apply_op1(MeanOp { channels }) } else { x.flatten_from(2)?.mean(2) }
}

/// The mean of each of the first `channels` of maps in blocks, image by image; on the CPU.
pub(super) fn means(maps: &[Pixel], size: Maps, channels: usize) -> Vec<f32> {
    let arch = Arch::new();
    let means: Vec<Pixel> = maps.par_chunks_exact(size.area().max(1)).map(|map| arch.dispatch(Mean(map))).collect();
    let images = means.as_flattened().chunks_exact((size.blocks * LANES).max(1));
    images.flat_map(|image| &image[..channels]).copied().collect()
}

/// The mean of each of the first `channels` of blocked maps.
struct MeanOp {
    channels: usize,
}

impl CustomOp1 for MeanOp {
    fn name(&self) -> &'static str {
        "mean of maps"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let size = Maps::of(layout.dims())?;
        let values = means(pixels(slice(x, layout)?), size, self.channels);
        Ok((CpuStorage::F32(values), (size.n, self.channels).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let size = Maps::of(x.dims())?;
        let dy = values(&dy.contiguous()?)?.to_vec();
        let mut dx = vec![0.0; x.elem_count()];
        let share = 1.0 / size.area() as f32;
        pixels_mut(&mut dx).par_chunks_exact_mut(size.area().max(1)).enumerate().for_each(|(i, dx)| {
            let (image, first) = (i / size.blocks, i % size.blocks * LANES);
            let mut pixel = [0.0; LANES];
            let own = &dy[image * self.channels + first..(image + 1) * self.channels];
            pixel.iter_mut().zip(own).for_each(|(p, d)| *p = d * share);
            dx.fill(pixel);
        });
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

/// The mean of a map, lane by lane: single precision within a part, double across.
struct Mean<'a>(&'a [Pixel]);

impl NullaryFnOnce for Mean<'_> {
    type Output = Pixel;

    #[inline(always)]
    fn call(self) -> Pixel {
        let Self(map) = self;
        let mut total = [0.0f64; LANES];
        for part in map.chunks(256) {
            let mut sum = [0.0f32; LANES];
            for pixel in part {
                sum.iter_mut().zip(pixel).for_each(|(s, v)| *s += v);
            }
            total.iter_mut().zip(sum).for_each(|(t, s)| *t += f64::from(s));
        }
        total.map(|t| (t / map.len() as f64) as f32)
    }
}

/// The maximum over shifted copies, out of operations that every device has.
fn composed(x: &Tensor, g: Geometry) -> Result<Tensor> {
    let (_, _, h, w) = x.dims4()?;
    let padded = padded(&padded(x, 2, g.before(h), g.behind(h))?, 3, g.before(w), g.behind(w))?;
    let picks = |length: usize, tap: usize| -> Result<Tensor> {
        Tensor::from_iter((0..g.output(length)).map(|o| (o * g.stride + tap) as u32), x.device())
    };
    let mut best: Option<Tensor> = None;
    for ky in 0..g.kernel {
        let rows = padded.index_select(&picks(h, ky)?, 2)?;
        for kx in 0..g.kernel {
            let taps = rows.index_select(&picks(w, kx)?, 3)?;
            best = Some(match best {
                // What is no number wins, on every device.
                Some(best) => taps.ne(&taps)?.where_cond(&taps, &best.maximum(&taps)?)?,
                None => taps,
            });
        }
    }
    best.map_or_else(|| bail!("a pooling window must not be empty"), Ok)
}

/// With rows or columns around it that never win.
fn padded(x: &Tensor, dim: usize, before: usize, behind: usize) -> Result<Tensor> {
    let edge = |count: usize| {
        let mut dims = x.dims().to_vec();
        dims[dim] = count;
        Tensor::full(f32::NEG_INFINITY, dims, x.device())
    };
    match (before, behind) {
        (0, 0) => Ok(x.clone()),
        _ => Tensor::cat(&[&edge(before)?, x, &edge(behind)?], dim),
    }
}

/// The gradient by the rescale rule, as [`RescaledMaxPoolOp`] hands it back.
fn rescaled(x: &Tensor, y: &Tensor, dy: &Tensor, pool: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    halves(x)?;
    let (half, middle) = (x.dim(0)? / 2, y.dim(0)? / 2);
    let (own, reference) = (y.narrow(0, 0, middle)?, y.narrow(0, middle, middle)?);
    let top = own.maximum(&reference)?;
    let share = (dy * Tensor::cat(&[(&top - &reference)?, (&own - &top)?], 0)?)?;
    // What the winners of the windows get of it is the gradient of the plain maximum.
    let x = Var::from_tensor(&x.contiguous()?)?;
    let sum = (pool(&x)? * share)?.sum_all()?;
    let Some(found) = sum.backward()?.remove(&x) else { bail!("a maximum without a gradient") };
    let apart = (x.narrow(0, 0, half)? - x.narrow(0, half, half)?)?.detach();
    let found = (found.narrow(0, 0, half)? + found.narrow(0, half, half)?)?;
    let same = apart.abs()?.lt(f64::from(SAME))?;
    let slope = same.where_cond(&apart.zeros_like()?, &(found / &apart)?)?;
    Tensor::cat(&[&slope, &slope], 0)
}

/// Which pixel of its window each maximum was; the input need not be kept for the way back.
pub(super) struct Winners {
    op: MaxPoolOp,
    /// Of the input.
    size: Maps,
    /// Channels of the input where it was in planes.
    planes: Option<usize>,
    /// Numbers within the window, counted over the pixels that lie in the map.
    numbers: Vec<[u8; LANES]>,
}

impl Winners {
    /// Whether the pixels of such a window can be numbered by a byte.
    pub(super) fn fit(geometry: Geometry) -> bool {
        geometry.kernel <= 15 && geometry.windows_see_input()
    }

    /// The pooled maps and the winners.
    pub(super) fn of(x: &Tensor, geometry: Geometry) -> Result<(Tensor, Self)> {
        if !Self::fit(geometry) {
            bail!("the winners of such a pooling window are not kept: {geometry:?}");
        }
        let (x, planes) = taken(x)?;
        let (op, size) = (MaxPoolOp(geometry), Maps::of(x.dims())?);
        let out = op.output(size);
        let mut best = vec![0.0; out.n * out.image() * LANES];
        let mut numbers = vec![[0; LANES]; out.n * out.image()];
        pixels_mut(&mut best)
            .par_chunks_exact_mut(out.area().max(1))
            .zip(numbers.par_chunks_exact_mut(out.area().max(1)))
            .zip(pixels(&values(&x)?).par_chunks_exact(size.area().max(1)))
            .for_each(|((best, numbers), map)| {
                let mut window = (usize::MAX, 0, [0u32; LANES], [f32::NEG_INFINITY; LANES]);
                op.windows(size, |o, i| {
                    if window.0 != o {
                        window = (o, 0, [0; LANES], [f32::NEG_INFINITY; LANES]);
                    }
                    let (_, number, who, top) = &mut window;
                    for k in 0..LANES {
                        let wins = map[i][k] > top[k] || map[i][k].is_nan();
                        top[k] = if wins { map[i][k] } else { top[k] };
                        who[k] = if wins { *number } else { who[k] };
                    }
                    best[o] = *top;
                    numbers[o] = who.map(|w| w as u8);
                    *number += 1;
                });
            });
        Ok((Tensor::from_vec(best, out.shape(), x.device())?, Self { op, size, planes, numbers }))
    }

    /// The gradient of the input from that of the maxima.
    pub(super) fn hand_back(&self, dy: &Tensor) -> Result<Tensor> {
        let area = self.op.output(self.size).area().max(1);
        let dy = dy.contiguous()?;
        let mut dx = vec![0.0; self.size.n * self.size.image() * LANES];
        pixels_mut(&mut dx)
            .par_chunks_exact_mut(self.size.area().max(1))
            .zip(self.numbers.par_chunks_exact(area))
            .zip(pixels(&values(&dy)?).par_chunks_exact(area))
            .for_each(|((dx, numbers), dy)| {
                let mut window = (usize::MAX, 0);
                self.op.windows(self.size, |o, i| {
                    window = if window.0 == o { (o, window.1 + 1) } else { (o, 0u32) };
                    for k in 0..LANES {
                        dx[i][k] += if u32::from(numbers[o][k]) == window.1 { dy[o][k] } else { 0.0 };
                    }
                });
            });
        let dx = Tensor::from_vec(dx, self.size.shape(), dy.device())?;
        as_they_came(dx, self.planes)
    }
}

struct MaxPoolOp(Geometry);

impl MaxPoolOp {
    fn output(&self, size: Maps) -> Maps {
        Maps { h: self.0.output(size.h), w: self.0.output(size.w), ..size }
    }

    /// Adds what each window has to give, `dy`, to the first pixel that holds its maximum.
    fn hand_back(&self, size: Maps, dx: &mut [Pixel], map: &[Pixel], best: &[Pixel], dy: &[Pixel]) {
        // What a window has still to give away: the first place that holds the maximum takes all.
        let mut left = (usize::MAX, [0.0; LANES]);
        self.windows(size, |o, i| {
            if left.0 != o {
                left = (o, dy[o]);
            }
            for k in 0..LANES {
                let wins = map[i][k] == best[o][k];
                dx[i][k] += if wins { left.1[k] } else { 0.0 };
                left.1[k] = if wins { 0.0 } else { left.1[k] };
            }
        });
    }

    /// Calls `visit(output pixel, input pixel)` for every pixel under every window of a map, row by
    /// row as PyTorch does.
    #[inline]
    fn windows(&self, size: Maps, mut visit: impl FnMut(usize, usize)) {
        let (g, out) = (self.0, self.output(size));
        let (above, left) = (g.before(size.h), g.before(size.w));
        for oy in 0..out.h {
            let rows = (oy * g.stride).saturating_sub(above)..(oy * g.stride + g.kernel - above).min(size.h);
            for ox in 0..out.w {
                let columns = (ox * g.stride).saturating_sub(left)..(ox * g.stride + g.kernel - left).min(size.w);
                for y in rows.clone() {
                    for x in columns.clone() {
                        visit(oy * out.w + ox, y * size.w + x);
                    }
                }
            }
        }
    }
}

struct RescaledMaxPoolOp(MaxPoolOp);

/// Inputs that differ by less hand nothing back, as in the `shap` package.
const SAME: f32 = 1e-7;

impl RescaledMaxPoolOp {
    /// Gives to each window's winner its `share`.
    fn unpool(&self, maps: &[f32], size: Maps, best: &[f32], share: &[f32]) -> Vec<f32> {
        let area = self.0.output(size).area().max(1);
        let mut dx = vec![0.0; maps.len()];
        pixels_mut(&mut dx)
            .par_chunks_exact_mut(size.area().max(1))
            .zip(pixels(maps).par_chunks_exact(size.area().max(1)))
            .zip(pixels(best).par_chunks_exact(area))
            .zip(pixels(share).par_chunks_exact(area))
            .for_each(|(((dx, map), best), share)| self.0.hand_back(size, dx, map, best, share));
        dx
    }
}

impl CustomOp1 for RescaledMaxPoolOp {
    fn name(&self) -> &'static str {
        "max pool by the rescale rule"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.0.cpu_fwd(x, layout)
    }

    fn bwd(&self, x: &Tensor, result: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let size = Maps::of(x.dims())?;
        let half = halves(x)?;
        let dy = dy.contiguous()?;
        let (maps, best, dy) = (values(x)?, values(result)?, values(&dy)?);
        let middle = best.len() / 2;
        let top = |i: usize| at_least(best[i % middle], best[i % middle + middle]);
        // Of the reference's share: from its maximum up to the larger one; of the input's: from
        // there to its own.
        let share: Vec<f32> = (0..best.len())
            .map(|i| dy[i] * if i < middle { top(i) - best[i + middle] } else { best[i - middle] - top(i) })
            .collect();
        let found = self.unpool(&maps, size, &best, &share);
        let mut dx = vec![0.0; maps.len()];
        for i in 0..half {
            let apart = maps[i] - maps[half + i];
            let slope = if apart.abs() < SAME { 0.0 } else { (found[i] + found[half + i]) / apart };
            (dx[i], dx[half + i]) = (slope, slope);
        }
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

impl CustomOp1 for MaxPoolOp {
    fn name(&self) -> &'static str {
        "max pool"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let size = Maps::of(layout.dims())?;
        let out = self.output(size);
        let mut values = vec![0.0; out.n * out.image() * LANES];
        let maps = pixels(slice(x, layout)?).par_chunks_exact(size.area().max(1));
        pixels_mut(&mut values).par_chunks_exact_mut(out.area().max(1)).zip(maps).for_each(|(out, map)| {
            out.fill([f32::NEG_INFINITY; LANES]);
            self.windows(size, |o, i| {
                out[o]
                    .iter_mut()
                    .zip(&map[i])
                    .for_each(|(best, v)| *best = if *v > *best || v.is_nan() { *v } else { *best });
            });
        });
        Ok((CpuStorage::F32(values), out.shape()))
    }

    fn bwd(&self, x: &Tensor, result: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let size = Maps::of(x.dims())?;
        let area = self.output(size).area().max(1);
        let dy = dy.contiguous()?;
        let (maps, best, dy) = (values(x)?, values(result)?, values(&dy)?);
        let mut dx = vec![0.0; maps.len()];
        pixels_mut(&mut dx)
            .par_chunks_exact_mut(size.area().max(1))
            .zip(pixels(&maps).par_chunks_exact(size.area().max(1)))
            .zip(pixels(&best).par_chunks_exact(area))
            .zip(pixels(&dy).par_chunks_exact(area))
            .for_each(|(((dx, map), best), dy)| self.hand_back(size, dx, map, best, dy));
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
