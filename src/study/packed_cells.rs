//! Samples that share bytes: 1, 12 or any other number of bits allocated that is no whole word
//! (PS3.5 section 8.1.1).
//!
//! Cells follow each other without gaps, over rows and frames, the least significant bit first.

use crate::imaging::Missing;

use super::StudyError;
use super::codec::frame_bytes::FrameBytes;
use super::guard::PixelLayout;
use super::room::{resized, room};

/// Bytes of the word that a cell of so many bits is unpacked into.
pub(super) fn word_bytes(bits: usize) -> usize {
    bits.div_ceil(8).next_power_of_two()
}

/// The frame whose first cell begins at bit `first` of `bytes`.
pub(super) fn frame(bytes: &[u8], first: usize, layout: &PixelLayout) -> Result<FrameBytes, StudyError> {
    let bits = layout.bits_allocated;
    let count = layout.pixels() * layout.samples;
    let held = (8 * bytes.len()).saturating_sub(first) / bits;
    let samples = resized(unpacked(bytes, first, bits, held.min(count))?, count * word_bytes(bits))?;
    let planar = layout.planar && layout.samples == 3;
    let row = layout.columns * layout.samples;
    // Of planes, the last one decides.
    let in_rows = if planar { 3 * held.saturating_sub(count / 3 * 2) } else { held };
    let missing = (held < count).then_some(Missing::Rows { from: in_rows / row });
    Ok(FrameBytes { planar, missing, ..FrameBytes::of(samples, word_bytes(bits)) })
}

/// So many cells as little-endian words.
fn unpacked(bytes: &[u8], first: usize, bits: usize, count: usize) -> Result<Vec<u8>, StudyError> {
    let word = word_bytes(bits);
    let mut words = room(count * word)?;
    for cell in 0..count {
        let at = first + cell * bits;
        let span = bytes.get(at / 8..(at + bits).div_ceil(8)).unwrap_or_default();
        let held = span.iter().rev().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
        let value = held >> (at % 8) & ((1 << bits) - 1);
        words.extend_from_slice(&value.to_le_bytes()[..word]);
    }
    Ok(words)
}

/// Little-endian samples of `from` bytes in words of `to`.
pub(super) fn widened(bytes: &[u8], from: usize, to: usize) -> Result<Vec<u8>, StudyError> {
    let mut words = room(bytes.len() / from * to)?;
    for sample in bytes.chunks_exact(from) {
        words.extend_from_slice(sample);
        words.resize(words.len() + to - from, 0);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::guard::tests::grey_layout;

    #[test]
    fn the_least_significant_bit_comes_first() {
        assert_eq!(unpacked(&[0b1000_0101, 1], 0, 1, 9).unwrap(), [1, 0, 1, 0, 0, 0, 0, 1, 1]);
        assert_eq!(unpacked(&[0b1000_0101, 1], 7, 1, 2).unwrap(), [1, 1], "a frame begins within a byte");
    }

    #[test]
    fn two_cells_of_twelve_bits_share_three_bytes() {
        assert_eq!(unpacked(&[0x23, 0xF1, 0xDE], 0, 12, 2).unwrap(), [0x23, 0x01, 0xEF, 0x0D]);
        assert_eq!(unpacked(&[1, 2, 3], 0, 24, 1).unwrap(), [1, 2, 3, 0]);
    }

    #[test]
    fn what_ends_early_lacks_its_last_rows() {
        let cut = frame(&[0xFF; 4], 0, &grey_layout(8, 8, 1)).unwrap();
        assert_eq!((cut.bytes.len(), cut.missing), (64, Some(Missing::Rows { from: 4 })));
        let whole = frame(&[0xFF; 8], 0, &grey_layout(8, 8, 1)).unwrap();
        assert_eq!(whole.missing, None);
    }

    #[test]
    fn narrow_samples_are_filled_up() {
        assert_eq!(widened(&[1, 2, 3, 4, 5, 6], 3, 4).unwrap(), [1, 2, 3, 0, 4, 5, 6, 0]);
    }
}
