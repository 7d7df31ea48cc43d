//! Adding to the journal: one line after the other, also where several processes write.
//!
//! A writer locks the file, reads its last line, and writes the next one behind it; the system lets
//! go of the lock when the process ends, however it ends. A line is on the disk before the writer goes
//! on. What a killed process left half written has no line break at its end: the next writer cuts it
//! off and says so in a line of its own, with the length and the hash of what was cut. A writer that
//! finds the journal shorter than its head says, or with another end, writes that down too, for its own
//! line moves the head on.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::entry::{Entry, Event, What};
use super::line::{Head, Line, hash};
use super::{AuditError, head};
use crate::files::kept_folder::{make_private, of_user};
use crate::limits;

/// Name of the file.
const FILE: &str = "journal.jsonl";

/// A journal, which need not be there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    path: PathBuf,
}

/// What adding an entry came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The end of the chain from now on.
    pub head: Head,
    /// So many bytes of a torn line were cut off before.
    pub mended: Option<u64>,
}

/// The journal of this account, in the user's data folder; nothing where the system has none.
#[must_use]
pub fn of_this_account() -> Option<Journal> {
    of_user("audit").map(|folder| Journal::new(folder.join(FILE)))
}

impl Journal {
    /// The journal in the file at `path`.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds an entry; when this returns, it is on the disk. The folder is made where it is not there.
    ///
    /// # Errors
    /// When the file cannot be read or written, or its last line is none that this program wrote.
    pub fn append(&self, entry: Entry) -> Result<Appended, AuditError> {
        let failed = |source| AuditError::Write { path: self.path.clone(), source };
        let mut file = self.open()?;
        file.lock().map_err(failed)?;
        let end = self.end(&mut file)?;
        let mut head = end.head.clone();
        if let Some(torn) = &end.torn {
            file.set_len(end.length).map_err(failed)?;
            let what = What::new("torn-bytes").of(&torn.len().to_string()).with_sha256(&hash(torn));
            head = write(&mut file, &head, Entry::new(Event::Mended, "journal").with(vec![what])).map_err(failed)??;
        }
        if let Some(before) = shortened(&self.path, &end.head) {
            let what = What::new("lines-before").of(&before.lines.to_string()).with_sha256(&before.sha256);
            head =
                write(&mut file, &head, Entry::new(Event::Shortened, "journal").with(vec![what])).map_err(failed)??;
        }
        head = write(&mut file, &head, entry).map_err(failed)??;
        file.sync_data().map_err(failed)?;
        head::write(&self.path, &head).map_err(failed)?;
        Ok(Appended { head, mended: end.torn.map(|torn| torn.len() as u64) })
    }

    fn open(&self) -> Result<File, AuditError> {
        let failed = |source| AuditError::Write { path: self.path.clone(), source };
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_private(folder).map_err(failed)?;
        }
        if let Ok(about) = std::fs::metadata(&self.path)
            && !about.is_file()
        {
            let what = if about.is_dir() { "a folder" } else { "a device or a pipe" };
            return Err(AuditError::NotAFile { path: self.path.clone(), what });
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.path).map_err(failed)
    }

    /// The last line, and what is torn behind it.
    fn end(&self, file: &mut File) -> Result<End, AuditError> {
        let failed = |source| AuditError::Read { path: self.path.clone(), source };
        let length = file.metadata().map_err(failed)?.len();
        // A torn line and a whole one before it fit into this.
        let from = length.saturating_sub(2 * limits::AUDIT_LINE as u64 + 2);
        file.seek(SeekFrom::Start(from)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(length - from).read_to_end(&mut bytes).map_err(failed)?;
        let broken = || AuditError::Broken { path: self.path.clone() };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole == 0 && from > 0 {
            return Err(broken());
        }
        let torn = (whole < bytes.len()).then(|| bytes[whole..].to_vec());
        let lines = &bytes[..whole];
        let Some(lines) = lines.strip_suffix(b"\n") else {
            return Ok(End { head: Head::default(), length: 0, torn });
        };
        let last = lines.iter().rposition(|byte| *byte == b'\n').map_or(lines, |at| &lines[at + 1..]);
        let line = Line::parse(last).ok_or_else(broken)?;
        let head = Head { lines: line.number, sha256: hash(last) };
        Ok(End { head, length: from + whole as u64, torn })
    }
}

/// The head that is kept of a journal, where it is not one that `found` can have grown from: a head is
/// written after its line, and never before.
fn shortened(path: &Path, found: &Head) -> Option<Head> {
    let kept = head::read(path).ok().flatten()?;
    let same = kept.lines < found.lines || kept == *found;
    (!same).then_some(kept)
}

/// Where the file ends.
struct End {
    head: Head,
    /// Bytes up to the end of the last whole line.
    length: u64,
    /// What stands behind it.
    torn: Option<Vec<u8>>,
}

/// Writes one line, in one piece.
fn write(file: &mut File, head: &Head, entry: Entry) -> io::Result<Result<Head, AuditError>> {
    let line = Line::after(head, entry);
    let mut bytes = serde_json::to_vec(&line)?;
    if bytes.len() > limits::AUDIT_LINE {
        return Ok(Err(AuditError::Long(limits::AUDIT_LINE)));
    }
    let next = Head { lines: line.number, sha256: hash(&bytes) };
    bytes.push(b'\n');
    file.write_all(&bytes)?;
    Ok(Ok(next))
}

#[cfg(test)]
mod tests {
    use super::super::verify::verify;
    use super::*;

    fn entry(kind: &'static str) -> Entry {
        Entry::new(Event::Shown, "viewer").with(vec![What::new(kind)])
    }

    #[test]
    fn two_writers_make_one_chain() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/journal.jsonl");
        let writers: Vec<_> = (0..4)
            .map(|_| {
                let journal = Journal::new(path.clone());
                std::thread::Builder::new()
                    .spawn(move || (0..25).for_each(|_| drop(journal.append(entry("scores")).unwrap())))
                    .unwrap()
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let found = verify(&path).unwrap();
        assert_eq!((found.head.lines, &found.fault), (100, &None));
    }

    #[test]
    fn a_torn_line_is_cut_off_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join("journal.jsonl"));
        journal.append(entry("scores")).unwrap();
        let whole = std::fs::read(journal.path()).unwrap();
        for torn in [&b"{\"number\":2,\"at\":"[..], b"\xff\x00", &whole[..whole.len() - 1]] {
            std::fs::write(journal.path(), [&whole[..], torn].concat()).unwrap();
            let _ = std::fs::remove_file(head::path(journal.path()));
            let found = verify(journal.path()).unwrap();
            assert_eq!((found.torn, found.fault), (torn.len() as u64, None));
            let appended = journal.append(entry("report")).unwrap();
            assert_eq!((appended.mended, appended.head.lines), (Some(torn.len() as u64), 3));
            let text = std::fs::read_to_string(journal.path()).unwrap();
            assert!(text.lines().nth(1).unwrap().contains("\"mended\""), "{text}");
            let found = verify(journal.path()).unwrap();
            assert_eq!((found.torn, found.fault, found.head.lines), (0, None, 3));
        }
    }

    #[test]
    fn nothing_follows_what_is_no_journal() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join("journal.jsonl"));
        for text in ["words\n".to_owned(), "x".repeat(4 * limits::AUDIT_LINE)] {
            std::fs::write(journal.path(), &text).unwrap();
            assert!(matches!(journal.append(entry("scores")), Err(AuditError::Broken { .. })));
            assert_eq!(std::fs::read_to_string(journal.path()).unwrap(), text);
        }
        let folder = Journal::new(folder.path().to_owned());
        assert!(matches!(folder.append(entry("scores")), Err(AuditError::NotAFile { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn it_is_its_owner_s_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join("audit/journal.jsonl"));
        journal.append(entry("scores")).unwrap();
        for path in [journal.path().to_owned(), head::path(journal.path())] {
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
    }
}
