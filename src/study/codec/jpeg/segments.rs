//! The marker segments of a JPEG stream (ITU-T T.81 annex B): what stands between the pixels' bits.

/// One segment: a marker with what it carries.
pub(crate) struct Segment<'a> {
    pub marker: u8,
    pub body: &'a [u8],
    /// Where the body begins in the stream.
    pub begin: usize,
}

/// Walks through the segments; behind a scan header the walk ends, for entropy-coded data follows.
pub(super) struct Segments<'a> {
    stream: &'a [u8],
    at: usize,
}

impl<'a> Segments<'a> {
    /// From `at` on, which is behind the start of the image or behind the data of a scan.
    pub(super) fn new(stream: &'a [u8], at: usize) -> Self {
        Self { stream, at }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        loop {
            self.at += self.stream.get(self.at..)?.iter().position(|b| *b == 0xFF)?;
            self.at += self.stream[self.at..].iter().position(|b| *b != 0xFF)?;
            let marker = self.stream[self.at];
            self.at += 1;
            match marker {
                // Stuffing, and markers without a segment.
                0x00 | 0x01 | 0xD0..=0xD8 => {}
                0xD9 => return Some(Segment { marker, body: &[], begin: self.at }),
                _ => {
                    let length = self.stream.get(self.at..self.at + 2)?;
                    let length = usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
                    let (begin, end) = (self.at + 2, self.at + length);
                    self.at = end;
                    return Some(Segment { marker, body: self.stream.get(begin..end)?, begin });
                }
            }
        }
    }
}

/// A component of the frame: its sampling factors and the number that scans call it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    pub id: u8,
    pub horizontal: usize,
    pub vertical: usize,
}

/// How the samples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    /// Baseline and extended: every block at once.
    Sequential,
    Progressive,
    Lossless,
    /// Arithmetic or hierarchical: read by no decoder of ours.
    Other,
}

/// The frame header (T.81 B.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub process: Process,
    pub precision: u8,
    pub rows: usize,
    pub columns: usize,
    pub components: Vec<Component>,
}

impl FrameHeader {
    /// The header that a segment is, if it is one and whole.
    pub(crate) fn of(segment: &Segment<'_>) -> Option<Self> {
        let process = match segment.marker {
            0xC0 | 0xC1 => Process::Sequential,
            0xC2 => Process::Progressive,
            0xC3 => Process::Lossless,
            0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => Process::Other,
            _ => return None,
        };
        let [precision, r0, r1, c0, c1, count, ref rest @ ..] = *segment.body else { return None };
        let components = rest.get(..3 * usize::from(count))?.chunks_exact(3);
        let component = |c: &[u8]| Component { id: c[0], horizontal: (c[1] >> 4).into(), vertical: (c[1] & 15).into() };
        // T.81 table B.2; no image has more than four components.
        let sound = |c: &Component| (1..=4).contains(&c.horizontal) && (1..=4).contains(&c.vertical);
        let process =
            if count <= 4 && components.clone().map(component).all(|c| sound(&c)) { process } else { Process::Other };
        Some(Self {
            process,
            precision,
            rows: u16::from_be_bytes([r0, r1]).into(),
            columns: u16::from_be_bytes([c0, c1]).into(),
            components: components.map(component).collect(),
        })
    }

    pub(crate) fn is_lossless(&self) -> bool {
        self.process == Process::Lossless
    }
}

/// The scan header (T.81 B.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScanHeader {
    /// Component, table of DC codes, table of AC codes.
    pub components: Vec<(u8, usize, usize)>,
    /// First and last coefficient; for lossless data the first is the predictor.
    pub first: u8,
    pub last: u8,
    /// Successive approximation, or the point transform of lossless data.
    pub high: u8,
    pub low: u8,
}

impl ScanHeader {
    pub(super) fn of(body: &[u8]) -> Option<Self> {
        let (&count, rest) = body.split_first()?;
        let (components, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let [first, last, bits, ..] = *rest else { return None };
        let component = |c: &[u8]| (c[0], usize::from(c[1] >> 4), usize::from(c[1] & 15));
        let components = components.chunks_exact(2).map(component).collect();
        Some(Self { components, first, last, high: bits >> 4, low: bits & 15 })
    }
}
