//! The views as an image file: asked for, written, told of.

use std::path::PathBuf;

use super::effect::Effect;
use super::notices::notice;
use crate::app::state::view_capture::{Texts, ViewCapture};
use crate::app::state::{Level, NoticeAction, Reason, State};
use crate::language::{text, tr};

/// Has the views written, into a folder that is asked for first where there is none.
pub(super) fn begin(state: &mut State, texts: Texts) -> Vec<Effect> {
    if matches!(state.view_capture, ViewCapture::Running(_)) {
        return Vec::new();
    }
    if state.drawn().is_none() || state.training.open {
        notice(state, Level::Info, text!("There is no view to save: open an image first."), None);
        return Vec::new();
    }
    let Some(folder) = state.preferences.report_folder.clone() else {
        state.view_capture = ViewCapture::FolderAwaited(texts);
        return vec![Effect::AskForReportFolder];
    };
    state.view_capture = ViewCapture::Running(texts);
    vec![Effect::CaptureView { folder }]
}

/// A folder was chosen; yields what waited for it.
pub(super) fn folder_chosen(state: &mut State) -> Vec<Effect> {
    match std::mem::take(&mut state.view_capture) {
        ViewCapture::FolderAwaited(texts) => begin(state, texts),
        other => {
            state.view_capture = other;
            Vec::new()
        }
    }
}

/// No folder was chosen.
pub(super) fn give_up(state: &mut State) {
    if matches!(state.view_capture, ViewCapture::FolderAwaited(_)) {
        state.view_capture = ViewCapture::Idle;
    }
}

/// The file is there, or why it is not.
pub(super) fn written(state: &mut State, result: Result<PathBuf, Reason>) {
    let without = state.view_capture == ViewCapture::Running(Texts::WithoutPatient);
    state.view_capture = ViewCapture::Idle;
    let path = match result {
        Ok(path) => path,
        Err(reason) => {
            let words = tr!("The view could not be saved: {reason}", reason);
            return notice(state, Level::Error, words, Some(NoticeAction::ChooseReportFolder));
        }
    };
    let saved = tr!("View saved: {}", path.display());
    // Pixels cannot be known to be without words.
    let words = if without {
        format!("{saved}\n{}", text!("Text that is burned into the image stays in it: look before you pass it on."))
    } else {
        saved
    };
    notice(state, Level::Info, words, Some(NoticeAction::Open(path)));
}
