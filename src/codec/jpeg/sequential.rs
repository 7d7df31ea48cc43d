//! Sequential scans of DCT coefficients (ITU-T T.81 annex F, processes 1, 2 and 4): a block comes
//! with all its coefficients, and becomes samples at once.

use std::ops::Range;

use pulp::Arch;

use super::bits::{Bits, Damaged};
use super::error::JpegError;
use super::huffman::HuffmanTable;
use super::idct::{self, Block, Held};
use super::intervals;
use super::planes::{Course, Part, Planes};
use super::sample::Sample;
use super::tables::{Quantization, ZIGZAG};

/// A sequential scan.
pub(super) struct Scan<'a> {
    pub course: &'a Course,
    /// Codes of DC and AC coefficients of each component of the course.
    pub codes: Vec<(&'a HuffmanTable, &'a HuffmanTable)>,
    pub interval: usize,
}

/// What a component has in each group, and where its samples go.
struct Target<'a, S> {
    dc: &'a HuffmanTable,
    ac: &'a HuffmanTable,
    steps: Quantization,
    /// Blocks in a row and a column.
    wide: usize,
    high: usize,
    samples: &'a mut [S],
    stride: usize,
    /// The DC coefficient of the block before.
    prediction: i16,
}

impl Scan<'_> {
    /// Reads the scan into its planes: the first group of blocks that is missing.
    pub(super) fn read(&self, image: &mut Planes, bits: &mut Bits<'_>) -> Result<usize, JpegError> {
        match image.precision {
            8 => self.read_as::<i16>(image, bits),
            _ => self.read_as::<i32>(image, bits),
        }
    }

    fn read_as<T: Held>(&self, image: &mut Planes, bits: &mut Bits<'_>) -> Result<usize, JpegError> {
        let mut targets = self.targets::<T::Sample>(image)?;
        let arch = Arch::new();
        let missing = intervals::read(bits, self.course.groups(), self.interval, |bits, range| {
            arch.dispatch(
                #[inline(always)]
                || groups::<T>(range, self.course.across, &mut targets, bits),
            )
        });
        Ok(missing)
    }

    fn targets<'i, S: Sample>(&'i self, image: &'i mut Planes) -> Result<Vec<Target<'i, S>>, JpegError> {
        let mut planes: Vec<_> = image.planes.iter_mut().map(Some).collect();
        let target = |(part, (dc, ac)): (&Part, &(&'i HuffmanTable, &'i HuffmanTable))| {
            let plane = planes.get_mut(part.plane).and_then(Option::take)?;
            let (wide, high, stride) = (part.wide, part.high, plane.stride);
            let (steps, samples) = (plane.steps?, S::all_mut(&mut plane.samples));
            Some(Target { dc, ac, steps, wide, high, samples, stride, prediction: 0 })
        };
        let targets = self.course.parts.iter().zip(&self.codes).map(target).collect::<Option<_>>();
        targets.ok_or(JpegError::Damaged("a component has no quantization table, or comes twice"))
    }
}

/// Reads groups, of which there are so many in a row: how many could be.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
fn groups<T: Held>(
    range: Range<usize>,
    across: usize,
    targets: &mut [Target<'_, T::Sample>],
    bits: &mut Bits<'_>,
) -> usize {
    targets.iter_mut().for_each(|target| target.prediction = 0);
    let (mut x, mut y) = (range.start % across, range.start / across);
    for done in 0..range.len() {
        for target in &mut *targets {
            if target.group::<T>(x, y, bits).is_err() {
                return done;
            }
        }
        x += 1;
        if x == across {
            (x, y) = (0, y + 1);
        }
    }
    range.len()
}

impl<S> Target<'_, S> {
    /// Reads the blocks of a group.
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
    #[inline(always)]
    fn group<T: Held<Sample = S>>(&mut self, x: usize, y: usize, bits: &mut Bits<'_>) -> Result<(), Damaged> {
        for row in 0..self.high {
            for column in 0..self.wide {
                let mut block = [0; 64];
                let last = coefficients(bits, self.dc, self.ac, &mut self.prediction, &mut block)?;
                if bits.overrun() {
                    return Err(Damaged);
                }
                let place = 8 * ((y * self.high + row) * self.stride + x * self.wide + column);
                let into = self.samples.get_mut(place..).ok_or(Damaged)?;
                idct::inverse::<T>(&block, &self.steps, last, into, self.stride);
            }
        }
        Ok(())
    }
}

/// Reads the coefficients of a block (T.81 F.2.2): the last that came, in their order.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
fn coefficients(
    data: &mut Bits<'_>,
    dc: &HuffmanTable,
    ac: &HuffmanTable,
    prediction: &mut i16,
    block: &mut Block,
) -> Result<usize, Damaged> {
    let mut bits = *data;
    *prediction = prediction.wrapping_add(dc_difference(&mut bits, dc)?);
    block[0] = *prediction;
    let (mut k, mut last) = (1, 0);
    while k < 64 {
        let (symbol, value) = ac.symbol_and_value(&mut bits)?;
        let (zeros, size) = (usize::from(symbol >> 4), symbol & 15);
        if size == 0 {
            if zeros < 15 {
                k = 64;
                break;
            }
            k += 16;
            continue;
        }
        k += zeros;
        let place = *ZIGZAG.get(k).ok_or(Damaged)?;
        block[usize::from(place & 63)] = value as i16;
        last = k;
        k += 1;
    }
    *data = bits;
    if k == 64 { Ok(last) } else { Err(Damaged) }
}

/// Reads the difference of a DC coefficient from the one before (T.81 F.2.2.1).
#[inline]
pub(super) fn dc_difference(bits: &mut Bits<'_>, codes: &HuffmanTable) -> Result<i16, Damaged> {
    match codes.symbol_and_value(bits)? {
        (0..=15, value) => Ok(value as i16),
        _ => Err(Damaged),
    }
}
