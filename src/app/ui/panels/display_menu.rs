//! The menu of how the image is shown: windows of the file, of its modality and of the reader, VOI
//! tables, presentation states, overlays, the shutter.

mod histogram;
mod windows;

use egui::{Atoms, Button, Sense, Ui, vec2};

use crate::app::command::{Command, ViewCommand};
use crate::app::state::State;
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::fonts::attribute;
use crate::imaging::Voi;
use crate::language::{decimal, text, tr};
use crate::study::{PresentationState, readable_name};

/// Draws the menu.
pub(super) fn show(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let shown = state.frame().is_some();
    ui.label(theme::section(text!("Window"), tokens));
    histogram::show(ui, state, tokens);
    controls::menu_item(ui, ViewCommand::AutoWindow, shown, None, out);
    let transforms = state.frame().map_or(&[][..], |frame| &frame.pixels.voi);
    controls::menu_item(ui, ViewCommand::NextFileWindow, transforms.len() > 1, None, out);
    let view = state.view(0);
    for (index, voi) in transforms.iter().enumerate() {
        let chosen = match voi {
            Voi::Window { window, .. } => view.table.is_none() && *window == view.window,
            Voi::Lut { .. } => view.table == Some(index),
        };
        let command = ViewCommand::ChooseVoi(index).into();
        item(ui, &voi_words(index, voi), text!("Window or VOI table of the file"), chosen, command, out);
    }
    windows::show(ui, state, tokens, out);
    controls::rule(ui, tokens);
    controls::menu_item(ui, ViewCommand::ToggleGraphics, state.has_graphics(), Some(state.display.graphics), out);
    controls::menu_item(ui, ViewCommand::ToggleShutter, state.shutters().is_some(), Some(state.display.shutter), out);
    if state.presentations.is_empty() {
        return;
    }
    controls::rule(ui, tokens);
    ui.label(theme::section(text!("Presentation states"), tokens));
    let hint = text!("The image as its file says, without a presentation state");
    item(
        ui,
        &tr!("presentation state" => "None"),
        hint,
        state.presented.is_none(),
        ViewCommand::Present(None).into(),
        out,
    );
    for (index, presentation) in state.presentations.iter().enumerate() {
        let words = presentation_words(presentation, state.preferences.anonymize);
        let hint = [vec![presentation.description.clone()], presentation.notes.clone()].concat().join("\n");
        let chosen = state.presented == Some(index);
        item(ui, &words, hint.trim(), chosen, ViewCommand::Present(Some(index)).into(), out);
    }
}

/// An entry with words of its own.
fn item(ui: &mut Ui, words: &str, hint: &str, chosen: bool, command: Command, out: &mut Vec<Command>) {
    let mut atoms = Atoms::default();
    atoms.push_right(if chosen { Sign::Tick } else { Sign::Blank }.atom(None));
    let font = egui::FontId::proportional(theme::TEXT);
    atoms.push_right(lettering::cut_text(ui.painter(), words, &font, ui.available_width() - 44.0));
    let button = Button::new(atoms).sense(Sense::click()).truncate();
    let response = ui.add(button.min_size(vec2(ui.available_width(), 24.0))).accessible_name(words);
    let hint = if hint.is_empty() { words.to_owned() } else { format!("{words}\n{hint}") };
    if response.on_hover_text(hint).clicked() {
        out.push(command);
        ui.close();
    }
}

/// What the file calls a window, and its numbers.
fn voi_words(index: usize, voi: &Voi) -> String {
    let (explanation, numbers) = match voi {
        Voi::Window { window, explanation } => {
            (explanation, decimal(format!("W {} L {}", window.width, window.center)))
        }
        Voi::Lut { explanation, entries, .. } => (explanation, tr!("table of {} entries", entries.len())),
    };
    let name = explanation.trim();
    let name = if name.is_empty() { tr!("Window {}", index + 1) } else { attribute(name) };
    format!("{name}   {numbers}")
}

/// Label, creator and date.
fn presentation_words(presentation: &PresentationState, anonymize: bool) -> String {
    let label = if presentation.label.is_empty() { text!("without a label") } else { &presentation.label };
    let mut words = vec![attribute(label)];
    if !anonymize {
        words.push(attribute(&readable_name(&presentation.creator)));
        words.push(presentation.date.clone());
    }
    words.retain(|word| !word.is_empty());
    words.join("   ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Window;

    #[test]
    fn windows_have_the_words_of_the_file_and_their_numbers() {
        let window = Window::linear(-600.0, 1500.0);
        let named = Voi::Window { window, explanation: "LUNG ".into() };
        assert_eq!(voi_words(1, &named), "LUNG   W 1500 L -600");
        let unnamed = Voi::Lut { first: 0.0, entries: vec![0.0; 4], explanation: String::new() };
        assert_eq!(voi_words(1, &unnamed), "Window 2   table of 4 entries");
    }
}
