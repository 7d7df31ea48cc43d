//! A line of the journal: an entry with its place in the chain.

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use crate::files::sha256;

/// What stands in the first line where the others have the hash of the line before.
pub(super) const NOTHING_BEFORE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A line as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// From 1.
    pub number: u64,
    /// RFC 3339.
    pub at: String,
    /// SHA-256 of the line before it, lower-case hex.
    pub previous: String,
    /// Version and commit of the program that wrote it.
    pub software: String,
    #[serde(flatten)]
    pub entry: Entry,
}

/// Where the chain ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of lines.
    pub lines: u64,
    /// SHA-256 of the last one; zeros where there is none.
    pub sha256: String,
}

impl Default for Head {
    fn default() -> Self {
        Self { lines: 0, sha256: NOTHING_BEFORE.to_owned() }
    }
}

impl Line {
    /// The line that follows `head`.
    #[must_use]
    pub(super) fn after(head: &Head, entry: Entry) -> Self {
        Self {
            number: head.lines + 1,
            at: chrono::Local::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
            previous: head.sha256.clone(),
            software: format!("Pellucid {} ({})", crate::VERSION, crate::COMMIT),
            entry,
        }
    }

    /// Reads a line without its line break; nothing where it is none.
    #[must_use]
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// The hash of a line without its line break.
#[must_use]
pub(super) fn hash(bytes: &[u8]) -> String {
    sha256(bytes)
}
