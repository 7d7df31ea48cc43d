//! A folder of private files that the program keeps for its user: what was measured, written and
//! said about images.
//!
//! One file a thing, under a name that tells nobody what it is about; written whole or not at all
//! ([`super::writing`]), so that a killed process loses nothing that was finished; removed where there
//! is nothing left to keep. Folder and files are their owner's alone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{FileError, read_text, writing};

/// How long another process is waited for, and how often it is looked.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(5);

/// Such a folder, which need not be there yet.
#[derive(Clone, Debug)]
pub struct KeptFolder {
    folder: PathBuf,
}

/// The folder of this name in the user's data folder; nothing where the system has none.
#[must_use]
pub fn of_user(name: &str) -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "pellucid").map(|dirs| dirs.data_dir().join(name))
}

/// Makes a folder, for its owner alone.
///
/// # Errors
/// The reason of the system.
pub fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

impl KeptFolder {
    /// What is kept in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where the folder is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the file of this name lies.
    #[must_use]
    pub fn path(&self, stem: &str) -> PathBuf {
        self.folder.join(stem).with_extension("json")
    }

    /// The text of a file of at most `limit` bytes; nothing where there is none.
    ///
    /// # Errors
    /// When there is a file that cannot be read.
    pub fn read(&self, stem: &str, limit: u64) -> Result<Option<String>, FileError> {
        match read_text(&self.path(stem), limit) {
            Ok(text) => Ok(Some(text)),
            Err(FileError::Unreadable(e)) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a file; the folder is made where it is not there.
    ///
    /// # Errors
    /// When folder or file cannot be written.
    pub fn write(&self, stem: &str, bytes: &[u8]) -> io::Result<()> {
        make_private(&self.folder)?;
        writing::private(&self.path(stem), bytes)
    }

    /// Holds the folder against other processes until what it yields is dropped: for what reads a file,
    /// changes it and writes it. It waits two seconds at most, and then goes on without, as it does on
    /// file systems that know no locks.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn held(&self) -> io::Result<File> {
        make_private(&self.folder)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.folder.join("lock"))?;
        let patience = Instant::now() + PATIENCE;
        while let Err(TryLockError::WouldBlock) = file.try_lock() {
            if Instant::now() > patience {
                log::warn!("what is kept is written although another process holds its folder");
                break;
            }
            std::thread::sleep(LOOK);
        }
        Ok(file)
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// The reason of the system.
    pub fn remove(&self, stem: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path(stem)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// The files of the folder, `most` at most, in no order.
    pub fn files(&self, most: usize) -> impl Iterator<Item = PathBuf> + use<> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "json"));
        files.take(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_nothing_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptFolder::new(folder.path().join("deep/notes"));
        assert_eq!(kept.read("a", 10).unwrap(), None);
        kept.remove("a").unwrap();
        assert_eq!(kept.files(10).count(), 0);
        kept.write("a", b"words").unwrap();
        assert_eq!(kept.read("a", 10).unwrap().as_deref(), Some("words"));
        assert!(kept.read("a", 4).is_err());
        assert_eq!(kept.files(10).collect::<Vec<_>>(), [kept.path("a")]);
        kept.remove("a").unwrap();
        assert_eq!(kept.read("a", 10).unwrap(), None);
    }

    #[cfg(unix)]
    #[test]
    fn folder_and_files_are_their_owner_s_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptFolder::new(folder.path().join("notes"));
        kept.write("a", b"words").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(kept.folder()), mode(&kept.path("a"))), (0o700, 0o600));
    }
}
