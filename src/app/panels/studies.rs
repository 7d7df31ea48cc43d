use crate::app::command::Command;
use crate::app::state::State;
use crate::app::thumbnails::Thumbnails;

/// `thumbnails.get(&entry)` yields the texture of an entry (96 px) and asks for it when it is not there yet.
pub fn show(_ui: &mut egui::Ui, _state: &State, _thumbnails: &Thumbnails) -> Vec<Command> {
    Vec::new()
}
