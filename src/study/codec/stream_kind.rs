//! Which kind of stream a frame is: what the transfer syntax says, and what the first bytes show.
//!
//! A label may be wrong; the marks at the beginning of a stream hardly are. So the stream is
//! decoded by what it is, and where that is not what the file says, a warning tells.

use dicom_dictionary_std::uids;

use crate::study::guard::PixelLayout;

/// A family of streams that one decoder reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamKind {
    /// Samples as they are.
    Native,
    Rle,
    Jpeg,
    JpegLs,
    /// With High-Throughput JPEG 2000.
    Jpeg2000,
    JpegXl,
    /// A deflated native frame.
    Deflated,
    /// MPEG-2, MPEG-4, HEVC, and uncompressed video of SMPTE ST 2110.
    Video,
    /// Pixels that lie on a server.
    Referenced,
}

const JPEG_FRAME: [u8; 2] = [0xFF, 0xD8];
/// Start of a JPEG 2000 code stream, and the signature of a file around one.
const JPEG_2000: [&[u8]; 2] = [&[0xFF, 0x4F, 0xFF, 0x51], b"\0\0\0\x0CjP  \r\n\x87\n"];
const JPEG_XL: [&[u8]; 2] = [&[0xFF, 0x0A], b"\0\0\0\x0CJXL \r\n\x87\n"];

impl StreamKind {
    /// What a transfer syntax says; `None` for one that is not of the standard.
    pub(crate) fn of_syntax(uid: &str) -> Option<Self> {
        Some(match uid {
            uids::IMPLICIT_VR_LITTLE_ENDIAN
            | uids::EXPLICIT_VR_LITTLE_ENDIAN
            | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
            | uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN
            | "1.2.840.10008.1.2.2" => Self::Native,
            uids::RLE_LOSSLESS => Self::Rle,
            uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => Self::JpegLs,
            "1.2.840.10008.1.2.8.1" => Self::Deflated,
            _ => return Self::of_number(uid.strip_prefix("1.2.840.10008.1.2.")?),
        })
    }

    /// The same of what stands behind the root of transfer syntaxes.
    fn of_number(number: &str) -> Option<Self> {
        if number.starts_with("7.") {
            return Some(Self::Video);
        }
        let mut parts = number.strip_prefix("4.")?.split('.');
        Some(match parts.next()?.parse::<u16>().ok()? {
            50..=70 => Self::Jpeg,
            90..=93 | 201..=203 => Self::Jpeg2000,
            94 | 95 | 204 | 205 => Self::Referenced,
            100..=108 => Self::Video,
            110..=112 => Self::JpegXl,
            _ => return None,
        })
    }

    /// What the first bytes of a frame show, if they show anything.
    pub(crate) fn of_stream(stream: &[u8], layout: &PixelLayout) -> Option<Self> {
        let begins = |marks: &[&[u8]]| marks.iter().any(|mark| stream.starts_with(mark));
        if stream.starts_with(&JPEG_FRAME) && stream.get(2) == Some(&0xFF) {
            return Some(if is_jpeg_ls(stream) { Self::JpegLs } else { Self::Jpeg });
        }
        if begins(&JPEG_2000) {
            return Some(Self::Jpeg2000);
        }
        if begins(&JPEG_XL) {
            return Some(Self::JpegXl);
        }
        is_rle(stream, layout).then_some(Self::Rle)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "uncompressed",
            Self::Rle => "RLE",
            Self::Jpeg => "JPEG",
            Self::JpegLs => "JPEG-LS",
            Self::Jpeg2000 => "JPEG 2000",
            Self::JpegXl => "JPEG XL",
            Self::Deflated => "deflated",
            Self::Video => "video",
            Self::Referenced => "JPIP",
        }
    }
}

/// Whether the frame header of a JPEG stream is that of JPEG-LS (ITU-T T.87 C.2.2).
fn is_jpeg_ls(stream: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xFF, code, ref behind @ ..]) = stream.get(at..) {
        match code {
            0xF7 => return true,
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xDA => return false,
            // Bytes that fill up.
            0xFF => at += 1,
            _ => {
                let [a, b, ..] = *behind else { return false };
                at += 2 + usize::from(u16::from_be_bytes([a, b]));
            }
        }
    }
    false
}

/// Whether a header of RLE (PS3.5 G.5) fits the image: its segments, the first behind the header,
/// the others in order, and zeros where there are none.
fn is_rle(stream: &[u8], layout: &PixelLayout) -> bool {
    let Some(header) = stream.get(..64) else { return false };
    let words: Vec<u32> = header.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let Some((&segments, offsets)) = words.split_first() else { return false };
    let Some((used, rest)) = offsets.split_at_checked(segments as usize) else { return false };
    let whole = segments > 0 && (segments as usize).is_multiple_of(layout.samples);
    whole && used.first() == Some(&64) && used.is_sorted() && rest.iter().all(|offset| *offset == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::guard::tests::grey_layout;

    #[test]
    fn transfer_syntaxes_of_the_standard_are_known_by_number() {
        let of = |uid: &str| StreamKind::of_syntax(&format!("1.2.840.10008.1.2{uid}"));
        assert_eq!(of(".4.57"), Some(StreamKind::Jpeg));
        assert_eq!(of(".4.202"), Some(StreamKind::Jpeg2000));
        assert_eq!(of(".4.110"), Some(StreamKind::JpegXl));
        assert_eq!(of(".4.102.1"), Some(StreamKind::Video));
        assert_eq!(of(".4.94"), Some(StreamKind::Referenced));
        assert_eq!(of(".8.1"), Some(StreamKind::Deflated));
        assert_eq!(of(".5"), Some(StreamKind::Rle));
        assert_eq!(of(""), Some(StreamKind::Native));
        assert_eq!(StreamKind::of_syntax("1.3.46.670589.33.1.4.1"), None);
    }

    #[test]
    fn the_first_bytes_tell_the_kind_of_a_stream() {
        let layout = grey_layout(4, 4, 16);
        let of = |stream: &[u8]| StreamKind::of_stream(stream, &layout);
        assert_eq!(of(&[0xFF, 0xD8, 0xFF, 0xFE, 0, 2, 0xFF, 0xF7]), Some(StreamKind::JpegLs));
        assert_eq!(of(&[0xFF, 0xD8, 0xFF, 0xC4, 0, 2, 0xFF, 0xC3]), Some(StreamKind::Jpeg));
        assert_eq!(of(&[0xFF, 0x4F, 0xFF, 0x51, 0]), Some(StreamKind::Jpeg2000));
        assert_eq!(of(&[0xFF, 0x0A, 0, 0]), Some(StreamKind::JpegXl));
        let mut rle = [0; 70];
        (rle[0], rle[4], rle[8]) = (2, 64, 66);
        assert_eq!(of(&rle), Some(StreamKind::Rle));
        rle[12] = 68;
        assert_eq!(of(&rle), None, "three offsets of two segments");
        assert_eq!(of(&[7; 80]), None);
    }
}
