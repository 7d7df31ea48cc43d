//! The inner loop of a kernel's gradient: products of input and gradient pixels, summed over a
//! line.
//!
//! `dW[c][o] += Σ_x X[x][c] · dY[x][o]` for the sixteen channels of an input block and the 32 of
//! two output blocks; eight channels × two vectors stay in registers while the line goes by.

#![allow(
    clippy::inline_always,
    reason = "vector code must be inlined into the function that is compiled for the processor"
)]

use pulp::{Simd, WithSimd};

use super::{LANES, Pixel, WIDE, WidePixel};

/// One line of products, dispatched to the widest vectors that the processor has.
pub(super) struct Products<'a, 'o> {
    /// Pixels of the input from the first to the last that is used, `stride` apart.
    pub x: &'a [Pixel],
    pub stride: usize,
    /// Pixels of the gradient, a line for each block of outputs; the second is empty where there is
    /// none.
    pub dy: [&'a [Pixel]; 2],
    /// A row for each channel of the input.
    pub sums: &'o mut [WidePixel; LANES],
}

impl WithSimd for Products<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, stride, dy, sums } = self;
        let single = dy[1].is_empty();
        match (S::F32_LANES, single) {
            (16, false) => {
                for first in [0, 8] {
                    both::<S, 8>(simd, x, stride, dy, sums, first);
                }
            }
            (16, true) => one::<S, 16, 1>(simd, x, stride, dy[0], sums, 0, [0, 0]),
            _ => {
                let outputs = if single { LANES } else { WIDE };
                for vector in (0..outputs / S::F32_LANES).step_by(2) {
                    let lane = vector * S::F32_LANES;
                    let part = [vector, lane % LANES / S::F32_LANES];
                    for first in (0..LANES).step_by(4) {
                        one::<S, 4, 2>(simd, x, stride, dy[lane / LANES], sums, first, part);
                    }
                }
            }
        }
    }
}

/// `C` input channels from `first` on, two blocks of sixteen outputs.
#[inline(always)]
fn both<S: Simd, const C: usize>(
    simd: S,
    x: &[Pixel],
    stride: usize,
    dy: [&[Pixel]; 2],
    sums: &mut [WidePixel; LANES],
    first: usize,
) {
    let mut acc: [[S::f32s; 2]; C] = std::array::from_fn(|c| {
        let row = S::as_simd_f32s(&sums[first + c]).0;
        [row[0], row[1]]
    });
    for ((pixel, a), b) in x.iter().step_by(stride).zip(dy[0]).zip(dy[1]) {
        let (a, b) = (S::as_simd_f32s(a).0[0], S::as_simd_f32s(b).0[0]);
        for (c, acc) in acc.iter_mut().enumerate() {
            let value = simd.splat_f32s(pixel[first + c]);
            acc[0] = simd.mul_add_f32s(a, value, acc[0]);
            acc[1] = simd.mul_add_f32s(b, value, acc[1]);
        }
    }
    for (c, acc) in acc.iter().enumerate() {
        let row = S::as_mut_simd_f32s(&mut sums[first + c]).0;
        (row[0], row[1]) = (acc[0], acc[1]);
    }
}

/// `C` input channels from `first` on, `V` vectors of one block of outputs: `part` is the first
/// one's number in the row and in the block.
#[inline(always)]
fn one<S: Simd, const C: usize, const V: usize>(
    simd: S,
    x: &[Pixel],
    stride: usize,
    dy: &[Pixel],
    sums: &mut [WidePixel; LANES],
    first: usize,
    part: [usize; 2],
) {
    let [in_row, in_block] = part;
    let mut acc: [[S::f32s; V]; C] = std::array::from_fn(|c| {
        let row = S::as_simd_f32s(&sums[first + c]).0;
        std::array::from_fn(|v| row[in_row + v])
    });
    for (pixel, d) in x.iter().step_by(stride).zip(dy) {
        let d = S::as_simd_f32s(d).0;
        for (c, acc) in acc.iter_mut().enumerate() {
            let value = simd.splat_f32s(pixel[first + c]);
            for (v, acc) in acc.iter_mut().enumerate() {
                *acc = simd.mul_add_f32s(d[in_block + v], value, *acc);
            }
        }
    }
    for (c, acc) in acc.iter().enumerate() {
        S::as_mut_simd_f32s(&mut sums[first + c]).0[in_row..in_row + V].copy_from_slice(acc);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_of_every_vector_width_sum_the_same_products() {
        let value = |i: usize| ((i * 37 % 101) as f32 - 50.0) * 0.02;
        let line = |seed: usize, length: usize| -> Vec<Pixel> {
            (0..length).map(|i| std::array::from_fn(|k| value(seed + i * 16 + k))).collect()
        };
        let (x, dy) = (line(1, 21), [line(2, 11), line(3, 11)]);
        for single in [false, true] {
            let sum = |run: &dyn Fn(Products<'_, '_>)| -> Vec<f32> {
                let mut sums = [[0.5; WIDE]; LANES];
                let second: &[Pixel] = if single { &[] } else { &dy[1] };
                run(Products { x: &x, stride: 2, dy: [&dy[0], second], sums: &mut sums });
                sums.as_flattened().to_vec()
            };
            let expected = sum(&|p| p.with_simd(pulp::Scalar::new()));
            let by_hand: f32 = 0.5 + (0..11).map(|i| x[2 * i][3] * dy[0][i][5]).sum::<f32>();
            assert!((expected[3 * WIDE + 5] - by_hand).abs() < 1e-4);
            let others = [
                sum(&|p| p.with_simd(pulp::Scalar256b)),
                sum(&|p| p.with_simd(pulp::Scalar512b)),
                sum(&|p| pulp::Arch::new().dispatch(p)),
            ];
            for found in others {
                assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4));
            }
        }
    }
}
