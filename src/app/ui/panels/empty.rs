//! Nothing is open: where to begin.

use egui::{Align, Layout as Flow, ScrollArea, Ui, UiBuilder, vec2};

use crate::app::command::{Command, FileCommand, HelpCommand, SessionCommand};
use crate::app::state::State;
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::language::{text, tr};

const WIDTH: f32 = 400.0;
/// Most recent paths that are listed.
const RECENT: usize = 6;

/// Draws into the middle of the room that `ui` has.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    let room = ui.available_rect_before_wrap();
    let recent = state.preferences.recent.iter().take(RECENT);
    let last = !state.last_session.studies.is_empty();
    let height =
        160.0 + if last { 32.0 } else { 0.0 } + if recent.len() > 0 { 40.0 + 24.0 * recent.len() as f32 } else { 0.0 };
    // A little above the middle, where the eye rests.
    let top = ((room.height() - height) * 0.42).max(theme::GRID);
    let width = WIDTH.min(room.width() - 32.0);
    // What a low window has no room for is scrolled to.
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let left_top = ui.cursor().min + vec2((room.width() - width) / 2.0, top);
        let rect = egui::Rect::from_min_size(left_top, vec2(width, (room.height() - top).max(1.0)));
        ui.scope_builder(UiBuilder::new().max_rect(rect).layout(Flow::top_down(Align::LEFT)), |ui| {
            ui.spacing_mut().item_spacing.y = theme::GRID;
            if state.scanning {
                ui.label(theme::heading(text!("Listing files…"), &tokens));
                ui.label(theme::caption(text!("The first image appears as soon as it is found."), &tokens));
            } else {
                begin(ui, state, &tokens, &mut out);
            }
            ui.add_space(theme::GRID);
        });
    });
    out
}

/// What can be opened, and what was open.
fn begin(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let recent = state.preferences.recent.iter().take(RECENT);
    let last = !state.last_session.studies.is_empty();
    ui.label(theme::heading(text!("Open a chest radiograph"), tokens));
    ui.label(text!("Drop files or a folder here, or choose:"));
    ui.horizontal_wrapped(|ui| {
        for command in [
            Command::File(FileCommand::OpenFiles),
            Command::File(FileCommand::OpenFolder),
            Command::File(FileCommand::OpenDemo),
        ] {
            controls::button(ui, command, true, out);
        }
    });
    ui.label(theme::caption(text!("DICOM, PNG, JPEG or TIFF. Nothing leaves this computer."), tokens));
    if last {
        let command = SessionCommand::OpenLast;
        let words = tr!("Open the last studies: {}", state.last_session.words(state.preferences.anonymize));
        let room = ui.available_width() - 2.0 * theme::GRID;
        let cut = lettering::cut_text(ui.painter(), &words, &egui::FontId::proportional(theme::TEXT), room);
        let all: Vec<String> = state.last_session.studies.iter().map(|p| p.display().to_string()).collect();
        let hint = if state.preferences.anonymize { command.info().hint() } else { all.join("\n") };
        if ui.button(cut).on_hover_text(hint).clicked() {
            out.push(command.into());
        }
    }
    controls::button(ui, HelpCommand::Tour, true, out);
    if recent.len() > 0 && !state.preferences.anonymize {
        ui.add_space(theme::GRID);
        ui.label(theme::section(text!("Recent"), tokens));
        ui.spacing_mut().item_spacing.y = 0.0;
        for path in recent {
            if controls::recent_path(ui, path) {
                out.push(Command::File(FileCommand::OpenPaths(vec![path.clone()])));
            }
        }
    }
}
