//! The worklist: the archives that are known, what is looked for in one of them, what was found, and
//! what is on its way from there or to there. A transfer goes on when the window is closed.

pub mod archives;
pub mod form;
pub mod sorting;
pub mod transfer;

use std::collections::HashMap;
use std::sync::Arc;

use super::{Reason, State};
use crate::engine::lungs::LungSearch;
use crate::language::text;
use crate::pacs::archive::{ArchivedStudy, FoundSeries};
use crate::pacs::peers::Peer;
use crate::pacs::peers::file::Peers;
use crate::pacs::peers::secret::Secret;
use archives::ArchivesDialog;
use form::QueryForm;
use sorting::Sorting;
use transfer::Transfer;

/// A model's highest score of a finding in a study that was analysed here.
#[derive(Clone, Debug, PartialEq)]
pub struct HighestScore {
    /// Name of the class.
    pub label: String,
    pub probability: f32,
}

/// What a query found.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// The archive that was asked.
    pub peer: String,
    pub studies: Vec<ArchivedStudy>,
    /// There are more than were taken.
    pub more: bool,
    /// Answers that could not be read.
    pub unreadable: usize,
    /// Why body parts, which stand with the series, are not known of all of them.
    pub without_parts: Option<Reason>,
    /// Places of `studies` in the order in which they are shown.
    pub(in crate::app) order: Vec<usize>,
}

/// Series of the chosen study: nothing while they are asked for.
pub type SeriesListed = Option<Result<Arc<FoundSeries>, Reason>>;

/// A password or token that somebody types, because none is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretForm {
    pub peer: String,
    /// Why it is asked for.
    pub why: String,
    /// It is a token, and no password.
    pub token: bool,
    pub typed: Typed,
    /// Keep it in the keyring of the system.
    pub keep: bool,
}

/// What is typed; not printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Typed(pub String);

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typed(…)")
    }
}

/// What is done once the secret is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pending {
    Query,
    /// A study, or one series of it.
    Fetch(String, Option<String>),
    Send,
}

/// All that the viewer knows of archives.
#[derive(Clone, Debug, Default)]
pub struct Worklist {
    /// The window is open.
    pub open: bool,
    /// The archives, once they were read; or why they cannot be.
    pub peers: Option<Result<Arc<Peers>, Reason>>,
    /// Name of the chosen one.
    pub peer: Option<String>,
    pub form: QueryForm,
    /// The number of the query that runs; answers to others are dropped.
    pub(in crate::app) asking: Option<u64>,
    pub(in crate::app) asked: u64,
    pub listed: Option<Listed>,
    /// Why the last query, transfer or removal failed.
    pub refusal: Option<String>,
    pub sorting: Sorting,
    /// UID of the chosen study.
    pub chosen: Option<String>,
    pub series: SeriesListed,
    pub transfer: Option<Transfer>,
    pub secret: Option<SecretForm>,
    /// The dialog of archives, while it is open.
    pub archives: Option<ArchivesDialog>,
    pub(in crate::app) pending: Option<Pending>,
    /// Secrets that were typed in this session, by the name of their archive.
    pub(in crate::app) secrets: HashMap<String, Secret>,
    /// Highest scores of studies that were analysed in this session, by Study Instance UID.
    pub scores: HashMap<String, HighestScore>,
}

impl Worklist {
    /// The archives, none before they were read.
    #[must_use]
    pub fn all_peers(&self) -> &[Peer] {
        match &self.peers {
            Some(Ok(peers)) => peers.all(),
            _ => &[],
        }
    }

    /// The chosen archive.
    #[must_use]
    pub fn chosen_peer(&self) -> Option<&Peer> {
        let name = self.peer.as_deref()?;
        self.all_peers().iter().find(|peer| peer.name == name)
    }

    /// A query runs.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.asking.is_some()
    }

    /// Number of studies that are shown.
    #[must_use]
    pub fn count(&self) -> usize {
        self.listed.as_ref().map_or(0, |listed| listed.order.len())
    }

    /// The study in this row.
    #[must_use]
    pub fn at(&self, row: usize) -> Option<&ArchivedStudy> {
        let listed = self.listed.as_ref()?;
        listed.studies.get(*listed.order.get(row)?)
    }

    /// The chosen study.
    #[must_use]
    pub fn study(&self) -> Option<&ArchivedStudy> {
        let chosen = self.chosen.as_deref()?;
        self.listed.as_ref()?.studies.iter().find(|study| study.study_uid == chosen)
    }

    /// Takes in that studies, scores or what they are sorted by have changed.
    pub(in crate::app) fn sort(&mut self) {
        let Some(listed) = &mut self.listed else { return };
        listed.order = self.sorting.order(&listed.studies, &self.scores);
    }
}

impl State {
    /// Why the results of the image on screen cannot be sent to the chosen archive; nothing where they can.
    #[must_use]
    pub fn why_not_sent(&self) -> Option<&'static str> {
        Some(match () {
            () if self.preferences.anonymize => text!("Anonymised results belong to no study of the archive"),
            () if self.result_hidden() => {
                text!("The model's result is hidden until you have written your impression")
            }
            () if self.worklist.transfer.is_some() => text!("A transfer goes on"),
            () if self.results.finished.is_none() => text!("No analysis is finished"),
            () if matches!(self.lungs, LungSearch::Awaited) => text!("The lungs are still being looked for"),
            () if self.worklist.chosen_peer().is_none() => text!("No archive is chosen"),
            () => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_not_printed() {
        let form = SecretForm {
            peer: "a".into(),
            why: String::new(),
            token: false,
            typed: Typed("hunter2".into()),
            keep: false,
        };
        assert!(!format!("{form:?}").contains("hunter2"));
    }
}
