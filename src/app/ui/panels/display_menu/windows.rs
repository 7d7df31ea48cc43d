//! Window presets of the modality, and the reader's own windows.

use egui::{Id, TextEdit, Ui};

use super::item;
use crate::app::command::{Command, WindowCommand};
use crate::app::state::{State, View};
use crate::app::ui::numbers;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::imaging::Window;
use crate::language::{text, tr, translated};

/// Draws the lists, and the field that keeps the window of the first view.
pub(super) fn show(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let view = state.view(0);
    let presets = state.window_presets();
    if !presets.is_empty() {
        ui.label(theme::section(text!("Presets"), tokens));
        for (index, preset) in presets.iter().enumerate() {
            let window = Window::from(*preset);
            let info = WindowCommand::Preset(index).info();
            let words = format!("{}   {}   {}", translated(preset.name), numbers::window(window), info.key);
            item(ui, &words, &info.hint(), is_taken(view, window), WindowCommand::Preset(index).into(), out);
        }
    }
    if state.drawn().is_none() {
        return;
    }
    ui.label(theme::section(text!("Own windows"), tokens));
    for (place, own) in state.own_windows() {
        let window = Window::linear(own.center, own.width);
        let words = format!("{}   {}", own.name, numbers::window(window));
        ui.horizontal(|ui| {
            let forget = WindowCommand::ForgetKept(place);
            let info = forget.info();
            let button = ui.small_button("×").on_hover_text(info.tooltip);
            if button.accessible_name(format!("{} {}", info.label, own.name)).clicked() {
                out.push(forget.into());
            }
            let take = WindowCommand::TakeKept(place);
            item(ui, &words, take.info().tooltip, is_taken(view, window), take.into(), out);
        });
    }
    keep(ui, state, out);
}

fn is_taken(view: &View, window: Window) -> bool {
    view.table.is_none() && view.window == window
}

/// The field's text is no state of the viewer: it lives only until it is kept.
fn keep(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    let key = Id::unique("name of a window");
    let mut name = ui.data_mut(|data| data.get_temp::<String>(key).unwrap_or_default());
    ui.horizontal(|ui| {
        let hint = tr!("Name of {}", numbers::window(state.view(0).window));
        let width = ui.available_width() - 136.0;
        let field = TextEdit::singleline(&mut name).hint_text(hint).desired_width(width);
        let response = ui.add(field.margin(egui::Margin::symmetric(8, 4))).accessible_name(text!("Name of the window"));
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let mut clicked = Vec::new();
        controls::button(ui, WindowCommand::Keep(name.clone()), !name.trim().is_empty(), &mut clicked);
        if (entered || !clicked.is_empty()) && !name.trim().is_empty() {
            out.push(WindowCommand::Keep(std::mem::take(&mut name)).into());
        }
    });
    ui.data_mut(|data| data.insert_temp(key, name));
}
