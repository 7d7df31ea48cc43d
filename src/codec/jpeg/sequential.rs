//! Sequential scans of DCT coefficients (ITU-T T.81 annex F, processes 1, 2 and 4): a block comes
//! with all its coefficients, and becomes samples at once.

use std::ops::Range;

use pulp::Arch;

use super::bits::{Bits, Damaged};
use super::error::JpegError;
use super::huffman::HuffmanTable;
use super::idct::{self, Block};
use super::intervals;
use super::planes::{Course, Planes};
use super::tables::{Quantization, ZIGZAG};

/// A sequential scan.
pub(super) struct Scan<'a> {
    pub course: &'a Course,
    /// Codes of DC and AC coefficients of each component of the course.
    pub codes: Vec<(&'a HuffmanTable, &'a HuffmanTable)>,
    pub interval: usize,
}

impl Scan<'_> {
    /// Reads the scan into its planes: the first group of blocks that is missing.
    pub(super) fn read(&self, image: &mut Planes, bits: &mut Bits<'_>) -> Result<usize, JpegError> {
        let steps: Vec<Quantization> = self
            .course
            .parts
            .iter()
            .map(|part| image.planes.get(part.plane).and_then(|plane| plane.steps))
            .collect::<Option<_>>()
            .ok_or(JpegError::Damaged("a component has no quantization table"))?;
        let arch = Arch::new();
        let missing = intervals::read(bits, self.course.groups(), self.interval, |bits, range| {
            arch.dispatch(
                #[inline(always)]
                || self.groups(range, image, &steps, bits),
            )
        });
        Ok(missing)
    }

    /// Reads groups: how many could be.
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
    #[inline(always)]
    fn groups(&self, range: Range<usize>, image: &mut Planes, steps: &[Quantization], bits: &mut Bits<'_>) -> usize {
        let mut predictions = [0; 4];
        for (done, group) in range.clone().enumerate() {
            if self.group(group, image, steps, &mut predictions, bits).is_err() {
                return done;
            }
        }
        range.len()
    }

    /// Reads the blocks of a group.
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
    #[inline(always)]
    fn group(
        &self,
        group: usize,
        image: &mut Planes,
        steps: &[Quantization],
        predictions: &mut [i16; 4],
        bits: &mut Bits<'_>,
    ) -> Result<(), Damaged> {
        let (x, y) = (group % self.course.across, group / self.course.across);
        let components = self.course.parts.iter().zip(&self.codes).zip(steps).zip(predictions);
        for (((part, (dc, ac)), steps), prediction) in components {
            for i in 0..part.wide * part.high {
                let mut block = [0; 64];
                let flat = coefficients(bits, dc, ac, prediction, &mut block)?;
                if bits.overrun() {
                    return Err(Damaged);
                }
                let (column, row) = (x * part.wide + i % part.wide, y * part.high + i / part.wide);
                if let Some(plane) = image.planes.get_mut(part.plane) {
                    let place = 8 * (row * plane.stride + column);
                    let into = plane.samples.get_mut(place..).ok_or(Damaged)?;
                    idct::inverse(image.precision, &block, steps, flat, into, plane.stride);
                }
            }
        }
        Ok(())
    }
}

/// Reads the coefficients of a block (T.81 F.2.2): whether the first alone may be other than 0.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
fn coefficients(
    data: &mut Bits<'_>,
    dc: &HuffmanTable,
    ac: &HuffmanTable,
    prediction: &mut i16,
    block: &mut Block,
) -> Result<bool, Damaged> {
    let mut bits = *data;
    *prediction = prediction.wrapping_add(dc_difference(&mut bits, dc)?);
    block[0] = *prediction;
    let (mut k, mut flat) = (1, true);
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
        flat = false;
        k += 1;
    }
    *data = bits;
    if k == 64 { Ok(flat) } else { Err(Damaged) }
}

/// Reads the difference of a DC coefficient from the one before (T.81 F.2.2.1).
#[inline]
pub(super) fn dc_difference(bits: &mut Bits<'_>, codes: &HuffmanTable) -> Result<i16, Damaged> {
    match codes.symbol_and_value(bits)? {
        (0..=15, value) => Ok(value as i16),
        _ => Err(Damaged),
    }
}
