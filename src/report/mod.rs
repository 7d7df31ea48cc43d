//! Reports: one value, many exporters.
//!
//! Of a case, [`CaseReport`] below; of a whole set of images, [`evaluation`] with the pictures of [`charts`].
//!
//! [`CaseReport`] gathers what a report says; [`export`] writes it as a PDF with a JSON sidecar that holds everything
//! needed to compute it again, and [`verify`] does so. Both files print the same numbers.
//!
//! The order of the page is that of the screen: who, what was seen, how sure, on what ground, what it cannot know.

pub mod bounds;
pub mod case;
pub mod charts;
pub mod compare;
pub mod evaluation;
pub mod file;
pub mod impression;
pub mod json;
pub mod reading;
pub mod suggestions;
pub mod verify;

mod layout;
mod pages;
mod pdf;
mod pdf_file;
mod pdf_findings;
mod pdf_impression;
mod pdf_pictures;
mod pdf_text;
mod pdf_trust;
mod redact;
mod setting;
mod typeface;

use std::path::PathBuf;

pub use case::{CaseReport, OverlayStyle, Paper};
pub use file::{export, export_to};
pub use impression::Impression;

/// Why a report could not be written or read again.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("the report could not be written to {}: {source}; choose a folder that you may write to", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("the font of the report could not be embedded: {0}; this is a fault of Pellucid")]
    Font(String),
    #[error("a chart could not be made a picture: {0}; this is a fault of Pellucid")]
    Picture(String),
    #[error("the report could not be put in words for a computer: {0}; this is a fault of Pellucid")]
    Encode(#[from] serde_json::Error),
    #[error("{} could not be read: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is no case report of Pellucid: {reason}", path.display())]
    NotAReport { path: PathBuf, reason: String },
    #[error("{} is not computed again: {source}", path.display())]
    OutOfBounds { path: PathBuf, source: bounds::OutOfBounds },
}

#[cfg(test)]
mod sample_case;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod verify_tests;
