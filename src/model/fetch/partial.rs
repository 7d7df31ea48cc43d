//! What has come of a file so far, kept so that the next try goes on from there.
//!
//! Two files in a folder of the user's cache: `NAME.part`, the bytes, and `NAME.part.json`, what the
//! server said of the file that they belong to. Both are private. Whoever fetches holds a lock on the
//! bytes, so that two windows never write into one file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::{read_text, writing};

/// Largest note beside the bytes.
const NOTE_BYTES: u64 = 64 << 10;

/// Why nothing can be kept.
#[derive(Debug, thiserror::Error)]
pub enum PartialError {
    #[error("another Pellucid is fetching the same file; wait until it is done")]
    Taken,
    #[error("{path} cannot be written: {source}")]
    Write { path: PathBuf, source: io::Error },
}

/// What the server said of the file whose bytes these are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Where it was asked for, before redirections.
    pub address: String,
    /// Its strong entity tag, else the time of its last change (RFC 9110, 8.8): what tells that it is the same file.
    pub validator: Option<String>,
    /// Its whole length in bytes.
    pub total: Option<u64>,
}

/// A file that is on its way.
#[derive(Debug)]
pub struct Partial {
    file: File,
    path: PathBuf,
    /// Bytes that have come.
    length: u64,
    note: Note,
}

impl Partial {
    /// The file called `name` in `folder`, with what is there of it.
    ///
    /// # Errors
    /// When the folder is not writable, or another process is at the same file.
    pub fn open(folder: &Path, name: &str) -> Result<Self, PartialError> {
        let path = folder.join(format!("{name}.part"));
        let failed = |source| PartialError::Write { path: path.clone(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // A link of that name would be written through.
        if fs::symlink_metadata(&path).is_ok_and(|about| !about.is_file()) {
            return Err(failed(io::Error::other("something else has that name; remove it")));
        }
        let file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(PartialError::Taken),
            // Ours, or on a file system without locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let length = file.metadata().map_err(failed)?.len();
        let note = read_text(&note_beside(&path), NOTE_BYTES).ok().and_then(|text| serde_json::from_str(&text).ok());
        let mut partial = Self { file, path, length, note: note.unwrap_or_default() };
        partial.seek_to_end()?;
        Ok(partial)
    }

    /// Where the bytes are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that have come.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn note(&self) -> &Note {
        &self.note
    }

    /// True once everything that the server spoke of is there.
    pub(super) fn is_whole(&self) -> bool {
        self.length > 0 && self.note.total == Some(self.length)
    }

    /// Lets go of the bytes, and notes what file those belong to that follow.
    pub(super) fn begin(&mut self, note: Note) -> Result<(), PartialError> {
        self.file.set_len(0).map_err(|source| self.failed(source))?;
        self.length = 0;
        self.seek_to_end()?;
        self.keep(note)
    }

    /// Notes what is known now.
    pub(super) fn keep(&mut self, note: Note) -> Result<(), PartialError> {
        if note != self.note {
            let text = serde_json::to_string_pretty(&note).unwrap_or_default();
            let beside = note_beside(&self.path);
            writing::private(&beside, text.as_bytes())
                .map_err(|source| PartialError::Write { path: beside, source })?;
            self.note = note;
        }
        Ok(())
    }

    /// Adds bytes.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), PartialError> {
        self.file.write_all(bytes).map_err(|source| self.failed(source))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Sees to it that all of it is on the disk.
    pub(super) fn settle(&mut self) -> Result<(), PartialError> {
        self.file.sync_all().map_err(|source| self.failed(source))
    }

    /// Removes what has come.
    ///
    /// # Errors
    /// When the folder lets nothing be removed.
    pub fn remove(self) -> Result<(), PartialError> {
        let Self { file, path, .. } = self;
        // Elsewhere than on Unix an open file cannot be removed.
        drop(file);
        let _ = fs::remove_file(note_beside(&path));
        fs::remove_file(&path).map_err(|source| PartialError::Write { path, source })
    }

    fn seek_to_end(&mut self) -> Result<(), PartialError> {
        self.file.seek(SeekFrom::Start(self.length)).map(drop).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> PartialError {
        PartialError::Write { path: self.path.clone(), source }
    }
}

fn note_beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> Note {
        Note { address: "https://a.org/w".into(), validator: Some("\"1\"".into()), total: Some(4) }
    }

    #[test]
    fn what_has_come_is_there_the_next_time_and_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut partial = Partial::open(folder.path(), "w").unwrap();
        partial.begin(note()).unwrap();
        partial.add(b"ab").unwrap();
        drop(partial);
        let mut again = Partial::open(folder.path(), "w").unwrap();
        assert!(again.length() == 2 && *again.note() == note() && !again.is_whole());
        again.add(b"cd").unwrap();
        assert!(again.is_whole() && fs::read(again.path()).unwrap() == b"abcd");
        #[cfg(unix)]
        for entry in fs::read_dir(folder.path()).unwrap().flatten() {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", entry.path().display());
        }
        again.begin(Note { total: None, ..note() }).unwrap();
        assert!(again.length() == 0 && !again.is_whole());
        again.remove().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn two_never_write_into_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = Partial::open(folder.path(), "w").unwrap();
        assert!(matches!(Partial::open(folder.path(), "w"), Err(PartialError::Taken)));
        drop(first);
        assert!(Partial::open(folder.path(), "w").is_ok());
    }

    #[test]
    fn a_damaged_note_is_none_and_a_link_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("w.part"), "ab").unwrap();
        fs::write(folder.path().join("w.part.json"), "{").unwrap();
        assert_eq!(*Partial::open(folder.path(), "w").unwrap().note(), Note::default());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("other"), folder.path().join("l.part")).unwrap();
            assert!(matches!(Partial::open(folder.path(), "l"), Err(PartialError::Write { .. })));
            assert!(!folder.path().join("other").exists());
        }
    }
}
