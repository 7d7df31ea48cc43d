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
use super::find::Level;
use super::identifier::Identifier;
use super::message::Incoming;
use super::negotiate::Proposal;
use super::receiver::{Announced, Inbox, Kept};
use super::services::{STORAGE, TRANSFER_SYNTAXES};
use super::status;
use super::store::MEDIUM;
use crate::limits;
use crate::pacs::uid::Uid;
use crate::study::wire::StoredObject;

/// What is to be retrieved: a study, a series of it, or an image of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub study: Uid,
    pub series: Option<Uid>,
    pub instance: Option<Uid>,
}

impl Wanted {
    fn level(&self) -> Level {
        match (&self.series, &self.instance) {
            (_, Some(_)) => Level::Image,
            (Some(_), None) => Level::Series,
            (None, None) => Level::Study,
        }
    }

    fn identifier(&self) -> Identifier {
        let identifier = Identifier::default()
            .with_text(tags::QUERY_RETRIEVE_LEVEL, self.level().code())
            .with_uid(tags::STUDY_INSTANCE_UID, &self.study);
        let with = |identifier: Identifier, tag, uid: &Option<Uid>| match uid {
            Some(uid) => identifier.with_uid(tag, uid),
            None => identifier,
        };
        let identifier = with(identifier, tags::SERIES_INSTANCE_UID, &self.series);
        with(identifier, tags::SOP_INSTANCE_UID, &self.instance)
    }

    /// Whether an object is of what was asked for.
    #[must_use]
    pub fn holds(&self, object: &StoredObject) -> bool {
        let is = |wanted: &Option<Uid>, found: &str| wanted.as_ref().is_none_or(|uid| uid.as_str() == found);
        object.study == self.study.as_str()
            && is(&self.series, &object.series)
            && is(&self.instance, &object.sop_instance)
    }
}

/// How far a retrieval is, as the node counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub remaining: u32,
    pub completed: u32,
    pub failed: u32,
    pub warnings: u32,
}

impl Counts {
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
    /// Objects that the node counts as sent or failed, and that nobody heard of here.
    fn say_what_is_missing(&mut self) {
        let Counts { completed, failed, warnings, .. } = self.counts;
        let heard = (self.files.len() + self.refused.len()) as u64;
        let counted = u64::from(completed) + u64::from(failed) + u64::from(warnings);
        if let Some(missing) = counted.checked_sub(heard).filter(|missing| *missing > 0) {
            self.refused.push(format!(
                "{missing} objects did not come: the node counts {completed} as sent, {warnings} with a warning and \
                 {failed} as failed"
            ));
        }
    }
}

/// Retrieves over one association (C-GET) into an inbox; `progress` hears of every object.
///
/// # Errors
/// When the node cannot be reached, does not do this, or answers with a failure.
pub fn get(
    caller: &Caller,
    node: &Node,
    wanted: &Wanted,
    inbox: &Inbox,
    progress: &mut dyn FnMut(Counts),
) -> Result<Retrieved, DimseError> {
    const MESSAGE: u16 = 1;
    const CLASS: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET;
    let mut proposals = vec![Proposal::plain(CLASS)];
    // What is compressed has a context of its own: a node that sends it as it lies chooses that.
    let (plain, compressed) = TRANSFER_SYNTAXES.split_at(4);
    for class in STORAGE {
        for syntaxes in [compressed, plain] {
            let transfer_syntaxes = syntaxes.iter().map(|s| (*s).to_owned()).collect();
            proposals.push(Proposal { abstract_syntax: class.to_owned(), transfer_syntaxes });
        }
    }
    let mut association = caller.associate(node, &proposals, &STORAGE)?;
    let context = association.context_of(CLASS)?.id;
    ask(&mut association, context, Command::request(field::GET, MESSAGE), CLASS, wanted)?;
    let (mut retrieved, mut known) = (Retrieved::default(), HashSet::new());
    let mut bytes = 0_u64;
    loop {
        let Incoming::Command(context, command) = association.next()? else {
            return Err(association.violation("the wish to end in the middle of a retrieval".into()));
        };
        if command.field() == field::STORE {
            bytes += take(&mut association, context, &command, wanted, inbox, (&mut retrieved, &mut known))?;
            if known.len() + retrieved.refused.len() > limits::PACS_OBJECTS || bytes > limits::PACS_RETRIEVED_BYTES {
                return Err(association.too_long("one retrieval", limits::PACS_RETRIEVED_BYTES));
            }
            retrieved.counts.completed = retrieved.files.len() as u32;
            progress(retrieved.counts);
        } else if command.answers(field::GET, MESSAGE) {
            if let Some(mut retrieved) =
                ended(&mut association, context, &command, "the retrieval", &mut retrieved, progress)?
            {
                association.release();
                retrieved.say_what_is_missing();
                return Ok(retrieved);
            }
        } else {
            return Err(association.violation(format!("command {:04X}H in a retrieval", command.field())));
        }
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
    let mut retrieved = Retrieved::default();
    loop {
        let (context, answer) = association.answer(field::MOVE, MESSAGE)?;
        if let Some(retrieved) = ended(&mut association, context, &answer, "the move", &mut retrieved, progress)? {
            association.release();
            return Ok(retrieved.counts);
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

/// Takes in an answer; what was retrieved, once it is the last one.
fn ended(
    association: &mut Association,
    context: u8,
    answer: &Command,
    service: &'static str,
    retrieved: &mut Retrieved,
    progress: &mut dyn FnMut(Counts),
) -> Result<Option<Retrieved>, DimseError> {
    let status = association.status_of(answer)?;
    // The list of those that failed; they are counted in the command.
    if answer.has_data_set() {
        association.small_data(context)?;
    }
    retrieved.counts = Counts::of(answer, retrieved.counts);
    progress(retrieved.counts);
    if status::is_pending(status) {
        return Ok(None);
    }
    // B000H: some failed, which the counts and the reasons say.
    if status::is_done(status) {
        return Ok(Some(std::mem::take(retrieved)));
    }
    let failure = association.failure(service, answer, status);
    association.abort();
    Err(failure)
}

/// Takes an object that comes over our own association; yields its length in bytes.
fn take(
    association: &mut Association,
    context: u8,
    command: &Command,
    wanted: &Wanted,
    inbox: &Inbox,
    (retrieved, known): (&mut Retrieved, &mut HashSet<PathBuf>),
) -> Result<u64, DimseError> {
    const LIMIT: u64 = limits::PACS_OBJECT_BYTES;
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
        if wanted.holds(object) { None } else { Some("it is of a study, series or UID that was not asked for".into()) }
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
