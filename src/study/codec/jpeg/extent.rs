//! How far the entropy-coded data of a JPEG stream reaches (ITU-T T.81 annexes F, G, H).
//!
//! Every code of every scan is read, in the order of the standard, and nothing is decoded. Where
//! the data ends before its last unit, or where something stands that is no code, the row of that
//! unit is the first one that is not there. A stream that only lacks its end marker is whole, and
//! what comes behind the end marker counts for nothing.
//!
//! Progressive data gives the whole image coarsely first: it is whole once every coefficient of
//! every component has come with all its bits.

use super::huffman::{Bits, Codes, Ended};
use super::segments::{Component, FrameHeader, Process, ScanHeader, Segments};
use super::{DRI, EOI, SOS, units};
use crate::imaging::Missing;

/// Define Huffman tables.
const DHT: u8 = 0xC4;
/// Zeros at the end of a stream that are what an interrupted copy leaves and no data.
const HOLE: usize = 64;
/// Most scans that are read; real images have ten or so.
const SCANS: usize = 200;

/// How far a stream reaches.
pub(super) struct Extent {
    /// What of the image it does not hold; `None` where it is whole, or coded in a way that nothing
    /// here reads.
    pub missing: Option<Missing>,
    /// Where what can be read of it ends: before a segment that is cut, or before a hole.
    pub end: usize,
}

/// Reads a stream to its end.
pub(super) fn extent(stream: &[u8]) -> Extent {
    let stream = without_hole(stream);
    let mut reader = Reader::default();
    let (mut at, mut end) = (2, stream.len());
    for _ in 0..SCANS {
        let mut scan = None;
        let mut behind = at;
        for segment in Segments::new(stream, at) {
            behind = segment.begin + segment.body.len();
            match segment.marker {
                DHT => reader.tables(segment.body),
                DRI => reader.interval = segment.body.get(..2).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]).into()),
                SOS => {
                    scan = ScanHeader::of(segment.body);
                    break;
                }
                EOI => break,
                _ => {
                    if let Some(frame) = FrameHeader::of(&segment) {
                        reader.begin(frame);
                    }
                }
            }
        }
        let Some(scan) = scan else {
            end = behind.min(end);
            break;
        };
        let mut bits = Bits::new(stream, behind);
        reader.scan(&scan, &mut bits);
        let Some(place) = bits.next_marker() else { break };
        at = place - 1;
    }
    Extent { missing: reader.missing(), end }
}

/// The stream without the zeros that stand where an interrupted copy left a hole.
fn without_hole(stream: &[u8]) -> &[u8] {
    let end = stream.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    if stream.len() - end >= HOLE { &stream[..end] } else { stream }
}

/// The place of a component in the image, and what of it has come.
struct Plane {
    component: Component,
    /// Units of its own in a row and a column: blocks of 8 × 8 samples, or samples of lossless
    /// data.
    columns: usize,
    rows: usize,
    /// Units in a stored row, which are padded to whole groups.
    stride: usize,
    /// Image rows from here on have not come.
    rows_there: usize,
    /// Bits that the coefficients still lack, `None` before their first scan; the first alone
    /// counts for sequential data.
    lacking: [Option<u8>; 64],
    /// Of progressive data, for each block: which coefficients are not zero.
    history: Vec<u64>,
}

#[derive(Default)]
struct Reader {
    frame: Option<FrameHeader>,
    planes: Vec<Plane>,
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
    /// Units between two restart markers.
    interval: usize,
}

impl Reader {
    fn tables(&mut self, mut body: &[u8]) {
        while let Some((head, rest)) = body.split_first_chunk::<17>() {
            let (slot, counts) = (head[0], head[1..].first_chunk::<16>().copied().unwrap_or_default());
            let total: usize = counts.iter().map(|c| usize::from(*c)).sum();
            let Some((values, rest)) = rest.split_at_checked(total) else { return };
            let class = if slot >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            if let Some(place) = class.get_mut(usize::from(slot & 15)) {
                *place = Codes::new(&counts, values);
            }
            body = rest;
        }
    }

    fn begin(&mut self, frame: FrameHeader) {
        if self.frame.is_some() {
            return;
        }
        let (h, v) = largest_sampling(&frame);
        let unit = unit(&frame);
        let (groups_x, groups_y) = (frame.columns.div_ceil(unit * h), frame.rows.div_ceil(unit * v));
        let plane = |component: &Component| {
            let stride = groups_x * component.horizontal;
            let blocks = if frame.process == Process::Progressive { stride * groups_y * component.vertical } else { 0 };
            Plane {
                component: *component,
                columns: (frame.columns * component.horizontal).div_ceil(h * unit),
                rows: (frame.rows * component.vertical).div_ceil(v * unit),
                stride,
                rows_there: 0,
                lacking: [None; 64],
                history: vec![0; blocks],
            }
        };
        self.planes = frame.components.iter().map(plane).collect();
        self.frame = Some(frame);
    }

    /// Reads a scan as far as it goes.
    fn scan(&mut self, scan: &ScanHeader, bits: &mut Bits<'_>) {
        let Some((frame, course)) = self.frame.as_ref().and_then(|frame| Some((frame, self.course(frame, scan)?)))
        else {
            return;
        };
        let (rows, process) = (frame.rows, frame.process);
        let total = course.across * course.down;
        let mut run = 0;
        let mut group = 0;
        while group < total {
            if self.interval > 0 && group > 0 && group % self.interval == 0 {
                run = 0;
                if !restart(bits, group / self.interval - 1) {
                    break;
                }
            }
            if self.group(process, scan, &course, group, bits, &mut run).is_err() {
                break;
            }
            group += 1;
        }
        let whole_rows = if group < total { (group / course.across * course.height).min(rows) } else { rows };
        for number in course.planes {
            self.planes[number].came(process, scan, whole_rows, group == total);
        }
    }

    /// How a scan goes through the image; `None` for one of components that there are none of.
    fn course(&self, frame: &FrameHeader, scan: &ScanHeader) -> Option<Course> {
        let (h, v) = largest_sampling(frame);
        let unit = unit(frame);
        let number = |id: u8| self.planes.iter().position(|p| p.component.id == id);
        let planes: Vec<usize> = scan.components.iter().map(|(id, ..)| number(*id)).collect::<Option<_>>()?;
        // A component alone comes block by block, several come in groups (T.81 A.2).
        match planes[..] {
            [] => None,
            [one] => {
                let Plane { columns, rows, component, .. } = self.planes[one];
                Some(Course { across: columns, down: rows, height: unit * v / component.vertical, alone: true, planes })
            }
            _ => {
                let (across, down) = (frame.columns.div_ceil(unit * h), frame.rows.div_ceil(unit * v));
                Some(Course { across, down, height: unit * v, alone: false, planes })
            }
        }
    }

    /// Reads one group of units.
    fn group(
        &mut self,
        process: Process,
        scan: &ScanHeader,
        course: &Course,
        group: usize,
        bits: &mut Bits<'_>,
        run: &mut u32,
    ) -> Result<(), Ended> {
        let (x, y) = (group % course.across, group / course.across);
        for (&number, &(_, dc, ac)) in course.planes.iter().zip(&scan.components) {
            let plane = &mut self.planes[number];
            let component = plane.component;
            let (wide, high) = if course.alone { (1, 1) } else { (component.horizontal, component.vertical) };
            let dc = || self.dc.get(dc).and_then(Option::as_ref).ok_or(Ended);
            let ac = || self.ac.get(ac).and_then(Option::as_ref).ok_or(Ended);
            for i in 0..wide * high {
                let place = (y * high + i / wide) * plane.stride + x * wide + i % wide;
                match process {
                    Process::Sequential => units::block(bits, dc()?, ac()?)?,
                    Process::Lossless => units::difference(bits, dc()?)?,
                    Process::Progressive => {
                        let history = plane.history.get_mut(place).ok_or(Ended)?;
                        match (scan.first, scan.high) {
                            (0, 0) => units::difference(bits, dc()?)?,
                            (0, _) => bits.skip(1)?,
                            (_, 0) => units::first_pass(bits, scan, ac()?, history, run)?,
                            _ => units::refinement(bits, scan, ac()?, history, run)?,
                        }
                    }
                    Process::Other => return Err(Ended),
                }
            }
        }
        Ok(())
    }

    fn missing(&self) -> Option<Missing> {
        let frame = self.frame.as_ref()?;
        if frame.process == Process::Other {
            return None;
        }
        let there = self.planes.iter().map(|p| p.rows_there).min().unwrap_or(0);
        if there < frame.rows {
            let (_, v) = largest_sampling(frame);
            // Decoders blend colours across the edge where two rows share them.
            let from = if v > 1 { there.saturating_sub(1) } else { there };
            return Some(Missing::Rows { from });
        }
        let needed = if frame.process == Process::Progressive { 64 } else { 1 };
        let whole = |plane: &Plane| plane.lacking[..needed].iter().all(|bits| *bits == Some(0));
        (!self.planes.iter().all(whole)).then_some(Missing::Detail)
    }
}

impl Plane {
    /// Notes what a scan has brought.
    fn came(&mut self, process: Process, scan: &ScanHeader, rows: usize, whole: bool) {
        if process != Process::Progressive {
            self.rows_there = self.rows_there.max(rows);
            self.lacking[0] = Some(0);
            return;
        }
        if scan.first == 0 && scan.high == 0 {
            self.rows_there = self.rows_there.max(rows);
        }
        if whole && let Some(part) = self.lacking.get_mut(usize::from(scan.first)..=usize::from(scan.last)) {
            part.fill(Some(scan.low));
        }
    }
}

/// How a scan goes through the image.
struct Course {
    /// Groups of units in a row and a column.
    across: usize,
    down: usize,
    /// Image rows that a row of groups covers.
    height: usize,
    /// A component alone, whose groups are single units.
    alone: bool,
    /// Numbers of the components.
    planes: Vec<usize>,
}

/// Samples on the side of a unit.
fn unit(frame: &FrameHeader) -> usize {
    if frame.is_lossless() { 1 } else { 8 }
}

/// Largest horizontal and vertical sampling factor.
fn largest_sampling(frame: &FrameHeader) -> (usize, usize) {
    let largest = |of: fn(&Component) -> usize| frame.components.iter().map(of).max().unwrap_or(1).max(1);
    (largest(|c| c.horizontal), largest(|c| c.vertical))
}

/// Passes the restart marker with this number; false where another marker stands, or none.
fn restart(bits: &mut Bits<'_>, number: usize) -> bool {
    let found = bits.next_marker();
    found.is_some_and(|place| bits.pass_restart(place, (number % 8) as u8))
}
