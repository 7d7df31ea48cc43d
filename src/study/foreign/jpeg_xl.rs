//! JPEG XL (ISO/IEC 18181-1) by `jxl-oxide`.
//!
//! What holds a recompressed JPEG stream (ISO/IEC 18181-2 annex A) is turned back into that stream,
//! and our own decoder reads it: so its samples are those that the JPEG had. Everything else is
//! rendered in the colour space that the stream names. Extra channels, such as transparency, are
//! left out.
//!
//! A stream that ends early is refused: its groups come in any order, and nothing would say which
//! part of the image is missing. So are samples in floating point, and those of more than 16 bits.

use jxl_oxide::image::BitDepth;
use jxl_oxide::{AllocTracker, JpegReconstructionStatus, JxlImage, JxlThreadPool};

use crate::codec::image::Expected;
use crate::codec::jpeg::Header;
use crate::limits;
use crate::panic_guard::guarded;
use crate::study::StudyError;
use crate::study::codec::frame_bytes::missing;
use crate::study::codec::jpeg::{picture, refused};
use crate::study::guard;

use super::samples::{Samples, Size};

/// Decodes the first image of a code stream, or of a file around one, if it has the size expected.
pub(super) fn decode(stream: &[u8], expected: Option<Size>) -> Result<Samples, StudyError> {
    let image = JxlImage::builder()
        .pool(JxlThreadPool::none())
        .alloc_tracker(AllocTracker::with_limit(limits::DECODE_MOST_BYTES as usize))
        .read(stream)
        .map_err(|error| failure(error.as_ref()))?;
    guard::picture_size(image.width(), image.height())?;
    let size = Size {
        columns: image.width() as usize,
        rows: image.height() as usize,
        samples: if image.pixel_format().is_grayscale() { 1 } else { 3 },
    };
    if image.pixel_format().has_black() {
        return Err(StudyError::UnsupportedPixels("JPEG XL in four inks".into()));
    }
    if expected.is_some_and(|expected| expected != size) {
        return Err(StudyError::Malformed(format!(
            "the JPEG XL frame has {} × {} pixels of {} sample(s), and the object has others",
            size.columns, size.rows, size.samples
        )));
    }
    if !image.is_loading_done() {
        return Err(StudyError::Truncated("its JPEG XL data ends before the image does".into()));
    }
    if matches!(image.jpeg_reconstruction_status(), JpegReconstructionStatus::Available) {
        let mut jpeg = Vec::new();
        // Where the JPEG stream cannot be put together again, its image is decoded as any other.
        if matches!(guarded(|| image.reconstruct_jpeg(&mut jpeg)), Ok(Ok(()))) {
            return of_jpeg(&jpeg, size);
        }
    }
    rendered(&image, size)
}

/// The samples of the JPEG stream that was recompressed.
fn of_jpeg(stream: &[u8], size: Size) -> Result<Samples, StudyError> {
    let Size { columns, rows, samples: components } = size;
    let header = Header::of(stream).map_err(|error| refused(&error))?;
    let image = picture(stream, &header, Expected { columns, rows, components })?;
    if (image.columns, image.rows, image.components) != (columns, rows, components) || image.precision > 8 {
        return Err(StudyError::Malformed("the JPEG data in the JPEG XL frame is that of another image".into()));
    }
    let missing = missing(&image);
    let bytes = image.samples.into_bytes();
    Ok(Samples { columns, rows, components, word: 1, precision: 8, rgb: true, missing, bytes, ..Samples::default() })
}

fn rendered(image: &JxlImage, size: Size) -> Result<Samples, StudyError> {
    let metadata = &image.image_header().metadata;
    let BitDepth::IntegerSample { bits_per_sample: precision } = metadata.bit_depth else {
        return Err(StudyError::UnsupportedPixels("JPEG XL with samples in floating point".into()));
    };
    if !(1..=16).contains(&precision) {
        return Err(StudyError::UnsupportedPixels(format!(
            "JPEG XL with {precision} bits a sample, where at most 16 are read"
        )));
    }
    let render = image.render_frame(0).map_err(|error| failure(error.as_ref()))?;
    let mut stream = render.stream_no_alpha();
    let Size { columns, rows, samples: components } = size;
    if (stream.width() as usize, stream.height() as usize, stream.channels() as usize) != (columns, rows, components) {
        return Err(StudyError::Decode("the JPEG XL decoder made an image of another size".into()));
    }
    let word = if precision <= 8 { 1 } else { 2 };
    let highest = ((1_u32 << precision) - 1) as f32;
    let mut bytes = Vec::new();
    let length = columns * rows * components * word;
    bytes.try_reserve_exact(length).map_err(|_| StudyError::TooLarge("its samples do not fit in memory".into()))?;
    let mut line = vec![0_f32; columns * components];
    for _ in 0..rows {
        stream.write_to_buffer(&mut line);
        for value in &line {
            let value = (value * highest).round().clamp(0.0, highest) as u16;
            bytes.extend_from_slice(&value.to_le_bytes()[..word]);
        }
    }
    Ok(Samples { columns, rows, components, word, precision, rgb: metadata.xyb_encoded, bytes, ..Samples::default() })
}

fn failure(error: &(dyn std::error::Error + 'static)) -> StudyError {
    StudyError::Decode(format!("its JPEG XL data is damaged ({error})"))
}
