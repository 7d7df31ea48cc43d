//! The results of one reader: a table that only grows, a line a reading.
//!
//! A line is written as a whole and brought to the disk before the next case is shown. A program
//! that is killed (or a machine that loses its power) leaves at most a line without its end, which
//! is cut off when the file is opened again: that case is read once more. The file is its owner's
//! alone, and one window at a time has it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::chain::{self, Chain};
use super::errors::StudyError;
use super::order::{Reading, schedule};
use super::plan::{PlacedPlan, Plan};
use super::record::{HEADER, Record};
use super::{ARMS, CASES, RESULTS, StudyError as Error, kept_plans};
use crate::files::lines::BoundedLines;
use crate::files::read_regular;
use crate::limits;

/// Most readings of a reader: every case in every arm.
const MOST: usize = CASES * ARMS;

/// The open results of a reader.
#[derive(Debug)]
pub struct Journal {
    study: PlacedPlan,
    /// A copy of its plan is kept.
    plan_is_kept: bool,
    path: PathBuf,
    file: File,
    length: u64,
    chain: Chain,
}

/// Where the results of a reader lie.
#[must_use]
pub fn path(folder: &Path, reader: &str) -> PathBuf {
    folder.join(RESULTS).join(format!("{reader}.csv"))
}

impl Journal {
    /// Opens the results of a reader, makes them where there are none, and yields what is read
    /// already.
    ///
    /// # Errors
    /// When the file cannot be read, written or understood, is of another plan, or is open elsewhere.
    pub fn open(study: &PlacedPlan, reader: &str) -> Result<(Self, Vec<Record>), StudyError> {
        let number = study.plan.reader(reader)?;
        let path = path(&study.folder, reader);
        let failed = |source: io::Error| Error::Write { path: path.clone(), source };
        std::fs::create_dir_all(study.folder.join(RESULTS)).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(Error::Open(path)),
            // Where files cannot be locked, they are not.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        // Whoever holds the file begins it: of two windows that start together, one does.
        if file.metadata().map_err(failed)?.len() == 0 {
            let begun = writeln!(file, "{},{}", HEADER.join(","), chain::COLUMN).and_then(|()| file.sync_all());
            begun.map_err(failed)?;
        }
        let bytes = read(&path)?;
        let length = whole(&bytes).len() as u64;
        if length < bytes.len() as u64 {
            log::warn!("a line that was not finished is cut off the results");
            file.set_len(length).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        let (records, chain) = parsed(&path, whole(&bytes))?;
        follows(&study.plan, number, &records, &path)?;
        file.seek(SeekFrom::Start(length)).map_err(failed)?;
        Ok((Self { study: study.clone(), plan_is_kept: false, path, file, length, chain }, records))
    }

    /// Adds a reading; it is on the disk when this returns, and a copy of the plan as well under which it
    /// was made.
    ///
    /// # Errors
    /// When it cannot be written; the file is as it was then.
    pub fn append(&mut self, record: &Record) -> Result<(), StudyError> {
        if !self.plan_is_kept {
            kept_plans::keep(&self.study.folder, &self.study.plan)?;
            self.plan_is_kept = true;
        }
        let link = self.chain.link();
        let put = |file: &mut File| -> io::Result<Vec<u8>> {
            let mut line = csv::Writer::from_writer(Vec::new());
            line.write_record(record.cells().iter().map(String::as_str).chain(link))?;
            let line = line.into_inner().map_err(csv::IntoInnerError::into_error)?;
            file.write_all(&line)?;
            file.sync_data()?;
            Ok(line)
        };
        match put(&mut self.file) {
            Ok(line) => {
                self.length += line.len() as u64;
                let previous = link.map(str::to_owned);
                self.chain.follow(0, without_end(&line), previous.as_deref());
            }
            Err(source) => {
                let _ = self.file.set_len(self.length);
                let _ = self.file.seek(SeekFrom::Start(self.length));
                return Err(Error::Write { path: self.path.clone(), source });
            }
        }
        Ok(())
    }
}

/// What a reader's file holds, as far as its lines are whole.
///
/// # Errors
/// When it cannot be read or understood.
pub fn read_records(path: &Path) -> Result<Vec<Record>, StudyError> {
    Ok(read_chained(path)?.0)
}

/// The same, with the chain of its lines.
///
/// # Errors
/// When it cannot be read or understood.
pub fn read_chained(path: &Path) -> Result<(Vec<Record>, Chain), StudyError> {
    let bytes = read(path)?;
    parsed(path, whole(&bytes))
}

fn read(path: &Path) -> Result<Vec<u8>, StudyError> {
    read_regular(path, limits::TABLE_BYTES).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// Without a line that has no end.
fn whole(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1)]
}

/// A line without its end.
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn parsed(path: &Path, bytes: &[u8]) -> Result<(Vec<Record>, Chain), StudyError> {
    let table = |reason: String| Error::Table { path: path.to_owned(), reason };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(BoundedLines::new(bytes));
    let header = reader.headers().map_err(|e| table(e.to_string()))?;
    let is_chained = header.iter().eq(HEADER.into_iter().chain([chain::COLUMN]));
    if !is_chained && header.iter().ne(HEADER) {
        return Err(table("it has other columns than results of a reader".into()));
    }
    let mut start = reader.position().byte() as usize;
    let raw = |from: usize, to: usize| without_end(bytes.get(from..to).unwrap_or_default());
    let mut chain = Chain::begin(raw(0, start), is_chained);
    let (mut records, mut row) = (Vec::new(), csv::StringRecord::new());
    while reader.read_record(&mut row).map_err(|e| table(e.to_string()))? {
        if records.len() == MOST {
            return Err(table(format!("it has more than {MOST} readings, and no plan asks a reader for so many")));
        }
        let line = row.position().map_or(0, csv::Position::line);
        let end = reader.position().byte() as usize;
        let record = Record::of(&row, is_chained);
        records.push(record.map_err(|reason| Error::Row { path: path.to_owned(), line, reason })?);
        chain.follow(line, raw(start, end), row.get(HEADER.len()));
        start = end;
    }
    Ok((records, chain))
}

/// Whether readings are those that the plan has a reader make, from the first one on.
pub(super) fn follows(plan: &Plan, reader: usize, records: &[Record], path: &Path) -> Result<(), StudyError> {
    let fingerprint = plan.fingerprint();
    if records.iter().any(|r| r.study != fingerprint) {
        return Err(Error::OtherPlan(path.to_owned()));
    }
    let planned = schedule(plan, reader);
    let is = |(record, reading): (&Record, &Reading)| {
        record.reader == plan.readers[reader]
            && record.session == reading.session + 1
            && record.case == plan.cases[reading.case].id
            && record.arm == plan.arms[reading.arm].name
    };
    let followed = records.iter().zip(&planned).take_while(|pair| is(*pair)).count();
    if followed < records.len() {
        return Err(Error::Order { path: path.to_owned(), line: followed as u64 + 2 });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};

    use super::super::commitment::of_plan;
    use super::super::plan::Design;
    use super::super::plan::tests::plan;
    use super::super::record::{Answer, Mark};
    use super::*;

    fn study(folder: &Path) -> PlacedPlan {
        PlacedPlan { plan: plan(Design::Crossover), folder: folder.to_owned() }
    }

    /// The reading that the plan has a reader make at a place.
    fn record(study: &PlacedPlan, reader: usize, place: usize) -> Record {
        let plan = &study.plan;
        let reading = schedule(plan, reader)[place];
        Record {
            study: plan.fingerprint(),
            plan: of_plan(plan),
            reader: plan.readers[reader].clone(),
            session: reading.session + 1,
            case: plan.cases[reading.case].id.clone(),
            arm: plan.arms[reading.arm].name.clone(),
            confidence: 70,
            seconds: 12.25,
            read_at: chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::minutes(place as i64),
            marks: vec![Mark { at: [10.5, 20.0], confidence: 60 }, Mark { at: [3.0, 4.0], confidence: 5 }],
            answer: Some(Answer { score: 0.731, threshold: 0.5, model: "toy, 1.0".into() }),
        }
    }

    #[test]
    fn what_was_read_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let (mut journal, before) = Journal::open(&study, "R2").unwrap();
        assert!(before.is_empty());
        let written: Vec<Record> = (0..3).map(|place| record(&study, 1, place)).collect();
        written.iter().for_each(|r| journal.append(r).unwrap());
        assert!(matches!(Journal::open(&study, "R2"), Err(StudyError::Open(_))));
        drop(journal);
        assert_eq!(Journal::open(&study, "R2").unwrap().1, written);
        assert!(matches!(Journal::open(&study, "Jane"), Err(StudyError::NoReader { .. })));
    }

    #[test]
    fn killed_at_any_byte_the_readings_before_are_whole_and_reading_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let (mut journal, _) = Journal::open(&study, "R1").unwrap();
        let all: Vec<Record> = (0..3).map(|place| record(&study, 0, place)).collect();
        all.iter().for_each(|r| journal.append(r).unwrap());
        drop(journal);
        let path = path(folder.path(), "R1");
        let bytes = std::fs::read(&path).unwrap();
        let header = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
        for end in (header..=bytes.len()).rev().step_by(5) {
            std::fs::write(&path, &bytes[..end]).unwrap();
            let (mut journal, found) = Journal::open(&study, "R1").unwrap();
            let whole = bytes[header..end].split(|b| *b == b'\n').count() - 1;
            assert_eq!(found, all[..whole], "cut at {end}");
            all[whole..].iter().for_each(|r| journal.append(r).unwrap());
            drop(journal);
            assert_eq!(std::fs::read(&path).unwrap(), bytes, "cut at {end}");
        }
    }

    #[test]
    fn a_reading_that_was_changed_removed_or_moved_breaks_the_chain() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let (mut journal, _) = Journal::open(&study, "R1").unwrap();
        (0..4).for_each(|place| journal.append(&record(&study, 0, place)).unwrap());
        drop(journal);
        let path = path(folder.path(), "R1");
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let chain_of = |lines: &[&str]| {
            std::fs::write(&path, format!("{}\n", lines.join("\n"))).unwrap();
            read_chained(&path).unwrap().1.of("R1")
        };
        let whole = chain_of(&lines);
        assert_eq!((whole.is_kept, whole.broken_at), (true, None));
        assert_eq!(whole.last, crate::files::sha256(lines[4].as_bytes()));
        let other = lines[2].replace(",70,", ",30,");
        assert_eq!(chain_of(&[lines[0], lines[1], &other, lines[3], lines[4]]).broken_at, Some(4));
        assert_eq!(chain_of(&[lines[0], lines[1], lines[3], lines[4]]).broken_at, Some(3));
        assert_eq!(chain_of(&[lines[0], lines[1], lines[3], lines[2], lines[4]]).broken_at, Some(3));
        // What was done to the last one, its own hash alone shows.
        let last = lines[4].replace(",70,", ",30,");
        let changed = chain_of(&[lines[0], lines[1], lines[2], lines[3], &last]);
        assert!(changed.broken_at.is_none() && changed.last != whole.last);
    }

    #[test]
    fn a_table_that_was_begun_without_a_chain_goes_on_without_one_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        std::fs::create_dir_all(folder.path().join(RESULTS)).unwrap();
        let path = path(folder.path(), "R1");
        std::fs::write(&path, format!("{}\n", HEADER.join(","))).unwrap();
        let (mut journal, _) = Journal::open(&study, "R1").unwrap();
        journal.append(&record(&study, 0, 0)).unwrap();
        drop(journal);
        let (records, chain) = read_chained(&path).unwrap();
        assert_eq!((records.len(), chain.of("R1").is_kept, chain.of("R1").broken_at), (1, false, None));
        let said = chain::sentences(&[chain.of("R1")]);
        assert!(said.len() == 1 && said[0].contains("cannot be told"), "{said:?}");
    }

    #[test]
    fn results_of_another_plan_or_order_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut study = study(folder.path());
        let (mut journal, _) = Journal::open(&study, "R1").unwrap();
        journal.append(&record(&study, 0, 1)).unwrap();
        drop(journal);
        assert!(matches!(Journal::open(&study, "R1"), Err(StudyError::Order { line: 2, .. })));
        study.plan.seed = 7;
        assert!(matches!(Journal::open(&study, "R1"), Err(StudyError::OtherPlan(_))));
    }

    #[test]
    fn lines_that_cannot_be_meant_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("R1.csv");
        let good = "ab,0123456789abcdef0123456789abcdef,R1,1,c1,a,50,1.0,2026-11-30T21:04:05Z,,,,";
        for (from, to, words) in [
            (",50,", ",101,", "no confidence"),
            (",1.0,", ",-1,", "no time"),
            ("2026-11-30T21:04:05Z", "yesterday", "is no time"),
            ("Z,,", "Z,1 2,", "is no mark"),
            ("R1,", "../R1,", "no code"),
            ("0123", "../3", "not the hash"),
            (",,,", ",", "cells"),
        ] {
            let text = format!("{}\n{}\n", HEADER.join(","), good.replacen(from, to, 1));
            std::fs::write(&path, text).unwrap();
            let sentence = read_records(&path).unwrap_err().to_string();
            assert!(sentence.contains(words) && sentence.contains("line 2"), "{sentence}");
        }
        std::fs::write(&path, "a,b\n").unwrap();
        assert!(read_records(&path).unwrap_err().to_string().contains("other columns"));
        assert!(Utc::now() > record(&study(folder.path()), 0, 0).read_at);
    }
}
