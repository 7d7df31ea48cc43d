//! Gradients of a convolution in blocks: for its input and for its kernel.
//!
//! With `Y = W ∗ X`, stride `s` and padding `p`: `dX[i] = Σ_k W[k]ᵀ · dY[(i + p − k) / s]` over the
//! taps `k` for which the division is exact. With stride 1 that is a convolution of `dY` with the
//! taps in reverse. Otherwise the pixels of `dX` fall into `s × s` classes by their remainders,
//! each a convolution of stride 1 with some of the taps; none computes a product with 0.
//! `dW[k] = Σ_i X[s·i + k − p] · dY[i]`.

use candle_core::bail;
use pulp::Arch;
use rayon::prelude::*;

use super::conv_kernel::{Ending, Line, Windows};
use super::forward::{Epilogue, LayerInput, Weights, convolve_to, cut, output, with_scratch};
use super::packing::{Kernel, pack_transposed, unpack};
use super::weight_grad_kernel::Products;
use super::{LANES, Maps, Pixel, WIDE, WidePixel, blocks, pixels, pixels_mut};
use crate::geometry::Geometry;

/// Pixels of a padded strip that are aimed at.
const STRIP: usize = 4096;

/// A kernel packed for the gradient of its input; made once for kernels that no longer change.
#[derive(Clone)]
pub(crate) struct Transposed {
    kernel: Kernel,
    geometry: Geometry,
    /// Zeros above and to the left of the input.
    before: [usize; 2],
    rows: Packed,
}

#[derive(Clone)]
enum Packed {
    /// Stride 1: the gradient is a convolution of its own, with the taps in reverse and channels
    /// for outputs.
    Reversed(Vec<WidePixel>),
    /// One for each pair of remainders of row and column.
    Classes(Vec<Class>),
}

/// The pixels of `dX` whose row and column leave the same remainders.
#[derive(Clone)]
struct Class {
    /// Where each tap lies in the padded gradient: rows and columns from the pixel
    /// `(row / s, column / s)`.
    reach: Vec<(usize, usize)>,
    rows: Vec<WidePixel>,
}

/// How the gradient is padded before it is gathered from.
#[derive(Clone, Copy)]
struct Margin {
    /// Rows above and columns to the left.
    before: [usize; 2],
    width: usize,
}

impl Transposed {
    /// From the weights `(O, C, k, k)`, for inputs with as many zeros before them as those of
    /// `size`.
    pub(crate) fn new(weights: &[f32], kernel: Kernel, geometry: Geometry, size: Maps) -> Self {
        let s = geometry.stride;
        let before = zeros_before(geometry, size);
        let even = [size.h, size.w].map(|length| geometry.before(length) == geometry.behind(length)) == [true; 2];
        let rows = if s == 1 && even && before[0] == before[1] && before[0] < geometry.kernel {
            let taps: Vec<usize> = (0..kernel.taps).rev().collect();
            Packed::Reversed(pack_transposed(weights, kernel, &taps))
        } else {
            Packed::Classes((0..s * s).map(|i| class([i / s, i % s], weights, kernel, geometry, before)).collect())
        };
        Self { kernel, geometry, before, rows }
    }

    /// Whether inputs of this size have the zeros before them that this was made for.
    pub(crate) fn is_for(&self, size: Maps) -> bool {
        self.before == zeros_before(self.geometry, size)
    }

    /// Gradient for the input of `size`, as the values of `(N, ⌈C/16⌉, H, W, 16)`, plus `rest`;
    /// `dy` has the size of the output.
    pub(crate) fn input_gradient(&self, dy: &[f32], size: Maps, rest: Option<&[Pixel]>) -> Vec<f32> {
        match &self.rows {
            Packed::Reversed(rows) => {
                let mut values = vec![0.0; size.n * size.image() * LANES];
                let after = Epilogue { skip: rest, ..Epilogue::default() };
                self.reversed(rows, pixels(dy), size, after, pixels_mut(&mut values));
                values
            }
            Packed::Classes(classes) => {
                let from = output(size, self.kernel.outputs, self.geometry);
                self.by_classes(classes, dy, from, size, rest)
            }
        }
    }

    /// The gradient with what follows it on the way back, into `to`, of the input's size, whatever
    /// it holds; of stride 1.
    pub(crate) fn input_gradient_to(
        &self,
        dy: &[Pixel],
        size: Maps,
        after: Epilogue<'_>,
        to: &mut [Pixel],
    ) -> candle_core::Result<()> {
        match &self.rows {
            Packed::Reversed(rows) => self.reversed(rows, dy, size, after, to),
            Packed::Classes(_) => bail!("what follows the gradient can be joined to it only where the stride is 1"),
        }
        Ok(())
    }

    fn reversed(&self, rows: &[WidePixel], dy: &[Pixel], size: Maps, after: Epilogue<'_>, to: &mut [Pixel]) {
        let weights = Weights { kernel: self.swapped(self.kernel.taps), rows, bias: None };
        let g = Geometry::even(self.geometry.kernel, 1, self.geometry.kernel - 1 - self.before[0]);
        let source = LayerInput { pixels: dy, size: output(size, self.kernel.outputs, self.geometry), norm: None };
        convolve_to(source, weights, g, after, to);
    }

    /// The kernel with channels for outputs and some of its taps.
    fn swapped(&self, taps: usize) -> Kernel {
        Kernel { outputs: self.kernel.channels, channels: self.kernel.outputs, taps }
    }

    fn by_classes(&self, classes: &[Class], dy: &[f32], from: Maps, size: Maps, rest: Option<&[Pixel]>) -> Vec<f32> {
        let (g, s) = (self.geometry, self.geometry.stride);
        // The sums are added to what is there.
        let mut values = match rest {
            Some(rest) => rest.as_flattened().to_vec(),
            None => vec![0.0; size.n * size.image() * LANES],
        };
        let before = self.before.map(|zeros| margin_before(g, zeros));
        let margin = Margin { before, width: before[1] + from.w.max((size.w - 1 + self.before[1]) / s + 1) };
        let offsets: Vec<Vec<usize>> =
            classes.iter().map(|class| class.reach.iter().map(|(y, x)| y * margin.width + x).collect()).collect();
        let (dy, arch) = (pixels(dy), Arch::new());
        let rows = (STRIP / (from.blocks * margin.width)).saturating_sub(g.kernel.div_ceil(s)).max(1) * s;
        cut(pixels_mut(&mut values), size, rows.min(size.h) * size.w).into_par_iter().for_each(|strip| {
            let gradient = &dy[strip.image * from.image()..][..from.image()];
            let first = strip.start / size.w;
            let height = strip.planes[0].len() / size.w;
            with_scratch(|scratch| {
                // Padded rows from that of the first pixel's earliest tap on.
                let top = first / s;
                let count = (first + height - 1 + self.before[0]) / s + margin.before[0] + 1 - top;
                pad_gradient(gradient, from, top, count, margin, scratch);
                let mut planes = strip.planes;
                for (pair, planes) in planes.chunks_mut(2).enumerate() {
                    let pair = strip.block / 2 + pair;
                    for line in 0..height {
                        let y = first + line;
                        for column in 0..s.min(size.w) {
                            let which = y % s * s + column;
                            let class = &classes[which];
                            if class.reach.is_empty() {
                                continue;
                            }
                            let length = (size.w - column).div_ceil(s);
                            let mut sums =
                                [vec![[0.0; LANES]; length], vec![[0.0; LANES]; length * (planes.len() - 1)]];
                            let kernel = self.swapped(class.reach.len());
                            let windows = Windows {
                                pixels: scratch,
                                plane: count * margin.width,
                                blocks: blocks(kernel.channels),
                                taps: &offsets[which],
                                weights: &class.rows[pair * kernel.rows()..][..kernel.rows()],
                                stride: 1,
                            };
                            let start = (y / s - top) * margin.width;
                            let out = sums.each_mut().map(Vec::as_mut_slice);
                            arch.dispatch(Line { windows, start, ending: Ending::default(), out });
                            for (plane, sums) in planes.iter_mut().zip(&sums) {
                                let row = &mut plane[line * size.w..][..size.w];
                                row[column..].iter_mut().step_by(s).zip(sums).for_each(|(to, from)| {
                                    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
                                });
                            }
                        }
                    }
                }
            });
        });
        values
    }
}

/// Zeros above and to the left of an input.
fn zeros_before(g: Geometry, size: Maps) -> [usize; 2] {
    [g.before(size.h), g.before(size.w)]
}

/// Rows or columns of zeros before the gradient, so that no tap reaches out of it, where the input
/// has so many `zeros` before it.
fn margin_before(g: Geometry, zeros: usize) -> usize {
    (g.kernel - 1).saturating_sub(zeros).div_ceil(g.stride)
}

/// The taps that reach pixels with these remainders.
fn class(remainder: [usize; 2], weights: &[f32], kernel: Kernel, g: Geometry, zeros: [usize; 2]) -> Class {
    // Steps from the pixel's own place in the gradient, shifted by the margin, where the tap
    // divides.
    let steps = |axis: usize, k: usize| {
        let from = remainder[axis] + zeros[axis] + margin_before(g, zeros[axis]) * g.stride;
        (from >= k && (from - k).is_multiple_of(g.stride)).then(|| (from - k) / g.stride)
    };
    let mut taps = Vec::new();
    let mut reach = Vec::new();
    for ky in 0..g.kernel {
        for kx in 0..g.kernel {
            if let (Some(y), Some(x)) = (steps(0, ky), steps(1, kx)) {
                taps.push(ky * g.kernel + kx);
                reach.push((y, x));
            }
        }
    }
    Class { rows: pack_transposed(weights, kernel, &taps), reach }
}

/// Copies `count` rows of the padded gradient from row `top` on.
fn pad_gradient(dy: &[Pixel], size: Maps, top: usize, count: usize, margin: Margin, out: &mut Vec<Pixel>) {
    out.clear();
    out.resize(size.blocks * count * margin.width, [0.0; LANES]);
    for (plane, out) in dy.chunks_exact(size.area()).zip(out.chunks_exact_mut(count * margin.width)) {
        for (y, row) in (top..).zip(out.chunks_exact_mut(margin.width)) {
            let [above, left] = margin.before;
            if (above..size.h + above).contains(&y) {
                row[left..][..size.w].copy_from_slice(&plane[(y - above) * size.w..][..size.w]);
            }
        }
    }
}

/// Gradient for the kernel, `(O, C, k, k)`, summed over the batch: `x` is of `size`, `dy` has the
/// size of the output.
pub(crate) fn kernel_gradient(x: &[f32], size: Maps, dy: &[f32], kernel: Kernel, g: Geometry) -> Vec<f32> {
    let from = output(size, kernel.outputs, g);
    let (x, dy, arch) = (pixels(x), pixels(dy), Arch::new());
    let units = kernel.pairs() * size.blocks;
    // Few units of many images are shared out by images too; the cut depends on the shapes alone,
    // and so do the sums.
    let parts = (8usize).div_ceil(units).min(size.n.max(1));
    let share = size.n.div_ceil(parts).max(1);
    let length = kernel.taps * LANES;
    let mut rows = vec![[0.0f32; WIDE]; parts * units * length];
    rows.par_chunks_exact_mut(length).enumerate().for_each(|(i, sums)| {
        let (part, unit) = (i / units, i % units);
        let (pair, block) = (unit / size.blocks, unit % size.blocks);
        for image in (part * share..size.n).take(share) {
            let x = &x[image * size.image() + block * size.area()..][..size.area()];
            let plane = |b: usize| {
                if b < from.blocks { &dy[image * from.image() + b * from.area()..][..from.area()] } else { &[] }
            };
            products(arch, x, size, [plane(2 * pair), plane(2 * pair + 1)], from, g, sums);
        }
    });
    let (total, others) = rows.split_at_mut(units * length);
    for other in others.chunks_exact(units * length) {
        total.iter_mut().zip(other).for_each(|(t, o)| t.iter_mut().zip(o).for_each(|(t, o)| *t += o));
    }
    unpack(total, kernel)
}

/// All taps of one block of one image: a row (or, for one tap, the whole plane) of products at a
/// time.
fn products(arch: Arch, x: &[Pixel], size: Maps, dy: [&[Pixel]; 2], from: Maps, g: Geometry, sums: &mut [WidePixel]) {
    let mut sums: Vec<&mut [WidePixel; LANES]> = sums.as_chunks_mut().0.iter_mut().collect();
    if g.is_pointwise() {
        arch.dispatch(Products { x, stride: 1, dy, sums: sums[0] });
        return;
    }
    let [above, left] = zeros_before(g, size);
    for oy in 0..from.h {
        for ky in 0..g.kernel {
            let y = oy * g.stride + ky;
            if y < above || y >= size.h + above {
                continue;
            }
            let row = &x[(y - above) * size.w..][..size.w];
            for kx in 0..g.kernel {
                // Output columns whose tap lies inside the image.
                let first = left.saturating_sub(kx).div_ceil(g.stride);
                let last = (size.w + left).saturating_sub(kx).div_ceil(g.stride).min(from.w);
                if first >= last {
                    continue;
                }
                let part = |dy: &'_ [Pixel]| -> std::ops::Range<usize> {
                    if dy.is_empty() { 0..0 } else { oy * from.w + first..oy * from.w + last }
                };
                let dy = [&dy[0][part(dy[0])], &dy[1][part(dy[1])]];
                let x = &row[first * g.stride + kx - left..];
                arch.dispatch(Products { x, stride: g.stride, dy, sums: &mut *sums[ky * g.kernel + kx] });
            }
        }
    }
}
