//! The stability of the maps on screen: asked for only while the reader wants to see it.

use crate::app::state::display_options::{STABILITY_SAMPLES, Stability};
use crate::app::state::{Explaining, State};
use crate::engine::map_request::MapRequest;
use crate::explain::{Method, Subject};

/// What is to be asked for the pairs of method and subject on screen, method by method.
pub(super) fn missing(state: &State, wanted: &[(Method, Subject)]) -> Vec<Explaining> {
    if state.display.stability == Stability::Off {
        return Vec::new();
    }
    let lacks = |(method, subject): &&(Method, Subject)| {
        state.stability_unknown(*method).is_none() && !state.has_stability(*subject, *method)
    };
    let mut requests: Vec<MapRequest> = Vec::new();
    for (method, subject) in wanted.iter().filter(lacks) {
        match requests.iter_mut().find(|request| request.methods == [*method]) {
            Some(known) => known.subjects.push(*subject),
            None => requests.push(MapRequest {
                methods: vec![*method],
                layers: vec![state.layer().to_owned()],
                subjects: vec![*subject],
                settings: state.options.explanation,
                stability_samples: STABILITY_SAMPLES,
                ..MapRequest::default()
            }),
        }
    }
    requests.into_iter().map(Explaining::now).collect()
}
