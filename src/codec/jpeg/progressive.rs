//! Progressive scans of DCT coefficients (ITU-T T.81 annex G, processes 6, 8, 10 and 12): a scan
//! brings some coefficients of all blocks (spectral selection), or one more bit of them (successive
//! approximation). Samples are made when no more scans come.
//!
//! A scan of a few bytes can go through all blocks, so both the number of scans and that of the
//! blocks they go through are bounded; what lies beyond counts as missing.

use pulp::{Arch, NullaryFnOnce};

use super::bits::{Bits, Damaged};
use super::error::JpegError;
use super::header::ScanHeader;
use super::huffman::HuffmanTable;
use super::idct::{self, Block, Held};
use super::intervals;
use super::planes::{Course, Plane, Planes, TOO_LARGE};
use super::sample::Sample;
use super::sequential::dc_difference;
use super::tables::{Quantization, ZIGZAG};
use crate::memory::{filled, zeros};

/// Blocks that scans go through, beyond which no further scan is read; but so many scans always
/// are, where real images have ten or so.
const VISITS: usize = 1 << 29;
const SCANS: usize = 64;

/// The coefficients of a component.
struct Coefficients {
    blocks: Vec<Block>,
    /// For each block: bit `k` tells that coefficient `k`, in the order of coding, is not 0; bit 0
    /// that the first one has come.
    there: Vec<u64>,
    /// Blocks in a row.
    stride: usize,
    /// Bits that each coefficient still lacks; `None` before its first scan.
    lacking: Vec<Option<u8>>,
}

/// The coefficients of an image.
pub(super) struct Store {
    components: Vec<Coefficients>,
    visits: usize,
    scans: usize,
}

impl Store {
    pub(super) fn of(image: &Planes) -> Result<Self, JpegError> {
        let component = |plane: &Plane| {
            let count = plane.samples.len() / 64;
            let (blocks, there) = filled(count, [0; 64]).zip(zeros(count))?;
            Some(Coefficients { blocks, there, stride: plane.stride / 8, lacking: vec![None; 64] })
        };
        let components = image.planes.iter().map(component).collect::<Option<_>>();
        Ok(Self { components: components.ok_or(TOO_LARGE)?, visits: 0, scans: 0 })
    }

    /// Counts a scan in; whether it may be read.
    pub(super) fn admits(&mut self, course: &Course) -> bool {
        self.scans += 1;
        self.visits = self.visits.saturating_add(course.groups());
        self.scans <= SCANS || self.visits <= VISITS && self.scans <= 4 * SCANS
    }

    /// Makes the samples. Where the first coefficient of a block has not come, zeros stay; whether
    /// other coefficients lack something is noted.
    pub(super) fn finish(self, image: &mut Planes) {
        let arch = Arch::new();
        for (plane, component) in image.planes.iter_mut().zip(self.components) {
            image.lacks_detail |= component.lacking.iter().any(|bits| *bits != Some(0));
            let Some(steps) = plane.steps else { continue };
            arch.dispatch(Inverse { component, plane, steps, precision: image.precision });
        }
    }
}

/// A component whose samples are to be made.
struct Inverse<'a> {
    component: Coefficients,
    plane: &'a mut Plane,
    steps: Quantization,
    precision: u8,
}

impl NullaryFnOnce for Inverse<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
    #[inline(always)]
    fn call(self) {
        if self.precision == 8 { self.made::<i16>() } else { self.made::<i32>() }
    }
}

impl Inverse<'_> {
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
    #[inline(always)]
    fn made<T: Held>(self) {
        let Self { component: Coefficients { blocks, there, stride, .. }, plane, steps, .. } = self;
        let samples = T::Sample::all_mut(&mut plane.samples).chunks_mut(8 * plane.stride);
        let rows = blocks.chunks(stride).zip(there.chunks(stride));
        for ((blocks, there), samples) in rows.zip(samples) {
            for (column, (block, there)) in blocks.iter().zip(there).enumerate() {
                if let (1, Some(samples)) = (there & 1, samples.get_mut(8 * column..)) {
                    idct::inverse::<T>(block, &steps, there.ilog2() as usize, samples, plane.stride);
                }
            }
        }
    }
}

/// A progressive scan.
pub(super) struct Scan<'a> {
    pub course: &'a Course,
    /// First and last coefficient, and the bits that they lack before and behind the scan.
    pub header: &'a ScanHeader,
    /// Codes of each component of the course, of DC coefficients where `header.first` is 0; empty
    /// for the refinement of those.
    pub codes: Vec<&'a HuffmanTable>,
    pub interval: usize,
}

impl Scan<'_> {
    /// Reads the scan into the store: the first group of blocks that is missing.
    pub(super) fn read(&self, store: &mut Store, bits: &mut Bits<'_>) -> Result<usize, JpegError> {
        let header = self.header;
        let missing = match (header.first, header.high) {
            (0, _) => self.dc(store, bits),
            (_, high) => {
                let (Some(codes), [part]) = (self.codes.first(), &self.course.parts[..]) else {
                    return Err(JpegError::Damaged("a progressive scan of several components has AC coefficients"));
                };
                let component = store
                    .components
                    .get_mut(part.plane)
                    .ok_or(JpegError::Damaged("a scan names a component that there is none of"))?;
                let band = Band { first: header.first.into(), last: header.last.into(), low: header.low, codes };
                if high == 0 {
                    self.ac(component, bits, |c, b, run| band.first_pass(c, b, run))
                } else {
                    self.ac(component, bits, |c, b, run| band.refinement(c, b, run))
                }
            }
        };
        if missing == self.course.groups() {
            for part in &self.course.parts {
                let bands = store.components.get_mut(part.plane).map(|c| &mut c.lacking[..]);
                let band = bands.and_then(|b| b.get_mut(usize::from(header.first)..=usize::from(header.last)));
                band.into_iter().flatten().for_each(|bits| *bits = Some(header.low));
            }
        }
        Ok(missing)
    }

    /// First coefficients, for the first time or with one more bit (T.81 G.1.2.1).
    fn dc(&self, store: &mut Store, bits: &mut Bits<'_>) -> usize {
        let low = self.header.low;
        intervals::read(bits, self.course.groups(), self.interval, |bits, range| {
            let mut predictions = [0_i16; 4];
            for (done, group) in range.clone().enumerate() {
                let (x, y) = (group % self.course.across, group / self.course.across);
                for (i, (part, prediction)) in self.course.parts.iter().zip(&mut predictions).enumerate() {
                    let Some(component) = store.components.get_mut(part.plane) else { return done };
                    for unit in 0..part.wide * part.high {
                        let (column, row) = (x * part.wide + unit % part.wide, y * part.high + unit / part.wide);
                        let place = row * component.stride + column;
                        let (Some(block), Some(there)) =
                            (component.blocks.get_mut(place), component.there.get_mut(place))
                        else {
                            return done;
                        };
                        match self.codes.get(i) {
                            Some(codes) => {
                                let Ok(difference) = dc_difference(bits, codes) else { return done };
                                *prediction = prediction.wrapping_add(difference);
                                if !bits.overrun() {
                                    block[0] = *prediction << low;
                                    *there |= 1;
                                }
                            }
                            None => block[0] |= i16::from(bits.bit()) << low,
                        }
                    }
                }
                if bits.overrun() {
                    return done;
                }
            }
            range.len()
        })
    }

    /// Goes through the blocks of a component.
    fn ac(
        &self,
        component: &mut Coefficients,
        bits: &mut Bits<'_>,
        pass: impl Fn(Coded<'_>, &mut Bits<'_>, &mut u32) -> Result<(), Damaged>,
    ) -> usize {
        intervals::read(bits, self.course.groups(), self.interval, |bits, range| {
            // Blocks to come that have no new coefficients.
            let mut run = 0;
            let (mut x, mut y) = (range.start % self.course.across, range.start / self.course.across);
            for done in 0..range.len() {
                let place = y * component.stride + x;
                let (Some(block), Some(there)) = (component.blocks.get_mut(place), component.there.get_mut(place))
                else {
                    return done;
                };
                if pass(Coded { block, there }, bits, &mut run).is_err() || bits.overrun() {
                    return done;
                }
                x += 1;
                if x == self.course.across {
                    (x, y) = (0, y + 1);
                }
            }
            range.len()
        })
    }
}

/// A block, and which of its coefficients are not 0.
struct Coded<'a> {
    block: &'a mut Block,
    there: &'a mut u64,
}

impl Coded<'_> {
    /// Sets a coefficient that was 0.
    fn set(&mut self, k: usize, value: i16) {
        self.block[usize::from(ZIGZAG[k & 63])] = value;
        *self.there |= 1 << (k & 63);
    }

    /// Whether a coefficient is not 0.
    fn holds(&self, k: usize) -> bool {
        *self.there >> (k & 63) & 1 == 1
    }

    /// Moves a coefficient away from 0 by `step` if the next bit says so.
    fn correct(&mut self, k: usize, step: i16, bits: &mut Bits<'_>) {
        if bits.bit() {
            let value = &mut self.block[usize::from(ZIGZAG[k & 63])];
            // A scan that comes twice changes nothing.
            if *value & step == 0 {
                *value = value.wrapping_add(if *value < 0 { -step } else { step });
            }
        }
    }
}

/// The coefficients of a scan.
struct Band<'a> {
    first: usize,
    last: usize,
    low: u8,
    codes: &'a HuffmanTable,
}

impl Band<'_> {
    /// Coefficients for the first time (T.81 G.1.2.2).
    #[inline]
    fn first_pass(&self, mut block: Coded<'_>, data: &mut Bits<'_>, run: &mut u32) -> Result<(), Damaged> {
        if *run > 0 {
            *run -= 1;
            return Ok(());
        }
        let mut bits = *data;
        let mut k = self.first;
        while k <= self.last {
            let (symbol, value) = self.codes.symbol_and_value(&mut bits)?;
            let (zeros, size) = (usize::from(symbol >> 4), symbol & 15);
            if size == 0 {
                if zeros < 15 {
                    *run = (1 << zeros) - 1 + bits.take(zeros as u32);
                    break;
                }
                k += 16;
                continue;
            }
            k += zeros;
            if k > self.last {
                return Err(Damaged);
            }
            block.set(k, (value << self.low) as i16);
            k += 1;
        }
        *data = bits;
        Ok(())
    }

    /// One more bit for coefficients that are there, and those that come in with it (T.81
    /// G.1.2.3).
    #[inline]
    fn refinement(&self, mut block: Coded<'_>, bits: &mut Bits<'_>, run: &mut u32) -> Result<(), Damaged> {
        let step = 1_i16 << self.low;
        let mut k = self.first;
        while *run == 0 && k <= self.last {
            let (symbol, value) = self.codes.symbol_and_value(bits)?;
            let mut zeros = usize::from(symbol >> 4);
            let comes = symbol & 15 != 0;
            if !comes && zeros < 15 {
                *run = (1 << zeros) + bits.take(zeros as u32);
                break;
            }
            while k <= self.last {
                if block.holds(k) {
                    block.correct(k, step, bits);
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                k += 1;
            }
            if comes && k <= self.last {
                block.set(k, if value < 0 { -step } else { step });
            }
            k += 1;
        }
        if *run > 0 {
            let left = *block.there & (u64::MAX >> (63 - self.last)) & (u64::MAX << self.first.min(63));
            if left != 0 {
                (k..=self.last).filter(|k| left >> k & 1 == 1).for_each(|k| block.correct(k, step, bits));
            }
            *run -= 1;
        }
        Ok(())
    }
}
