//! A walk through a folder and all below it that ends: each real folder once, however many links
//! lead to it.
//!
//! Links are followed, for data sets are often made of them. Thirty folders that each link twice to
//! the next are 2^30 paths and thirty folders; folders may also link to what is above them. So a
//! folder counts by where it really lies. How deep folders may lie in each other, and how many
//! entries are looked at, has a limit too; what lies beyond is said, never left out in silence.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use walkdir::{DirEntry, IntoIter, WalkDir};

use crate::limits;

/// A place that was not looked into, and why.
#[derive(Debug, Error)]
#[error("{path}: {obstacle}", path = path.display())]
pub struct WalkError {
    pub path: PathBuf,
    pub obstacle: Obstacle,
}

/// Why a place was not looked into, as a sentence on it.
#[derive(Debug, Error)]
pub enum Obstacle {
    #[error("It cannot be looked into: {0}.")]
    Unreadable(String),
    #[error("It lies more than {0} folders deep and was not looked into.")]
    TooDeep(usize),
    #[error("It holds more than {0} files and folders; the others were not looked at.")]
    TooMany(usize),
}

/// What is below a folder and is no folder, in the order of the names, each folder's in a row.
///
/// Special files are among them: whoever opens one hears what it is.
pub fn files_below(root: &Path) -> Walk {
    Walk::through(root, WalkDir::new(root).sort_by_file_name(), limits::FOLDER_ENTRIES)
}

/// The same in no order, of up to [`limits::ARCHIVE_ENTRIES`] files and folders: what is held grows with
/// the number of folders alone, by some 32 bytes each, and a folder of any length is read bit by bit.
pub fn files_of_archive(root: &Path) -> Walk {
    Walk::through(root, WalkDir::new(root), limits::ARCHIVE_ENTRIES)
}

/// The walk through a folder, see [`files_below`].
pub struct Walk {
    root: PathBuf,
    entries: IntoIter,
    /// Where the folders really lie that the walk has been in: the first half of the SHA-256 of each
    /// place.
    entered: HashSet<[u8; 16]>,
    looked_at: usize,
    most: usize,
    ended: bool,
}

impl Walk {
    fn through(root: &Path, walk: WalkDir, most: usize) -> Self {
        let entries = walk.follow_links(true).into_iter();
        Self { root: root.to_owned(), entries, entered: HashSet::new(), looked_at: 0, most, ended: false }
    }

    /// Whether the walk goes into a folder that it has come to: not where it has been.
    fn enters(&mut self, folder: &DirEntry) -> Result<bool, WalkError> {
        if folder.depth() > limits::FOLDER_DEPTH {
            return Err(WalkError { path: folder.path().into(), obstacle: Obstacle::TooDeep(limits::FOLDER_DEPTH) });
        }
        // A folder whose place cannot be found out cannot be read either, and says so when it is.
        let place = folder.path().canonicalize().unwrap_or_else(|_| folder.path().into());
        let hash = Sha256::digest(place.as_os_str().as_encoded_bytes());
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        Ok(self.entered.insert(half))
    }
}

impl Iterator for Walk {
    type Item = Result<PathBuf, WalkError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let entry = match self.entries.next()? {
                Ok(entry) => entry,
                // A link to a folder that the walk is in: it is looked at already.
                Err(error) if error.loop_ancestor().is_some() => continue,
                Err(error) => {
                    let path = error.path().unwrap_or(&self.root).to_path_buf();
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    return Some(Err(WalkError { path, obstacle: Obstacle::Unreadable(reason) }));
                }
            };
            self.looked_at += 1;
            if self.looked_at > self.most {
                self.ended = true;
                let obstacle = Obstacle::TooMany(self.most);
                return Some(Err(WalkError { path: self.root.clone(), obstacle }));
            }
            if !entry.file_type().is_dir() {
                return Some(Ok(entry.into_path()));
            }
            match self.enters(&entry) {
                Ok(true) => {}
                Ok(false) => self.entries.skip_current_dir(),
                Err(error) => {
                    self.entries.skip_current_dir();
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path) -> Vec<String> {
        let relative = |path: PathBuf| path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        files_below(root).map(|found| relative(found.unwrap())).collect()
    }

    #[test]
    fn files_stand_in_the_order_of_their_names() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("b")).unwrap();
        for name in ["c.png", "b/2.png", "b/1.png", "a.png"] {
            std::fs::write(root.path().join(name), "").unwrap();
        }
        assert_eq!(names(root.path()), ["a.png", "b/1.png", "b/2.png", "c.png"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let error = files_below(Path::new("/nowhere/at/all")).next().unwrap().unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/at/all: It cannot be looked into: "), "{error}");
    }

    #[test]
    fn a_folder_that_lies_too_deep_is_said() {
        let root = tempfile::tempdir().unwrap();
        let deep = (0..=limits::FOLDER_DEPTH).fold(root.path().to_owned(), |path, _| path.join("d"));
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("hidden.png"), "").unwrap();
        let found: Vec<_> = files_below(root.path()).collect();
        assert!(
            matches!(&found[..], [Err(WalkError { path, obstacle: Obstacle::TooDeep(_) })] if *path == deep),
            "{found:?}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn thirty_folders_that_link_twice_to_the_next_are_walked_once_each() {
        use std::os::unix::fs::symlink;

        let root = tempfile::tempdir().unwrap();
        for level in 0..30 {
            let folder = root.path().join(format!("{level:02}"));
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("image.png"), "").unwrap();
            for link in ["left", "right"] {
                symlink(root.path().join(format!("{:02}", level + 1)), folder.join(link)).unwrap();
            }
        }
        std::fs::create_dir(root.path().join("30")).unwrap();
        symlink(root.path(), root.path().join("30/up")).unwrap();
        assert_eq!(files_below(root.path()).flatten().count(), 30);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_an_error_and_the_walk_goes_on() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("nowhere", root.path().join("a.png")).unwrap();
        std::fs::write(root.path().join("b.png"), "").unwrap();
        let found: Vec<_> = files_below(root.path()).collect();
        assert!(matches!(&found[..], [Err(WalkError { obstacle: Obstacle::Unreadable(_), .. }), Ok(_)]), "{found:?}");
    }
}
