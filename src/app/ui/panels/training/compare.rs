//! Several runs: their curves on one plot, their metrics in one table, and what was asked for
//! differently.

use egui::{
    CentralPanel, Frame, Grid, Label, Margin, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2,
};

use egui_extras::{Column, TableBuilder};

use super::curves::{self, Chart, Curve};
use super::{column, field, plate, words};
use crate::app::command::{Command, TrainingCommand};
use crate::app::state::State;
use crate::app::state::training::record::{RunRecord, differences};
use crate::app::state::training::{Folder, RunMetric};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::language::{decimal, text, tr};

/// Height of a row of the table.
const ROW: f32 = 20.0;
/// Widest name of a run in a table.
const NAME: f32 = 200.0;

/// Fills the room of the page.
pub(super) fn show(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let comparison = &state.training.comparison;
    let records = comparison.records.as_deref().unwrap_or_default();
    let all: Vec<(usize, &RunRecord)> = records.iter().map(AsRef::as_ref).enumerate().collect();
    column(ui, "training runs", tokens, |ui| list(ui, state, &all, tokens, out));
    let shown: Vec<(usize, &RunRecord)> =
        all.into_iter().filter(|(_, r)| comparison.shown.contains(&r.folder) && !r.rows.is_empty()).collect();
    let frame = Frame::new().fill(tokens.background).inner_margin(Margin::same(8));
    CentralPanel::default().frame(frame).show(ui, |ui| {
        let room = ui.available_size();
        ui.spacing_mut().item_spacing.y = 8.0;
        let metric = comparison.metric;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
            for choice in RunMetric::ALL {
                let command = Command::Training(TrainingCommand::SetMetric(choice));
                controls::segment(ui, command, choice == metric, true, out);
            }
        });
        let lines: Vec<Curve> = shown.iter().map(|(k, r)| line(state, *k, r, metric)).collect();
        let end = shown.iter().map(|(_, r)| r.rows.len()).max().unwrap_or(1).max(2) as f64;
        let title = metric.name().to_uppercase();
        let limits = matches!(metric, RunMetric::Accuracy | RunMetric::Auroc).then_some([0.0, 1.0]);
        let size = vec2(room.x, (0.52 * room.y).max(180.0));
        let empty = match comparison.records.as_deref() {
            Some([]) => text!("Curves of runs appear here."),
            _ => text!("Tick a run at the left to see its curve."),
        };
        curves::chart(ui, &Chart { title: &title, curves: &lines, end, best: None, empty, size, limits }, tokens, out);
        let rest = vec2(room.x, ui.available_height());
        plate(ui, tokens, rest, |ui| {
            ScrollArea::both().auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 4.0;
                metrics(ui, state, &shown, tokens);
                different(ui, state, &shown, tokens);
            });
        });
    });
}

fn line(state: &State, k: usize, record: &RunRecord, metric: RunMetric) -> Curve {
    let (color, style) = curves::look(state.preferences.theme, k);
    let points: Vec<[f64; 2]> = record.rows.iter().map(|r| [r.epoch as f64, metric.of(r)]).collect();
    let value = points.last().map_or_else(|| "–".into(), |p| decimal(format!("{:.4}", p[1])));
    Curve {
        key: record.name.clone(),
        name: record.name.clone(),
        value,
        points,
        color,
        style,
        width: 2.0,
        marked: true,
        hidden: false,
    }
}

fn list(ui: &mut Ui, state: &State, all: &[(usize, &RunRecord)], tokens: &Tokens, out: &mut Vec<Command>) {
    let comparison = &state.training.comparison;
    controls::title(ui, text!("RUNS"), "", tokens);
    ui.spacing_mut().item_spacing.y = 2.0;
    match (&comparison.records, all.len()) {
        (None, _) => paragraph(ui, text!("Reading the folders of the runs…"), tokens),
        (_, 0) => {
            paragraph(ui, text!("There is no run yet. Train a model, or choose the folder of a run below."), tokens);
        }
        _ => {}
    }
    for (k, record) in all {
        row(ui, state, *k, record, tokens, out);
    }
    controls::rule(ui, tokens);
    ui.label(theme::section(text!("Add a run, or a folder of runs"), tokens));
    let choose = Command::Training(TrainingCommand::ChooseFolder(Folder::Runs));
    if let Some(path) = field::path(ui, text!("Folder of a run"), None, text!("Add"), choose, out) {
        out.push(Command::Training(TrainingCommand::SetFolder(Folder::Runs, path)));
    }
    controls::button(ui, TrainingCommand::Refresh, true, out);
}

/// A run in the list: ticked, its line, its name, how far it came.
fn row(ui: &mut Ui, state: &State, k: usize, record: &RunRecord, tokens: &Tokens, out: &mut Vec<Command>) {
    let on = state.training.comparison.shown.contains(&record.folder);
    if let Some(trouble) = &record.trouble {
        message(ui, Sign::Caution, &format!("{}: {trouble}", record.name), tokens)
            .on_hover_text(record.folder.display().to_string());
        return;
    }
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on, record.name.as_str()));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 3.0, tokens.hover);
    }
    let curve = Curve { hidden: !on, ..line(state, k, record, RunMetric::ValidationLoss) };
    curves::swatch(ui, Rect::from_min_size(rect.min + vec2(4.0, 8.0), vec2(20.0, 20.0)), &curve, tokens);
    let text = Rect::from_min_max(pos2(rect.left() + 32.0, rect.top() + 2.0), rect.max);
    let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(text));
    inside.spacing_mut().item_spacing.y = 0.0;
    let name = RichText::new(&record.name).color(if on { tokens.text } else { tokens.muted });
    controls::elided(&mut inside, name);
    let epochs = words::epochs(record.rows.len());
    let caption = match record.best() {
        Some(best) => tr!("{epochs}, best loss {loss}", epochs, loss = decimal(format!("{:.4}", best.validation_loss))),
        None => epochs,
    };
    inside.add(Label::new(theme::caption(caption, tokens)).truncate());
    if response.on_hover_text(record.folder.display().to_string()).clicked() {
        out.push(Command::Training(TrainingCommand::ToggleRun(record.folder.clone())));
    }
}

fn head(ui: &mut Ui, words: &str, tokens: &Tokens) {
    ui.label(theme::section(words, tokens));
}

/// The name of a run after its line.
fn named(ui: &mut Ui, state: &State, k: usize, record: &RunRecord, tokens: &Tokens) {
    let (rect, response) = ui.allocate_exact_size(vec2(NAME, 20.0), Sense::hover());
    let curve = line(state, k, record, RunMetric::ValidationLoss);
    curves::swatch(ui, Rect::from_min_size(rect.min, vec2(20.0, 20.0)), &curve, tokens);
    let text = Rect::from_min_max(pos2(rect.left() + 28.0, rect.top()), rect.max);
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(text).layout(layout));
    controls::elided(&mut inside, RichText::new(&record.name).color(tokens.text));
    response.on_hover_text(record.folder.display().to_string());
}

/// The metrics of the runs, a row for each.
fn metrics(ui: &mut Ui, state: &State, shown: &[(usize, &RunRecord)], tokens: &Tokens) {
    if shown.is_empty() {
        return;
    }
    let titles = [
        text!("Epochs"),
        text!("Best epoch"),
        text!("Validation loss"),
        text!("Mean AUROC"),
        text!("Accuracy"),
        text!("Images a second"),
        text!("Time"),
    ];
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = vec2(16.0, 2.0);
        let table = TableBuilder::new(ui)
            .id_salt("metrics of runs")
            .vscroll(false)
            .cell_layout(egui::Layout::left_to_right(egui::Align::Center))
            .column(Column::exact(NAME))
            .columns(Column::auto().at_least(72.0), titles.len());
        let table = table.header(ROW, |mut row| {
            row.col(|ui| head(ui, text!("Run"), tokens));
            for title in titles {
                row.col(|ui| head(ui, title, tokens));
            }
        });
        table.body(|mut body| {
            for (k, record) in shown {
                let Some(best) = record.best() else { continue };
                let cells = [
                    record.rows.len().to_string(),
                    best.epoch.to_string(),
                    decimal(format!("{:.4}", best.validation_loss)),
                    decimal(format!("{:.3}", best.mean_auroc())),
                    decimal(format!("{:.3}", best.accuracy)),
                    decimal(format!("{:.1}", record.pace())),
                    words::duration(record.seconds()),
                ];
                body.row(ROW, |mut row| {
                    row.col(|ui| named(ui, state, *k, record, tokens));
                    for cell in cells {
                        row.col(|ui| drop(ui.label(RichText::new(cell).color(tokens.text))));
                    }
                });
            }
        });
    });
    let words = text!("Metrics on validation, of the epoch with the lowest validation loss.");
    ui.label(theme::caption(words, tokens));
}

fn different(ui: &mut Ui, state: &State, shown: &[(usize, &RunRecord)], tokens: &Tokens) {
    let known: Vec<(usize, &RunRecord)> = shown.iter().copied().filter(|(_, r)| !r.configuration.is_empty()).collect();
    if shown.len() < 2 {
        return;
    }
    ui.add_space(theme::GRID);
    head(ui, text!("What was asked for differently"), tokens);
    let unknown = shown.len() - known.len();
    let records: Vec<&RunRecord> = known.iter().map(|(_, r)| *r).collect();
    let rows = differences(&records);
    if known.len() > 1 && rows.is_empty() {
        ui.label(theme::caption(text!("Their configurations are the same."), tokens));
    } else if !rows.is_empty() {
        Grid::new("differences").min_col_width(72.0).spacing(vec2(16.0, 2.0)).show(ui, |ui| {
            head(ui, &tr!("of a configuration" => "Key"), tokens);
            known.iter().for_each(|(k, r)| named(ui, state, *k, r, tokens));
            ui.end_row();
            for (key, values) in rows {
                ui.label(theme::caption(key, tokens));
                for value in values {
                    let value = value.unwrap_or_else(|| "–".into());
                    let short: String = value.chars().take(40).collect();
                    let cut = if short.len() < value.len() { "…" } else { "" };
                    let label = ui.label(RichText::new(format!("{short}{cut}")).color(tokens.text));
                    if !cut.is_empty() {
                        label.on_hover_text(value);
                    }
                }
                ui.end_row();
            }
        });
    }
    if unknown > 0 {
        let words = tr!(
            "1 run keeps no copy of its configuration." | "{n} runs keep no copy of their configuration." % unknown
        );
        ui.label(theme::caption(words, tokens));
    }
}
