//! The window of keys: every command with its key, a search, and new keys by pressing them.

use egui::{Align, Button, Frame, Id, Label, Layout as Flow, Margin, Modal, RichText, TextEdit, Ui};
use egui_extras::{Column, TableBuilder, TableRow};

use super::keys_help::key_width;
use crate::app::command::key_map::{declared, find, is_fixed};
use crate::app::command::palette::{fuzzy, is_answer};
use crate::app::command::{Command, KeysCommand, shown_key};
use crate::app::state::State;
use crate::app::state::keys::{Clash, KeyEditor};
use crate::app::ui::keymap;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::message;
use crate::language::{text, tr};

const ROW: f32 = 26.0;

/// Draws the window over everything else while it is open.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(editor) = &state.key_editor else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    if editor.listening.is_some()
        && let Some(key) = keymap::taken(ui.ctx())
    {
        out.push(KeysCommand::Press(key).into());
    }
    let room = ui.ctx().content_rect().size();
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(if room.y < 500.0 { 12 } else { 24 }));
    let modal = Modal::new(Id::unique("key editor")).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width((room.x - 96.0).min(720.0));
        ui.horizontal(|ui| {
            ui.label(theme::heading(text!("Keys"), &tokens));
            ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
                let command = KeysCommand::ToggleEditor;
                if ui.button(text!("Close")).on_hover_text(tr!("Closes this window ({})", command.info().key)).clicked()
                {
                    out.push(command.into());
                }
                controls::button(ui, KeysCommand::ResetAll, !state.preferences.keys.is_empty(), &mut out);
                let mut words = editor.search.clone();
                let field = TextEdit::singleline(&mut words).hint_text(text!("Search")).desired_width(180.0);
                ui.add(field.margin(Margin::symmetric(8, 4))).accessible_name(text!("Search keys"));
                if words != editor.search {
                    out.push(KeysCommand::Search(words).into());
                }
            });
        });
        controls::rule(ui, &tokens);
        // The room of two lines from the start, so that the table does not move under the pointer.
        ui.allocate_ui(egui::vec2(ui.available_width(), 44.0), |ui| {
            ui.set_min_size(egui::vec2(ui.available_width(), 44.0));
            said(ui, editor, &tokens, &mut out);
        });
        table(ui, state, editor, (room.y - 200.0).max(3.0 * ROW), &tokens, &mut out);
    });
    if modal.backdrop_response.clicked() {
        out.push(KeysCommand::ToggleEditor.into());
    }
    out
}

/// What the window waits for, or has to say.
fn said(ui: &mut Ui, editor: &KeyEditor, tokens: &Tokens, out: &mut Vec<Command>) {
    if let Some(clash) = &editor.clash {
        return asked(ui, clash, tokens, out);
    }
    if let Some(why) = &editor.refusal {
        message(ui, Sign::Caution, why, tokens);
        return;
    }
    let words = match editor.listening.as_deref().and_then(find) {
        Some(command) => tr!("Press the new key of “{}”. Esc leaves it as it is.", command.info().label),
        None => text!("Click a key, then press the new one. Menus, tooltips and F1 show it at once.").to_owned(),
    };
    ui.add(Label::new(RichText::new(words).color(tokens.muted)).wrap());
}

/// The key is another command's: what is to become of that one.
fn asked(ui: &mut Ui, clash: &Clash, tokens: &Tokens, out: &mut Vec<Command>) {
    let name = |id: &str| find(id).map_or_else(String::new, |command| command.info().label.to_owned());
    let words = tr!(
        "{} belongs to “{}”. “{}” can have it:",
        shown_key(&clash.key),
        name(&clash.held_by),
        name(&clash.wanted_for)
    );
    message(ui, Sign::Caution, &words, tokens);
    ui.horizontal(|ui| {
        for command in [KeysCommand::Swap, KeysCommand::Take, KeysCommand::Leave] {
            controls::button(ui, command, true, out);
        }
    });
}

fn table(ui: &mut Ui, state: &State, editor: &KeyEditor, height: f32, tokens: &Tokens, out: &mut Vec<Command>) {
    let fits = |command: &Command| {
        let info = command.info();
        let words = format!("{} {} {}", info.label, info.group.name(), info.key);
        editor.search.trim().is_empty() || fuzzy::score(&editor.search, &words).is_some()
    };
    let rows: Vec<Command> = Command::listed().into_iter().filter(|c| !is_answer(c)).filter(fits).collect();
    if rows.is_empty() {
        ui.label(RichText::new(text!("No command is called so.")).color(tokens.muted));
        return;
    }
    // As wide as the longest key, so that what stands behind a key stands below each other.
    let wide = key_width(ui) + 2.0 * ui.spacing().button_padding.x;
    let table = TableBuilder::new(ui)
        .id_salt("key table")
        .striped(false)
        .auto_shrink([false, true])
        .min_scrolled_height(height)
        .max_scroll_height(height)
        .cell_layout(Flow::left_to_right(Align::Center))
        .column(Column::exact(72.0))
        .column(Column::remainder().clip(true))
        .column(Column::exact(wide + 56.0))
        .column(Column::exact(108.0));
    let table = table.header(20.0, |mut header| {
        for words in [text!("Group"), text!("Command"), text!("Key"), ""] {
            header.col(|ui| drop(ui.label(theme::section(words, tokens))));
        }
    });
    table.body(|body| {
        body.rows(ROW, rows.len(), |mut row| {
            if let Some(command) = rows.get(row.index()) {
                line(&mut row, state, editor, (command, wide), tokens, out);
            }
        });
    });
}

fn line(
    row: &mut TableRow<'_, '_>,
    state: &State,
    editor: &KeyEditor,
    (command, wide): (&Command, f32),
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let (info, id) = (command.info(), command.id());
    row.col(|ui| drop(ui.label(theme::caption(info.group.name(), tokens))));
    row.col(|ui| {
        ui.add(Label::new(RichText::new(info.label).color(tokens.text)).truncate()).on_hover_text(info.tooltip);
    });
    let listening = editor.listening.as_deref() == Some(id.as_str());
    row.col(|ui| {
        let words = match (info.key.is_empty(), listening) {
            (_, true) => text!("press a key…").to_owned(),
            (true, false) => "–".to_owned(),
            (false, false) => info.shown_key(),
        };
        let changed = state.preferences.keys.contains_key(&id);
        let words = RichText::new(words).color(if changed || listening { tokens.accent } else { tokens.text });
        let button = Button::selectable(listening, words).frame_when_inactive(true).min_size(egui::vec2(wide, 22.0));
        let fixed = is_fixed(command);
        let response = ui.add_enabled(!fixed, button).accessible_name(tr!("Key of {}: {}", info.label, info.key));
        if response.on_disabled_hover_text(text!("The way back always has this key")).clicked() {
            out.push(KeysCommand::Listen((!listening).then(|| id.clone())).into());
        }
        if !fixed && !info.key.is_empty() {
            let cross = Button::new(Sign::Cross.atom(None)).frame_when_inactive(false);
            let clear = KeysCommand::Clear(id.clone());
            let response = ui.add(cross).accessible_name(tr!("No key for {}", info.label));
            if response.on_hover_text(clear.info().tooltip).clicked() {
                out.push(clear.into());
            }
        }
    });
    row.col(|ui| {
        if state.preferences.keys.contains_key(&id) {
            let reset = KeysCommand::Reset(id.clone());
            let came = declared(command);
            let came = if came.is_empty() { text!("no key").to_owned() } else { shown_key(&came) };
            let response = ui.button(reset.info().label).on_hover_text(format!("{}: {came}", reset.info().tooltip));
            if response.clicked() {
                out.push(reset.into());
            }
        }
    });
}
