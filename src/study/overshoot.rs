//! Lossy compression and the highest and lowest stored values: what it adds to them goes beyond
//! Bits Stored where a stream has more bits than the object says, as GDCM writes JPEG 2000 and
//! JPEG-LS of 10 or 12 bits in 16. Such a sample is the highest or lowest value. Its upper bits cut
//! off, as those of other data are, white would become black.
//!
//! Where an overlay is kept in the upper bits nothing is done: they are no part of a value.

use super::codec::frame_bytes::FrameBytes;
use super::dicom::Dicom;
use super::guard::PixelLayout;
use super::overlay_planes::has_overlay_in_pixels;

/// Brings the samples of a frame that was compressed with loss into the range of its stored values.
pub(super) fn settle(frame: &mut FrameBytes, dicom: &Dicom, layout: &PixelLayout) {
    let Some(told) = frame.precision else { return };
    let has_more = told > layout.bits_stored && told as usize <= layout.bits_allocated;
    let is_at_low_end = layout.high_bit + 1 == layout.bits_stored;
    if has_more && is_at_low_end && is_lossy(&dicom.transfer_syntax) && !has_overlay_in_pixels(&dicom.dataset) {
        clamp(&mut frame.bytes, frame.sample_bytes, told, layout.bits_stored, layout.signed);
    }
}

/// The transfer syntaxes that may have lost something: JPEG, JPEG-LS near-lossless, JPEG 2000, JPEG
/// XL, HTJ2K.
fn is_lossy(syntax: &str) -> bool {
    let jpeg = syntax.strip_prefix("1.2.840.10008.1.2.4.");
    matches!(jpeg, Some("50" | "51" | "53" | "55" | "81" | "91" | "112" | "203"))
}

/// Samples of `told` bits in words of `width` bytes, none beyond `stored` bits.
fn clamp(bytes: &mut [u8], width: usize, told: u32, stored: u32, signed: bool) {
    let range = if signed { (-(1_i64 << (stored - 1)), (1 << (stored - 1)) - 1) } else { (0, (1_i64 << stored) - 1) };
    let unused = 64 - told;
    for word in bytes.chunks_exact_mut(width) {
        let raw = word.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)) << unused;
        let value = if signed { raw as i64 >> unused } else { (raw >> unused) as i64 };
        word.copy_from_slice(&value.clamp(range.0, range.1).to_le_bytes()[..width]);
    }
}

#[cfg(test)]
mod tests {
    use super::clamp;

    #[test]
    fn values_beyond_the_stored_bits_are_the_highest_or_the_lowest() {
        let clamped = |values: &[i16], signed| {
            let mut bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            clamp(&mut bytes, 2, 16, 10, signed);
            bytes.as_chunks().0.iter().map(|word| i16::from_le_bytes(*word)).collect::<Vec<_>>()
        };
        assert_eq!(clamped(&[0, 1023, 1024, 1040, -1], false), [0, 1023, 1023, 1023, 1023]);
        assert_eq!(clamped(&[511, 513, -512, -515, 7], true), [511, 511, -512, -512, 7]);
    }
}
