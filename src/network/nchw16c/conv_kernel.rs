//! The inner loop of a convolution: one line of output pixels, 32 output channels at a time.
//!
//! Up to fourteen pixels × 32 channels are summed in vector registers. For each tap and each input
//! channel, two vectors of weights meet the channel's value at each pixel: two loads and fourteen
//! broadcasts for 28 multiply-adds with AVX-512, six pixels with AVX2.

#![allow(
    clippy::inline_always,
    reason = "vector code must be inlined into the function that is compiled for the processor"
)]

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::affine::Affine;
use super::{LANES, Pixel, WIDE, WidePixel};
use crate::activation::Activation;

/// Where the windows of a line lie, and what they are multiplied by.
#[derive(Clone, Copy)]
pub(super) struct Windows<'a> {
    /// Blocks of the (padded) input, each of `plane` pixels.
    pub pixels: &'a [Pixel],
    pub plane: usize,
    pub blocks: usize,
    /// Distance of each tap from the first pixel of its window.
    pub taps: &'a [usize],
    /// For each block, tap and channel of the block: one row.
    pub weights: &'a [WidePixel],
    /// Distance of neighbouring windows.
    pub stride: usize,
}

/// What happens to the sums before they are written, in this order.
#[derive(Clone, Copy, Default)]
pub(super) struct Ending<'a> {
    pub bias: Option<&'a WidePixel>,
    /// The way back through a norm and its ReLU, a line and a norm for each block: see
    /// [`super::forward::Gate`].
    pub gate: Option<[(&'a [Pixel], &'a Affine); 2]>,
    /// The same line of the branch that is added, a slice for each block.
    pub skip: Option<[&'a [Pixel]; 2]>,
    pub activation: Activation,
}

/// Computes one line; dispatched to the widest vectors that the processor has.
pub(super) struct Line<'a, 'o> {
    pub windows: Windows<'a>,
    /// Pixel of the input at which the first window begins.
    pub start: usize,
    pub ending: Ending<'a>,
    /// One line for each block of outputs; the second one is empty where there is none.
    pub out: [&'o mut [Pixel]; 2],
}

impl WithSimd for Line<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let single = self.out[1].is_empty();
        match (S::F32_LANES, self.windows.stride, single) {
            (16, 1, false) => wide::<S, 2, 1>(simd, &mut self),
            (16, 1, true) => wide::<S, 1, 1>(simd, &mut self),
            (16, 2, false) => wide::<S, 2, 2>(simd, &mut self),
            (16, 2, true) => wide::<S, 1, 2>(simd, &mut self),
            (16, _, false) => wide::<S, 2, ANY>(simd, &mut self),
            (16, _, true) => wide::<S, 1, ANY>(simd, &mut self),
            (_, 1, _) => narrow::<S, 1>(simd, &mut self),
            (_, 2, _) => narrow::<S, 2>(simd, &mut self),
            _ => narrow::<S, ANY>(simd, &mut self),
        }
    }
}

/// Where the next tile begins and how long it is: the shortest of `sizes` (falling, ending with 1)
/// that covers what is left; it may reach back over pixels that were computed before.
#[inline(always)]
pub(super) fn next_tile(x: usize, length: usize, sizes: &[usize]) -> (usize, usize) {
    let left = length - x;
    let mut best = 0;
    for &size in sizes.iter().filter(|&&s| s <= length) {
        if best == 0 || size >= left {
            best = size;
        }
    }
    (x.min(length - best), best)
}

/// Vectors of sixteen lanes.
#[inline(always)]
fn wide<S: Simd, const V: usize, const STRIDE: usize>(simd: S, line: &mut Line<'_, '_>) {
    let length = line.out[0].len();
    let mut x = 0;
    while x < length {
        let (start, size) = next_tile(x, length, &[14, 7, 4, 1]);
        match size {
            14 => tile::<S, 14, V, STRIDE>(simd, line, start, 0),
            7 => tile::<S, 7, V, STRIDE>(simd, line, start, 0),
            4 => tile::<S, 4, V, STRIDE>(simd, line, start, 0),
            _ => tile::<S, 1, V, STRIDE>(simd, line, start, 0),
        }
        x = start + size;
    }
}

/// Vectors of eight lanes or fewer: pairs of them, one after the other.
#[inline(always)]
fn narrow<S: Simd, const STRIDE: usize>(simd: S, line: &mut Line<'_, '_>) {
    let length = line.out[0].len();
    let outputs = if line.out[1].is_empty() { LANES } else { WIDE };
    for pair in 0..outputs / (2 * S::F32_LANES) {
        let mut x = 0;
        while x < length {
            let (start, size) = next_tile(x, length, &[6, 3, 1]);
            match size {
                6 => tile::<S, 6, 2, STRIDE>(simd, line, start, 2 * pair),
                3 => tile::<S, 3, 2, STRIDE>(simd, line, start, 2 * pair),
                _ => tile::<S, 1, 2, STRIDE>(simd, line, start, 2 * pair),
            }
            x = start + size;
        }
    }
}

/// Stands for a stride that the compiler does not know.
const ANY: usize = 0;

/// `P` pixels from `x` on, `V` vectors of outputs from the one numbered `first` on.
#[inline(always)]
fn tile<S: Simd, const P: usize, const V: usize, const STRIDE: usize>(
    simd: S,
    line: &mut Line<'_, '_>,
    x: usize,
    first: usize,
) {
    let mut sums = [[simd.splat_f32s(0.0); V]; P];
    if let Some(bias) = line.ending.bias {
        let bias = S::as_simd_f32s(bias).0;
        sums = [std::array::from_fn(|v| bias[first + v]); P];
    }
    let windows = line.windows;
    let stride = if STRIDE == ANY { windows.stride } else { STRIDE };
    let mut weights = windows.weights;
    for block in 0..windows.blocks {
        let at = block * windows.plane + line.start + x * stride;
        for &tap in windows.taps {
            let pixels = &windows.pixels[at + tap..][..=(P - 1) * stride];
            let Some((rows, rest)) = weights.split_first_chunk::<LANES>() else { return };
            weights = rest;
            for (c, row) in rows.iter().enumerate() {
                let row = &S::as_simd_f32s(row).0[first..][..V];
                for (p, sum) in sums.iter_mut().enumerate() {
                    let value = simd.splat_f32s(pixels[p * stride][c]);
                    for (sum, w) in sum.iter_mut().zip(row) {
                        *sum = simd.mul_add_f32s(*w, value, *sum);
                    }
                }
            }
        }
    }
    for v in 0..V {
        let lane = (first + v) * S::F32_LANES;
        let (block, part) = (lane / LANES, lane % LANES / S::F32_LANES);
        for (pixel, sum) in line.out[block][x..x + P].iter_mut().zip(&sums) {
            S::as_mut_simd_f32s(pixel).0[part] = sum[v];
        }
    }
    let Ending { gate, skip, activation, .. } = line.ending;
    if gate.is_some() || skip.is_some() || activation != Activation::None {
        for lane in (first..first + V).map(|v| v * S::F32_LANES) {
            finish(simd, line, x..x + P, lane);
        }
    }
}

/// What follows the sums, on pixels that were just written: were it done while the sums are in
/// registers, it would drive them out.
#[inline(always)]
fn finish<S: Simd>(simd: S, line: &mut Line<'_, '_>, pixels: Range<usize>, lane: usize) {
    let (block, part) = (lane / LANES, lane % LANES / S::F32_LANES);
    let zero = simd.splat_f32s(0.0);
    let out = &mut line.out[block][pixels.clone()];
    if let Some(gate) = line.ending.gate {
        let (given, affine) = gate[block];
        let (scale, shift) = (S::as_simd_f32s(&affine.scale).0[part], S::as_simd_f32s(&affine.shift).0[part]);
        for (pixel, given) in out.iter_mut().zip(&given[pixels.clone()]) {
            let (y, x) = (&mut S::as_mut_simd_f32s(pixel).0[part], S::as_simd_f32s(given).0[part]);
            let open = simd.less_than_f32s(zero, simd.add_f32s(simd.mul_f32s(x, scale), shift));
            *y = simd.select_f32s(open, simd.mul_f32s(*y, scale), zero);
        }
    }
    if let Some(skip) = line.ending.skip {
        for (pixel, skip) in out.iter_mut().zip(&skip[block][pixels]) {
            let y = &mut S::as_mut_simd_f32s(pixel).0[part];
            *y = simd.add_f32s(*y, S::as_simd_f32s(skip).0[part]);
        }
    }
    match line.ending.activation {
        Activation::None => {}
        Activation::Relu => {
            for pixel in out {
                let y = &mut S::as_mut_simd_f32s(pixel).0[part];
                // Not the maximum, which would turn what is no number into 0.
                *y = simd.select_f32s(simd.less_than_f32s(*y, zero), zero, *y);
            }
        }
        other => {
            for pixel in out {
                other.apply(&mut pixel[part * S::F32_LANES..][..S::F32_LANES]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_every_line_and_waste_little() {
        for length in 1..200 {
            let (mut x, mut work) = (0, 0);
            while x < length {
                let (start, size) = next_tile(x, length, &[14, 7, 4, 1]);
                assert!(start <= x && start + size > x && start + size <= length);
                work += size;
                x = start + size;
            }
            assert!(work <= length + 6, "{work} pixels computed for a line of {length}");
        }
    }

    /// The same line by vectors of every width.
    #[test]
    fn processors_of_every_vector_width_compute_the_same_line() {
        let (width, length) = (24, 20);
        let value = |i: usize| ((i * 37 % 101) as f32 - 50.0) * 0.02;
        let pixels: Vec<Pixel> = (0..2 * 3 * width).map(|i| std::array::from_fn(|k| value(i * 16 + k))).collect();
        let taps: Vec<usize> = (0..9).map(|t| t / 3 * width + t % 3).collect();
        let weights: Vec<WidePixel> = (0..2 * 9 * LANES).map(|i| std::array::from_fn(|k| value(i * 29 + k))).collect();
        let skip: Vec<Pixel> = (0..length).map(|i| [value(i); LANES]).collect();
        let bias: WidePixel = std::array::from_fn(value);
        let affine = Affine { scale: std::array::from_fn(|k| 1.0 + value(k)), shift: std::array::from_fn(value) };
        for outputs in [1, 2] {
            let line = |run: &dyn Fn(Line<'_, '_>)| -> Vec<f32> {
                let mut out = [vec![[0.0; LANES]; length], vec![[0.0; LANES]; length * (outputs - 1)]];
                let windows =
                    Windows { pixels: &pixels, plane: 3 * width, blocks: 2, taps: &taps, weights: &weights, stride: 1 };
                let gate = Some([(&skip[..], &affine), (&skip[..], &affine)]);
                let ending =
                    Ending { bias: Some(&bias), gate, skip: Some([&skip, &skip]), activation: Activation::Silu };
                run(Line { windows, start: 1, ending, out: out.each_mut().map(Vec::as_mut_slice) });
                out.concat().as_flattened().to_vec()
            };
            let expected = line(&|l| l.with_simd(pulp::Scalar::new()));
            assert!(expected.iter().any(|v| *v > 0.5));
            let others = [
                line(&|l| l.with_simd(pulp::Scalar256b)),
                line(&|l| l.with_simd(pulp::Scalar512b)),
                line(&|l| pulp::Arch::new().dispatch(l)),
            ];
            for found in others {
                assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4));
            }
        }
    }
}
