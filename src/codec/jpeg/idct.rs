//! Samples of a block from its coefficients (ITU-T T.81 A.3.3): the inverse DCT of Loeffler,
//! Ligtenberg and Moschytz in integers, to the bit that of libjpeg (`jidctint.c`, "islow").
//!
//! A pass transforms eight columns at once, each in a lane, so that it compiles to vector
//! instructions; the block is transposed for the rows. Products of the odd and even part are
//! written out over the inputs instead of their sums: the same integers, and with inputs of 16 bits
//! the multiplications that vector units have. Most blocks end early in their order of coding: what
//! is 0 then is not computed with.
//!
//! What a sound stream cannot hold may overflow; it wraps or saturates and harms nothing.

use std::num::Wrapping;

use super::sample::Sample;
use super::tables::Quantization;
use super::transpose::{Lanes, transposed, transposed_halves};

/// Fractional bits of the constants.
const CONST_BITS: usize = 13;

/// A block of coefficients in their natural places.
pub(super) type Block = [i16; 64];

type Wide = Wrapping<i32>;

/// The last coefficient, in the order of coding, of blocks whose lower and right halves are 0.
const CORNER: usize = 9;

/// What the passes hold between them: 16 bits for samples of eight bits, 32 for those of twelve.
pub(super) trait Held: Copy + Default {
    type Sample: Sample;

    /// Bits that the first pass keeps beyond the point.
    const PASS1_BITS: usize;

    fn product(coefficient: i16, step: u16) -> Self;
    fn sum(self, other: Self) -> Self;
    fn wide(self) -> Wide;
    fn narrow(wide: Wide) -> Self;

    /// The sample that lies so far from the centre of the range.
    fn sample(self) -> Self::Sample;

    fn transposed(lanes: &Lanes<Self>) -> Lanes<Self>;
}

#[expect(clippy::inline_always, reason = "as what they are called by")]
impl Held for i16 {
    type Sample = u8;

    const PASS1_BITS: usize = 2;

    #[inline(always)]
    fn product(coefficient: i16, step: u16) -> Self {
        coefficient.wrapping_mul(step as i16)
    }

    #[inline(always)]
    fn sum(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn wide(self) -> Wide {
        Wrapping(self.into())
    }

    #[inline(always)]
    fn narrow(wide: Wide) -> Self {
        wide.0.clamp(i16::MIN.into(), i16::MAX.into()) as i16
    }

    #[inline(always)]
    fn sample(self) -> u8 {
        self.saturating_add(128).clamp(0, 255) as u8
    }

    #[inline(always)]
    fn transposed(lanes: &Lanes<Self>) -> Lanes<Self> {
        transposed_halves(lanes)
    }
}

#[expect(clippy::inline_always, reason = "as what they are called by")]
impl Held for i32 {
    type Sample = u16;

    const PASS1_BITS: usize = 1;

    #[inline(always)]
    fn product(coefficient: i16, step: u16) -> Self {
        i32::from(coefficient) * i32::from(step)
    }

    #[inline(always)]
    fn sum(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn wide(self) -> Wide {
        Wrapping(self)
    }

    #[inline(always)]
    fn narrow(wide: Wide) -> Self {
        wide.0
    }

    #[inline(always)]
    fn sample(self) -> u16 {
        self.saturating_add(2048).clamp(0, 4095) as u16
    }

    #[inline(always)]
    fn transposed(lanes: &Lanes<Self>) -> Lanes<Self> {
        transposed(lanes)
    }
}

/// Transforms a block and writes its samples, of 8 or 12 bits, into rows of eight that are `stride`
/// apart.
///
/// Behind the coefficient `last`, in the order of coding, all are 0.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
pub(super) fn inverse<T: Held>(
    block: &Block,
    steps: &Quantization,
    last: usize,
    into: &mut [T::Sample],
    stride: usize,
) {
    let samples = match last {
        0 => {
            let first = Wrapping(i32::from(block[0]) * i32::from(steps[0]));
            [[T::narrow((first + Wrapping(4)) >> 3).sample(); 8]; 8]
        }
        1..=CORNER => samples::<T, 4>(block, steps),
        _ => samples::<T, 8>(block, steps),
    };
    for (row, into) in samples.iter().zip(into.chunks_mut(stride)) {
        if let Some(into) = into.first_chunk_mut::<8>() {
            *into = *row;
        }
    }
}

/// The samples of a block whose coefficients stand in its first `HELD` rows and columns.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
fn samples<T: Held, const HELD: usize>(block: &Block, steps: &Quantization) -> Lanes<T::Sample> {
    let mut lanes = [[T::default(); 8]; 8];
    for (lanes, (block, steps)) in lanes.as_flattened_mut().iter_mut().zip(block.iter().zip(steps)).take(8 * HELD) {
        *lanes = T::product(*block, *steps);
    }
    let columns = pass::<T, HELD>(&lanes, CONST_BITS - T::PASS1_BITS);
    let rows = pass::<T, HELD>(&T::transposed(&columns), CONST_BITS + T::PASS1_BITS + 3);
    // No `map`: arrays of arrays are mapped by a call, which no vector unit compiles.
    let mut samples = [[T::Sample::default(); 8]; 8];
    for (sample, held) in samples.as_flattened_mut().iter_mut().zip(T::transposed(&rows).as_flattened()) {
        *sample = held.sample();
    }
    samples
}

/// A constant with [`CONST_BITS`] fractional bits, as libjpeg rounds it.
const fn fix(value: f64) -> i32 {
    (value * (1 << CONST_BITS) as f64 + 0.5) as i32
}

const C0_298: i32 = fix(0.298_631_336);
const C0_390: i32 = fix(0.390_180_644);
const C0_541: i32 = fix(0.541_196_100);
const C0_765: i32 = fix(0.765_366_865);
const C0_899: i32 = fix(0.899_976_223);
const C1_175: i32 = fix(1.175_875_602);
const C1_501: i32 = fix(1.501_321_110);
const C1_847: i32 = fix(1.847_759_065);
const C1_961: i32 = fix(1.961_570_560);
const C2_053: i32 = fix(2.053_119_869);
const C2_562: i32 = fix(2.562_915_447);
const C3_072: i32 = fix(3.072_711_026);

/// Transforms eight columns of which all but the first `HELD` rows are 0; what it yields has lost
/// `shift` bits, rounded.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
fn pass<T: Held, const HELD: usize>(v: &Lanes<T>, shift: usize) -> Lanes<T> {
    let mut out = [[T::default(); 8]; 8];
    let half = Wrapping(1 << (shift - 1));
    for x in 0..8 {
        let times = |input: T, constant: i32| input.wide() * Wrapping(constant);
        let input = |row: usize| if row < HELD { v[row][x] } else { T::default() };

        let (in2, in6) = (input(2), input(6));
        let even2 = times(in2, C0_541) + times(in6, C0_541 - C1_847);
        let even3 = times(in2, C0_541 + C0_765) + times(in6, C0_541);
        let even0 = input(0).sum(input(4)).wide() << CONST_BITS;
        let even1 = (input(0).wide() - input(4).wide()) << CONST_BITS;
        let even = [even0 + even3, even1 + even2, even1 - even2, even0 - even3];

        let (in7, in5, in3, in1) = (input(7), input(5), input(3), input(1));
        let (z3, z4) = (in7.sum(in3), in5.sum(in1));
        let z5 = times(z3, C1_175 - C1_961) + times(z4, C1_175);
        let z6 = times(z3, C1_175) + times(z4, C1_175 - C0_390);
        let odd = [
            times(in7, -C0_899) + times(in1, C1_501 - C0_899) + z6,
            times(in5, -C2_562) + times(in3, C3_072 - C2_562) + z5,
            times(in5, C2_053 - C2_562) + times(in3, -C2_562) + z6,
            times(in7, C0_298 - C0_899) + times(in1, -C0_899) + z5,
        ];

        for i in 0..4 {
            out[i][x] = T::narrow((even[i] + odd[i] + half) >> shift);
            out[7 - i][x] = T::narrow((even[i] - odd[i] + half) >> shift);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::tables::ZIGZAG;
    use super::*;

    /// The transform as T.81 A.3.3 defines it.
    fn exact(block: &Block, steps: &Quantization, precision: u8) -> Vec<f64> {
        let c = |k: usize| if k == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let wave = |x: usize, u: usize| c(u) * ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos();
        let sample = |i: usize| {
            let sum: f64 = (0..64)
                .map(|k| f64::from(block[k]) * f64::from(steps[k]) * wave(i / 8, k / 8) * wave(i % 8, k % 8))
                .sum();
            (sum / 4.0 + f64::from(1_u32 << (precision - 1))).clamp(0.0, f64::from((1_u32 << precision) - 1))
        };
        (0..64).map(sample).collect()
    }

    fn samples(precision: u8, block: &Block, steps: &Quantization, last: usize) -> Vec<u16> {
        if precision == 8 { inverted::<i16>(block, steps, last) } else { inverted::<i32>(block, steps, last) }
    }

    fn inverted<T: Held>(block: &Block, steps: &Quantization, last: usize) -> Vec<u16> {
        let mut into = vec![T::Sample::of(7); 8 * 10];
        inverse::<T>(block, steps, last, &mut into, 10);
        let into: Vec<u16> = into.into_iter().map(Into::into).collect();
        assert!(into.chunks(10).all(|row| row[8..] == [7, 7]), "nothing behind the block is touched");
        into.chunks(10).flat_map(|row| row[..8].to_vec()).collect()
    }

    /// Coefficients that a block of samples could have, and steps.
    fn blocks() -> impl Iterator<Item = (Block, Quantization)> {
        let mut state = 1_u32;
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        std::iter::repeat_with(move || {
            let steps = std::array::from_fn(|_| (random() % 12 + 1) as u16);
            let block = std::array::from_fn(
                |k| if random() % 3 == 0 { (random() % 40) as i16 - 20 } else { 0 } / (1 + k as i16 / 16),
            );
            (block, steps)
        })
    }

    #[test]
    fn samples_are_those_of_the_definition_to_one() {
        for (block, steps) in blocks().take(200) {
            for precision in [8, 12] {
                for (ours, exact) in samples(precision, &block, &steps, 63).iter().zip(exact(&block, &steps, precision))
                {
                    assert!((f64::from(*ours) - exact).abs() < 1.0, "{ours} for {exact}");
                }
            }
        }
    }

    #[test]
    fn a_flat_block_gives_the_same_by_the_short_way() {
        for first in (-2048..2048).step_by(37) {
            let mut block = [0; 64];
            block[0] = first;
            for (precision, step) in [(8, 1), (12, 1), (12, 16)] {
                let steps = [step; 64];
                assert_eq!(samples(precision, &block, &steps, 0), samples(precision, &block, &steps, 63));
            }
        }
    }

    #[test]
    fn a_block_that_ends_early_gives_the_same_by_the_short_way() {
        for (mut block, steps) in blocks().take(200) {
            for last in (1..64).rev() {
                let behind = ZIGZAG.iter().skip(last + 1);
                behind.for_each(|place| block[usize::from(*place)] = 0);
                for precision in [8, 12] {
                    assert_eq!(samples(precision, &block, &steps, last), samples(precision, &block, &steps, 63));
                }
            }
        }
    }

    #[test]
    fn absurd_coefficients_do_no_harm() {
        for value in [i16::MIN, i16::MAX] {
            for precision in [8, 12] {
                samples(precision, &[value; 64], &[u16::MAX; 64], 63);
                samples(precision, &[value; 64], &[u16::MAX; 64], 0);
            }
        }
    }
}
