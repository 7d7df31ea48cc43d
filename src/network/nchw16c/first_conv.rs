//! The first convolution of a network, from planes of one or three channels into blocks.
//!
//! A block of sixteen channels would be nearly empty. So the taps of all channels of a window are
//! laid out as the channels of a longer pixel (im2col in blocks), and the convolution is one of a
//! single tap; its gradient is one of a single tap back to the columns, which are added up where
//! they came from.

use candle_core::Shape;
use pulp::Arch;
use rayon::prelude::*;

use super::forward::{Epilogue, Strip, Task, Weights, cut, output, with_scratch};
use super::packing::{Kernel, pack_transposed, unpack};
use super::weight_grad_kernel::Products;
use super::{LANES, Maps, Pixel, WIDE, WidePixel, blocks, pixels, pixels_mut};
use crate::geometry::Geometry;

/// Values of the columns of a strip that are aimed at, in pixels of a block.
const STRIP: usize = 4096;

/// Planes `(N, C, H, W)` of a few channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planes {
    pub n: usize,
    pub channels: usize,
    pub h: usize,
    pub w: usize,
}

impl Planes {
    /// Values of an image.
    fn image(self) -> usize {
        self.channels * self.h * self.w
    }

    pub(crate) fn shape(self) -> Shape {
        (self.n, self.channels, self.h, self.w).into()
    }

    /// The kernel as one of a single tap over `C·k·k` channels.
    pub(crate) fn columns(self, outputs: usize, g: Geometry) -> Kernel {
        Kernel { outputs, channels: self.channels * g.kernel * g.kernel, taps: 1 }
    }

    /// The windows of a line, from the first up to before the last, whose tap `kx` lies inside the
    /// planes.
    fn reach(self, g: Geometry, kx: usize, windows: usize) -> (usize, usize) {
        let left = g.before(self.w);
        let first = left.saturating_sub(kx).div_ceil(g.stride);
        (first, (self.w + left).saturating_sub(kx).div_ceil(g.stride).min(windows))
    }

    fn output(self, outputs: usize, g: Geometry) -> Maps {
        output(Maps { n: self.n, blocks: 1, h: self.h, w: self.w }, outputs, g)
    }
}

/// Rows of output pixels of a strip.
fn rows(columns: Kernel, out: Maps) -> usize {
    (STRIP / (blocks(columns.channels) * out.w)).clamp(1, out.h)
}

/// `relu(W ∗ x + b)`; the kernel of `weights` is that of [`Planes::columns`].
pub(crate) fn convolve(x: &[f32], size: Planes, weights: Weights<'_>, g: Geometry, epilogue: Epilogue<'_>) -> Vec<f32> {
    let out = size.output(weights.kernel.outputs, g);
    let mut values = vec![0.0; out.n * out.image() * LANES];
    if values.is_empty() {
        return values;
    }
    let arch = Arch::new();
    let task = Task { arch, weights, epilogue, out, taps: &[0], stride: 1 };
    cut(pixels_mut(&mut values), out, rows(weights.kernel, out) * out.w).into_par_iter().for_each(|strip| {
        let image = &x[strip.image * size.image()..][..size.image()];
        let count = strip.planes[0].len();
        with_scratch(|scratch| {
            columns(image, size, g, out, strip.start..strip.start + count, scratch);
            task.run(strip, scratch, count, count, |_| 0);
        });
    });
    values
}

/// The kernel `(O, C, k, k)`, as [`Planes::columns`] says, for the way back to the columns.
pub(crate) fn transposed(weights: &[f32], columns: Kernel) -> Vec<WidePixel> {
    pack_transposed(weights, columns, &[0])
}

/// Gradient for the planes, `(N, C, H, W)`; `rows` is the [`transposed`] kernel of `outputs`.
pub(crate) fn input_gradient(dy: &[f32], size: Planes, rows: &[WidePixel], outputs: usize, g: Geometry) -> Vec<f32> {
    let (kernel, out, arch) = (size.columns(outputs, g), size.output(outputs, g), Arch::new());
    let back = Kernel { outputs: kernel.channels, channels: outputs, taps: 1 };
    let deep = Maps { n: 1, blocks: blocks(kernel.channels), ..out };
    let weights = Weights { kernel: back, rows, bias: None };
    let task = Task { arch, weights, epilogue: Epilogue::default(), out: deep, taps: &[0], stride: 1 };
    let step = self::rows(kernel, out);
    let dy = pixels(dy);
    let strips = out.h.div_ceil(step);
    let mut dx = vec![0.0; size.n * size.image()];
    // Windows of neighbouring strips overlap: each strip has rows of its own, added up in their
    // order.
    let parts: Vec<Vec<f32>> = (0..size.n * strips)
        .into_par_iter()
        .map(|i| {
            let (image, first) = (&dy[i / strips * out.image()..][..out.image()], i % strips * step);
            let count = step.min(out.h - first);
            with_scratch(|scratch| {
                scratch.clear();
                scratch.resize(deep.blocks * count * out.w, [0.0; LANES]);
                let planes = scratch.chunks_exact_mut(count * out.w).collect();
                let strip = Strip { image: 0, block: 0, start: first * out.w, planes };
                task.run(strip, image, out.area(), count * out.w, |_| first * out.w);
                scatter(scratch, size, g, out.w, count)
            })
        })
        .collect();
    let height = size.h as isize;
    for (i, part) in parts.iter().enumerate() {
        let image = &mut dx[i / strips * size.image()..][..size.image()];
        let top = (i % strips * step * g.stride) as isize - g.before(size.h) as isize;
        let rows = part.len() / (size.channels * size.w);
        for (plane, part) in image.chunks_exact_mut(size.h * size.w).zip(part.chunks_exact(rows * size.w)) {
            for (y, row) in (top..).zip(part.chunks_exact(size.w)).filter(|(y, _)| (0..height).contains(y)) {
                let sums = &mut plane[y as usize * size.w..][..size.w];
                sums.iter_mut().zip(row).for_each(|(s, v)| *s += v);
            }
        }
    }
    dx
}

/// The columns of `count` rows of windows, added up in the rows of the planes that these windows
/// see, margins above and below among them.
fn scatter(columns: &[Pixel], size: Planes, g: Geometry, width: usize, count: usize) -> Vec<f32> {
    let height = (count - 1) * g.stride + g.kernel;
    let mut planes = vec![0.0; size.channels * height * size.w];
    for j in 0..size.channels * g.kernel * g.kernel {
        let (c, ky, kx) = (j / (g.kernel * g.kernel), j / g.kernel % g.kernel, j % g.kernel);
        let (first, last) = size.reach(g, kx, width);
        if first >= last {
            continue;
        }
        let block = &columns[j / LANES * count * width..][..count * width];
        for (i, line) in block.chunks_exact(width).enumerate() {
            let row = &mut planes[(c * height + i * g.stride + ky) * size.w..][..size.w];
            let to = row[first * g.stride + kx - g.before(size.w)..].iter_mut().step_by(g.stride);
            to.zip(&line[first..last]).for_each(|(to, pixel)| *to += pixel[j % LANES]);
        }
    }
    planes
}

/// Gradient for the kernel, `(O, C, k, k)`, summed over the batch.
pub(crate) fn kernel_gradient(x: &[f32], size: Planes, dy: &[f32], outputs: usize, g: Geometry) -> Vec<f32> {
    let (kernel, out, arch) = (size.columns(outputs, g), size.output(outputs, g), Arch::new());
    let dy = pixels(dy);
    let step = rows(kernel, out) * out.w;
    let length = kernel.pairs() * kernel.rows();
    // A sum of its own for each image, added up in their order.
    let sums: Vec<Vec<WidePixel>> = x
        .par_chunks_exact(size.image().max(1))
        .zip(dy.par_chunks_exact(out.image().max(1)))
        .map(|(image, dy)| {
            let mut sums = vec![[0.0; WIDE]; length];
            with_scratch(|scratch| {
                for start in (0..out.area()).step_by(step) {
                    let end = (start + step).min(out.area());
                    columns(image, size, g, out, start..end, scratch);
                    for (unit, sums) in sums.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                        let (pair, block) = (unit / blocks(kernel.channels), unit % blocks(kernel.channels));
                        let line = |b: usize| {
                            if b < out.blocks { &dy[b * out.area()..][start..end] } else { &[] }
                        };
                        let x = &scratch[block * (end - start)..][..end - start];
                        arch.dispatch(Products { x, stride: 1, dy: [line(2 * pair), line(2 * pair + 1)], sums });
                    }
                }
            });
            sums
        })
        .collect();
    let mut total = vec![[0.0f32; WIDE]; length];
    for sums in &sums {
        total.iter_mut().zip(sums).for_each(|(t, s)| t.iter_mut().zip(s).for_each(|(t, s)| *t += s));
    }
    unpack(&total, kernel)
}

/// The windows of the output pixels `range` as blocks of `C·k·k` channels.
fn columns(image: &[f32], size: Planes, g: Geometry, out: Maps, range: std::ops::Range<usize>, to: &mut Vec<Pixel>) {
    let count = range.len();
    let depth = size.channels * g.kernel * g.kernel;
    to.clear();
    to.resize(blocks(depth) * count, [0.0; LANES]);
    for j in 0..depth {
        let (c, ky, kx) = (j / (g.kernel * g.kernel), j / g.kernel % g.kernel, j % g.kernel);
        let plane = &image[c * size.h * size.w..][..size.h * size.w];
        let (first, last) = size.reach(g, kx, out.w);
        let (above, left) = (g.before(size.h), g.before(size.w));
        let block = &mut to[j / LANES * count..][..count];
        for (i, line) in block.chunks_exact_mut(out.w).enumerate() {
            let y = (range.start / out.w + i) * g.stride + ky;
            if y < above || y >= size.h + above || first >= last {
                continue;
            }
            let source = &plane[(y - above) * size.w + first * g.stride + kx - left..];
            for (pixel, v) in line[first..last].iter_mut().zip(source.iter().step_by(g.stride)) {
                pixel[j % LANES] = *v;
            }
        }
    }
}
