//! JPEG and JPEG-LS frames: the size that a stream tells must be that of the object, and colours
//! are by what the stream says of them.

use crate::codec::image::{Expected, Image};
use crate::codec::jpeg::{self, JpegError, Process};
use crate::codec::jpeg_ls::{self, JpegLsError};

use super::frame_bytes::{Colours, FrameBytes};
use super::stream_size::StreamSize;
use crate::study::StudyError;
use crate::study::guard::PixelLayout;

/// Decodes a JPEG frame of any process.
///
/// Lossy streams of three components are `YCbCr` where their components differ in size, or where
/// their markers say so; where nothing in them does, the Photometric Interpretation holds. Lossless
/// streams have no transform of their own. Lossy ones that the file calls lossless are told.
pub(super) fn decode(stream: &[u8], layout: &PixelLayout, said_lossless: bool) -> Result<FrameBytes, StudyError> {
    let header = jpeg::Header::of(stream).map_err(|error| refused(&error))?;
    let found = &header.frame;
    let rows = if found.rows == 0 { layout.rows } else { found.rows };
    StreamSize { columns: found.columns, rows, samples: found.components.len() }.must_be_that_of(layout)?;
    let lossless = found.process == Process::Lossless;
    let has_colours = !lossless && layout.samples == 3;
    let labelled = layout.photometric.starts_with("YBR");
    let is_ycbcr = has_colours && header.is_ycbcr().unwrap_or(labelled);
    // The narrow range of the label's own kind of YCbCr is undone where all labels are.
    let partial = is_ycbcr && layout.photometric.starts_with("YBR_PARTIAL");
    let decode = if is_ycbcr && !partial { jpeg::decode_rgb } else { jpeg::decode };
    let image = decode(stream, expected(layout)).map_err(|error| refused(&error))?;
    let mut warnings = Vec::new();
    if said_lossless && !lossless {
        warnings.push(
            "The file says that its JPEG data is lossless, but it was compressed with loss: fine detail may be lost."
                .into(),
        );
    }
    if !has_colours {
        return Ok(FrameBytes { warnings, ..FrameBytes::decoded(image)? });
    }
    if found.is_subsampled() && is_ycbcr && !labelled {
        warnings.push(format!(
            "The file says {}, but its JPEG data is YCbCr, with fewer samples of colour than of brightness; it was \
             read as that.",
            layout.photometric
        ));
    }
    let colours = if partial { Colours::AsLabelled } else { Colours::Rgb };
    Ok(FrameBytes { colours, warnings, ..FrameBytes::decoded(image)? })
}

/// Decodes a JPEG-LS frame.
pub(super) fn decode_ls(stream: &[u8], layout: &PixelLayout) -> Result<FrameBytes, StudyError> {
    let image = jpeg_ls::decode(stream, &expected(layout)).map_err(|error| match error {
        JpegLsError::OtherSize { found, .. } => {
            let size = StreamSize { columns: found.columns, rows: found.rows, samples: found.components };
            size.must_be_that_of(layout).err().unwrap_or_else(|| StudyError::Decode(error.to_string()))
        }
        JpegLsError::Truncated => StudyError::Truncated(error.to_string()),
        other => StudyError::Decode(other.to_string()),
    })?;
    FrameBytes::decoded(image)
}

fn expected(layout: &PixelLayout) -> Expected {
    Expected { columns: layout.columns, rows: layout.rows, components: layout.samples }
}

/// What stands against a JPEG image, as an error about its file.
pub(in crate::study) fn refused(error: &JpegError) -> StudyError {
    let reason = error.to_string();
    match error {
        JpegError::NoImage | JpegError::EndsEarly => StudyError::Truncated(reason),
        JpegError::Unsupported(_)
        | JpegError::Precision { .. }
        | JpegError::Components(_)
        | JpegError::SubsampledLossless => StudyError::UnsupportedPixels(reason),
        JpegError::TooLarge { .. } => StudyError::Malformed(reason),
        JpegError::Empty { .. } | JpegError::Sampling { .. } | JpegError::Damaged(_) => StudyError::Decode(reason),
    }
}

/// A decoded JPEG file, whose size has been told before it was read: all that [`decode`] does of a
/// file without labels.
pub(in crate::study) fn picture(stream: &[u8], header: &jpeg::Header, expected: Expected) -> Result<Image, StudyError> {
    let lossless = header.frame.process == Process::Lossless;
    // T.871: a JPEG file of three components is YCbCr unless something in it says otherwise.
    let decode = if header.is_ycbcr().unwrap_or(!lossless) { jpeg::decode_rgb } else { jpeg::decode };
    decode(stream, expected).map_err(|error| refused(&error))
}
