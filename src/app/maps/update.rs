//! Carries out what a reader does with the maps.

use std::sync::Arc;

use crate::engine::Analysis;
use crate::explain::{Attribution, Method};
use crate::imaging::overlay::OverlayStyle;

use super::super::effect::Effect;
use super::super::state::{MOST_PANES, State};
use super::command::MapCommand;
use super::looks::{Contrast, METHODS, MOST_METHODS, Stability};

/// Carries out a command.
pub(in crate::app) fn apply(state: &mut State, command: MapCommand) -> Vec<Effect> {
    use MapCommand as M;
    match command {
        M::SelectGroup(group) => {
            if group < state.groups().len() {
                state.selected_group = Some(group);
                state.chosen = true;
                state.heat_map = true;
            }
        }
        M::ChoosePane(pane) => state.looks.pointed = pane,
        M::TickMethod(method) => return tick(state, method),
        M::UsualMethods => {
            state.settings.methods = METHODS.to_vec();
            return vec![Effect::SaveSettings];
        }
        M::TryAgain(method) => try_again(state, method),
        M::FinerStage => step_stage(state, -1),
        M::CoarserStage => step_stage(state, 1),
        M::SetContrast(contrast) => state.looks.contrast = contrast,
        M::ToggleContrast => {
            state.looks.contrast = match state.looks.contrast {
                Contrast::Maps => Contrast::Scores,
                Contrast::Scores => Contrast::Maps,
            };
        }
        M::ToggleSameLooks => {
            // Nothing jumps: each view begins with the looks of all, and all take on those of the view in hand.
            if state.settings.same_looks {
                state.looks.styles = vec![state.settings.overlay.clone(); MOST_PANES];
            } else {
                state.settings.overlay = state.overlay().clone();
            }
            state.settings.same_looks ^= true;
            return vec![Effect::SaveSettings];
        }
        M::ToggleSuperpixels => {
            state.settings.superpixels ^= true;
            return vec![Effect::SaveSettings];
        }
        M::SetStability(stability) => set_stability(state, stability),
        M::NextStability => {
            let at = Stability::ALL.iter().position(|s| *s == state.looks.stability).unwrap_or(0);
            set_stability(state, Stability::ALL[(at + 1) % Stability::ALL.len()]);
        }
    }
    Vec::new()
}

/// Takes another method; one that could not be had, or was stopped, is tried again.
pub(in crate::app) fn choose(state: &mut State, method: Method) {
    state.method = method;
    try_again(state, method);
}

/// The next of the methods that cost next to nothing and can be had.
pub(in crate::app) fn choose_next(state: &mut State) {
    let quick: Vec<Method> =
        Method::ALL.into_iter().filter(|m| m.is_instant() && state.impossible(*m).is_none()).collect();
    let at = quick.iter().position(|m| *m == state.method);
    let next = at.map_or(0, |at| (at + 1) % quick.len().max(1));
    if let Some(method) = quick.get(next) {
        choose(state, *method);
    }
}

/// Changes the looks of the view in hand, or of all.
pub(in crate::app) fn style(state: &mut State, change: impl FnOnce(&mut OverlayStyle)) -> Vec<Effect> {
    if state.settings.same_looks {
        change(&mut state.settings.overlay);
        return vec![Effect::SaveSettings];
    }
    let pane = state.pointed();
    if let Some(style) = state.looks.styles.get_mut(pane) {
        change(style);
    }
    Vec::new()
}

fn try_again(state: &mut State, method: Method) {
    state.results.unavailable.retain(|(m, _, _)| *m != method);
}

fn tick(state: &mut State, method: Method) -> Vec<Effect> {
    let methods = &mut state.settings.methods;
    match methods.iter().position(|m| *m == method) {
        Some(at) => drop(methods.remove(at)),
        None if methods.len() < MOST_METHODS => {
            methods.push(method);
            try_again(state, method);
        }
        None => {}
    }
    vec![Effect::SaveSettings]
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
    state.looks.stability = stability;
    // What was stopped may be asked for again.
    state.results.no_spread.clear();
}

/// The analysis with the maps of the chosen method and layer where they came after the rest; the report names both.
pub(in crate::app) fn with_later_maps(state: &State, finished: &Arc<Analysis>, layer: &String) -> Arc<Analysis> {
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
