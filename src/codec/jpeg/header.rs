//! What a stream says of its image before its first scan (ITU-T T.81 B.2): process, size,
//! components, and what markers of applications say of colours.

use super::bits::Bits;
use super::error::JpegError;
use super::process::Process;
use super::segments::{Segment, Segments, marker};
use crate::image::Expected;

/// A component of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// The number, or the letter, that it is called by.
    pub id: u8,
    /// Sampling factors, 1 to 4: its samples relate to those of the others as these do.
    pub horizontal: u8,
    pub vertical: u8,
    /// Which quantization table it uses.
    pub(super) quantization: u8,
}

/// The frame header (T.81 B.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub process: Process,
    /// Bits of a sample.
    pub precision: u8,
    pub columns: usize,
    /// 0 where neither the frame header nor a DNL segment says it (T.81 B.2.5).
    pub rows: usize,
    /// 1 to 4.
    pub components: Vec<Component>,
}

impl Frame {
    /// The frame header that a segment is; `None` for another segment.
    pub(super) fn of(segment: &Segment<'_>) -> Option<Result<Self, JpegError>> {
        let process = match segment.marker {
            marker::SOF0 => Process::Baseline,
            marker::SOF1 => Process::Extended,
            marker::SOF2 => Process::Progressive,
            marker::SOF3 => Process::Lossless,
            marker::DHP | marker::EXP | 0xC5..=0xC7 | 0xCD..=0xCF => {
                return Some(Err(JpegError::Unsupported("hierarchical JPEG")));
            }
            marker::DAC | 0xC9..=0xCB => {
                return Some(Err(JpegError::Unsupported("JPEG with arithmetic coding")));
            }
            marker::SOF55 => return Some(Err(JpegError::Unsupported("JPEG-LS, and not JPEG"))),
            _ => return None,
        };
        Some(Self::parse(process, segment.body))
    }

    fn parse(process: Process, body: &[u8]) -> Result<Self, JpegError> {
        let [precision, r0, r1, c0, c1, count, ref rest @ ..] = *body else { return Err(JpegError::EndsEarly) };
        if !process.reads(precision) {
            return Err(JpegError::Precision { process, bits: precision });
        }
        if !(1..=4).contains(&count) {
            return Err(JpegError::Components(count));
        }
        let (components, _) = rest.as_chunks::<3>();
        let components = components.get(..usize::from(count)).ok_or(JpegError::EndsEarly)?;
        let component = |[id, sampling, quantization]: &[u8; 3]| {
            let (horizontal, vertical) = (sampling >> 4, sampling & 15);
            let sound = (1..=4).contains(&horizontal) && (1..=4).contains(&vertical);
            let component = Component { id: *id, horizontal, vertical, quantization: *quantization };
            if sound { Ok(component) } else { Err(JpegError::Sampling { component: *id, horizontal, vertical }) }
        };
        Ok(Self {
            process,
            precision,
            rows: u16::from_be_bytes([r0, r1]).into(),
            columns: u16::from_be_bytes([c0, c1]).into(),
            components: components.iter().map(component).collect::<Result<_, _>>()?,
        })
    }

    /// Refuses an image that is empty, or larger than expected.
    pub(super) fn check(&self, expected: Expected) -> Result<(), JpegError> {
        let (columns, rows, components) = (self.columns, self.rows, self.components.len());
        if columns == 0 || rows == 0 {
            return Err(JpegError::Empty { columns, rows });
        }
        if columns > expected.columns || rows > expected.rows || components > expected.components {
            return Err(JpegError::TooLarge { columns, rows, components, expected });
        }
        Ok(())
    }

    /// Largest horizontal and vertical sampling factor.
    pub(super) fn largest_sampling(&self) -> (usize, usize) {
        let largest = |of: fn(&Component) -> u8| self.components.iter().map(of).max().unwrap_or(1).into();
        (largest(|c| c.horizontal), largest(|c| c.vertical))
    }

    /// Whether some component has fewer samples than another.
    pub fn is_subsampled(&self) -> bool {
        let sampling = |c: &Component| (c.horizontal, c.vertical);
        self.components.windows(2).any(|pair| sampling(&pair[0]) != sampling(&pair[1]))
    }
}

/// What stands before the first scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub frame: Frame,
    /// Units between two restart markers, 0 without them.
    pub restart_interval: u16,
    /// Predictor of lossless data, 1 to 7 (T.81 table H.1).
    pub predictor: u8,
    /// Bits that lossless data leaves away at the low end (T.81 A.4).
    pub point_transform: u8,
    /// Colour transform of an Adobe marker: 0 none, 1 YCbCr, 2 YCCK.
    pub adobe: Option<u8>,
    /// Whether there is a JFIF marker.
    pub jfif: bool,
}

impl Header {
    /// The header of a stream.
    pub fn of(stream: &[u8]) -> Result<Self, JpegError> {
        let mut segments = Segments::of_image(stream).ok_or(JpegError::NoImage)?;
        let (mut adobe, mut jfif, mut frame, mut restart_interval) = (None, false, None, 0);
        for segment in &mut segments {
            let body = segment.body;
            match segment.marker {
                marker::EOI => break,
                marker::DRI => restart_interval = number(body).unwrap_or(0),
                marker::APP0 => jfif |= body.starts_with(b"JFIF"),
                marker::APP14 if body.starts_with(b"Adobe") => adobe = body.get(11).copied(),
                marker::SOS => {
                    let mut frame: Frame = frame.ok_or(JpegError::EndsEarly)?;
                    let scan = ScanHeader::of(body)?;
                    if frame.rows == 0 {
                        frame.rows = lines(stream, segment.end).unwrap_or(0);
                    }
                    let lossless = frame.process == Process::Lossless;
                    let (predictor, point_transform) = if lossless { (scan.first, scan.low) } else { (0, 0) };
                    return Ok(Self { frame, restart_interval, predictor, point_transform, adobe, jfif });
                }
                _ if frame.is_none() => frame = Frame::of(&segment).transpose()?,
                _ => {}
            }
        }
        Err(JpegError::EndsEarly)
    }

    /// Whether the three components are YCbCr, as far as the stream says it: by an Adobe or a JFIF
    /// marker, by components of fewer samples than the others, or by components called R, G and B.
    /// `None` where it does not, and what is around the stream must say.
    pub fn is_ycbcr(&self) -> Option<bool> {
        let [a, b, c] = self.frame.components[..] else { return Some(false) };
        match self.adobe {
            Some(transform) => Some(transform != 0),
            None if self.jfif || self.frame.is_subsampled() => Some(true),
            None if [a.id, b.id, c.id] == *b"RGB" => Some(false),
            None => None,
        }
    }
}

/// The scan header (T.81 B.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScanHeader {
    /// Component, number of its table of DC codes, of AC codes.
    pub components: Vec<(u8, usize, usize)>,
    /// First and last coefficient; for lossless data the first is the predictor.
    pub first: u8,
    pub last: u8,
    /// Successive approximation: bits that coefficients lacked before this scan and lack behind it.
    /// For lossless data `low` is the point transform.
    pub high: u8,
    pub low: u8,
}

impl ScanHeader {
    pub(super) fn of(body: &[u8]) -> Result<Self, JpegError> {
        let (&count, rest) = body.split_first().ok_or(JpegError::EndsEarly)?;
        let (components, rest) = rest.split_at_checked(2 * usize::from(count)).ok_or(JpegError::EndsEarly)?;
        let [first, last, bits, ..] = *rest else { return Err(JpegError::EndsEarly) };
        let (components, _) = components.as_chunks::<2>();
        let component = |[id, tables]: &[u8; 2]| (*id, usize::from(tables >> 4), usize::from(tables & 15));
        let components = components.iter().map(component).collect();
        Ok(Self { components, first, last, high: bits >> 4, low: bits & 15 })
    }
}

/// The number that a DRI or DNL segment carries.
pub(super) fn number(body: &[u8]) -> Option<u16> {
    body.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

/// The number of lines that a DNL segment behind the first scan says (T.81 B.2.5); the data of the
/// scan begins at `at`.
pub(super) fn lines(stream: &[u8], at: usize) -> Option<usize> {
    let mut bits = Bits::new(stream, at);
    loop {
        match bits.marker()? {
            (marker::RST0..=marker::RST7, behind) => bits.jump(behind),
            (marker::DNL, behind) => return number(stream.get(behind + 2..)?).map(usize::from),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of these segments without data behind its scan header.
    fn stream(segments: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8];
        for (code, body) in segments {
            bytes.extend([0xFF, *code, 0, body.len() as u8 + 2]);
            bytes.extend(*body);
        }
        bytes
    }

    const SCAN: (u8, &[u8]) = (marker::SOS, &[3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]);
    const FRAME: &[u8] = &[8, 0, 20, 0, 30, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];

    #[test]
    fn the_header_says_size_components_intervals_and_markers() {
        let adobe = [b"Adobe\0d\0\0\0\0".as_slice(), &[1]].concat();
        let stream = stream(&[(0xE0, b"JFIF\0"), (0xEE, &adobe), (0xDD, &[0, 7]), (0xC0, FRAME), SCAN]);
        let header = Header::of(&stream).unwrap();
        let Frame { process, precision, columns, rows, components } = &header.frame;
        assert_eq!((*process, *precision, *columns, *rows), (Process::Baseline, 8, 30, 20));
        let sampling: Vec<_> = components.iter().map(|c| (c.id, c.horizontal, c.vertical)).collect();
        assert_eq!(sampling, [(1, 2, 2), (2, 1, 1), (3, 1, 1)]);
        assert_eq!((header.restart_interval, header.adobe, header.jfif), (7, Some(1), true));
        assert!(header.frame.is_subsampled());
    }

    #[test]
    fn lossless_data_says_its_predictor_and_point_transform() {
        let frame = [12, 0, 20, 0, 30, 1, 1, 0x11, 0];
        let stream = stream(&[(0xC3, &frame), (marker::SOS, &[1, 1, 0, 5, 0, 2])]);
        let header = Header::of(&stream).unwrap();
        assert_eq!((header.predictor, header.point_transform), (5, 2));
    }

    #[test]
    fn the_height_may_stand_behind_the_first_scan() {
        let mut frame = FRAME.to_vec();
        frame[1..3].fill(0);
        let mut bytes = stream(&[(0xC0, &frame), SCAN]);
        assert_eq!(Header::of(&bytes).unwrap().frame.rows, 0);
        bytes.extend([1, 0xFF, 0, 0xFF, 0xD0, 2, 0xFF, 0xDC, 0, 4, 1, 2, 0xFF, 0xD9]);
        assert_eq!(Header::of(&bytes).unwrap().frame.rows, 258);
    }

    #[test]
    fn colours_are_told_by_markers_by_sampling_or_by_letters() {
        let three = |ids: [u8; 3], sampling| {
            let [a, b, c] = ids;
            [8, 0, 20, 0, 30, 3, a, sampling, 0, b, 0x11, 0, c, 0x11, 0]
        };
        let of =
            |before: (u8, &[u8]), frame: &[u8]| Header::of(&stream(&[before, (0xC0, frame), SCAN])).unwrap().is_ycbcr();
        let (plain, comment) = (three([1, 2, 3], 0x11), (0xFE, b"-".as_slice()));
        assert_eq!(of(comment, &plain), None);
        assert_eq!(of((0xE0, b"JFIF\0"), &plain), Some(true));
        assert_eq!(of((0xEE, b"Adobe\0d\0\0\0\0\0"), &plain), Some(false));
        assert_eq!(of(comment, &three([1, 2, 3], 0x21)), Some(true));
        assert_eq!(of(comment, &three(*b"RGB", 0x11)), Some(false));
        assert_eq!(of((0xE0, b"JFIF\0"), &[8, 0, 20, 0, 30, 1, 1, 0x11, 0]), Some(false), "grey");
    }

    #[test]
    fn what_is_not_read_is_named() {
        let error = |code, frame: &[u8]| Header::of(&stream(&[(code, frame), SCAN])).unwrap_err().to_string();
        assert!(error(0xC9, FRAME).contains("arithmetic"));
        assert!(error(0xCC, &[0, 16]).contains("arithmetic"));
        assert!(error(0xDE, FRAME).contains("hierarchical"));
        assert!(error(0xC5, FRAME).contains("hierarchical"));
        assert!(error(0xF7, FRAME).contains("JPEG-LS"));
        assert!(error(0xC1, &[10, 0, 20, 0, 30, 1, 1, 0x11, 0]).contains("extended JPEG with 10 bits"));
        assert!(error(0xC3, &[17, 0, 20, 0, 30, 1, 1, 0x11, 0]).contains("2 to 16"));
        assert!(error(0xC0, &[8, 0, 20, 0, 30, 5, 1, 0x11, 0]).contains("5 components"));
        assert!(error(0xC0, &[8, 0, 20, 0, 30, 1, 1, 0x51, 0]).contains("5 × 1"));
    }

    #[test]
    fn a_stream_without_a_scan_has_no_header() {
        assert_eq!(Header::of(b"no JPEG"), Err(JpegError::NoImage));
        assert_eq!(Header::of(&[]), Err(JpegError::NoImage));
        assert_eq!(Header::of(&stream(&[(0xC0, FRAME)])), Err(JpegError::EndsEarly));
        assert_eq!(Header::of(&stream(&[SCAN])), Err(JpegError::EndsEarly));
        assert_eq!(Header::of(&stream(&[(0xC0, &FRAME[..9]), SCAN])), Err(JpegError::EndsEarly));
    }
}
