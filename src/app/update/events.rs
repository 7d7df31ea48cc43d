//! Takes in what the engine reports. Late events, of an image that is no longer open, are dropped
//! here.

use std::sync::Arc;

use super::analysis::{analyze, take_model};
use super::effect::Effect;
use super::impression::note_seen;
use super::notices::notice;
use super::{arrived_maps, beside, map_requests, study_scoring, what_if, worklist};
use crate::app::state::{Level, Model, NoticeAction, Phase, State};
use crate::engine::model_selection::choice::Choice;
use crate::engine::progress::Progress;
use crate::engine::{Analysis, Event, Generation, ModelInfo, Score};
use crate::language::tr;

/// Takes in what the engine reports.
pub(super) fn on_event(state: &mut State, event: Event) -> Vec<Effect> {
    let effects = take_in(state, event);
    note_seen(state);
    effects
}

fn take_in(state: &mut State, event: Event) -> Vec<Effect> {
    if generation(&event).is_some_and(|g| g != state.generation) {
        return Vec::new();
    }
    // After the result, the maps of the other layers follow under the same generation.
    let follows = state.results.finished.is_some();
    match event {
        Event::Started { .. }
        | Event::Chosen { .. }
        | Event::Progress {
            progress: Progress::Gated(_) | Progress::Scored { .. } | Progress::Sampled { .. }, ..
        }
        | Event::Finished { .. }
        | Event::Unfit { .. }
        | Event::Cancelled { .. }
        | Event::Failed { .. }
            if follows => {}
        Event::ModelReady(info) => return model_ready(state, info),
        Event::ModelFailed { name, reason } => {
            if matches!(state.results.phase, Phase::Waiting | Phase::Running) {
                state.results.phase = Phase::Failed(reason.clone());
            }
            notice(
                state,
                Level::Error,
                tr!("The model {name} could not be loaded: {reason}", name, reason),
                Some(NoticeAction::Retry),
            );
            state.model = Model::Failed { name, reason };
        }
        Event::Beside { frame, outcome } => beside::judged(state, &frame, &outcome),
        Event::Started { .. } => state.results.phase = Phase::Running,
        Event::Chosen { choice, model, .. } => {
            state.choice = Some(choice);
            state.stack.mapless &= model.is_none();
            match model {
                Some(info) => take_model(state, info),
                None => state.model = Model::Unfit,
            }
        }
        Event::Unfit { .. } => (state.results.phase, state.stack.mapless) = (Phase::Unfit, true),
        Event::Progress { progress, .. } => progressed(state, progress),
        Event::ExplanationDone { .. } => return map_requests::explained(state),
        Event::ExplanationFailed { reason, .. } => return map_requests::not_explained(state, reason),
        Event::WhatIfDone { number, failure, .. } => return what_if::done(state, number, failure),
        Event::Finished { analysis, .. } => return finished(state, &analysis),
        Event::Cancelled { .. } => state.results.phase = Phase::Cancelled,
        Event::Failed { reason, .. } => state.results.phase = Phase::Failed(reason),
    }
    Vec::new()
}

/// Takes in what a running computation has found.
fn progressed(state: &mut State, progress: Progress) {
    match progress {
        Progress::Gated(verdict) => {
            state.stack.mapless &= !verdict.accepted;
            state.results.gate = Some(verdict);
        }
        Progress::Scored { labels, groups, population } => {
            state.results.population = population;
            choose_for_reader(state, &labels);
            state.results.labels = labels;
            state.results.groups = groups;
        }
        Progress::Maps(maps) => arrived_maps::keep(state, maps),
        Progress::Refined(maps) => arrived_maps::keep_rough(state, maps),
        Progress::Step { what, done, of } => {
            if let Some(explaining) = &mut state.results.explaining {
                explaining.step = Some((what, done, of));
            }
        }
        Progress::Stability(stability) => arrived_maps::keep_stability(state, stability),
        Progress::Faithfulness(measured) => arrived_maps::keep_faithfulness(state, measured),
        Progress::Sampled { done, of, posterior } => {
            state.results.samples_done = done;
            state.results.samples_of = of;
            state.results.posterior = Some(posterior);
        }
        Progress::Similar(similar) => state.results.similar = Some(similar),
        Progress::WhatIf(answer) => what_if::answered(state, answer),
        Progress::Study { done, .. } => study_scoring::progressed(state, done),
        Progress::StudyJudged(members) => study_scoring::judged(state, members),
    }
}

fn generation(event: &Event) -> Option<Generation> {
    match event {
        Event::ModelReady(_) | Event::ModelFailed { .. } | Event::Beside { .. } => None,
        Event::Started { generation }
        | Event::Chosen { generation, .. }
        | Event::Unfit { generation }
        | Event::Progress { generation, .. }
        | Event::ExplanationDone { generation }
        | Event::ExplanationFailed { generation, .. }
        | Event::WhatIfDone { generation, .. }
        | Event::Finished { generation, .. }
        | Event::Cancelled { generation }
        | Event::Failed { generation, .. } => Some(*generation),
    }
}

fn model_ready(state: &mut State, info: ModelInfo) -> Vec<Effect> {
    if !state.automatic {
        // It may have been named by its folder.
        state.choice = Some(Arc::new(Choice::by_hand(&info.manifest.name)));
    }
    if let Model::Loading { name } = &state.model {
        let (own, name) = (info.manifest.name.clone(), name.clone());
        state.model_changes.opened_as.insert(own, name);
    }
    take_model(state, info);
    analyze(state)
}

/// Until the reader chooses, the most probable class is the one on screen.
fn choose_for_reader(state: &mut State, labels: &[Score]) {
    if state.chosen {
        return;
    }
    let best = labels.iter().enumerate().max_by(|a, b| a.1.probability.total_cmp(&b.1.probability));
    if let Some((class, _)) = best {
        state.selected = class;
    }
}

fn finished(state: &mut State, analysis: &Arc<Analysis>) -> Vec<Effect> {
    let results = &mut state.results;
    results.gate.clone_from(&analysis.gate);
    results.population.clone_from(&analysis.population);
    results.labels.clone_from(&analysis.labels);
    results.groups.clone_from(&analysis.groups);
    results.attributions.clone_from(&analysis.attributions);
    results.posterior.clone_from(&analysis.posterior);
    results.samples_done = analysis.posterior.as_ref().map_or(0, |p| p.samples.len());
    results.samples_of = results.samples_done;
    results.timing = analysis.timing;
    results.warnings.clone_from(&analysis.warnings);
    results.phase = if analysis.scored { Phase::Finished } else { Phase::Refused };
    results.finished = Some(analysis.clone());
    state.stack.mapless = !analysis.scored;
    choose_for_reader(state, &analysis.labels);
    worklist::record(state, analysis);
    let mut effects = if analysis.scored { map_requests::explain_more(state) } else { Vec::new() };
    effects.extend(study_scoring::begin(state));
    effects.extend(what_if::look(state));
    effects
}
