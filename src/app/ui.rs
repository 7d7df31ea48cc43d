//! The screen: bars above and below, panels left and right, the views in the middle. Reads the state, yields commands.

use egui::{CentralPanel, Frame, Key, Margin, Panel, Ui};

use super::command::{Command, Group};
use super::state::{Film, State};
use super::theme::Tokens;
use super::thumbnails::Thumbnails;
use super::training::TrainingCommand;
use super::training::state::{Folder, Page};
use super::viewport::pictures::Pictures;
use super::{impression, keymap, layout, panels, theme};

/// Narrowest and widest panel at the sides.
const WIDTHS: std::ops::RangeInclusive<f32> = 160.0..=480.0;

/// Draws one frame of the whole window.
pub fn screen(ui: &mut Ui, state: &State, pictures: &mut Pictures, thumbnails: &Thumbnails) -> Vec<Command> {
    pictures.receive();
    let veiled = (state.result_hidden() && !state.training.open).then(|| state.veiled());
    let state = veiled.as_ref().unwrap_or(state);
    theme::install(ui.ctx(), state.settings.theme);
    let tokens = theme::tokens(state.settings.theme);
    let mut commands = keys(ui, state);
    let plate = |x: i8, y: i8| Frame::new().fill(tokens.panel).inner_margin(Margin::symmetric(x, y));

    let bar = Panel::top("toolbar").exact_size(40.0).resizable(false).frame(plate(8, 4));
    commands.extend(bar.show(ui, |ui| panels::toolbar::show(ui, state)).inner);
    let bar = Panel::bottom("status").exact_size(24.0).resizable(false).frame(plate(8, 2));
    commands.extend(bar.show(ui, |ui| panels::status::show(ui, state)).inner);

    if state.training.open {
        commands.extend(panels::training::show(ui, state, pictures));
    } else {
        commands.extend(reading_room(ui, state, &tokens, pictures, thumbnails));
        if !state.result_hidden() {
            commands.extend(panels::trust::show(ui, state));
        }
    }
    commands.extend(panels::notices::show(ui, state));
    commands.extend(panels::training::question::show(ui, state));
    if state.keys_open {
        commands.extend(panels::keys_help::show(ui, state));
    }
    commands.extend(panels::reliability::show(ui, state));
    commands.extend(panels::import_weights::show(ui, state));
    commands.extend(dropped(ui, state));
    pictures.sweep();
    commands
}

/// Studies at the left, findings at the right, views in the middle.
fn reading_room(
    ui: &mut Ui,
    state: &State,
    tokens: &Tokens,
    pictures: &mut Pictures,
    thumbnails: &Thumbnails,
) -> Vec<Command> {
    let mut commands = Vec::new();
    let plate = |x: i8, y: i8| Frame::new().fill(tokens.panel).inner_margin(Margin::symmetric(x, y));
    let (mut studies, mut findings) = (state.settings.studies_width, state.settings.findings_width);
    if state.settings.studies_open {
        let side = Panel::left("studies").default_size(studies).size_range(WIDTHS).frame(plate(8, 8));
        let shown = side.show(ui, |ui| panels::studies::show(ui, state, thumbnails));
        studies = shown.response.rect.width();
        commands.extend(shown.inner);
    }
    if state.settings.findings_open {
        let side = Panel::right("findings").default_size(findings).size_range(WIDTHS).frame(plate(8, 8));
        let shown = side.show(ui, |ui| {
            theme::bar_in_the_margin(ui);
            egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                let mut commands = panels::impression::show(ui, state);
                if state.result_hidden() {
                    return commands;
                }
                commands.extend(panels::findings::show(ui, state));
                if matches!(state.film, Film::Shown(_)) {
                    ui.add_space(8.0);
                    commands.extend(panels::overlay::show(ui, state));
                }
                commands
            })
        });
        findings = shown.response.rect.width();
        commands.extend(shown.inner.inner);
    }
    let moved = |now: f32, before: f32| (now - before).abs() > 1.0;
    if moved(studies, state.settings.studies_width) || moved(findings, state.settings.findings_width) {
        commands.push(Command::SetPanelWidths(studies, findings));
    }

    let ground = if matches!(state.film, Film::Nothing) { tokens.background } else { tokens.film };
    let centre = CentralPanel::default().frame(Frame::new().fill(ground));
    commands.extend(centre.show(ui, |ui| layout::show(ui, state, pictures)).inner);
    commands
}

fn keys(ui: &Ui, state: &State) -> Vec<Command> {
    let mut commands = keymap::pressed(ui.ctx());
    if state.training.open || state.training.question.is_some() {
        commands.retain(|c| of_training(c, state));
        return commands;
    }
    if state.result_hidden() {
        commands.retain(|c| !impression::rests(c));
    }
    let held = !ui.ctx().text_edit_focused() && ui.input(|i| i.key_down(Key::O) && !i.modifiers.command);
    if held != state.overlays_hidden {
        commands.push(Command::HideOverlays(held));
    }
    commands
}

/// In the training room the keys of the reading room rest: what they change is not on screen.
fn of_training(command: &Command, state: &State) -> bool {
    let everywhere = matches!(command.info().group, Group::Help | Group::Training)
        || matches!(command, Command::Quit | Command::ToggleFullscreen | Command::ToggleHeatMap);
    // A question is answered first.
    everywhere && (state.training.question.is_none() || *command == Command::Escape)
}

/// What was dropped: a configuration is trained, a folder on the training room belongs to it, anything else is opened.
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
        _ => Some(Command::OpenPaths(paths)),
    }
}
