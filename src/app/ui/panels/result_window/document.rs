//! A document in an envelope: what it is, and how to get it out.

use egui::{RichText, Ui};

use super::rows::{fact, objects};
use crate::app::command::{Command, ResultCommand};
use crate::app::state::result_objects::ResultWindow;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::controls;
use crate::fonts::attribute;
use crate::language::{date_of, decimal, text, tr};
use crate::results::read::Document;

pub(super) fn show(ui: &mut Ui, window: &ResultWindow, document: &Document, tokens: &Tokens, out: &mut Vec<Command>) {
    let title =
        if document.title.is_empty() { text!("Without a title").to_owned() } else { attribute(&document.title) };
    ui.heading(RichText::new(title));
    fact(ui, text!("Object"), &document.object, tokens);
    let kind = document.concept.as_ref().map(|code| code.words().to_owned()).unwrap_or_default();
    fact(ui, text!("Kind"), &kind, tokens);
    fact(ui, text!("Media type"), &document.media_type, tokens);
    fact(ui, text!("Size"), &size(document.bytes), tokens);
    fact(ui, text!("Date"), &date_of(&document.date), tokens);
    for words in &document.equipment {
        fact(ui, text!("Made with"), words, tokens);
    }
    ui.horizontal(|ui| {
        controls::button(ui, ResultCommand::OpenDocument(window.entry.clone()), true, out);
        controls::button(ui, ResultCommand::SaveDocument(window.entry.clone()), true, out);
    });
    if !document.references.is_empty() {
        controls::rule(ui, tokens);
        let all: Vec<_> = document.references.iter().collect();
        objects(ui, window, &all, tokens, out);
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => tr!("{} bytes", bytes),
        1024..1_048_576 => format!("{} KiB", decimal(format!("{:.1}", bytes as f64 / 1024.0))),
        _ => format!("{} MiB", decimal(format!("{:.1}", bytes as f64 / 1_048_576.0))),
    }
}
