//! The window of a report or a document: who says what, in a table with search and copying, and which
//! images it is about.

mod document;
mod report;
mod rows;

use egui::{Id, Ui, Window, vec2};

use crate::app::command::{Command, ResultCommand};
use crate::app::state::State;
use crate::app::ui::theme;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::app::ui::widgets::window::in_the_middle;
use crate::language::{said, text};
use crate::results::read::ReadObject;

/// Draws the window while it is open.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(window) = &state.result_objects.window else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    let (size, place) = in_the_middle(ui, vec2(960.0, 640.0));
    let mut open = true;
    let title = match &window.object {
        Some(Ok(object)) if matches!(object.as_ref(), ReadObject::Document(_)) => text!("Document"),
        _ => text!("Structured report"),
    };
    let shown = Window::new(title).id(Id::unique("result")).open(&mut open).collapsible(false);
    shown.default_size(size).default_pos(place).show(ui.ctx(), |ui| {
        if state.preferences.anonymize {
            // Names of patients and observers stand here.
            paragraph(ui, text!("The report is not shown while the screen is anonymised."), &tokens);
            return;
        }
        match &window.object {
            None => paragraph(ui, text!("Reading…"), &tokens),
            Some(Err(reason)) => {
                message(ui, Sign::Caution, &said(&reason.capitalized()), &tokens);
            }
            Some(Ok(object)) => match object.as_ref() {
                ReadObject::StructuredReport(one) => report::show(ui, window, one, &tokens, &mut out),
                ReadObject::Document(one) => document::show(ui, window, one, &tokens, &mut out),
                // They lie over their images, and are opened there.
                ReadObject::Segmentation(_) | ReadObject::ParametricMap(_) | ReadObject::Presentation(_) => {}
            },
        }
    });
    if !open {
        out.push(ResultCommand::Open(None).into());
    }
    out
}
