//! What is looked for, and where.

use egui::{Button, ComboBox, Context, Id, TextEdit, Ui};

use crate::app::command::{Command, WorklistCommand};
use crate::app::state::worklist::Worklist;
use crate::app::state::worklist::form::{DayRange, MODALITIES, QueryForm};
use crate::language::{text, translated};

/// Where it is noted that the first field is to be given the keyboard.
fn is_awaited() -> Id {
    Id::unique("worklist has the keyboard")
}

/// Notes whether the worklist is open: when it opens, the keyboard goes into its first field, and not to
/// what lies behind it.
pub(super) fn follow(ctx: &Context, open: bool) {
    if !open {
        ctx.data_mut(|data| data.remove::<bool>(is_awaited()));
    }
}

/// Draws the fields; Enter in one of them searches.
pub(super) fn show(ui: &mut Ui, worklist: &Worklist, out: &mut Vec<Command>) {
    let mut form = worklist.form.clone();
    let mut search = false;
    ui.horizontal_wrapped(|ui| {
        peer(ui, worklist, out);
        let manage = WorklistCommand::ManageArchives;
        let info = manage.info();
        if ui.button(info.label).on_hover_text(info.tooltip).clicked() {
            out.push(manage.into());
        }
        search |= field(ui, &mut form.name, text!("Name"), text!("Patient name"), 150.0);
        search |= field(ui, &mut form.id, text!("ID"), text!("Patient ID"), 100.0);
        days(ui, &mut form);
        if form.days == DayRange::Typed {
            search |= field(ui, &mut form.from, "2026-11-01", text!("First day"), 90.0);
            search |= field(ui, &mut form.to, "2026-11-30", text!("Last day"), 90.0);
        }
        modality(ui, &mut form);
        let ready = worklist.chosen_peer().is_some() && !worklist.is_asking();
        let info = WorklistCommand::Query.info();
        search |= ui.add_enabled(ready, Button::new(info.label)).on_hover_text(info.tooltip).clicked();
        if worklist.is_asking() {
            let info = WorklistCommand::StopQuery.info();
            if ui.button(info.label).on_hover_text(info.tooltip).clicked() {
                out.push(WorklistCommand::StopQuery.into());
            }
        }
    });
    if form != worklist.form {
        out.push(WorklistCommand::Edit(Box::new(form)).into());
    }
    if search {
        out.push(WorklistCommand::Query.into());
    }
}

/// A field; whether Enter was pressed in it.
fn field(ui: &mut Ui, words: &mut String, hint: &str, name: &str, width: f32) -> bool {
    let response = ui.add(TextEdit::singleline(words).hint_text(hint).desired_width(width));
    if !ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or(is_awaited(), false), true)) {
        response.request_focus();
    }
    let response = response.accessible_name(name).on_hover_text(name);
    response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
}

fn peer(ui: &mut Ui, worklist: &Worklist, out: &mut Vec<Command>) {
    let chosen = worklist.peer.as_deref().unwrap_or_default();
    let place = worklist.chosen_peer().map(crate::pacs::peers::Peer::place).unwrap_or_default();
    let combo = ComboBox::from_id_salt("archive").selected_text(chosen).width(140.0).truncate();
    let response = combo.show_ui(ui, |ui| {
        for peer in worklist.all_peers() {
            let is_chosen = chosen == peer.name;
            if ui.selectable_label(is_chosen, &peer.name).on_hover_text(peer.place()).clicked() {
                out.push(WorklistCommand::SetPeer(peer.name.clone()).into());
            }
        }
    });
    response.response.accessible_name(text!("Archive")).on_hover_text(place);
}

fn days(ui: &mut Ui, form: &mut QueryForm) {
    let combo = ComboBox::from_id_salt("days").selected_text(translated(form.days.words())).width(120.0);
    let response = combo.show_ui(ui, |ui| {
        for days in DayRange::ALL {
            ui.selectable_value(&mut form.days, days, translated(days.words()));
        }
    });
    response.response.accessible_name(text!("Day of the study"));
}

fn modality(ui: &mut Ui, form: &mut QueryForm) {
    let every = text!("Every modality");
    let shown = if form.modality.is_empty() { every } else { form.modality.as_str() };
    let combo = ComboBox::from_id_salt("modality").selected_text(shown).width(120.0);
    let mut chosen = form.modality.clone();
    let response = combo.show_ui(ui, |ui| {
        ui.selectable_value(&mut chosen, String::new(), every);
        for modality in MODALITIES {
            ui.selectable_value(&mut chosen, modality.to_owned(), modality);
        }
    });
    response.response.accessible_name(text!("Modality"));
    form.modality = chosen;
}
