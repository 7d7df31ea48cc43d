//! The marker segments between which the entropy-coded data stands (ITU-T T.81 B.1.1).
//!
//! Bytes that belong to no segment are passed over, as are any number of fill bytes before a
//! marker; so a stream may begin with garbage, and a segment may be shorter than it says.

/// Codes of the markers that are looked at (T.81 table B.1).
pub(super) mod marker {
    pub(in super::super) const SOF0: u8 = 0xC0;
    pub(in super::super) const SOF1: u8 = 0xC1;
    pub(in super::super) const SOF2: u8 = 0xC2;
    pub(in super::super) const SOF3: u8 = 0xC3;
    pub(in super::super) const DHT: u8 = 0xC4;
    /// Arithmetic coding conditioning.
    pub(in super::super) const DAC: u8 = 0xCC;
    pub(in super::super) const RST0: u8 = 0xD0;
    pub(in super::super) const RST7: u8 = 0xD7;
    pub(in super::super) const SOI: u8 = 0xD8;
    pub(in super::super) const EOI: u8 = 0xD9;
    pub(in super::super) const SOS: u8 = 0xDA;
    pub(in super::super) const DQT: u8 = 0xDB;
    /// Number of lines.
    pub(in super::super) const DNL: u8 = 0xDC;
    /// Restart interval.
    pub(in super::super) const DRI: u8 = 0xDD;
    /// Hierarchical progression, and expansion of its reference components.
    pub(in super::super) const DHP: u8 = 0xDE;
    pub(in super::super) const EXP: u8 = 0xDF;
    pub(in super::super) const APP0: u8 = 0xE0;
    pub(in super::super) const APP14: u8 = 0xEE;
    /// Start of frame of JPEG-LS (ITU-T T.87).
    pub(in super::super) const SOF55: u8 = 0xF7;
}

/// One segment: a marker with what it carries.
pub(super) struct Segment<'a> {
    pub marker: u8,
    /// What it carries, as far as the stream goes.
    pub body: &'a [u8],
    /// Where it ends.
    pub end: usize,
}

/// Walks through segments; behind a scan header whoever walks must [jump](Self::jump) over the
/// data.
pub(super) struct Segments<'a> {
    stream: &'a [u8],
    at: usize,
}

impl<'a> Segments<'a> {
    /// The segments behind the first start-of-image marker; `None` without one.
    pub(super) fn of_image(stream: &'a [u8]) -> Option<Self> {
        let start = stream.windows(2).position(|pair| pair == [0xFF, marker::SOI])?;
        Some(Self { stream, at: start + 2 })
    }

    /// Goes on at `at`.
    pub(super) fn jump(&mut self, at: usize) {
        self.at = at;
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        loop {
            self.at += self.stream.get(self.at..)?.iter().position(|byte| *byte == 0xFF)?;
            self.at += self.stream.get(self.at..)?.iter().position(|byte| *byte != 0xFF)?;
            let code = *self.stream.get(self.at)?;
            self.at += 1;
            match code {
                // Reserved codes, and markers that nothing follows.
                0x00..=0xBF | marker::RST0..=marker::RST7 | marker::SOI => {}
                marker::EOI => return Some(Segment { marker: code, body: &[], end: self.at }),
                _ => {
                    let length = self.stream.get(self.at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))?;
                    let rest = self.stream.get(self.at + 2..).unwrap_or_default();
                    let body = &rest[..rest.len().min(usize::from(length).saturating_sub(2))];
                    self.at += 2 + body.len();
                    return Some(Segment { marker: code, body, end: self.at });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(stream: &[u8]) -> Vec<(u8, Vec<u8>)> {
        Segments::of_image(stream).into_iter().flatten().map(|s| (s.marker, s.body.to_vec())).collect()
    }

    #[test]
    fn garbage_and_fill_bytes_stand_between_segments() {
        let stream = [0, 0xFF, 7, 0xFF, 0xD8, 1, 2, 0xFF, 0xFF, 0xFF, 0xDD, 0, 4, 0, 9, 3, 0xFF, 0, 0xFF, 0xD9];
        assert_eq!(walked(&stream), [(0xDD, vec![0, 9]), (0xD9, vec![])]);
    }

    #[test]
    fn a_segment_that_is_cut_ends_with_the_stream() {
        assert_eq!(walked(&[0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 1, 2]), [(0xDB, vec![1, 2])]);
        assert_eq!(walked(&[0xFF, 0xD8, 0xFF, 0xDB, 0]), []);
        assert_eq!(walked(&[0xFF, 0xD8, 0xFF, 0xDB, 0, 1, 0xFF, 0xD9]), [(0xDB, vec![]), (0xD9, vec![])]);
        assert_eq!(walked(&[1, 2, 3]), []);
    }
}
