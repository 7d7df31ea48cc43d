//! The chain of hashes over the readings of a reader: each line holds the SHA-256 of the line before it,
//! the first one that of the headings, as in the audit journal. A reading that was changed, removed or
//! inserted breaks it.
//!
//! What it does not show: that the last reading was changed, lines were cut off at the end, or all of it was
//! made anew. The hash of the last line shows that, where it is noted elsewhere.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::files::sha256;

/// Name of the column that has the hash of the line before.
pub(super) const COLUMN: &str = "previous";

/// What the lines of a reader say of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The table has the column; those that were begun by version 0.6 and earlier have not.
    is_kept: bool,
    /// SHA-256 of the last line.
    last: String,
    /// The first line, counted from 1, that does not belong behind the one before it.
    broken_at: Option<u64>,
}

/// The chains of a study: by reader of the plan.
pub type Chains = BTreeMap<usize, Chain>;

/// The chain of one reader, as it is reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReaderChain {
    /// Code of the reader.
    pub reader: String,
    /// The table has one.
    pub is_kept: bool,
    /// SHA-256 of the last line of the table.
    pub last: String,
    /// The first line, counted from 1, that does not belong behind the one before it.
    pub broken_at: Option<u64>,
}

impl Chain {
    /// Begins with the line of the headings.
    pub(super) fn begin(headings: &[u8], is_kept: bool) -> Self {
        Self { is_kept, last: sha256(headings), broken_at: None }
    }

    /// What the next line holds of the one before it; nothing where the table has no chain.
    pub(super) fn link(&self) -> Option<&str> {
        self.is_kept.then_some(self.last.as_str())
    }

    /// Goes on to a line (without its end) that says `previous` of the one before it.
    pub(super) fn follow(&mut self, number: u64, row: &[u8], previous: Option<&str>) {
        if self.is_kept && self.broken_at.is_none() && previous != Some(self.last.as_str()) {
            self.broken_at = Some(number);
        }
        self.last = sha256(row);
    }

    /// As it is reported of the reader with this code.
    #[must_use]
    pub fn of(&self, reader: &str) -> ReaderChain {
        let Self { is_kept, last, broken_at } = self.clone();
        ReaderChain { reader: reader.to_owned(), is_kept, last, broken_at }
    }
}

/// What is to be said of the chains.
#[must_use]
pub(super) fn sentences(chains: &[ReaderChain]) -> Vec<String> {
    let mut said: Vec<String> = (chains.iter())
        .filter_map(|chain| {
            let number = chain.broken_at?;
            Some(format!(
                "Readings of {} were changed after they were made: line {number} of the table does not belong behind \
                 the line before it.",
                chain.reader
            ))
        })
        .collect();
    let without: Vec<&str> = chains.iter().filter(|chain| !chain.is_kept).map(|chain| chain.reader.as_str()).collect();
    if !without.is_empty() {
        said.push(format!(
            "Whether readings of {} were changed after they were made cannot be told: their tables were begun \
             without a chain of hashes.",
            without.join(", ")
        ));
    }
    let kept: Vec<&ReaderChain> = chains.iter().filter(|chain| chain.is_kept).collect();
    if !kept.is_empty() && kept.iter().all(|chain| chain.broken_at.is_none()) {
        let lasts: Vec<String> = kept.iter().map(|chain| format!("{} {}", chain.reader, chain.last)).collect();
        said.push(format!(
            "Each reading holds the hash of the one before it, and none was changed behind another one. Noted \
             elsewhere, the hashes of the last ones show every later change: {}.",
            lasts.join(", ")
        ));
    }
    said
}
