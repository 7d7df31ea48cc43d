//! Carries out what is asked of the dialog of archives.

use super::{called, effect, peers_read};
use crate::app::command::WorklistCommand as W;
use crate::app::state::Reason;
use crate::app::state::worklist::Worklist;
use crate::app::state::worklist::archives::{ArchiveForm, ArchivesDialog, Check};
use crate::app::update::effect::Effect;
use crate::app::update::worklist_effect::{KeptArchive, Refusal, WorklistEffect};
use crate::language::{text, tr};
use crate::pacs::peers::secret::Secret;
use crate::pacs::peers::typed::{Field, SignIn, TypedPeer};

pub(super) fn apply(worklist: &mut Worklist, command: W) -> Vec<Effect> {
    if command == W::ManageArchives {
        worklist.archives = Some(ArchivesDialog::default());
        return effect(WorklistEffect::ReadPeers);
    }
    let Some(dialog) = &mut worklist.archives else { return Vec::new() };
    match command {
        W::EditArchive(form) if dialog.form.is_some() => dialog.form = Some(form.cut()),
        W::NewArchive => {
            dialog.form = Some(ArchiveForm::default());
            (dialog.refusal, dialog.removing) = (None, None);
        }
        W::ChangeArchive(name) => {
            let known = worklist.peers.as_ref().and_then(|peers| peers.as_ref().ok());
            let Some(peer) = known.and_then(|peers| peers.all().iter().find(|peer| peer.name == name)) else {
                return Vec::new();
            };
            let typed = TypedPeer::of(peer);
            dialog.form = Some(ArchiveForm { typed, before: Some(name), ..ArchiveForm::default() });
            (dialog.refusal, dialog.removing) = (None, None);
        }
        W::ChooseFile(file) => return effect(WorklistEffect::AskForSecuringFile(file)),
        W::SaveArchive => return save(worklist),
        W::CheckArchive(name) => {
            dialog.checks.insert(name.clone(), Check::Asking);
            let peer = worklist.all_peers().iter().find(|peer| peer.name == name);
            let asked = peer.map(|peer| effect(WorklistEffect::CheckArchive(called(worklist, peer))));
            return asked.unwrap_or_default();
        }
        W::AskToRemoveArchive(name) => dialog.removing = Some(name),
        W::KeepArchive => dialog.removing = None,
        W::RemoveArchive(name) if !dialog.busy => {
            (dialog.removing, dialog.busy) = (None, true);
            return effect(WorklistEffect::RemoveArchive(name));
        }
        W::CloseArchives => return close(worklist),
        _ => {}
    }
    Vec::new()
}

/// Goes back from the form to the list, and from the list to where one came from.
pub(in crate::app::update) fn close(worklist: &mut Worklist) -> Vec<Effect> {
    let Some(dialog) = &mut worklist.archives else { return Vec::new() };
    if dialog.form.take().is_some() || dialog.removing.take().is_some() {
        dialog.refusal = None;
        return Vec::new();
    }
    worklist.archives = None;
    effect(WorklistEffect::StopChecks)
}

fn save(worklist: &mut Worklist) -> Vec<Effect> {
    let Some(dialog) = worklist.archives.as_mut().filter(|dialog| !dialog.busy) else { return Vec::new() };
    let Some(form) = &dialog.form else { return Vec::new() };
    let secret = match typed(form) {
        Ok(secret) => secret,
        Err(sentence) => {
            dialog.refusal = Some(sentence);
            return Vec::new();
        }
    };
    match form.typed.peer() {
        Ok(peer) => {
            let instead_of = form.before.clone();
            (dialog.refusal, dialog.busy) = (None, true);
            effect(WorklistEffect::SaveArchive { peer: Box::new(peer), instead_of, secret })
        }
        Err(error) => {
            dialog.refusal = Some(Reason::of(&error).capitalized());
            Vec::new()
        }
    }
}

/// The secret that is to be kept; what is empty or cannot be one is said.
fn typed(form: &ArchiveForm) -> Result<Option<Secret>, String> {
    if let Some(field) = form.typed.missing() {
        return Err(tr!("“{field}” is empty.", field = name_of(field)));
    }
    let signs_in = form.typed.web && form.typed.sign_in != SignIn::Nothing;
    if !signs_in || form.secret.0.is_empty() {
        return Ok(None);
    }
    let none = |_| text!("A password or token is one line without control characters.").to_owned();
    Secret::new(form.secret.0.as_str()).map(Some).map_err(none)
}

/// What a field is called.
fn name_of(field: Field) -> &'static str {
    match field {
        Field::Name => text!("Name"),
        Field::Host => text!("Host"),
        Field::Port => text!("Port"),
        Field::CalledAe => text!("AE title of the archive"),
        Field::Root => text!("Address"),
        Field::User => text!("User name"),
        Field::Authorities => text!("Authorities (PEM)"),
    }
}

/// An archive was saved, or not.
pub(super) fn saved(worklist: &mut Worklist, result: Result<KeptArchive, Reason>) {
    let form = worklist.archives.as_mut().and_then(|dialog| {
        dialog.busy = false;
        dialog.form.clone()
    });
    let KeptArchive { peers, name, secret } = match result {
        Ok(kept) => kept,
        Err(why) => return refuse(worklist, why.capitalized()),
    };
    peers_read(worklist, Ok(peers));
    let form = form.unwrap_or_default();
    if let Some(before) = &form.before {
        worklist.secrets.remove(before);
    }
    worklist.peer = Some(name.clone());
    if let Some(dialog) = &mut worklist.archives {
        dialog.form = None;
        dialog.checks.remove(&name);
    }
    if let Some(why) = secret {
        // It is there until the program ends, and nowhere else.
        let kept = Secret::new(form.secret.0.as_str()).map(|secret| worklist.secrets.insert(name.clone(), secret));
        let why = why.capitalized();
        refuse(
            worklist,
            match kept {
                Ok(_) => {
                    tr!("{name} is saved; its password or token is known until Pellucid is closed. {why}", name, why)
                }
                Err(_) => tr!("{name} is saved. {why}", name, why),
            },
        );
    }
}

/// An archive was removed, or not.
pub(super) fn removed(worklist: &mut Worklist, result: Result<KeptArchive, Reason>) {
    if let Some(dialog) = &mut worklist.archives {
        dialog.busy = false;
    }
    match result {
        Ok(KeptArchive { peers, name, secret }) => {
            peers_read(worklist, Ok(peers));
            worklist.secrets.remove(&name);
            if let Some(why) = secret {
                let why = why.capitalized();
                refuse(worklist, tr!("{name} is removed; its secret may still be in the keyring. {why}", name, why));
            }
        }
        Err(why) => refuse(worklist, why.capitalized()),
    }
}

/// An archive answered, or did not.
pub(super) fn checked(worklist: &mut Worklist, name: String, result: Result<(), Refusal>) {
    let Some(dialog) = &mut worklist.archives else { return };
    let check = match result {
        Ok(()) => Check::Answers,
        Err(Refusal::Failed(why) | Refusal::NotLetIn(why)) => Check::Fails(why.capitalized()),
        Err(Refusal::Cancelled) => {
            dialog.checks.remove(&name);
            return;
        }
    };
    dialog.checks.insert(name, check);
}

fn refuse(worklist: &mut Worklist, words: String) {
    match &mut worklist.archives {
        Some(dialog) => dialog.refusal = Some(words),
        None => worklist.refusal = Some(words),
    }
}
