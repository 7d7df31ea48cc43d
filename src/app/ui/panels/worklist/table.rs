//! The table of studies, sorted by clicking its headings.

use egui::{Align, Button, Label, Layout as Flow, RichText, Sense, Ui};
use egui_extras::{Column as Width, TableBuilder, TableRow};

use crate::app::command::{Command, WorklistCommand};
use crate::app::state::State;
use crate::app::state::worklist::Worklist;
use crate::app::state::worklist::sorting::Column;
use crate::app::ui::theme::{self, Tokens};
use crate::fonts::attribute;
use crate::language::{self, decimal, text, tr, translated};
use crate::pacs::archive::ArchivedStudy;
use crate::study::readable_name;

const ROW: f32 = 24.0;

pub(super) fn show(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let worklist = &state.worklist;
    // While the reader is to read first, the model's scores are shown nowhere.
    let scores = worklist.sorting.scores && !state.result_hidden();
    let columns: Vec<Column> = Column::USUAL.into_iter().chain(scores.then_some(Column::Score)).collect();
    let height = ui.available_height();
    let mut builder = TableBuilder::new(ui)
        .id_salt(("studies", scores))
        .sense(Sense::click())
        .striped(false)
        .auto_shrink(false)
        .min_scrolled_height(0.0)
        .max_scroll_height((height - ROW).max(ROW))
        .cell_layout(Flow::left_to_right(Align::Center));
    for column in &columns {
        builder = builder.column(width(*column));
    }
    let table = builder.header(ROW, |mut header| {
        for column in &columns {
            header.col(|ui| heading(ui, worklist, *column, tokens, out));
        }
    });
    table.body(|body| {
        body.rows(ROW, worklist.count(), |mut row| {
            if let Some(study) = worklist.at(row.index()) {
                line(&mut row, state, study, &columns, tokens, out);
            }
        });
    });
}

fn width(column: Column) -> Width {
    let of = |usual: f32, least: f32| Width::initial(usual).at_least(least).clip(true).resizable(true);
    match column {
        Column::Patient => of(210.0, 96.0),
        Column::PatientId | Column::BodyPart => of(110.0, 64.0),
        Column::Date => of(120.0, 84.0),
        Column::Modality => of(84.0, 56.0),
        Column::Description => Width::remainder().at_least(96.0).clip(true),
        Column::Images => of(72.0, 56.0),
        Column::Score => of(190.0, 96.0),
    }
}

fn heading(ui: &mut Ui, worklist: &Worklist, column: Column, tokens: &Tokens, out: &mut Vec<Command>) {
    let words = translated(column.words());
    let sorted = worklist.sorting.column == column;
    let arrow = match (sorted, worklist.sorting.descending) {
        (false, _) => "",
        (true, true) => " ↓",
        (true, false) => " ↑",
    };
    let button = Button::new(theme::section(format!("{words}{arrow}"), tokens)).frame(false);
    let name = match (sorted, worklist.sorting.descending) {
        (false, _) => tr!("Sort by {}", words),
        (true, true) => tr!("Sorted by {}, the last first", words),
        (true, false) => tr!("Sorted by {}, the first first", words),
    };
    let response = ui.add(button).accessible_name(name);
    if response.on_hover_text(WorklistCommand::SortBy(column).info().tooltip).clicked() {
        out.push(WorklistCommand::SortBy(column).into());
    }
}

fn line(
    row: &mut TableRow<'_, '_>,
    state: &State,
    study: &ArchivedStudy,
    columns: &[Column],
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let worklist = &state.worklist;
    let chosen = worklist.chosen.as_deref() == Some(study.study_uid.as_str());
    row.set_selected(chosen);
    for column in columns {
        let words = cell(worklist, study, *column);
        row.col(|ui| {
            // The one that the keyboard reaches, and that names the row.
            if *column == Column::Patient {
                let shown = if words.is_empty() { text!("Without a name").to_owned() } else { words };
                let button = Button::selectable(chosen, RichText::new(&shown).color(tokens.text)).truncate();
                let response = ui.add(button).accessible_name(named(worklist, study, &shown));
                if response.double_clicked() {
                    fetch(worklist, study, out);
                } else if response.clicked() {
                    out.push(WorklistCommand::Choose(Some(study.study_uid.clone())).into());
                }
            } else {
                let label = Label::new(RichText::new(&words).color(tokens.text)).selectable(false).truncate();
                ui.add(label);
            }
        });
    }
    let response = row.response();
    if response.double_clicked() {
        fetch(worklist, study, out);
    } else if response.clicked() && !chosen {
        out.push(WorklistCommand::Choose(Some(study.study_uid.clone())).into());
    }
}

/// A double click fetches.
fn fetch(worklist: &Worklist, study: &ArchivedStudy, out: &mut Vec<Command>) {
    if worklist.transfer.is_none() {
        out.push(WorklistCommand::Choose(Some(study.study_uid.clone())).into());
        out.push(WorklistCommand::Fetch(study.study_uid.clone(), None).into());
    }
}

/// What a screen reader says of a row.
fn named(worklist: &Worklist, study: &ArchivedStudy, patient: &str) -> String {
    let rest = [Column::Date, Column::Modality, Column::Description].map(|column| cell(worklist, study, column));
    let parts = std::iter::once(patient.to_owned()).chain(rest).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(", ")
}

fn cell(worklist: &Worklist, study: &ArchivedStudy, column: Column) -> String {
    match column {
        Column::Patient => attribute(&readable_name(&study.patient_name)),
        Column::PatientId => attribute(&study.patient_id),
        Column::Date => {
            let day = study.date.map(language::date).unwrap_or_default();
            match (day.is_empty(), time(&study.time)) {
                (false, Some(time)) => format!("{day} {time}"),
                _ => day,
            }
        }
        Column::Modality => attribute(&study.modalities.join(", ")),
        Column::BodyPart => attribute(&study.body_parts.as_deref().unwrap_or_default().join(", ")),
        Column::Description => attribute(&study.description),
        Column::Images => study.images.map(|images| images.to_string()).unwrap_or_default(),
        Column::Score => match worklist.scores.get(&study.study_uid) {
            Some(score) => format!("{} {}", decimal(format!("{:.2}", score.probability)), score.label),
            None => String::new(),
        },
    }
}

/// `14:05` of a DICOM time.
fn time(written: &str) -> Option<String> {
    let digits: String = written.chars().filter(char::is_ascii_digit).take(4).collect();
    (digits.len() == 4).then(|| format!("{}:{}", &digits[..2], &digits[2..]))
}
