//! Compressed frames: what the stream itself says is checked, then it is decoded.
//!
//! Decoders of ours know streams alone; here stands what the object around a stream says. The size
//! that a stream tells must agree with Rows, Columns and Samples per Pixel before anything is
//! allocated, and whoever calls stands behind a [guard](crate::panic_guard). A stream that ends
//! early is decoded as far as it goes, and what is missing is said.

mod deflated;
pub(super) mod frame_bytes;
pub(super) mod jpeg;
mod jpeg_2000;
pub(super) mod jpeg_2000_extent;
mod jpeg_xl;
mod rle;
pub(super) mod stream_kind;
mod stream_size;

use dicom_dictionary_std::uids;

use self::frame_bytes::FrameBytes;
use self::stream_kind::StreamKind;
use super::StudyError;
use super::guard::PixelLayout;
use super::native;
use super::syntax_name::transfer_syntax_name;

/// Decodes one compressed frame, by what its bytes show it to be.
pub(super) fn decode(stream: Vec<u8>, syntax: &str, layout: &PixelLayout) -> Result<FrameBytes, StudyError> {
    if stream.is_empty() {
        return Err(StudyError::Truncated("the frame has no data".into()));
    }
    let said = StreamKind::of_syntax(syntax);
    let length = stream.len() as u64;
    let whole = layout.frame_bits().div_ceil(8);
    let shown = match said {
        // Samples and what is deflated may begin with anything.
        Some(StreamKind::Deflated) => None,
        Some(StreamKind::Native) if (whole..whole + 2).contains(&length) => None,
        _ => StreamKind::of_stream(&stream, layout),
    };
    let Some(kind) = shown.or(said) else { return Err(unsupported(syntax)) };
    let mut frame = match kind {
        StreamKind::Native => {
            let shape = native::shape(&PixelLayout { frames: 1, ..layout.clone() }, length);
            native::frame(stream, 0, shape)?
        }
        StreamKind::Rle => rle::decode(&stream, layout)?,
        StreamKind::Jpeg => jpeg::decode(&stream, layout, is_lossless_jpeg(syntax))?,
        StreamKind::JpegLs => jpeg::decode_ls(&stream, layout)?,
        StreamKind::Jpeg2000 => jpeg_2000::decode(stream, layout)?,
        StreamKind::JpegXl => jpeg_xl::decode(stream, layout)?,
        StreamKind::Deflated => deflated::decode(&stream, layout)?,
        StreamKind::Video => {
            return Err(StudyError::UnsupportedPixels(format!(
                "it is a video in {} ({syntax}); export pictures of it with a program that plays it",
                transfer_syntax_name(syntax)
            )));
        }
        StreamKind::Referenced => {
            return Err(StudyError::UnsupportedPixels(format!(
                "the file names a server that holds its pixels ({}, {syntax}); fetch the whole object from there",
                transfer_syntax_name(syntax)
            )));
        }
    };
    if said != Some(kind) {
        frame.warnings.insert(0, contradiction(syntax, kind));
    }
    Ok(frame)
}

fn is_lossless_jpeg(syntax: &str) -> bool {
    matches!(syntax, uids::JPEG_LOSSLESS | uids::JPEG_LOSSLESS_SV1)
}

/// Whether pixel data of this transfer syntax should come in fragments.
pub(super) fn is_encapsulated(syntax: &str) -> bool {
    syntax == uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN
        || StreamKind::of_syntax(syntax).is_some_and(|kind| kind != StreamKind::Native)
}

/// The warning that the transfer syntax of a file is not that of its pixel data.
pub(super) fn contradiction(syntax: &str, kind: StreamKind) -> String {
    format!(
        "The file says that its pixel data is in {}, but it is {}; it was read as that.",
        transfer_syntax_name(syntax),
        kind.name()
    )
}

/// The error that names a transfer syntax and the way out.
fn unsupported(syntax: &str) -> StudyError {
    let advice = "gdcmconv --raw in.dcm out.dcm".into();
    StudyError::UnsupportedSyntax { uid: syntax.to_owned(), name: transfer_syntax_name(syntax), advice }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::guard::tests::grey_layout;

    fn decoded(stream: &[u8], syntax: &str) -> Result<FrameBytes, StudyError> {
        decode(stream.to_vec(), syntax, &grey_layout(2, 2, 8))
    }

    #[test]
    fn what_is_not_decoded_is_named_with_its_uid_and_a_way_out() {
        let text = |syntax| decoded(&[1, 2, 3, 4], syntax).err().unwrap().to_string();
        assert!(text("1.2.3.4").contains("1.2.3.4") && text("1.2.3.4").contains("gdcmconv"));
        assert!(text("1.2.840.10008.1.2.4.102").contains("video"));
        assert!(text("1.2.840.10008.1.2.4.94").contains("server"));
    }

    #[test]
    fn a_stream_is_decoded_by_what_it_is() {
        let mut rle = vec![0; 64];
        (rle[0], rle[4]) = (1, 64);
        rle.extend([3, 10, 20, 30, 40, 0]);
        for (syntax, warned) in [(uids::RLE_LOSSLESS, false), (uids::JPEG_BASELINE8_BIT, true), ("1.2.3", true)] {
            let frame = decoded(&rle, syntax).unwrap();
            assert_eq!((frame.bytes, frame.warnings.len()), (vec![10, 20, 30, 40], usize::from(warned)), "{syntax}");
        }
    }

    #[test]
    fn fragments_of_a_native_transfer_syntax_hold_samples() {
        let frame = decoded(&[1, 2, 3, 4], uids::EXPLICIT_VR_LITTLE_ENDIAN).unwrap();
        assert_eq!((frame.bytes, frame.warnings.len()), (vec![1, 2, 3, 4], 0));
    }
}
