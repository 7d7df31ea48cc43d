//! Which maps the screen wants and does not have: the only place that asks the worker for more of
//! an image that was analysed.
//!
//! What is on screen comes first: all that costs next to nothing together, then its stability, then
//! one costly method after the other; then, while its panel is open, the faithfulness of the shown
//! map. When all of it is there, the cheap methods on screen are made for every other layer too,
//! the nearest first: choosing a layer is then a matter of colour. What runs is let run while it is
//! wanted, unless something cheap can be had before it.

use std::collections::HashSet;

use super::effect::Effect;
use super::{faithfulness, stability};
use crate::app::state::map_key::MapKey;
use crate::app::state::results::{EVALUATION_STOPPED, STOPPED};
use crate::app::state::{Content, Explaining, Model, ShownImage, State};
use crate::engine::Request;
use crate::engine::map_request::MapRequest;
use crate::explain::{Method, Subject};

/// Asks for what is missing, unless it is on its way.
pub(super) fn explain_more(state: &mut State) -> Vec<Effect> {
    let (ShownImage::Ready(frame), Model::Ready(_)) = (&state.image, &state.model) else { return Vec::new() };
    if !state.may_ask_for_maps() {
        return Vec::new();
    }
    if !state.results.finished.as_ref().is_some_and(|analysis| analysis.scored) {
        return Vec::new();
    }
    let frame = frame.clone();
    let requests = missing(state);
    let Some(next) = requests.first() else {
        // What runs is not wanted any more.
        let unwanted = state.results.explaining.take().is_some();
        state.results.rough.clear();
        return if unwanted { vec![Effect::CancelAnalysis] } else { Vec::new() };
    };
    if let Some(running) = &state.results.explaining {
        let wanted = requests.iter().any(|r| r.request == running.request);
        if next.request == running.request || (wanted && !running.ahead && !next.is_quick()) {
            return Vec::new();
        }
    }
    let next = next.clone();
    let request = next.request.clone();
    state.results.rough.clear();
    state.results.explaining = Some(next);
    vec![Effect::Ask(Request::Explain { generation: state.generation, frame, request })]
}

/// The worker has done what was asked.
pub(super) fn explained(state: &mut State) -> Vec<Effect> {
    if let Some(running) = &state.results.explaining
        && missing(state).iter().any(|r| r.request == running.request)
    {
        // That was an older request, which a newer one has replaced.
        return Vec::new();
    }
    state.results.explaining = None;
    state.results.rough.clear();
    explain_more(state)
}

/// The worker could not do it. Without a reason it was stopped: by a newer request, or by [`stop`],
/// which knows.
pub(super) fn not_explained(state: &mut State, reason: Option<String>) -> Vec<Effect> {
    let Some(reason) = reason else { return Vec::new() };
    let Some(running) = state.results.explaining.take() else { return Vec::new() };
    state.results.rough.clear();
    if running.request.methods.len() > 1 {
        state.results.one_by_one = true;
    } else {
        give_up(state, &running.request, &reason);
    }
    explain_more(state)
}

/// The reader wants no more of what is being made for the screen; what is made ahead takes no time,
/// and goes on.
pub(super) fn stop(state: &mut State) -> Vec<Effect> {
    if state.results.explaining.as_ref().is_none_or(|running| running.ahead) {
        return Vec::new();
    }
    for unwanted in missing(state).into_iter().filter(|r| !r.ahead) {
        let reason = if unwanted.request.faithfulness { EVALUATION_STOPPED } else { STOPPED };
        give_up(state, &unwanted.request, reason);
    }
    state.results.explaining = None;
    state.results.rough.clear();
    vec![Effect::CancelAnalysis]
}

fn give_up(state: &mut State, request: &MapRequest, reason: &str) {
    let results = &mut state.results;
    if request.faithfulness {
        // The map is there; only its measures are not.
        results.unevaluated.extend(MapKey::all_of(request).into_iter().map(|key| (key, reason.to_owned())));
        return;
    }
    let given_up = if request.stability_samples > 0 { &mut results.no_stability } else { &mut results.unavailable };
    for method in &request.methods {
        for layer in &request.layers {
            given_up.push((*method, method.place(layer).to_owned(), reason.to_owned()));
        }
    }
}

/// All that is wanted and not there, in the order in which it is to be asked for.
fn missing(state: &State) -> Vec<Explaining> {
    let Some(info) = state.model_info() else { return Vec::new() };
    let results = &state.results;
    let known: HashSet<(Method, Subject, &str)> =
        results.attributions.iter().map(|a| (a.method, a.subject, a.layer.as_str())).collect();
    let given_up: HashSet<(Method, &str)> = results.unavailable.iter().map(|(m, at, _)| (*m, at.as_str())).collect();
    let lacks = |method: Method, subject: Subject, layer: &str| {
        let place = method.place(layer);
        !known.contains(&(method, subject, place)) && !given_up.contains(&(method, place))
    };
    let request = |methods: Vec<Method>, layer: &str, subjects: Vec<Subject>, ahead: bool| {
        let request = MapRequest {
            methods,
            layers: vec![layer.to_owned()],
            subjects,
            settings: state.options.explanation,
            ..MapRequest::default()
        };
        Explaining { request, ahead, step: None }
    };
    let layer = state.layer();
    let wanted = wanted(state);
    let lacking: Vec<_> = wanted.iter().copied().filter(|(m, s)| lacks(*m, *s, layer)).collect();
    let subjects_of = |methods: &[Method]| {
        let mut subjects = Vec::new();
        for (_, subject) in lacking.iter().filter(|(m, _)| methods.contains(m)) {
            if !subjects.contains(subject) {
                subjects.push(*subject);
            }
        }
        subjects
    };
    // Methods that need one pass back share it, unless they failed together.
    let together = |quick: Vec<Method>| -> Vec<Vec<Method>> {
        match quick.is_empty() {
            true => Vec::new(),
            false if results.one_by_one => quick.into_iter().map(|m| vec![m]).collect(),
            false => vec![quick],
        }
    };
    let (quick, costly): (Vec<_>, Vec<_>) = distinct(&lacking).into_iter().partition(|m| m.is_instant());
    let mut requests: Vec<Explaining> = Vec::new();
    for methods in together(quick) {
        let subjects = subjects_of(&methods);
        requests.push(request(methods, layer, subjects, false));
    }
    requests.extend(stability::missing(state, &wanted));
    for method in costly {
        requests.push(request(vec![method], layer, subjects_of(&[method]), false));
    }
    requests.extend(faithfulness::request(state).map(Explaining::now));
    // For the layers that may be looked at next: every class, and what else is on screen.
    let mut subjects = Subject::classes(info.manifest.labels.len());
    subjects.extend(wanted.iter().map(|(_, s)| *s).filter(|s| s.as_class().is_none()));
    let at = state.stage().unwrap_or(0);
    let mut layers: Vec<(usize, &String)> = info.layers.iter().enumerate().collect();
    layers.sort_by_key(|(i, _)| i.abs_diff(at));
    for (_, layer) in layers {
        let any = |m: &Method| m.is_instant() && subjects.iter().any(|s| lacks(*m, *s, layer));
        for methods in together(distinct(&wanted).into_iter().filter(any).collect()) {
            requests.push(request(methods, layer, subjects.clone(), true));
        }
    }
    requests
}

/// The methods of some pairs, each once.
fn distinct(pairs: &[(Method, Subject)]) -> Vec<Method> {
    let mut methods = Vec::new();
    for (method, _) in pairs {
        if !methods.contains(method) {
            methods.push(*method);
        }
    }
    methods
}

/// Pairs of method and subject that the layout shows, in its order.
fn wanted(state: &State) -> Vec<(Method, Subject)> {
    let mut wanted = Vec::new();
    let mut want = |method, subject| {
        if !wanted.contains(&(method, subject)) {
            wanted.push((method, subject));
        }
    };
    for content in state.panes() {
        match content {
            // The map of a changed image comes with its scores.
            Content::Image | Content::Changed(..) => {}
            Content::Map(subject, method) => want(method, subject),
            Content::Difference(a, b) => {
                want(state.method, Subject::class(a));
                want(state.method, Subject::class(b));
            }
        }
    }
    wanted
}
