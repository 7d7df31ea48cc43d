//! Results on their way to a peer: each is sent until the peer says that it has it.

use std::collections::HashMap;
use std::time::Duration;

use rand::RngCore as _;

use super::ServeError;
use super::board::{Board, Progress};
use super::entry::{MadeResult, Step};
use super::outbox::Outbox;
use crate::pacs::dimse::ae::Node;
use crate::pacs::dimse::commitment::{CommitmentReport, Reference, request};
use crate::pacs::dimse::store::{Stored, store};
use crate::pacs::dimse::{Caller, DimseError};
use crate::pacs::uid::Uid;

/// Images whose results go over one association.
const BATCH: usize = 50;
/// How often a result is offered that the peer refuses for reasons of its own.
const TRIES: u32 = 5;
/// How long the report on a commitment is waited for on the same association.
const REPORT: Duration = Duration::from_secs(3);
/// First and longest pause after a failure.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_mins(1));

/// Sends what is in the outbox.
pub(super) struct Sending<'a> {
    pub board: &'a Board,
    pub outbox: &'a Outbox,
    pub caller: Caller,
    pub node: Node,
    /// Whether the peer is asked to answer for the results.
    pub commit: bool,
    /// Hears of every result that the peer took.
    pub sent: &'a (dyn Fn(&MadeResult) + Sync),
    tries: HashMap<String, u32>,
    pause: Duration,
}

/// How a round went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// There was nothing to do.
    Idle,
    Went,
    /// It failed; nothing is to be tried for so long.
    Failed(Duration),
}

impl<'a> Sending<'a> {
    pub(super) fn new(board: &'a Board, outbox: &'a Outbox, caller: Caller, node: Node, commit: bool) -> Self {
        Self { board, outbox, caller, node, commit, sent: &|_| {}, tries: HashMap::new(), pause: PAUSES.0 }
    }

    /// Sends what there is to send, once.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub(super) fn round(&mut self) -> Result<Round, ServeError> {
        let images = self.board.to_send(BATCH);
        if images.is_empty() {
            return Ok(Round::Idle);
        }
        let (mut objects, mut owners) = (Vec::new(), Vec::new());
        for (image, progress) in &images {
            for result in progress.results.iter().filter(|r| progress.unsent.contains(&r.sop_instance)) {
                match self.outbox.open(image, result) {
                    Ok(object) => {
                        objects.push(object);
                        owners.push((image.clone(), result.clone()));
                    }
                    Err(why) => self.lost(image, progress, &result.sop_instance, &why)?,
                }
            }
        }
        let (board, told, tries, peer) = (self.board, self.sent, &mut self.tries, self.node.to_string());
        let (mut unwritten, mut refused, mut went) = (None, false, false);
        let mut done = |i: usize, result: Result<Stored, DimseError>| {
            let (image, made): &(String, MadeResult) = &owners[i];
            let uid = &made.sop_instance;
            let step = match result {
                Ok(_) => {
                    went = true;
                    Step::Sent { result: uid.clone(), peer: peer.clone() }
                }
                Err(error) => {
                    refused = true;
                    let tried = tries.entry(uid.clone()).or_default();
                    *tried += 1;
                    log::warn!("a result of image {} was not taken (try {tried}): {}", short(image), error.for_log());
                    if is_busy(&error) || *tried < TRIES {
                        return;
                    }
                    log::error!("a result of image {} is given up: {}", short(image), error.for_log());
                    Step::GivenUp { result: uid.clone(), because: error.for_log() }
                }
            };
            tries.remove(uid);
            if matches!(step, Step::Sent { .. }) {
                told(made);
            }
            if unwritten.is_none() {
                unwritten = board.note(image, step).err();
            }
        };
        let ended = if objects.is_empty() { Ok(()) } else { store(&self.caller, &self.node, &objects, &mut done) };
        if let Some(error) = unwritten {
            return Err(error);
        }
        for (image, _) in &images {
            self.finish(image)?;
        }
        // A peer that takes some is there: only one that takes nothing is waited for longer and longer.
        if went {
            self.pause = PAUSES.0;
        }
        match ended {
            Ok(()) if !refused => Ok(Round::Went),
            Ok(()) => Ok(self.failed()),
            Err(error) => {
                log::warn!("results were not sent, and will be: {}", error.for_log());
                Ok(self.failed())
            }
        }
    }

    /// Removes results that are not needed any more.
    pub(super) fn clear(&self) {
        self.board.take_settled().iter().for_each(|image| self.outbox.empty(image));
    }

    fn failed(&mut self) -> Round {
        let pause = self.pause;
        self.pause = (2 * pause).min(PAUSES.1);
        Round::Failed(pause)
    }

    /// A result that is not in the outbox any more: made again where nothing of the image went out,
    /// given up else, for made again it would be another object.
    fn lost(&self, image: &str, progress: &Progress, result: &str, why: &str) -> Result<(), ServeError> {
        log::error!("a result of image {} is gone from the outbox: {why}", short(image));
        if progress.unsent.len() == progress.results.len() {
            return self.board.note(image, Step::Again);
        }
        let because = "it was gone from the outbox before it was sent".to_owned();
        self.board.note(image, Step::GivenUp { result: result.to_owned(), because })
    }

    /// What is left to do for an image whose results are all out.
    fn finish(&mut self, image: &str) -> Result<(), ServeError> {
        let Some(progress) = self.board.progress(image).filter(|p| p.is_made && p.unsent.is_empty() && !p.is_done)
        else {
            return Ok(());
        };
        if self.commit && progress.transactions.is_empty() && progress.given_up < progress.results.len() {
            self.ask(image, &progress)?;
        }
        self.board.note(image, Step::Done)?;
        log::info!("image {} is done", short(image));
        Ok(())
    }

    /// Asks the peer to answer for the results of an image.
    fn ask(&self, image: &str, progress: &Progress) -> Result<(), ServeError> {
        let transaction = new_uid();
        let Ok(uid) = Uid::of(&transaction) else { return Ok(()) };
        self.board.note(image, Step::Asked { transaction })?;
        let reference = |r: &MadeResult| {
            let sop_instance = Uid::of(&r.sop_instance).ok()?;
            Some(Reference { sop_class: r.sop_class.clone(), sop_instance })
        };
        let references: Vec<Reference> = progress.results.iter().filter_map(reference).collect();
        match request(&self.caller, &self.node, &uid, &references, REPORT) {
            Ok(reports) => reports.iter().try_for_each(|report| reported(self.board, report)),
            Err(error) => {
                log::warn!(
                    "the results of image {} were sent, and nobody answers for them: {}",
                    short(image),
                    error.for_log()
                );
                Ok(())
            }
        }
    }
}

/// Takes in what a peer says it answers for.
pub(super) fn reported(board: &Board, report: &CommitmentReport) -> Result<(), ServeError> {
    let Some(image) = board.of_transaction(report.transaction.as_str()) else {
        log::warn!("{} reports on a commitment that was not asked for", report.node);
        return Ok(());
    };
    let results = |uids: Vec<&Uid>| uids.into_iter().map(|uid| uid.as_str().to_owned()).collect::<Vec<_>>();
    let failed = results(report.failed.iter().map(|(uid, _)| uid).collect());
    if !failed.is_empty() {
        log::warn!("{} does not answer for {} results of image {}", report.node, failed.len(), short(&image));
        board.note(&image, Step::Uncommitted { results: failed })?;
    }
    let committed = results(report.committed.iter().collect());
    if committed.is_empty() { Ok(()) } else { board.note(&image, Step::Committed { results: committed }) }
}

/// Whether the peer may take it another time: it has too much to do, or broke off.
fn is_busy(error: &DimseError) -> bool {
    matches!(
        error,
        DimseError::Status { status: 0xA700..=0xA7FF | 0x0213, .. }
            | DimseError::Aborted { .. }
            | DimseError::Closed { .. }
    )
}

/// An image in the log.
pub(super) fn short(image: &str) -> String {
    crate::files::sha256(image.as_bytes())[..12].to_owned()
}

/// A UID that nobody else has (PS3.5 B.2).
fn new_uid() -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    let number = u128::from_be_bytes(bytes) & !(0xF << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    format!("2.25.{number}")
}
