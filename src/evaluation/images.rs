//! An image file on its way to the model: its first frame, and whose it is.

use std::path::Path;
use std::sync::Arc;

use crate::study::patients::Patients;
use crate::study::{Frame, ImageEntry, StudyError, Unscorable, load};

/// Why an image is not evaluated.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error(transparent)]
    Study(#[from] StudyError),
    #[error(transparent)]
    Unscorable(#[from] Unscorable),
}

/// Decodes the first frame of an image; of several it is said that the first was used.
///
/// # Errors
/// When the file cannot be read.
pub fn first_frame(entry: &Arc<ImageEntry>) -> Result<Frame, StudyError> {
    let mut frame = load(entry, 0)?;
    if entry.frames > 1 {
        frame.warnings.push(format!("The first of {} frames was used.", entry.frames));
    }
    Ok(frame)
}

/// Decodes the first frame of an image that is to be scored.
///
/// # Errors
/// Also where the data ends early, unless `force` is set, and where pixels are no numbers.
pub fn scorable_frame(entry: &Arc<ImageEntry>, force: bool) -> Result<Frame, ImageError> {
    let frame = first_frame(entry)?;
    match frame.scorable() {
        Err(Unscorable::Incomplete(_)) if force => Ok(frame),
        Err(reason) => Err(reason.into()),
        Ok(()) => Ok(frame),
    }
}

/// The patient of an image, by its name and its header.
#[must_use]
pub fn patient(frame: &Frame, path: &Path, patients: &Patients) -> Option<String> {
    patients.of_file(path, &frame.entry.meta.patient_id)
}

/// The path of an image below the folder of its set, as tables name it.
#[must_use]
pub fn name_below(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).display().to_string()
}
