//! RLE Lossless (PS3.5 annex G), decoded here: it is forty lines, and hostile ones are among its
//! inputs.

use super::frame_bytes::FrameBytes;
use crate::imaging::Missing;
use crate::study::StudyError;
use crate::study::guard::PixelLayout;

/// A header of fifteen offsets, then one `PackBits` segment for every byte of a sample, the most
/// significant first. Yields planes of little-endian samples; of data that ends early, the rows
/// that all segments reach.
pub(super) fn decode(stream: &[u8], layout: &PixelLayout) -> Result<FrameBytes, StudyError> {
    let word = |i: usize| Some(u32::from_le_bytes(stream.get(4 * i..4 * i + 4)?.try_into().ok()?) as usize);
    let segments = word(0).ok_or_else(|| StudyError::Truncated("its pixel data holds no RLE header".into()))?;
    let sample_bytes = layout.bits_allocated.div_ceil(8);
    if segments != layout.samples * sample_bytes || segments > 15 {
        return Err(StudyError::Malformed(format!(
            "its RLE frame has {segments} segments, where {} are due",
            layout.samples * sample_bytes
        )));
    }
    let pixels = layout.pixels();
    let mut bytes = vec![0; pixels * layout.samples * sample_bytes];
    let mut there = pixels;
    for segment in 0..segments {
        let begin = word(segment + 1).unwrap_or(usize::MAX);
        let end = if segment + 1 < segments { word(segment + 2).unwrap_or(0) } else { usize::MAX };
        if begin > end {
            return Err(StudyError::Malformed("its RLE segments are out of order".into()));
        }
        // A segment that begins behind the end of the data is empty.
        let packed = stream.get(begin..end.min(stream.len())).unwrap_or_default();
        let plane = &mut bytes[segment / sample_bytes * pixels * sample_bytes..][..pixels * sample_bytes];
        let significance = sample_bytes - 1 - segment % sample_bytes;
        let written = unpack(packed, plane.iter_mut().skip(significance).step_by(sample_bytes));
        there = there.min(written);
    }
    let missing = (there < pixels).then_some(Missing::Rows { from: there / layout.columns });
    Ok(FrameBytes { bytes, sample_bytes, planar: true, is_rgb: false, subsampled: false, missing })
}

/// `PackBits`: n ≥ 0 copies the n + 1 bytes that follow, −127 ≤ n ≤ −1 repeats the next one 1 − n
/// times, −128 is nothing.
fn unpack<'a>(packed: &[u8], mut out: impl Iterator<Item = &'a mut u8>) -> usize {
    let (mut at, mut written) = (0, 0);
    while let Some(&code) = packed.get(at) {
        at += 1;
        let run = match code {
            0..=127 => {
                let end = (at + usize::from(code) + 1).min(packed.len());
                let literal = &packed[at..end];
                at = end;
                literal.iter().copied().map_while(|b| out.next().map(|slot| *slot = b)).count()
            }
            128 => 0,
            129..=255 => {
                let Some(&value) = packed.get(at) else { break };
                at += 1;
                out.by_ref().take(257 - usize::from(code)).map(|slot| *slot = value).count()
            }
        };
        written += run;
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(packed: &[u8], length: usize) -> (usize, Vec<u8>) {
        let mut out = vec![0; length];
        (unpack(packed, out.iter_mut()), out)
    }

    #[test]
    fn packbits_copies_repeats_and_skips() {
        assert_eq!(unpacked(&[2, 7, 8, 9, 254, 5, 128, 0, 1], 7), (7, vec![7, 8, 9, 5, 5, 5, 1]));
    }

    #[test]
    fn packbits_ends_with_its_input_or_its_output() {
        assert_eq!(unpacked(&[100, 1, 2], 4), (2, vec![1, 2, 0, 0]));
        assert_eq!(unpacked(&[129, 3], 4), (4, vec![3; 4]));
        assert_eq!(unpacked(&[200], 4).0, 0);
    }
}
