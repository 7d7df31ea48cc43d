//! Which maps the screen wants and does not have: the only place that asks the worker for more of an image that was analysed.
//!
//! What is on screen comes first: all that costs next to nothing together, then how stable it is, then one costly method after the other;
//! then, while its panel is open, how far the shown map can be trusted. When all of it is there, the cheap methods on screen are made for
//! every other layer too, the nearest first: choosing a layer is then a matter of colour. What runs is let run while it is wanted,
//! unless something cheap can be had before it.

pub mod command;
pub mod looks;
mod seen;
pub mod stability;
pub(super) mod update;

use std::collections::HashSet;
use std::sync::Arc;

use super::effect::Effect;
use super::state::{Content, Explaining, Film, Model, State};
use super::trust;
use crate::engine::Request;
use crate::engine::explanation::{Trusted, Wish};
use crate::explain::{Attribution, Method, Subject};

/// Asks for what is missing, unless it is on its way.
pub(super) fn explain_more(state: &mut State) -> Vec<Effect> {
    let (Film::Shown(frame), Model::Ready(_)) = (&state.film, &state.model) else { return Vec::new() };
    if !state.results.finished.as_ref().is_some_and(|analysis| analysis.scored) {
        return Vec::new();
    }
    let frame = frame.clone();
    let wishes = missing(state);
    let Some(next) = wishes.first() else {
        // What runs is not wanted any more.
        let unwanted = state.results.explaining.take().is_some();
        state.results.rough.clear();
        return if unwanted { vec![Effect::CancelAnalysis] } else { Vec::new() };
    };
    if let Some(running) = &state.results.explaining {
        let wanted = wishes.iter().any(|w| w.wish == running.wish);
        if next.wish == running.wish || (wanted && !running.ahead && !next.is_quick()) {
            return Vec::new();
        }
    }
    let next = next.clone();
    let wish = next.wish.clone();
    state.results.rough.clear();
    state.results.explaining = Some(next);
    vec![Effect::Ask(Request::Explain { generation: state.generation, frame, wish })]
}

/// Keeps maps that have arrived; the first of two that are the same stays, so that nothing is drawn anew.
pub(super) fn keep(state: &mut State, maps: Vec<Arc<Attribution>>) {
    let same = |a: &Attribution, b: &Attribution| (a.method, a.subject, &a.layer) == (b.method, b.subject, &b.layer);
    for map in maps {
        state.results.rough.retain(|rough| !same(rough, &map));
        if !state.results.attributions.iter().any(|known| same(known, &map)) {
            state.results.attributions.push(map);
        }
    }
}

/// Keeps unfinished maps of what is running; those of something that is no longer wanted are dropped.
pub(super) fn keep_rough(state: &mut State, maps: Vec<Arc<Attribution>>) {
    let running = state.results.explaining.as_ref().map_or(&[][..], |e| &e.wish.methods);
    if state.busy() || maps.iter().all(|map| running.contains(&map.method)) {
        state.results.rough = maps;
    }
}

/// The worker has done what was asked.
pub(super) fn explained(state: &mut State) -> Vec<Effect> {
    if let Some(running) = &state.results.explaining
        && missing(state).iter().any(|w| w.wish == running.wish)
    {
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
    let Some(running) = state.results.explaining.take() else { return Vec::new() };
    state.results.rough.clear();
    if running.wish.methods.len() > 1 {
        state.results.one_by_one = true;
    } else {
        give_up(state, &running.wish, &reason);
    }
    explain_more(state)
}

/// The reader wants no more of what is being made for the screen; what is made ahead takes no time, and goes on.
pub(super) fn stop(state: &mut State) -> Vec<Effect> {
    if state.results.explaining.as_ref().is_none_or(|running| running.ahead) {
        return Vec::new();
    }
    for unwanted in missing(state).into_iter().filter(|w| !w.ahead) {
        let reason = if unwanted.wish.trust { STOPPED_JUDGING } else { STOPPED };
        give_up(state, &unwanted.wish, reason);
    }
    state.results.explaining = None;
    state.results.rough.clear();
    vec![Effect::CancelAnalysis]
}

/// Said of a method that the reader has stopped.
pub(super) const STOPPED: &str = "Stopped.";
/// Said where the reader has stopped the judgement of a map.
pub(super) const STOPPED_JUDGING: &str = "Stopped before everything was measured.";

fn give_up(state: &mut State, wish: &Wish, reason: &str) {
    let results = &mut state.results;
    if wish.trust {
        // The map is there; only what was to be said of it is not.
        results.unjudged.extend(trust::keys(wish).into_iter().map(|key| (key, reason.to_owned())));
        return;
    }
    let given_up = if wish.spread > 0 { &mut results.no_spread } else { &mut results.unavailable };
    for method in &wish.methods {
        for layer in &wish.layers {
            given_up.push((*method, method.place(layer).to_owned(), reason.to_owned()));
        }
    }
}

/// Keeps how far a map can be trusted.
pub(super) fn keep_trust(state: &mut State, trusted: Arc<Trusted>) {
    let same = |t: &Arc<Trusted>| (t.method, t.subject, &t.layer) == (trusted.method, trusted.subject, &trusted.layer);
    let known = &mut state.results.trusted;
    known.retain(|t| !same(t));
    known.push(trusted);
}

impl Explaining {
    /// True for what is there before anybody could wait for it.
    fn is_quick(&self) -> bool {
        self.wish.spread == 0 && !self.wish.trust && self.wish.methods.iter().all(|m| m.is_instant())
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
    let wish = |methods: Vec<Method>, layer: &str, subjects: Vec<Subject>, ahead: bool| {
        let wish = Wish {
            methods,
            layers: vec![layer.to_owned()],
            subjects,
            settings: state.options.explanation,
            ..Wish::default()
        };
        Explaining { wish, ahead, step: None }
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
    let mut wishes: Vec<Explaining> = Vec::new();
    for methods in together(quick) {
        let subjects = subjects_of(&methods);
        wishes.push(wish(methods, layer, subjects, false));
    }
    wishes.extend(stability::missing(state, &wanted));
    for method in costly {
        wishes.push(wish(vec![method], layer, subjects_of(&[method]), false));
    }
    wishes.extend(trust::wish(state).map(|wish| Explaining { wish, ahead: false, step: None }));
    // For the layers that may be looked at next: every class, and what else is on screen.
    let mut subjects = Subject::classes(info.manifest.labels.len());
    subjects.extend(wanted.iter().map(|(_, s)| *s).filter(|s| s.as_class().is_none()));
    let at = state.stage().unwrap_or(0);
    let mut layers: Vec<(usize, &String)> = info.layers.iter().enumerate().collect();
    layers.sort_by_key(|(i, _)| i.abs_diff(at));
    for (_, layer) in layers {
        let any = |m: &Method| m.is_instant() && subjects.iter().any(|s| lacks(*m, *s, layer));
        for methods in together(distinct(&wanted).into_iter().filter(any).collect()) {
            wishes.push(wish(methods, layer, subjects.clone(), true));
        }
    }
    wishes
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
            Content::Film => {}
            Content::Map(subject, method) => want(method, subject),
            Content::Difference(a, b) => {
                want(state.method, Subject::class(a));
                want(state.method, Subject::class(b));
            }
        }
    }
    wanted
}
