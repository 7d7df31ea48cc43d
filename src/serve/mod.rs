//! Watching an inbox: what arrives is scored, the results are made and sent, and each step is written
//! down before the next one begins.
//!
//! ```text
//! receiver ─┐                    Scorer              outbox            pacs::dimse::store
//! folder  ──┴► received ────────► made ─────────────► sent ──────────► committed
//!              └──────────────── journal (fsync), read again after any end ───────────────┘
//! ```
//!
//! **Nothing lost.** A sender hears of success after its object is on the disk and in the journal; an
//! image is done when a peer has said that it took each result. A process that is killed at any moment
//! begins again where the journal ends: what was not made is made, what was not sent is sent.
//!
//! **Nothing sent twice.** Results lie in the outbox, whole, before the journal says that they are
//! made, and are the same bytes with the same UIDs however often they go out; an answer that was lost
//! on its way therefore leads to the same object once more, never to a second one. One image is
//! one SOP instance, however many files or senders bring it.
//!
//! **Back-pressure.** While too many images wait, senders are held and then told to come later.
//!
//! The log holds no patient data: images are named by the beginning of the SHA-256 of their UID. The
//! journal holds UIDs and file names and is its owner's alone.
//!
//! What it does not do: it judges no study as a whole, prints nothing for readers, and knows nothing
//! of models: how an image is scored is for the [`Scorer`] to say, which the command line gives.

pub mod board;
pub mod drift;
mod drifting;
pub mod entry;
pub mod journal;
mod outbox;
mod removing;
mod sending;
pub mod service;
mod watching;

use std::path::Path;

use self::drift::Observation;
use self::entry::MadeResult;
use crate::model::calibration::Calibration;
use crate::pacs::dimse::receiver::SocketAddr;

/// A result to be sent: a DICOM file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultFile {
    pub sop_class: String,
    pub sop_instance: String,
    /// A whole file of PS3.10.
    pub bytes: Vec<u8>,
}

/// What came of an image.
#[derive(Clone, Debug, Default)]
pub struct Scored {
    /// None where nothing can be said of the image that could be sent.
    pub results: Vec<ResultFile>,
    /// What a model made of it; `None` where no model fits.
    pub observation: Option<Observation>,
    /// Why there is nothing to send, where there is nothing; no patient data.
    pub because: String,
}

/// Makes results of an image.
pub trait Scorer {
    /// Scores the image in a file.
    ///
    /// # Errors
    /// A sentence without patient data; the image counts as refused then.
    fn score(&mut self, image: &Path) -> Result<Scored, String>;

    /// The results of the image lie in the outbox and will be sent.
    fn made(&mut self, image: &Path) {
        let _ = image;
    }
}

/// What the service asks and tells whoever runs it.
pub struct Hooks<'a> {
    /// What is known of a model, by its name.
    pub calibration: &'a dyn Fn(&str) -> Option<Calibration>,
    /// It is ready, and listens there.
    pub ready: &'a dyn Fn(Option<SocketAddr>),
    /// The peer took a result.
    pub sent: &'a (dyn Fn(&MadeResult) + Sync),
}

/// Why a service could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the journal {path} cannot be {doing}: {source}")]
    Journal { path: std::path::PathBuf, doing: &'static str, source: std::io::Error },
    #[error(
        "line {line} of the journal {path} is damaged, and what follows cannot be trusted. Move the file away to begin anew; images whose results were sent are then scored and sent once more, under the same UIDs where model and program are the same"
    )]
    Damaged { path: std::path::PathBuf, line: usize },
    #[error("another process works on {0}; one at a time")]
    Taken(std::path::PathBuf),
    #[error("{what} could not be written: {source}")]
    Write { what: &'static str, source: std::io::Error },
    #[error(transparent)]
    Dimse(#[from] crate::pacs::dimse::DimseError),
}
