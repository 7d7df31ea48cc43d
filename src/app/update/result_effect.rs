//! What results in files ask of the world outside, and what comes back.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::state::Reason;
use crate::results::read::ReadObject;
use crate::results::read::layers::LaidOver;
use crate::study::{Frame, ImageEntry};

/// What must happen outside the state.
#[derive(Clone)]
pub enum ResultEffect {
    /// Reads what some objects lay over a frame; of several the last one counts.
    LayOver { frame: Arc<Frame>, objects: Vec<Arc<ImageEntry>> },
    /// Reads a report, or the header of a document.
    Read(PathBuf),
    /// Takes a document out of its envelope, and has the desktop open it.
    OpenDocument(PathBuf),
    /// Asks where a document is to be saved, under this name at first.
    AskWhereToSave { object: PathBuf, name: String },
    /// Takes a document out of its envelope, into this file.
    SaveDocument { object: PathBuf, to: PathBuf },
}

/// What comes back.
#[derive(Clone)]
pub enum ResultMessage {
    LaidOver {
        frame: Arc<Frame>,
        laid: Arc<LaidOver>,
    },
    Read(PathBuf, Result<Arc<ReadObject>, Reason>),
    /// Where the document in a file is to be saved; nothing where there is no place for it.
    SaveTo {
        object: PathBuf,
        to: Option<PathBuf>,
    },
    /// Where a document was saved, or why it was not taken out.
    Saved(Result<PathBuf, Reason>),
}
