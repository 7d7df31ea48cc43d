//! Temporary files that a killed process left are removed by the next one that writes into the
//! folder.
//!
//! Whoever writes holds a lock on its temporary file or folder until it has its final name; the
//! system lets go of the lock when the process ends, however it ends. So a file with a name of ours
//! that can be locked belongs to nobody any more. Where a file system knows no locks, a file that
//! was not touched for a day counts as left.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

/// How the names of temporary files begin and end.
pub(super) const PREFIX: &str = ".pellucid-";
pub(super) const SUFFIX: &str = ".tmp";

/// Untouched for so long, a temporary file belongs to nobody, locks or not.
const A_DAY: Duration = Duration::from_hours(24);
/// Most entries of a folder that are looked at.
const MOST: usize = 100_000;
/// How often a new file is tried to be locked while somebody else looks at it.
const TRIES: usize = 50;

/// Removes from `folder` what killed processes left there; once a process, because folders may be
/// long.
pub(super) fn sweep(folder: &Path) {
    static SWEPT: LazyLock<Mutex<HashSet<PathBuf>>> = LazyLock::new(Mutex::default);
    if !SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned()) {
        return;
    }
    remove(folder);
}

fn remove(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().take(MOST) {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        // The kind of the entry itself: a link of that name is none of ours.
        let Ok(kind) = entry.file_type() else { continue };
        if !ours || !(kind.is_file() || kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        let opened = if kind.is_dir() { File::open(&path) } else { OpenOptions::new().write(true).open(&path) };
        let abandoned = match opened.as_ref().map(File::try_lock) {
            Ok(Ok(())) => cfg!(unix) || is_old(&path),
            Ok(Err(TryLockError::WouldBlock)) => false,
            Ok(Err(TryLockError::Error(_))) | Err(_) => is_old(&path),
        };
        if abandoned {
            // What cannot be removed stays; the write itself says what is wrong with the folder.
            let _ = if kind.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }
}

fn is_old(path: &Path) -> bool {
    let touched = fs::symlink_metadata(path).and_then(|data| data.modified()).ok();
    touched.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > A_DAY)
}

/// Makes what is temporary and claims it; anew where a sweep came between the two.
pub(super) fn claimed<T>(mut make: impl FnMut() -> io::Result<T>, claim: impl Fn(&T) -> bool) -> io::Result<T> {
    let mut made = make()?;
    for _ in 0..TRIES {
        if claim(&made) {
            break;
        }
        made = make()?;
    }
    Ok(made)
}

/// Locks what was made at `path`; false when it was swept away before.
pub(super) fn claim(file: &File, path: &Path) -> bool {
    // Elsewhere than on Unix a lock would keep even this process from writing by another handle.
    if cfg!(unix) {
        for _ in 0..TRIES {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(2)),
                Ok(()) | Err(TryLockError::Error(_)) => break,
            }
        }
    }
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_somebody_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at(".pellucid-abc123.tmp"), "left").unwrap();
        fs::create_dir_all(at(".pellucid-folder.tmp/model")).unwrap();
        fs::write(at(".pellucid-folder.tmp/model/weights"), "left").unwrap();
        fs::write(at(".pellucid-busy.tmp"), "being written").unwrap();
        for name in [".pellucid-notes.txt", "pellucid-x.tmp", ".tmpAbCdEf", "image.png"] {
            fs::write(at(name), "somebody else's").unwrap();
        }
        let busy = File::options().write(true).open(at(".pellucid-busy.tmp")).unwrap();
        busy.lock().unwrap();
        remove(folder.path());
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.file_name()).collect();
        left.sort();
        assert_eq!(left, [".pellucid-busy.tmp", ".pellucid-notes.txt", ".tmpAbCdEf", "image.png", "pellucid-x.tmp"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_of_that_name_is_left_alone_and_so_is_where_it_leads() {
        let folder = tempfile::tempdir().unwrap();
        let study = folder.path().join("study.dcm");
        fs::write(&study, "pixels").unwrap();
        std::os::unix::fs::symlink(&study, folder.path().join(".pellucid-link.tmp")).unwrap();
        remove(folder.path());
        assert!(study.exists() && folder.path().join(".pellucid-link.tmp").exists());
    }
}
