//! The changes of the image that were kept for its report.

use egui::{Align, Button, Id, Layout, RichText, TextEdit, Ui, vec2};

use crate::app::command::{Command, WhatIfCommand};
use crate::app::state::State;
use crate::app::state::what_if::KeptChange;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::confidence_bar::probability;
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::language::{text, tr};
use crate::limits;
use crate::measurement::Words;

pub(super) fn show(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let kept_changes = state.kept_changes();
    if kept_changes.is_empty() {
        return;
    }
    ui.add_space(theme::GRID / 2.0);
    ui.label(theme::caption(text!("Kept for the report"), tokens));
    for kept in kept_changes {
        row(ui, state, kept, out);
    }
}

/// Name, scores before and after, again, away.
fn row(ui: &mut Ui, state: &State, kept: &KeptChange, out: &mut Vec<Command>) {
    let number = kept.record.number;
    let subject = state.subject_name(state.subject());
    let changes = &kept.record.changes;
    let change = changes.iter().find(|change| change.label == subject).or(changes.first());
    let scores = change.map_or_else(
        || text!("refused").to_owned(),
        |change| format!("{} → {}", probability(change.before), probability(change.after)),
    );
    let whole = vec2(ui.available_width(), 24.0);
    ui.allocate_ui_with_layout(whole, Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        // Room for the scroll bar, which lies over what is under it.
        ui.add_space(theme::GRID);
        let mut gone = Vec::new();
        let cross = controls::sign_button(ui, Sign::Cross, WhatIfCommand::Forget(number), true, &mut gone);
        cross.accessible_name(tr!("Delete kept change {}", number));
        out.append(&mut gone);
        let again = Button::new(RichText::new(scores).size(theme::CAPTION));
        let response = ui.add(again).accessible_name(tr!("Show kept change {}", number));
        if response.on_hover_text(change.map_or("", |change| change.label.as_str())).clicked() {
            out.push(WhatIfCommand::Show(number).into());
        }
        if state.preferences.anonymize {
            ui.label(kept.changed.in_words());
            return;
        }
        let mut name = kept.record.name.0.clone();
        let field = TextEdit::singleline(&mut name).id(Id::unique(("name of a kept change", number)));
        let field = field.hint_text(text!("Name")).desired_width(f32::INFINITY).char_limit(limits::MEASUREMENT_NAME);
        ui.add(field).accessible_name(tr!("Name of kept change {}", number));
        if name != kept.record.name.0 {
            out.push(WhatIfCommand::Rename(number, Words(name)).into());
        }
    });
}
