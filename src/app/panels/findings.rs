use crate::app::command::Command;
use crate::app::state::State;

pub fn show(_ui: &mut egui::Ui, _state: &State) -> Vec<Command> {
    Vec::new()
}
