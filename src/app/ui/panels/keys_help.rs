//! Every key and gesture, from the command table, and what this program is.

use egui::{Frame, Grid, Id, Margin, Modal, RichText, ScrollArea, Ui};

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
        ScrollArea::vertical().max_height(room.y - 224.0).auto_shrink([false, true]).show(ui, |ui| {
            // Few columns where there is little room.
            let three = ui.available_width() >= 760.0;
            ui.columns(if three { 3 } else { 1 }, |columns| {
                for group in [CommandGroup::File, CommandGroup::Study, CommandGroup::Findings, CommandGroup::Training] {
                    table(&mut columns[0], group, &tokens);
                }
                for group in [CommandGroup::View, CommandGroup::Measure] {
                    table(&mut columns[usize::from(three)], group, &tokens);
                }
                for group in [CommandGroup::Overlay, CommandGroup::WhatIf, CommandGroup::Help] {
                    table(&mut columns[2 * usize::from(three)], group, &tokens);
                }
                gestures(&mut columns[2 * usize::from(three)], &tokens);
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

fn table(ui: &mut Ui, group: CommandGroup, tokens: &Tokens) {
    let rows = Command::listed().into_iter().map(|c| c.info()).filter(|i| i.group == group && !i.key.is_empty());
    let rows: Vec<_> = rows.map(|info| (info.shown_key(), info.label, info.tooltip)).collect();
    let rows = rows.iter().map(|(key, label, tooltip)| (key.as_str(), *label, *tooltip));
    lines(ui, group.name(), rows, tokens);
}

fn gestures(ui: &mut Ui, tokens: &Tokens) {
    lines(
        ui,
        text!("Mouse"),
        GESTURES.into_iter().map(|(gesture, words)| (translated(gesture), translated(words), "")),
        tokens,
    );
}

fn lines<'a>(ui: &mut Ui, title: &str, rows: impl Iterator<Item = (&'a str, &'a str, &'a str)>, tokens: &Tokens) {
    ui.label(theme::strong(title, tokens));
    ui.spacing_mut().interact_size.y = 16.0;
    Grid::new(title).num_columns(2).spacing([16.0, 2.0]).min_col_width(88.0).show(ui, |ui| {
        for (key, words, hint) in rows {
            ui.label(RichText::new(key).color(tokens.accent));
            let label = ui.add(egui::Label::new(RichText::new(words).color(tokens.text)).wrap());
            if !hint.is_empty() {
                label.on_hover_text(hint);
            }
            ui.end_row();
        }
    });
    ui.add_space(theme::GRID);
}

fn about(ui: &mut Ui, tokens: &Tokens) {
    let version = tr!("Pellucid {} ({}). MIT or Apache-2.0.", crate::VERSION, crate::COMMIT);
    ui.label(theme::caption(version, tokens));
    ui.add(egui::Label::new(theme::caption(translated(NOT_A_DEVICE), tokens)).wrap());
}
