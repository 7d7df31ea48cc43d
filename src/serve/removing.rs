//! Images that are taken out of the inbox (`--remove`) once nothing of them can be lost.
//!
//! An image goes when all of this holds:
//!
//! - results were made of it, and the node took each of them; where it is asked to answer for them, it does;
//! - its file still is what was scored: the same bytes, with the SOP Instance UID of the image;
//! - the node, asked by C-FIND, names an object of this very UID, study and series. The file in the inbox
//!   may be the only one that there is: whoever sent it has heard that it arrived, and may have removed
//!   its own.
//!
//! What does not go stays, the log says why, and it is looked at again later, also by the next process.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dicom_dictionary_std::tags;

use super::board::{Board, Progress};
use super::sending::short;
use crate::files::sha256_of_file;
use crate::limits;
use crate::pacs::dimse::ae::Node;
use crate::pacs::dimse::find::{Asking, Level, Query};
use crate::pacs::dimse::{Caller, DimseError};
use crate::pacs::uid::Uid;
use crate::study::wire::StoredObject;

/// Images that are asked for over one association.
const BATCH: usize = 50;
/// First and longest time until it is asked for an image again that the node does not have.
const PAUSES: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));

/// An image that may go.
#[derive(Debug)]
struct Candidate {
    image: String,
    next: Instant,
    pause: Duration,
}

/// Takes images that are done out of the inbox.
#[derive(Debug)]
pub(super) struct Removing<'a> {
    board: &'a Board,
    inbox: &'a Path,
    node: &'a Node,
    /// The node is asked to answer for results.
    commit: bool,
    candidates: Vec<Candidate>,
}

impl<'a> Removing<'a> {
    pub(super) fn new(board: &'a Board, inbox: &'a Path, node: &'a Node, commit: bool) -> Self {
        Self { board, inbox, node, commit, candidates: Vec::new() }
    }

    /// Looks once; where `all`, also at what is to be looked at later.
    pub(super) fn round(&mut self, caller: &Caller, all: bool) {
        let now = Instant::now();
        let new = self.board.take_finished().into_iter();
        self.candidates.extend(new.map(|image| Candidate { image, next: now, pause: PAUSES.0 }));
        let (mut due, later): (Vec<Candidate>, Vec<Candidate>) =
            std::mem::take(&mut self.candidates).into_iter().partition(|candidate| all || candidate.next <= now);
        self.candidates = later;
        if !all && due.len() > BATCH {
            self.candidates.extend(due.drain(BATCH..));
        }
        let mut asking = None;
        for candidate in due {
            match self.remove(caller, &mut asking, &candidate.image) {
                Ok(Fate::Gone) => {}
                Ok(Fate::Stays(why)) => {
                    log::warn!("image {} stays in the inbox: {why}", short(&candidate.image));
                }
                Ok(Fate::Later(why)) => self.later(candidate, why),
                Err(error) => {
                    self.later(candidate, &format!("the node does not say that it has it: {}", error.for_log()));
                }
            }
        }
        asking.into_iter().for_each(Asking::end);
    }

    fn later(&mut self, candidate: Candidate, why: &str) {
        let Candidate { image, pause, .. } = candidate;
        if pause == PAUSES.0 {
            log::warn!("image {} stays in the inbox for now: {why}", short(&image));
        }
        let next = Instant::now() + pause;
        self.candidates.push(Candidate { image, next, pause: (2 * pause).min(PAUSES.1) });
    }

    fn remove(&self, caller: &Caller, asking: &mut Option<Asking>, image: &str) -> Result<Fate, DimseError> {
        let Some(progress) = self.board.progress(image).filter(|progress| progress.is_done) else {
            // Its results are to be sent once more.
            return Ok(Fate::Gone);
        };
        let Some(path) = self.file(&progress) else { return Ok(Fate::Gone) };
        if progress.results.is_empty() || progress.given_up > 0 {
            return Ok(Fate::Stays("no result of it was sent, or not each of them"));
        }
        if self.commit && progress.committed.len() < progress.results.len() {
            return Ok(Fate::Later("the node does not answer for its results yet"));
        }
        let Some(object) = as_scored(&path, image, &progress) else {
            return Ok(Fate::Stays("the file is not the one that was scored"));
        };
        if asking.is_none() {
            *asking = Some(Asking::of(caller, self.node, Level::Image)?);
        }
        let answered = asking.as_mut().map_or(Ok(false), |asking| has(asking, &object));
        if answered.is_err() {
            *asking = None;
        }
        if !answered? {
            return Ok(Fate::Later("the node has no object of its UID"));
        }
        // It may have been exchanged while the node was asked.
        match as_scored(&path, image, &progress).map(|_| std::fs::remove_file(&path)) {
            Some(Ok(())) => {
                log::info!("image {} is stored at the node, and removed from the inbox", short(image));
                Ok(Fate::Gone)
            }
            Some(Err(_)) => Ok(Fate::Later("its file cannot be removed")),
            None => Ok(Fate::Stays("the file is not the one that was scored")),
        }
    }

    /// Its file, where it is there.
    fn file(&self, progress: &Progress) -> Option<PathBuf> {
        let path = self.inbox.join(&progress.file);
        (!progress.file.is_empty() && path.parent() == Some(self.inbox) && path.is_file()).then_some(path)
    }
}

/// What lies in the file, where that is what was scored.
fn as_scored(path: &Path, image: &str, progress: &Progress) -> Option<StoredObject> {
    let scored = progress.sha256.as_ref()?;
    let now = sha256_of_file(path, limits::FILE_BYTES).ok()?;
    let object = StoredObject::open(path).ok().filter(|_| now == *scored)?;
    (Uid::of(&object.sop_instance).ok()?.as_str() == image).then_some(object)
}

/// What becomes of an image.
enum Fate {
    /// It is there no longer, or not to be removed any more.
    Gone,
    /// It is not removed, and not looked at again by this process.
    Stays(&'static str),
    /// Not yet.
    Later(&'static str),
}

/// Whether the node has an object under its very UID.
fn has(asking: &mut Asking, object: &StoredObject) -> Result<bool, DimseError> {
    let uids = [
        (tags::STUDY_INSTANCE_UID, &object.study),
        (tags::SERIES_INSTANCE_UID, &object.series),
        (tags::SOP_INSTANCE_UID, &object.sop_instance),
    ];
    let mut query = Query::of(Level::Image);
    for (tag, uid) in uids {
        query = query.matching(tag, Uid::of(uid)?.as_str());
    }
    let mut there = false;
    asking.ask(&query, &mut |answer| {
        there |= answer.code(tags::SOP_INSTANCE_UID) == object.sop_instance;
        !there
    })?;
    Ok(there)
}
