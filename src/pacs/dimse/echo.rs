//! Verification (PS3.4 annex A): does the node listen, know us, and answer?

use std::time::{Duration, Instant};

use dicom_dictionary_std::uids;

use super::ae::Node;
use super::command::{Command, element, field};
use super::connect::Caller;
use super::error::DimseError;
use super::negotiate::Proposal;
use super::status;

/// Asks a node for an echo; yields how long the echo alone took.
///
/// # Errors
/// When the node cannot be reached, refuses, or answers with a failure.
pub fn echo(caller: &Caller, node: &Node) -> Result<Duration, DimseError> {
    let mut association = caller.associate(node, &[Proposal::plain(uids::VERIFICATION)], &[])?;
    let context = association.context_of(uids::VERIFICATION)?.id;
    let request = Command::request(field::ECHO, 1).with_text(element::AFFECTED_CLASS, uids::VERIFICATION);
    let started = Instant::now();
    association.send_command(context, &request)?;
    let (_, answer) = association.answer(field::ECHO, 1)?;
    let took = started.elapsed();
    let status = association.status_of(&answer)?;
    let failure = (status != status::SUCCESS).then(|| association.failure("the echo", &answer, status));
    association.release();
    failure.map_or(Ok(took), Err)
}
