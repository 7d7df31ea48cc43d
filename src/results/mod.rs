//! Results that travel: a case as DICOM objects of the study of its image, so that archives and
//! other viewers keep and show what this program found.
//!
//! [`mod@write`] makes the objects of a [`crate::report::CaseReport`]; [`codes`] are the concepts that
//! stand in them, those of the standard and our own; [`uids`] derives identifiers from content.
//! [`read`] turns objects of others, and our own when they come back, into values that the viewer and
//! the command line show.
//!
//! What it does not do: send them anywhere.

pub mod codes;
pub mod read;
pub mod uids;
pub mod write;

use std::path::PathBuf;

use crate::report::ReportError;

/// Why a result could not be made a DICOM object, or not be written.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    #[error("the {kind} could not be encoded as DICOM: {reason}; this is a fault of Pellucid")]
    Encode { kind: &'static str, reason: String },
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("the result could not be written to {}: {source}; choose a folder that you may write to", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}
