//! The journal: a file of one JSON object a line that is only ever added to.
//!
//! Every line has its number and a check value, the beginning of the SHA-256 of the line without it,
//! and is on the disk before the step that follows it begins (write, `fdatasync`). What a killed
//! process left half written at the end has no line break or a wrong check value, and is cut off: the
//! step that it was about was not done as far as anybody knows, and is done again. A line that is
//! damaged in the middle is an error, because what follows it may rest on it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use chrono::{SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::ServeError;
use super::entry::Entry;
use crate::files::sha256;

/// Name of the file.
pub const FILE: &str = "journal.jsonl";
/// Longest line, in bytes.
const LINE: u64 = 1 << 20;
/// Characters of a check value.
const CHECK: usize = 16;

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    seq: u64,
    /// When, in UTC.
    at: String,
    #[serde(flatten)]
    entry: Entry,
}

/// A journal that this process alone writes.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    next: u64,
}

impl Journal {
    /// Opens the journal in a folder, or begins one; `each` hears of every step that is in it.
    ///
    /// # Errors
    /// When another process has it, it cannot be read, or it is damaged.
    pub fn open(folder: &Path, each: &mut dyn FnMut(Entry)) -> Result<Self, ServeError> {
        let path = folder.join(FILE);
        let failed = |doing| {
            let path = path.clone();
            move |source| ServeError::Journal { path, doing, source }
        };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(failed("opened"))?;
        // The system lets go of the lock when the process ends, however it ends.
        if file.try_lock().is_err() {
            return Err(ServeError::Taken(folder.to_owned()));
        }
        let length = file.metadata().map_err(failed("read"))?.len();
        let (mut whole, mut next, mut number) = (0_u64, 1_u64, 0_usize);
        let mut reader = BufReader::new(&file);
        loop {
            let mut bytes = Vec::new();
            let read = reader.by_ref().take(LINE).read_until(b'\n', &mut bytes).map_err(failed("read"))? as u64;
            if read == 0 {
                break;
            }
            number += 1;
            let line = parse(&bytes).filter(|line| line.seq == next);
            match line {
                Some(line) => {
                    whole += read;
                    next += 1;
                    each(line.entry);
                }
                // The end, as a killed process left it.
                None if whole + read == length => break,
                None => return Err(ServeError::Damaged { path, line: number }),
            }
        }
        if whole < length {
            log::warn!("the journal ended in a half-written line of {} bytes, which was cut off", length - whole);
            file.set_len(whole).and_then(|()| file.sync_all()).map_err(failed("mended"))?;
        }
        file.seek(SeekFrom::End(0)).map_err(failed("read"))?;
        Ok(Self { path, file, next })
    }

    /// Adds a step; when this returns, it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written; the service must not go on then.
    pub fn append(&mut self, entry: &Entry) -> Result<(), ServeError> {
        let failed = |source| ServeError::Journal { path: self.path.clone(), doing: "written", source };
        let at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let line = Line { seq: self.next, at, entry: entry.clone() };
        let json = serde_json::to_string(&line).map_err(io::Error::from).map_err(failed)?;
        let text = format!("{json}\t{}\n", check(&json));
        self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data()).map_err(failed)?;
        self.next += 1;
        Ok(())
    }
}

fn check(json: &str) -> String {
    sha256(json.as_bytes())[..CHECK].to_owned()
}

/// A line that is whole and sound.
fn parse(bytes: &[u8]) -> Option<Line> {
    let text = std::str::from_utf8(bytes.strip_suffix(b"\n")?).ok()?;
    let (json, found) = text.rsplit_once('\t')?;
    if check(json) != found {
        return None;
    }
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::entry::Step;

    fn entry(image: &str) -> Entry {
        Entry::new(image, Step::Received { file: format!("{image}.dcm") })
    }

    fn read(folder: &Path) -> Result<Vec<Entry>, ServeError> {
        let mut entries = Vec::new();
        Journal::open(folder, &mut |entry| entries.push(entry)).map(|_| entries)
    }

    #[test]
    fn steps_are_read_again_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), &mut |_| panic!("it is new")).unwrap();
        let steps = [entry("1.2"), Entry::new("1.2", Step::Done), Entry::new("", Step::Notice { text: "x\ty".into() })];
        steps.iter().for_each(|step| journal.append(step).unwrap());
        assert!(matches!(read(folder.path()), Err(ServeError::Taken(_))), "it is locked");
        drop(journal);
        assert_eq!(read(folder.path()).unwrap(), steps);
    }

    #[test]
    fn a_line_cut_anywhere_is_cut_off_and_the_rest_holds() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), &mut |_| {}).unwrap();
        journal.append(&entry("1.2")).unwrap();
        let one = std::fs::read(folder.path().join(FILE)).unwrap();
        journal.append(&entry("1.3")).unwrap();
        drop(journal);
        let two = std::fs::read(folder.path().join(FILE)).unwrap();
        for end in one.len()..two.len() {
            std::fs::write(folder.path().join(FILE), &two[..end]).unwrap();
            assert_eq!(read(folder.path()).unwrap(), [entry("1.2")], "{end}");
            assert_eq!(std::fs::read(folder.path().join(FILE)).unwrap(), one);
        }
    }

    #[test]
    fn damage_in_the_middle_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), &mut |_| {}).unwrap();
        ["1.2", "1.3", "1.4"].iter().for_each(|image| journal.append(&entry(image)).unwrap());
        drop(journal);
        let path = folder.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("1.3.dcm", "1.9.dcm")).unwrap();
        assert!(matches!(read(folder.path()), Err(ServeError::Damaged { line: 2, .. })));
        // A line that is missing is damage, too.
        let lines: Vec<&str> = text.lines().collect();
        std::fs::write(&path, format!("{}\n{}\n{}\n", lines[0], lines[2], lines[1])).unwrap();
        assert!(matches!(read(folder.path()), Err(ServeError::Damaged { line: 2, .. })));
    }
}
