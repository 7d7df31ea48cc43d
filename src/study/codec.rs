//! Compressed frames: what the stream itself says is checked, then it is decoded.
//!
//! Codecs of dicom-rs allocate by the size that the JPEG or JPEG 2000 stream declares and may panic on damaged ones.
//! So the stream's own header must agree with Rows, Columns and Samples per Pixel first, and whoever calls stands behind
//! [`super::wall`]. RLE is decoded here: it is forty lines, and hostile ones are among its inputs.

use std::borrow::Cow;

use dicom_dictionary_std::uids;
use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
use dicom_encoding::transfer_syntax::Codec;
use dicom_encoding::{TransferSyntax, TransferSyntaxIndex};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::StudyError;
use super::dicom::transfer_syntax_name;
use super::guard::PixelLayout;
use super::pixels::FrameBytes;

/// Decodes one compressed frame.
pub(super) fn decode(mut stream: Vec<u8>, syntax: &str, layout: &PixelLayout) -> Result<FrameBytes, StudyError> {
    if stream.is_empty() {
        return Err(StudyError::Truncated("the frame has no data".into()));
    }
    if syntax == uids::RLE_LOSSLESS {
        return rle(&stream, layout);
    }
    if syntax == uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN {
        let bytes = stream.get(..(layout.frame_bits() / 8) as usize);
        let bytes = bytes.ok_or_else(|| StudyError::Truncated("the frame holds too few bytes".into()))?.to_vec();
        let sample_bytes = layout.bits_allocated.div_ceil(8);
        return Ok(FrameBytes {
            bytes,
            sample_bytes,
            planar: layout.planar,
            is_rgb: false,
            subsampled: layout.subsampled,
        });
    }
    let registered = TransferSyntaxRegistry.get(syntax);
    let Some(Codec::EncapsulatedPixelData(Some(reader), _)) = registered.map(TransferSyntax::codec) else {
        return Err(unsupported(syntax));
    };
    let is_jpeg = stream.starts_with(&[0xFF, 0xD8]);
    let mut lossless = false;
    let size = if is_jpeg {
        let header = JpegHeader::of(&stream).ok_or_else(|| broken("a JPEG frame without a frame header"))?;
        lossless = header.lossless;
        if !lossless && header.size.precision != 8 {
            return Err(StudyError::UnsupportedSyntax {
                uid: syntax.to_owned(),
                name: format!("JPEG with {} bits", header.size.precision),
                advice: advice(syntax).into(),
            });
        }
        if !stream.windows(2).rev().any(|marker| marker == [0xFF, 0xD9]) {
            // The decoder would fill what is missing with grey.
            return Err(broken("a JPEG frame without an end"));
        }
        if layout.photometric == "RGB" && header.holds_rgb() {
            header.mark_as_rgb(&mut stream);
        }
        header.size
    } else {
        jpeg_2000_size(&stream).ok_or_else(|| broken("a frame that is neither JPEG nor JPEG 2000"))?
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
    // The codecs distrust ratios above 64; the size has been checked against the budget already.
    stream.resize(stream.len().max(expected / 60), 0);
    let frame = EncodedFrame { stream, syntax, layout, bits: 8 * sample_bytes as u16 };
    let mut bytes = Vec::new();
    reader.decode_frame(&frame, 0, &mut bytes).map_err(|error| StudyError::Decode(with_causes(&error)))?;
    if bytes.len() != expected {
        return Err(StudyError::Truncated(format!("its frame decodes to {} bytes instead of {expected}", bytes.len())));
    }
    // The codecs undo the colour transform of a stream, but lossless JPEG has none, nor has all JPEG 2000.
    let untouched = if is_jpeg { lossless } else { !uses_transform(&frame.stream) };
    let still_ybr = untouched && layout.photometric.starts_with("YBR_FULL");
    Ok(FrameBytes { bytes, sample_bytes, planar: false, is_rgb: !still_ybr, subsampled: false })
}

/// An error and what caused it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

fn broken(what: &str) -> StudyError {
    StudyError::Truncated(format!("its pixel data holds {what}"))
}

/// The error that names a transfer syntax and the way out.
pub(super) fn unsupported(syntax: &str) -> StudyError {
    StudyError::UnsupportedSyntax {
        uid: syntax.to_owned(),
        name: transfer_syntax_name(syntax),
        advice: advice(syntax).into(),
    }
}

fn advice(syntax: &str) -> &'static str {
    match syntax {
        uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => "dcmdjpls in.dcm out.dcm",
        uids::JPEG_BASELINE8_BIT | uids::JPEG_EXTENDED12_BIT => "dcmdjpeg in.dcm out.dcm",
        _ => "gdcmconv --raw in.dcm out.dcm",
    }
}

struct StreamSize {
    columns: usize,
    rows: usize,
    samples: usize,
    precision: u8,
}

/// What the markers of a JPEG stream say (ITU-T T.81 annex B).
struct JpegHeader {
    size: StreamSize,
    lossless: bool,
    /// Colour transform of an Adobe marker.
    adobe: Option<u8>,
    jfif: bool,
    /// Places of the component identifiers in the frame and scan headers.
    identifiers: Vec<usize>,
}

impl JpegHeader {
    fn of(stream: &[u8]) -> Option<Self> {
        let (mut adobe, mut jfif, mut frame, mut identifiers) = (None, false, None, Vec::new());
        let mut at = 2;
        loop {
            while *stream.get(at)? != 0xFF {
                at += 1;
            }
            while *stream.get(at)? == 0xFF {
                at += 1;
            }
            let marker = stream[at];
            let begin = at + 3;
            // Markers without a segment.
            if matches!(marker, 0x01 | 0xD0..=0xD8) {
                at += 1;
                continue;
            }
            if marker == 0xD9 {
                break;
            }
            let length = usize::from(u16::from_be_bytes([*stream.get(at + 1)?, *stream.get(at + 2)?]));
            let body = stream.get(begin..(at + 1 + length).max(begin))?;
            match marker {
                0xE0 => jfif |= body.starts_with(b"JFIF"),
                0xEE if body.starts_with(b"Adobe") => adobe = body.get(11).copied(),
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    let [precision, r0, r1, c0, c1, samples, ..] = *body else { return None };
                    let size = StreamSize {
                        columns: usize::from(u16::from_be_bytes([c0, c1])),
                        rows: usize::from(u16::from_be_bytes([r0, r1])),
                        samples: usize::from(samples),
                        precision,
                    };
                    identifiers.extend((0..size.samples).map(|i| begin + 6 + 3 * i));
                    let lossless = matches!(marker, 0xC3 | 0xC7 | 0xCB | 0xCF);
                    frame = Some((size, lossless));
                }
                0xDA => {
                    let samples = usize::from(*body.first()?);
                    identifiers.extend((0..samples).map(|i| begin + 1 + 2 * i));
                    break;
                }
                _ => {}
            }
            at += 1 + length.max(2);
        }
        let (size, lossless) = frame?;
        identifiers.retain(|i| *i < stream.len());
        Some(Self { size, lossless, adobe, jfif, identifiers })
    }

    /// Whether the stream of an object that calls itself RGB holds RGB: an Adobe or JFIF marker knows better.
    fn holds_rgb(&self) -> bool {
        self.size.samples == 3 && self.adobe.map_or(!self.jfif, |transform| transform == 0)
    }

    /// The decoder takes components 1, 2, 3 for YCbCr; named R, G, B it leaves them alone.
    fn mark_as_rgb(&self, stream: &mut [u8]) {
        // Frame and scan headers name the components in the same order; several scans name one each.
        if self.identifiers.len() == 6 {
            for (place, name) in self.identifiers.iter().zip(b"RGBRGB") {
                stream[*place] = *name;
            }
        }
    }
}

/// What the SIZ marker of a JPEG 2000 code stream says (ITU-T T.800 A.5.1); `None` for subsampled components.
fn jpeg_2000_size(stream: &[u8]) -> Option<StreamSize> {
    let at = stream.windows(4).position(|w| w == [0xFF, 0x4F, 0xFF, 0x51])?;
    let siz = stream.get(at + 4..)?;
    let word = |i: usize| Some(u32::from_be_bytes(siz.get(i..i + 4)?.try_into().ok()?) as usize);
    let (x, y, x0, y0) = (word(4)?, word(8)?, word(12)?, word(16)?);
    let samples = usize::from(u16::from_be_bytes([*siz.get(36)?, *siz.get(37)?]));
    let components = siz.get(38..38 + 3 * samples)?;
    if samples == 0 || components.chunks(3).any(|c| c[1] != 1 || c[2] != 1) {
        return None;
    }
    let precision = components.chunks(3).map(|c| (c[0] & 0x7F) + 1).max()?;
    if precision > 16 {
        return None;
    }
    Some(StreamSize { columns: x.checked_sub(x0)?, rows: y.checked_sub(y0)?, samples, precision })
}

/// Whether a JPEG 2000 code stream uses its own multiple component transform (COD marker, T.800 A.6.1).
fn uses_transform(stream: &[u8]) -> bool {
    stream.windows(2).position(|w| w == [0xFF, 0x52]).and_then(|at| stream.get(at + 8)) == Some(&1)
}

/// RLE Lossless, PS3.5 annex G: a header of fifteen offsets, then one `PackBits` segment for every byte of a sample,
/// the most significant first. Yields planes of little-endian samples.
fn rle(stream: &[u8], layout: &PixelLayout) -> Result<FrameBytes, StudyError> {
    let word = |i: usize| Some(u32::from_le_bytes(stream.get(4 * i..4 * i + 4)?.try_into().ok()?) as usize);
    let segments = word(0).ok_or_else(|| broken("no RLE header"))?;
    let sample_bytes = layout.bits_allocated.div_ceil(8);
    if segments != layout.samples * sample_bytes || segments > 15 {
        return Err(StudyError::Malformed(format!(
            "its RLE frame has {segments} segments, where {} are due",
            layout.samples * sample_bytes
        )));
    }
    let pixels = layout.pixels();
    let mut bytes = vec![0; pixels * layout.samples * sample_bytes];
    for segment in 0..segments {
        let begin = word(segment + 1).unwrap_or(usize::MAX);
        let end = if segment + 1 < segments { word(segment + 2).unwrap_or(0) } else { stream.len() };
        let packed = stream.get(begin..end.min(stream.len())).ok_or_else(|| broken("RLE segments out of order"))?;
        let plane = &mut bytes[segment / sample_bytes * pixels * sample_bytes..][..pixels * sample_bytes];
        let significance = sample_bytes - 1 - segment % sample_bytes;
        let written = unpack(packed, plane.iter_mut().skip(significance).step_by(sample_bytes));
        if written < pixels {
            return Err(StudyError::Truncated(format!("an RLE segment holds {written} of {pixels} values")));
        }
    }
    Ok(FrameBytes { bytes, sample_bytes, planar: true, is_rgb: false, subsampled: false })
}

/// `PackBits`: n ≥ 0 copies the n + 1 bytes that follow, −127 ≤ n ≤ −1 repeats the next one 1 − n times, −128 is nothing.
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

    #[test]
    fn jpeg_ls_is_named_with_its_uid_and_a_way_out() {
        let text = unsupported(uids::JPEGLS_LOSSLESS).to_string();
        assert!(
            text.contains("JPEG-LS") && text.contains(uids::JPEGLS_LOSSLESS) && text.contains("dcmdjpls"),
            "{text}"
        );
    }
}
