//! Where markers and their segments stand in a stream (T.87 C.1, T.81 B.1.1).

/// Start of image.
pub(super) const SOI: u8 = 0xD8;
/// End of image.
pub(super) const EOI: u8 = 0xD9;
/// Start of scan.
pub(super) const SOS: u8 = 0xDA;
/// Number of lines.
pub(super) const DNL: u8 = 0xDC;
/// Restart interval.
pub(super) const DRI: u8 = 0xDD;
/// Application data 8: the SPIFF header, or a colour transform.
pub(super) const APP8: u8 = 0xE8;
/// Frame header of JPEG-LS.
pub(super) const SOF55: u8 = 0xF7;
/// Preset parameters of JPEG-LS.
pub(super) const LSE: u8 = 0xF8;
/// Frame header of the extensions of JPEG-LS (T.870).
pub(super) const SOF57: u8 = 0xF9;

/// A marker: its code, where it begins and where what follows it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) code: u8,
    /// Where its 0xFF stands, the first of several.
    pub(super) at: usize,
    pub(super) end: usize,
}

impl Marker {
    /// The first one from `from` on. Entropy-coded data, in which a byte below 0x80 follows every
    /// 0xFF, are passed over.
    pub(super) fn next(stream: &[u8], from: usize) -> Option<Self> {
        let mut at = from;
        loop {
            at += stream.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
            let fill = stream.get(at..)?.iter().take_while(|byte| **byte == 0xFF).count();
            let code = *stream.get(at + fill)?;
            if code >= 0x80 {
                return Some(Self { code, at, end: at + fill + 1 });
            }
            at += fill;
        }
    }

    /// The number of a restart marker.
    pub(super) fn restart(self) -> Option<usize> {
        (0xD0..=0xD7).contains(&self.code).then(|| usize::from(self.code - 0xD0))
    }

    /// What the segment behind it holds, its length left away; `None` where it is cut.
    pub(super) fn segment(self, stream: &[u8]) -> Option<&[u8]> {
        let &[high, low, ref rest @ ..] = stream.get(self.end..)? else { return None };
        rest.get(..usize::from(u16::from_be_bytes([high, low])).checked_sub(2)?)
    }
}

/// A number of two, three or four bytes, the form of each that T.87 lets an encoder choose.
pub(super) fn number(bytes: &[u8]) -> Option<u32> {
    (2..=4).contains(&bytes.len()).then(|| bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_told_from_stuffed_data_and_from_fill_bytes() {
        let stream = [1, 0xFF, 0x7F, 0xFF, 0x00, 0xFF, 0xFF, 0xFF, 0xD3, 9];
        let marker = Marker::next(&stream, 0).unwrap();
        assert_eq!(marker, Marker { code: 0xD3, at: 5, end: 9 });
        assert_eq!(marker.restart(), Some(3));
        assert_eq!(Marker::next(&stream, 9), None);
        assert_eq!(Marker::next(&[0xFF, 0xFF], 0), None, "fill bytes alone");
        assert_eq!(Marker::next(&[], 7), None);
    }

    #[test]
    fn a_segment_is_as_long_as_it_says_or_cut() {
        let stream = [0xFF, 0xDD, 0, 5, 1, 2, 3];
        let segment = Marker::next(&stream, 0).unwrap().segment(&stream).unwrap();
        assert_eq!(number(segment), Some(0x01_02_03));
        assert_eq!(Marker::next(&stream, 0).unwrap().segment(&stream[..6]), None);
        assert_eq!(Marker::next(&stream, 0).unwrap().segment(&[0xFF, 0xDD, 0, 1]), None, "shorter than itself");
        assert_eq!((number(&[1]), number(&[0; 5])), (None, None));
    }
}
