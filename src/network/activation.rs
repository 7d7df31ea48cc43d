//! What follows a convolution, and its derivative, value by value and over vectors of pixels.
//!
//! ```text
//! ReLU        max(x, 0)
//! ReLU6       min(max(x, 0), 6)                        Krizhevsky 2010; MobileNet, EfficientNet-Lite
//! SiLU        x · σ(x)                                 Elfwing et al. 2018; "swish"
//! hard-swish  x · min(max(x + 3, 0), 6) / 6            Howard et al. 2019 (MobileNetV3)
//! GELU        x · Φ(x), Φ the normal distribution      Hendrycks and Gimpel 2016; transformers
//! GELU, tanh  x · (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, its approximation
//! ```
//!
//! `σ` is taken by an exponential of our own, a polynomial of the sixth degree after Cephes, for it
//! runs on whole vectors where the one of the C library runs value by value; it is exact to two
//! units in the last place. `Φ` is taken by formula 7.1.26 of Abramowitz and Stegun, which is off by
//! 1.5e-7 at most, on the side where nothing cancels. What is no number stays none in all of them.

#![allow(
    clippy::inline_always,
    reason = "vector code must be inlined into the function that is compiled for the processor"
)]

use crate::nchw16c::Pixel;
use crate::nchw16c::affine::Affine;

/// Which non-linearity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    #[default]
    None,
    Relu,
    Relu6,
    Silu,
    HardSwish,
    Gelu,
    GeluTanh,
}

/// The larger of a value and a bound, NaN where the value is: what is no number must not pass for
/// 0. (`f32::max` would let it.)
#[inline(always)]
pub(crate) fn at_least(v: f32, bound: f32) -> f32 {
    if v < bound { bound } else { v }
}

/// The smaller of a value and a bound, NaN where the value is.
#[inline(always)]
fn at_most(v: f32, bound: f32) -> f32 {
    if v > bound { bound } else { v }
}

/// `eˣ` by `2ⁿ · eʳ` with `|r| ≤ ln 2 / 2`.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// Adding it rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = at_most(at_least(x, -87.0), 88.0);
    let whole = x * std::f32::consts::LOG2_E + ROUND;
    let n = whole - ROUND;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let scale = f32::from_bits(whole.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23);
    (p * r * r + r + 1.0) * scale
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `Φ(x)` and `φ(x)` of the normal distribution.
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    const INVERSE_ROOT_TAU: f32 = 0.398_942_3;
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let p = 1.061_405_4;
    let p = p * t - 1.453_152;
    let p = p * t + 1.421_413_7;
    let p = p * t - 0.284_496_73;
    let p = p * t + 0.254_829_6;
    let fall = exp(-z * z);
    let tail = 0.5 * p * t * fall;
    (if x < 0.0 { tail } else { 1.0 - tail }, INVERSE_ROOT_TAU * fall)
}

/// What GELU's approximation takes the sigmoid of, and its derivative.
#[inline(always)]
fn bend(x: f32) -> (f32, f32) {
    const TWICE_ROOT: f32 = 1.595_769;
    const CUBE: f32 = 0.044_715;
    (TWICE_ROOT * (x + CUBE * x * x * x), TWICE_ROOT * (1.0 + 3.0 * CUBE * x * x))
}

impl Activation {
    /// `f(x)`.
    #[inline(always)]
    pub(crate) fn value(self, x: f32) -> f32 {
        match self {
            Self::None => x,
            Self::Relu => at_least(x, 0.0),
            Self::Relu6 => at_most(at_least(x, 0.0), 6.0),
            Self::Silu => x * sigmoid(x),
            Self::HardSwish => x * at_most(at_least(x + 3.0, 0.0), 6.0) * (1.0 / 6.0),
            Self::Gelu => x * normal(x).0,
            Self::GeluTanh => x * sigmoid(bend(x).0),
        }
    }

    /// `f′(x)`; 0 at a corner from which the function rises, as in PyTorch.
    #[inline(always)]
    pub(crate) fn derivative(self, x: f32) -> f32 {
        match self {
            Self::None => 1.0,
            Self::Relu => f32::from(u8::from(x > 0.0)),
            Self::Relu6 => f32::from(u8::from(x > 0.0 && x < 6.0)),
            Self::Silu => {
                let s = sigmoid(x);
                s * (1.0 + x * (1.0 - s))
            }
            Self::HardSwish => {
                if x <= -3.0 {
                    0.0
                } else if x >= 3.0 {
                    1.0
                } else {
                    x * (1.0 / 3.0) + 0.5
                }
            }
            Self::Gelu => {
                let (share, density) = normal(x);
                share + x * density
            }
            Self::GeluTanh => {
                let (z, slope) = bend(x);
                let s = sigmoid(z);
                s * (1.0 + x * (1.0 - s) * slope)
            }
        }
    }

    /// Whether the derivative can be told from the value: then no input need be kept.
    pub(crate) fn is_told_by_its_value(self) -> bool {
        matches!(self, Self::None | Self::Relu | Self::Relu6)
    }

    /// `f` in place.
    #[inline(always)]
    pub(crate) fn apply(self, values: &mut [f32]) {
        match self {
            Self::None => {}
            Self::Relu => values.iter_mut().for_each(|v| *v = Self::Relu.value(*v)),
            Self::Relu6 => values.iter_mut().for_each(|v| *v = Self::Relu6.value(*v)),
            Self::Silu => values.iter_mut().for_each(|v| *v = Self::Silu.value(*v)),
            Self::HardSwish => values.iter_mut().for_each(|v| *v = Self::HardSwish.value(*v)),
            Self::Gelu => values.iter_mut().for_each(|v| *v = Self::Gelu.value(*v)),
            Self::GeluTanh => values.iter_mut().for_each(|v| *v = Self::GeluTanh.value(*v)),
        }
    }

    /// `dy · f′(x)` into `out`.
    #[inline(always)]
    pub(crate) fn pass_back(self, dy: &[f32], x: &[f32], out: &mut [f32]) {
        /// A value that is let through, or 0, whatever `dy` is.
        #[inline(always)]
        fn open(gate: bool, dy: f32) -> f32 {
            if gate { dy } else { 0.0 }
        }
        let all = out.iter_mut().zip(dy.iter().zip(x));
        match self {
            Self::None => out.copy_from_slice(dy),
            Self::Relu => all.for_each(|(o, (d, x))| *o = open(*x > 0.0, *d)),
            Self::Relu6 => all.for_each(|(o, (d, x))| *o = open(*x > 0.0 && *x < 6.0, *d)),
            Self::Silu => all.for_each(|(o, (d, x))| *o = d * Self::Silu.derivative(*x)),
            Self::HardSwish => all.for_each(|(o, (d, x))| *o = d * Self::HardSwish.derivative(*x)),
            Self::Gelu => all.for_each(|(o, (d, x))| *o = d * Self::Gelu.derivative(*x)),
            Self::GeluTanh => all.for_each(|(o, (d, x))| *o = d * Self::GeluTanh.derivative(*x)),
        }
    }

    /// `dy · f′(x · scale + shift)` of a plane of a block into `out`.
    #[inline(always)]
    pub(crate) fn pass_back_through(self, dy: &[Pixel], x: &[Pixel], norm: &Affine, out: &mut [Pixel]) {
        if self == Self::None {
            out.copy_from_slice(dy);
            return;
        }
        for ((o, d), x) in out.iter_mut().zip(dy).zip(x) {
            let z: Pixel = std::array::from_fn(|k| x[k] * norm.scale[k] + norm.shift[k]);
            self.pass_back(d, &z, o);
        }
    }

    /// `f(x · scale + shift + skip)` of a plane of a block into `out`.
    #[inline(always)]
    pub(crate) fn behind(self, x: &[Pixel], norm: &Affine, skip: Option<&[Pixel]>, out: &mut [Pixel]) {
        /// Pixels that stay in the first-level cache.
        const CHUNK: usize = 64;
        for (i, (out, x)) in out.chunks_mut(CHUNK).zip(x.chunks(CHUNK)).enumerate() {
            match skip {
                Some(skip) => {
                    for ((o, x), s) in out.iter_mut().zip(x).zip(&skip[i * CHUNK..]) {
                        *o = std::array::from_fn(|k| x[k] * norm.scale[k] + norm.shift[k] + s[k]);
                    }
                }
                None => {
                    for (o, x) in out.iter_mut().zip(x) {
                        *o = std::array::from_fn(|k| x[k] * norm.scale[k] + norm.shift[k]);
                    }
                }
            }
            self.apply(out.as_flattened_mut());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_the_library() {
        for i in -8600..8700 {
            let x = i as f32 * 0.01;
            let expected = f64::from(x).exp();
            let apart = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(apart < 2.5e-7, "{x}: {apart}");
        }
        assert!(exp(f32::NAN).is_nan());
        assert_eq!((sigmoid(-200.0) < 1e-37, sigmoid(200.0)), (true, 1.0));
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for f in [
            Activation::None,
            Activation::Relu,
            Activation::Relu6,
            Activation::Silu,
            Activation::HardSwish,
            Activation::Gelu,
            Activation::GeluTanh,
        ] {
            assert!(f.value(f32::NAN).is_nan(), "{f:?}");
        }
    }

    #[test]
    fn values_and_derivatives_are_those_of_pytorch() {
        // torch.nn.functional.{silu, hardswish, relu6, gelu} at these places, with their gradients.
        let x = [-4.0, -1.0, 0.0, 0.5, 2.0, 7.0];
        let silu = [-0.071_944_84, -0.268_941_4, 0.0, 0.311_229_66, 1.761_594_2, 6.993_623];
        let dsilu = [-0.052_664_61, 0.072_329_49, 0.5, 0.739_961_3, 1.090_784_2, 1.005_460_7];
        let hard = [0.0, -1.0 / 3.0, 0.0, 0.291_666_67, 5.0 / 3.0, 7.0];
        let dhard = [0.0, 1.0 / 6.0, 0.5, 2.0 / 3.0, 7.0 / 6.0, 1.0];
        let six = [0.0, 0.0, 0.0, 0.5, 2.0, 6.0];
        let dsix = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0];
        let gelu = [-0.000_126_685, -0.158_655_25, 0.0, 0.345_731_23, 1.954_499_7, 7.0];
        let dgelu = [-0.000_503_65, -0.083_315_47, 0.5, 0.867_495_1, 1.085_231_8, 1.0];
        let tanh = [-0.000_070_246, -0.158_808_01, 0.0, 0.345_714, 1.954_597_7, 7.0];
        let dtanh = [-0.000_335_123, -0.082_964_08, 0.5, 0.867_369_9, 1.086_099_3, 1.0];
        for (f, values, derivatives) in [
            (Activation::Silu, silu, dsilu),
            (Activation::HardSwish, hard, dhard),
            (Activation::Relu6, six, dsix),
            (Activation::Gelu, gelu, dgelu),
            (Activation::GeluTanh, tanh, dtanh),
        ] {
            let (mut found, mut back) = (x, x);
            f.apply(&mut found);
            f.pass_back(&[1.0; 6], &x, &mut back);
            for i in 0..x.len() {
                assert!((found[i] - values[i]).abs() < 1e-6, "{f:?} of {}: {}", x[i], found[i]);
                assert!((back[i] - derivatives[i]).abs() < 1e-6, "{f:?}′ of {}: {}", x[i], back[i]);
                assert_eq!((f.value(x[i]), f.derivative(x[i])), (found[i], back[i]));
            }
        }
    }
}
