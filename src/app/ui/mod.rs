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
mod reading;
mod second_window;
mod slots;
mod textures;
pub mod theme;
pub mod thumbnails;
mod tour;
mod view_message;
mod viewport;
mod widgets;

use egui::{CentralPanel, Frame, Margin, Panel, ScrollArea, Ui};

use super::command::{
    Command, CommandGroup, FileCommand, HelpCommand, OverlayCommand, SessionCommand, TrainingCommand, ViewCommand,
    key_map,
};
use super::state::measuring::Sheet;
use super::state::on_top::OnTop;
use super::state::tour::TourStep;
use super::state::training::{Folder, Page};
use super::state::view_capture::AREA;
use super::state::{Layout, ShownImage, State};
use crate::language;
use caches::Caches;
use theme::Tokens;
use thumbnails::Thumbnails;

/// Narrowest and widest panel at the sides.
const WIDTHS: (f32, f32) = (160.0, 480.0);
/// The same of the findings, whose rows need that much.
const FINDINGS: f32 = 288.0;
/// In a window narrower than this the list of studies gives way to the findings, and what panels there
/// are is narrow; their widths are those of a wider window again when it is one.
const NARROW: f32 = 760.0;
/// A panel lower than this has no room for a foot.
const LOW: f32 = 240.0;
/// Height of the bar below a stack.
const STACK_HEIGHT: f32 = 32.0;
/// Most of the panel's height that measurements take at its foot.
const MEASUREMENTS: f32 = 0.3;

/// Draws one frame of the whole window.
pub fn screen(ui: &mut Ui, state: &State, caches: &mut Caches, thumbnails: &Thumbnails) -> Vec<Command> {
    caches.receive();
    if state.reading.is_some() {
        return reading::screen(ui, state, caches);
    }
    let veiled = (state.result_hidden() && !state.training.open).then(|| state.veiled());
    let state = veiled.as_ref().unwrap_or(state);
    let captured = state.for_capture();
    let state = captured.as_ref().unwrap_or(state);
    language::enter(&state.preferences.language);
    theme::install(ui.ctx(), state.preferences.theme);
    theme::scale(ui.ctx(), state.preferences.interface_scale());
    key_map::install(&state.preferences.keys);
    let tokens = theme::tokens(state.preferences.theme);
    let mut commands = keys(ui, state);
    let plate = |x: i8, y: i8| Frame::new().fill(tokens.panel).inner_margin(Margin::symmetric(x, y));

    let bar = Panel::top("toolbar").exact_size(40.0).resizable(false).frame(plate(8, 4));
    let above = bar.show(ui, |ui| panels::toolbar::show(ui, state));
    tour::mark(ui, state, TourStep::Palette, above.response.rect.shrink(4.0));
    commands.extend(above.inner);
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
    commands.extend(panels::model_diff::show(ui, state));
    commands.extend(panels::tags::show(ui, state));
    commands.extend(panels::worklist::show(ui, state));
    commands.extend(panels::worklist::archives::show(ui, state));
    commands.extend(panels::worklist::secret::show(ui, state));
    commands.extend(panels::result_window::show(ui, state));
    commands.extend(panels::import_weights::show(ui, state));
    commands.extend(panels::published::show(ui, state));
    commands.extend(panels::keys_editor::show(ui, state));
    commands.extend(panels::palette::show(ui, state));
    commands.extend(tour::show(ui, state));
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
    let p = &state.preferences;
    let room = ui.available_width();
    let narrow = room < NARROW;
    let most = if narrow { (0.5 * room).clamp(FINDINGS, WIDTHS.1) } else { WIDTHS.1 };
    let (mut studies, mut findings) = (p.studies_width, p.findings_width);
    if p.studies_open && !(narrow && p.findings_open) {
        let side = Panel::left(if narrow { "studies, narrow" } else { "studies" });
        let side = side.default_size(studies.min(most)).size_range(WIDTHS.0..=most).frame(plate(8, 8));
        let shown = side.show(ui, |ui| panels::studies::show(ui, state, thumbnails));
        studies = shown.response.rect.width();
        commands.extend(shown.inner);
    }
    if p.findings_open {
        let side = Panel::right(if narrow { "findings, narrow" } else { "findings" });
        let side = side.default_size(findings.min(most)).size_range(FINDINGS..=most).frame(plate(8, 8));
        let shown = side.show(ui, |ui| findings_panel(ui, state, caches, thumbnails));
        findings = shown.response.rect.width();
        commands.extend(shown.inner);
    }
    let moved = |now: f32, before: f32| (now - before).abs() > 1.0;
    if !narrow && (moved(studies, p.studies_width) || moved(findings, p.findings_width)) {
        commands.push(Command::View(ViewCommand::SetPanelWidths(studies, findings)));
    }

    if state.is_stack() {
        let bar = Panel::bottom("stack").exact_size(STACK_HEIGHT).resizable(false).frame(plate(8, 4));
        commands.extend(bar.show(ui, |ui| panels::stack_bar::show(ui, state)).inner);
    }
    if state.layout == Layout::Hanging && !matches!(state.image, ShownImage::Nothing) {
        let bar = Panel::top("images").exact_size(32.0).resizable(false).frame(plate(8, 4));
        commands.extend(bar.show(ui, |ui| panels::hanging::show(ui, state)).inner);
    }
    let ground = if matches!(state.image, ShownImage::Nothing) { tokens.background } else { tokens.image_ground };
    let centre = CentralPanel::default().frame(Frame::new().fill(ground));
    let views = centre.show(ui, |ui| layout::show(ui, state, &mut caches.views));
    ui.data_mut(|data| data.insert_temp(egui::Id::unique(AREA), views.response.rect));
    commands.extend(views.inner);
    commands
}

/// The panel at the right: what the model says, how its map is shown, and at the foot, in reach
/// without scrolling, what was measured and the controls of the map that are used most.
fn findings_panel(ui: &mut Ui, state: &State, caches: &mut Caches, thumbnails: &Thumbnails) -> Vec<Command> {
    let mut commands = Vec::new();
    let height = ui.available_height();
    let shown = matches!(state.image, ShownImage::Ready(_));
    let mapped = shown && !state.result_hidden() && !state.is_mapless() && state.model_info().is_some();
    let foot = |name: &'static str| Panel::bottom(name).resizable(false).show_separator_line(false).frame(Frame::NONE);
    let low = height < LOW;
    if mapped && !low {
        commands.extend(foot("map strip").show(ui, |ui| panels::map_strip::show(ui, state)).inner);
    }
    let measured = shown && (!state.measurements().is_empty() || state.sheet().is_some_and(Sheet::has_steps));
    if measured && !low {
        // What is asked in *What if* needs the room more.
        let share = if state.layout == Layout::WhatIf { 0.5 * MEASUREMENTS } else { MEASUREMENTS };
        let most = share * height;
        let list = foot("measurements").show(ui, |ui| panels::measurements::show(ui, state, &mut caches.values, most));
        commands.extend(list.inner);
    }
    theme::bar_in_the_margin(ui);
    let area = ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let mut commands = panels::impression::show(ui, state);
        if !state.result_hidden() {
            commands.extend(panels::what_if::show(ui, state));
            commands.extend(panels::findings::show(ui, state));
            panels::score_change::show(ui, state);
            commands.extend(panels::result_objects::show(ui, state));
        }
        if shown {
            commands.extend(panels::feedback::show(ui, state));
        }
        if measured && low {
            commands.extend(panels::measurements::show(ui, state, &mut caches.values, f32::INFINITY));
        }
        if shown && !state.result_hidden() {
            commands.extend(panels::study_result::show(ui, state));
            ui.add_space(4.0);
            if mapped {
                if low {
                    commands.extend(panels::map_strip::show(ui, state));
                }
                commands.extend(panels::overlay::show(ui, state));
            }
            commands.extend(panels::lungs::show(ui, state, &mut caches.shares));
            commands.extend(panels::similar::show(ui, state, thumbnails));
        }
        commands
    });
    commands.extend(area.inner);
    commands
}

fn keys(ui: &Ui, state: &State) -> Vec<Command> {
    let free = keymap::on_top(ui.ctx(), state).is_none_or(OnTop::leaves_keys);
    let mut commands = if free { viewport::measuring::crosshair::commands(ui.ctx(), state) } else { Vec::new() };
    commands.extend(keymap::pressed(ui.ctx(), state));
    if state.training.open || state.training.question.is_some() {
        commands.retain(|c| of_training(c, state));
        return commands;
    }
    if state.result_hidden() {
        commands.retain(|c| !keymap::rests(c));
    }
    let held = keymap::is_held(ui.ctx(), state);
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
                | Command::Session(
                    SessionCommand::LargerInterface | SessionCommand::SmallerInterface | SessionCommand::UsualInterface
                )
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
