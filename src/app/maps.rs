//! Which maps the screen wants and does not have: the only place that asks the worker for more of an image that was analysed.
//!
//! What is on screen comes first, method by method; then, while its panel is open, how far the shown map can be trusted. When all of it is
//! there, the chosen method is made for every other layer too, if it costs next to nothing: choosing a layer is then a matter of colour.

use std::sync::Arc;

use super::effect::Effect;
use super::state::{Content, Explaining, Film, Model, State};
use super::trust;
use crate::engine::Request;
use crate::engine::explanation::{Trusted, Wish};
use crate::explain::spread::Spread;
use crate::explain::{Method, Subject};

/// Asks for what is missing, unless it is on its way.
pub(super) fn explain_more(state: &mut State) -> Vec<Effect> {
    let (Film::Shown(frame), Model::Ready(_)) = (&state.film, &state.model) else { return Vec::new() };
    if !state.results.finished.as_ref().is_some_and(|analysis| analysis.scored) {
        return Vec::new();
    }
    let frame = frame.clone();
    let Some(wish) = missing(state) else {
        // What runs is not wanted any more.
        let unwanted = state.results.explaining.take().is_some();
        state.results.rough.clear();
        return if unwanted { vec![Effect::CancelAnalysis] } else { Vec::new() };
    };
    if state.results.explaining.as_ref().is_some_and(|running| running.wish == wish) {
        return Vec::new();
    }
    state.results.rough.clear();
    state.results.explaining = Some(Explaining { wish: wish.clone(), step: None });
    vec![Effect::Ask(Request::Explain { generation: state.generation, frame, wish })]
}

/// Takes another method; one that could not be had, or was stopped, is tried again.
pub(super) fn choose(state: &mut State, method: Method) {
    state.method = method;
    state.results.unavailable.retain(|(m, _, _)| *m != method);
}

/// The worker has done what was asked.
pub(super) fn explained(state: &mut State) -> Vec<Effect> {
    let running = state.results.explaining.as_ref().map(|e| &e.wish);
    if running.is_some() && missing(state).as_ref() == running {
        // That was an older wish, which a newer one has replaced.
        return Vec::new();
    }
    state.results.explaining = None;
    state.results.rough.clear();
    explain_more(state)
}

/// The worker could not do it. Without a reason it was stopped: by a newer wish, or by [`stop`], which knows.
pub(super) fn not_explained(state: &mut State, reason: Option<String>) -> Vec<Effect> {
    let Some(reason) = reason else { return Vec::new() };
    give_up(state, &reason);
    explain_more(state)
}

/// The reader wants no more of what is running.
pub(super) fn stop(state: &mut State) -> Vec<Effect> {
    if state.results.explaining.is_none() {
        return Vec::new();
    }
    let judging = state.results.explaining.as_ref().is_some_and(|explaining| explaining.wish.trust);
    give_up(state, if judging { STOPPED_JUDGING } else { STOPPED });
    vec![Effect::CancelAnalysis]
}

/// Said of a method that the reader has stopped.
pub(super) const STOPPED: &str = "Stopped. Choose the method again to go on.";
/// Said where the reader has stopped the judgement of a map.
pub(super) const STOPPED_JUDGING: &str = "Stopped before everything was measured.";

fn give_up(state: &mut State, reason: &str) {
    let Some(explaining) = state.results.explaining.take() else { return };
    state.results.rough.clear();
    if explaining.wish.trust {
        // The map is there; only what was to be said of it is not.
        let keys = trust::keys(&explaining.wish);
        state.results.unjudged.extend(keys.into_iter().map(|key| (key, reason.to_owned())));
        return;
    }
    for method in explaining.wish.methods {
        for layer in &explaining.wish.layers {
            state.results.unavailable.push((method, method.place(layer).to_owned(), reason.to_owned()));
        }
    }
}

/// Keeps how stable a map is; a newer answer to the same question replaces the older.
pub(super) fn keep_spread(state: &mut State, spread: Arc<Spread>) {
    let same = |s: &Arc<Spread>| (s.method, s.subject, &s.layer) == (spread.method, spread.subject, &spread.layer);
    let spreads = &mut state.results.spreads;
    spreads.retain(|s| !same(s));
    spreads.push(spread);
}

/// Keeps how far a map can be trusted.
pub(super) fn keep_trust(state: &mut State, trusted: Arc<Trusted>) {
    let same = |t: &Arc<Trusted>| (t.method, t.subject, &t.layer) == (trusted.method, trusted.subject, &trusted.layer);
    let known = &mut state.results.trusted;
    known.retain(|t| !same(t));
    known.push(trusted);
}

/// The next wish: for the screen, else for the open question of trust, else for the layers that may be looked at next.
fn missing(state: &State) -> Option<Wish> {
    let info = state.model_info()?;
    let settings = state.options.explanation;
    let has = |method: Method, subject: Subject, layer: &str| {
        let place = method.place(layer);
        let maps = &state.results.attributions;
        maps.iter().any(|a| a.subject == subject && a.method == method && a.layer == place)
            || state.results.unavailable.iter().any(|(m, at, _)| *m == method && at == place)
    };
    let layer = state.layer();
    let wanted = wanted(state);
    for (method, _) in &wanted {
        let subjects: Vec<Subject> =
            wanted.iter().filter(|(m, s)| m == method && !has(*m, *s, layer)).map(|(_, s)| *s).collect();
        if !subjects.is_empty() {
            let layers = vec![layer.to_owned()];
            return Some(Wish { methods: vec![*method], layers, subjects, settings, ..Wish::default() });
        }
    }
    if let Some(wish) = trust::wish(state) {
        return Some(wish);
    }
    if !state.method.is_instant() {
        return None;
    }
    let classes = Subject::classes(info.manifest.labels.len());
    let lacks = |l: &&String| classes.iter().any(|s| !has(state.method, *s, l));
    let layers: Vec<String> = info.layers.iter().filter(lacks).cloned().collect();
    let methods = vec![state.method];
    (!layers.is_empty()).then_some(Wish { methods, layers, settings, ..Wish::default() })
}

/// Pairs of method and subject that the layout shows, in its order.
fn wanted(state: &State) -> Vec<(Method, Subject)> {
    let mut wanted = Vec::new();
    let mut want = |method, class| {
        let pair = (method, Subject::class(class));
        if !wanted.contains(&pair) {
            wanted.push(pair);
        }
    };
    for content in state.panes() {
        match content {
            Content::Film => {}
            Content::Map(class) => want(state.method, class),
            Content::Difference(a, b) => {
                want(state.method, a);
                want(state.method, b);
            }
        }
    }
    wanted
}
