//! Checking a journal: does the chain hold, and is it as long as its head says.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use super::entry::{Entry, Event};
use super::line::{Head, Line, hash};
use super::{AuditError, head};
use crate::files::{FileError, open_regular};
use crate::limits;

/// What a journal was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The end of the chain, as far as it holds.
    pub head: Head,
    /// Bytes of a torn line at the end: the next writer cuts them off.
    pub torn: u64,
    /// The first place where it does not hold.
    pub fault: Option<Fault>,
    /// What the file beside it says.
    pub beside: Beside,
    /// The line whose hash was asked for, where there is one.
    pub expected_at: Option<u64>,
    /// The first line in which a writer says that lines before it had been cut off.
    pub shortened: Option<u64>,
}

/// A place where the journal does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1, as lines of the file.
    pub line: u64,
    pub reason: FaultReason,
}

/// Why it does not hold there, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultReason {
    #[error("line {0} is no entry of a journal: it was changed, or something else was put there")]
    NoEntry(u64),
    #[error("line {0} is longer than any entry is")]
    Long(u64),
    #[error(
        "line {line} says that it is entry {says}: before it {} missing",
        entries_are(says - line)
    )]
    Missing { line: u64, says: u64 },
    #[error("line {line} says that it is entry {says}: lines were moved, put in or repeated")]
    Moved { line: u64, says: u64 },
    #[error(
        "line {0} does not follow line {before}: one of the two was changed after it was written",
        before = .0 - 1
    )]
    Changed(u64),
    #[error("line 1 does not begin a journal: it was changed, or lines before it were removed")]
    NoBeginning,
}

fn entries_are(count: u64) -> String {
    format!("{} {}", entries(count), if count == 1 { "is" } else { "are" })
}

fn entries(count: u64) -> String {
    if count == 1 { "1 entry".into() } else { format!("{count} entries") }
}

/// What the head that is kept beside a journal says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The same.
    Agrees,
    /// There is none.
    Nothing,
    /// The journal has so many lines more: a writer was killed before it could write the head.
    Behind(u64),
    /// The journal had so many lines more: they were cut off.
    CutOff(u64),
    /// The line of that number was another one.
    Other(u64),
    /// It cannot be read, as the second half of a sentence.
    Unreadable(String),
}

impl Verified {
    /// Whether nothing is wrong, as far as a chain and its head can show.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.fault.is_none()
            && self.shortened.is_none()
            && matches!(self.beside, Beside::Agrees | Beside::Nothing | Beside::Behind(_))
    }
}

/// Checks a journal.
///
/// # Errors
/// When it cannot be read at all.
pub fn verify(path: &Path) -> Result<Verified, AuditError> {
    verify_with(path, None)
}

/// Checks a journal, and looks for the line with the SHA-256 `expected` (lower-case hex).
///
/// # Errors
/// When it cannot be read at all.
pub fn verify_with(path: &Path, expected: Option<&str>) -> Result<Verified, AuditError> {
    let read = |source| AuditError::Read { path: path.to_owned(), source };
    // The head first: a line that is written meanwhile is one more than it says, and no fault.
    let kept = head::read(path);
    let opened = open_regular(path, u64::MAX).map_err(|e| match e {
        FileError::NotRegular(what) => AuditError::NotAFile { path: path.to_owned(), what },
        other => read(other.into()),
    })?;
    let mut walk = Walk::new(kept.as_ref().ok().and_then(Option::as_ref), expected);
    walk.through(&mut BufReader::new(opened.file)).map_err(read)?;
    let beside = match &kept {
        Err(reason) => Beside::Unreadable(reason.clone()),
        Ok(None) => Beside::Nothing,
        Ok(Some(kept)) if walk.fault.is_some() && kept.lines > walk.head.lines => Beside::Agrees,
        Ok(Some(kept)) => match kept.lines.cmp(&walk.head.lines) {
            std::cmp::Ordering::Greater => Beside::CutOff(kept.lines - walk.head.lines),
            _ if walk.at_kept.as_deref() != Some(kept.sha256.as_str()) => Beside::Other(kept.lines),
            std::cmp::Ordering::Less => Beside::Behind(walk.head.lines - kept.lines),
            std::cmp::Ordering::Equal => Beside::Agrees,
        },
    };
    let Walk { head, torn, fault, expected_at, shortened, .. } = walk;
    Ok(Verified { head, torn, fault, beside, expected_at, shortened })
}

/// What is known on the way through the lines.
struct Walk<'a> {
    head: Head,
    torn: u64,
    fault: Option<Fault>,
    kept: Option<&'a Head>,
    /// Hash of the line that the kept head is about.
    at_kept: Option<String>,
    expected: Option<&'a str>,
    expected_at: Option<u64>,
    shortened: Option<u64>,
}

impl<'a> Walk<'a> {
    fn new(kept: Option<&'a Head>, expected: Option<&'a str>) -> Self {
        let head = Head::default();
        let at_kept = kept.filter(|kept| kept.lines == 0).map(|_| head.sha256.clone());
        Self { head, torn: 0, fault: None, kept, at_kept, expected, expected_at: None, shortened: None }
    }

    fn through(&mut self, file: &mut BufReader<File>) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let most = limits::AUDIT_LINE as u64 + 1;
            if file.by_ref().take(most).read_until(b'\n', &mut bytes)? == 0 {
                return Ok(());
            }
            let number = self.head.lines + 1;
            let Some(line) = bytes.strip_suffix(b"\n") else {
                if bytes.len() as u64 == most {
                    self.fault = Some(Fault { line: number, reason: FaultReason::Long(number) });
                } else {
                    self.torn = bytes.len() as u64;
                }
                return Ok(());
            };
            let entry = match follows(&self.head, line) {
                Ok(entry) => entry,
                Err(reason) => {
                    self.fault = Some(Fault { line: number, reason });
                    return Ok(());
                }
            };
            if entry.event == Event::Shortened {
                self.shortened.get_or_insert(number);
            }
            self.head = Head { lines: number, sha256: hash(line) };
            if self.kept.is_some_and(|kept| kept.lines == number) {
                self.at_kept = Some(self.head.sha256.clone());
            }
            if self.expected.is_some_and(|expected| expected == self.head.sha256) {
                self.expected_at = Some(number);
            }
        }
    }
}

/// The entry of a line, if it follows the one before it.
fn follows(head: &Head, bytes: &[u8]) -> Result<Entry, FaultReason> {
    let number = head.lines + 1;
    let line = Line::parse(bytes).ok_or(FaultReason::NoEntry(number))?;
    let says = line.number;
    if line.previous == head.sha256 && says == number {
        return Ok(line.entry);
    }
    Err(match says {
        _ if number == 1 => FaultReason::NoBeginning,
        _ if says == number => FaultReason::Changed(number),
        _ if says > number => FaultReason::Missing { line: number, says },
        _ => FaultReason::Moved { line: number, says },
    })
}

#[cfg(test)]
mod tests {
    use super::super::entry::{ImageHash, ModelHash, What};
    use super::super::journal::Journal;
    use super::*;

    fn journal(folder: &Path, lines: u32) -> Journal {
        let journal = Journal::new(folder.join("journal.jsonl"));
        for frame in 0..lines {
            let image = ImageHash { pixels_sha256: "ab".into(), frame };
            let model = ModelHash { name: "chest".into(), version: "1".into(), sha256: "cd".into() };
            let what = vec![What::new("scores"), What::new("map").of("Mass")];
            journal.append(Entry::new(Event::Shown, "viewer").about(image, model).with(what)).unwrap();
        }
        journal
    }

    fn lines(journal: &Journal) -> Vec<String> {
        std::fs::read_to_string(journal.path()).unwrap().lines().map(str::to_owned).collect()
    }

    fn put(journal: &Journal, lines: &[String]) {
        std::fs::write(journal.path(), lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>())
            .unwrap();
    }

    #[test]
    fn a_journal_that_nobody_touched_holds_and_says_its_head() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path(), 5);
        let found = verify(journal.path()).unwrap();
        assert!(found.holds() && found.beside == Beside::Agrees && found.head.lines == 5);
        assert_eq!(found.head.sha256, hash(lines(&journal)[4].as_bytes()));
    }

    #[test]
    fn whatever_is_done_to_a_line_inside_is_found_at_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path(), 6);
        let good = lines(&journal);
        let fault = |changed: Vec<String>| {
            put(&journal, &changed);
            let found = verify(journal.path()).unwrap();
            assert!(!found.holds());
            let fault = found.fault.unwrap();
            (fault.line, fault.reason.to_string())
        };
        for at in 0..5 {
            let mut changed = good.clone();
            changed[at] = changed[at].replace("\"Mass\"", "\"Nodule\"");
            assert_eq!(fault(changed).0, at as u64 + 2, "a change is noticed in the line that follows");
            let mut removed = good.clone();
            removed.remove(at);
            let (line, said) = fault(removed);
            assert_eq!(line, at as u64 + 1);
            assert!(at == 0 || said.contains("1 entry is missing"), "{said}");
            let mut moved = good.clone();
            moved.swap(at, at + 1);
            assert_eq!(fault(moved).0, at as u64 + 1);
            let mut repeated = good.clone();
            repeated.insert(at, good[at].clone());
            assert_eq!(fault(repeated).0, at as u64 + 2);
            let mut strange = good.clone();
            strange[at] = "{}".into();
            assert_eq!(fault(strange), (at as u64 + 1, FaultReason::NoEntry(at as u64 + 1).to_string()));
        }
        let mut long = good.clone();
        long[2] = "x".repeat(3 * limits::AUDIT_LINE);
        assert_eq!(fault(long).0, 3);
        put(&journal, &good);
        assert!(verify(journal.path()).unwrap().holds());
    }

    #[test]
    fn the_end_is_held_by_the_head_beside_it_and_by_a_hash_that_was_noted() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path(), 6);
        let good = lines(&journal);
        let noted = verify(journal.path()).unwrap().head.sha256;
        let mut changed = good.clone();
        changed[5] = changed[5].replace("\"Mass\"", "\"Nodule\"");
        put(&journal, &changed);
        assert_eq!(verify(journal.path()).unwrap().beside, Beside::Other(6), "the last line was changed");
        put(&journal, &good[..4]);
        let found = verify_with(journal.path(), Some(&noted)).unwrap();
        assert!(found.fault.is_none() && !found.holds());
        assert_eq!((found.beside, found.expected_at), (Beside::CutOff(2), None));
        // The chain alone shows nothing of it.
        std::fs::remove_file(head::path(journal.path())).unwrap();
        assert!(verify(journal.path()).unwrap().holds());
        put(&journal, &good);
        let found = verify_with(journal.path(), Some(&hash(good[3].as_bytes()))).unwrap();
        assert_eq!((found.expected_at, found.beside), (Some(4), Beside::Nothing));
    }

    #[test]
    fn a_writer_that_finds_lines_cut_off_says_so_for_good() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path(), 6);
        let good = lines(&journal);
        put(&journal, &good[..4]);
        journal.append(Entry::new(Event::Started, "viewer")).unwrap();
        let found = verify(journal.path()).unwrap();
        assert_eq!((found.shortened, &found.fault, &found.beside), (Some(5), &None, &Beside::Agrees));
        assert!(!found.holds());
        let said = lines(&journal)[4].clone();
        assert!(said.contains("\"shortened\"") && said.contains(&hash(good[5].as_bytes())), "{said}");
        // The whole file gone is no other case.
        std::fs::remove_file(journal.path()).unwrap();
        journal.append(Entry::new(Event::Started, "viewer")).unwrap();
        assert_eq!(verify(journal.path()).unwrap().shortened, Some(1));
    }

    #[test]
    fn a_writer_that_was_killed_between_line_and_head_leaves_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path(), 3);
        let head = std::fs::read(head::path(journal.path())).unwrap();
        journal.append(Entry::new(Event::Ended, "viewer")).unwrap();
        std::fs::write(head::path(journal.path()), head).unwrap();
        let found = verify(journal.path()).unwrap();
        assert!(found.holds() && found.beside == Beside::Behind(1));
        std::fs::write(head::path(journal.path()), "nonsense").unwrap();
        assert!(!verify(journal.path()).unwrap().holds());
    }
}
