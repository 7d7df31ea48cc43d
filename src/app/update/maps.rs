//! Carries out what is asked of the maps: which method, which stage, which differences, and in
//! which style.

use std::sync::Arc;

use super::effect::Effect;
use super::preferences;
use crate::app::command::MapCommand;
use crate::app::state::display_options::{Contrast, MOST_METHODS, Stability, USUAL_METHODS};
use crate::app::state::{MOST_PANES, State};
use crate::engine::Analysis;
use crate::explain::{Attribution, Method};
use crate::imaging::overlay::OverlayStyle;

pub(super) fn apply(state: &mut State, command: MapCommand) -> Vec<Effect> {
    use MapCommand as M;
    match command {
        M::SelectGroup(group) => {
            if group < state.groups().len() {
                state.selected_group = Some(group);
                state.chosen = true;
                state.heat_map = true;
            }
        }
        M::ChoosePane(pane) => state.display.pointed = pane,
        M::TickMethod(method) => return tick(state, method),
        M::UsualMethods => return preferences::change(state, |p| p.methods = USUAL_METHODS.to_vec()),
        M::TryAgain(method) => try_again(state, method),
        M::FinerStage => step_stage(state, -1),
        M::CoarserStage => step_stage(state, 1),
        M::SetContrast(contrast) => state.display.contrast = contrast,
        M::ToggleContrast => {
            state.display.contrast = match state.display.contrast {
                Contrast::Maps => Contrast::Scores,
                Contrast::Scores => Contrast::Maps,
            };
        }
        M::ToggleSameDisplay => {
            // Nothing jumps: each view begins with the style of all, and all take on that of the
            // view in hand.
            if state.preferences.same_display {
                state.display.styles = vec![state.preferences.overlay.clone(); MOST_PANES];
            } else {
                state.preferences.overlay = state.overlay().clone();
            }
            return preferences::change(state, |p| p.same_display ^= true);
        }
        M::ToggleSuperpixels => return preferences::change(state, |p| p.superpixels ^= true),
        M::SetStability(stability) => set_stability(state, stability),
        M::NextStability => {
            let at = Stability::ALL.iter().position(|s| *s == state.display.stability).unwrap_or(0);
            set_stability(state, Stability::ALL[(at + 1) % Stability::ALL.len()]);
        }
    }
    Vec::new()
}

/// Takes another method; one that could not be had, or was stopped, is tried again.
pub(super) fn choose(state: &mut State, method: Method) {
    state.method = method;
    try_again(state, method);
}

/// The next of the methods that cost next to nothing and can be had.
pub(super) fn choose_next(state: &mut State) {
    let quick: Vec<Method> =
        Method::ALL.into_iter().filter(|m| m.is_instant() && state.impossible(*m).is_none()).collect();
    let at = quick.iter().position(|m| *m == state.method);
    let next = at.map_or(0, |at| (at + 1) % quick.len().max(1));
    if let Some(method) = quick.get(next) {
        choose(state, *method);
    }
}

/// Changes the style of the view in hand, or of all.
pub(super) fn style(state: &mut State, change: impl FnOnce(&mut OverlayStyle)) -> Vec<Effect> {
    if state.preferences.same_display {
        return preferences::change(state, |p| change(&mut p.overlay));
    }
    let pane = state.pointed();
    if let Some(style) = state.display.styles.get_mut(pane) {
        change(style);
    }
    Vec::new()
}

fn try_again(state: &mut State, method: Method) {
    state.results.unavailable.retain(|(m, _, _)| *m != method);
    for image in state.hanging.slots.iter_mut().flatten() {
        image.judged.results.unavailable.retain(|(m, _, _)| *m != method);
    }
}

fn tick(state: &mut State, method: Method) -> Vec<Effect> {
    let methods = &mut state.preferences.methods;
    match methods.iter().position(|m| *m == method) {
        Some(at) => drop(methods.remove(at)),
        None if methods.len() < MOST_METHODS => {
            methods.push(method);
            try_again(state, method);
        }
        None => {}
    }
    vec![Effect::SavePreferences]
}

fn step_stage(state: &mut State, by: i64) {
    let Some(at) = state.stage() else { return };
    let next = usize::try_from(at as i64 + by).ok();
    let layers = state.model_info().map(|info| info.layers.as_slice()).unwrap_or_default();
    if let Some(layer) = next.and_then(|next| layers.get(next)).cloned() {
        state.layer = layer;
    }
}

fn set_stability(state: &mut State, stability: Stability) {
    state.display.stability = stability;
    // What was stopped may be asked for again.
    state.results.no_stability.clear();
}

/// The analysis with the maps of the chosen method and layer where they came after the rest; the
/// report names both.
pub(super) fn with_later_maps(state: &State, finished: &Arc<Analysis>, layer: &String) -> Arc<Analysis> {
    let method = state.method;
    if finished.options.layers.contains(layer) && finished.options.methods.contains(&method) {
        return finished.clone();
    }
    let mut whole = Analysis::clone(finished);
    let later = |a: &&Arc<Attribution>| a.layer == *layer || (a.method == method && a.layer == method.place(layer));
    for map in state.results.attributions.iter().filter(later) {
        if !whole.attributions.iter().any(|known| Arc::ptr_eq(known, map)) {
            whole.attributions.push(map.clone());
        }
    }
    if !whole.options.layers.contains(layer) {
        whole.options.layers.push(layer.clone());
    }
    if !whole.options.methods.contains(&method) {
        whole.options.methods.push(method);
    }
    Arc::new(whole)
}
