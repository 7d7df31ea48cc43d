//! Lossless scans (ITU-T T.81 annex H, process 14): differences are read row by row, or as far as a
//! restart interval goes, and samples made of them.
//!
//! The standard wants restart intervals of whole rows (H.1.1). Where one ends within a row, the
//! next begins there as a first line does, until the row ends.
//!
//! A difference of 32768 has the category 16, which no bits follow (H.1.2.2). An encoder of Cornell
//! University and what came of it writes its 16 bits all the same, and a code that no table can say
//! where it would need 17 bits. Read by the standard such a scan does not come out at its end; one
//! that comes out exactly when read with these bits is read so. Where it ends early nothing tells,
//! and the standard holds.

use super::bits::{Bits, Damaged};
use super::error::JpegError;
use super::huffman::HuffmanTable;
use super::intervals;
use super::planes::{Course, Part, Plane, Planes};
use super::predict;
use super::sample::Sample;

/// Category of the difference 32768.
const CATEGORY_16: u8 = 16;
/// Bits of a code that is one longer than a table can say.
const NO_CODE: u32 = 17;

/// How the difference 32768 is read.
#[derive(Clone, Copy, Default)]
struct Reading {
    /// Its bits stand behind its code.
    cornell: bool,
    /// It was met, or what is no code.
    met: bool,
}

/// A scan of samples that are there at most once.
pub(super) struct Scan<'a> {
    pub course: &'a Course,
    /// Codes of each component of the course.
    pub codes: Vec<&'a HuffmanTable>,
    /// 1 to 7.
    pub predictor: u8,
    /// Less than the precision.
    pub point_transform: u8,
    pub interval: usize,
}

impl Scan<'_> {
    /// Reads the scan into its planes: the first sample that is missing.
    pub(super) fn read(&self, image: &mut Planes, bits: &mut Bits<'_>) -> Result<usize, JpegError> {
        let begin = *bits;
        let mut reading = Reading::default();
        let mut missing = self.read_as(&mut reading, image, bits)?;
        if image.precision == 16 && reading.met && (missing < self.course.groups() || bits.left() > 1) {
            let mut other = begin;
            let so_missing = self.read_as(&mut Reading { cornell: true, met: true }, image, &mut other)?;
            if so_missing == self.course.groups() && other.left() <= 1 {
                (missing, *bits) = (so_missing, other);
            } else {
                *bits = begin;
                missing = self.read_as(&mut reading, image, bits)?;
            }
        }
        self.scale(image);
        Ok(missing)
    }

    fn read_as(&self, reading: &mut Reading, image: &mut Planes, bits: &mut Bits<'_>) -> Result<usize, JpegError> {
        let initial = 1_u16 << (image.precision - self.point_transform - 1);
        let columns = self.course.across;
        let mut planes = self.planes(image)?;
        planes.iter_mut().for_each(|plane| u16::all_mut(&mut plane.samples).fill(0));
        let mut differences: Vec<Vec<u16>> = vec![vec![0; columns]; planes.len()];
        let missing = intervals::read(bits, self.course.groups(), self.interval, |bits, range| {
            let mut at = range.start;
            while at < range.end {
                let (y, x) = (at / columns, at % columns);
                let wanted = (columns - x).min(range.end - at);
                let done = self.differences(reading, bits, &mut differences, wanted);
                for (plane, differences) in planes.iter_mut().zip(&differences) {
                    let differences = differences.get(..done).unwrap_or_default();
                    let (before, rest) = u16::all_mut(&mut plane.samples).split_at_mut(y * plane.stride);
                    if at == range.start {
                        predict::first_line(&mut rest[x..], differences, initial);
                    } else {
                        // Only the first line of an interval begins within a row.
                        let above = &before[before.len() - plane.stride..];
                        predict::line(self.predictor, above, rest, differences);
                    }
                }
                at += done;
                if done < wanted {
                    break;
                }
            }
            at - range.start
        });
        Ok(missing)
    }

    /// The planes of the scan, in its order.
    fn planes<'i>(&self, image: &'i mut Planes) -> Result<Vec<&'i mut Plane>, JpegError> {
        let mut planes: Vec<_> = image.planes.iter_mut().map(Some).collect();
        let mut taken = |part: &Part| planes.get_mut(part.plane).and_then(Option::take);
        let all = self.course.parts.iter().map(&mut taken).collect::<Option<_>>();
        all.ok_or(JpegError::Damaged("a scan names a component twice"))
    }

    /// Reads so many differences of each component, those of a pixel together: how many pixels came
    /// whole.
    fn differences(&self, reading: &mut Reading, data: &mut Bits<'_>, into: &mut [Vec<u16>], wanted: usize) -> usize {
        let mut bits = *data;
        let mut done = 0;
        if let ([codes], [into]) = (&self.codes[..], &mut *into) {
            for place in into.iter_mut().take(wanted) {
                match difference(reading, &mut bits, codes) {
                    Ok(difference) if !bits.overrun() => *place = difference,
                    _ => break,
                }
                done += 1;
            }
        } else {
            'pixels: while done < wanted {
                for (into, codes) in into.iter_mut().zip(&self.codes) {
                    let Ok(difference) = difference(reading, &mut bits, codes) else { break 'pixels };
                    into[done] = difference;
                }
                if bits.overrun() {
                    break;
                }
                done += 1;
            }
        }
        *data = bits;
        done
    }

    /// Undoes the point transform (T.81 A.4), and keeps narrow samples within eight bits.
    fn scale(&self, image: &mut Planes) {
        let mask = if image.precision <= 8 { 0xFF } else { 0xFFFF };
        if self.point_transform == 0 && mask == 0xFFFF {
            return;
        }
        for part in &self.course.parts {
            let Some(plane) = image.planes.get_mut(part.plane) else { continue };
            for sample in u16::all_mut(&mut plane.samples) {
                *sample = (*sample << self.point_transform) & mask;
            }
        }
    }
}

/// Reads a difference, modulo 2¹⁶.
#[expect(clippy::inline_always, reason = "the bits stay in registers only where nothing is called")]
#[inline(always)]
fn difference(reading: &mut Reading, bits: &mut Bits<'_>, codes: &HuffmanTable) -> Result<u16, Damaged> {
    match codes.symbol_and_value(bits) {
        Ok((category, value)) if category < CATEGORY_16 => Ok(value as u16),
        other => {
            let mut copy = *bits;
            let difference = half_the_range(reading, &mut copy, other.map(|(category, _)| category));
            *bits = copy;
            difference
        }
    }
}

/// The difference 32768, or damage.
#[cold]
fn half_the_range(reading: &mut Reading, bits: &mut Bits<'_>, category: Result<u8, Damaged>) -> Result<u16, Damaged> {
    reading.met = true;
    match category {
        Ok(CATEGORY_16) if !reading.cornell => return Ok(0x8000),
        Ok(CATEGORY_16) => {}
        Err(Damaged) if reading.cornell => {
            bits.refill();
            bits.drop(NO_CODE);
        }
        _ => return Err(Damaged),
    }
    bits.take(16);
    Ok(0x8000)
}
