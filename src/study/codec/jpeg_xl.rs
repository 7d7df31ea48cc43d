//! JPEG XL frames (ISO/IEC 18181; PS3.5 A.4.12), decoded by `jxl-oxide` in
//! [`foreign`](crate::study::foreign).

use super::frame_bytes::{Colours, FrameBytes};
use crate::study::StudyError;
use crate::study::foreign::{self, Decoder, Size};
use crate::study::guard::PixelLayout;

/// Decodes a frame: a code stream, or a file around one.
///
/// What the stream itself turned into red, green and blue (XYB, the `YCbCr` of recompressed JPEG)
/// is that, whatever the Photometric Interpretation says of it.
pub(super) fn decode(stream: Vec<u8>, layout: &PixelLayout) -> Result<FrameBytes, StudyError> {
    let size = Size { columns: layout.columns, rows: layout.rows, samples: layout.samples };
    let samples = (layout.pixels() * layout.samples) as u64;
    let decoded = foreign::decode(Decoder::JpegXl, stream, samples, Some(size))?;
    let is_rgb = decoded.rgb || !layout.photometric.starts_with("YBR");
    let mut frame = FrameBytes::of_samples(decoded, layout)?;
    frame.colours = if is_rgb { Colours::Rgb } else { Colours::AsLabelled };
    Ok(frame)
}
