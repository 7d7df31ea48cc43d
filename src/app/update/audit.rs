//! Tells the audit journal what is in sight, what was answered and what was written, where the reader
//! has switched it on.

use std::collections::HashSet;
use std::path::Path;

use super::audit_effect::{AuditEffect, AuditMessage};
use super::effect::Effect;
use super::feedback_effect::FeedbackEffect;
use super::notices::notice;
use super::written_objects::WrittenObjects;
use crate::app::command::{Command, FeedbackCommand};
use crate::app::state::audit::Audited;
use crate::app::state::{Level, State};
use crate::audit::{Entry, Event, What};
use crate::language::{text, tr};

/// Who writes.
const VIEWER: &str = "viewer";

/// Switches it on or off.
pub(super) fn toggle(state: &mut State) -> Vec<Effect> {
    let mut effects = super::preferences::change(state, |p| p.audit ^= true);
    if !state.preferences.audit {
        state.audited = Audited::default();
        effects.push(Effect::Audit(AuditEffect::End));
        notice(state, Level::Info, text!("Nothing is written into the audit journal any more."), None);
        return effects;
    }
    let words = text!(
        "What is shown and written from here on stands in the audit journal of this account. `pellucid audit verify` \
         checks it."
    );
    notice(state, Level::Info, words, None);
    effects.extend(follow(state));
    effects
}

/// Tells what of the result has come into sight since it was asked last, and what waits.
pub(super) fn follow(state: &mut State) -> Vec<Effect> {
    let waiting = std::mem::take(&mut state.audited.waiting);
    if !state.preferences.audit {
        return Vec::new();
    }
    let entries = waiting.into_iter().chain(in_sight(state));
    entries.map(|entry| Effect::Audit(AuditEffect::Write(entry))).collect()
}

/// What of the result is in sight and was not told.
fn in_sight(state: &mut State) -> Option<Entry> {
    let (identity, image, model) = (state.measurable()?.identity.clone(), state.image_hash()?, state.model_hash()?);
    let of = Some((identity, model.sha256.clone()));
    if state.audited.of != of {
        (state.audited.of, state.audited.shown) = (of, HashSet::new());
    }
    let mut new = state.result_in_sight();
    new.retain(|what| state.audited.shown.insert((what.kind.clone(), what.of.clone())));
    (!new.is_empty()).then(|| Entry::new(Event::Shown, VIEWER).about(image, model).with(new))
}

/// Tells that the reader answered, where a command led to something that is kept.
pub(super) fn answered(state: &State, command: &Command, effects: &[Effect]) -> Option<Effect> {
    if !state.preferences.audit || matches!(command, Command::Feedback(FeedbackCommand::Remark(_))) {
        return None;
    }
    let kept = |effect: &Effect| matches!(effect, Effect::Feedback(FeedbackEffect::Keep { .. }));
    if !effects.iter().any(kept) {
        return None;
    }
    let what = match command {
        Command::Feedback(FeedbackCommand::Answer(finding, _)) => What::new("answer").of(finding),
        Command::Feedback(FeedbackCommand::Unmark(_)) | Command::Measure(_) => What::new("mark"),
        _ => What::new("answer").of(&state.selected_finding().unwrap_or_default()),
    };
    let (image, model) = (state.image_hash()?, state.model_hash()?);
    Some(Effect::Audit(AuditEffect::Write(Entry::new(Event::Answered, VIEWER).about(image, model).with(vec![what]))))
}

/// A report is being written: of this image, by this model.
pub(super) fn exporting(state: &mut State) {
    if state.preferences.audit {
        state.audited.exporting = Some((state.image_hash(), state.model_hash()));
    }
}

/// It was written.
pub(super) fn exported(state: &mut State, pdf: &Path) -> Option<Effect> {
    let (image, model) = state.audited.exporting.take()?;
    Some(Effect::Audit(AuditEffect::Exported { pdf: pdf.to_owned(), image, model }))
}

/// The result was written as DICOM objects.
pub(super) fn exported_objects(state: &mut State, written: &WrittenObjects) -> Option<Effect> {
    let (image, model) = state.audited.exporting.take()?;
    let what = written.hashes.iter().map(|(kind, sha256)| What::new("dicom").of(kind).with_sha256(sha256));
    let entry = Entry { image, model, ..Entry::new(Event::Exported, VIEWER) }.with(what.collect());
    Some(Effect::Audit(AuditEffect::Write(entry)))
}

/// Results are being sent: of this image, by this model.
pub(super) fn sending(state: &mut State) {
    if state.preferences.audit {
        state.audited.sending = Some((state.image_hash(), state.model_hash()));
    }
}

/// So many objects were taken by an archive.
pub(super) fn sent(state: &mut State, peer: &str, objects: usize) {
    let Some((image, model)) = state.audited.sending.take().filter(|_| objects > 0) else { return };
    let what = vec![What::new("dicom-objects").of(&objects.to_string()), What::new("to").of(peer)];
    state.audited.waiting.push(Entry { image, model, ..Entry::new(Event::Sent, VIEWER) }.with(what));
}

/// Tells that the model or its thresholds are others than in the session before.
pub(super) fn model_changed(state: &State) -> Option<Effect> {
    let model = state.model_hash().filter(|_| state.preferences.audit)?;
    let entry = Entry { model: Some(model), ..Entry::new(Event::Changed, VIEWER) };
    Some(Effect::Audit(AuditEffect::Write(entry.with(vec![What::new("model")]))))
}

/// Takes in what the thread reports.
pub(super) fn on_message(state: &mut State, message: AuditMessage) {
    match message {
        AuditMessage::Mended(bytes) => {
            let words = tr!("The last line of the audit journal was torn; {} bytes of it were cut off.", bytes);
            notice(state, Level::Warning, words, None);
        }
        AuditMessage::NotWritten(reason) => notice(state, Level::Error, reason.capitalized(), None),
    }
}
