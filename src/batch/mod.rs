//! Scoring archives: any number of images with one model, on any number of machines, in bounded memory,
//! so that it can be stopped at any moment and gone on with.
//!
//! ```text
//! source ──► store: files ──► feed ──► threads: hash, decode, gate ──► one pass for several ──► store
//! folder,    (the list of              (what is known is not                (Scorer)              │
//! list, …     this shard)               computed again)                                            └► parts
//! ```
//!
//! **The truth is the [`store`]**, a SQLite file in the results folder: the list of the images of this
//! shard, and a result for each content (SHA-256 of the file) and each [`judge`](store::Judge) (what the
//! model or models are that were asked). A result that is there is never computed again, so running
//! twice adds nothing; each image is written whole, in a transaction, so that whatever ends the process
//! costs the images in flight. Parquet [`parts`] are made from it and can be made from it again.
//!
//! **Shards need no coordinator**: which one an image belongs to is a hash of its relative path
//! ([`shard`]). [`collect`] joins the shards and says what is missing.
//!
//! What it does not do: it knows nothing of how an image is scored (that is the [`Scorer`], which the
//! command line gives), and makes no maps.

pub mod archive;
pub mod collect;
pub mod feed;
pub mod finished;
pub mod list;
mod merge;
pub mod parts;
pub mod row;
pub mod run;
mod schema;
pub mod shard;
pub mod source;
pub mod store;
pub mod tally;
pub mod tempo;
mod write;

use std::path::{Path, PathBuf};

use self::row::Row;

/// Why an image has no row of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is no image, and was not named as one: no failure.
    NoImage(String),
    /// A sentence.
    Failed(String),
}

/// Scores images; the first step on many threads, the second on one.
pub trait Scorer: Sync {
    /// An image on its way to the network.
    type Ready: Send;

    /// Decodes the image in a file.
    ///
    /// # Errors
    /// Why it cannot be scored.
    fn ready(&self, image: &Path) -> Result<Self::Ready, Unread>;

    /// Bytes that an image on its way holds, about.
    fn bytes(&self, image: &Self::Ready) -> u64;

    /// Scores images, in their order.
    ///
    /// # Errors
    /// Inside: a sentence on why there is no row of an image.
    fn score(&self, images: Vec<Self::Ready>) -> Vec<Result<Row, String>>;
}

/// Why a batch could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    #[error("the results in {path} cannot be {doing}: {source}")]
    Store { path: PathBuf, doing: &'static str, source: rusqlite::Error },
    #[error("another process works on {0}; one at a time")]
    Taken(PathBuf),
    #[error("{0} is no results file of this program; choose another folder")]
    Foreign(PathBuf),
    #[error("{path} holds results of other settings ({theirs}), and these are {ours}; choose another folder")]
    OtherSettings { path: PathBuf, theirs: String, ours: String },
    #[error("{path}: {reason}")]
    Source { path: PathBuf, reason: String },
    #[error("line {line} of {list} {reason}")]
    List { list: String, line: u64, reason: &'static str },
    #[error("{path} could not be written: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{path} could not be made: {source}")]
    Part { path: PathBuf, source: crate::evaluation::result_table::ResultTableError },
    #[error("{0}")]
    Archive(String),
    #[error("a thread could not be started: {0}")]
    Thread(std::io::Error),
    #[error("{0}")]
    Collect(String),
    #[error("it was stopped before its list was whole; the same command begins the list anew")]
    Stopped,
}
