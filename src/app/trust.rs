//! How far the map on screen can be trusted: which map that is, and where the answer stands. No egui here.
//!
//! The panel is a question that stays open: as long as it is, the answer for whatever map is shown is asked for, after the maps
//! themselves (see [`super::maps`]). Answers of maps that were shown before stay, and are there at once when one comes back.

use std::sync::Arc;

use super::maps;
use super::state::{Content, Film, Phase, State};
use crate::engine::explanation::{Trusted, Wish};
use crate::engine::trust::is_too_costly;
use crate::explain::faithfulness::words;
use crate::explain::{Method, Subject};

/// A map by what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapKey {
    pub method: Method,
    pub subject: Subject,
    /// The stage, or [`crate::explain::INPUT`].
    pub place: String,
}

impl MapKey {
    fn is_of(&self, trusted: &Trusted) -> bool {
        (self.method, self.subject, self.place.as_str()) == (trusted.method, trusted.subject, trusted.layer.as_str())
    }
}

/// Why there is nothing to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// No image, no scores, or they are still to come.
    Unscored(&'static str),
    /// The method has no map here, and why.
    NoMap(String),
    /// The map is on its way.
    Coming,
    /// The map is zero everywhere.
    Flat,
}

/// The map that the panel speaks of: in the view that stands alone, else the selected class where it is shown, else the first map.
#[must_use]
pub fn shown(state: &State) -> Option<MapKey> {
    state.model_info()?;
    let map = |content: &Content| match *content {
        Content::Map(subject, method) => Some((subject, method)),
        Content::Film | Content::Difference(..) => None,
    };
    let panes = state.panes();
    let alone = state.solo.and_then(|pane| panes.get(pane)).and_then(map);
    let chosen = |(subject, method): &(Subject, Method)| *subject == state.subject() && *method == state.method;
    let selected = panes.iter().filter_map(map).find(chosen);
    let (subject, method) = alone.or(selected).or_else(|| panes.iter().find_map(map))?;
    Some(MapKey { method, subject, place: method.place(state.layer()).to_owned() })
}

/// Why nothing can be asked of a map, if nothing can.
#[must_use]
pub fn nothing(state: &State, key: &MapKey) -> Option<Nothing> {
    if !matches!(state.film, Film::Shown(_)) {
        return Some(Nothing::Unscored("Open an image: there is no map yet."));
    }
    if !state.results.finished.as_ref().is_some_and(|analysis| analysis.scored) {
        let words = match state.results.phase {
            Phase::Refused | Phase::Unfit => "The image was not scored, so there is no map to judge.",
            Phase::Cancelled | Phase::Failed(_) => "The analysis did not end, so there is no map to judge.",
            Phase::Idle | Phase::Waiting | Phase::Running | Phase::Finished => {
                "The analysis is still running; its map can be judged when it is done."
            }
        };
        return Some(Nothing::Unscored(words));
    }
    match state
        .results
        .attributions
        .iter()
        .find(|a| (a.method, a.subject, a.layer.as_str()) == (key.method, key.subject, key.place.as_str()))
    {
        Some(map) if map.is_flat() => Some(Nothing::Flat),
        Some(_) => None,
        None => Some(match state.unavailable(key.method) {
            Some(reason) => Nothing::NoMap(reason.to_owned()),
            None => Nothing::Coming,
        }),
    }
}

/// What is known of a map.
#[must_use]
pub fn known<'a>(state: &'a State, key: &MapKey) -> Option<&'a Arc<Trusted>> {
    state.results.trusted.iter().find(|trusted| key.is_of(trusted))
}

/// Why a map was not judged to the end: stopped, or failed.
#[must_use]
pub fn unjudged<'a>(state: &'a State, key: &MapKey) -> Option<&'a str> {
    state.results.unjudged.iter().find(|(of, _)| of == key).map(|(_, reason)| reason.as_str())
}

/// What of the judgement runs now, how many steps are done, and of how many.
#[must_use]
pub fn running<'a>(state: &'a State, key: &MapKey) -> Option<Option<&'a (&'static str, usize, usize)>> {
    let explaining = state.results.explaining.as_ref()?;
    (explaining.wish.trust && keys(&explaining.wish).contains(key)).then_some(explaining.step.as_ref())
}

/// What is not measured of maps by this method, and why.
#[must_use]
pub fn left_out(state: &State, method: Method) -> Option<String> {
    let cost = method.cost().words();
    is_too_costly(method, &state.options.explanation).then(|| words::too_costly(method.name(), &cost))
}

/// The wish that answers the open panel; nothing where the answer is there, cannot be had, or is not asked for.
pub(super) fn wish(state: &State) -> Option<Wish> {
    if !state.trust_open {
        return None;
    }
    let key = shown(state)?;
    let known = known(state, &key).is_some_and(|trusted| trusted.whole);
    if known || unjudged(state, &key).is_some() || nothing(state, &key).is_some() {
        return None;
    }
    Some(Wish {
        methods: vec![key.method],
        layers: vec![state.layer().to_owned()],
        subjects: vec![key.subject],
        settings: state.options.explanation,
        spread: 0,
        trust: true,
    })
}

/// The maps that a wish is about.
pub(super) fn keys(wish: &Wish) -> Vec<MapKey> {
    let mut keys = Vec::new();
    for layer in &wish.layers {
        for &method in &wish.methods {
            let place = method.place(layer).to_owned();
            keys.extend(wish.subjects.iter().map(|&subject| MapKey { method, subject, place: place.clone() }));
        }
    }
    keys
}

/// Opens or closes the panel; opened anew, it asks again for what was stopped.
pub(super) fn toggle(state: &mut State) {
    state.trust_open ^= true;
    if state.trust_open {
        state.results.unjudged.retain(|(_, reason)| reason != maps::STOPPED_JUDGING);
    }
}

/// Asks once more for what was stopped or has failed.
pub(super) fn again(state: &mut State) {
    if let Some(key) = shown(state) {
        state.results.unjudged.retain(|(of, _)| *of != key);
    }
}

/// The answer that a report prints: of the first of its classes that was judged.
pub(super) fn of_report(state: &State, classes: &[usize]) -> Option<Trusted> {
    let place = state.method.place(state.layer()).to_owned();
    let key = |class: &usize| MapKey { method: state.method, subject: Subject::class(*class), place: place.clone() };
    classes.iter().find_map(|class| known(state, &key(class))).map(|trusted| Trusted::clone(trusted))
}
