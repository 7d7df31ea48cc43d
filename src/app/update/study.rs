//! Carries out what is asked of the list of images: another one is shown.

use std::path::PathBuf;
use std::sync::Arc;

use super::analysis;
use super::effect::Effect;
use crate::app::command::StudyCommand;
use crate::app::state::{ShownImage, State};
use crate::study::{ImageEntry, is_presentation_state};

pub(super) fn apply(state: &mut State, command: StudyCommand) -> Vec<Effect> {
    match command {
        StudyCommand::PreviousImage => step(state, -1),
        StudyCommand::NextImage => step(state, 1),
        StudyCommand::ShowImage(entry, index) => show(state, entry, index),
        StudyCommand::Reload => reload(state),
    }
}

/// Shows another image: a new generation, results of the one before are dropped from here on.
pub(super) fn show(state: &mut State, entry: Arc<ImageEntry>, index: u32) -> Vec<Effect> {
    let mut effects = analysis::drop_results(state);
    state.image = ShownImage::Loading(entry.clone(), index);
    state.options.force = false;
    state.chosen = false;
    state.cursor = None;
    if state.automatic {
        state.choice = None;
    }
    state.presentations = Arc::default();
    state.presented = None;
    let presentations = presentations(state, &entry);
    effects.push(Effect::LoadFrame { generation: state.generation, entry, index, presentations });
    effects
}

/// The presentation states of the study; which of them are about the image, their files say.
fn presentations(state: &State, image: &ImageEntry) -> Vec<PathBuf> {
    let of_study = |one: &&Arc<ImageEntry>| one.identity.study_uid == image.identity.study_uid;
    let all = state.catalogue.images().filter(|one| is_presentation_state(&one.meta));
    all.filter(of_study).map(|one| one.path.clone()).collect()
}

/// Reads the current image from its file once more.
pub(super) fn reload(state: &mut State) -> Vec<Effect> {
    match state.current().map(|(entry, index)| (entry.clone(), index)) {
        Some((entry, index)) => show(state, entry, index),
        None => Vec::new(),
    }
}

/// The frame or image `by` places away; at the ends nothing happens.
fn step(state: &mut State, by: i64) -> Vec<Effect> {
    let Some((entry, index)) = state.current() else { return Vec::new() };
    let frame = i64::from(index) + by;
    if (0..i64::from(entry.frames)).contains(&frame) {
        let entry = entry.clone();
        return show(state, entry, frame as u32);
    }
    let at = state.images.iter().position(|e| Arc::ptr_eq(e, entry) || e.key() == entry.key());
    let next = at.and_then(|at| usize::try_from(at as i64 + by).ok()).and_then(|at| state.images.get(at)).cloned();
    match next {
        Some(entry) => {
            let index = if by < 0 { entry.frames.saturating_sub(1) } else { 0 };
            show(state, entry, index)
        }
        None => Vec::new(),
    }
}
