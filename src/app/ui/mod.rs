//! The screen: bars above and below, panels left and right, the views in the middle. Reads the
//! state, yields commands.
//!
//! The only floor that draws. Painters keep what they have made ([`caches`]); nothing else outlives
//! a frame but what egui itself remembers of its fields.

pub mod caches;
mod dragging;
pub mod keymap;
mod layout;
mod lettering;
mod made;
mod measured_values;
mod message_plate;
mod numbers;
pub mod panels;
mod second_window;
mod slots;
mod textures;
pub mod theme;
pub mod thumbnails;
mod view_message;
mod viewport;
mod widgets;

use egui::{CentralPanel, Frame, Key, Margin, Panel, Ui};

use super::command::{Command, CommandGroup, FileCommand, HelpCommand, OverlayCommand, TrainingCommand, ViewCommand};
use super::state::training::{Folder, Page};
use super::state::{Layout, ShownImage, State};
use caches::Caches;
use theme::Tokens;
use thumbnails::Thumbnails;

/// Narrowest and widest panel at the sides.
const WIDTHS: std::ops::RangeInclusive<f32> = 160.0..=480.0;

/// Draws one frame of the whole window.
pub fn screen(ui: &mut Ui, state: &State, caches: &mut Caches, thumbnails: &Thumbnails) -> Vec<Command> {
    caches.receive();
    let veiled = (state.result_hidden() && !state.training.open).then(|| state.veiled());
    let state = veiled.as_ref().unwrap_or(state);
    theme::install(ui.ctx(), state.preferences.theme);
    let tokens = theme::tokens(state.preferences.theme);
    let mut commands = keys(ui, state);
    let plate = |x: i8, y: i8| Frame::new().fill(tokens.panel).inner_margin(Margin::symmetric(x, y));

    let bar = Panel::top("toolbar").exact_size(40.0).resizable(false).frame(plate(8, 4));
    commands.extend(bar.show(ui, |ui| panels::toolbar::show(ui, state)).inner);
    let bar = Panel::bottom("status").exact_size(24.0).resizable(false).frame(plate(8, 2));
    commands.extend(bar.show(ui, |ui| panels::status::show(ui, state)).inner);

    if state.training.open {
        commands.extend(panels::training::show(ui, state, &mut caches.cards));
    } else {
        commands.extend(reading_room(ui, state, &tokens, caches, thumbnails));
        if !state.result_hidden() {
            commands.extend(panels::faithfulness::show(ui, state));
        }
    }
    commands.extend(panels::notices::show(ui, state));
    commands.extend(panels::training::question::show(ui, state));
    if state.keys_open {
        commands.extend(panels::keys_help::show(ui, state));
    }
    commands.extend(panels::reliability::show(ui, state));
    commands.extend(panels::tags::show(ui, state));
    commands.extend(panels::import_weights::show(ui, state));
    commands.extend(dropped(ui, state));
    dragging::show(ui, &tokens);
    if state.second_window && !state.training.open {
        commands.extend(second_window::show(ui.ctx(), state, caches));
    }
    caches.sweep();
    commands
}

/// Studies at the left, findings at the right, views in the middle.
fn reading_room(
    ui: &mut Ui,
    state: &State,
    tokens: &Tokens,
    caches: &mut Caches,
    thumbnails: &Thumbnails,
) -> Vec<Command> {
    let mut commands = Vec::new();
    let plate = |x: i8, y: i8| Frame::new().fill(tokens.panel).inner_margin(Margin::symmetric(x, y));
    let (mut studies, mut findings) = (state.preferences.studies_width, state.preferences.findings_width);
    if state.preferences.studies_open {
        let side = Panel::left("studies").default_size(studies).size_range(WIDTHS).frame(plate(8, 8));
        let shown = side.show(ui, |ui| panels::studies::show(ui, state, thumbnails));
        studies = shown.response.rect.width();
        commands.extend(shown.inner);
    }
    if state.preferences.findings_open {
        let side = Panel::right("findings").default_size(findings).size_range(WIDTHS).frame(plate(8, 8));
        let shown = side.show(ui, |ui| {
            theme::bar_in_the_margin(ui);
            egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                let mut commands = panels::impression::show(ui, state);
                if state.result_hidden() {
                    commands.extend(panels::measurements::show(ui, state, &mut caches.values));
                    return commands;
                }
                commands.extend(panels::findings::show(ui, state));
                panels::score_change::show(ui, state);
                if matches!(state.image, ShownImage::Ready(_)) {
                    commands.extend(panels::study_result::show(ui, state));
                    ui.add_space(8.0);
                    if !state.is_mapless() {
                        commands.extend(panels::overlay::show(ui, state));
                    }
                    commands.extend(panels::lungs::show(ui, state, &mut caches.shares));
                    commands.extend(panels::measurements::show(ui, state, &mut caches.values));
                    commands.extend(panels::similar::show(ui, state, thumbnails));
                }
                commands
            })
        });
        findings = shown.response.rect.width();
        commands.extend(shown.inner.inner);
    }
    let moved = |now: f32, before: f32| (now - before).abs() > 1.0;
    if moved(studies, state.preferences.studies_width) || moved(findings, state.preferences.findings_width) {
        commands.push(Command::View(ViewCommand::SetPanelWidths(studies, findings)));
    }

    if state.is_stack() {
        let bar = Panel::bottom("stack").exact_size(32.0).resizable(false).frame(plate(8, 4));
        commands.extend(bar.show(ui, |ui| panels::stack_bar::show(ui, state)).inner);
    }
    if state.layout == Layout::Hanging && !matches!(state.image, ShownImage::Nothing) {
        let bar = Panel::top("images").exact_size(32.0).resizable(false).frame(plate(8, 4));
        commands.extend(bar.show(ui, |ui| panels::hanging::show(ui, state)).inner);
    }
    let ground = if matches!(state.image, ShownImage::Nothing) { tokens.background } else { tokens.image_ground };
    let centre = CentralPanel::default().frame(Frame::new().fill(ground));
    commands.extend(centre.show(ui, |ui| layout::show(ui, state, &mut caches.views)).inner);
    commands
}

fn keys(ui: &Ui, state: &State) -> Vec<Command> {
    let mut commands = keymap::pressed(ui.ctx());
    if state.training.open || state.training.question.is_some() {
        commands.retain(|c| of_training(c, state));
        return commands;
    }
    if state.result_hidden() {
        commands.retain(|c| !keymap::rests(c));
    }
    let held = !ui.ctx().text_edit_focused() && ui.input(|i| i.key_down(Key::O) && !i.modifiers.command);
    if held != state.overlays_hidden {
        commands.push(Command::Overlay(OverlayCommand::HideOverlays(held)));
    }
    commands
}

/// In the training room the keys of the reading room rest: what they change is not on screen.
fn of_training(command: &Command, state: &State) -> bool {
    let everywhere = matches!(command.info().group, CommandGroup::Help | CommandGroup::Training)
        || matches!(
            command,
            Command::File(FileCommand::Quit)
                | Command::View(ViewCommand::ToggleFullscreen)
                | Command::Overlay(OverlayCommand::ToggleHeatMap)
        );
    // A question is answered first.
    everywhere && (state.training.question.is_none() || *command == Command::Help(HelpCommand::Escape))
}

/// What was dropped: a configuration is trained, a folder on the training room belongs to it,
/// anything else is opened.
fn dropped(ui: &Ui, state: &State) -> Option<Command> {
    let paths: Vec<_> = ui.input(|i| {
        i.raw.dropped_files.iter().map(|f| f.path().to_owned()).filter(|p| !p.as_os_str().is_empty()).collect()
    });
    let folder = match (state.training.page, state.training.draft.is_some()) {
        (Page::Compare, _) => Some(Folder::Runs),
        (Page::Run, true) => Some(Folder::Data),
        (Page::Run, false) => None,
    };
    match (folder, paths.as_slice()) {
        (_, []) => None,
        (Some(folder), [path]) if state.training.open && path.is_dir() => {
            Some(Command::Training(TrainingCommand::SetFolder(folder, path.clone())))
        }
        _ => Some(Command::File(FileCommand::OpenPaths(paths))),
    }
}
