//! What came of a file.

use std::path::PathBuf;

use super::row::Row;

/// What came of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing has changed since it was last looked at, when this came of it.
    Unchanged(String),
    /// The content was seen before.
    Known {
        result: i64,
        outcome: String,
    },
    Judged(Row),
    NoImage(String),
    Failed(String),
}

/// Length and time of change (nanoseconds since 1970) of a file.
pub type Stamp = (i64, i64);

/// A file that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    pub path: PathBuf,
    /// `None` where it could not even be looked at; it is looked at again next time then.
    pub stamp: Option<Stamp>,
    /// SHA-256 of the content, lower-case hex.
    pub image: Option<String>,
    pub outcome: Outcome,
    /// The study of an archive that is done with it.
    pub ends: Option<String>,
}

impl Finished {
    /// Something that could not be looked at.
    #[must_use]
    pub fn failed(path: PathBuf, reason: String) -> Self {
        Self { path, stamp: None, image: None, outcome: Outcome::Failed(reason), ends: None }
    }
}
