//! The results of a case as objects that are sent.

use crate::cancel::CancelToken;
use crate::files::writing::{self, StagedFolder};
use crate::pacs::archive::{Archive, ArchiveError, Moved, Sent};
use crate::report::case::CaseReport;
use crate::results::ResultsError;
use crate::results::write::{WriteOptions, objects};
use crate::study::StudyError;
use crate::study::wire::StoredObject;

/// Why results cannot be sent.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Results(#[from] ResultsError),
    #[error("they cannot be written before they are sent: {0}")]
    Write(#[from] std::io::Error),
    #[error("what was written cannot be read again: {0}")]
    Read(#[from] StudyError),
    #[error("this case has nothing that an archive takes")]
    Nothing,
}

/// Makes the objects of a case and sends them.
pub(super) fn send(
    archive: &dyn Archive,
    case: &CaseReport,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(Moved),
) -> Result<Vec<Sent>, ArchiveError> {
    // Gone, with what is in it, once it was sent.
    let folder = StagedFolder::new(&std::env::temp_dir()).map_err(|e| ArchiveError::failed(SendError::from(e)))?;
    let stored = written(case, &folder).map_err(ArchiveError::failed)?;
    if stored.is_empty() {
        return Err(ArchiveError::failed(SendError::Nothing));
    }
    cancel.check().map_err(|_| ArchiveError::Cancelled)?;
    archive.send(&stored, cancel, progress)
}

fn written(case: &CaseReport, folder: &StagedFolder) -> Result<Vec<StoredObject>, SendError> {
    let mut stored = Vec::new();
    for result in objects(case, &WriteOptions::default())? {
        let path = folder.path().join(result.file_name());
        writing::private(&path, &result.bytes()?)?;
        stored.push(StoredObject::open(&path)?);
    }
    Ok(stored)
}
