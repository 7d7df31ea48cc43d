//! The dialog that asks for a password or token that is kept nowhere.

use egui::{Button, Frame, Id, Label, Margin, Modal, RichText, TextEdit, Ui};

use crate::app::command::{Command, WorklistCommand};
use crate::app::state::State;
use crate::app::ui::theme;
use crate::app::ui::widgets::controls;
use crate::language::{text, tr};

const WIDTH: f32 = 420.0;

/// Draws the dialog over everything else while a secret is asked for.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(before) = &state.worklist.secret else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    let mut form = before.clone();
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(24));
    Modal::new(Id::unique("secret")).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 80.0));
        ui.label(theme::heading(tr!("Sign in at {}", form.peer), &tokens));
        ui.add(Label::new(RichText::new(&form.why).color(tokens.warning)).wrap());
        controls::rule(ui, &tokens);
        let name = if form.token { text!("Token") } else { text!("Password") };
        let label = ui.label(name);
        let field = TextEdit::singleline(&mut form.typed.0).password(true).desired_width(f32::INFINITY);
        let response = ui.add(field).labelled_by(label.id);
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let words = text!("Keep it in the keyring of the system");
        controls::tick(ui, &mut form.keep, words, &tokens)
            .on_hover_text(text!("Without it the password or token is forgotten when Pellucid is closed"));
        ui.add_space(theme::GRID);
        ui.horizontal(|ui| {
            let give = WorklistCommand::GiveSecret;
            let info = give.info();
            let ready = !form.typed.0.is_empty();
            let clicked = ui.add_enabled(ready, Button::new(info.label)).on_hover_text(info.tooltip).clicked();
            if ready && (clicked || entered) {
                out.push(give.into());
            }
            let close = WorklistCommand::CloseSecret.info();
            if ui.button(close.label).on_hover_text(close.tooltip).clicked() {
                out.push(WorklistCommand::CloseSecret.into());
            }
        });
    });
    if form != *before {
        out.insert(0, WorklistCommand::EditSecret(Box::new(form)).into());
    }
    out
}
