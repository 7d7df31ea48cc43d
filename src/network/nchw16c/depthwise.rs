//! Depthwise convolution of a whole batch in blocks, and its gradients, shared out over the cores.
//!
//! With one kernel `K` for each channel: `Y[o] = f(Σ_k K[k] · X[s·o + k − p] + b)`,
//! `dX[i] = Σ_k K[k] · dY[(i + p − k) / s]` where the division is exact, and
//! `dK[k] = Σ_o X[s·o + k − p] · dY[o]`. With stride 1 the second is the first with the taps in
//! reverse. Each piece of work is a strip of one block of one image, padded into a scratch that
//! stays in the cache.

use pulp::Arch;
use rayon::prelude::*;

use super::depthwise_kernel::{DepthwiseLine, DepthwiseProducts, DepthwiseScatter, Rows};
use super::forward::with_scratch;
use super::{LANES, Maps, Pixel, pixels, pixels_mut};
use crate::activation::Activation;
use crate::geometry::Geometry;

/// Pixels of a padded strip that are aimed at: 64 kB.
const STRIP: usize = 1024;

/// Kernels `(C, 1, k, k)` as `(⌈C/16⌉, k·k)` pixels.
pub(crate) fn pack(kernel: &[f32], taps: usize) -> Vec<Pixel> {
    let mut packed = vec![[0.0; LANES]; (kernel.len() / taps).div_ceil(LANES) * taps];
    for (channel, kernel) in kernel.chunks_exact(taps).enumerate() {
        for (pixel, v) in packed[channel / LANES * taps..].iter_mut().zip(kernel) {
            pixel[channel % LANES] = *v;
        }
    }
    packed
}

/// A depthwise convolution with what follows it.
#[derive(Clone, Copy)]
pub(crate) struct Filter<'a> {
    /// [Packed](pack).
    pub kernel: &'a [Pixel],
    /// One pixel a block.
    pub bias: Option<&'a [Pixel]>,
    pub geometry: Geometry,
    pub activation: Activation,
}

impl Filter<'_> {
    /// Size of the output.
    pub(crate) fn output(self, size: Maps) -> Maps {
        output(size, self.geometry)
    }

    pub(super) fn window(self, size: Maps) -> Window {
        Window::of(self.geometry, size)
    }
}

/// Size of the output.
fn output(size: Maps, g: Geometry) -> Maps {
    Maps { h: g.output(size.h), w: g.output(size.w), ..size }
}

/// Zeros before the rows and columns of the input, the side of the kernel and its stride.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub before: [usize; 2],
    pub side: usize,
    pub stride: usize,
}

impl Window {
    fn of(g: Geometry, size: Maps) -> Self {
        Self { before: [g.before(size.h), g.before(size.w)], side: g.kernel, stride: g.stride }
    }

    /// Length of what `count` windows see.
    pub(super) fn reach(self, count: usize) -> usize {
        (count - 1) * self.stride + self.side
    }

    /// Pixels of a row of maps of `size` that stand in a padded row of `width`.
    pub(super) fn length(self, size: Maps, width: usize) -> usize {
        size.w.min(width.saturating_sub(self.before[1]))
    }

    /// Sets what lies outside of maps of `size` to 0, in padded rows of which the first is
    /// numbered `first`.
    pub(super) fn clear_margins(self, size: Maps, first: usize, width: usize, rows: &mut [Pixel]) {
        let [above, left] = self.before;
        let end = (left + self.length(size, width)).min(width);
        for (y, row) in (first..).zip(rows.chunks_exact_mut(width)) {
            if (above..size.h + above).contains(&y) {
                row[..left.min(width)].fill([0.0; LANES]);
                row[end..].fill([0.0; LANES]);
            } else {
                row.fill([0.0; LANES]);
            }
        }
    }

    /// Copies the rows that the windows of `lines` lines from `first` on see, with zeros where
    /// they reach out of the map.
    fn pad(self, map: &[Pixel], size: Maps, first: usize, lines: usize, width: usize, to: &mut Vec<Pixel>) {
        let ([above, left], first) = (self.before, first * self.stride);
        to.resize(self.reach(lines) * width, [0.0; LANES]);
        self.clear_margins(size, first, width, to);
        let length = self.length(size, width);
        for (y, row) in (first..).zip(to.chunks_exact_mut(width)) {
            if (above..size.h + above).contains(&y) {
                row[left..][..length].copy_from_slice(&map[(y - above) * size.w..][..length]);
            }
        }
    }
}

/// `f(K ∗ x + b)`.
pub(crate) fn convolve(x: &[f32], size: Maps, filter: Filter<'_>) -> Vec<f32> {
    let out = filter.output(size);
    let mut values = vec![0.0; out.n * out.image() * LANES];
    convolve_to(pixels(x), size, filter, pixels_mut(&mut values));
    values
}

/// The same into `to`, of the size of the output, whatever it holds.
pub(crate) fn convolve_to(x: &[Pixel], size: Maps, filter: Filter<'_>, to: &mut [Pixel]) {
    let Filter { kernel, bias, activation, .. } = filter;
    run(x, size, kernel, bias, filter.window(size), activation, filter.output(size), to);
}

#[expect(clippy::too_many_arguments, reason = "one place where all that a convolution is comes together")]
fn run(
    x: &[Pixel],
    size: Maps,
    kernel: &[Pixel],
    bias: Option<&[Pixel]>,
    window: Window,
    activation: Activation,
    out: Maps,
    to: &mut [Pixel],
) {
    let (arch, taps, width) = (Arch::new(), window.side * window.side, window.reach(out.w));
    let step = (STRIP / width).saturating_sub(window.side - 1) / window.stride;
    let step = step.clamp(1, out.h);
    let planes = to.chunks_exact_mut(out.area().max(1)).enumerate();
    let strips: Vec<_> = planes
        .flat_map(|(i, plane)| plane.chunks_mut(step * out.w).enumerate().map(move |(s, strip)| (i, s * step, strip)))
        .collect();
    strips.into_par_iter().for_each(|(i, first, strip)| {
        let (map, block) = (&x[i * size.area()..][..size.area()], i % size.blocks);
        with_scratch(|scratch| {
            window.pad(map, size, first, strip.len() / out.w, width, scratch);
            for (line, out) in strip.chunks_exact_mut(out.w).enumerate() {
                arch.dispatch(DepthwiseLine {
                    rows: Rows { pixels: &scratch[line * window.stride * width..], width },
                    kernel: &kernel[block * taps..][..taps],
                    side: window.side,
                    stride: window.stride,
                    bias: bias.map(|bias| &bias[block]),
                    activation,
                    out,
                });
            }
        });
    });
}

/// Gradient for the input of `size`, plus `rest`; `dy` has the size of the output.
pub(crate) fn input_gradient(
    dy: &[f32],
    size: Maps,
    kernel: &[Pixel],
    g: Geometry,
    rest: Option<&[Pixel]>,
) -> Vec<f32> {
    let from = output(size, g);
    let mut values = vec![0.0; size.n * size.image() * LANES];
    let before = [g.before(size.h), g.before(size.w)];
    if g.stride == 1 && before.iter().all(|zeros| *zeros < g.kernel) {
        let taps = g.kernel * g.kernel;
        let reversed: Vec<Pixel> = kernel.chunks_exact(taps).flat_map(|k| k.iter().rev().copied()).collect();
        let window = Window { before: before.map(|zeros| g.kernel - 1 - zeros), side: g.kernel, stride: 1 };
        run(pixels(dy), from, &reversed, None, window, Activation::None, size, pixels_mut(&mut values));
    } else {
        scatter(pixels(dy), from, kernel, g, size, pixels_mut(&mut values));
    }
    if let Some(rest) = rest {
        values.par_chunks_mut(1 << 14).zip(rest.as_flattened().par_chunks(1 << 14)).for_each(|(v, r)| {
            v.iter_mut().zip(r).for_each(|(v, r)| *v += r);
        });
    }
    values
}

/// The gradient where each pixel of the input is seen by few windows: map by map.
fn scatter(dy: &[Pixel], from: Maps, kernel: &[Pixel], g: Geometry, size: Maps, to: &mut [Pixel]) {
    let (arch, taps) = (Arch::new(), g.kernel * g.kernel);
    let window = Window { before: [g.before(size.h), g.before(size.w)], side: g.kernel, stride: g.stride };
    let [above, left] = window.before;
    let width = window.reach(from.w).max(size.w + left);
    let height = window.reach(from.h).max(size.h + above);
    let maps = to.par_chunks_exact_mut(size.area().max(1)).zip(dy.par_chunks_exact(from.area().max(1)));
    maps.enumerate().for_each(|(i, (to, dy))| {
        with_scratch(|scratch| {
            scratch.clear();
            scratch.resize(height * width, [0.0; LANES]);
            for (line, dy) in dy.chunks_exact(from.w).enumerate() {
                arch.dispatch(DepthwiseScatter {
                    rows: &mut scratch[line * g.stride * width..],
                    width,
                    kernel: &kernel[i % size.blocks * taps..][..taps],
                    side: g.kernel,
                    stride: g.stride,
                    dy,
                });
            }
            for (row, to) in scratch.chunks_exact(width).skip(above).zip(to.chunks_exact_mut(size.w)) {
                to.copy_from_slice(&row[left..][..size.w]);
            }
        });
    });
}

/// Gradient for the kernels of `channels`, `(C, 1, k, k)`, summed over the batch.
pub(crate) fn kernel_gradient(x: &[f32], size: Maps, dy: &[f32], channels: usize, g: Geometry) -> Vec<f32> {
    let (from, arch, taps) = (output(size, g), Arch::new(), g.kernel * g.kernel);
    let window = Window::of(g, size);
    let width = window.reach(from.w);
    let step = (STRIP / width).saturating_sub(g.kernel - 1) / g.stride;
    let step = step.clamp(1, from.h);
    let maps = pixels(x).par_chunks_exact(size.area().max(1)).zip(pixels(dy).par_chunks_exact(from.area().max(1)));
    let parts: Vec<Vec<[f64; LANES]>> = maps
        .map(|(map, dy)| {
            let mut total = vec![[0.0f64; LANES]; taps];
            let mut sums = vec![[0.0f32; LANES]; taps];
            with_scratch(|scratch| {
                for (s, strip) in dy.chunks(step * from.w).enumerate() {
                    window.pad(map, size, s * step, strip.len() / from.w, width, scratch);
                    // Single precision within a strip, double across.
                    sums.fill([0.0; LANES]);
                    for (line, dy) in strip.chunks_exact(from.w).enumerate() {
                        let rows = Rows { pixels: &scratch[line * g.stride * width..], width };
                        let (side, stride) = (g.kernel, g.stride);
                        arch.dispatch(DepthwiseProducts { rows, side, stride, dy, sums: &mut sums });
                    }
                    let all = total.as_flattened_mut().iter_mut().zip(sums.as_flattened());
                    all.for_each(|(t, s)| *t += f64::from(*s));
                }
            });
            total
        })
        .collect();
    let mut total = vec![[0.0f64; LANES]; size.blocks * taps];
    for (i, part) in parts.iter().enumerate() {
        let total = total[i % size.blocks * taps..][..taps].as_flattened_mut();
        total.iter_mut().zip(part.as_flattened()).for_each(|(t, v)| *t += v);
    }
    let channel = |c: usize| total[c / LANES * taps..][..taps].iter().map(move |pixel| pixel[c % LANES] as f32);
    (0..channels).flat_map(channel).collect()
}
