//! Carries out what is asked of the worklist, and takes in what archives answer.

mod answers;
pub(super) mod archives;
mod scores;

use std::sync::Arc;

use super::audit;
use super::effect::Effect;
use super::report;
use super::worklist_effect::{Called, WorklistEffect};
use crate::app::command::WorklistCommand;
use crate::app::state::worklist::transfer::{Direction, Transfer};
use crate::app::state::worklist::{Pending, SecretForm, Typed, Worklist};
use crate::app::state::{Reason, State};
use crate::language::text;
use crate::pacs::archive::Wanted;
use crate::pacs::peers::file::Peers;
use crate::pacs::peers::secret::Secret;
use crate::pacs::peers::{Auth, Peer, PeerKind};

pub(super) use answers::on_message;
pub(super) use scores::record;

/// Studies of a list whose body parts are asked for; of others they are known once they are chosen.
const BODY_PARTS: usize = 300;

pub(super) fn apply(state: &mut State, command: WorklistCommand) -> Vec<Effect> {
    use WorklistCommand as W;
    let worklist = &mut state.worklist;
    match command {
        W::Toggle => {
            worklist.open ^= true;
            // The file of archives may have changed.
            if worklist.open {
                return effect(WorklistEffect::ReadPeers);
            }
        }
        W::SetPeer(name) => {
            (worklist.peer, worklist.refusal) = (Some(name), None);
            // What the archive before would answer is no answer of this one.
            if worklist.asking.take().is_some() {
                return effect(WorklistEffect::StopQuery);
            }
        }
        W::Edit(form) => worklist.form = form.cut(),
        W::Query => return query(worklist),
        W::StopQuery => {
            if worklist.asking.take().is_some() {
                return effect(WorklistEffect::StopQuery);
            }
        }
        W::SortBy(column) => {
            worklist.sorting.by(column);
            worklist.sort();
        }
        W::ToggleScores => {
            worklist.sorting.toggle_scores();
            worklist.sort();
        }
        W::Choose(study) => return choose(worklist, study),
        W::Fetch(study, series) => return fetch(worklist, study, series),
        W::StopTransfer => {
            if let Some(transfer) = &mut worklist.transfer {
                transfer.stopping = true;
                return effect(WorklistEffect::StopTransfer);
            }
        }
        W::SendResults => return send(state),
        W::EditSecret(form) => {
            if worklist.secret.is_some() {
                worklist.secret = Some(*form);
            }
        }
        W::GiveSecret => return give_secret(state),
        W::CloseSecret => close_secret(worklist),
        W::RemoveFetched if worklist.transfer.is_none() => return effect(WorklistEffect::RemoveFetched),
        W::RemoveFetched => {}
        W::Close => worklist.open = false,
        of_archives => return archives::apply(worklist, of_archives),
    }
    Vec::new()
}

fn effect(effect: WorklistEffect) -> Vec<Effect> {
    vec![Effect::Worklist(effect)]
}

/// The dialog for a secret goes, and what waited for it.
pub(super) fn close_secret(worklist: &mut Worklist) {
    (worklist.secret, worklist.pending) = (None, None);
}

/// The archives are known; where there is only one, or the chosen one is gone, one is chosen.
fn peers_read(worklist: &mut Worklist, peers: Result<Arc<Peers>, Reason>) {
    worklist.peers = Some(peers);
    if worklist.chosen_peer().is_none() {
        worklist.peer = worklist.all_peers().first().map(|peer| peer.name.clone());
    }
}

/// An archive with what was typed for it.
fn called(worklist: &Worklist, peer: &Peer) -> Called {
    Called { peer: peer.clone(), secret: worklist.secrets.get(&peer.name).cloned() }
}

fn query(worklist: &mut Worklist) -> Vec<Effect> {
    worklist.refusal = None;
    let Some(peer) = worklist.chosen_peer().cloned().filter(|_| !worklist.is_asking()) else { return Vec::new() };
    let query = match worklist.form.query() {
        Ok(query) => query,
        Err(sentence) => {
            worklist.refusal = Some(sentence);
            return Vec::new();
        }
    };
    worklist.asked += 1;
    worklist.asking = Some(worklist.asked);
    effect(WorklistEffect::Query { number: worklist.asked, called: called(worklist, &peer), query })
}

/// Chooses a study, whose series are asked for.
fn choose(worklist: &mut Worklist, study: Option<String>) -> Vec<Effect> {
    if worklist.chosen == study {
        return Vec::new();
    }
    (worklist.chosen, worklist.series) = (study, None);
    let Some((study, peer)) = worklist.study().zip(asked_peer(worklist)) else { return Vec::new() };
    effect(WorklistEffect::Series { called: called(worklist, peer), study_uid: study.study_uid.clone() })
}

/// Asks for the body parts of the studies that stand first, as far as the archive has not said them: they
/// stand with the series, and each study is a question of its own.
fn body_parts(worklist: &Worklist) -> Vec<Effect> {
    let Some(peer) = asked_peer(worklist) else { return Vec::new() };
    let studies = (0..worklist.count()).filter_map(|row| worklist.at(row)).take(BODY_PARTS);
    let unknown = studies.filter(|study| study.body_parts.is_none());
    let study_uids: Vec<String> = unknown.map(|study| study.study_uid.clone()).collect();
    if study_uids.is_empty() {
        return Vec::new();
    }
    effect(WorklistEffect::BodyParts { number: worklist.asked, called: called(worklist, peer), study_uids })
}

/// The archive that the list is from.
fn asked_peer(worklist: &Worklist) -> Option<&Peer> {
    let name = &worklist.listed.as_ref()?.peer;
    worklist.all_peers().iter().find(|peer| peer.name == *name)
}

/// One transfer at a time: of two, one would wait for the network of the other.
fn fetch(worklist: &mut Worklist, study_uid: String, series_uid: Option<String>) -> Vec<Effect> {
    worklist.refusal = None;
    let idle = worklist.transfer.is_none();
    let Some(peer) = asked_peer(worklist).filter(|_| idle).cloned() else { return Vec::new() };
    let of_study = worklist.listed.iter().flat_map(|l| &l.studies).find(|s| s.study_uid == study_uid);
    let images = match (&series_uid, &worklist.series) {
        (None, _) => of_study.and_then(|study| study.images),
        (Some(uid), Some(Ok(found))) => found.series.iter().find(|s| s.series_uid == *uid).and_then(|s| s.images),
        (Some(_), _) => None,
    };
    worklist.transfer = Some(Transfer::new(Direction::Fetch(study_uid.clone(), series_uid.clone()), &peer.name));
    let wanted = Wanted { study_uid, series_uid, images };
    effect(WorklistEffect::Fetch { called: called(worklist, &peer), wanted })
}

/// Sends the case on screen to the chosen archive.
fn send(state: &mut State) -> Vec<Effect> {
    if state.why_not_sent().is_some() {
        return Vec::new();
    }
    let Some((case, peer)) = report::case(state).zip(state.worklist.chosen_peer().cloned()) else { return Vec::new() };
    state.worklist.refusal = None;
    state.worklist.transfer = Some(Transfer::new(Direction::Send, &peer.name));
    audit::sending(state);
    effect(WorklistEffect::Send { called: called(&state.worklist, &peer), case: Box::new(case) })
}

/// Asks for a password or token, and does `pending` once it is there.
fn ask_for_secret(worklist: &mut Worklist, name: &str, why: String, pending: Pending) {
    let peer = worklist.all_peers().iter().find(|peer| peer.name == name);
    let Some(peer) = peer.filter(|peer| peer.wants_secret()) else {
        worklist.refusal = Some(why);
        return;
    };
    let token = matches!(&peer.kind, PeerKind::Web(web) if web.auth == Auth::Bearer);
    let form = SecretForm { peer: name.to_owned(), why, token, typed: Typed::default(), keep: false };
    worklist.secrets.remove(name);
    (worklist.secret, worklist.pending, worklist.open) = (Some(form), Some(pending), true);
}

/// Goes on with what was typed.
fn give_secret(state: &mut State) -> Vec<Effect> {
    let worklist = &mut state.worklist;
    let Some(form) = worklist.secret.take() else { return Vec::new() };
    let Ok(secret) = Secret::new(form.typed.0.as_str()) else {
        let why = text!("A password or token is one line without control characters.").to_owned();
        worklist.secret = Some(SecretForm { why, ..form });
        return Vec::new();
    };
    let mut effects = Vec::new();
    let peer = worklist.all_peers().iter().find(|peer| peer.name == form.peer).cloned();
    worklist.secrets.insert(form.peer.clone(), secret);
    if let Some(peer) = peer.filter(|_| form.keep) {
        effects.extend(effect(WorklistEffect::KeepSecret(called(worklist, &peer))));
    }
    effects.extend(match worklist.pending.take() {
        Some(Pending::Query) => query(worklist),
        Some(Pending::Fetch(study, series)) => fetch(worklist, study, series),
        Some(Pending::Send) => send(state),
        None => Vec::new(),
    });
    effects
}
