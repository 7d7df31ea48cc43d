//! Retrieval (PS3.4 annex C): a node sends what it has, over the association of the request (C-GET),
//! or to a listener of ours over one of its own (C-MOVE).
//!
//! What comes is held against what was asked for: an object of another study, series or UID is
//! refused, and a sentence says so at the end.

use std::collections::HashSet;
use std::path::PathBuf;

use dicom_dictionary_std::{tags, uids};

use super::ae::{AeTitle, Node};
use super::association::Association;
use super::command::{Command, element, field};
use super::connect::Caller;
use super::error::DimseError;
use super::find::{Level, Query, find};
use super::message::Incoming;
use super::negotiate::Proposal;
use super::offers::{Offers, proposals};
use super::receiver::{Announced, Inbox, Kept};
use super::status;
use super::store::MEDIUM;
use super::wanted::Wanted;
use crate::limits;
use crate::pacs::uid::Uid;
use crate::study::wire::StoredObject;

/// How far a retrieval is, as the node counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub remaining: u32,
    pub completed: u32,
    pub failed: u32,
    pub warnings: u32,
}

impl Counts {
    /// Objects that the node has dealt with.
    fn heard_of(self) -> u64 {
        [self.completed, self.failed, self.warnings].into_iter().map(u64::from).sum()
    }

    fn of(answer: &Command, before: Self) -> Self {
        let number = |element, before| answer.number(element).map_or(before, u32::from);
        Self {
            remaining: answer.number(element::REMAINING).map_or(0, u32::from),
            completed: number(element::COMPLETED, before.completed),
            failed: number(element::FAILED, before.failed),
            warnings: number(element::WARNINGS, before.warnings),
        }
    }
}

/// What a retrieval came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retrieved {
    /// Files that lie in the inbox now, or lay there before, in the order in which they came.
    pub files: Vec<PathBuf>,
    /// What came and was not kept, each with its reason.
    pub refused: Vec<String>,
    pub counts: Counts,
}

impl Retrieved {
    /// Objects that came, whatever became of them.
    fn came(&self) -> u64 {
        (self.files.len() + self.refused.len()) as u64
    }

    /// Objects that the node counts as sent or failed, and that nobody heard of here.
    fn say_what_is_missing(&mut self) {
        let Counts { completed, failed, warnings, .. } = self.counts;
        if let Some(missing) = self.counts.heard_of().checked_sub(self.came()).filter(|missing| *missing > 0) {
            self.refused.push(format!(
                "{missing} of {} objects did not come: the node counts {completed} as sent, {warnings} with a warning \
                 and {failed} as failed",
                self.counts.heard_of()
            ));
        }
    }
}

/// Retrieves over one association (C-GET) into an inbox, or over several where not all classes that may
/// come find room in one; `progress` hears of every object.
///
/// # Errors
/// When the node cannot be reached, does not do this, or answers with a failure and sent nothing.
pub fn get(
    caller: &Caller,
    node: &Node,
    wanted: &Wanted,
    inbox: &Inbox,
    progress: &mut dyn FnMut(Counts),
) -> Result<Retrieved, DimseError> {
    let (retrieved, known) = (Retrieved::default(), HashSet::new());
    let mut getting = Getting { caller, node, inbox, retrieved, known, objects: 0, bytes: 0 };
    let offers = Offers::ask(caller, node, wanted)?;
    let is_study = wanted.series.is_none();
    let mut told = SubOperations::default();
    if !is_study || !offers.is_split {
        told = getting.rounds(wanted, &offers, progress)?;
    }
    // Some nodes end at the first object that they cannot send: the other series are asked for by themselves.
    if is_study && (offers.is_split || told.is_wanting) {
        let series = series_of(caller, node, wanted)?;
        let mut each = SubOperations::default();
        for series in &series {
            let wanted = Wanted { series: Some(series.clone()), ..wanted.clone() };
            let offers = Offers::ask(caller, node, &wanted)?;
            each = each.and(getting.rounds(&wanted, &offers, progress)?);
        }
        if !series.is_empty() {
            told = each;
        } else if offers.is_split {
            told = getting.rounds(wanted, &offers, progress)?;
        }
    }
    let mut retrieved = getting.retrieved;
    let files = retrieved.files.len() as u32;
    let failed = told.counted.saturating_sub(u64::from(files)) as u32;
    retrieved.counts = Counts { completed: files, failed, ..Counts::default() };
    retrieved.say_what_is_missing();
    match told.failures.into_iter().next() {
        Some(failure) if retrieved.came() == 0 => return Err(failure),
        Some(failure) => retrieved.refused.push(failure.to_string()),
        None => {}
    }
    Ok(retrieved)
}

/// The series of a study; none where the node does not say them.
fn series_of(caller: &Caller, node: &Node, wanted: &Wanted) -> Result<Vec<Uid>, DimseError> {
    let query = Query::of(Level::Series).matching(tags::STUDY_INSTANCE_UID, wanted.study.as_str());
    let mut series = Vec::new();
    let said = find(caller, node, &query, &mut |answer| {
        series.extend(Uid::of(&answer.code(tags::SERIES_INSTANCE_UID)));
        series.len() < limits::PACS_OBJECTS
    });
    match said {
        Err(error @ DimseError::Cancelled(_)) => Err(error),
        Err(error) => {
            log::info!("which series there are is not said: {}", error.for_log());
            Ok(Vec::new())
        }
        Ok(_) => Ok(series),
    }
}

/// The sub-operations of a retrieval (PS3.4 C.4.3) in one association or several.
#[derive(Debug, Default)]
struct SubOperations {
    /// Objects that it counts.
    counted: u64,
    /// Some of them did not come, or it ended with a failure.
    is_wanting: bool,
    failures: Vec<DimseError>,
}

impl SubOperations {
    /// Of one series and another one.
    fn and(mut self, other: Self) -> Self {
        self.failures.extend(other.failures);
        Self { counted: self.counted + other.counted, is_wanting: self.is_wanting || other.is_wanting, ..self }
    }
}

/// A retrieval over our own associations.
struct Getting<'a> {
    caller: &'a Caller,
    node: &'a Node,
    inbox: &'a Inbox,
    retrieved: Retrieved,
    known: HashSet<PathBuf>,
    /// What came, also again.
    objects: usize,
    bytes: u64,
}

impl Getting<'_> {
    /// One association after the other, until nothing is left for the classes of the next one.
    fn rounds(
        &mut self,
        wanted: &Wanted,
        offers: &Offers,
        progress: &mut dyn FnMut(Counts),
    ) -> Result<SubOperations, DimseError> {
        let (before, mut told, mut failure) = (self.objects, SubOperations::default(), None);
        for classes in &offers.rounds {
            let came = |getting: &Self| (getting.objects - before) as u64;
            match self.round(wanted, classes, progress) {
                Ok((counts, is_whole)) => {
                    failure = None;
                    told.counted = told.counted.max(counts.heard_of());
                    told.is_wanting = came(self) < told.counted || told.counted == 0 && !is_whole;
                    if !told.is_wanting {
                        break;
                    }
                }
                // It could send nothing in these classes, and may in others.
                Err(error @ DimseError::Status { .. }) => {
                    (failure, told.is_wanting) = (Some(error), true);
                }
                Err(error) => return Err(error),
            }
        }
        told.failures.extend(failure);
        Ok(told)
    }

    /// One association, for objects of these classes; yields what the node counts in it, and whether it
    /// says that nothing failed.
    fn round(
        &mut self,
        wanted: &Wanted,
        classes: &[&str],
        progress: &mut dyn FnMut(Counts),
    ) -> Result<(Counts, bool), DimseError> {
        const MESSAGE: u16 = 1;
        const CLASS: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET;
        let mut association = self.caller.associate(self.node, &proposals(CLASS, classes), classes)?;
        let context = association.context_of(CLASS)?.id;
        ask(&mut association, context, Command::request(field::GET, MESSAGE), CLASS, wanted)?;
        let mut counts = Counts::default();
        loop {
            let Incoming::Command(context, command) = association.next()? else {
                return Err(association.violation("the wish to end in the middle of a retrieval".into()));
            };
            if command.field() == field::STORE {
                self.bytes += self.take(&mut association, context, &command, wanted)?;
                self.objects += 1;
                if self.objects > limits::PACS_OBJECTS {
                    return Err(association.too_many("objects in one retrieval", limits::PACS_OBJECTS));
                }
                if self.bytes > limits::PACS_RETRIEVED_BYTES {
                    return Err(association.too_long("one retrieval", limits::PACS_RETRIEVED_BYTES));
                }
            } else if command.answers(field::GET, MESSAGE) {
                if let Some(status) = ended(&mut association, context, &command, "the retrieval", &mut counts)? {
                    association.release();
                    return Ok((counts, status == status::SUCCESS));
                }
            } else {
                return Err(association.violation(format!("command {:04X}H in a retrieval", command.field())));
            }
            progress(Counts { completed: self.retrieved.files.len() as u32, ..counts });
        }
    }

    /// Takes an object that comes over our own association; yields its length in bytes.
    fn take(
        &mut self,
        association: &mut Association,
        context: u8,
        command: &Command,
        wanted: &Wanted,
    ) -> Result<u64, DimseError> {
        const LIMIT: u64 = limits::PACS_OBJECT_BYTES;
        let Self { inbox, retrieved, known, .. } = self;
        let agreed = association.context(context)?;
        let class = command.text(element::AFFECTED_CLASS);
        let instance = command.uid(element::AFFECTED_INSTANCE);
        let Some(instance) = instance.filter(|_| class == agreed.abstract_syntax && command.has_data_set()) else {
            return Err(association.violation("an object whose class or UID is not as agreed".into()));
        };
        let sender = association.peer.split('@').next().unwrap_or_default().to_owned();
        let announced = Announced {
            sop_class: &class,
            sop_instance: &instance,
            transfer_syntax: &agreed.transfer_syntax,
            sender: &sender,
        };
        let is_wanted = |object: &StoredObject| {
            if wanted.holds(object) {
                None
            } else {
                Some("it is of a study, series or UID that was not asked for".into())
            }
        };
        let mut length = 0;
        let kept = inbox.take_if(&announced, &is_wanted, &mut |take| {
            length = association.data(context, LIMIT, "one object", take)?;
            Ok(length)
        })?;
        let status = match kept {
            Kept::New(path) | Kept::Again(path) => {
                // A node may send an object twice.
                if known.insert(path.clone()) {
                    retrieved.files.push(path);
                }
                status::SUCCESS
            }
            Kept::Other(_) => {
                retrieved
                    .refused
                    .push(format!("{instance}: an object with this UID and another content lies there already"));
                status::DUPLICATE_INSTANCE
            }
            Kept::Unlike(why) => {
                retrieved.refused.push(format!("{instance}: {why}"));
                status::DOES_NOT_MATCH
            }
        };
        association.send_command(context, &Command::answer(command, status))?;
        Ok(length)
    }
}

/// Has a node send to the listener of this title (C-MOVE), which must be known there; yields what
/// the node counted. What arrived is for the listener to say.
///
/// # Errors
/// As [`get`].
pub fn order_move(
    caller: &Caller,
    node: &Node,
    wanted: &Wanted,
    destination: &AeTitle,
    progress: &mut dyn FnMut(Counts),
) -> Result<Counts, DimseError> {
    const MESSAGE: u16 = 1;
    const CLASS: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE;
    let mut association = caller.associate(node, &[Proposal::plain(CLASS)], &[])?;
    let context = association.context_of(CLASS)?.id;
    let request = Command::request(field::MOVE, MESSAGE).with_text(element::MOVE_DESTINATION, destination.as_str());
    ask(&mut association, context, request, CLASS, wanted)?;
    let mut counts = Counts::default();
    loop {
        let (context, answer) = association.answer(field::MOVE, MESSAGE)?;
        let last = ended(&mut association, context, &answer, "the move", &mut counts)?;
        progress(counts);
        if last.is_some() {
            association.release();
            return Ok(counts);
        }
    }
}

fn ask(
    association: &mut Association,
    context: u8,
    request: Command,
    class: &str,
    wanted: &Wanted,
) -> Result<(), DimseError> {
    let request = request.with_text(element::AFFECTED_CLASS, class).with(element::PRIORITY, MEDIUM).with_data_set(true);
    let data = wanted.identifier().to_bytes();
    association.send_command(context, &request)?;
    association.send_data(context, &mut &data[..], data.len() as u64)
}

/// Takes in an answer; its status where it is the last one.
fn ended(
    association: &mut Association,
    context: u8,
    answer: &Command,
    service: &'static str,
    counts: &mut Counts,
) -> Result<Option<u16>, DimseError> {
    let status = association.status_of(answer)?;
    // The list of those that failed; they are counted in the command.
    if answer.has_data_set() {
        association.small_data(context)?;
    }
    *counts = Counts::of(answer, *counts);
    if status::is_pending(status) {
        return Ok(None);
    }
    // B000H: some failed, which the counts and the reasons say.
    if status::is_done(status) {
        return Ok(Some(status));
    }
    let failure = association.failure(service, answer, status);
    association.abort();
    Err(failure)
}
