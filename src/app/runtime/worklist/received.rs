//! Studies that were fetched from archives: in a private folder of this account, by archive and study.
//!
//! A study comes into a folder under a temporary name and moves to its own once all of it is there: a
//! transfer that is cancelled or breaks off leaves nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::app::update::worklist_effect::FetchedStudy;
use crate::cancel::CancelToken;
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
    private_folder(&received).map_err(failed(&received))?;
    let staged = StagedFolder::new(&received).map_err(failed(&received))?;
    let Fetched { files, refused, .. } = archive.fetch(wanted, staged.path(), cancel, progress)?;
    if cancel.is_cancelled() {
        return Err(ArchiveError::Cancelled);
    }
    let place = received.join(peer).join(study.as_str());
    private_folder(&received.join(peer)).map_err(failed(&received))?;
    private_folder(&place).map_err(failed(&place))?;
    for file in &files {
        let name = file.file_name().unwrap_or_default();
        fs::rename(file, place.join(name)).map_err(failed(&place))?;
    }
    Ok(FetchedStudy { folder: place, files: files.len(), refused })
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

/// A folder that its owner alone may look into.
fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}
