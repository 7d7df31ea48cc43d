//! Stored values out of raw words (PS3.5 section 8.1.1): bits above High Bit masked, sign extended
//! from Bits Stored.
//!
//! Samples of a compressed stream stand at the low end of their words and have the bits that the
//! stream tells: fewer than Bits Stored extend their sign from there, and more than Bits Allocated
//! are what they are.

use crate::imaging::Modality;

use super::codec::frame_bytes::FrameBytes;
use super::dataset::words;
use super::guard::PixelLayout;

/// Which bits of a word are the stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StoredBits {
    shift: u32,
    /// 1 to 64.
    bits: u32,
    signed: bool,
}

impl StoredBits {
    /// What the object says.
    pub(super) fn of(layout: &PixelLayout) -> Self {
        Self { shift: layout.high_bit + 1 - layout.bits_stored, bits: layout.bits_stored, signed: layout.signed }
    }

    /// The modality value of a raw word.
    pub(super) fn modality_value(self, raw: u64, modality: &Modality) -> f32 {
        if self.bits == 64 && !self.signed {
            // Beyond the integers of 64 bits with a sign.
            return modality.apply_float(raw as f64);
        }
        modality.apply(self.value(raw))
    }

    /// The bits of a frame's samples.
    pub(super) fn of_frame(frame: &FrameBytes, layout: &PixelLayout) -> Self {
        let said = Self::of(layout);
        match frame.precision {
            Some(told) if told <= said.bits || told as usize > layout.bits_allocated => {
                Self { shift: 0, bits: told, ..said }
            }
            _ => said,
        }
    }

    /// Place of the lowest bit, and number of the bits.
    pub(super) fn place(self) -> (u32, u32) {
        (self.shift, self.bits)
    }

    /// The stored value; the highest there is for one of 64 bits that is beyond it.
    pub(super) fn value(self, raw: u64) -> i64 {
        let mask = u64::MAX >> (64 - self.bits);
        let value = raw >> self.shift & mask;
        let negative = self.signed && value >> (self.bits - 1) & 1 == 1;
        if negative { (value | !mask) as i64 } else { i64::try_from(value).unwrap_or(i64::MAX) }
    }

    /// Lowest and highest stored value.
    pub(super) fn range(self) -> (i64, i64) {
        let unused = 64 - self.bits;
        if self.signed {
            (i64::MIN >> unused, i64::MAX >> unused)
        } else {
            (0, i64::try_from(u64::MAX >> unused).unwrap_or(i64::MAX))
        }
    }

    /// The same of what a frame may hold: the range that the object says, but never less than a
    /// stream has.
    pub(super) fn range_of(frame: &FrameBytes, layout: &PixelLayout) -> (i64, i64) {
        let (said, told) = (Self::of(layout), Self::of_frame(frame, layout));
        if told.bits > said.bits { told.range() } else { said.range() }
    }
}

/// Raw words of a frame.
pub(super) fn raw_words(frame: &FrameBytes) -> Box<dyn Iterator<Item = u64> + '_> {
    match frame.sample_bytes {
        1 => Box::new(frame.bytes.iter().map(|b| u64::from(*b))),
        2 => Box::new(words(&frame.bytes, false).map(|w| u64::from(u16::from_le_bytes(w)))),
        4 => Box::new(words(&frame.bytes, false).map(|w| u64::from(u32::from_le_bytes(w)))),
        _ => Box::new(words(&frame.bytes, false).map(u64::from_le_bytes)),
    }
}

/// Word `i` of a frame; 0 behind its end.
pub(super) fn raw_word(frame: &FrameBytes, i: usize) -> u64 {
    let width = frame.sample_bytes;
    let word = frame.bytes.get(i * width..(i + 1) * width).unwrap_or_default();
    word.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::guard::tests::grey_layout;

    fn bits(stored: u32, high: u32, signed: bool) -> StoredBits {
        StoredBits { shift: high + 1 - stored, bits: stored, signed }
    }

    #[test]
    fn bits_above_the_high_bit_are_overlays_and_are_masked() {
        assert_eq!(bits(12, 11, false).value(0xF123), 0x123);
        assert_eq!(bits(10, 11, false).value(0xF00C), 3);
    }

    #[test]
    fn the_sign_extends_from_bits_stored() {
        assert_eq!(bits(12, 11, true).value(0x0FFF), -1);
        assert_eq!(bits(12, 11, true).value(0x07FF), 2047);
        assert_eq!(bits(12, 11, true).value(0xF800), -2048);
        assert_eq!(bits(16, 15, true).value(0x8000), -32_768);
        assert_eq!(bits(32, 31, true).value(0xFFFF_FFFF), -1);
        assert_eq!(bits(32, 31, false).value(0xFFFF_FFFF), 0xFFFF_FFFF);
        assert_eq!(bits(64, 63, true).value(u64::MAX - 1), -2);
        assert_eq!(bits(64, 63, false).value(7), 7);
    }

    #[test]
    fn the_range_is_that_of_the_stored_bits() {
        assert_eq!(bits(15, 14, false).range(), (0, 32_767));
        assert_eq!(bits(12, 11, true).range(), (-2048, 2047));
        assert_eq!(bits(1, 0, false).range(), (0, 1));
        assert_eq!(bits(64, 63, true).range(), (i64::MIN, i64::MAX));
    }

    #[test]
    fn a_stream_tells_its_own_bits() {
        let layout = PixelLayout { bits_stored: 12, high_bit: 15, signed: true, ..grey_layout(1, 1, 16) };
        let of = |precision| {
            let frame = FrameBytes { precision, ..FrameBytes::of(vec![0; 2], 2) };
            StoredBits::of_frame(&frame, &layout)
        };
        assert_eq!(of(None), bits(12, 15, true));
        assert_eq!(of(Some(16)), bits(12, 15, true), "whole words, as they would stand in native data");
        assert_eq!(of(Some(10)).value(0x3FF), -1);
        assert_eq!(of(Some(20)).value(0x8_0000), -0x8_0000);
    }
}
