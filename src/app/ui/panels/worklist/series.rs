//! The series of the chosen study, each of which can be fetched by itself.

use egui::{Align, Button, Label, Layout as Flow, RichText, Spinner, Ui};
use egui_extras::{Column as Width, TableBuilder};

use crate::app::command::{Command, WorklistCommand};
use crate::app::state::worklist::Worklist;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::message;
use crate::fonts::attribute;
use crate::language::{text, tr};
use crate::pacs::archive::{ArchivedSeries, FoundSeries};

const ROW: f32 = 24.0;

pub(super) fn show(ui: &mut Ui, worklist: &Worklist, tokens: &Tokens, out: &mut Vec<Command>) {
    let Some(study) = worklist.study() else { return };
    match &worklist.series {
        None => {
            ui.horizontal(|ui| {
                ui.add(Spinner::new().size(12.0));
                ui.label(theme::caption(text!("Asking for the series…"), tokens));
            });
        }
        Some(Err(reason)) => {
            message(ui, Sign::Caution, &reason.capitalized(), tokens);
        }
        Some(Ok(found)) => {
            if let Some(words) = left_out(found) {
                message(ui, Sign::Caution, &words, tokens);
            }
            table(ui, worklist, (&study.study_uid, &found.series), tokens, out);
        }
    }
}

/// What is not in the list.
fn left_out(found: &FoundSeries) -> Option<String> {
    let mut words = Vec::new();
    if found.left > 0 {
        words.push(tr!("1 more series is not listed; fetching the study fetches it, too."
            | "{n} more series are not listed; fetching the study fetches them, too." % found.left));
    }
    if found.more {
        words.push(text!("The archive says that there are more series than it named.").to_owned());
    }
    if found.unreadable > 0 {
        words.push(tr!("1 answer could not be read." | "{n} answers could not be read." % found.unreadable));
    }
    (!words.is_empty()).then(|| words.join(" "))
}

fn table(
    ui: &mut Ui,
    worklist: &Worklist,
    (study, series): (&str, &[ArchivedSeries]),
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let text_of = |words: String| Label::new(RichText::new(words).color(tokens.text)).selectable(false).truncate();
    let ui_height = ui.available_height();
    let builder = TableBuilder::new(ui)
        .id_salt("series")
        .striped(false)
        .auto_shrink(false)
        .min_scrolled_height(0.0)
        .max_scroll_height((ui_height - ROW).max(ROW))
        .cell_layout(Flow::left_to_right(Align::Center))
        .column(Width::exact(56.0))
        .column(Width::exact(84.0))
        .column(Width::exact(110.0).clip(true))
        .column(Width::remainder().clip(true))
        .column(Width::exact(72.0))
        .column(Width::exact(150.0));
    let headings =
        [text!("No."), text!("Modality"), text!("Body part"), text!("Description of the series"), text!("Images"), ""];
    let table = builder.header(ROW, |mut header| {
        for words in headings {
            header.col(|ui| {
                ui.label(theme::section(words, tokens));
            });
        }
    });
    table.body(|body| {
        body.rows(ROW, series.len(), |mut row| {
            let one = &series[row.index()];
            let number = one.number.map(|number| number.to_string()).unwrap_or_default();
            let images = one.images.map(|images| images.to_string()).unwrap_or_default();
            for words in [number.clone(), one.modality.clone(), one.body_part.clone(), one.description.clone(), images]
            {
                row.col(|ui| {
                    ui.add(text_of(attribute(&words)));
                });
            }
            row.col(|ui| {
                let idle = worklist.transfer.is_none();
                let button = ui.add_enabled(idle, Button::new(text!("Fetch this series")));
                let name = tr!("Fetch the series {} {}", number, attribute(&one.description));
                if button.accessible_name(name).clicked() {
                    out.push(WorklistCommand::Fetch(study.to_owned(), Some(one.series_uid.clone())).into());
                }
            });
        });
    });
}
