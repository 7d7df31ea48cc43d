//! The menus *Open* and *View*.

use std::path::PathBuf;

use egui::{Button, Id, TextEdit, Ui};

use crate::app::command::{
    Command, CommandGroup, FileCommand, HangingCommand, HelpCommand, ImpressionCommand, KeysCommand, PaletteCommand,
    PublishedCommand, SessionCommand, TagCommand, TrainingCommand, ViewCommand, WorklistCommand,
};
use crate::app::state::hanging::Follows;
use crate::app::state::{Layout, State, Theme};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::language::{self, ENGLISH, text};

/// Most recent paths that the menu lists.
const RECENT: usize = 8;

pub(super) fn open(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
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
    controls::menu_item(ui, WorklistCommand::Toggle, true, None, out);
    controls::menu_item(ui, PublishedCommand::Toggle, true, None, out);
    if !state.preferences.recent.is_empty() && !state.preferences.anonymize {
        controls::rule(ui, tokens);
        ui.label(theme::section(text!("Recent"), tokens));
        for path in state.preferences.recent.iter().take(RECENT) {
            if controls::recent_path(ui, path) {
                out.push(Command::File(FileCommand::OpenPaths(vec![path.clone()])));
                ui.close();
            }
        }
    }
    let keep = state.preferences.keep_studies;
    let last = !state.last_session.studies.is_empty();
    controls::rule(ui, tokens);
    controls::menu_item(ui, SessionCommand::OpenLast, last, None, out);
    controls::menu_item(ui, SessionCommand::ToggleKeepStudies, true, Some(keep), out);
    controls::menu_item(ui, SessionCommand::Forget, true, None, out);
    controls::rule(ui, tokens);
    let ready = state.results.finished.is_some() && !state.exporting;
    controls::menu_item(ui, FileCommand::ExportDicom, ready, None, out);
    controls::menu_item(ui, FileCommand::Print, ready, None, out);
    for command in [FileCommand::SaveView, FileCommand::SaveViewWithoutPatient] {
        controls::menu_item(ui, command, state.drawn().is_some(), None, out);
    }
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
        let field = TextEdit::singleline(&mut path).hint_text(text!("Path of a file or folder")).desired_width(width);
        let field = field.margin(egui::Margin::symmetric(8, 4)).align(egui::Align2::LEFT_CENTER);
        let response = ui.add(field).accessible_name(text!("Path of a file or folder"));
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let words = path.trim().trim_matches('"').to_owned();
        let clicked = ui
            .add_enabled(!words.is_empty(), Button::new(text!("Open path")))
            .on_hover_text(text!("Opens this file or folder (Enter)"))
            .clicked();
        if (entered || clicked) && !words.is_empty() {
            out.push(Command::File(FileCommand::OpenPaths(vec![PathBuf::from(words)])));
            path.clear();
            ui.close();
        }
    });
    ui.data_mut(|data| data.insert_temp(key, path));
}

pub(super) fn view(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let shown = state.frame().is_some();
    let view = state.view(0);
    let items = Command::listed().into_iter().filter(|c| c.info().group == CommandGroup::View);
    for command in items {
        let (enabled, on) = match command {
            // The layouts stand in the bar, the themes below, what is the file's and windows in a menu of
            // their own.
            Command::Window(_)
            | Command::Session(_)
            | Command::Hanging(_)
            | Command::View(
                ViewCommand::SetLayout(_)
                | ViewCommand::SetTheme(_)
                | ViewCommand::ToggleSecondWindow
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
            Command::View(ViewCommand::ToggleFullscreen) => (true, Some(false)),
            _ => (shown, Some(false)),
        };
        controls::menu_item(ui, command, enabled, on, out);
    }
    controls::rule(ui, tokens);
    controls::submenu(ui, text!("Several images"), 300.0, |ui| several_images(ui, state, out));
    controls::submenu(ui, text!("Theme"), 220.0, |ui| {
        for choice in Theme::ALL {
            controls::menu_item(ui, ViewCommand::SetTheme(choice), true, Some(state.preferences.theme == choice), out);
        }
    });
    // Its own name beside the word, for who cannot read the language that holds.
    let languages = text!("Language");
    let heading = if languages == "Language" { "Language".to_owned() } else { format!("{languages} · Language") };
    controls::submenu(ui, &heading, 220.0, |ui| {
        for code in language::codes() {
            let on = state.preferences.language == code || (code == ENGLISH && state.preferences.language.is_empty());
            controls::menu_item(ui, SessionCommand::SetLanguage(code), true, Some(on), out);
        }
        controls::rule(ui, tokens);
        let (foreign, english) = (language::current() != ENGLISH, state.preferences.reports_in_english);
        controls::menu_item(ui, SessionCommand::ToggleEnglishReports, foreign, Some(english || !foreign), out);
    });
    controls::rule(ui, tokens);
    let tags = Command::Tags(TagCommand::Toggle);
    controls::menu_item(ui, tags, state.current().is_some(), Some(state.tags.is_some()), out);
    let training = Command::Training(TrainingCommand::Toggle);
    controls::menu_item(ui, training, true, Some(state.training.open), out);
    let read_first = Command::Impression(ImpressionCommand::ToggleReadFirst);
    controls::menu_item(ui, read_first, true, Some(state.preferences.read_first), out);
    controls::menu_item(ui, SessionCommand::ToggleAudit, true, Some(state.preferences.audit), out);
    controls::menu_item(ui, FileCommand::ToggleAnonymize, true, Some(state.preferences.anonymize), out);
    controls::rule(ui, tokens);
    controls::submenu(ui, text!("Size of the interface"), 260.0, |ui| {
        for command in
            [SessionCommand::LargerInterface, SessionCommand::SmallerInterface, SessionCommand::UsualInterface]
        {
            controls::menu_item(ui, command, true, None, out);
        }
    });
    controls::submenu(ui, text!("Help"), 260.0, |ui| {
        controls::menu_item(ui, PaletteCommand::Toggle, true, None, out);
        controls::menu_item(ui, HelpCommand::ToggleKeys, true, None, out);
        controls::menu_item(ui, KeysCommand::ToggleEditor, true, None, out);
        controls::menu_item(ui, HelpCommand::Tour, true, None, out);
    });
}

/// Images beside each other, the prior, the second window.
fn several_images(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    let shown = state.frame().is_some();
    let hung = state.layout == Layout::Hanging;
    let beside = hung && state.hanging.follows == Follows::Prior;
    controls::menu_item(ui, ViewCommand::SetLayout(Layout::Hanging), state.current().is_some(), Some(hung), out);
    controls::menu_item(ui, HangingCommand::PriorBeside, shown, Some(beside), out);
    controls::menu_item(ui, HangingCommand::HangByRules, shown, Some(false), out);
    controls::menu_item(ui, HangingCommand::NextSlot, hung, Some(false), out);
    controls::menu_item(ui, HangingCommand::ToggleMapsOfChange, shown, Some(state.hanging.maps_of_change), out);
    let lines = state.preferences.reference_lines;
    controls::menu_item(ui, HangingCommand::ToggleReferenceLines, hung, Some(lines), out);
    controls::menu_item(ui, ViewCommand::ToggleSecondWindow, true, Some(state.second_window), out);
}
