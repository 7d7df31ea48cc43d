//! Studies that were fetched from archives: in a private folder of this account, by archive and study.
//!
//! A study, or a series of it, comes into a folder under a temporary name and takes the place of what was
//! fetched of it before once all of it is there: a transfer that is cancelled or breaks off changes
//! nothing, and images that the archive has no longer do not stay among those that it has.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::app::update::worklist_effect::FetchedStudy;
use crate::cancel::CancelToken;
use crate::files::kept_folder::make_private;
use crate::files::walk::files_below;
use crate::files::writing::StagedFolder;
use crate::pacs::archive::{Archive, ArchiveError, Fetched, Moved, Wanted};
use crate::pacs::uid::Uid;

/// Why fetched studies cannot be kept or removed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReceivedError {
    #[error("this account has no cache folder; set XDG_CACHE_HOME to a folder")]
    NoFolder,
    #[error("{} cannot be written to: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} cannot be removed: {source}", path.display())]
    Remove { path: PathBuf, source: io::Error },
}

fn folder() -> Result<PathBuf, ReceivedError> {
    let folders = directories::ProjectDirs::from("", "", "pellucid").ok_or(ReceivedError::NoFolder)?;
    Ok(folders.cache_dir().join("received"))
}

/// Fetches into the folder of the archive and the study.
pub(super) fn fetch(
    archive: &dyn Archive,
    peer: &str,
    wanted: &Wanted,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(Moved),
) -> Result<FetchedStudy, ArchiveError> {
    let study = Uid::of(&wanted.study_uid).map_err(ArchiveError::failed)?;
    let received = folder().map_err(ArchiveError::failed)?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ArchiveError::failed(ReceivedError::Write { path, source })
    };
    make_private(&received).map_err(failed(&received))?;
    let staged = StagedFolder::new(&received).map_err(failed(&received))?;
    let coming = staged.path().join("coming");
    make_private(&coming).map_err(failed(&received))?;
    let Fetched { files, refused, .. } = archive.fetch(wanted, &coming, cancel, progress)?;
    if cancel.is_cancelled() {
        return Err(ArchiveError::Cancelled);
    }
    let of_peer = received.join(peer);
    make_private(&of_peer).map_err(failed(&of_peer))?;
    let place = of_peer.join(match &wanted.series_uid {
        None => study.as_str().to_owned(),
        Some(series) => format!("{study}_{}", Uid::of(series).map_err(ArchiveError::failed)?),
    });
    let heard = files.len() + refused.len();
    let missing = wanted.images.map_or(0, |images| (images as usize).saturating_sub(heard));
    if !files.is_empty() {
        exchange(&coming, &place, &staged.path().join("before")).map_err(failed(&place))?;
    }
    Ok(FetchedStudy { folder: place, files: files.len(), refused, missing })
}

/// Puts the folder `new` to `place`; what was there goes to `before`, and comes back where that fails.
fn exchange(new: &Path, place: &Path, before: &Path) -> io::Result<()> {
    let was_there = match fs::rename(place, before) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    fs::rename(new, place).inspect_err(|_| {
        if was_there {
            let _ = fs::rename(before, place);
        }
    })
}

/// Removes every study that was fetched; yields their bytes.
pub(super) fn remove() -> Result<u64, ReceivedError> {
    let received = folder()?;
    let bytes = files_below(&received).flatten().filter_map(|file| Some(fs::symlink_metadata(file).ok()?.len())).sum();
    match fs::remove_dir_all(&received) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(source) => Err(ReceivedError::Remove { path: received, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fetched_again_takes_the_place_of_what_was_there_and_nothing_is_mixed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (at, file) in [("study", "old"), ("coming", "new")] {
            fs::create_dir(path(at)).unwrap();
            fs::write(path(at).join(file), "").unwrap();
        }
        exchange(&path("coming"), &path("study"), &path("before")).unwrap();
        let names: Vec<_> = fs::read_dir(path("study")).unwrap().flatten().map(|e| e.file_name()).collect();
        assert_eq!(names, ["new"]);
        // What cannot take the place leaves it as it was.
        assert!(exchange(&path("nothing"), &path("study"), &path("away")).is_err());
        assert!(path("study").join("new").is_file() && !path("away").exists());
    }
}
