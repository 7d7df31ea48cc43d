//! Results that other programs, or this one, have left as DICOM objects beside the images.
//!
//! ```text
//! file ──► kind ──► structured_report ──► tree, findings       (what is said, and who or what said it)
//!              │                      └► graphics ──► drawn    (what it draws on an image)
//!              ├──► segmentation ───────┐
//!              ├──► parametric_map ─────┴► layers ──► placing   (what lies over an image, and where)
//!              └──► document                                   (a PDF, or another file in an envelope)
//! ```
//!
//! Files are hostile: nesting is bounded by the reader of `study`, items, texts, points, segments and
//! bytes by [`crate::limits`]. Nothing here reaches a model. What cannot be placed on an image is said
//! in a sentence and is not guessed.

pub mod code;
mod document;
pub mod drawn;
mod findings;
mod fractions;
pub mod geometry;
mod graphics;
mod item;
pub mod key;
pub mod kind;
mod lab;
pub mod layers;
mod multi_frame;
pub mod object;
mod parametric_map;
pub mod placing;
mod presentation;
pub mod reference;
mod segmentation;
mod structured_report;
mod tree;
mod words;

pub use code::in_one_line;
pub use document::{Document, document_bytes};
pub use findings::{Finding, findings};
pub use item::{Graphic, Value, moment};
pub use multi_frame::ResultFrame;
pub use object::{ReadObject, read};
pub use parametric_map::{MapScale, ParametricMap, Quantity};
pub use presentation::Presentation;
pub use segmentation::{Segment, Segmentation, SegmentationType};
pub use structured_report::{Observer, StructuredReport};
pub use tree::{ReportItem, ReportTree};

use thiserror::Error;

use crate::study::StudyError;

/// Why a result could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    #[error(transparent)]
    Study(#[from] StudyError),
    #[error("This object is not read as a result: it is a {0}.")]
    NotAResult(String),
    #[error("The structured report has no content that could be read.")]
    NoContent,
    #[error("The segmentation names no segment.")]
    NoSegments,
    #[error("The envelope holds no document.")]
    NoDocument,
    #[error("The document is {bytes} bytes long; documents over {limit} bytes are not taken out of their envelope.")]
    DocumentTooLarge { bytes: u64, limit: u64 },
}
