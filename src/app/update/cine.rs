//! A stack plays: each image stays as long as its file says, divided by the speed that the reader
//! chose.
//!
//! The clock is real. Where the screen is slower than the stack, images are left out; where an image
//! is not decoded in time, the stack waits for it. Nothing is analysed while it plays.

use std::time::{Duration, Instant};

use super::effect::Effect;
use super::{analysis, measuring, show_image};
use crate::app::state::cine::Playing;
use crate::app::state::{ShownImage, State};

/// Most images that are left out at once.
const LEFT_OUT: usize = 60;

/// Begins, or stops and has the image analysed.
pub(super) fn toggle(state: &mut State) -> Vec<Effect> {
    if state.stack.cine.playing.take().is_some() {
        let mut effects = measuring::look_for(state);
        effects.extend(analysis::analyze(state));
        return effects;
    }
    if !state.is_stack() || !matches!(state.image, ShownImage::Ready(_)) {
        return Vec::new();
    }
    (state.stack.heading, state.stack.settles) = (1, None);
    let effects = analysis::drop_results(state);
    let shown = state.current().map_or(0, |(_, index)| index);
    let stays = state.timing().stays(shown).div_f32(state.stack.cine.speed);
    state.stack.cine.playing = Some(Playing::new(Instant::now() + stays));
    effects
}

/// Shows the image that is due. Yields the time until the next one is.
pub(super) fn tick(state: &mut State, now: Instant) -> (Vec<Effect>, Option<Duration>) {
    let Some(playing) = &state.stack.cine.playing else { return (Vec::new(), None) };
    let (mut due, mut forth) = (playing.due, playing.forth);
    match &state.image {
        ShownImage::Ready(_) if now < due => return (Vec::new(), Some(due - now)),
        ShownImage::Ready(_) => {}
        // The image that comes wakes the window.
        ShownImage::Loading(..) => return (Vec::new(), None),
        ShownImage::Nothing | ShownImage::Failed { .. } => {
            state.stack.cine.playing = None;
            return (Vec::new(), None);
        }
    }
    let Some(position) = state.stack_position().filter(|position| position.of > 1) else {
        state.stack.cine.playing = None;
        return (Vec::new(), None);
    };
    let sweeps = state.timing().sweeps;
    let (mut at, mut next) = (position.at, None);
    for step in 0..LEFT_OUT {
        let (to, way) = following(at, position.of, forth, sweeps);
        let Some((entry, index)) = state.stack_at(to) else { break };
        let there = state.stack.cache.holds(&entry, index);
        if step > 0 && !there {
            break;
        }
        let timing = entry.place.timing.clone().unwrap_or_default();
        (at, forth) = (to, way);
        due += timing.stays(index).div_f32(state.stack.cine.speed);
        next = Some((entry, index));
        if due > now || !there {
            break;
        }
    }
    let Some((entry, index)) = next else { return (Vec::new(), None) };
    // Behind by more than can be made up for: the clock begins anew.
    let due = if due > now { due } else { now + Duration::from_millis(1) };
    if let Some(playing) = &mut state.stack.cine.playing {
        (playing.due, playing.forth) = (due, forth);
    }
    state.stack.heading = if forth { 1 } else { -1 };
    let effects = show_image::show(state, entry, index);
    (effects, Some(due.saturating_duration_since(now)))
}

/// The place behind this one, and whether it goes forth from there.
fn following(at: usize, of: usize, forth: bool, sweeps: bool) -> (usize, bool) {
    match (forth, sweeps) {
        (true, true) if at + 1 >= of => (of.saturating_sub(2), false),
        (false, true) if at == 0 => (1.min(of - 1), true),
        (false, true) => (at - 1, false),
        _ => ((at + 1) % of.max(1), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_begins_anew_and_a_sweep_turns_round() {
        let way = |sweeps: bool| {
            let (mut at, mut forth) = (0, true);
            let step = |_| {
                (at, forth) = following(at, 3, forth, sweeps);
                at
            };
            (0..6).map(step).collect::<Vec<_>>()
        };
        assert_eq!(way(false), [1, 2, 0, 1, 2, 0]);
        assert_eq!(way(true), [1, 2, 1, 0, 1, 2]);
    }
}
