//! Where images come from: folders, single files, directories of media, lists of paths.
//!
//! A source hands out paths one after the other and holds none of them: the order is made by the
//! [`store`](super::store), which sorts on the disk. Archives that are asked over the network are
//! [`archive`](super::archive)'s.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::{BatchError, list};
use crate::files::walk::files_of_archive;
use crate::files::{Regular, open_regular};
use crate::study::images_of_directory;

/// Where images come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// All below it; hidden files are passed over.
    Folder(PathBuf),
    File(PathBuf),
    /// A DICOMDIR.
    Directory(PathBuf),
    /// A text file, `.txt` or `.lst`.
    List(PathBuf),
    /// A list on standard input.
    StandardInput,
}

/// A file of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub path: PathBuf,
    /// What says which shard it belongs to: its path below the source.
    pub below: PathBuf,
    /// Named rather than found in a folder.
    pub is_named: bool,
}

/// Longest list, in bytes: a hundred million paths.
const LIST_BYTES: u64 = 16 << 30;

impl Source {
    /// What a word of the command line means; `-` is a list on standard input.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let is_directory = path.file_name().is_some_and(|name| name.eq_ignore_ascii_case("DICOMDIR"));
        match ending.as_deref() {
            _ if path == Path::new("-") => Self::StandardInput,
            _ if path.is_dir() => Self::Folder(path.to_owned()),
            _ if is_directory => Self::Directory(path.to_owned()),
            Some("txt" | "lst") => Self::List(path.to_owned()),
            _ => Self::File(path.to_owned()),
        }
    }

    /// Hands out every file, but for those in `results`, the folder that is written into; `obstacle` hears
    /// of what could not be looked into.
    ///
    /// # Errors
    /// When a list or directory cannot be read, and what `each` says.
    pub fn each(
        &self,
        results: &Path,
        obstacle: &mut dyn FnMut(Found, String),
        each: &mut dyn FnMut(Found) -> Result<(), BatchError>,
    ) -> Result<(), BatchError> {
        let unreadable = |path: &Path, reason: String| BatchError::Source { path: path.to_owned(), reason };
        match self {
            Self::Folder(folder) => {
                let results = inside(folder, results);
                for found in files_of_archive(folder) {
                    let (path, reason) = match found {
                        Ok(path) => (path, None),
                        Err(error) => (error.path, Some(error.obstacle.to_string())),
                    };
                    let below = path.strip_prefix(folder).unwrap_or(&path).to_owned();
                    let is_hidden = below.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
                    if is_hidden || results.as_ref().is_some_and(|results| below.starts_with(results)) {
                        continue;
                    }
                    let found = Found { path, below, is_named: false };
                    match reason {
                        None => each(found)?,
                        Some(reason) => obstacle(found, reason),
                    }
                }
                Ok(())
            }
            Self::File(path) => {
                let below = path.file_name().map_or_else(|| path.clone(), PathBuf::from);
                each(Found { path: path.clone(), below, is_named: true })
            }
            Self::Directory(path) => {
                let folder = path.parent().unwrap_or(Path::new(""));
                let files = images_of_directory(path).map_err(|error| unreadable(path, error.to_string()))?;
                files.into_iter().try_for_each(|below| each(Found { path: folder.join(&below), below, is_named: true }))
            }
            Self::List(path) => {
                let opened = open_regular(path, LIST_BYTES).map_err(|error| unreadable(path, error.to_string()))?;
                let Regular { file, .. } = opened;
                listed(&path.display().to_string(), BufReader::new(file), each)
            }
            Self::StandardInput => listed("standard input", std::io::stdin().lock(), each),
        }
    }
}

fn listed(
    name: &str,
    text: impl std::io::BufRead,
    each: &mut dyn FnMut(Found) -> Result<(), BatchError>,
) -> Result<(), BatchError> {
    list::read(name, text, &mut |path| each(Found { below: path.clone(), path, is_named: true }))
}

/// Where a folder lies below another one, if it does.
fn inside(folder: &Path, other: &Path) -> Option<PathBuf> {
    let (folder, other) = (folder.canonicalize().ok()?, other.canonicalize().ok()?);
    let below = other.strip_prefix(folder).ok()?;
    (!below.as_os_str().is_empty()).then(|| below.to_owned())
}

/// Length and time of change of a file.
pub(super) fn stamp(path: &Path) -> std::io::Result<super::finished::Stamp> {
    let about = std::fs::metadata(path)?;
    let modified = about.modified()?;
    let since = |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH);
    let nanoseconds = match since(modified) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_nanos()).unwrap_or(i64::MAX),
    };
    Ok((i64::try_from(about.len()).unwrap_or(i64::MAX), nanoseconds))
}
