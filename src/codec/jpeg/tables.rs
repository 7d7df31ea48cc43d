//! Tables that scans refer to: Huffman codes (DHT), quantization (DQT) and the restart interval
//! (DRI), as they stand when a scan begins (ITU-T T.81 B.2.4).
//!
//! A table that is cut or contradicts itself takes the place of an earlier one as none: only a scan
//! that uses it suffers.

use super::error::JpegError;
use super::header::number;
use super::huffman::HuffmanTable;
use super::segments::{Segment, marker};

/// The natural place (row × 8 + column) of the coefficients in the order they are coded in (T.81
/// figure A.6).
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// Step widths of the coefficients in their natural places.
pub(super) type Quantization = [u16; 64];

/// The tables that are in force.
#[derive(Default)]
pub(super) struct Tables {
    dc: [Option<HuffmanTable>; 4],
    ac: [Option<HuffmanTable>; 4],
    quantization: [Option<Quantization>; 4],
    /// Units between two restart markers, 0 without them.
    pub restart_interval: usize,
}

impl Tables {
    /// Takes in what a segment defines, if it is one that does.
    pub(super) fn take(&mut self, segment: &Segment<'_>) {
        match segment.marker {
            marker::DHT => self.huffman(segment.body),
            marker::DQT => self.quantization(segment.body),
            marker::DRI => self.restart_interval = number(segment.body).unwrap_or(0).into(),
            _ => {}
        }
    }

    /// T.81 B.2.4.2.
    fn huffman(&mut self, mut body: &[u8]) {
        while let Some((&[slot, ref counts @ ..], rest)) = body.split_first_chunk::<17>() {
            let class = if slot >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let table = HuffmanTable::new(counts, rest);
            if let Some(place) = class.get_mut(usize::from(slot & 15)) {
                *place = table;
            }
            let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
            body = rest.get(total..).unwrap_or_default();
        }
    }

    /// T.81 B.2.4.1.
    fn quantization(&mut self, mut body: &[u8]) {
        while let Some((slot, rest)) = body.split_first() {
            let size = if slot >> 4 == 0 { 1 } else { 2 };
            let Some((steps, rest)) = rest.split_at_checked(64 * size) else { return };
            let mut table = [0; 64];
            for (step, place) in steps.chunks_exact(size).zip(ZIGZAG) {
                table[usize::from(place)] = step.iter().fold(0, |high, low| high << 8 | u16::from(*low));
            }
            if let Some(place) = self.quantization.get_mut(usize::from(slot & 15)) {
                // No step is 0.
                *place = table.iter().all(|step| *step > 0).then_some(table);
            }
            body = rest;
        }
    }

    /// Codes of DC coefficients, or of lossless differences.
    pub(super) fn dc_codes(&self, slot: usize) -> Result<&HuffmanTable, JpegError> {
        of(&self.dc, slot).ok_or(NO_CODES)
    }

    pub(super) fn ac_codes(&self, slot: usize) -> Result<&HuffmanTable, JpegError> {
        of(&self.ac, slot).ok_or(NO_CODES)
    }

    pub(super) fn steps(&self, slot: usize) -> Result<&Quantization, JpegError> {
        of(&self.quantization, slot)
            .ok_or(JpegError::Damaged("a component uses a quantization table that is not there or holds zeros"))
    }
}

const NO_CODES: JpegError = JpegError::Damaged("a scan uses a table of Huffman codes that is not there or is no table");

fn of<T>(slots: &[Option<T>; 4], slot: usize) -> Option<&T> {
    slots.get(slot)?.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(marker: u8, body: &[u8]) -> Tables {
        let mut tables = Tables::default();
        tables.take(&Segment { marker, body, end: 0 });
        tables
    }

    #[test]
    fn steps_come_in_zigzag_order_with_eight_or_sixteen_bits() {
        let narrow: Vec<u8> = (1..=64).collect();
        let wide: Vec<u8> = (1..=64).flat_map(|step| [step, 0]).collect();
        let tables = taken(marker::DQT, &[&[0x01], &narrow[..], &[0x12], &wide[..]].concat());
        let steps = tables.steps(1).unwrap();
        assert_eq!((steps[0], steps[1], steps[8], steps[63]), (1, 2, 3, 64));
        assert_eq!(tables.steps(2).unwrap()[8], 3 << 8);
        assert!(tables.steps(0).is_err() && tables.steps(9).is_err());
    }

    #[test]
    fn a_table_with_a_step_of_zero_or_a_cut_one_is_none() {
        assert!(taken(marker::DQT, &[0; 65]).steps(0).is_err());
        assert!(taken(marker::DQT, &[1; 64]).steps(1).is_err());
    }

    #[test]
    fn several_tables_of_codes_stand_in_a_segment() {
        let mut one = vec![0x00];
        one.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
        let mut two = one.clone();
        two[0] = 0x13;
        let tables = taken(marker::DHT, &[&one[..], &two[..]].concat());
        assert!(tables.dc_codes(0).is_ok() && tables.ac_codes(3).is_ok());
        assert!(tables.dc_codes(3).is_err() && tables.ac_codes(0).is_err());
        assert!(taken(marker::DHT, &one[..17]).dc_codes(0).is_err(), "cut before its symbol");
    }
}
