//! The top of the scale of a map: of its own, or of all maps that share one.

use std::sync::Arc;

use crate::app::state::display_options::Stability;
use crate::app::state::{Content, Layout, State};
use crate::app::ui::made::Made;
use crate::explain::{Attribution, Subject, scale};

/// Largest values of maps, each looked for once.
#[derive(Default)]
pub(super) struct TopCache(Made<TopKey, f32>);

/// A map, told apart by where it is: held, so that the place cannot be taken by another.
#[derive(Clone)]
struct TopKey(Arc<Attribution>);

impl PartialEq for TopKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl TopCache {
    /// The largest value that a map shows. Of a fine-grained one it takes a look at every pixel, so
    /// it is kept from frame to frame.
    pub(super) fn of(&mut self, map: &Arc<Attribution>) -> f32 {
        if !map.method.is_fine_grained() {
            return scale::shared_top([map.as_ref()]);
        }
        let key = TopKey(map.clone());
        self.0.get(&key).unwrap_or_else(|| {
            let top = scale::shared_top([map.as_ref()]);
            self.0.put(key, top);
            top
        })
    }

    /// At the end of every frame.
    pub(super) fn sweep(&mut self) {
        self.0.sweep();
    }
}

/// Top of the scale that maps share; `None` when each has its own, as maps of different methods
/// always have: their units differ.
///
/// The two of a difference always share one, and so do those of a change. Methods that cost next to nothing know every class, so
/// that the scale stays when another class is chosen; of the others the maps on screen count.
pub(super) fn shared_top(state: &State, tops: &mut TopCache, content: Content) -> Option<f32> {
    if state.display.stability == Stability::Deviation && state.shown_stability(content).is_some() {
        // Next to the map itself a deviation would be dark.
        return None;
    }
    let method = match content {
        Content::Image => return None,
        Content::Difference(..) => state.method,
        // On the scale of the map that it stands beside.
        Content::Changed(subject, method) if !state.overlay().shared_scale => {
            return state.map(subject, method).map(|map| tops.of(map));
        }
        Content::Map(_, method) if state.part_in_change().is_some() => method,
        Content::Map(..) if state.layout == Layout::MethodGrid || !state.overlay().shared_scale => return None,
        Content::Map(_, method) | Content::Changed(_, method) => method,
    };
    let mut shown: Vec<Subject> = Vec::new();
    for content in state.panes() {
        match content {
            Content::Image | Content::Changed(..) => {}
            Content::Map(subject, _) => shown.push(subject),
            Content::Difference(a, b) => shown.extend([Subject::class(a), Subject::class(b)]),
        }
    }
    let place = method.place(state.layer());
    let counts = |a: &&Arc<Attribution>| {
        a.method == method
            && a.layer == place
            && (shown.contains(&a.subject) || (method.is_instant() && a.class().is_some()))
    };
    let results = &state.results;
    let known = results.attributions.iter().chain(&results.rough).chain(state.peer_maps()).filter(counts);
    Some(known.map(|map| tops.of(map)).fold(0.0, f32::max))
}
