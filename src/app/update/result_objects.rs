//! Carries out what is asked of results in files. What lies over the image follows the frame on
//! screen.

use std::path::Path;
use std::sync::Arc;

use super::effect::Effect;
use super::notices::notice;
use super::result_effect::{ResultEffect, ResultMessage};
use crate::app::command::{ResultCommand, StudyCommand};
use crate::app::state::result_objects::{ReportPage, ResultWindow};
use crate::app::state::{Level, NoticeAction, Reason, State};
use crate::language::{text, tr};
use crate::results::read::ReadObject;
use crate::results::read::kind::ResultKind;
use crate::study::ImageEntry;

/// Longest text that is looked for.
const LONGEST: usize = 200;

pub(super) fn apply(state: &mut State, command: ResultCommand) -> Vec<Effect> {
    use ResultCommand as R;
    let objects = &mut state.result_objects;
    match command {
        R::ToggleLaid => objects.hidden ^= true,
        R::ToggleLayer(key) => {
            if !objects.switched.remove(&key) {
                objects.switched.insert(key);
            }
        }
        R::SetOpacity(value) => objects.opacity = value.clamp(0.0, 1.0),
        R::Open(None) => objects.window = None,
        R::Open(Some(entry)) => {
            let path = entry.path.clone();
            objects.window = Some(ResultWindow::new(entry));
            return vec![Effect::Results(ResultEffect::Read(path))];
        }
        // The list of images shows it.
        R::ShowImage(..) => {}
        R::OpenDocument(entry) => return vec![Effect::Results(ResultEffect::OpenDocument(entry.path.clone()))],
        R::SaveDocument(entry) => return save_document(state, &entry),
        R::ShowPage(_) | R::Search(_) | R::ToggleItem(_) | R::Select(_) => {
            let Some(window) = &mut objects.window else { return Vec::new() };
            match command {
                R::ShowPage(page) => (window.page, window.selected) = (page, None),
                R::Search(words) => window.search = words.chars().take(LONGEST).collect(),
                R::ToggleItem(number) if !window.closed.remove(&number) => {
                    window.closed.insert(number);
                }
                R::Select(number) => window.selected = number,
                _ => {}
            }
            window.refresh();
        }
    }
    Vec::new()
}

/// The command that shows an image which a result names, if it is open; the frame counts from 1.
pub(super) fn named_image(state: &mut State, uid: &str, frame: u32) -> Option<StudyCommand> {
    let Some(entry) = state.images.iter().find(|entry| entry.identity.sop_instance_uid == uid).cloned() else {
        notice(state, Level::Warning, text!("The image that is named is not open."), None);
        return None;
    };
    let index = frame.saturating_sub(1).min(entry.frames.saturating_sub(1));
    Some(StudyCommand::ShowImage(entry, index))
}

/// A name for the document that tells nothing of the patient: what it is, and the end of its UID.
fn save_document(state: &State, entry: &ImageEntry) -> Vec<Effect> {
    let document = state.result_objects.window.as_ref().and_then(|window| window.object.as_ref()?.as_ref().ok());
    let ending = match document.map(AsRef::as_ref) {
        Some(ReadObject::Document(document)) => document.ending(),
        _ => "pdf",
    };
    let uid = &entry.identity.sop_instance_uid;
    let end: String = uid.chars().filter(char::is_ascii_digit).collect();
    let name = format!("document-{}.{ending}", &end[end.len().saturating_sub(8)..]);
    vec![Effect::Results(ResultEffect::AskWhereToSave { object: entry.path.clone(), name })]
}

/// Another frame is on screen, or other files are open: what lies over it is looked for.
pub(super) fn follow(state: &mut State) -> Vec<Effect> {
    if let Some((frame, _)) = &state.result_objects.laid
        && !state.drawn().is_some_and(|drawn| Arc::ptr_eq(drawn, frame))
    {
        state.result_objects.laid = None;
    }
    let Some(frame) = state.frame().cloned().filter(|_| state.shows_words_of_file()) else { return Vec::new() };
    let of_study = |one: &&Arc<ImageEntry>| one.identity.study_uid == frame.entry.identity.study_uid;
    let is_result = |kind: ResultKind| kind.is_laid_over() || kind.is_opened();
    let results = state.catalogue.images().filter(|one| ResultKind::of(&one.meta).is_some_and(is_result));
    let objects: Vec<Arc<ImageEntry>> = results.filter(of_study).cloned().collect();
    if objects.is_empty() {
        state.result_objects.laid = None;
        return Vec::new();
    }
    vec![Effect::Results(ResultEffect::LayOver { frame, objects })]
}

/// Other files are open: the images that a report names may be among them.
pub(super) fn opened(state: &mut State) {
    let Some(Some(Ok(object))) = state.result_objects.window.as_ref().map(|window| &window.object) else { return };
    let open = state.listed_of(&object.references());
    if let Some(window) = &mut state.result_objects.window {
        window.open = open;
    }
}

/// Takes in what the threads report.
pub(super) fn on_message(state: &mut State, message: ResultMessage) -> Vec<Effect> {
    match message {
        ResultMessage::LaidOver { frame, laid } => {
            if state.drawn().is_some_and(|drawn| Arc::ptr_eq(drawn, &frame)) {
                state.result_objects.laid = Some((frame, laid));
            }
        }
        ResultMessage::Read(path, object) => read(state, &path, object),
        ResultMessage::SaveTo { object, to: Some(to) } => {
            return vec![Effect::Results(ResultEffect::SaveDocument { object, to })];
        }
        ResultMessage::SaveTo { to: None, .. } => {
            notice(state, Level::Error, text!("No folder for documents could be found."), None);
        }
        ResultMessage::Saved(Ok(path)) => {
            let words = tr!("Document saved: {}", path.display());
            notice(state, Level::Info, words, Some(NoticeAction::Open(path)));
        }
        ResultMessage::Saved(Err(reason)) => {
            let words = tr!("The document was not taken out of its envelope: {reason}", reason);
            notice(state, Level::Error, words, None);
        }
    }
    Vec::new()
}

fn read(state: &mut State, path: &Path, object: Result<Arc<ReadObject>, Reason>) {
    let references = object.as_ref().map(|object| object.references()).unwrap_or_default();
    let open = state.listed_of(&references);
    let Some(window) = state.result_objects.window.as_mut().filter(|window| window.entry.path == *path) else { return };
    window.open = open;
    window.object = Some(object);
    // A report without findings begins with its content.
    if window.report().is_some_and(|report| report.findings.is_empty()) {
        window.page = ReportPage::Tree;
    }
    window.refresh();
}
