//! The bar above: open, go through the images, divide the screen, choose the model, write the
//! report.

use std::path::PathBuf;

use egui::{Align, Button, Id, Label, Layout as Flow, Spinner, TextEdit, Ui};

use super::{display_menu, measurements};
use crate::app::command::{
    Command, CommandGroup, FileCommand, FindingsCommand, HangingCommand, HelpCommand, ImpressionCommand, StudyCommand,
    TagCommand, TrainingCommand, ViewCommand,
};
use crate::app::state::hanging::Follows;
use crate::app::state::training::Page;
use crate::app::state::{Layout, Model, State, Theme};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;

/// Most recent paths that the menu lists.
const RECENT: usize = 8;

/// Draws the bar into the height that `ui` has.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    ui.horizontal_centered(|ui| {
        controls::menu(ui, "Open", "Opens images, folders and the demo", 320.0, |ui| {
            open_menu(ui, state, &tokens, &mut out);
        });
        controls::menu(ui, "View", "Window, turns, overlay and theme", 264.0, |ui| {
            view_menu(ui, state, &tokens, &mut out);
        });
        if state.training.open {
            return training(ui, state, &mut out);
        }
        controls::menu(ui, "Display", "Windows of the file, overlays, shutter, presentation states", 320.0, |ui| {
            display_menu::show(ui, state, &tokens, &mut out);
        });
        controls::menu(ui, "Measure", "Lengths, angles, regions, notes, the magnifier", 300.0, |ui| {
            measurements::menu(ui, state, &tokens, &mut out);
        });
        let several = state.images.len() > 1 || state.is_stack();
        controls::sign_button(ui, Sign::Left, StudyCommand::PreviousImage, several, &mut out);
        controls::sign_button(ui, Sign::Right, StudyCommand::NextImage, several, &mut out);
        ui.add_space(theme::GRID);
        layouts(ui, state, &mut out);
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
            export(ui, state, &tokens, &mut out);
            controls::button(ui, TrainingCommand::Toggle, true, &mut out);
            ui.add_space(theme::GRID);
            device(ui, state, &tokens);
            model(ui, state, &tokens, &mut out);
        });
    });
    out
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
        let hint = format!("Back to the images ({}); a run goes on", back.info().key);
        if ui.button("Reading room").on_hover_text(hint).clicked() {
            out.push(back);
        }
    });
}

fn open_menu(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    for command in [
        Command::File(FileCommand::OpenFiles),
        Command::File(FileCommand::OpenFolder),
        Command::File(FileCommand::OpenDemo),
    ] {
        controls::menu_item(ui, command, true, None, out);
    }
    ui.add_space(theme::GRID);
    path_field(ui, out);
    controls::menu_item(ui, FileCommand::ChooseWeights, true, None, out);
    if !state.preferences.recent.is_empty() {
        controls::rule(ui, tokens);
        ui.label(theme::section("Recent", tokens));
        for path in state.preferences.recent.iter().take(RECENT) {
            if controls::recent_path(ui, path) {
                out.push(Command::File(FileCommand::OpenPaths(vec![path.clone()])));
                ui.close();
            }
        }
    }
    controls::rule(ui, tokens);
    let open = !state.catalogue.patients.is_empty() || state.scanning;
    controls::menu_item(ui, FileCommand::CloseAll, open, None, out);
    controls::menu_item(ui, FileCommand::Quit, true, None, out);
}

/// The field's text is no state of the viewer: it lives only until it is opened.
fn path_field(ui: &mut Ui, out: &mut Vec<Command>) {
    let key = Id::unique("path field");
    let mut path = ui.data_mut(|data| data.get_temp::<String>(key).unwrap_or_default());
    ui.horizontal(|ui| {
        let width = ui.available_width() - 88.0;
        let field = TextEdit::singleline(&mut path).hint_text("Path of a file or folder").desired_width(width);
        let field = field.margin(egui::Margin::symmetric(8, 4)).align(egui::Align2::LEFT_CENTER);
        let response = ui.add(field).accessible_name("Path of a file or folder");
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let words = path.trim().trim_matches('"').to_owned();
        let clicked = ui
            .add_enabled(!words.is_empty(), Button::new("Open path"))
            .on_hover_text("Opens this file or folder (Enter)")
            .clicked();
        if (entered || clicked) && !words.is_empty() {
            out.push(Command::File(FileCommand::OpenPaths(vec![PathBuf::from(words)])));
            path.clear();
            ui.close();
        }
    });
    ui.data_mut(|data| data.insert_temp(key, path));
}

fn view_menu(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let shown = state.frame().is_some();
    let view = state.view(0);
    let items = Command::listed().into_iter().filter(|c| c.info().group == CommandGroup::View);
    for command in items {
        let beside = state.layout == Layout::Hanging && state.hanging.follows == Follows::Prior;
        let (enabled, on) = match command {
            Command::Hanging(HangingCommand::PriorBeside) => (shown, Some(beside)),
            // The layouts stand in the bar, the themes below, what is the file's and windows in a menu of
            // their own, the rest of several images above them.
            Command::Window(_)
            | Command::Hanging(_)
            | Command::View(
                ViewCommand::SetLayout(_)
                | ViewCommand::SetTheme(_)
                | ViewCommand::NextFileWindow
                | ViewCommand::ToggleGraphics
                | ViewCommand::ToggleShutter,
            ) => continue,
            Command::View(ViewCommand::Invert) => (shown, Some(view.invert)),
            Command::View(ViewCommand::FlipHorizontal) => (shown, Some(view.flip_horizontal)),
            Command::View(ViewCommand::FlipVertical) => (shown, Some(view.flip_vertical)),
            Command::View(ViewCommand::ToggleLinked) => (true, Some(state.preferences.linked)),
            Command::View(ViewCommand::ToggleSmooth) => (true, Some(state.preferences.smooth)),
            Command::View(ViewCommand::ToggleStudies) => (true, Some(state.preferences.studies_open)),
            Command::View(ViewCommand::ToggleFindings) => (true, Some(state.preferences.findings_open)),
            Command::View(ViewCommand::ToggleSecondWindow) => (true, Some(state.second_window)),
            Command::View(ViewCommand::ToggleFullscreen) => (true, Some(false)),
            _ => (shown, Some(false)),
        };
        controls::menu_item(ui, command, enabled, on, out);
    }
    controls::rule(ui, tokens);
    for choice in Theme::ALL {
        controls::menu_item(ui, ViewCommand::SetTheme(choice), true, Some(state.preferences.theme == choice), out);
    }
    controls::rule(ui, tokens);
    let tags = Command::Tags(TagCommand::Toggle);
    controls::menu_item(ui, tags, state.current().is_some(), Some(state.tags.is_some()), out);
    let training = Command::Training(TrainingCommand::Toggle);
    controls::menu_item(ui, training, true, Some(state.training.open), out);
    let read_first = Command::Impression(ImpressionCommand::ToggleReadFirst);
    controls::menu_item(ui, read_first, true, Some(state.preferences.read_first), out);
    controls::menu_item(ui, FileCommand::ToggleAnonymize, true, Some(state.preferences.anonymize), out);
    controls::menu_item(ui, HelpCommand::ToggleKeys, true, Some(state.keys_open), out);
}

fn layouts(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.x = 2.0;
    for layout in [Layout::SideBySide, Layout::Single, Layout::ClassGrid, Layout::MethodGrid, Layout::Compare] {
        controls::segment(ui, ViewCommand::SetLayout(layout), state.layout == layout, !state.is_mapless(), out);
    }
    // Images stand side by side whether there is a model or not.
    let command = ViewCommand::SetLayout(Layout::Hanging);
    controls::segment(ui, command, state.layout == Layout::Hanging, state.current().is_some(), out);
    ui.spacing_mut().item_spacing.x = theme::GRID;
}

fn model(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let (name, hint) = match &state.model {
        Model::Loading { name } => (name.clone(), format!("The model {name} is being loaded")),
        Model::Ready(info) => (info.manifest.name.clone(), info.manifest.description.clone()),
        Model::Unfit => ("no model fits".to_owned(), "None of the installed models is meant for this image".to_owned()),
        Model::Failed { name, reason } => (name.clone(), reason.clone()),
    };
    let mut selected = egui::Atoms::default();
    if matches!(state.model, Model::Failed { .. }) {
        selected.push_right(Sign::Caution.atom(Some(tokens.warning)));
    }
    selected.push_right(name.as_str());
    if state.automatic {
        selected.push_right(theme::caption("auto", tokens));
    }
    let because = state.choice.as_ref().map_or_else(String::new, |choice| format!("{}\n", choice.because));
    let response = egui::ComboBox::from_id_salt("model")
        .selected_text(selected)
        .width(136.0)
        .truncate()
        .show_ui(ui, |ui| {
            let info = FindingsCommand::PickModel.info();
            if ui.selectable_label(state.automatic, info.label).on_hover_text(info.hint()).clicked() {
                out.push(Command::Findings(FindingsCommand::PickModel));
            }
            for choice in &state.models {
                let chosen = !state.automatic && *choice == name;
                if ui.selectable_label(chosen, choice.as_str()).clicked() {
                    out.push(Command::Findings(FindingsCommand::SetModel(choice.clone())));
                }
            }
        })
        .response;
    response.accessible_name("Model").on_hover_text(format!("{because}{hint}"));
}

fn device(ui: &mut Ui, state: &State, tokens: &Tokens) {
    if matches!(state.model, Model::Unfit) {
        return;
    }
    let (name, hint) = match state.model_info() {
        Some(info) => (info.device.clone(), format!("The model runs on {}", info.device)),
        None => (state.device.clone(), "Where the model will run".to_owned()),
    };
    ui.add(Label::new(theme::caption(name, tokens))).on_hover_text(hint);
}

fn export(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let command = Command::File(FileCommand::ExportReport);
    let info = command.info();
    if state.exporting {
        let words = "Writing report…";
        ui.add_enabled(false, Button::new(words)).on_disabled_hover_text("The report is being written");
        ui.add(Spinner::new().size(16.0).color(tokens.accent));
        return;
    }
    let ready = state.results.finished.is_some();
    let response = ui.add_enabled(ready, Button::new(info.label));
    let hint = match &state.preferences.report_folder {
        Some(folder) => format!("{}\n{}", info.hint(), folder.display()),
        None => format!("{}\nThe folder is asked for the first time", info.hint()),
    };
    let when = if state.result_hidden() { "you have written your impression" } else { "an analysis is finished" };
    let waiting = format!("{}\nPossible once {when}", info.hint());
    if response.on_hover_text(hint).on_disabled_hover_text(waiting).clicked() {
        out.push(command);
    }
}
