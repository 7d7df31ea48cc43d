//! Every key and gesture, from the command table, and what this program is.

use egui::{Color32, Frame, Id, Label, Margin, Modal, RichText, ScrollArea, TextStyle, Ui, vec2};

use super::status::NOT_A_DEVICE;
use crate::app::command::{Command, CommandGroup, HelpCommand, KeysCommand};
use crate::app::state::State;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::language::{named, text, tr, translated};

/// Mouse gestures, which stand below the keys: gesture and what it does.
pub const GESTURES: [(&str, &str); 10] = [
    (named!("Left drag"), named!("Window: right is wider, down is brighter")),
    (named!("Ctrl + left drag"), named!("Window from the grey values of a box")),
    (named!("Middle drag"), named!("Pan (also Shift + left drag)")),
    (named!("Right drag"), named!("Zoom (also Ctrl + wheel)")),
    (named!("Wheel"), named!("Through the stack, to its ends; zoom where there is no stack")),
    (named!("Alt + left drag"), named!("Through the stack: the height of the view is all of it")),
    (named!("Double click"), named!("This view only, or all again")),
    (named!("Left drag on a measurement"), named!("Moves its point, or all of it")),
    (named!("Arrows, Enter with a tool"), named!("Move a crosshair (Shift: by one pixel), and set a point there")),
    (named!("Drop"), named!("Opens the dropped files and folders; weights and measurements are imported")),
];

/// Draws the table over everything else while it is open.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    if !state.keys_open {
        return out;
    }
    let tokens = theme::tokens(state.preferences.theme);
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(24));
    let room = ui.ctx().content_rect().size();
    let modal = Modal::new(Id::unique("keys")).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width((room.x - 96.0).min(1040.0));
        ui.horizontal(|ui| {
            ui.label(theme::heading(text!("Keys and gestures"), &tokens));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                controls::button(ui, KeysCommand::ToggleEditor, true, &mut out);
                controls::button(ui, HelpCommand::Tour, true, &mut out);
                let close = ui.button(text!("Close")).on_hover_text(HelpCommand::ToggleKeys.info().hint());
                if close.clicked() {
                    out.push(Command::Help(HelpCommand::ToggleKeys));
                }
            });
        });
        controls::rule(ui, &tokens);
        // Beside the words of the last column, not at them.
        theme::bar_in_the_margin(ui);
        let most = room.y - 224.0;
        let all = ScrollArea::vertical().max_height(most).auto_shrink([false, true]);
        // What can be scrolled is as high as it may be at once, not after some frames.
        all.min_scrolled_height(most).show(ui, |ui| {
            // Few columns where there is little room.
            let three = ui.available_width() >= 760.0;
            let width = key_width(ui);
            ui.columns(if three { 3 } else { 1 }, |columns| {
                for group in [CommandGroup::File, CommandGroup::Study, CommandGroup::Findings, CommandGroup::Training] {
                    table(&mut columns[0], group, width, &tokens);
                }
                for group in [CommandGroup::View, CommandGroup::Measure] {
                    table(&mut columns[usize::from(three)], group, width, &tokens);
                }
                for group in [CommandGroup::Overlay, CommandGroup::WhatIf, CommandGroup::Help] {
                    table(&mut columns[2 * usize::from(three)], group, width, &tokens);
                }
                gestures(&mut columns[2 * usize::from(three)], width, &tokens);
            });
        });
        controls::rule(ui, &tokens);
        about(ui, &tokens);
    });
    if modal.backdrop_response.clicked() {
        out.push(Command::Help(HelpCommand::ToggleKeys));
    }
    out
}

/// Keys and commands of a group, the keys in a column of `width`.
fn table(ui: &mut Ui, group: CommandGroup, width: f32, tokens: &Tokens) {
    let rows = Command::listed().into_iter().map(|c| c.info()).filter(|i| i.group == group && !i.key.is_empty());
    let rows: Vec<_> = rows.map(|info| (info.shown_key(), info.label, info.tooltip)).collect();
    let rows = rows.iter().map(|(key, label, tooltip)| (key.as_str(), *label, *tooltip));
    lines(ui, group.name(), rows, width, tokens);
}

/// Gestures of the mouse, which are longer than keys.
fn gestures(ui: &mut Ui, width: f32, tokens: &Tokens) {
    let rows = GESTURES.into_iter().map(|(gesture, words)| (translated(gesture), translated(words), ""));
    let width = width.max(0.4 * ui.available_width());
    lines(ui, text!("Mouse"), rows, width, tokens);
}

/// The room that the longest key takes: one for all groups, so that they stand below each other.
pub(super) fn key_width(ui: &Ui) -> f32 {
    let font = TextStyle::Body.resolve(ui.style());
    let wide = |key: String| ui.painter().layout_no_wrap(key, font.clone(), Color32::WHITE).size().x;
    let keys = Command::listed().into_iter().map(|command| command.info().shown_key());
    keys.map(wide).fold(0.0, f32::max).ceil()
}

fn lines<'a>(
    ui: &mut Ui,
    title: &str,
    rows: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
    width: f32,
    tokens: &Tokens,
) {
    ui.label(theme::strong(title, tokens));
    ui.spacing_mut().interact_size.y = 16.0;
    ui.spacing_mut().item_spacing = vec2(16.0, 2.0);
    for (key, words, hint) in rows {
        ui.horizontal_top(|ui| {
            let cell = |ui: &mut Ui, width: f32, words: RichText| {
                ui.vertical(|ui| {
                    ui.set_width(width);
                    ui.add(Label::new(words).wrap())
                })
            };
            cell(ui, width, RichText::new(key).color(tokens.accent));
            let room = ui.available_width();
            let label = cell(ui, room, RichText::new(words).color(tokens.text)).inner;
            if !hint.is_empty() {
                label.on_hover_text(hint);
            }
        });
    }
    ui.add_space(theme::GRID);
}

fn about(ui: &mut Ui, tokens: &Tokens) {
    let version = tr!("Pellucid {} ({}). MIT or Apache-2.0.", crate::VERSION, crate::COMMIT);
    ui.label(theme::caption(version, tokens));
    ui.add(Label::new(theme::caption(translated(NOT_A_DEVICE), tokens)).wrap());
}
