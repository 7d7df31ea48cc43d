//! One association of a caller: it is answered command by command.

use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

use dicom_dictionary_std::uids;

use super::inbox::{Announced, Kept};
use super::{Arrived, Shared, allowed};
use crate::limits;
use crate::pacs::dimse::association::Association;
use crate::pacs::dimse::command::{Command, element, field};
use crate::pacs::dimse::commitment::CommitmentReport;
use crate::pacs::dimse::error::DimseError;
use crate::pacs::dimse::message::Incoming;
use crate::pacs::dimse::negotiate::{self, Offer};
use crate::pacs::dimse::services::{PLAIN, STORAGE, TRANSFER_SYNTAXES};
use crate::pacs::dimse::status;

/// How often it is looked whether there is room.
const LOOK: Duration = Duration::from_millis(50);
/// Longest comment of an answer (PS3.7 annex C, LO).
const COMMENT: usize = 64;

/// Agrees with a caller and answers it until it ends.
pub(super) fn hold(
    shared: &Shared,
    mut association: Association,
    address: IpAddr,
    is_full: bool,
) -> Result<(), DimseError> {
    let settings = &shared.settings;
    let offer = Offer {
        title: &settings.title,
        is_allowed: &|title| allowed::may_call_as(&settings.allowed, title, address),
        syntaxes: &syntaxes,
        caller_provides: &[uids::STORAGE_COMMITMENT_PUSH_MODEL],
        is_full,
    };
    let caller = match negotiate::answer(&mut association, &offer) {
        Ok(caller) => caller,
        Err(error) => {
            association.close();
            return Err(error);
        }
    };
    association.wait(settings.waits.answer);
    association.object_time = settings.object_time;
    association.end(settings.association_time);
    loop {
        association.end_exchange();
        match association.next()? {
            Incoming::Release => {
                association.released();
                return Ok(());
            }
            Incoming::Command(context, command) => {
                association.begin_exchange("a request", settings.object_time);
                answer(shared, &mut association, &caller, context, &command)?;
            }
        }
    }
}

/// Transfer syntaxes that a class is taken in.
fn syntaxes(class: &str) -> &'static [&'static str] {
    match class {
        uids::VERIFICATION | uids::STORAGE_COMMITMENT_PUSH_MODEL => &PLAIN,
        _ if STORAGE.contains(&class) => &TRANSFER_SYNTAXES,
        _ => &[],
    }
}

fn answer(
    shared: &Shared,
    association: &mut Association,
    caller: &str,
    context: u8,
    command: &Command,
) -> Result<(), DimseError> {
    let class = association.context(context)?.abstract_syntax;
    match (command.field(), class.as_str()) {
        (field::ECHO, uids::VERIFICATION) => {
            association.send_command(context, &Command::answer(command, status::SUCCESS))
        }
        (field::STORE, class) if STORAGE.contains(&class) => store(shared, association, caller, context, command),
        (field::EVENT_REPORT, uids::STORAGE_COMMITMENT_PUSH_MODEL) => {
            if !command.has_data_set() {
                return Err(association.violation("a report without anything in it".into()));
            }
            let data = association.small_data(context)?;
            let event = command.number(element::EVENT_TYPE).unwrap_or(0);
            let status = match CommitmentReport::read(event, &data, caller) {
                Some(report) => {
                    shared.arrivals.committed(&report);
                    status::SUCCESS
                }
                None => status::CANNOT_UNDERSTAND,
            };
            association.send_command(context, &Command::answer(command, status).with(element::EVENT_TYPE, event))
        }
        (field::CANCEL, _) => Ok(()),
        (asked, _) if asked & field::ANSWER != 0 => {
            Err(association.violation("an answer, where nothing was asked".into()))
        }
        // Storage commitment too: this node keeps nothing for others.
        _ => {
            skip(association, context, command)?;
            let refusal = if class == uids::STORAGE_COMMITMENT_PUSH_MODEL {
                status::CLASS_NOT_SUPPORTED
            } else {
                status::UNRECOGNIZED_OPERATION
            };
            association.send_command(context, &Command::answer(command, refusal))
        }
    }
}

/// Lets a data set pass.
fn skip(association: &mut Association, context: u8, command: &Command) -> Result<(), DimseError> {
    if command.has_data_set() {
        association.data(context, limits::PACS_IDENTIFIER, "one data set", &mut |_| Ok(()))?;
    }
    Ok(())
}

/// Takes an object.
pub(super) fn store(
    shared: &Shared,
    association: &mut Association,
    caller: &str,
    context: u8,
    command: &Command,
) -> Result<(), DimseError> {
    if !command.has_data_set() {
        return Err(association.violation("an object without a data set".into()));
    }
    let agreed = association.context(context)?;
    let class = command.text(element::AFFECTED_CLASS);
    let announced = command.uid(element::AFFECTED_INSTANCE).filter(|_| class == agreed.abstract_syntax);
    let limit = shared.settings.object_bytes;
    let pass = |association: &mut Association, status: u16, comment: &str| {
        association.data(context, limit, "one object", &mut |_| Ok(()))?;
        refuse(association, context, command, status, comment)
    };
    let Some(instance) = announced else {
        let status = if class == agreed.abstract_syntax { status::INVALID_INSTANCE } else { status::DOES_NOT_MATCH };
        return pass(association, status, "SOP class or instance UID is not as agreed");
    };
    // What still lies there is compared with what comes.
    if !shared.inbox.place(&instance).exists() && shared.arrivals.came_before(&instance) {
        association.data(context, limit, "one object", &mut |_| Ok(()))?;
        log::info!("object {} came once more", instance.short_hash());
        return association.send_command(context, &Command::answer(command, status::SUCCESS));
    }
    let patience = Instant::now() + shared.settings.room_time;
    while !shared.arrivals.has_room() {
        if Instant::now() >= patience || shared.cancel.is_cancelled() {
            return pass(association, status::OUT_OF_RESOURCES, "busy, send it again later");
        }
        thread::sleep(LOOK);
    }
    let announced = Announced {
        sop_class: &class,
        sop_instance: &instance,
        transfer_syntax: &agreed.transfer_syntax,
        sender: caller,
    };
    let kept = shared.inbox.take(&announced, &mut |take| association.data(context, limit, "one object", take));
    let kept = match kept {
        // The disk is full, or the folder gone: the association was broken off in the middle.
        Err(error) => {
            association.abort();
            return Err(error);
        }
        Ok(kept) => kept,
    };
    match kept {
        Kept::New(path) | Kept::Again(path) => {
            let arrived = Arrived { path, sop_class: class, sop_instance: instance, sender: caller.to_owned() };
            if let Err(error) = shared.arrivals.arrived(&arrived) {
                log::error!("object {} could not be noted: {error}", arrived.sop_instance.short_hash());
                return refuse(association, context, command, status::OUT_OF_RESOURCES, "it could not be noted");
            }
            association.send_command(context, &Command::answer(command, status::SUCCESS))
        }
        Kept::Other(_) => {
            log::warn!("another object came with the UID of {}; the first one stays", instance.short_hash());
            refuse(association, context, command, status::DUPLICATE_INSTANCE, "another object has this UID")
        }
        Kept::Unlike(why) => {
            log::warn!("object {} of {} was not kept: {why}", instance.short_hash(), association.peer);
            refuse(association, context, command, status::DOES_NOT_MATCH, &why)
        }
    }
}

/// Answers with a failure.
fn refuse(
    association: &mut Association,
    context: u8,
    command: &Command,
    status: u16,
    comment: &str,
) -> Result<(), DimseError> {
    let comment: String =
        comment.chars().filter(|c| c.is_ascii() && !c.is_control() && *c != '\\').take(COMMENT).collect();
    association.send_command(context, &Command::answer(command, status).with_text(element::ERROR_COMMENT, &comment))
}
