//! The data of one scan: restart intervals, each decoded by itself (T.87 A.8, C.1).
//!
//! A restart interval is a number of lines. At its marker all that was learnt is forgotten, and
//! zeros stand above its first line. So a damaged interval costs its own rows; by their numbers,
//! which count to eight, markers tell how many intervals are lost.

use super::bits::Bits;
use super::coding::Coding;
use super::contexts::Contexts;
use super::destination::Destination;
use super::header::Interleave;
use super::lines::{self, Damaged, Lines, RunIndex};
use super::markers::{APP8, DNL, DRI, EOI, LSE, Marker, SOF55, SOI, SOS};
use super::pixels;

/// Markers in a row that may have been lost with their intervals; more would rather be one of
/// before.
const LOST_MARKERS: usize = 3;

/// What has come of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Rows from the top that are there.
    pub(super) complete_rows: usize,
    /// Where the stream goes on.
    pub(super) end: usize,
}

/// Decodes the scan whose data begin at `data`. A `restart_interval` of 0 is none.
pub(super) fn decode(
    stream: &[u8],
    data: usize,
    coding: &Coding,
    interleave: Interleave,
    restart_interval: usize,
    destination: &mut Destination,
) -> Outcome {
    let rows = destination.rows();
    let per_interval = if restart_interval == 0 { rows } else { restart_interval.min(rows) };
    let intervals = rows.div_ceil(per_interval);
    let mut decoder = Decoder::new(coding, interleave, destination);
    let (mut interval, mut begin) = (0, data);
    let mut complete_rows = 0;
    loop {
        let marker = Marker::next(stream, begin);
        let end = marker.map_or_else(|| end_of_data(stream), |marker| marker.at);
        let first = interval * per_interval;
        let count = per_interval.min(rows - first);
        let there = decoder.interval(stream.get(begin..end).unwrap_or_default(), first, count, destination);
        if complete_rows == first {
            complete_rows += there;
        }
        match next_interval(stream, end, interval).filter(|(next, _)| *next < intervals) {
            Some((next, at)) => (interval, begin) = (next, at),
            None => return Outcome { complete_rows, end: end_of_scan(stream, end) },
        }
    }
}

/// The interval behind the next restart marker, and where its data begin.
fn next_interval(stream: &[u8], from: usize, interval: usize) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        let marker = Marker::next(stream, at)?;
        match marker.restart() {
            Some(number) => {
                let lost = (number + 8 - interval % 8) % 8;
                if lost <= LOST_MARKERS {
                    return Some((interval + lost + 1, marker.end));
                }
            }
            None if ends_scan(marker) => return None,
            // Damaged data look like a marker.
            None => {}
        }
        at = marker.end;
    }
}

/// Where data end that no marker ends: a last 0xFF may be half of one.
fn end_of_data(stream: &[u8]) -> usize {
    stream.iter().rposition(|byte| *byte != 0xFF).map_or(0, |last| last + 1)
}

/// The first marker that no damage is likely to have made.
fn end_of_scan(stream: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(marker) = Marker::next(stream, at) {
        if ends_scan(marker) {
            return marker.at;
        }
        at = marker.end;
    }
    stream.len()
}

fn ends_scan(marker: Marker) -> bool {
    matches!(marker.code, SOI | EOI | SOS | DNL | DRI | SOF55 | LSE | APP8 | 0xE0..=0xEF | 0xFE)
}

/// What is learnt and kept from line to line.
struct Decoder<'a> {
    coding: &'a Coding,
    interleave: Interleave,
    lines: Vec<Lines>,
}

impl<'a> Decoder<'a> {
    fn new(coding: &'a Coding, interleave: Interleave, destination: &Destination) -> Self {
        let lines = vec![Lines::new(destination.columns()); destination.components()];
        Self { coding, interleave, lines }
    }

    /// Decodes the `count` rows from `first` on; says how many of them are there. Where data are
    /// left over, something in them was misread: no row of the interval can be vouched for.
    fn interval(&mut self, data: &[u8], first: usize, count: usize, destination: &mut Destination) -> usize {
        let mut contexts = Contexts::new(self.coding);
        let mut runs = [RunIndex::default(); 4];
        self.lines.iter_mut().for_each(Lines::restart);
        let mut bits = Bits::new(data);
        for row in 0..count {
            if self.row(&mut bits, &mut contexts, &mut runs).is_err() || bits.ran_out() {
                return row;
            }
            destination.write_row(first + row, &self.lines);
            self.lines.iter_mut().for_each(Lines::end);
        }
        if bits.only_padding_left() { count } else { 0 }
    }

    /// One line of every component.
    fn row(&mut self, bits: &mut Bits, contexts: &mut Contexts, runs: &mut [RunIndex; 4]) -> Result<(), Damaged> {
        let whole = self.coding.whole;
        if self.interleave == Interleave::Sample {
            let row = match (self.lines.len(), whole) {
                (2, true) => pixels::decode::<true, 2>,
                (2, false) => pixels::decode::<false, 2>,
                (3, true) => pixels::decode::<true, 3>,
                (3, false) => pixels::decode::<false, 3>,
                (_, true) => pixels::decode::<true, 4>,
                (_, false) => pixels::decode::<false, 4>,
            };
            return row(bits, self.coding, contexts, &mut runs[0], &mut self.lines);
        }
        let line = if whole { lines::decode::<true> } else { lines::decode::<false> };
        for (lines, run) in self.lines.iter_mut().zip(runs) {
            line(bits, self.coding, contexts, run, lines)?;
        }
        Ok(())
    }
}
