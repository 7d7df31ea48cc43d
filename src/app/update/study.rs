//! Carries out what is asked of the list of images and of the stack: another image is shown.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::effect::Effect;
use super::notices::notice;
use super::{analysis, cine, linked_stacks, show_image, slots};
use crate::app::command::StudyCommand;
use crate::app::command::palette::availability::no_key_image;
use crate::app::state::hanging::Follows;
use crate::app::state::stack::is_stack;
use crate::app::state::{Layout, Level, State};
use crate::study::ImageEntry;

/// A step that follows another one within this time is one of many.
const HURRY: Duration = Duration::from_millis(300);
/// After the last of many steps the image is analysed once this time has passed.
const SETTLE: Duration = Duration::from_millis(200);

pub(super) fn apply(state: &mut State, command: StudyCommand) -> Vec<Effect> {
    use StudyCommand as S;
    match command {
        S::TogglePlay => return cine::toggle(state),
        S::Faster | S::Slower => {
            state.stack.cine.speed = state.stack.cine.next_speed(command == S::Faster);
            return Vec::new();
        }
        S::SetSpeed(speed) => {
            if speed.is_finite() && speed > 0.0 {
                state.stack.cine.speed = speed.clamp(0.01, 100.0);
            }
            return Vec::new();
        }
        _ => {}
    }
    let was_playing = state.stack.cine.playing.take().is_some();
    let mut effects = match command {
        S::PreviousImage => step(state, -1),
        S::NextImage => step(state, 1),
        S::FirstImage => go_to(state, 0),
        S::LastImage => go_to(state, usize::MAX),
        S::PreviousKeyImage => step_key_image(state, true),
        S::NextKeyImage => step_key_image(state, false),
        S::PreviousSeries => step_series(state, -1),
        S::NextSeries => step_series(state, 1),
        S::Scroll(by) => scroll(state, by),
        S::GoTo(at) => go_to(state, at),
        S::ShowImage(entry, index) if state.layout == Layout::Hanging && state.hanging.target.is_some() => {
            state.hanging.follows = Follows::Nothing;
            let slot = state.hanging.target.take().unwrap_or(state.hanging.active);
            slots::put(state, slot, entry, index)
        }
        S::ShowImage(entry, index) => {
            state.stack.settles = None;
            show_image::show(state, entry, index)
        }
        S::Reload => reload(state),
        S::TogglePlay | S::Faster | S::Slower | S::SetSpeed(_) => Vec::new(),
    };
    if was_playing && effects.is_empty() {
        effects.extend(analysis::analyze(state));
    }
    effects
}

/// Reads the current image from its file once more, and shows it as it opens.
pub(super) fn reload(state: &mut State) -> Vec<Effect> {
    let Some((entry, index)) = state.current().map(|(entry, index)| (entry.clone(), index)) else { return Vec::new() };
    state.stack.cache.forget(&entry, index);
    (state.stack.laid, state.stack.settles) = (None, None);
    show_image::show(state, entry, index)
}

/// The frame or image `by` places away in the list; at its ends nothing happens.
fn step(state: &mut State, by: i64) -> Vec<Effect> {
    let Some((entry, index)) = state.current() else { return Vec::new() };
    let frame = i64::from(index) + by;
    if (0..i64::from(entry.frames)).contains(&frame) {
        let entry = entry.clone();
        return show_next(state, entry, frame as u32, by);
    }
    let at = state.place_in_list().map(|place| place - 1);
    let next = at.and_then(|at| usize::try_from(at as i64 + by).ok()).and_then(|at| state.images.get(at)).cloned();
    match next {
        Some(entry) => {
            let index = if by < 0 { entry.frames.saturating_sub(1) } else { 0 };
            show_next(state, entry, index, by)
        }
        None => Vec::new(),
    }
}

/// The first image of the next or the last series with pixels; images that belong to no stack are
/// each a series of their own.
fn step_series(state: &mut State, by: i64) -> Vec<Effect> {
    let Some((entry, _)) = state.current() else { return Vec::new() };
    let studies = state.catalogue.patients.iter().flat_map(|patient| &patient.studies);
    let mut rows: Vec<Arc<ImageEntry>> = Vec::new();
    let mut at = None;
    for series in studies.flat_map(|study| &study.series) {
        let images = series.images.iter().filter(|image| image.has_pixels);
        let together = is_stack(series);
        for (place, image) in images.enumerate() {
            if !together || place == 0 {
                rows.push(image.clone());
            }
            if Arc::ptr_eq(image, entry) {
                at = Some(rows.len() - 1);
            }
        }
    }
    let next = at.and_then(|at| usize::try_from(at as i64 + by).ok()).and_then(|at| rows.get(at)).cloned();
    next.map_or_else(Vec::new, |entry| show_next(state, entry, 0, by))
}

/// The next key image of the study, or the one before.
fn step_key_image(state: &mut State, back: bool) -> Vec<Effect> {
    if let Some((entry, index)) = state.next_key_image(back) {
        return show_next(state, entry, index, if back { -1 } else { 1 });
    }
    if let Some(why) = no_key_image(state, back).filter(|_| state.current().is_some()) {
        notice(state, Level::Info, format!("{why}."), None);
    }
    Vec::new()
}

/// So many places on in the stack, at most to its ends.
fn scroll(state: &mut State, by: i64) -> Vec<Effect> {
    let Some(position) = state.stack_position() else { return Vec::new() };
    let to = (position.at as i64).saturating_add(by).max(0);
    go_to(state, usize::try_from(to).unwrap_or(usize::MAX))
}

/// To a place of the stack.
fn go_to(state: &mut State, to: usize) -> Vec<Effect> {
    let Some(position) = state.stack_position() else { return Vec::new() };
    let to = to.min(position.of - 1);
    if to == position.at {
        return Vec::new();
    }
    let by = if to > position.at { 1 } else { -1 };
    let Some((entry, index)) = state.stack_at(to) else { return Vec::new() };
    show_next(state, entry, index, by)
}

/// Shows an image that was reached by a step; of many steps only the last one is analysed.
fn show_next(state: &mut State, entry: Arc<ImageEntry>, index: u32, heading: i64) -> Vec<Effect> {
    let now = Instant::now();
    let hurried = state.stack.stepped.replace(now).is_some_and(|before| now.duration_since(before) < HURRY);
    state.stack.heading = heading;
    state.stack.settles = hurried.then(|| now + SETTLE);
    let mut effects = show_image::show(state, entry, index);
    effects.extend(linked_stacks::follow(state, state.hanging.active));
    effects
}

/// What was asked for by steps has come to rest: it is analysed. Yields the time until then.
pub(super) fn settle(state: &mut State, now: Instant) -> (Vec<Effect>, Option<Duration>) {
    let Some(due) = state.stack.settles else { return (Vec::new(), None) };
    if now < due {
        return (Vec::new(), Some(due - now));
    }
    state.stack.settles = None;
    // What is not decoded yet is analysed when it comes.
    (analysis::analyze(state), None)
}
