//! The image file that a report speaks of, and its fingerprint.

use std::io;
use std::path::{Path, PathBuf};

use super::case::CaseReport;
use crate::study::Warning;
use crate::{files, limits};

/// The image file that a report speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFile {
    /// `None` in an anonymised report.
    pub path: Option<PathBuf>,
    /// SHA-256 of the whole file, lower-case hex; `None` when it could not be read again, and in an
    /// anonymised report: whoever has the file would know that it is this one.
    pub sha256: Option<String>,
    pub warning: Option<Warning>,
}

impl ImageFile {
    /// Takes the fingerprint of the file that the case was read from.
    #[must_use]
    pub fn of(case: &CaseReport) -> Self {
        if case.anonymize {
            return Self::default();
        }
        let path = &case.frame.entry.path;
        let (sha256, warning) = match sha256(path) {
            Ok(hash) => (Some(hash), None),
            Err(error) => {
                let reason = format!(
                    "The image file could not be read again ({}), so this report cannot be verified.",
                    error.kind()
                );
                (None, Some(Warning { path: path.clone(), reason }))
            }
        };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Self { path: Some(path), sha256, warning }
    }
}

/// SHA-256 of a file, lower-case hex. Files beyond the budget, pipes and devices are refused.
pub(super) fn sha256(path: &Path) -> io::Result<String> {
    Ok(files::sha256_of_file(path, limits::OBJECT_BYTES)?)
}
