//! Images go into places, are decoded for them, and change hands with the active place.

use std::sync::Arc;

use super::effect::{Effect, WantedFrame};
use super::measuring_effect::MeasuringEffect;
use super::{analysis, opening_view, prefetch, show_image};
use crate::app::state::hanging::{SlotImage, SlotIndex, SlotResults};
use crate::app::state::stack::{Laid, is_stack};
use crate::app::state::{LoadedImage, Phase, Reason, Results, ShownImage, State};
use crate::study::ImageEntry;

/// Makes the image of a place the one on screen; that one goes into the place where it was. What is
/// known of either is kept.
pub(super) fn activate(state: &mut State, slot: SlotIndex) -> Vec<Effect> {
    let active = state.hanging.active;
    if slot == active || state.hanging.slot(slot).is_none() {
        return Vec::new();
    }
    state.stack.cine.playing = None;
    let (left, mut effects) = leave(state);
    state.hanging.active = slot;
    let entered = state.hanging.slots[slot].take();
    state.hanging.slots[active] = left;
    effects.extend(ask_for(state, active));
    effects.extend(entered.map(|image| enter(state, image)).unwrap_or_default());
    effects
}

/// Takes the image on screen away, with all that is known of it.
fn leave(state: &mut State) -> (Option<SlotImage>, Vec<Effect>) {
    let image = state.current().map(|(entry, index)| SlotImage::new(entry.clone(), index));
    let image = image.map(|mut image| {
        match &state.image {
            ShownImage::Ready(frame) => {
                image.image = Some(LoadedImage {
                    frame: frame.clone(),
                    pyramid: state.pyramid.clone(),
                    color: state.color.clone(),
                    lungs: Ok(state.lungs.clone()),
                    presentations: state.presentations.clone(),
                    auto_window: state.auto_window,
                });
            }
            ShownImage::Failed { reason, .. } => image.failed = Some(reason.clone()),
            ShownImage::Loading(..) | ShownImage::Nothing => {}
        }
        (image.view, image.presented) = (state.views[0], state.presented);
        (image.laid, image.at) = (state.stack.laid.clone(), state.measuring.at.clone());
        let results = &state.results;
        if results.finished.is_some() || results.phase == Phase::Unfit {
            let results = Results { explaining: None, rough: Vec::new(), study: None, ..results.clone() };
            *image.judged = SlotResults {
                results,
                model: state.model_info().cloned(),
                choice: state.choice.clone(),
                automatic: state.automatic,
                options: state.options.clone(),
            };
        }
        image
    });
    (image, analysis::drop_results(state))
}

/// Shows the image of a place as it was there.
fn enter(state: &mut State, image: SlotImage) -> Vec<Effect> {
    // The class that is looked at stays: it is what both are compared by.
    let same = image.judged.model.as_ref().is_some_and(|model| state.is_model(model));
    let chosen = state.chosen || same;
    let whole = image.judged.results.finished.is_some() || image.judged.results.phase == Phase::Unfit;
    let kept = Some(image.judged.as_ref()).filter(|judged| whole && holds(state, judged)).cloned();
    let ready = image.ready().cloned();
    let SlotImage { entry, index, view, laid, presented, .. } = image;
    state.views.fill(view);
    state.stack.laid = laid;
    (state.stack.settles, state.stack.before) = (None, None);
    let effects = match ready {
        Some(loaded) => {
            let effects = show_image::show_again(state, &entry, loaded, kept);
            // As it lay, and not as the next image of a series would.
            state.views.fill(view);
            state.presented = presented;
            effects
        }
        None => show_image::show(state, entry, index),
    };
    state.chosen = chosen;
    effects
}

/// Whether what is known of an image was asked for as it would be now.
pub(super) fn holds(state: &State, judged: &SlotResults) -> bool {
    let named = || judged.model.as_ref().is_some_and(|model| state.is_model(model));
    let alike = |force| judged.options == crate::engine::AnalysisOptions { force, ..state.options.clone() };
    judged.automatic == state.automatic && (state.automatic || named()) && alike(judged.options.force)
}

/// An image comes into a place.
pub(super) fn put(state: &mut State, slot: SlotIndex, entry: Arc<ImageEntry>, index: u32) -> Vec<Effect> {
    if slot >= state.hanging.slots.len() {
        return Vec::new();
    }
    state.hanging.target = state.hanging.target.filter(|target| *target != slot);
    if slot == state.hanging.active {
        state.stack.settles = None;
        state.stack.cine.playing = None;
        return show_image::show(state, entry, index);
    }
    state.hanging.slots[slot] = Some(SlotImage::new(entry, index));
    ask_for(state, slot)
}

/// So many images on or back in the stack of a place that is not active; the ends are kept.
pub(super) fn scroll(state: &mut State, slot: SlotIndex, by: i64) -> Vec<Effect> {
    let Some(image) = state.hanging.slot(slot) else { return Vec::new() };
    let places = stack(state, &image.entry);
    let is_here = |(entry, index): &(Arc<ImageEntry>, u32)| Arc::ptr_eq(entry, &image.entry) && *index == image.index;
    let Some(at) = places.iter().position(is_here) else { return Vec::new() };
    let to = (at as i64).saturating_add(by).clamp(0, places.len() as i64 - 1) as usize;
    let (entry, index) = places[to].clone();
    if to == at {
        return Vec::new();
    }
    turn_to(state, slot, entry, index)
}

/// Another image of the stack of a place that is not active.
pub(super) fn turn_to(state: &mut State, slot: SlotIndex, entry: Arc<ImageEntry>, index: u32) -> Vec<Effect> {
    if let Some(image) = state.hanging.slots[slot].as_mut() {
        (image.entry, image.index, image.failed) = (entry, index, None);
    }
    ask_for(state, slot)
}

/// The images of a series with their frames, or those of one image.
pub(super) fn stack(state: &State, entry: &Arc<ImageEntry>) -> Vec<(Arc<ImageEntry>, u32)> {
    let series = state.series_of(entry).filter(|series| is_stack(series));
    let images = series.map_or(std::slice::from_ref(entry), |series| series.images.as_slice());
    let with_pixels = images.iter().filter(|image| image.has_pixels);
    with_pixels.flat_map(|image| (0..image.frames).map(move |index| (image.clone(), index))).collect()
}

/// Has the image of a place decoded, unless it is there.
pub(super) fn ask_for(state: &mut State, slot: SlotIndex) -> Vec<Effect> {
    let Some(image) = state.hanging.slot(slot) else { return Vec::new() };
    let is_there = image.ready().is_some_and(|loaded| is_of(image, loaded));
    if is_there || image.failed.is_some() {
        return Vec::new();
    }
    let (entry, index) = (image.entry.clone(), image.index);
    if let Some(loaded) = state.stack.cache.get(&entry, index) {
        return take(state, slot, loaded);
    }
    state.hanging.serial += 1;
    let serial = state.hanging.serial;
    let presentations = prefetch::presentations(state, &entry).into();
    if let Some(image) = state.hanging.slots[slot].as_mut() {
        image.waits = Some(serial);
    }
    vec![Effect::LoadSlot { slot, serial, wanted: WantedFrame { entry, index, presentations } }]
}

fn is_of(image: &SlotImage, loaded: &LoadedImage) -> bool {
    loaded.frame.index == image.index && loaded.frame.entry.key() == image.entry.key()
}

/// A frame was decoded for a place, or could not be; one that nobody waits for any more is only kept.
pub(super) fn loaded(
    state: &mut State,
    serial: u64,
    entry: &Arc<ImageEntry>,
    result: Result<Box<LoadedImage>, Reason>,
) -> Vec<Effect> {
    if let Ok(loaded) = &result
        && state.images.iter().any(|image| Arc::ptr_eq(image, entry))
    {
        state.stack.cache.keep(entry, loaded.as_ref().clone());
    }
    let waits = |image: &Option<SlotImage>| image.as_ref().is_some_and(|image| image.waits == Some(serial));
    let Some(slot) = state.hanging.slots.iter().position(waits) else { return Vec::new() };
    match result {
        Ok(loaded) => take(state, slot, *loaded),
        Err(reason) => {
            if let Some(image) = state.hanging.slots[slot].as_mut() {
                (image.image, image.waits, image.failed) = (None, None, Some(reason));
            }
            Vec::new()
        }
    }
}

/// The decoded image of a place: laid as the one before it in its series, or as it opens.
fn take(state: &mut State, slot: SlotIndex, loaded: LoadedImage) -> Vec<Effect> {
    let Some(image) = state.hanging.slots[slot].as_mut() else { return Vec::new() };
    let before = image.laid.replace(Laid::of(&loaded.frame));
    image.view = opening_view::laid(image.view, before.as_ref(), loaded.auto_window, &loaded.frame);
    (image.presented, image.at, image.waits, image.failed) = (None, None, None, None);
    *image.judged = SlotResults::default();
    let (key, frame) = ((image.entry.key(), image.index), loaded.frame.clone());
    image.image = Some(loaded);
    vec![Effect::Measure(MeasuringEffect::FindBeside { image: key, frame })]
}
