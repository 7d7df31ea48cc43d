//! Sentences in a panel.

use egui::{Label, Response, RichText, Ui};

use super::shapes::Sign;
use crate::app::ui::theme::Tokens;

/// A sign and a sentence.
pub(crate) fn message(ui: &mut Ui, sign: Sign, words: &str, tokens: &Tokens) -> Response {
    let row = ui.horizontal_top(|ui| {
        if sign != Sign::Blank {
            sign.show(ui, if sign == Sign::Caution { tokens.warning } else { tokens.accent });
        }
        ui.add(Label::new(RichText::new(words).color(tokens.text)).wrap());
    });
    row.response
}

/// Muted text over several lines.
pub(crate) fn paragraph(ui: &mut Ui, words: &str, tokens: &Tokens) {
    ui.add(Label::new(RichText::new(words).color(tokens.muted)).wrap());
}
