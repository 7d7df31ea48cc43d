//! What must happen outside the state for measurements, and what comes back from there.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::state::Reason;
use crate::app::state::impression::ImageKey;
use crate::measurement::Measurement;
use crate::measurement::identity::ImageIdentity;
use crate::study::Frame;

/// What must happen outside the state.
#[derive(Clone, Debug)]
pub enum MeasuringEffect {
    /// Hashes the pixels of an image and looks for its measurements.
    Find {
        image: ImageKey,
        frame: Arc<Frame>,
    },
    /// The same of an image beside the one on screen: every one that is asked for is looked for.
    FindBeside {
        image: ImageKey,
        frame: Arc<Frame>,
    },
    /// Keeps the measurements of an image.
    Keep {
        identity: ImageIdentity,
        size: [usize; 2],
        list: Vec<Measurement>,
    },
    /// Keeps whether an image is a key image.
    Mark {
        identity: ImageIdentity,
        size: [usize; 2],
        key_image: bool,
    },
    AskWhereToExport,
    AskWhatToImport,
    Export {
        path: PathBuf,
        identity: ImageIdentity,
        frame: Arc<Frame>,
        list: Vec<Measurement>,
        anonymized: bool,
    },
    Import {
        path: PathBuf,
        identity: ImageIdentity,
        size: [usize; 2],
    },
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum MeasuringMessage {
    Found {
        image: ImageKey,
        identity: ImageIdentity,
        result: Result<Vec<Measurement>, Reason>,
    },
    /// Whether the file of an image says that it is a key image; comes before what was measured.
    Marked {
        image: ImageKey,
        identity: ImageIdentity,
        key_image: bool,
    },
    /// Images that were marked as key images in earlier sessions.
    MarkedBefore(Vec<ImageIdentity>),
    NotKept(Reason),
    /// `None` where no dialog could be shown.
    ExportTo(Option<PathBuf>),
    ImportFrom(Option<PathBuf>),
    Exported(Result<PathBuf, Reason>),
    Imported {
        identity: ImageIdentity,
        result: Result<Vec<Measurement>, Reason>,
    },
}
