//! The files that the directory of a medium names: a DICOMDIR (PS3.3 annex F, PS3.10 section 8).
//!
//! Every record of an image names its file by up to eight components of up to sixteen characters, below
//! the folder of the directory (Referenced File ID). Components are upper case there, and file systems
//! often made them lower case: where the name as it stands leads to nothing, the lower-case one is taken.
//! What is no such component (`..`, a separator) is refused, so that a directory leads to nothing beside
//! the medium. Which record belongs to which patient does not matter here: the files say it themselves.

use std::path::{Path, PathBuf};

use dicom_dictionary_std::tags;

use super::StudyError;
use super::dicom::Dicom;

/// Most components of a file's name (PS3.10 8.2), and characters of one; some writers use more.
const COMPONENTS: usize = 8;
const CHARACTERS: usize = 64;

/// The files of the images that a DICOMDIR names, as paths below its folder, in its order.
///
/// # Errors
/// When it cannot be read, is no DICOMDIR, or names a file that cannot lie on the medium.
pub fn images_of_directory(path: &Path) -> Result<Vec<PathBuf>, StudyError> {
    let dicom = Dicom::open(path)?;
    if !dicom.is_directory() {
        return Err(StudyError::NotAnImage("it is no DICOMDIR".into()));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut files = Vec::new();
    for record in dicom.dataset.items(tags::DIRECTORY_RECORD_SEQUENCE) {
        if record.code(tags::DIRECTORY_RECORD_TYPE) != "IMAGE" {
            continue;
        }
        let parts = record.codes(tags::REFERENCED_FILE_ID);
        let fits = |part: &String| {
            !part.is_empty()
                && part.len() <= CHARACTERS
                && part != ".."
                && part != "."
                && !part.contains(['/', '\\', '\0', ':'])
        };
        if parts.is_empty() || parts.len() > COMPONENTS || !parts.iter().all(fits) {
            return Err(StudyError::Malformed("an image of the directory has a file name that no medium has".into()));
        }
        let as_written: PathBuf = parts.iter().collect();
        let lower: PathBuf = parts.iter().map(|part| part.to_lowercase()).collect();
        let is_lower = !folder.join(&as_written).exists() && folder.join(&lower).exists();
        files.push(if is_lower { lower } else { as_written });
    }
    Ok(files)
}
