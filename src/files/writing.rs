//! Files appear whole or not at all, and what may hold patient data is its owner's alone.
//!
//! A file is written under a temporary name beside its place, seen on the disk, and renamed:
//! whoever looks finds the old one or the new one. The temporary name is recognisable, and what a
//! killed process left is removed by the next one that writes into the folder
//! ([`super::leftovers`]).
//!
//! On Unix everything is written with mode 0600 unless it is said to be [`Access::Shared`]. Shared
//! is what is made to be handed on and holds nothing of a patient: the files of a model, the state,
//! log and curves of its training, phantoms. Reports, maps, tables of images, evaluations (their
//! charts too: a curve of few images is a patient a step), screenshots, settings with their lists
//! of recent files are private. Folders keep the mode that the user gave them. Elsewhere the mode
//! is the system's.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use super::leftovers;

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone, from its first byte on.
    Private,
    /// Whoever the umask lets.
    Shared,
}

/// Writes a private file; one of this name is replaced.
///
/// # Errors
/// When the folder is not there or not writable, or the disk is full; nothing is left behind then.
pub fn private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    Staged::of(path, Access::Private, bytes)?.persist()
}

/// Writes a file that may be handed on; one of this name is replaced.
///
/// # Errors
/// As [`private`].
pub fn shared(path: &Path, bytes: &[u8]) -> io::Result<()> {
    Staged::of(path, Access::Shared, bytes)?.persist()
}

/// Has `fill` write a file; one of this name is replaced.
///
/// # Errors
/// As [`private`], and what `fill` says.
pub fn replace(path: &Path, access: Access, fill: impl FnOnce(&mut NamedTempFile) -> io::Result<()>) -> io::Result<()> {
    let mut staged = Staged::new(path, access)?;
    fill(&mut staged.file)?;
    staged.persist()
}

/// A file under its temporary name; dropped, it is gone.
#[derive(Debug)]
pub struct Staged {
    file: NamedTempFile,
    place: PathBuf,
}

impl Staged {
    fn new(place: &Path, access: Access) -> io::Result<Self> {
        let folder = place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        leftovers::sweep(folder);
        let make = || named(access).tempfile_in(folder);
        let file = leftovers::claimed(make, |made| leftovers::claim(made.as_file(), made.path()))?;
        Ok(Self { file, place: place.to_owned() })
    }

    /// An empty file in `folder`, whose name is not known yet; [`Self::persist_as`] gives it one.
    ///
    /// # Errors
    /// As [`private`].
    pub fn unnamed(folder: &Path, access: Access) -> io::Result<Self> {
        Self::new(&folder.join("unnamed"), access)
    }

    /// What is written so far.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Where it is meanwhile.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Gives the file this name, in the folder that it is in.
    ///
    /// # Errors
    /// As [`Self::persist`].
    pub fn persist_as(self, place: &Path) -> io::Result<()> {
        Self { place: place.to_owned(), ..self }.persist()
    }

    /// The bytes beside `place`, on the disk.
    ///
    /// # Errors
    /// As [`private`].
    pub fn of(place: &Path, access: Access, bytes: &[u8]) -> io::Result<Self> {
        let mut staged = Self::new(place, access)?;
        staged.file.write_all(bytes)?;
        staged.file.as_file().sync_all()?;
        Ok(staged)
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When a folder has that name, or the folder was removed.
    pub fn persist(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(&self.place).map_err(|e| e.error)?;
        Ok(())
    }
}

/// A folder under a temporary name, for what is several files; dropped, it is gone with all that is
/// in it.
#[derive(Debug)]
pub struct StagedFolder {
    folder: TempDir,
    /// The lock on the folder; where folders cannot be opened there is none, and its age tells.
    _claim: Option<File>,
}

impl StagedFolder {
    /// An empty folder in `parent`.
    ///
    /// # Errors
    /// When `parent` is not there or not writable.
    pub fn new(parent: &Path) -> io::Result<Self> {
        leftovers::sweep(parent);
        let make = || {
            let builder =
                tempfile::Builder::new().prefix(leftovers::PREFIX).suffix(leftovers::SUFFIX).tempdir_in(parent);
            builder.map(|folder| (File::open(folder.path()).ok(), folder))
        };
        let claim = |(opened, folder): &(Option<File>, TempDir)| {
            opened.as_ref().is_none_or(|opened| leftovers::claim(opened, folder.path()))
        };
        let (claim, folder) = leftovers::claimed(make, claim)?;
        Ok(Self { folder, _claim: claim })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A temporary file as it is to be made.
fn named(access: Access) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(leftovers::PREFIX).suffix(leftovers::SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = match access {
            Access::Private => 0o600,
            Access::Shared => 0o666,
        };
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = access;
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().flatten();
        entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect()
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_its_owners_alone_from_its_first_byte_on() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| folder.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
        // A file of an older version that everybody could read becomes private too.
        std::fs::write(folder.path().join("report.pdf"), "old").unwrap();
        private(&folder.path().join("report.pdf"), b"new").unwrap();
        assert_eq!(mode("report.pdf"), 0o600);
        let staged = Staged::of(&folder.path().join("b.pdf"), Access::Private, b"half").unwrap();
        let temporary = names(folder.path()).into_iter().find(|name| name.starts_with('.')).unwrap();
        assert_eq!(mode(&temporary), 0o600);
        drop(staged);
        shared(&folder.path().join("weights"), b"w").unwrap();
        std::fs::write(folder.path().join("any"), "as the umask has it").unwrap();
        assert_eq!(mode("weights"), mode("any"));
    }

    #[test]
    fn what_fails_leaves_the_old_file_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        private(&path, b"old").unwrap();
        let full = |_: &mut NamedTempFile| Err(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(replace(&path, Access::Private, full).unwrap_err().kind(), io::ErrorKind::StorageFull);
        std::fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(private(&folder.path().join("taken"), b"x").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()).len(), 2, "{:?}", names(folder.path()));
    }

    #[test]
    fn a_staged_folder_is_gone_with_all_that_is_in_it() {
        let parent = tempfile::tempdir().unwrap();
        let staged = StagedFolder::new(parent.path()).unwrap();
        std::fs::write(staged.path().join("a"), "a").unwrap();
        drop(staged);
        assert!(names(parent.path()).is_empty());
    }
}
