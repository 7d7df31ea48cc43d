//! Maps and what was measured of them, kept as they arrive.

use std::sync::Arc;

use crate::app::state::State;
use crate::engine::map_request::MapFaithfulness;
use crate::explain::Attribution;
use crate::explain::stability::MapStability;

/// Keeps maps that have arrived; the first of two that are the same stays, so that nothing is drawn
/// anew.
pub(super) fn keep(state: &mut State, maps: Vec<Arc<Attribution>>) {
    let same = |a: &Attribution, b: &Attribution| (a.method, a.subject, &a.layer) == (b.method, b.subject, &b.layer);
    for map in maps {
        state.results.rough.retain(|rough| !same(rough, &map));
        if !state.results.attributions.iter().any(|known| same(known, &map)) {
            state.results.attributions.push(map);
        }
    }
}

/// Keeps unfinished maps of what is running; those of something that is no longer wanted are
/// dropped.
pub(super) fn keep_rough(state: &mut State, maps: Vec<Arc<Attribution>>) {
    let running = state.results.explaining.as_ref().map_or(&[][..], |e| &e.request.methods);
    if state.busy() || maps.iter().all(|map| running.contains(&map.method)) {
        state.results.rough = maps;
    }
}

/// Keeps the stability of a map; a newer answer to the same question replaces the older.
pub(super) fn keep_stability(state: &mut State, stability: Arc<MapStability>) {
    let same = |known: &Arc<MapStability>| {
        (known.method, known.subject, &known.layer) == (stability.method, stability.subject, &stability.layer)
    };
    state.results.stabilities.retain(|known| !same(known));
    state.results.stabilities.push(stability);
}

/// Keeps the faithfulness of a map; a newer answer to the same question replaces the older.
pub(super) fn keep_faithfulness(state: &mut State, measured: Arc<MapFaithfulness>) {
    let same = |known: &Arc<MapFaithfulness>| {
        (known.method, known.subject, &known.layer) == (measured.method, measured.subject, &measured.layer)
    };
    state.results.faithfulness.retain(|known| !same(known));
    state.results.faithfulness.push(measured);
}
