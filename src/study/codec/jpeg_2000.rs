//! JPEG 2000 frames (ITU-T T.800, T.814), decoded by `OpenJPEG` in Rust: its components become
//! samples, of their own signs and sizes.

use super::frame_bytes::{Colours, FrameBytes};
use super::jpeg_2000_extent::{self as extent, Component, Size};
use super::stream_size::StreamSize;
use crate::limits;
use crate::printable::with_causes;
use crate::study::StudyError;
use crate::study::guard::PixelLayout;
use crate::study::packed_cells::word_bytes;
use crate::study::room::resized;

/// Most bits of a sample that the decoder holds.
const MOST_BITS: u32 = 31;

/// Decodes a frame: a code stream, or a file (JP2) around one.
pub(super) fn decode(mut stream: Vec<u8>, layout: &PixelLayout) -> Result<FrameBytes, StudyError> {
    let size = extent::size(&stream)
        .ok_or_else(|| StudyError::Truncated("its JPEG 2000 data ends before it says what it holds".into()))?;
    StreamSize { columns: size.columns, rows: size.rows, samples: size.components.len() }.must_be_that_of(layout)?;
    let precision = size.components.iter().map(|component| component.precision).max().unwrap_or(0);
    if precision > MOST_BITS {
        return Err(StudyError::UnsupportedPixels(format!(
            "JPEG 2000 with {precision} bits a sample, where at most {MOST_BITS} are read"
        )));
    }
    // The decoder has four bytes for every sample, twice.
    let count = layout.pixels() * size.components.len();
    if count > limits::JPEG_2000_SAMPLES {
        return Err(StudyError::TooLarge(format!(
            "{count} samples of JPEG 2000, where at most {} million are decoded",
            limits::JPEG_2000_SAMPLES / 1_000_000
        )));
    }
    let tiles = extent::tiles(&stream).unwrap_or(usize::MAX).saturating_mul(size.components.len());
    if tiles > limits::JPEG_2000_TILES {
        return Err(StudyError::TooLarge(format!(
            "JPEG 2000 in {tiles} tiles of its components, where at most {} are decoded",
            limits::JPEG_2000_TILES
        )));
    }
    let missing = extent::end_what_is_cut(&mut stream);
    let image = jpeg2k::Image::from_bytes(&stream).map_err(|error| StudyError::Decode(with_causes(&error)))?;
    let word = word_bytes(precision as usize);
    let samples = size.components.len();
    let mut bytes = resized(Vec::new(), layout.pixels() * samples * word)?;
    let components = image.components();
    if components.len() != samples {
        return Err(StudyError::Decode(format!(
            "JPEG 2000 data of {} instead of {samples} components",
            components.len()
        )));
    }
    for (place, (decoded, component)) in components.iter().zip(&size.components).enumerate() {
        let (width, height) = (decoded.width() as usize, decoded.height() as usize);
        if (width, height) != component.size(&size) {
            return Err(StudyError::Decode(format!("a JPEG 2000 component of {width} × {height} samples")));
        }
        let data = decoded.data();
        for (row, line) in bytes.chunks_exact_mut(layout.columns * samples * word).enumerate() {
            let from = row / component.down * width;
            let values = data.get(from..from + width).unwrap_or_default();
            for (column, pixel) in line.chunks_exact_mut(samples * word).enumerate() {
                let value = values.get(column / component.across).copied().unwrap_or(0);
                pixel[place * word..][..word].copy_from_slice(&value.to_le_bytes()[..word]);
            }
        }
    }
    let is_subsampled = size.components.iter().any(Component::is_subsampled);
    let colours = if is_subsampled {
        Colours::YbrFull
    } else if extent::uses_transform(&stream) || !layout.photometric.starts_with("YBR_FULL") {
        Colours::Rgb
    } else {
        Colours::AsLabelled
    };
    Ok(FrameBytes { precision: Some(precision), colours, missing, ..FrameBytes::of(bytes, word) })
}

impl Component {
    /// Columns and rows of its own.
    fn size(&self, image: &Size) -> (usize, usize) {
        (image.columns.div_ceil(self.across), image.rows.div_ceil(self.down))
    }

    fn is_subsampled(&self) -> bool {
        self.across > 1 || self.down > 1
    }
}
