//! Storage commitment, push model (PS3.4 annex J): a node is asked to answer for what it was sent.
//!
//! The node answers at once that it was asked, and later, over this association or over one of its
//! own to our listener, for which objects it takes responsibility. It is asked for results of ours
//! alone, and never granted to anybody by this program.

use std::time::{Duration, Instant};

use dicom_dictionary_std::{tags, uids};

use super::ae::Node;
use super::association::Association;
use super::command::{Command, element, field};
use super::connect::Caller;
use super::error::DimseError;
use super::identifier::Identifier;
use super::message::Incoming;
use super::negotiate::Proposal;
use super::status;
use crate::pacs::uid::Uid;
use crate::study::wire::WireDataset;

/// All is well (PS3.4 J.3.3.1.1).
const EVENT_SUCCESS: u16 = 1;
/// Some are not.
const EVENT_FAILURES: u16 = 2;
/// Request Storage Commitment (PS3.4 J.3.2).
const ACTION: u16 = 1;
/// Most objects of one request, so that a report on them is one data set that is read.
pub const MOST: usize = 20_000;
/// Failure reason (PS3.3 C.14.1.1).
const PROCESSING_FAILURE: u16 = 0x0110;

/// An object by class and instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    pub sop_class: String,
    pub sop_instance: Uid,
}

/// What a node says it answers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitmentReport {
    pub transaction: Uid,
    /// Title of the node.
    pub node: String,
    pub committed: Vec<Uid>,
    /// Objects that it does not answer for, with the reason (PS3.3 C.14.1.1).
    pub failed: Vec<(Uid, u16)>,
}

impl CommitmentReport {
    /// Of the data set of an event; `None` where that names no transaction or is none of these events.
    pub(super) fn read(event: u16, data: &WireDataset, node: &str) -> Option<Self> {
        if !matches!(event, EVENT_SUCCESS | EVENT_FAILURES) {
            return None;
        }
        let transaction = Uid::of(&data.code(tags::TRANSACTION_UID)).ok()?;
        let instance = |item: &WireDataset| Uid::of(&item.code(tags::REFERENCED_SOP_INSTANCE_UID)).ok();
        let committed = data.items(tags::REFERENCED_SOP_SEQUENCE);
        let failed = data.items(tags::FAILED_SOP_SEQUENCE);
        // Without a reason it has failed all the same: processing failure.
        let reason = |item: &WireDataset| {
            let reason = item.integer(tags::FAILURE_REASON).and_then(|reason| u16::try_from(reason).ok());
            Some((instance(item)?, reason.unwrap_or(PROCESSING_FAILURE)))
        };
        Some(Self {
            transaction,
            node: node.to_owned(),
            committed: committed.iter().take(MOST).filter_map(instance).collect(),
            failed: failed.iter().take(MOST).filter_map(reason).collect(),
        })
    }
}

/// Asks a node to answer for at most [`MOST`] objects, and waits for so long for its report over the
/// same association; yields all reports that came over it, those on earlier requests too. Where the
/// one on this request is not among them it may come to the listener.
///
/// # Errors
/// When the node cannot be reached, or does not do this.
pub fn request(
    caller: &Caller,
    node: &Node,
    transaction: &Uid,
    objects: &[Reference],
    patience: Duration,
) -> Result<Vec<CommitmentReport>, DimseError> {
    const CLASS: &str = uids::STORAGE_COMMITMENT_PUSH_MODEL;
    if objects.len() > MOST {
        return Err(DimseError::Question(format!("commitment is asked for at most {MOST} objects at once")));
    }
    let mut association = caller.associate(node, &[Proposal::plain(CLASS)], &[])?;
    let context = association.context_of(CLASS)?.id;
    let item = |object: &Reference| {
        Uid::of(&object.sop_class).map(|class| {
            Identifier::default()
                .with_uid(tags::REFERENCED_SOP_CLASS_UID, &class)
                .with_uid(tags::REFERENCED_SOP_INSTANCE_UID, &object.sop_instance)
        })
    };
    let items = objects.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    let data = Identifier::default()
        .with_uid(tags::TRANSACTION_UID, transaction)
        .with_items(tags::REFERENCED_SOP_SEQUENCE, &items)
        .to_bytes();
    let request = Command::request(field::ACTION, 1)
        .with_text(element::REQUESTED_CLASS, CLASS)
        .with_text(element::REQUESTED_INSTANCE, uids::STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE)
        .with(element::ACTION_TYPE, ACTION)
        .with_data_set(true);
    association.send_command(context, &request)?;
    association.send_data(context, &mut &data[..], data.len() as u64)?;
    let (_, answer) = association.answer(field::ACTION, 1)?;
    let (status, has_data) = (association.status_of(&answer)?, answer.has_data_set());
    if has_data {
        association.small_data(context)?;
    }
    if !status::is_done(status) {
        let failure = association.failure("the storage commitment", &answer, status);
        association.release();
        return Err(failure);
    }
    let mut reports = Vec::new();
    if await_report(&mut association, transaction, node, patience, &mut reports)? {
        association.release();
    }
    Ok(reports)
}

/// Waits for the report on a transaction. Says whether the association still stands.
fn await_report(
    association: &mut Association,
    transaction: &Uid,
    node: &Node,
    patience: Duration,
    reports: &mut Vec<CommitmentReport>,
) -> Result<bool, DimseError> {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        association.wait(until.saturating_duration_since(Instant::now()).max(Duration::from_millis(50)));
        match association.next() {
            // Waiting broke it off; the report has another way.
            Err(DimseError::Silent { .. } | DimseError::Closed { .. }) | Ok(Incoming::Release) => return Ok(false),
            Err(error) => return Err(error),
            Ok(Incoming::Command(context, command)) => {
                if command.field() != field::EVENT_REPORT || !command.has_data_set() {
                    return Err(association.violation("a message that is no report".into()));
                }
                let data = association.small_data(context)?;
                let event = command.number(element::EVENT_TYPE).unwrap_or(0);
                let report = CommitmentReport::read(event, &data, node.title.as_str());
                let status = if report.is_some() { status::SUCCESS } else { status::CANNOT_UNDERSTAND };
                association
                    .send_command(context, &Command::answer(&command, status).with(element::EVENT_TYPE, event))?;
                let is_mine = report.as_ref().is_some_and(|report| report.transaction == *transaction);
                reports.extend(report);
                if is_mine {
                    return Ok(true);
                }
            }
        }
    }
    Ok(true)
}
