//! What a JPEG stream says of itself (ITU-T T.81), and how much of the image its data holds.
//!
//! Decoders fill what is missing with grey and say nothing. So the data is read here once more
//! without being decoded: codes are counted, no coefficient becomes a pixel. That tells exactly
//! with which row the data ends ([`end_what_is_cut`]). Pixels come from the decoders of others.

mod extent;
mod huffman;
mod segments;
mod units;

pub(in crate::study) use segments::FrameHeader;

use crate::imaging::Missing;
use segments::{ScanHeader, Segments};

/// End of image.
const EOI: u8 = 0xD9;
/// Start of scan.
const SOS: u8 = 0xDA;
/// Define restart interval.
const DRI: u8 = 0xDD;

/// What of the image a stream does not hold. Where that is anything, the stream is given an end
/// behind what can be read of it: the decoders take zeros for what is missing then, and would give
/// up without.
pub(in crate::study) fn end_what_is_cut(stream: &mut Vec<u8>) -> Option<Missing> {
    let extent = extent::extent(stream);
    if extent.missing.is_some() {
        stream.truncate(extent.end);
        stream.extend([0xFF, EOI]);
    }
    extent.missing
}

/// What stands before the first scan.
pub(in crate::study) struct Header {
    pub frame: FrameHeader,
    /// Units between two restart markers, 0 without them.
    restart_interval: u16,
    /// Bits that lossless data leaves away at the low end.
    point_transform: u8,
    /// Colour transform of an Adobe marker.
    adobe: Option<u8>,
    jfif: bool,
    /// Places of the component identifiers in the frame and scan headers.
    identifiers: Vec<usize>,
}

impl Header {
    /// The header of a stream; `None` for one that ends before its first scan begins.
    pub(crate) fn of(stream: &[u8]) -> Option<Self> {
        let (mut adobe, mut jfif, mut frame, mut identifiers) = (None, false, None, Vec::new());
        let mut restart_interval = 0;
        for segment in Segments::new(stream, 2) {
            let (body, begin) = (segment.body, segment.begin);
            match segment.marker {
                EOI => return None,
                DRI => restart_interval = u16::from_be_bytes([*body.first()?, *body.get(1)?]),
                0xE0 => jfif |= body.starts_with(b"JFIF"),
                0xEE if body.starts_with(b"Adobe") => adobe = body.get(11).copied(),
                SOS => {
                    let scan = ScanHeader::of(body)?;
                    identifiers.extend((0..scan.components.len()).map(|i| begin + 1 + 2 * i));
                    let (frame, point_transform) = (frame?, scan.low);
                    return Some(Self { frame, restart_interval, point_transform, adobe, jfif, identifiers });
                }
                _ => {
                    if let (None, Some(header)) = (&frame, FrameHeader::of(&segment)) {
                        identifiers = (0..header.components.len()).map(|i| begin + 6 + 3 * i).collect();
                        frame = Some(header);
                    }
                }
            }
        }
        None
    }

    /// Why the decoder would yield wrong values of lossless data without a word, if it would.
    pub(crate) fn misread(&self) -> Option<&'static str> {
        match (self.frame.is_lossless(), self.restart_interval, self.point_transform) {
            (true, 1.., _) => Some("lossless JPEG with restart intervals"),
            (true, _, 1..) => Some("lossless JPEG with a point transform"),
            _ => None,
        }
    }

    /// Whether the stream of an object that calls itself RGB holds RGB: an Adobe or JFIF marker
    /// knows better.
    pub(crate) fn holds_rgb(&self) -> bool {
        self.frame.components.len() == 3 && self.adobe.map_or(!self.jfif, |transform| transform == 0)
    }

    /// The decoder takes components 1, 2, 3 for YCbCr; named R, G, B it leaves them alone.
    pub(crate) fn mark_as_rgb(&self, stream: &mut [u8]) {
        // Frame and scan headers name the components in the same order; several scans name one
        // each.
        if self.identifiers.len() == 6 {
            for (place, name) in self.identifiers.iter().zip(b"RGBRGB") {
                stream[*place] = *name;
            }
        }
    }
}
