//! Carries the guided tour on: it needs an image, and where none is open the computed phantom.

use super::effect::Effect;
use super::file;
use crate::app::command::FileCommand;
use crate::app::state::State;
use crate::app::state::tour::TourStep;

/// Begins the tour, or ends the one that goes on.
pub(super) fn toggle(state: &mut State) -> Vec<Effect> {
    if state.tour.take().is_some() {
        return Vec::new();
    }
    state.tour = Some(TourStep::default());
    (state.keys_open, state.key_editor, state.palette) = (false, None, None);
    state.training.open = false;
    if state.current().is_none() && !state.scanning {
        return file::apply(state, FileCommand::OpenDemo);
    }
    Vec::new()
}

/// The next step, or the one before; behind the last one the tour is over.
pub(super) fn step(state: &mut State, back: bool) {
    state.tour = match state.tour {
        Some(step) if back => Some(step.beside(true).unwrap_or(step)),
        Some(step) => step.beside(false),
        None => None,
    };
}
