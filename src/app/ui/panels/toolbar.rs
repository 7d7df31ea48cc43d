//! The bar above: open, go through the images, divide the screen, choose the model, write the
//! report. What has no room folds into a menu at its end ([`fold`]).

mod fold;
mod menus;

use egui::{Align, Button, Layout as Flow, Spinner, Ui};

use super::{display_menu, measurements};
use crate::app::command::{
    Command, FileCommand, FindingsCommand, PublishedCommand, StudyCommand, TrainingCommand, ViewCommand,
};
use crate::app::state::tour::TourStep;
use crate::app::state::training::Page;
use crate::app::state::{Layout, Model, State};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::{lettering, tour};
use crate::language::{said, text, tr};
use fold::{Bar, Part};

/// Width of the list of models.
const MODEL: f32 = 144.0;
/// The layouts in the order in which they stand in the bar.
const LAYOUTS: [Layout; 7] = [
    Layout::SideBySide,
    Layout::Single,
    Layout::ClassGrid,
    Layout::MethodGrid,
    Layout::Compare,
    Layout::WhatIf,
    Layout::Hanging,
];

/// Draws the bar into the height that `ui` has.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    ui.horizontal_centered(|ui| {
        if state.training.open {
            part(ui, state, Part::Open, &tokens, &mut out);
            part(ui, state, Part::View, &tokens, &mut out);
            return training(ui, state, &mut out);
        }
        let bar = Bar::fitting(ui.available_width(), |part| width_of(ui, part));
        for one in [Part::Open, Part::View, Part::Display, Part::Measure, Part::Steps, Part::Layouts, Part::LayoutMenu]
        {
            if bar.shows(one) {
                part(ui, state, one, &tokens, &mut out);
            }
        }
        if bar.folds() {
            more(ui, state, &bar, &tokens, &mut out);
        }
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
            for one in [Part::Export, Part::Training, Part::Model] {
                if bar.shows(one) {
                    part(ui, state, one, &tokens, &mut out);
                }
            }
        });
    });
    out
}

/// A part of the bar.
fn part(ui: &mut Ui, state: &State, part: Part, tokens: &Tokens, out: &mut Vec<Command>) {
    match part {
        Part::Open => controls::menu(ui, text!("Open"), text!("Opens images, folders and the demo"), 320.0, |ui| {
            menus::open(ui, state, tokens, out);
        }),
        Part::View => controls::menu(ui, text!("View"), text!("Window, turns, theme, panels, keys"), 300.0, |ui| {
            menus::view(ui, state, tokens, out);
        }),
        Part::Display => {
            controls::menu(
                ui,
                text!("Display"),
                text!("Windows of the file, overlays, shutter, presentation states"),
                320.0,
                |ui| {
                    display_menu::show(ui, state, tokens, out);
                },
            );
        }
        Part::Measure => {
            let from = ui.cursor().min;
            controls::menu(
                ui,
                text!("Measure"),
                text!("Lengths, angles, regions, notes, the magnifier"),
                300.0,
                |ui| {
                    measurements::menu(ui, state, tokens, out);
                },
            );
            let to = egui::pos2(ui.cursor().min.x - theme::GRID, ui.max_rect().bottom());
            tour::mark(ui, state, TourStep::Measure, egui::Rect::from_two_pos(from, to));
        }
        Part::Steps => {
            let several = state.images.len() > 1 || state.is_stack();
            controls::sign_button(ui, Sign::Left, StudyCommand::PreviousImage, several, out);
            controls::sign_button(ui, Sign::Right, StudyCommand::NextImage, several, out);
        }
        Part::Layouts => layouts(ui, state, out),
        Part::LayoutMenu => controls::menu(ui, text!("Layout"), text!("How the screen is divided"), 220.0, |ui| {
            layout_items(ui, state, out);
        }),
        Part::Model => model(ui, state, tokens, out),
        Part::Training => drop(controls::button(ui, TrainingCommand::Toggle, true, out)),
        Part::Export => export(ui, state, tokens, out),
    }
}

/// What has no room in the bar.
fn more(ui: &mut Ui, state: &State, bar: &Bar, tokens: &Tokens, out: &mut Vec<Command>) {
    controls::menu_of(ui, "…", text!("More"), text!("What has no room in the bar"), 260.0, |ui| {
        let menu =
            |ui: &mut Ui, words: &str, content: &mut dyn FnMut(&mut Ui)| controls::submenu(ui, words, 300.0, content);
        for one in bar.folded() {
            match one {
                Part::View => menu(ui, text!("View"), &mut |ui| menus::view(ui, state, tokens, out)),
                Part::Display => menu(ui, text!("Display"), &mut |ui| display_menu::show(ui, state, tokens, out)),
                Part::Measure => menu(ui, text!("Measure"), &mut |ui| measurements::menu(ui, state, tokens, out)),
                Part::LayoutMenu => menu(ui, text!("Layout"), &mut |ui| layout_items(ui, state, out)),
                Part::Model => menu(ui, text!("Model"), &mut |ui| models(ui, state, out)),
                Part::Steps => {
                    let several = state.images.len() > 1 || state.is_stack();
                    controls::menu_item(ui, StudyCommand::PreviousImage, several, Some(false), out);
                    controls::menu_item(ui, StudyCommand::NextImage, several, Some(false), out);
                }
                Part::Training => controls::menu_item(ui, TrainingCommand::Toggle, true, Some(false), out),
                Part::Export => {
                    let ready = state.results.finished.is_some() && !state.exporting;
                    controls::menu_item(ui, FileCommand::ExportReport, ready, Some(false), out);
                    controls::menu_item(ui, FileCommand::ExportDicom, ready, Some(false), out);
                }
                Part::Open | Part::Layouts => {}
            }
        }
    });
}

/// Room that a part takes, with the gap behind it; somewhat more than it needs.
fn width_of(ui: &Ui, part: Part) -> f32 {
    let text = |words: &str| {
        let font = egui::FontId::proportional(theme::TEXT);
        ui.painter().layout_no_wrap(words.to_owned(), font, egui::Color32::WHITE).size().x
    };
    let gap = theme::GRID;
    let menu = |words: &str| text(words) + 16.0 + 4.0 + 2.0 * theme::GRID + gap;
    let button = |words: &str| text(words) + 2.0 * theme::GRID + gap;
    match part {
        Part::Open => menu(text!("Open")),
        Part::View => menu(text!("View")),
        Part::Display => menu(text!("Display")),
        Part::Measure => menu(text!("Measure")),
        Part::Steps => 2.0 * (32.0 + gap),
        Part::Layouts => {
            let segment =
                |layout: &Layout| text(ViewCommand::SetLayout(*layout).info().label) + 2.0 * theme::GRID + 2.0;
            LAYOUTS.iter().map(segment).sum::<f32>() + gap
        }
        Part::LayoutMenu => menu(text!("Layout")),
        Part::Model => MODEL + 16.0 + gap,
        Part::Training => button(TrainingCommand::Toggle.info().label),
        Part::Export => button(text!("Writing report…")) + 8.0,
    }
}

/// The bar of the training room: its pages, and the way back.
fn training(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    ui.add_space(theme::GRID);
    ui.spacing_mut().item_spacing.x = 2.0;
    for page in [Page::Run, Page::Compare] {
        let command = Command::Training(TrainingCommand::Show(page));
        controls::segment(ui, command, state.training.page == page, true, out);
    }
    ui.spacing_mut().item_spacing.x = theme::GRID;
    ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
        let back = Command::Training(TrainingCommand::Toggle);
        let hint = tr!("Back to the images ({}); a run goes on", back.info().key);
        if ui.button(text!("Reading room")).on_hover_text(hint).clicked() {
            out.push(back);
        }
    });
}

fn layouts(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.x = 2.0;
    for layout in LAYOUTS {
        let possible = can_lay(state, layout);
        let response = controls::segment(ui, ViewCommand::SetLayout(layout), state.layout == layout, possible, out);
        response.on_disabled_hover_text(text!("There is no map to look at"));
    }
    ui.spacing_mut().item_spacing.x = theme::GRID;
}

/// The layouts in a menu.
fn layout_items(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    for layout in LAYOUTS {
        let on = Some(state.layout == layout);
        controls::menu_item(ui, ViewCommand::SetLayout(layout), can_lay(state, layout), on, out);
    }
}

/// Images stand side by side whether there is a model or not; the other layouts are for maps.
fn can_lay(state: &State, layout: Layout) -> bool {
    state.current().is_some() && (layout == Layout::Hanging || !state.is_mapless())
}

fn model(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let (name, hint) = match &state.model {
        Model::Loading { name } => (name.clone(), tr!("The model {} is being loaded", name)),
        Model::Ready(info) => (info.manifest.name.clone(), said(&info.manifest.description)),
        Model::Unfit => {
            (text!("no model").to_owned(), text!("None of the installed models is meant for this image").to_owned())
        }
        Model::Failed { name, reason } => (name.clone(), said(reason)),
    };
    let mut selected = egui::Atoms::default();
    if matches!(state.model, Model::Failed { .. }) {
        selected.push_right(Sign::Caution.atom(Some(tokens.warning)));
    }
    let room = MODEL - if state.automatic { 64.0 } else { 32.0 };
    let font = egui::FontId::proportional(theme::TEXT);
    selected.push_right(lettering::cut_text(ui.painter(), &name, &font, room));
    if state.automatic {
        selected.push_right(theme::caption(text!("auto"), tokens));
    }
    let because = state.choice.as_ref().map_or_else(String::new, |choice| format!("{}\n", said(&choice.because)));
    let response = egui::ComboBox::from_id_salt("model")
        .selected_text(selected)
        .width(MODEL)
        .truncate()
        .show_ui(ui, |ui| models(ui, state, out))
        .response;
    response.accessible_name(text!("Model")).on_hover_text(format!("{name}\n{because}{hint}"));
}

/// The models that can be chosen.
fn models(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    let info = FindingsCommand::PickModel.info();
    if ui.selectable_label(state.automatic, info.label).on_hover_text(info.hint()).clicked() {
        out.push(FindingsCommand::PickModel.into());
        ui.close();
    }
    let now = state.model_info().map(|info| info.manifest.name.as_str());
    for choice in &state.models {
        let chosen = !state.automatic && now == Some(choice.as_str());
        if ui.selectable_label(chosen, choice.as_str()).clicked() {
            out.push(FindingsCommand::SetModel(choice.clone()).into());
            ui.close();
        }
    }
    let info = PublishedCommand::Toggle.info();
    if ui.selectable_label(false, info.label).on_hover_text(info.hint()).clicked() {
        out.push(PublishedCommand::Toggle.into());
        ui.close();
    }
}

fn export(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let command = Command::File(FileCommand::ExportReport);
    let info = command.info();
    if state.exporting {
        let words = text!("Writing report…");
        ui.add_enabled(false, Button::new(words)).on_disabled_hover_text(text!("The report is being written"));
        ui.add(Spinner::new().size(16.0).color(tokens.accent));
        return;
    }
    let ready = state.results.finished.is_some();
    let response = ui.add_enabled(ready, Button::new(info.label));
    let hint = match &state.preferences.report_folder {
        Some(folder) => format!("{}\n{}", info.hint(), folder.display()),
        None => format!("{}\n{}", info.hint(), text!("The folder is asked for the first time")),
    };
    let when = if state.result_hidden() {
        text!("Possible once you have written your impression")
    } else {
        text!("Possible once an analysis is finished")
    };
    let waiting = format!("{}\n{when}", info.hint());
    if response.on_hover_text(hint).on_disabled_hover_text(waiting).clicked() {
        out.push(command);
    }
}
