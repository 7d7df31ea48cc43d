//! Rows of the window of a result: facts of its header, and the objects that it names.

use egui::{Align, Label, Layout, RichText, Ui};
use egui_extras::{Column, TableBuilder};

use crate::app::command::{Command, ResultCommand};
use crate::app::state::result_objects::ResultWindow;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::fonts::attribute;
use crate::language::text;
use crate::results::read::reference::Reference;

pub(super) const ROW: f32 = 26.0;

/// A name and what it is; nothing where that is empty.
pub(super) fn fact(ui: &mut Ui, name: &str, value: &str, tokens: &Tokens) {
    if value.is_empty() {
        return;
    }
    ui.horizontal(|ui| {
        ui.label(theme::caption(name, tokens));
        controls::elided(ui, RichText::new(attribute(value)).color(tokens.text));
    });
}

/// The objects that a result names: what is open can be shown, of anything else it is said that it is
/// not.
pub(super) fn objects(ui: &mut Ui, window: &ResultWindow, all: &[&Reference], tokens: &Tokens, out: &mut Vec<Command>) {
    let table = TableBuilder::new(ui)
        .id_salt("objects")
        .auto_shrink(false)
        // In a low window it is as low.
        .min_scrolled_height(3.0 * ROW)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::initial(360.0).at_least(120.0).clip(true).resizable(true))
        .column(Column::initial(120.0).at_least(60.0).clip(true).resizable(true))
        .column(Column::remainder().clip(true));
    let table = table.header(ROW, |mut header| {
        for words in [text!("SOP Instance UID"), text!("Frames"), ""] {
            header.col(|ui| {
                ui.label(theme::section(words, tokens));
            });
        }
    });
    table.body(|body| {
        body.rows(ROW, all.len(), |mut row| {
            let Some(one) = all.get(row.index()) else { return };
            row.col(|ui| {
                ui.add(Label::new(RichText::new(&one.sop_instance_uid).color(tokens.text)).truncate());
            });
            row.col(|ui| {
                ui.label(theme::caption(numbers(&one.frames), tokens));
            });
            row.col(|ui| open_or_not(ui, window, one, tokens, out));
        });
    });
}

/// A button that shows an image that is open; else the words that it is not.
pub(super) fn open_or_not(
    ui: &mut Ui,
    window: &ResultWindow,
    reference: &Reference,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    match window.open.get(&reference.sop_instance_uid) {
        Some(entry) if entry.has_pixels => {
            let frame = reference.frames.first().copied().unwrap_or(1);
            let command = ResultCommand::ShowImage(reference.sop_instance_uid.clone(), frame);
            controls::button(ui, command, true, out);
        }
        Some(entry) => {
            ui.label(theme::caption(attribute(&entry.title), tokens));
        }
        None => {
            ui.label(theme::caption(text!("not opened"), tokens));
        }
    }
}

/// `1, 2, 5`, at most eight of them.
pub(super) fn numbers(all: &[u32]) -> String {
    let shown: Vec<String> = all.iter().take(8).map(ToString::to_string).collect();
    let more = if all.len() > 8 { " …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
