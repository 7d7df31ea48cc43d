//! What comes back when the case on screen was written as DICOM objects.

use std::path::PathBuf;

/// The objects that were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenObjects {
    /// Where they lie.
    pub folder: PathBuf,
    /// Kind and SHA-256 of each file.
    pub hashes: Vec<(String, String)>,
    /// Kinds that could not be made, with the reason.
    pub left_out: Vec<String>,
    /// They name nobody, and are a study of their own.
    pub anonymized: bool,
}
