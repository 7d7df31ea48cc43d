//! What a stream says of its image and its scans before their data (T.87 C.2).

use super::JpegLsError;
use super::colour::Transform;
use super::mapping::Tables;
use super::markers::{APP8, DNL, DRI, EOI, LSE, Marker, SOF55, SOF57, SOI, SOS, number};
use super::presets::Presets;

/// How the components of a scan take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interleave {
    /// One component a scan.
    None,
    Line,
    Sample,
}

/// What a stream says of its image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub columns: usize,
    /// 0 where the stream ends before it says.
    pub rows: usize,
    pub components: usize,
    /// Bits of a decoded sample, 2 to 16: those of the mapping table where there is one.
    pub precision: u8,
    /// The greatest error of a sample in the first scan; 0 is lossless.
    pub near: u8,
    pub interleave: Interleave,
}

impl Header {
    /// Reads what stands before the data of the first scan.
    pub fn of(stream: &[u8]) -> Result<Self, JpegLsError> {
        let mut segments = Segments::new(stream)?;
        let scan = segments.first_scan()?;
        let frame = segments.frame()?;
        let maxval = segments.presets.resolve(frame.precision, scan.near)?.maxval;
        let mapping = segments.tables.mapping(scan.tables.first().copied().unwrap_or(0), maxval)?;
        Ok(Self {
            columns: frame.columns,
            rows: frame.rows,
            components: frame.components.len(),
            precision: mapping.map_or(frame.precision, |mapping| mapping.precision),
            near: scan.near,
            interleave: scan.interleave,
        })
    }
}

/// The frame header (C.2.2).
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) precision: u8,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Their identifiers, in their order in a pixel.
    pub(super) components: Vec<u8>,
}

/// A scan header (C.2.3).
#[derive(Clone, Debug)]
pub(super) struct ScanHeader {
    /// Places of its components in a pixel.
    pub(super) components: Vec<usize>,
    /// Their mapping tables, 0 for none.
    pub(super) tables: Vec<u8>,
    pub(super) near: u8,
    pub(super) interleave: Interleave,
    /// Where its data begin.
    pub(super) data: usize,
}

/// Segments in their order, and what they have said so far.
#[derive(Debug)]
pub(super) struct Segments<'a> {
    stream: &'a [u8],
    at: usize,
    frame: Option<Frame>,
    pub(super) presets: Presets,
    pub(super) tables: Tables,
    pub(super) transform: Transform,
    /// Lines between two restart markers; 0 for none.
    pub(super) restart_interval: usize,
}

impl<'a> Segments<'a> {
    pub(super) fn new(stream: &'a [u8]) -> Result<Self, JpegLsError> {
        if !stream.starts_with(&[0xFF, SOI]) {
            return Err(JpegLsError::NotJpegLs);
        }
        Ok(Self {
            stream,
            at: 2,
            frame: None,
            presets: Presets::default(),
            tables: Tables::default(),
            transform: Transform::None,
            restart_interval: 0,
        })
    }

    pub(super) fn frame(&self) -> Result<&Frame, JpegLsError> {
        self.frame.as_ref().ok_or_else(|| JpegLsError::malformed("image data stand before its frame header"))
    }

    /// The first scan; the size of the image is known afterwards, if the stream has it.
    pub(super) fn first_scan(&mut self) -> Result<ScanHeader, JpegLsError> {
        let scan = self.next_scan()?.ok_or(JpegLsError::Truncated)?;
        let lines = self.lines_behind(scan.data);
        if let Some(frame) = &mut self.frame
            && frame.rows == 0
        {
            frame.rows = lines.unwrap_or(0);
        }
        Ok(scan)
    }

    /// Goes on behind the data of a scan.
    pub(super) fn go_on_at(&mut self, at: usize) {
        self.at = at;
    }

    /// Reads up to the data of the next scan; `None` where the image ends.
    pub(super) fn next_scan(&mut self) -> Result<Option<ScanHeader>, JpegLsError> {
        while let Some(marker) = Marker::next(self.stream, self.at) {
            self.at = marker.end;
            if marker.restart().is_some() || marker.code == SOI {
                continue;
            }
            if marker.code == EOI {
                break;
            }
            let segment = marker.segment(self.stream).ok_or(JpegLsError::Truncated)?;
            self.at += 2 + segment.len();
            match marker.code {
                SOF55 if self.frame.is_some() => {
                    return Err(JpegLsError::malformed("it has two frame headers"));
                }
                SOF55 => self.frame = Some(Frame::read(segment)?),
                SOF57 => return Err(JpegLsError::unsupported("the extensions of ITU-T T.870")),
                // DHT, JPG and DAC are the ones among them that head no frame.
                code @ 0xC0..=0xCF if !matches!(code, 0xC4 | 0xC8 | 0xCC) => {
                    return Err(JpegLsError::OtherKind(code - 0xC0));
                }
                LSE => self.read_presets(segment)?,
                DRI => {
                    let interval = number(segment)
                        .ok_or_else(|| JpegLsError::malformed("its restart interval has a wrong length"))?;
                    self.restart_interval = interval as usize;
                }
                APP8 => {
                    if let &[b'm', b'r', b'f', b'x', number, ..] = segment {
                        self.transform = Transform::of(number)?;
                    }
                }
                SOS => return ScanHeader::read(segment, self.frame()?, self.at).map(Some),
                _ => {}
            }
        }
        Ok(None)
    }

    /// An LSE segment (C.2.4).
    fn read_presets(&mut self, segment: &[u8]) -> Result<(), JpegLsError> {
        let Some((kind, rest)) = segment.split_first() else {
            return Err(JpegLsError::malformed("its preset parameters are empty"));
        };
        match kind {
            1 => {
                let words: Vec<u16> = rest.chunks_exact(2).map(|w| u16::from_be_bytes([w[0], w[1]])).collect();
                let &[maxval, t1, t2, t3, reset] = words.as_slice() else {
                    return Err(JpegLsError::malformed("its preset coding parameters have a wrong length"));
                };
                self.presets = Presets { maxval, thresholds: [t1, t2, t3], reset };
                Ok(())
            }
            2 => self.tables.begin(rest),
            3 => self.tables.go_on(rest),
            4 => self.read_large_size(rest),
            5..=13 => Err(JpegLsError::unsupported("the extensions of ITU-T T.870")),
            _ => Err(JpegLsError::malformed(format!("preset parameters of an unknown kind ({kind})"))),
        }
    }

    /// The size of an image that has more than 65,535 rows or columns (C.2.4.1.4).
    fn read_large_size(&mut self, segment: &[u8]) -> Result<(), JpegLsError> {
        let size = segment.split_first().and_then(|(width, size)| {
            let (rows, columns) = size.split_at_checked(usize::from(*width))?;
            Some((number(rows)? as usize, number(columns)? as usize))
        });
        let (Some((rows, columns)), Some(frame)) = (size, &mut self.frame) else {
            return Err(JpegLsError::malformed("the size of a large image has a wrong length or place"));
        };
        if frame.rows == 0 {
            frame.rows = rows;
        }
        if frame.columns == 0 {
            frame.columns = columns;
        }
        Ok(())
    }

    /// The number of lines that may follow the first scan (C.2.6).
    fn lines_behind(&self, data: usize) -> Option<usize> {
        let mut marker = Marker::next(self.stream, data)?;
        while marker.restart().is_some() {
            marker = Marker::next(self.stream, marker.end)?;
        }
        let segment = (marker.code == DNL).then(|| marker.segment(self.stream))??;
        Some(number(segment)? as usize)
    }
}

impl Frame {
    fn read(segment: &[u8]) -> Result<Self, JpegLsError> {
        let &[precision, y1, y0, x1, x0, count, ref specifications @ ..] = segment else {
            return Err(JpegLsError::malformed("its frame header is too short"));
        };
        if !(2..=16).contains(&precision) {
            return Err(JpegLsError::malformed(format!("its samples have {precision} bits, where 2 to 16 may be")));
        }
        let specifications: Vec<[u8; 2]> = specifications.chunks_exact(3).map(|c| [c[0], c[1]]).collect();
        if count == 0 || specifications.len() != usize::from(count) {
            return Err(JpegLsError::malformed("its frame header has a wrong length"));
        }
        if specifications.iter().any(|[_, sampling]| *sampling != specifications[0][1]) {
            return Err(JpegLsError::unsupported("components of different size"));
        }
        let components: Vec<u8> = specifications.iter().map(|[id, _]| *id).collect();
        if components.iter().enumerate().any(|(i, id)| components[..i].contains(id)) {
            return Err(JpegLsError::malformed("two of its components have one number"));
        }
        let (rows, columns) = (u16::from_be_bytes([y1, y0]).into(), u16::from_be_bytes([x1, x0]).into());
        Ok(Self { precision, rows, columns, components })
    }
}

impl ScanHeader {
    fn read(segment: &[u8], frame: &Frame, data: usize) -> Result<Self, JpegLsError> {
        let wrong_length = || JpegLsError::malformed("a scan header has a wrong length");
        let (&count, rest) = segment.split_first().ok_or_else(wrong_length)?;
        let (selectors, rest) = rest.split_at_checked(2 * usize::from(count)).ok_or_else(wrong_length)?;
        let &[near, interleave, point, ..] = rest else { return Err(wrong_length()) };
        if !(1..=4).contains(&count) {
            return Err(JpegLsError::malformed(format!("a scan has {count} components, where 1 to 4 may be")));
        }
        let (mut components, mut tables) = (Vec::new(), Vec::new());
        for selector in selectors.chunks_exact(2) {
            let place = frame.components.iter().position(|id| *id == selector[0]);
            match place {
                Some(place) if !components.contains(&place) => components.push(place),
                _ => return Err(JpegLsError::malformed(format!("a scan names component {} wrongly", selector[0]))),
            }
            tables.push(selector[1]);
        }
        let interleave = match interleave {
            _ if count == 1 => Interleave::None,
            1 => Interleave::Line,
            2 => Interleave::Sample,
            other => {
                let what = format!("a scan interleaves {count} components in an unknown way ({other})");
                return Err(JpegLsError::Malformed(what));
            }
        };
        if point & 0x0F != 0 {
            return Err(JpegLsError::unsupported(format!("a point transform by {} bits", point & 0x0F)));
        }
        Ok(Self { components, tables, near, interleave, data })
    }
}
