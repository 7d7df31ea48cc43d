//! The analysis of the image on screen: begun, dropped, stopped, and the model that is to make it.

use std::sync::Arc;

use super::effect::Effect;
use super::{map_requests, study_scoring, what_if};
use crate::app::state::hanging::SlotResults;
use crate::app::state::{Model, Phase, Results, State};
use crate::engine::model_selection::choice::Choice;
use crate::engine::{AnalysisOptions, ModelInfo, Request};
use crate::model::registry;

/// Analyses the image on screen, from nothing; in a study only what the arm shows.
pub(super) fn analyze(state: &mut State) -> Vec<Effect> {
    let Some(frame) = state.frame().cloned() else { return Vec::new() };
    let mut effects = drop_results(state);
    if !state.may_ask_model() {
        return effects;
    }
    state.results.phase = Phase::Waiting;
    // Another image may find a model that fits.
    if matches!(state.model, Model::Ready(_) | Model::Unfit) {
        // Without a name it is the target layer of whichever model will be chosen.
        let known = state.model_info().filter(|_| !state.automatic);
        let layers = known.map(|info| info.manifest.target_layer.clone()).into_iter().collect();
        let mut options = AnalysisOptions { layers, ..state.options.clone() };
        if !state.may_ask_for_maps() {
            options.methods.clear();
        }
        effects.push(Effect::Ask(Request::Analyze { generation: state.generation, frame, options }));
    }
    effects
}

/// Begins a new generation: what is still under way for the one before is dropped when it arrives.
pub(super) fn drop_results(state: &mut State) -> Vec<Effect> {
    let running = state.busy() || state.results.explaining.is_some();
    let mut effects = study_scoring::stop(state);
    state.generation += 1;
    state.results = Results::default();
    what_if::forget_answer(state);
    effects.extend(running.then_some(Effect::CancelAnalysis));
    effects
}

/// Takes up again all that was found of the image on screen when it was here before.
pub(super) fn restore(state: &mut State, known: SlotResults) -> Vec<Effect> {
    let SlotResults { results, model, choice, options, .. } = known;
    state.results = results;
    state.options.force = options.force;
    match model {
        Some(model) => take_model(state, model),
        None => state.model = Model::Unfit,
    }
    state.choice = choice;
    study_scoring::begin(state)
}

/// Stops the analysis, or the explanation that follows it.
pub(super) fn cancel(state: &mut State) -> Vec<Effect> {
    if state.busy() { vec![Effect::CancelAnalysis] } else { map_requests::stop(state) }
}

/// This model from now on, by its name or its folder.
pub(super) fn choose_model(state: &mut State, name: String) -> Vec<Effect> {
    (state.automatic, state.choice) = (false, Some(Arc::new(Choice::by_hand(&name))));
    load_model(state, name.clone(), Request::LoadModel { name })
}

/// The model that fits, for each image.
pub(super) fn choose_automatically(state: &mut State) -> Vec<Effect> {
    (state.automatic, state.choice) = (true, None);
    let first = registry::DEFAULT.to_owned();
    load_model(state, first.clone(), Request::Automatic { first })
}

fn load_model(state: &mut State, name: String, request: Request) -> Vec<Effect> {
    let mut effects = drop_results(state);
    if state.frame().is_some() {
        state.results.phase = Phase::Waiting;
    }
    state.ticked.clear();
    state.selected_group = None;
    state.chosen = false;
    state.layer.clear();
    state.model = Model::Loading { name };
    effects.push(Effect::Ask(request));
    effects
}

/// The model that judges from here on; what the reader chose among the classes of another one is
/// forgotten.
pub(super) fn take_model(state: &mut State, info: ModelInfo) {
    let classes = info.manifest.labels.len();
    if state.model_info().is_some_and(|before| before.sha256 != info.sha256) {
        state.selected = 0;
        state.selected_group = None;
        state.chosen = false;
        state.ticked.clear();
    }
    if !info.layers.contains(&state.layer) {
        state.layer.clear();
    }
    state.model = Model::Ready(info);
    if state.selected >= classes {
        state.selected = 0;
    }
    state.ticked.retain(|c| *c < classes);
}
