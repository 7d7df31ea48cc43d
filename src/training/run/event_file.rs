//! The history of a run as a `TensorBoard` event file: `tensorboard --logdir runs` draws it, alone or
//! beside other runs.
//!
//! A file is a list of records: the length (8 bytes, little endian), its checksum, the bytes, their
//! checksum (`TFRecord`). A checksum is CRC-32C, turned right by 15 bits plus a constant. The bytes are
//! a protocol buffer `tensorflow.Event`: 1 wall time (double), 2 step (varint), 3 file version, or 5 a
//! summary with values of 1 tag and 2 number (float).
//!
//! `TensorBoard` reads on at the end of a file that grows, so epochs are appended; a run that goes on
//! writes the file anew from its history, which mends an end that was torn.

use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::training::event::HistoryRow;
use crate::training::run_files::write_whole;
use crate::training::{Error, Result};

/// Name of the file in the run's folder; `TensorBoard` knows it by its middle.
pub const FILE: &str = "events.out.tfevents.0.pellucid";
const VERSION: &str = "brain.Event:2";

/// Begins the file with the epochs that are done.
pub(super) fn begin(folder: &Path, history: &[HistoryRow]) -> Result<()> {
    let mut time = now() - history.iter().map(|row| row.seconds).sum::<f64>();
    let mut bytes = record(&version_event(time));
    for row in history {
        time += row.seconds;
        bytes.extend(record(&row_event(row, time)));
    }
    write_whole(&folder.join(FILE), &bytes)
}

/// Adds an epoch.
pub(super) fn append(folder: &Path, row: &HistoryRow) -> Result<()> {
    let path = folder.join(FILE);
    let bytes = record(&row_event(row, now()));
    let written = std::fs::OpenOptions::new().append(true).open(&path).and_then(|mut file| file.write_all(&bytes));
    written.map_err(|e| Error::Write { path, reason: e.to_string() })
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |t| t.as_secs_f64())
}

fn version_event(time: f64) -> Vec<u8> {
    let mut event = timed(time);
    field_bytes(&mut event, 3, VERSION.as_bytes());
    event
}

fn row_event(row: &HistoryRow, time: f64) -> Vec<u8> {
    let mut scalars = vec![
        ("loss/training".to_owned(), row.training_loss),
        ("loss/validation".to_owned(), row.validation_loss),
        ("validation/accuracy".to_owned(), row.accuracy),
        ("learning_rate".to_owned(), row.learning_rate),
        ("images_per_second".to_owned(), row.images_per_second),
    ];
    scalars.extend(row.auroc.iter().filter_map(|(name, area)| Some((format!("validation/AUROC {name}"), (*area)?))));
    let mut summary = Vec::new();
    for (tag, number) in scalars {
        let mut value = Vec::new();
        field_bytes(&mut value, 1, tag.as_bytes());
        // Field 2, four bytes.
        value.push(2 << 3 | 5);
        value.extend((number as f32).to_le_bytes());
        field_bytes(&mut summary, 1, &value);
    }
    let mut event = timed(time);
    // Field 2, a varint.
    event.push(2 << 3);
    varint(&mut event, row.epoch as u64);
    field_bytes(&mut event, 5, &summary);
    event
}

/// An event with its time: field 1, eight bytes.
fn timed(time: f64) -> Vec<u8> {
    let mut event = vec![1 << 3 | 1];
    event.extend(time.to_le_bytes());
    event
}

fn field_bytes(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn record(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let mut out = length.to_vec();
    out.extend(masked(crc32c(&length)).to_le_bytes());
    out.extend(bytes);
    out.extend(masked(crc32c(bytes)).to_le_bytes());
    out
}

/// A checksum of bytes that hold checksums is of no use: so it is changed before it is kept.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), bit by bit: a few hundred bytes an epoch.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0x82f6_3b78 } else { c >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(epoch: usize) -> HistoryRow {
        HistoryRow {
            epoch,
            size: 64,
            learning_rate: 0.001,
            training_loss: 0.5,
            validation_loss: 0.625,
            accuracy: 0.75,
            auroc: vec![("Mass".into(), Some(0.875)), ("Hernia".into(), None)],
            images_per_second: 12.5,
            seconds: 30.5,
        }
    }

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        // RFC 3720, B.4.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
    }

    /// `tests/golden/event_file.py` has `TensorBoard` read these bytes, and wrote them down.
    #[test]
    fn the_bytes_are_those_that_tensorboard_writes() {
        let mut bytes = record(&version_event(1_700_000_000.0));
        bytes.extend(record(&row_event(&row(1), 1_700_000_030.5)));
        bytes.extend(record(&row_event(&row(200), 1_700_000_061.0)));
        assert_eq!(bytes, include_bytes!("../../../tests/golden/event_file.tfevents"));
    }

    #[test]
    fn an_end_that_was_torn_is_mended_when_the_run_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        begin(folder.path(), &[]).unwrap();
        append(folder.path(), &row(1)).unwrap();
        let whole = std::fs::read(&path).unwrap().len();
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"torn").unwrap();
        begin(folder.path(), &[row(1)]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap().len(), whole);
    }
}
