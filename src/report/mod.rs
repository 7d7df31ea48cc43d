//! Reports: one value, many exporters.
//!
//! Of a case, [`CaseReport`] below; of a whole set of images, [`evaluation`] with the pictures of
//! [`charts`].
//!
//! [`CaseReport`] gathers what a report says; [`export`] writes it as a PDF with a JSON sidecar
//! that holds everything needed to compute it again, and [`verify`] does so. Both files print the
//! same numbers.
//!
//! The pages of a case and the words in its images are in the language that the case names; the
//! sidecar, which machines read, and the evaluation report are in English. Every text that is
//! printed stands in a macro of [`language`](crate::language); `tests/spec/languages.rs` holds that.
//!
//! The order of the page is that of the screen: who, what was seen, how sure, on what ground, what
//! it cannot know.

pub mod case;
pub mod case_study;
pub mod charts;
pub mod composed;
pub mod evaluation;
pub mod feedback;
mod file;
mod image_file;
pub mod impression;
pub mod impression_store;
pub mod key_images;
pub mod measurements;
pub mod on_screen;
pub mod overlay_image;
pub mod prior;
pub mod sidecar;
mod suggestions;
mod threshold_position;
pub mod verify;
pub mod what_if;

mod ages;
mod pages;
mod pdf;
mod redact;

use std::path::PathBuf;

pub use case::{CaseReport, OverlayStyle, Paper};
pub use file::{document, export, export_to, record};
pub use impression::Impression;
pub use redact::why_no_states;

use crate::figures::FigureError;
use crate::language::named;

/// Stands on every page.
pub const NOT_A_DEVICE: &str = named!("Not a medical device: for research and teaching, never for diagnosis.");

/// Why a report could not be written or read again.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("the report could not be written to {}: {source}; choose a folder that you may write to", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Figure(#[from] FigureError),
    #[error("the report could not be put in words for a computer: {0}; this is a fault of Pellucid")]
    Encode(#[from] serde_json::Error),
    #[error("{} could not be read: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is no case report of Pellucid: {reason}", path.display())]
    NotAReport { path: PathBuf, reason: String },
    #[error("{} is not computed again: {source}", path.display())]
    OutOfBounds { path: PathBuf, source: verify::bounds::OutOfBounds },
}

#[cfg(test)]
mod printed_terms;
#[cfg(test)]
mod sample_case;
#[cfg(test)]
mod sample_full;
#[cfg(test)]
mod tests;
