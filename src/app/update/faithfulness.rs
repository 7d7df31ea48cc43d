//! The panel on the faithfulness of the shown map: opened, closed, and what it asks for while it is
//! open.

use crate::app::state::State;
use crate::app::state::results::EVALUATION_STOPPED;
use crate::engine::map_request::MapRequest;

/// The request that answers the open panel; nothing where the answer is there, cannot be had, or is
/// not asked for.
pub(super) fn request(state: &State) -> Option<MapRequest> {
    if !state.faithfulness_open {
        return None;
    }
    let key = state.shown_map()?;
    let known = state.faithfulness_of(&key).is_some_and(|known| known.whole);
    if known || state.unevaluated(&key).is_some() || state.obstacle(&key).is_some() {
        return None;
    }
    Some(MapRequest {
        methods: vec![key.method],
        layers: vec![state.layer().to_owned()],
        subjects: vec![key.subject],
        settings: state.options.explanation,
        stability_samples: 0,
        faithfulness: true,
    })
}

/// Opens or closes the panel; opened anew, it asks again for what was stopped.
pub(super) fn toggle(state: &mut State) {
    state.faithfulness_open ^= true;
    if state.faithfulness_open {
        state.results.unevaluated.retain(|(_, reason)| reason != EVALUATION_STOPPED);
    }
}

/// Asks once more for what was stopped or has failed.
pub(super) fn again(state: &mut State) {
    if let Some(key) = state.shown_map() {
        state.results.unevaluated.retain(|(of, _)| *of != key);
    }
}
