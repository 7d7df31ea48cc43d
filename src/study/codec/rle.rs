//! RLE frames (PS3.5 annex G), with the depths that their header tells rather than the object.

use crate::codec::image::Expected;
use crate::codec::rle::{self, RleError};

use super::frame_bytes::FrameBytes;
use crate::imaging::Missing;
use crate::study::StudyError;
use crate::study::guard::PixelLayout;
use crate::study::packed_cells;

/// Decodes a frame. Its segments are one byte each of the samples; where there are more or fewer of
/// them than Bits Allocated needs, but the same for every component, they tell the depth.
pub(super) fn decode(stream: &[u8], layout: &PixelLayout) -> Result<FrameBytes, StudyError> {
    let declared = layout.bits_allocated.div_ceil(8);
    let found = stream.first().map_or(0, |count| usize::from(*count));
    let told = found / layout.samples;
    let sample_bytes = if told * layout.samples == found && (1..=8).contains(&told) { told } else { declared };
    let expected = Expected { columns: layout.columns, rows: layout.rows, components: layout.samples };
    let mut planes = rle::decode(stream, &expected, sample_bytes).map_err(refused)?;
    if layout.bits_allocated == 1 && planes.complete_rows < layout.rows {
        // Eight pixels a byte: the segment holds as many bytes as these take.
        let packed = Expected { columns: layout.pixels().div_ceil(8), rows: 1, components: 1 };
        let bytes = rle::decode(stream, &packed, 1).map_err(refused)?;
        if bytes.complete_rows == 1 {
            return packed_cells::frame(&bytes.bytes, 0, layout);
        }
    }
    // Three or five bytes are in words of four or eight.
    let wide = sample_bytes.next_power_of_two();
    if wide != sample_bytes {
        planes.bytes = packed_cells::widened(&planes.bytes, sample_bytes, wide)?;
    }
    let mut frame = FrameBytes { planar: layout.samples == 3, ..FrameBytes::of(planes.bytes, wide) };
    frame.missing = (planes.complete_rows < layout.rows).then_some(Missing::Rows { from: planes.complete_rows });
    if sample_bytes != declared {
        frame.precision = Some(8 * sample_bytes as u32);
        frame.warnings.push(format!(
            "The file says {} bits allocated, but its RLE data has {} of every sample; it was read as that.",
            layout.bits_allocated,
            8 * sample_bytes
        ));
    }
    Ok(frame)
}

fn refused(error: RleError) -> StudyError {
    match error {
        RleError::Truncated => StudyError::Truncated(error.to_string()),
        other => StudyError::Malformed(other.to_string()),
    }
}
