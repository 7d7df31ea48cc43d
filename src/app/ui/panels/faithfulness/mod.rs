//! The faithfulness of the shown map: one sentence that does not flatter, and the measures that it
//! rests on.
//!
//! The panel stands over the image at the left, so that the map at the right is seen beside what
//! was measured of it; it can be moved, and what it holds scrolls. Every part has its place from
//! the start: nothing jumps when a measure arrives.

mod cascade;
mod curves;
mod table;

use egui::{
    Align, Frame, Id, Label, Layout as Flow, Margin, ProgressBar, Rect, RichText, ScrollArea, Ui, Window, vec2,
};

use crate::app::command::{Command, FindingsCommand, OverlayCommand};
use crate::app::state::State;
use crate::app::state::faithfulness::Obstacle;
use crate::app::state::map_key::MapKey;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::engine::map_request::MapFaithfulness;
use crate::explain::faithfulness::measure::Measure;
use crate::explain::faithfulness::words;
use crate::language::{named, text, tr, translated};
use crate::wording::{faithfulness, faithfulness_verdict};

/// Narrowest and widest window.
const WIDTHS: [f32; 2] = [448.0, 944.0];
/// Narrowest chart.
const CHART: f32 = 296.0;

/// Draws the panel while it is open.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    if !state.faithfulness_open {
        return out;
    }
    let tokens = theme::tokens(state.preferences.theme);
    let screen = ui.ctx().content_rect();
    let bars = [vec2(0.0, theme::TOOLBAR_HEIGHT), vec2(0.0, theme::STATUS_HEIGHT)];
    let room = Rect::from_min_max(screen.min + bars[0], screen.max - bars[1]).shrink(theme::GRID);
    let side = |open: bool, width: f32| if open { width + 2.0 * theme::GRID } else { 0.0 };
    let left = side(state.preferences.studies_open, state.preferences.studies_width);
    let right = side(state.preferences.findings_open, state.preferences.findings_width);
    let half = (room.width() - left - right) / 2.0 - theme::GRID;
    let width = half.clamp(WIDTHS[0], WIDTHS[1]).min(room.width());
    let margin = 2.0 * theme::GRID;
    Window::new(text!("Faithfulness of the map"))
        .id(Id::unique("faithfulness"))
        .title_bar(false)
        .resizable(false)
        .frame(Frame::window(ui.style()).inner_margin(Margin::same(margin as i8)))
        .default_pos(room.left_top() + vec2(left, 0.0))
        .constrain_to(room)
        .show(ui.ctx(), |ui| {
            ui.set_width(width - 2.0 * margin);
            let top = ui.cursor().top();
            head(ui, state, &tokens, &mut out);
            let head = ui.cursor().top() - top;
            let foot = 48.0;
            let most = (room.height() - 2.0 * margin - head - foot).max(64.0);
            theme::bar_in_the_margin(ui);
            // The window grows with what arrives; without the least height the area would stay as
            // tall as it was at first.
            let area = ScrollArea::vertical().max_height(most).min_scrolled_height(most);
            area.auto_shrink([false, true]).show(ui, |ui| {
                body(ui, state, &tokens, &mut out);
            });
            controls::rule(ui, &tokens);
            ui.add(Label::new(theme::caption(translated(words::NOT_THE_FINDING), &tokens)).wrap());
        });
    out
}

/// Title, which map, and what is known against its method.
fn head(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.label(theme::heading(OverlayCommand::ToggleFaithfulness.info().label, tokens));
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
            let close =
                ui.button(text!("Close")).on_hover_text(text!("Closes this panel and stops what it asked for (Esc)"));
            if close.clicked() {
                out.push(Command::Overlay(OverlayCommand::ToggleFaithfulness));
            }
        });
    });
    if let (Some(key), Some(info)) = (state.shown_map(), state.model_info()) {
        let name = key.method.name();
        let name = if key.method.has_layer() { tr!("{} at {}", name, key.place) } else { name.to_owned() };
        let which = format!("{name} · {}", key.subject.name(&info.manifest));
        controls::elided(ui, RichText::new(which).color(tokens.muted));
        if let Some(warning) = key.method.fails_sanity_check() {
            message(ui, Sign::Caution, translated(warning), tokens);
        }
    }
    controls::rule(ui, tokens);
}

fn body(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let Some(key) = state.shown_map() else {
        paragraph(ui, text!("Open an image and show a map: there is nothing to measure yet."), tokens);
        return;
    };
    match state.obstacle(&key) {
        None => measured(ui, state, &key, tokens, out),
        Some(Obstacle::Unscored(words)) => {
            paragraph(ui, words, tokens);
        }
        Some(Obstacle::NoMap(reason)) => {
            paragraph(ui, &tr!("There is no map to measure. {}", reason), tokens);
        }
        Some(Obstacle::Coming) => {
            paragraph(ui, text!("The map is being made; then it can be measured."), tokens);
        }
        Some(Obstacle::Flat) => {
            paragraph(
                ui,
                text!("The map is zero everywhere: it marks no place, so there is nothing to measure."),
                tokens,
            );
        }
    }
}

fn measured(ui: &mut Ui, state: &State, key: &MapKey, tokens: &Tokens, out: &mut Vec<Command>) {
    let known = state.faithfulness_of(key);
    let measures = known.map_or(&[][..], |known| known.measured.measures.as_slice());
    let complete = known.is_some_and(|known| known.whole);
    verdict(ui, known.map(AsRef::as_ref), tokens);
    progress(ui, state, key, complete, tokens, out);
    if complete && measures.is_empty() {
        return;
    }
    let theme = state.preferences.theme;
    ui.add_space(theme::GRID);
    table::show(ui, measures, tokens);
    ui.add_space(theme::GRID);
    let columns = ((ui.available_width() + theme::GRID) / (CHART + theme::GRID)).floor().clamp(1.0, 3.0) as usize;
    let width = (ui.available_width() - (columns - 1) as f32 * theme::GRID) / columns as f32;
    let charts: Vec<Measure> = Measure::ALL.into_iter().filter(|measure| *measure != Measure::Drop).collect();
    for row in charts.chunks(columns) {
        ui.horizontal_top(|ui| {
            for &measure in row {
                let values = measures.iter().find(|known| known.measure == measure);
                curves::show(ui, measure, values, width, theme, tokens);
            }
        });
    }
    let left_out = state.not_measured(key.method);
    ui.add_space(theme::GRID / 2.0);
    controls::title(ui, text!("SENSITIVITY TO NOISE"), "", tokens);
    let sensitivity = known.and_then(|known| known.measured.sensitivity);
    let words = match (sensitivity, &left_out) {
        (Some(change), _) => faithfulness::sensitivity(change),
        (None, Some(why)) => why.clone(),
        (None, None) if complete => text!("Not defined for this map.").into(),
        (None, None) => translated(TO_COME).into(),
    };
    paragraph(ui, &words, tokens);
    ui.add_space(theme::GRID / 2.0);
    controls::title(ui, text!("WHEN THE MODEL FORGETS"), text!("randomisation check (Adebayo et al. 2018)"), tokens);
    match (known.and_then(|known| known.measured.randomization.as_ref()), &left_out) {
        (Some(check), _) => {
            paragraph(ui, &faithfulness::randomization(check), tokens);
            cascade::show(ui, check, theme, tokens);
        }
        (None, Some(why)) => {
            paragraph(ui, why, tokens);
        }
        (None, None) => {
            paragraph(ui, translated(TO_COME), tokens);
        }
    }
}

/// Stands for what was not measured yet.
const TO_COME: &str = named!("Not measured yet.");

/// The sentence, in the room of three lines, or two where they are long.
fn verdict(ui: &mut Ui, known: Option<&MapFaithfulness>, tokens: &Tokens) {
    let words = if let Some(known) = known {
        theme::strong(faithfulness_verdict::sentence(&known.measured), tokens)
    } else {
        let words = text!("The map is put beside a centred blob and a random map of the same size.");
        RichText::new(words).color(tokens.text)
    };
    let height = if ui.available_width() < CHART * 2.0 { 52.0 } else { 36.0 };
    ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
        ui.set_min_height(height);
        ui.add(Label::new(words.size(14.0)).wrap());
    });
}

/// How far it is, with Cancel; or why it went no further, with another try.
fn progress(ui: &mut Ui, state: &State, key: &MapKey, complete: bool, tokens: &Tokens, out: &mut Vec<Command>) {
    if let Some(reason) = state.unevaluated(key) {
        ui.horizontal(|ui| {
            ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
                controls::button(ui, OverlayCommand::EvaluateAgain, true, out);
                ui.with_layout(Flow::left_to_right(Align::Center), |ui| {
                    message(ui, Sign::Caution, reason, tokens);
                });
            });
        });
        return;
    }
    ui.horizontal(|ui| {
        ui.set_min_height(24.0);
        if complete {
            ui.label(theme::caption(text!("Everything that can be measured was measured."), tokens));
            return;
        }
        let step = state.evaluating(key).flatten();
        let part = step.map_or(0.0, |(_, done, of)| *done as f32 / (*of).max(1) as f32);
        let bar =
            ProgressBar::new(part).desired_width(128.0).desired_height(6.0).corner_radius(3.0).fill(tokens.accent);
        ui.add(bar).accessible_name(text!("Progress of the measurement"));
        let words = step.map_or_else(
            || text!("waiting").to_owned(),
            |(what, done, of)| tr!("{what} {done} of {of}", what = translated(what), done, of),
        );
        ui.label(theme::caption(words, tokens));
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
            controls::button(ui, FindingsCommand::Cancel, true, out);
        });
    });
}
