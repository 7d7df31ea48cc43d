//! Carries out what is asked of the program itself: the key table, notices, and the way back.

use super::effect::Effect;
use super::{analysis, beside, cine, faithfulness, measuring, training};
use crate::app::command::{HelpCommand, TrainingCommand};
use crate::app::state::State;

pub(super) fn apply(state: &mut State, command: HelpCommand) -> Vec<Effect> {
    match command {
        HelpCommand::ToggleKeys => state.keys_open ^= true,
        HelpCommand::DismissNotice(id) => state.notices.retain(|n| n.id != id),
        HelpCommand::Escape => return escape(state),
    }
    Vec::new()
}

/// Closes what was opened last; where nothing is open, stops what is running.
fn escape(state: &mut State) -> Vec<Effect> {
    if state.keys_open {
        state.keys_open = false;
    } else if state.reliability.take().is_some() || state.tags.take().is_some() {
        // Closed.
    } else if state.weights.take().is_some() {
        // An import on its way goes on and says how it ended.
    } else if state.training.question.is_some() {
        return training::apply(state, TrainingCommand::KeepGoing);
    } else if state.training.open {
        state.training.open = false;
    } else if state.faithfulness_open {
        faithfulness::toggle(state);
    } else if state.stack.cine.is_playing() {
        return cine::toggle(state);
    } else if measuring::put_away(state) {
        // The half-made measurement, then the tool, then the selection.
    } else if state.hanging.target.take().is_some() {
        // The next image of the list comes where it always does.
    } else if state.solo.is_some() {
        state.solo = None;
    } else {
        beside::stop(state);
        return analysis::cancel(state);
    }
    Vec::new()
}
