//! What a norm with fixed statistics does to a block: a factor and a shift for each channel, and
//! the ReLU behind it.
//!
//! Forward it is applied to what a convolution reads, back to what a convolution writes: the maps
//! in between are never laid down.

#![allow(
    clippy::inline_always,
    reason = "vector code must be inlined into the function that is compiled for the processor"
)]

use pulp::{Simd, WithSimd};

use super::{LANES, Pixel};

/// `y = x · scale + shift` for the lanes of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affine {
    pub scale: Pixel,
    pub shift: Pixel,
}

impl Affine {
    pub(crate) const IDENTITY: Self = Self { scale: [1.0; LANES], shift: [0.0; LANES] };
}

/// `x = relu(x · scale + shift)`; what is no number stays none.
pub(super) struct Rectify<'a> {
    pub affine: &'a Affine,
    pub pixels: &'a mut [Pixel],
}

impl WithSimd for Rectify<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (scale, shift) = (S::as_simd_f32s(&self.affine.scale).0, S::as_simd_f32s(&self.affine.shift).0);
        let zero = simd.splat_f32s(0.0);
        for pixel in self.pixels {
            for ((x, a), b) in S::as_mut_simd_f32s(pixel).0.iter_mut().zip(scale).zip(shift) {
                let y = simd.add_f32s(simd.mul_f32s(*x, *a), *b);
                *x = simd.select_f32s(simd.less_than_f32s(y, zero), zero, y);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_of_every_vector_width_rectify_alike() {
        let value = |i: usize| ((i * 37 % 101) as f32 - 50.0) * 0.02;
        let mut from: Vec<Pixel> = (0..9).map(|i| std::array::from_fn(|k| value(i * LANES + k))).collect();
        from[3][2] = f32::NAN;
        let affine = Affine { scale: std::array::from_fn(value), shift: std::array::from_fn(|k| value(k + 7)) };
        let by = |run: &dyn Fn(Rectify<'_>)| {
            let mut pixels = from.clone();
            run(Rectify { affine: &affine, pixels: &mut pixels });
            pixels
        };
        let all = [by(&|r| r.with_simd(pulp::Scalar::new())), by(&|r| pulp::Arch::new().dispatch(r))];
        for (i, (from, found)) in from.iter().zip(all[0].iter().zip(&all[1])).enumerate() {
            for (k, x) in from.iter().enumerate() {
                let y = x * affine.scale[k] + affine.shift[k];
                let expected = if y < 0.0 { 0.0 } else { y };
                assert!([found.0[k], found.1[k]].iter().all(|f| f.to_bits() == expected.to_bits()), "{i} {k}");
            }
        }
    }
}
