//! Objects as files of a folder: all of them or none, for their owner alone, under names that tell
//! the kind and nothing of the patient.

use std::path::{Path, PathBuf};

use super::ResultObject;
use crate::files::writing::{Access, Staged};
use crate::results::ResultsError;

/// Writes the objects into a folder, which is made where it is not there, and returns their paths. A
/// file that is there already is the same object.
///
/// # Errors
/// [`ResultsError::Write`]; no object has its name then unless the folder vanished meanwhile.
pub fn write_into(folder: &Path, objects: &[ResultObject]) -> Result<Vec<PathBuf>, ResultsError> {
    let failed = |path: &Path, source| ResultsError::Write { path: path.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    let mut staged = Vec::new();
    for object in objects {
        let path = folder.join(object.file_name());
        // The kind of the error alone: the rest of the message would name the temporary file.
        let file = Staged::of(&path, Access::Private, &object.bytes()?).map_err(|e| failed(folder, e.kind().into()))?;
        staged.push((path, file));
    }
    let mut paths = Vec::new();
    for (path, file) in staged {
        file.persist().map_err(|e| failed(&path, e))?;
        paths.push(path);
    }
    Ok(paths)
}
