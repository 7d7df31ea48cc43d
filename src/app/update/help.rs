//! Carries out what is asked of the program itself: the key table, the tour, notices, and the way
//! back.

use super::effect::Effect;
use super::{analysis, beside, cine, faithfulness, keys, measuring, model_changes, tour, training, what_if, worklist};
use crate::app::command::{HelpCommand, TrainingCommand};
use crate::app::state::State;
use crate::app::state::on_top::{OnTop, Unfolded};

pub(super) fn apply(state: &mut State, command: HelpCommand) -> Vec<Effect> {
    match command {
        HelpCommand::ToggleKeys => state.keys_open ^= true,
        HelpCommand::DismissNotice(id) => state.notices.retain(|n| n.id != id),
        HelpCommand::Tour => return tour::toggle(state),
        HelpCommand::TourStep(back) => tour::step(state, back),
        HelpCommand::EndTour => state.tour = None,
        HelpCommand::Escape => return escape(state),
    }
    Vec::new()
}

/// Closes, puts away or stops what lies on top ([`State::on_top`]).
fn escape(state: &mut State) -> Vec<Effect> {
    match state.on_top(Unfolded::default()) {
        // The screen closes its menus and leaves its fields itself.
        None | Some(OnTop::Menu | OnTop::Field) => {}
        Some(OnTop::Question) => return training::apply(state, TrainingCommand::KeepGoing),
        Some(OnTop::Palette) => state.palette = None,
        Some(OnTop::KeyListening) => keys::stop_listening(state),
        Some(OnTop::KeyEditor) => state.key_editor = None,
        Some(OnTop::KeyTable) => state.keys_open = false,
        Some(OnTop::Reliability) => state.reliability = None,
        Some(OnTop::ModelDiff) => return model_changes::close(state),
        // An import on its way goes on and says how it ended.
        Some(OnTop::Weights) => state.weights = None,
        // A fetch goes on, too.
        Some(OnTop::Published) => state.published.open = false,
        Some(OnTop::Tour) => state.tour = None,
        // A transfer goes on, too.
        Some(OnTop::Worklist) => state.worklist.open = false,
        Some(OnTop::Secret) => worklist::close_secret(&mut state.worklist),
        Some(OnTop::Archives) => return worklist::archives::close(&mut state.worklist),
        Some(OnTop::Tags) => state.tags = None,
        Some(OnTop::Result) => state.result_objects.window = None,
        Some(OnTop::Training) => state.training.open = false,
        Some(OnTop::Faithfulness) => faithfulness::toggle(state),
        Some(OnTop::Cine) => return cine::toggle(state),
        Some(OnTop::Marking) => drop(what_if::put_away(state)),
        // The half-made measurement, then the tool, then the selection.
        Some(OnTop::Making | OnTop::Tool | OnTop::Selection) => drop(measuring::put_away(state)),
        // The next image of the list comes where it always does.
        Some(OnTop::Target) => state.hanging.target = None,
        Some(OnTop::Solo) => state.solo = None,
        Some(OnTop::Running) => {
            beside::stop(state);
            return analysis::cancel(state);
        }
    }
    Vec::new()
}
