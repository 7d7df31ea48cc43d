//! JPEG 2000 frames (ITU-T T.800, T.814): what their code stream says is held against the object,
//! and their colours are by what it says of them. `OpenJPEG` decodes them, in
//! [`foreign`](crate::study::foreign).

use super::frame_bytes::{Colours, FrameBytes};
use super::jpeg_2000_extent::{self as extent, Component};
use super::stream_size::StreamSize;
use crate::limits;
use crate::study::StudyError;
use crate::study::foreign::{self, Decoder};
use crate::study::guard::PixelLayout;

/// Decodes a frame: a code stream, or a file (JP2) around one.
pub(super) fn decode(mut stream: Vec<u8>, layout: &PixelLayout) -> Result<FrameBytes, StudyError> {
    let size = extent::size(&stream)
        .ok_or_else(|| StudyError::Truncated("its JPEG 2000 data ends before it says what it holds".into()))?;
    StreamSize { columns: size.columns, rows: size.rows, samples: size.components.len() }.must_be_that_of(layout)?;
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
    let colours = if size.components.iter().any(Component::is_subsampled) {
        Colours::YbrFull
    } else if extent::uses_transform(&stream) || !layout.photometric.starts_with("YBR_FULL") {
        Colours::Rgb
    } else {
        Colours::AsLabelled
    };
    let samples = (layout.pixels() * layout.samples) as u64;
    let decoded = foreign::decode(Decoder::Jpeg2000, stream, samples, None)?;
    let mut frame = FrameBytes::of_samples(decoded, layout)?;
    (frame.colours, frame.missing) = (colours, missing);
    Ok(frame)
}
