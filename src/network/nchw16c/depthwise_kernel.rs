//! The inner loops of a depthwise convolution: a pixel times a tap is one vector product.
//!
//! Rows come padded, so no tap asks whether it lies inside. Forward, eight pixels are summed in
//! registers over all taps; for the gradient of the kernel, the taps of one row of it are summed
//! over four pixels at a time.

#![allow(
    clippy::inline_always,
    reason = "vector code must be inlined into the function that is compiled for the processor"
)]

use pulp::{Simd, WithSimd};

use super::conv_kernel::next_tile;
use super::{LANES, Pixel};
use crate::activation::Activation;

/// Padded rows of one block of one image, from the first that is read on.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub pixels: &'a [Pixel],
    pub width: usize,
}

/// One line of output pixels.
pub(super) struct DepthwiseLine<'a, 'o> {
    /// From the first row of the line's windows on.
    pub rows: Rows<'a>,
    /// `k · k` taps.
    pub kernel: &'a [Pixel],
    pub side: usize,
    pub stride: usize,
    pub bias: Option<&'a Pixel>,
    pub activation: Activation,
    pub out: &'o mut [Pixel],
}

impl WithSimd for DepthwiseLine<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for part in 0..LANES / S::F32_LANES {
            let mut x = 0;
            while x < self.out.len() {
                let (start, size) = next_tile(x, self.out.len(), &[8, 4, 1]);
                match (size, self.stride) {
                    (8, 1) => tile::<S, 8, 1>(simd, &mut self, start, part),
                    (4, 1) => tile::<S, 4, 1>(simd, &mut self, start, part),
                    (8, 2) => tile::<S, 8, 2>(simd, &mut self, start, part),
                    (4, 2) => tile::<S, 4, 2>(simd, &mut self, start, part),
                    (8, _) => tile::<S, 8, ANY>(simd, &mut self, start, part),
                    (4, _) => tile::<S, 4, ANY>(simd, &mut self, start, part),
                    _ => tile::<S, 1, 1>(simd, &mut self, start, part),
                }
                x = start + size;
            }
        }
        self.activation.apply(self.out.as_flattened_mut());
    }
}

/// Stands for a stride that the compiler does not know.
const ANY: usize = 0;

/// `P` pixels from `x` on, the lanes of one vector.
#[inline(always)]
fn tile<S: Simd, const P: usize, const STRIDE: usize>(
    simd: S,
    line: &mut DepthwiseLine<'_, '_>,
    x: usize,
    part: usize,
) {
    let bias = line.bias.map_or(simd.splat_f32s(0.0), |bias| S::as_simd_f32s(bias).0[part]);
    let mut sums = [bias; P];
    let stride = if STRIDE == ANY { line.stride } else { STRIDE };
    for (ky, kernel) in line.kernel.chunks_exact(line.side).enumerate() {
        let row = &line.rows.pixels[ky * line.rows.width + x * line.stride..];
        for (kx, tap) in kernel.iter().enumerate() {
            let tap = S::as_simd_f32s(tap).0[part];
            let pixels = &row[kx..][..=(P - 1) * stride];
            for (p, sum) in sums.iter_mut().enumerate() {
                *sum = simd.mul_add_f32s(tap, S::as_simd_f32s(&pixels[p * stride]).0[part], *sum);
            }
        }
    }
    for (pixel, sum) in line.out[x..x + P].iter_mut().zip(sums) {
        S::as_mut_simd_f32s(pixel).0[part] = sum;
    }
}

/// `sums[ky · k + kx] += Σ dy[ox] · x[ox · s + kx]` for one line of `dy` and the rows of its
/// windows.
pub(super) struct DepthwiseProducts<'a, 'o> {
    pub rows: Rows<'a>,
    pub side: usize,
    pub stride: usize,
    pub dy: &'a [Pixel],
    pub sums: &'o mut [Pixel],
}

impl WithSimd for DepthwiseProducts<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        match (self.side, self.stride) {
            (3, 1) => products::<S, 3, 1>(simd, &mut self),
            (3, 2) => products::<S, 3, 2>(simd, &mut self),
            (5, 1) => products::<S, 5, 1>(simd, &mut self),
            (5, 2) => products::<S, 5, 2>(simd, &mut self),
            _ => any_products(simd, &mut self),
        }
    }
}

/// Pixels whose products are summed side by side, so that no sum waits for the one before.
const APART: usize = 4;

#[inline(always)]
fn products<S: Simd, const K: usize, const STRIDE: usize>(simd: S, all: &mut DepthwiseProducts<'_, '_>) {
    let whole = all.dy.len() / APART * APART;
    for part in 0..LANES / S::F32_LANES {
        for ky in 0..K {
            let row = &all.rows.pixels[ky * all.rows.width..];
            let mut sums = [[simd.splat_f32s(0.0); K]; APART];
            for (i, dy) in all.dy[..whole].chunks_exact(APART).enumerate() {
                let pixels = &row[i * APART * STRIDE..][..(APART - 1) * STRIDE + K];
                for (p, sums) in sums.iter_mut().enumerate() {
                    let d = S::as_simd_f32s(&dy[p]).0[part];
                    for (kx, sum) in sums.iter_mut().enumerate() {
                        *sum = simd.mul_add_f32s(d, S::as_simd_f32s(&pixels[p * STRIDE + kx]).0[part], *sum);
                    }
                }
            }
            for (i, dy) in all.dy[whole..].iter().enumerate() {
                let pixels = &row[(whole + i) * STRIDE..][..K];
                let d = S::as_simd_f32s(dy).0[part];
                for (kx, sum) in sums[0].iter_mut().enumerate() {
                    *sum = simd.mul_add_f32s(d, S::as_simd_f32s(&pixels[kx]).0[part], *sum);
                }
            }
            for (kx, total) in all.sums[ky * K..][..K].iter_mut().enumerate() {
                let total = &mut S::as_mut_simd_f32s(total).0[part];
                for sums in &sums {
                    *total = simd.add_f32s(*total, sums[kx]);
                }
            }
        }
    }
}

/// The same for kernels of any side.
#[inline(always)]
fn any_products<S: Simd>(simd: S, all: &mut DepthwiseProducts<'_, '_>) {
    for part in 0..LANES / S::F32_LANES {
        for (i, total) in all.sums.iter_mut().enumerate() {
            let row = &all.rows.pixels[i / all.side * all.rows.width + i % all.side..];
            let total = &mut S::as_mut_simd_f32s(total).0[part];
            for (dy, x) in all.dy.iter().zip(row.iter().step_by(all.stride)) {
                *total = simd.mul_add_f32s(S::as_simd_f32s(dy).0[part], S::as_simd_f32s(x).0[part], *total);
            }
        }
    }
}

/// Hands one line of `dy` back to the rows of its windows:
/// `rows[ky][ox · s + kx] += dy[ox] · kernel[ky · k + kx]`.
pub(super) struct DepthwiseScatter<'a, 'o> {
    /// From the first row of the line's windows on.
    pub rows: &'o mut [Pixel],
    pub width: usize,
    pub kernel: &'a [Pixel],
    pub side: usize,
    pub stride: usize,
    pub dy: &'a [Pixel],
}

impl WithSimd for DepthwiseScatter<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (ky, kernel) in self.kernel.chunks_exact(self.side).enumerate() {
            for (kx, tap) in kernel.iter().enumerate() {
                let row = &mut self.rows[ky * self.width + kx..];
                for (to, dy) in row.iter_mut().step_by(self.stride).zip(self.dy) {
                    let (to, dy, tap) = (S::as_mut_simd_f32s(to).0, S::as_simd_f32s(dy).0, S::as_simd_f32s(tap).0);
                    for ((to, dy), tap) in to.iter_mut().zip(dy).zip(tap) {
                        *to = simd.mul_add_f32s(*dy, *tap, *to);
                    }
                }
            }
        }
    }
}
