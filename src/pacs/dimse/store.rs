//! Storage at other nodes (PS3.4 annex B): objects are sent as they lie in their files.
//!
//! An object goes in the transfer syntax of its file. Where the node does not take that and the
//! pixels are not compressed, its data set is written anew in one of little endian that the node
//! takes; what is compressed is never decompressed on the way.

use std::io::Read;

use super::ae::Node;
use super::association::{Association, Context};
use super::command::{Command, element, field};
use super::connect::Caller;
use super::error::DimseError;
use super::negotiate::{MOST_CONTEXTS, Proposal};
use super::{services, status};
use crate::pacs::uid::Uid;
use crate::study::transfer_syntax_name;
use crate::study::wire::StoredObject;

/// Medium priority (PS3.7 table 9.3-1).
pub(super) const MEDIUM: u16 = 0;

/// How an object was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// 0000H, or that of a warning.
    pub status: u16,
    /// The transfer syntax that it went in.
    pub transfer_syntax: String,
}

impl Stored {
    /// What the node said beside yes.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        (self.status != status::SUCCESS).then(|| format!("{} ({:04X}H)", status::meaning(self.status), self.status))
    }
}

/// Objects in a row at which a node may break off before it is given up.
const BREAKS: usize = 3;

/// Sends objects one after the other; `done` hears of each, by its place in the list. Where a node breaks
/// off at one, as some do at an object that is cut off, that is what becomes of it, and the next one goes
/// over another association.
///
/// # Errors
/// When no association comes about, the node keeps silent, or it breaks off at [`BREAKS`] objects in a
/// row: of objects that `done` did not hear of, it is not known whether they arrived.
pub fn store(
    caller: &Caller,
    node: &Node,
    objects: &[StoredObject],
    done: &mut dyn FnMut(usize, Result<Stored, DimseError>),
) -> Result<(), DimseError> {
    let (mut from, mut breaks) = (0, 0);
    'associations: while from < objects.len() {
        let (count, proposals) = proposals(&objects[from..]);
        if proposals.is_empty() {
            for i in from..from + count {
                done(i, Err(DimseError::Nameless("SOP Class UID")));
            }
            from += count;
            continue;
        }
        let mut association = match caller.associate(node, &proposals, &[]) {
            // None of their classes: what holds for one association may not hold for the next.
            Err(DimseError::NothingAccepted { node, .. }) => {
                for (i, object) in objects.iter().enumerate().skip(from).take(count) {
                    done(i, Err(not_accepted(&node, object)));
                }
                from += count;
                continue;
            }
            other => other?,
        };
        for (i, object) in objects.iter().enumerate().skip(from).take(count) {
            let message = u16::try_from((i - from) % 0xFFFF + 1).unwrap_or(1);
            match send(&mut association, object, message) {
                Err(error @ (DimseError::Aborted { .. } | DimseError::Closed { .. })) if breaks < BREAKS => {
                    (breaks, from) = (breaks + 1, i + 1);
                    done(i, Err(error));
                    continue 'associations;
                }
                Err(error) if ends_association(&error) => return Err(error),
                result => {
                    breaks = 0;
                    done(i, result);
                }
            }
        }
        association.release();
        from += count;
    }
    Ok(())
}

/// Whether nothing more can be sent over the association.
fn ends_association(error: &DimseError) -> bool {
    !matches!(
        error,
        DimseError::Status { .. }
            | DimseError::NotAccepted { .. }
            | DimseError::Nameless(_)
            | DimseError::Uid(_)
            | DimseError::Object(_)
    )
}

fn not_accepted(node: &str, object: &StoredObject) -> DimseError {
    let (class, syntax) = (services::class_name(&object.sop_class), transfer_syntax_name(&object.transfer_syntax));
    DimseError::NotAccepted { node: node.to_owned(), what: format!("{class} in {syntax}") }
}

/// Contexts for as many objects from the first on as one association has room for.
fn proposals(objects: &[StoredObject]) -> (usize, Vec<Proposal>) {
    let mut proposals: Vec<Proposal> = Vec::new();
    for (i, object) in objects.iter().enumerate() {
        // Nothing is proposed for what cannot be sent.
        if object.sop_class.is_empty() {
            continue;
        }
        let syntaxes = object.syntaxes();
        // One context for its own, and one for the others: the node chooses one in each.
        let (own, others) = syntaxes.split_at(1);
        let wanted = [own, others].into_iter().filter(|s| !s.is_empty()).map(|syntaxes| Proposal {
            abstract_syntax: object.sop_class.clone(),
            transfer_syntaxes: syntaxes.to_vec(),
        });
        let new: Vec<Proposal> = wanted.filter(|wanted| !proposals.contains(wanted)).collect();
        if proposals.len() + new.len() > MOST_CONTEXTS {
            return (i, proposals);
        }
        proposals.extend(new);
    }
    (objects.len(), proposals)
}

/// Sends one object over an association that stands.
pub(super) fn send(association: &mut Association, object: &StoredObject, message: u16) -> Result<Stored, DimseError> {
    if object.sop_class.is_empty() {
        return Err(DimseError::Nameless("SOP Class UID"));
    }
    let instance = Uid::of(&object.sop_instance)?;
    let Some(context) = context_for(&association.contexts, object) else {
        return Err(not_accepted(&association.peer, object));
    };
    let (mut data, length): (Box<dyn Read>, u64) = if context.transfer_syntax == object.transfer_syntax {
        (Box::new(object.data_set()?), object.length)
    } else {
        let bytes = object.data_set_in(&context.transfer_syntax)?;
        let length = bytes.len() as u64;
        (Box::new(std::io::Cursor::new(bytes)), length)
    };
    let request = Command::request(field::STORE, message)
        .with_text(element::AFFECTED_CLASS, &object.sop_class)
        .with_text(element::AFFECTED_INSTANCE, instance.as_str())
        .with(element::PRIORITY, MEDIUM)
        .with_data_set(true);
    association.send_command(context.id, &request)?;
    association.send_data(context.id, &mut data, length)?;
    let (_, answer) = association.answer(field::STORE, message)?;
    let status = association.status_of(&answer)?;
    association.same_instance(&answer, &instance)?;
    if status::is_done(status) {
        return Ok(Stored { status, transfer_syntax: context.transfer_syntax });
    }
    Err(association.failure("the storage", &answer, status))
}

/// The context of its own transfer syntax, or one that it can be written anew in.
fn context_for(contexts: &[Context], object: &StoredObject) -> Option<Context> {
    object.syntaxes().iter().find_map(|syntax| {
        let fits = |c: &&Context| c.abstract_syntax == object.sop_class && c.transfer_syntax == *syntax;
        contexts.iter().find(fits).cloned()
    })
}
