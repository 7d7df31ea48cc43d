//! What the worker is asked of the images beside the active one: their scores, and the map that is
//! on screen.
//!
//! By the model in use, and where models are chosen by themselves by the one that fits each. Asked
//! behind everything of the active image; without samples, which no view of theirs shows.

use std::sync::Arc;

use super::effect::Effect;
use super::slots;
use crate::app::state::hanging::{SlotImage, SlotIndex, SlotResults};
use crate::app::state::results::STOPPED;
use crate::app::state::{Layout, Model, Phase, State};
use crate::engine::{AnalysisOptions, BesideImage, BesideOutcome, Request};
use crate::explain::{Method, Subject};
use crate::study::Frame;

/// Asks for what is missing, unless that was asked for last.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    let shown = state.layout == Layout::Hanging
        && !state.stack.cine.is_playing()
        && matches!(state.model, Model::Ready(_) | Model::Unfit);
    let mut wanted = Vec::new();
    if shown {
        forget_outdated(state);
        let images = (0..state.hanging.grid.slots()).filter_map(|slot| state.hanging.slot(slot));
        wanted.extend(images.filter_map(|image| missing(state, image)));
    }
    if *state.hanging.asked == wanted {
        return Vec::new();
    }
    for image in state.hanging.slots.iter_mut().flatten() {
        let ready = image.ready().map(|loaded| loaded.frame.clone());
        let asked = ready.is_some_and(|frame| wanted.iter().any(|one| Arc::ptr_eq(&one.frame, &frame)));
        let results = &mut image.judged.results;
        if asked && results.phase == Phase::Idle {
            results.phase = Phase::Waiting;
        }
    }
    let images = Arc::new(wanted);
    state.hanging.asked = images.clone();
    vec![Effect::Ask(Request::Beside { images })]
}

/// The reader wants no more of what takes its time.
pub(super) fn stop(state: &mut State) {
    let asked = state.hanging.asked.clone();
    for BesideImage { frame, options } in asked.iter() {
        let costly = options.methods.iter().filter(|method| !method.is_instant());
        let is_it = |image: &&mut SlotImage| image.ready().is_some_and(|loaded| Arc::ptr_eq(&loaded.frame, frame));
        let Some(image) = state.hanging.slots.iter_mut().flatten().find(is_it) else { continue };
        let Some(model) = &image.judged.model else { continue };
        let layer = options.layers.first().unwrap_or(&model.manifest.target_layer);
        let stopped = costly.map(|method| (*method, method.place(layer).to_owned(), STOPPED.to_owned()));
        image.judged.results.unavailable.extend(stopped);
    }
}

/// What was found by another model, or with other settings, counts no longer.
fn forget_outdated(state: &mut State) {
    for slot in 0..state.hanging.slots.len() {
        let Some(image) = state.hanging.slot(slot) else { continue };
        let known = image.judged.model.is_some() || image.judged.choice.is_some();
        if known
            && !slots::holds(state, &image.judged)
            && let Some(image) = state.hanging.slots[slot].as_mut()
        {
            *image.judged = SlotResults::default();
        }
    }
}

/// What is not known of an image and wanted: its scores, then the map on screen.
fn missing(state: &State, image: &SlotImage) -> Option<BesideImage> {
    let frame = image.ready()?.frame.clone();
    let SlotResults { results, model, .. } = image.judged.as_ref();
    if matches!(results.phase, Phase::Refused | Phase::Unfit | Phase::Failed(_)) {
        return None;
    }
    let method = state.method;
    let same = model.as_ref().is_none_or(|model| state.is_model(model));
    let subject = if same { state.subject() } else { Subject::class(results.most_probable().unwrap_or(0)) };
    let layer = model.as_ref().map(|model| match state.layer.as_str() {
        chosen if same && !chosen.is_empty() => chosen.to_owned(),
        _ => model.manifest.target_layer.clone(),
    });
    let lacks_map = state.heat_map
        && layer.as_deref().is_none_or(|layer| {
            let place = method.place(layer);
            let known = |map: &Arc<crate::explain::Attribution>| {
                (map.method, map.subject, map.layer.as_str()) == (method, subject, place)
            };
            let given_up = |(of, at, _): &(Method, String, String)| *of == method && at == place;
            !results.attributions.iter().any(known) && !results.unavailable.iter().any(given_up)
        });
    if !results.labels.is_empty() && !lacks_map {
        return None;
    }
    // Maps that need one pass back are made of every class at once.
    let mut subjects = vec![subject];
    if method.is_instant() {
        let classes = model.as_ref().or(state.model_info()).map_or(0, |model| model.manifest.labels.len());
        let others = Subject::classes(classes).into_iter().filter(|other| *other != subject);
        subjects.extend(others);
    }
    let options = AnalysisOptions {
        methods: if lacks_map { vec![method] } else { Vec::new() },
        layers: layer.or_else(|| Some(state.layer.clone()).filter(|layer| !layer.is_empty())).into_iter().collect(),
        subjects,
        samples: 0,
        force: false,
        ..state.options.clone()
    };
    Some(BesideImage { frame, options })
}

/// The worker has judged an image beside the active one.
pub(super) fn judged(state: &mut State, frame: &Arc<Frame>, outcome: &BesideOutcome) {
    let is_it = |one: &BesideImage| Arc::ptr_eq(&one.frame, frame);
    let asked = state.hanging.asked.iter().find(|one| is_it(one)).map(|one| one.options.clone());
    state.hanging.asked = Arc::new(state.hanging.asked.iter().filter(|one| !is_it(one)).cloned().collect());
    let (automatic, options) = (state.automatic, state.options.clone());
    for slot in 0..state.hanging.slots.len() {
        let image = state.hanging.slots[slot].as_mut();
        let Some(image) = image.filter(|image| image.ready().is_some_and(|loaded| Arc::ptr_eq(&loaded.frame, frame)))
        else {
            continue;
        };
        take_in(&mut image.judged, outcome, asked.as_ref());
        (image.judged.automatic, image.judged.options) = (automatic, options.clone());
        note_seen(state, slot);
    }
}

/// Remembers that the result of an image beside the active one is in sight, if it is.
fn note_seen(state: &mut State, slot: SlotIndex) {
    let Some(image) = state.hanging.slot(slot) else { return };
    let (key, results) = ((image.entry.key(), image.index), &image.judged.results);
    if results.has_findings() && !state.keeps_hidden(&key, results) {
        state.impressions.seen.insert(key);
    }
}

fn take_in(judged: &mut SlotResults, outcome: &BesideOutcome, asked: Option<&AnalysisOptions>) {
    let results = &mut judged.results;
    match outcome {
        BesideOutcome::Analyzed { choice, model, analysis } => {
            results.phase = if analysis.scored { Phase::Finished } else { Phase::Refused };
            results.gate.clone_from(&analysis.gate);
            results.population.clone_from(&analysis.population);
            results.labels.clone_from(&analysis.labels);
            results.groups.clone_from(&analysis.groups);
            results.warnings.clone_from(&analysis.warnings);
            for map in &analysis.attributions {
                let same = (map.method, map.subject, &map.layer);
                if !results.attributions.iter().any(|known| (known.method, known.subject, &known.layer) == same) {
                    results.attributions.push(map.clone());
                }
            }
            (judged.choice, judged.model) = (Some(choice.clone()), Some(model.as_ref().clone()));
            if let Some(asked) = asked.filter(|_| analysis.scored) {
                give_up_what_did_not_come(judged, asked);
            }
        }
        BesideOutcome::Unfit { choice } => {
            results.phase = Phase::Unfit;
            judged.choice = Some(choice.clone());
        }
        BesideOutcome::Failed { reason } if results.labels.is_empty() => results.phase = Phase::Failed(reason.clone()),
        BesideOutcome::Failed { reason } => {
            let (Some(asked), Some(model)) = (asked, &judged.model) else { return };
            let layer = asked.layers.first().unwrap_or(&model.manifest.target_layer);
            let given_up = asked.methods.iter().map(|m| (*m, m.place(layer).to_owned(), reason.clone()));
            results.unavailable.extend(given_up);
        }
    }
}

/// A map that was asked for and did not come is not asked for again.
fn give_up_what_did_not_come(judged: &mut SlotResults, asked: &AnalysisOptions) {
    let Some(model) = &judged.model else { return };
    let layer = asked.layers.first().unwrap_or(&model.manifest.target_layer);
    let results = &mut judged.results;
    for method in &asked.methods {
        let place = method.place(layer);
        let came = results.attributions.iter().any(|map| map.method == *method && map.layer == place);
        if !came {
            let reason = format!("There is no {} map of {place}.", method.name());
            results.unavailable.push((*method, place.to_owned(), reason));
        }
    }
}
