//! What archives answer.

use std::sync::Arc;

use super::{ask_for_secret, choose};
use crate::app::command::FileCommand;
use crate::app::state::worklist::transfer::{Direction, Transfer};
use crate::app::state::worklist::{Listed, Pending, Worklist};
use crate::app::state::{Level, Reason, State};
use crate::app::update::audit;
use crate::app::update::effect::Effect;
use crate::app::update::notices::notice;
use crate::app::update::worklist_effect::{FetchedStudy, Refusal, WorklistMessage};
use crate::language::{text, tr};
use crate::pacs::archive::{Found, Sent};
use crate::pacs::peers::file::Peers;

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
        // Stopped meanwhile.
        WorklistMessage::Found { .. } => {}
        WorklistMessage::Series { study_uid, result } => {
            let worklist = &mut state.worklist;
            if worklist.chosen.as_deref() == Some(&study_uid) {
                worklist.series = match result {
                    Ok(series) => Some(Ok(series)),
                    Err(Refusal::Failed(why) | Refusal::NotLetIn(why)) => Some(Err(why)),
                    Err(Refusal::Cancelled) => None,
                };
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

/// The archives are known; where there is only one, or the chosen one is gone, one is chosen.
fn peers_read(worklist: &mut Worklist, peers: Result<Arc<Peers>, Reason>) {
    worklist.peers = Some(peers);
    if worklist.chosen_peer().is_none() {
        worklist.peer = worklist.all_peers().first().map(|peer| peer.name.clone());
    }
}

fn found(state: &mut State, result: Result<Found, Refusal>) -> Vec<Effect> {
    let worklist = &mut state.worklist;
    let peer = worklist.peer.clone().unwrap_or_default();
    match result {
        Ok(Found { studies, more, unreadable }) => {
            worklist.listed = Some(Listed { peer, studies, more, unreadable, order: Vec::new() });
            worklist.sort();
            let chosen = worklist.study().map(|study| study.study_uid.clone());
            let only = worklist.at(0).filter(|_| worklist.count() == 1).map(|study| study.study_uid.clone());
            worklist.chosen = None;
            return choose(worklist, chosen.or(only));
        }
        Err(Refusal::Cancelled) => {}
        Err(Refusal::NotLetIn(why)) => ask_for_secret(worklist, &peer, why.capitalized(), Pending::Query),
        Err(Refusal::Failed(why)) => worklist.refusal = Some(why.capitalized()),
    }
    Vec::new()
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
                let words = tr!("{} objects were not kept: {}.", refused.len(), first.join("; "));
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
