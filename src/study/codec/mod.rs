//! Compressed frames: what the stream itself says is checked, then it is decoded.
//!
//! Codecs of dicom-rs allocate by the size that the JPEG or JPEG 2000 stream declares and may panic
//! on damaged ones. So the stream's own header must agree with Rows, Columns and Samples per Pixel
//! first, and whoever calls stands behind a [guard](crate::panic_guard). A stream that ends early
//! is decoded as far as it goes, and what is missing is said.

pub(super) mod frame_bytes;
pub(super) mod jpeg;
mod jpeg_2000;
mod rle;

use std::borrow::Cow;

use dicom_dictionary_std::uids;
use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
use dicom_encoding::transfer_syntax::Codec;
use dicom_encoding::{TransferSyntax, TransferSyntaxIndex};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use self::frame_bytes::{FrameBytes, StreamSize};
use super::StudyError;
use super::dicom::transfer_syntax_name;
use super::guard::PixelLayout;
use crate::printable::with_causes;

/// Decodes one compressed frame.
pub(super) fn decode(mut stream: Vec<u8>, syntax: &str, layout: &PixelLayout) -> Result<FrameBytes, StudyError> {
    if stream.is_empty() {
        return Err(StudyError::Truncated("the frame has no data".into()));
    }
    if syntax == uids::RLE_LOSSLESS {
        return rle::decode(&stream, layout);
    }
    if syntax == uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN {
        return Ok(FrameBytes::native(stream, layout));
    }
    let registered = TransferSyntaxRegistry.get(syntax);
    let Some(Codec::EncapsulatedPixelData(Some(reader), _)) = registered.map(TransferSyntax::codec) else {
        return Err(unsupported(syntax));
    };
    let is_jpeg = stream.starts_with(&[0xFF, 0xD8]);
    let mut lossless = false;
    let size = if is_jpeg {
        let header = jpeg::Header::of(&stream).ok_or_else(|| broken("a JPEG frame without an image"))?;
        lossless = header.frame.is_lossless();
        let precision = header.frame.precision;
        if !lossless && precision != 8 {
            return Err(undecodable(syntax, format!("JPEG with {precision} bits")));
        }
        if let Some(kind) = header.misread() {
            return Err(undecodable(syntax, kind.into()));
        }
        if layout.photometric == "RGB" && header.holds_rgb() {
            header.mark_as_rgb(&mut stream);
        }
        let jpeg::FrameHeader { columns, rows, ref components, .. } = header.frame;
        StreamSize { columns, rows, samples: components.len(), precision }
    } else {
        jpeg_2000::size(&stream).ok_or_else(|| broken("a frame that is neither JPEG nor JPEG 2000"))?
    };
    if (size.columns, size.rows, size.samples) != (layout.columns, layout.rows, layout.samples) {
        return Err(StudyError::Malformed(format!(
            "the compressed frame has {} × {} pixels of {} sample(s), the object {} × {} of {}",
            size.columns, size.rows, size.samples, layout.columns, layout.rows, layout.samples
        )));
    }
    let sample_bytes = match size.precision {
        8 if is_jpeg => 1,
        _ if is_jpeg => 2,
        // Samples of the object's own size keep the sign of narrow signed streams.
        precision => usize::from(precision.div_ceil(8)).max(layout.bits_allocated / 8).clamp(1, 2),
    };
    let expected = layout.pixels() * layout.samples * sample_bytes;
    let missing = if is_jpeg { jpeg::end_what_is_cut(&mut stream) } else { jpeg_2000::end_what_is_cut(&mut stream) };
    // The codecs distrust ratios above 64; the size has been checked against the budget already.
    stream.resize(stream.len().max(expected / 60), 0);
    let frame = EncodedFrame { stream, syntax, layout, bits: 8 * sample_bytes as u16 };
    let mut bytes = Vec::new();
    reader.decode_frame(&frame, 0, &mut bytes).map_err(|error| StudyError::Decode(with_causes(&error)))?;
    if bytes.len() != expected {
        return Err(StudyError::Truncated(format!("its frame decodes to {} bytes instead of {expected}", bytes.len())));
    }
    // The codecs undo the colour transform of a stream, but lossless JPEG has none, nor has all
    // JPEG 2000.
    let untouched = if is_jpeg { lossless } else { !jpeg_2000::uses_transform(&frame.stream) };
    let still_ybr = untouched && layout.photometric.starts_with("YBR_FULL");
    Ok(FrameBytes { bytes, sample_bytes, planar: false, is_rgb: !still_ybr, subsampled: false, missing })
}

fn broken(what: &str) -> StudyError {
    StudyError::Truncated(format!("its pixel data holds {what}"))
}

/// The error that names a transfer syntax and the way out.
fn unsupported(syntax: &str) -> StudyError {
    undecodable(syntax, transfer_syntax_name(syntax))
}

/// The same for a kind of stream that the transfer syntax allows.
fn undecodable(syntax: &str, name: String) -> StudyError {
    StudyError::UnsupportedSyntax { uid: syntax.to_owned(), name, advice: advice(syntax).into() }
}

fn advice(syntax: &str) -> &'static str {
    match syntax {
        uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => "dcmdjpls in.dcm out.dcm",
        uids::JPEG_BASELINE8_BIT | uids::JPEG_EXTENDED12_BIT | uids::JPEG_LOSSLESS | uids::JPEG_LOSSLESS_SV1 => {
            "dcmdjpeg in.dcm out.dcm"
        }
        _ => "gdcmconv --raw in.dcm out.dcm",
    }
}

/// One compressed frame in the shape that the codecs of dicom-rs take.
struct EncodedFrame<'a> {
    stream: Vec<u8>,
    syntax: &'a str,
    layout: &'a PixelLayout,
    bits: u16,
}

impl PixelDataObject for EncodedFrame<'_> {
    fn transfer_syntax_uid(&self) -> &str {
        self.syntax
    }

    fn rows(&self) -> Option<u16> {
        u16::try_from(self.layout.rows).ok()
    }

    fn cols(&self) -> Option<u16> {
        u16::try_from(self.layout.columns).ok()
    }

    fn samples_per_pixel(&self) -> Option<u16> {
        Some(self.layout.samples as u16)
    }

    fn bits_allocated(&self) -> Option<u16> {
        Some(self.bits)
    }

    fn bits_stored(&self) -> Option<u16> {
        Some(self.bits)
    }

    fn photometric_interpretation(&self) -> Option<&str> {
        Some(&self.layout.photometric)
    }

    fn number_of_frames(&self) -> Option<u32> {
        Some(1)
    }

    fn number_of_fragments(&self) -> Option<u32> {
        Some(1)
    }

    fn fragment(&self, fragment: usize) -> Option<Cow<'_, [u8]>> {
        (fragment == 0).then_some(Cow::Borrowed(&self.stream))
    }

    fn offset_table(&self) -> Option<Cow<'_, [u32]>> {
        None
    }

    fn raw_pixel_data(&self) -> Option<RawPixelData> {
        Some(RawPixelData { fragments: vec![self.stream.clone()].into(), offset_table: Vec::new().into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jpeg_ls_is_named_with_its_uid_and_a_way_out() {
        let text = unsupported(uids::JPEGLS_LOSSLESS).to_string();
        assert!(
            text.contains("JPEG-LS") && text.contains(uids::JPEGLS_LOSSLESS) && text.contains("dcmdjpls"),
            "{text}"
        );
    }
}
