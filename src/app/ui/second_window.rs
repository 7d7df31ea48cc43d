//! A second window, for a second monitor: the current image without maps, or in the layout of several
//! images their grid, while the first window keeps the current image with its map.
//!
//! It has the mouse and the keys of the views and nothing else: lists, findings and dialogs stay in
//! the first window. Where it stands, the reader chooses.

use egui::{CentralPanel, Context, Frame, ViewportBuilder, ViewportCommand, ViewportId};

use super::caches::Caches;
use super::viewport::{self, ViewPlace};
use super::{keymap, message_plate, slots, theme, view_message::ViewMessage};
use crate::app::command::{Command, MapCommand, ViewCommand};
use crate::app::state::{Content, Layout, SECOND_PANE, ShownImage, State};
use crate::language::text;

/// Draws the window and yields what is asked in it.
pub(super) fn show(ctx: &Context, state: &State, caches: &mut Caches) -> Vec<Command> {
    // No title names a patient: it stands in lists of windows.
    let window = ViewportBuilder::default()
        .with_title(text!("Pellucid: second window"))
        .with_app_id("pellucid")
        .with_inner_size([960.0, 800.0])
        .with_min_inner_size([320.0, 240.0]);
    ctx.show_viewport_immediate(ViewportId::from_hash_of("second window"), window, |ui, _| {
        let mut commands = keys(ui, state);
        if ui.input(|input| input.viewport().close_requested()) {
            commands.push(ViewCommand::ToggleSecondWindow.into());
        }
        let tokens = theme::tokens(state.preferences.theme);
        let centre = CentralPanel::default().frame(Frame::new().fill(tokens.image_ground));
        commands.extend(centre.show(ui, |ui| content(ui, state, caches)).inner);
        commands
    })
}

fn content(ui: &mut egui::Ui, state: &State, caches: &mut Caches) -> Vec<Command> {
    if state.layout == Layout::Hanging && !matches!(state.image, ShownImage::Nothing) {
        return slots::show(ui, state, &mut caches.views);
    }
    let rect = ui.available_rect_before_wrap();
    let Some(frame) = state.drawn() else {
        let mut none = Vec::new();
        message_plate::show(ui, state, rect, &ViewMessage::new(text!("The current image is shown here.")), &mut none);
        return none;
    };
    let place = ViewPlace { pane: SECOND_PANE, content: Content::Image, rect, scale: None };
    let mut commands = viewport::show(ui, state, &mut caches.views, frame, place);
    commands.retain(is_of_image);
    commands
}

/// The current image of several, in the first window while their grid is in the second one.
pub(super) fn current_image(ui: &mut egui::Ui, state: &State, views: &mut viewport::ViewCaches) -> Vec<Command> {
    let rect = ui.available_rect_before_wrap();
    let (Some(frame), Some(content)) = (state.drawn(), state.panes().first().copied()) else { return Vec::new() };
    let place = ViewPlace { pane: SECOND_PANE, content, rect, scale: None };
    let mut commands = viewport::show(ui, state, views, frame, place);
    commands.retain(is_of_image);
    ui.advance_cursor_after_rect(rect);
    commands
}

/// A view by itself is no pane of the layout: it is neither chosen nor shown alone.
fn is_of_image(command: &Command) -> bool {
    !matches!(command, Command::View(ViewCommand::ToggleSolo(_)) | Command::Maps(MapCommand::ChoosePane(_)))
}

/// The keys of the first window; full screen is this window's own.
fn keys(ui: &egui::Ui, state: &State) -> Vec<Command> {
    if state.training.question.is_some() {
        return Vec::new();
    }
    let mut commands = keymap::pressed(ui.ctx(), state);
    if state.result_hidden() {
        commands.retain(|command| !keymap::rests(command));
    }
    let full_screen = Command::View(ViewCommand::ToggleFullscreen);
    if commands.contains(&full_screen) {
        commands.retain(|command| *command != full_screen);
        let full = ui.input(|input| input.viewport().fullscreen.unwrap_or(false));
        ui.ctx().send_viewport_cmd(ViewportCommand::Fullscreen(!full));
    }
    commands
}
