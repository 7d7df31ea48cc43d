//! What archives answer.

use super::{archives, ask_for_secret, body_parts, choose, peers_read};
use crate::app::command::FileCommand;
use crate::app::state::worklist::sorting::Column;
use crate::app::state::worklist::transfer::{Direction, Transfer};
use crate::app::state::worklist::{Listed, Pending, Worklist};
use crate::app::state::{Level, State};
use crate::app::update::audit;
use crate::app::update::effect::Effect;
use crate::app::update::notices::notice;
use crate::app::update::worklist_effect::{FetchedStudy, Refusal, WorklistMessage};
use crate::language::{text, tr};
use crate::pacs::archive::{Found, Sent, body_parts_of};

/// Sentences of a notice at most.
const SENTENCES: usize = 3;

/// Takes in what a thread reports.
pub(in crate::app::update) fn on_message(state: &mut State, message: WorklistMessage) -> Vec<Effect> {
    match message {
        WorklistMessage::Peers(peers) => peers_read(&mut state.worklist, peers),
        WorklistMessage::Found { number, result } if state.worklist.asking == Some(number) => {
            state.worklist.asking = None;
            return found(state, result);
        }
        WorklistMessage::Series { study_uid, result } => {
            let worklist = &mut state.worklist;
            if worklist.chosen.as_deref() == Some(&study_uid) {
                worklist.series = match result {
                    Ok(found) => {
                        // All of them are known, so are their body parts.
                        if found.left == 0 && !found.more {
                            parts_known(worklist, &study_uid, body_parts_of(&found.series));
                        }
                        Some(Ok(found))
                    }
                    Err(Refusal::Failed(why) | Refusal::NotLetIn(why)) => Some(Err(why)),
                    Err(Refusal::Cancelled) => None,
                };
            }
        }
        WorklistMessage::BodyParts { number, study_uid, parts } if state.worklist.asked == number => {
            parts_known(&mut state.worklist, &study_uid, parts);
        }
        WorklistMessage::NoBodyParts { number, why } if state.worklist.asked == number => {
            if let Some(listed) = &mut state.worklist.listed {
                listed.without_parts = Some(why);
            }
        }
        // Stopped meanwhile, or of a list that is gone.
        WorklistMessage::Found { .. } | WorklistMessage::BodyParts { .. } | WorklistMessage::NoBodyParts { .. } => {}
        WorklistMessage::Saved(result) => archives::saved(&mut state.worklist, result),
        WorklistMessage::RemovedArchive(result) => archives::removed(&mut state.worklist, result),
        WorklistMessage::Checked { name, result } => archives::checked(&mut state.worklist, name, result),
        WorklistMessage::FileChosen { file, path } => {
            let dialog = state.worklist.archives.as_mut();
            if let Some((form, path)) = dialog.and_then(|dialog| dialog.form.as_mut()).zip(path) {
                form.chosen(file, &path);
            }
        }
        WorklistMessage::Moved(moved) => {
            if let Some(transfer) = &mut state.worklist.transfer {
                transfer.moved = moved;
            }
        }
        WorklistMessage::Fetched(result) => return fetched(state, result),
        WorklistMessage::Sent(result) => sent(state, result),
        WorklistMessage::Removed(Ok(bytes)) => {
            let megabytes = bytes.div_ceil(1_000_000);
            let words = tr!("Fetched studies were removed ({megabytes} MB).", megabytes);
            notice(state, Level::Info, words, None);
        }
        WorklistMessage::Removed(Err(why)) => {
            notice(state, Level::Error, tr!("Fetched studies were not removed: {why}", why), None);
        }
    }
    Vec::new()
}

fn found(state: &mut State, result: Result<Found, Refusal>) -> Vec<Effect> {
    let worklist = &mut state.worklist;
    let peer = worklist.peer.clone().unwrap_or_default();
    match result {
        Ok(Found { studies, more, unreadable }) => {
            let (without_parts, order) = (None, Vec::new());
            worklist.listed = Some(Listed { peer, studies, more, unreadable, without_parts, order });
            worklist.sort();
            let chosen = worklist.study().map(|study| study.study_uid.clone());
            let only = worklist.at(0).filter(|_| worklist.count() == 1).map(|study| study.study_uid.clone());
            worklist.chosen = None;
            let mut effects = body_parts(worklist);
            effects.extend(choose(worklist, chosen.or(only)));
            return effects;
        }
        Err(Refusal::Cancelled) => {}
        Err(Refusal::NotLetIn(why)) => ask_for_secret(worklist, &peer, why.capitalized(), Pending::Query),
        Err(Refusal::Failed(why)) => worklist.refusal = Some(why.capitalized()),
    }
    Vec::new()
}

/// Takes in the body parts of a study.
fn parts_known(worklist: &mut Worklist, study_uid: &str, parts: Vec<String>) {
    let mut studies = worklist.listed.iter_mut().flat_map(|listed| &mut listed.studies);
    if let Some(study) = studies.find(|study| study.study_uid == study_uid) {
        study.body_parts = Some(parts);
    }
    if worklist.sorting.column == Column::BodyPart {
        worklist.sort();
    }
}

fn fetched(state: &mut State, result: Result<FetchedStudy, Refusal>) -> Vec<Effect> {
    let Some(Transfer { direction, peer, .. }) = state.worklist.transfer.take() else { return Vec::new() };
    match result {
        Ok(FetchedStudy { folder, files, refused, missing }) => {
            if missing > 0 && files > 0 {
                let words = tr!("1 object that the archive lists did not come; the study is not whole."
                    | "{n} objects that the archive lists did not come; the study is not whole." % missing);
                notice(state, Level::Warning, words, None);
            }
            if !refused.is_empty() {
                let first: Vec<&str> = refused.iter().take(SENTENCES).map(String::as_str).collect();
                let words = tr!(
                    "1 object was not kept: {reasons}." | "{n} objects were not kept: {reasons}." % refused.len(),
                    reasons = first.join("; ")
                );
                notice(state, Level::Warning, words, None);
            }
            if files == 0 {
                state.worklist.refusal = Some(text!("The archive sent no object.").to_owned());
                return Vec::new();
            }
            state.worklist.open = false;
            return crate::app::update::apply(state, FileCommand::OpenPaths(vec![folder]));
        }
        // Whoever stopped it knows that.
        Err(Refusal::Cancelled) => {}
        Err(Refusal::NotLetIn(why)) => {
            let Direction::Fetch(study, series) = direction else { return Vec::new() };
            ask_for_secret(&mut state.worklist, &peer, why.capitalized(), Pending::Fetch(study, series));
        }
        Err(Refusal::Failed(why)) => failed(state, tr!("The study was not fetched: {why}", why)),
    }
    Vec::new()
}

fn sent(state: &mut State, result: Result<Vec<Sent>, Refusal>) {
    let Some(Transfer { peer, .. }) = state.worklist.transfer.take() else { return };
    match result {
        Ok(sent) => {
            let refusals: Vec<&str> = sent.iter().filter_map(|object| object.refusal.as_deref()).collect();
            let taken = sent.len() - refusals.len();
            audit::sent(state, &peer, taken);
            if let Some(first) = refusals.first() {
                let words = tr!("{taken} of {} objects were taken by {peer}; {first}.", sent.len(), taken, peer, first);
                notice(state, Level::Warning, words, None);
            } else {
                let words = tr!("1 object was sent to {peer}." | "{n} objects were sent to {peer}." % taken, peer);
                notice(state, Level::Info, words, None);
            }
        }
        Err(Refusal::Cancelled) => {}
        Err(Refusal::NotLetIn(why)) => {
            ask_for_secret(&mut state.worklist, &peer, why.capitalized(), Pending::Send);
        }
        Err(Refusal::Failed(why)) => failed(state, tr!("The results were not sent: {why}", why)),
    }
}

/// In the window while it is open, else in the corner.
fn failed(state: &mut State, words: String) {
    if state.worklist.open {
        state.worklist.refusal = Some(words);
    } else {
        notice(state, Level::Error, words, None);
    }
}
