//! A changed model beside what it was, on the images at hand: how often calls and states agree, which
//! way calls turned, and the images that changed most.

use std::path::Path;

use egui::{Align, Frame, Id, Layout as Flow, Margin, Modal, RichText, ScrollArea, Ui};
use egui_extras::{Column, TableBuilder};

use crate::app::command::{Command, FindingsCommand};
use crate::app::state::State;
use crate::app::state::model_changes::Comparing;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::evaluation::model_diff::{ImageDiff, ModelDiff};
use crate::language::{decimal, text, tr, translated};

/// Height of a row.
const ROW: f32 = 18.0;
/// Images that are listed.
const LISTED: usize = 20;

/// Draws the window over everything else while it is open.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(comparing) = &state.model_changes.comparing else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(24));
    let room = ui.ctx().content_rect().size();
    let modal = Modal::new(Id::unique("changed model")).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width((room.x - 96.0).min(820.0));
        ui.horizontal(|ui| {
            ui.label(theme::heading(text!("What has changed?"), &tokens));
            ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
                let command = FindingsCommand::CloseComparison;
                if ui.button(text!("Close")).on_hover_text(command.info().hint()).clicked() {
                    out.push(command.into());
                }
            });
        });
        controls::rule(ui, &tokens);
        match comparing {
            Comparing::Running(done, of) => {
                paragraph(ui, &tr!("{} of {} images are scored…", done, of), &tokens);
                ui.add(egui::ProgressBar::new(*done as f32 / (*of).max(1) as f32));
            }
            Comparing::Failed(reason) => {
                message(ui, Sign::Caution, &reason.capitalized(), &tokens);
                thresholds(ui, state, &tokens);
            }
            Comparing::Done(diff) => {
                // The window was low while images were scored, and remembers that.
                let height = room.y - 200.0;
                let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
                area.show(ui, |ui| compared(ui, state, diff, &tokens));
            }
        }
    });
    if modal.backdrop_response.clicked() {
        out.push(FindingsCommand::CloseComparison.into());
    }
    out
}

/// Thresholds that are others, where nothing else can be said.
fn thresholds(ui: &mut Ui, state: &State, tokens: &Tokens) {
    let Some(change) = &state.model_changes.change else { return };
    for (name, before, now) in change.thresholds() {
        let at = |value: Option<f32>| value.map_or_else(|| "–".to_owned(), |v| decimal(format!("{v:.3}")));
        paragraph(ui, &tr!("{name}: threshold {} before, {} now", at(before), at(now), name), tokens);
    }
}

fn compared(ui: &mut Ui, state: &State, diff: &ModelDiff, tokens: &Tokens) {
    paragraph(ui, &diff.models.join(" · "), tokens);
    let about =
        tr!("1 image, without knowing what is true." | "{n} images, without knowing what is true." % diff.images.len());
    paragraph(ui, &about, tokens);
    ui.add_space(theme::GRID);
    let heads = [
        text!("Finding"),
        text!("Threshold"),
        text!("Same call"),
        text!("Now present"),
        text!("Now absent"),
        text!("Mean change"),
        text!("Same state"),
    ];
    let table = TableBuilder::new(ui).id_salt("changed findings").striped(true).vscroll(false);
    let table =
        table.column(Column::remainder().at_least(120.0)).columns(Column::auto().at_least(76.0), heads.len() - 1);
    table
        .header(ROW, |mut row| {
            for head in heads {
                row.col(|ui| drop(ui.label(theme::caption(head, tokens))));
            }
        })
        .body(|body| {
            body.rows(ROW, diff.targets.len(), |mut row| {
                let target = &diff.targets[row.index()];
                let at = |i: usize| decimal(format!("{:.2}", target.thresholds[i]));
                let same = if target.with_states == 0 {
                    "–".to_owned()
                } else {
                    format!("{}/{}", target.same_state, target.with_states)
                };
                let cells = [
                    target.name.clone(),
                    if at(0) == at(1) { at(0) } else { format!("{} → {}", at(0), at(1)) },
                    format!("{}/{}", target.same_call, target.images),
                    target.turned_present.to_string(),
                    target.turned_absent.to_string(),
                    decimal(format!("{:+.3}", target.mean_change).replace('-', "−")),
                    same,
                ];
                for cell in cells {
                    row.col(|ui| drop(ui.label(RichText::new(cell).color(tokens.text))));
                }
            });
        });
    ui.add_space(theme::GRID);
    let changed: Vec<&ImageDiff> =
        diff.images.iter().filter(|image| image.largest_change > 0.0 || turned(image)).take(LISTED).collect();
    if changed.is_empty() {
        paragraph(ui, text!("No score and no call differs on these images."), tokens);
        return;
    }
    controls::title(ui, text!("LARGEST CHANGES"), "", tokens);
    for image in changed {
        paragraph(ui, &line(state, image), tokens);
    }
}

/// Whether a call of an image is another one.
fn turned(image: &ImageDiff) -> bool {
    image.targets.iter().any(|target| target.present[0] != target.present[1])
}

/// An image with what changed most.
fn line(state: &State, image: &ImageDiff) -> String {
    let by = |t: &&crate::evaluation::model_diff::ImageTarget| {
        let turned = if t.present[0] == t.present[1] { 0.0 } else { 1.0 };
        (t.probability[1] - t.probability[0]).abs() + turned
    };
    let Some(most) = image.targets.iter().max_by(|a, b| by(a).total_cmp(&by(b))) else { return String::new() };
    // Names of files may name somebody.
    let name = if state.preferences.anonymize {
        text!("an image").to_owned()
    } else {
        let path = Path::new(&image.image);
        path.file_name().map_or_else(|| image.image.clone(), |name| name.to_string_lossy().into_owned())
    };
    let call = |i: usize| if most.present[i] { text!("present") } else { text!("absent") };
    let state_of = |i: usize| most.state[i].map_or_else(String::new, |word| format!(", {}", translated(word)));
    let said = |i: usize| format!("{} ({}{})", decimal(format!("{:.2}", most.probability[i])), call(i), state_of(i));
    format!("{name}: {} {} → {}", most.name, said(0), said(1))
}
