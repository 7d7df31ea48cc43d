//! Another image is shown: asked for, and taken in when it is decoded.
//!
//! What is decoded already is shown at once. Else the frame before stays in the views, with its own
//! number, where it is of the same stack, so that nothing flashes; and where steps follow each
//! other faster than frames are decoded, those that come late are shown on the way.

use std::sync::Arc;
use std::time::Instant;

use super::effect::Effect;
use super::notices::{forget_image, warn_of_image};
use super::{analysis, lungs, measuring, opening_view, prefetch, result_objects, tags, what_if};
use crate::app::state::hanging::SlotResults;
use crate::app::state::stack::Laid;
use crate::app::state::{LoadedImage, Phase, Reason, ShownImage, State};
use crate::engine::Generation;
use crate::engine::lungs::LungSearch;
use crate::study::ImageEntry;

/// Shows another image: a new generation, results of the one before are dropped from here on.
pub(super) fn show(state: &mut State, entry: Arc<ImageEntry>, index: u32) -> Vec<Effect> {
    let before = state.drawn().cloned();
    let mut effects = begin(state, &entry, index);
    if let Some(loaded) = state.stack.cache.get(&entry, index) {
        effects.extend(take_in(state, loaded, None));
        return effects;
    }
    state.stack.before = before.filter(|frame| is_of_stack(state, &frame.entry));
    let presentations = prefetch::presentations(state, &entry);
    effects.push(Effect::LoadFrame { generation: state.generation, entry, index, presentations });
    effects
}

/// Shows an image that is decoded already, with what is known of it where that is all.
pub(super) fn show_again(
    state: &mut State,
    entry: &Arc<ImageEntry>,
    loaded: LoadedImage,
    known: Option<SlotResults>,
) -> Vec<Effect> {
    let mut effects = begin(state, entry, loaded.frame.index);
    keep(state, entry, &loaded);
    effects.extend(take_in(state, loaded, known));
    effects
}

/// Nothing is known yet of the image that is to come.
fn begin(state: &mut State, entry: &Arc<ImageEntry>, index: u32) -> Vec<Effect> {
    let effects = analysis::drop_results(state);
    what_if::let_go(state);
    state.options.force = false;
    state.chosen = false;
    state.cursor = None;
    if state.automatic {
        state.choice = None;
    }
    state.presentations = Arc::default();
    state.presented = None;
    forget_image(state);
    state.image = ShownImage::Loading(entry.clone(), index);
    state.stack.before = None;
    effects
}

/// Whether an image is of the stack that is looked through.
fn is_of_stack(state: &State, entry: &Arc<ImageEntry>) -> bool {
    state.stack_images().iter().any(|image| Arc::ptr_eq(image, entry))
}

/// A frame was decoded, or could not be, of the image that was asked for then.
pub(super) fn loaded(state: &mut State, generation: Generation, result: Result<LoadedImage, Reason>) -> Vec<Effect> {
    match result {
        Ok(loaded) => {
            let entry = loaded.frame.entry.clone();
            keep(state, &entry, &loaded);
            if generation == state.generation {
                return take_in(state, loaded, None);
            }
            // Late, but on the way to where the reader goes.
            if matches!(state.image, ShownImage::Loading(..))
                && state.stack.before.is_some()
                && is_of_stack(state, &entry)
            {
                lay(state, &loaded);
                state.stack.before = Some(loaded.frame);
            }
            Vec::new()
        }
        Err(reason) if generation == state.generation => {
            if let Some((entry, index)) = state.current().map(|(e, i)| (e.clone(), i)) {
                state.image = ShownImage::Failed { entry, index, reason };
            }
            state.stack.before = None;
            state.stack.cine.playing = None;
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

/// A frame was decoded ahead.
pub(super) fn prefetched(state: &mut State, entry: &Arc<ImageEntry>, loaded: LoadedImage) -> Vec<Effect> {
    keep(state, entry, &loaded);
    let awaited = match &state.image {
        ShownImage::Loading(wanted, index) => Arc::ptr_eq(wanted, entry) && *index == loaded.frame.index,
        _ => false,
    };
    if awaited { take_in(state, loaded, None) } else { Vec::new() }
}

/// Keeps a decoded frame of an image that is listed.
fn keep(state: &mut State, entry: &Arc<ImageEntry>, loaded: &LoadedImage) {
    if state.images.iter().any(|image| Arc::ptr_eq(image, entry)) {
        state.stack.cache.keep(entry, loaded.clone());
    }
}

/// The frame that was asked for is there; it is analysed, unless all is known of it.
fn take_in(state: &mut State, loaded: LoadedImage, known: Option<SlotResults>) -> Vec<Effect> {
    let playing = state.stack.cine.is_playing();
    forget_image(state);
    if !playing {
        // Who else claims its UID stands among the findings, and in the list of warnings.
        if let Err(reason) = loaded.frame.scorable() {
            warn_of_image(state, &reason.to_string());
        }
    }
    lay(state, &loaded);
    state.image = ShownImage::Ready(loaded.frame.clone());
    state.stack.before = None;
    state.presentations = loaded.presentations;
    lungs::take(state, &loaded.lungs);
    let stays = state.timing().stays(loaded.frame.index).div_f32(state.stack.cine.speed);
    let mut effects = tags::follow(state);
    if matches!(state.lungs, LungSearch::Awaited) {
        effects.push(Effect::FindLungs(loaded.frame.clone()));
    }
    effects.extend(result_objects::follow(state));
    // Hashing the pixels of every image that passes by would hold a stack up.
    if playing {
        measuring::let_go(state);
    } else {
        effects.extend(measuring::look_for(state));
    }
    if let Some(playing) = &mut state.stack.cine.playing {
        let now = Instant::now();
        playing.note(now);
        // It came late: it stays its time all the same.
        if playing.due <= now {
            playing.due = now + stays;
        }
    } else if state.stack.settles.is_some() {
        state.results.phase = Phase::Waiting;
    } else if let Some(known) = known {
        effects.extend(analysis::restore(state, known));
    } else {
        effects.extend(analysis::analyze(state));
    }
    effects.extend(prefetch::plan(state));
    effects
}

/// Lays a frame into the views.
fn lay(state: &mut State, loaded: &LoadedImage) {
    state.pyramid = loaded.pyramid.clone();
    state.color.clone_from(&loaded.color);
    state.auto_window = loaded.auto_window;
    let laid = Laid::of(&loaded.frame);
    // How another image was looked at is no way back from this one.
    if state.stack.laid.as_ref().is_none_or(|before| !laid.lies_like(before)) {
        state.history.forget_looks();
    }
    match state.stack.laid.replace(laid) {
        Some(before) => opening_view::keep_views(state, &loaded.frame, &before),
        None => opening_view::reset_views(state, &loaded.frame),
    }
}
