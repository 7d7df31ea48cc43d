//! JPEG 2000 and HTJ2K by `OpenJPEG` in Rust: components of their own sizes become interleaved
//! samples.

use crate::printable::with_causes;
use crate::study::StudyError;
use crate::study::codec::jpeg_2000_extent::{self as extent, Size};
use crate::study::packed_cells::word_bytes;

use super::samples::Samples;

/// Most bits of a sample that the decoder holds.
const MOST_BITS: u32 = 31;

/// Decodes a code stream, or a file (JP2) around one. A sample of a component that has fewer stands
/// for several pixels.
pub(super) fn decode(stream: &[u8]) -> Result<Samples, StudyError> {
    let size = extent::size(stream)
        .ok_or_else(|| StudyError::Truncated("its JPEG 2000 data ends before it says what it holds".into()))?;
    let precision = size.components.iter().map(|component| component.precision).max().unwrap_or(0);
    if precision > MOST_BITS {
        return Err(StudyError::UnsupportedPixels(format!(
            "JPEG 2000 with {precision} bits a sample, where at most {MOST_BITS} are read"
        )));
    }
    let image = jpeg2k::Image::from_bytes(stream).map_err(|error| StudyError::Decode(with_causes(&error)))?;
    let word = word_bytes(precision as usize);
    let samples = size.components.len();
    let components = image.components();
    if components.len() != samples {
        return Err(StudyError::Decode(format!(
            "JPEG 2000 data of {} instead of {samples} components",
            components.len()
        )));
    }
    let length = size.columns.saturating_mul(size.rows).saturating_mul(samples * word);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| StudyError::TooLarge("its samples do not fit in memory".into()))?;
    bytes.resize(length, 0);
    for (place, (decoded, component)) in components.iter().zip(&size.components).enumerate() {
        let (width, height) = (decoded.width() as usize, decoded.height() as usize);
        if (width, height) != component.size(&size) {
            return Err(StudyError::Decode(format!("a JPEG 2000 component of {width} × {height} samples")));
        }
        let data = decoded.data();
        for (row, line) in bytes.chunks_exact_mut(size.columns * samples * word).enumerate() {
            let from = row / component.down * width;
            let values = data.get(from..from + width).unwrap_or_default();
            for (column, pixel) in line.chunks_exact_mut(samples * word).enumerate() {
                let value = values.get(column / component.across).copied().unwrap_or(0);
                pixel[place * word..][..word].copy_from_slice(&value.to_le_bytes()[..word]);
            }
        }
    }
    let Size { columns, rows, .. } = size;
    Ok(Samples { columns, rows, components: samples, word, precision, bytes, ..Samples::default() })
}
