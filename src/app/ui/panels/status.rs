//! The bar below: progress with cancel, what lies under the cursor, device and model, time taken.
//! Window and zoom stand in the corner of each view, and so not here.
//!
//! Every cell has a fixed width: numbers change, nothing moves.

use egui::{Align, Button, Label, Layout as Flow, ProgressBar, Role, Sense, Ui, UiBuilder, WidgetInfo, vec2};

use crate::app::command::{Command, FindingsCommand, ImpressionCommand};
use crate::app::state::{Model, Phase, ShownImage, State};
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::engine::Timing;
use crate::language::{decimal, named, said, text, tr, translated};

/// What the program is not; said once on the screen, and again in the key table and in every
/// report.
pub const NOT_A_DEVICE: &str = named!(
    "Pellucid is not a medical device. It shows what a model saw; it is for research and teaching, and must not be used to decide on a patient."
);

/// A window narrower than this has little room.
const NARROW: f32 = 900.0;

/// Draws the bar into the height that `ui` has.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().interact_size.y = 20.0;
        ui.spacing_mut().button_padding.y = 1.0;
        ui.spacing_mut().item_spacing.x = theme::GRID;
        if state.training.open {
            return training(ui, state, &tokens, &mut out);
        }
        progress(ui, state, &tokens, &mut out);
        let pixel = state
            .cursor
            .map_or_else(String::new, |(x, y, value)| tr!("x {x}  y {y}  value {value}", x, y, value = grey(value)));
        let width = if ui.ctx().content_rect().width() < NARROW { 140.0 } else { 176.0 };
        cell(
            ui,
            width,
            &pixel,
            text!("Column, row and grey value (after the modality transform) under the cursor"),
            &tokens,
        );
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
            let notice = ui.add(Label::new(theme::caption(text!("Not a medical device"), &tokens)));
            notice.on_hover_text(translated(NOT_A_DEVICE));
            read_first(ui, state, &tokens);
            super::training::status::show(ui, state, &tokens, &mut out);
            super::published::in_the_bar(ui, state, &tokens, &mut out);
            super::worklist::in_the_bar(ui, state, &tokens, &mut out);
            model(ui, state, &tokens);
        });
    });
    out
}

/// That the model's results are hidden until the reader has written an impression.
fn read_first(ui: &mut Ui, state: &State, tokens: &Tokens) {
    if !state.preferences.read_first {
        return;
    }
    let info = ImpressionCommand::ToggleReadFirst.info();
    let label = ui.add(Label::new(theme::caption(text!("Read first is on"), tokens).color(tokens.accent)));
    label.on_hover_text(tr!("{}. {} switches it off", info.tooltip, info.key));
}

/// The bar of the training room.
fn training(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    super::training::status::show(ui, state, tokens, out);
    ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
        let notice = ui.add(Label::new(theme::caption(text!("Not a medical device"), tokens)));
        notice.on_hover_text(translated(NOT_A_DEVICE));
    });
}

/// A grey value: whole numbers without a point.
fn grey(value: f32) -> String {
    decimal(if value.fract() == 0.0 || value.abs() >= 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") })
}

/// A caption of fixed width.
fn cell(ui: &mut Ui, width: f32, text: &str, hint: &str, tokens: &Tokens) {
    let (rect, response) = ui.allocate_exact_size(vec2(width, ui.available_height()), Sense::hover());
    let mut inside = ui.new_child(UiBuilder::new().max_rect(rect).layout(Flow::left_to_right(Align::Center)));
    inside.add(Label::new(theme::caption(text, tokens)).truncate());
    if !hint.is_empty() {
        response.on_hover_text(hint);
    }
}

fn progress(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let results = &state.results;
    let done = if results.samples_of > 0 { results.samples_done as f32 / results.samples_of as f32 } else { 0.0 };
    let (words, part) = match (&state.image, &results.phase) {
        (ShownImage::Loading(..), _) => (text!("reading the image").to_owned(), Some(0.0)),
        (_, Phase::Waiting) => (text!("waiting for the model").to_owned(), Some(0.0)),
        (_, Phase::Running) if results.samples_of > 0 && results.samples_done > 0 => (
            tr!(
                "{what} {done} of {of}",
                what = translated(state.options.source.counted()),
                done = results.samples_done,
                of = results.samples_of
            ),
            Some(done),
        ),
        (_, Phase::Running) if !results.attributions.is_empty() => (text!("sampling").to_owned(), Some(0.0)),
        (_, Phase::Running) if !results.labels.is_empty() => (text!("explaining").to_owned(), Some(0.0)),
        (_, Phase::Running) => (text!("looking at the image").to_owned(), Some(0.0)),
        (_, Phase::Finished) => explaining(state).unwrap_or_else(|| (text!("finished").to_owned(), None)),
        (_, Phase::Cancelled) => (text!("cancelled").to_owned(), None),
        (_, Phase::Refused | Phase::Unfit) => (text!("not scored").to_owned(), None),
        (_, Phase::Failed(_)) => (text!("failed").to_owned(), None),
        _ if state.stack.cine.is_playing() => (text!("plays, not analysed").to_owned(), None),
        (_, Phase::Idle) if state.scanning => (text!("listing files").to_owned(), None),
        (_, Phase::Idle) => (text!("ready").to_owned(), None),
    };
    let narrow = ui.ctx().content_rect().width() < NARROW;
    let (wide, room): (f32, f32) = if narrow { (176.0, 104.0) } else { (304.0, 168.0) };
    let (rect, _) = ui.allocate_exact_size(vec2(wide, ui.available_height()), Sense::hover());
    let mut ui = ui.new_child(UiBuilder::new().max_rect(rect).layout(Flow::left_to_right(Align::Center)));
    if let Some(part) = part.filter(|_| !narrow) {
        let bar = ProgressBar::new(part).desired_width(64.0).desired_height(6.0).fill(tokens.accent).corner_radius(3.0);
        ui.add(bar).accessible_name(text!("Progress"));
    }
    // What is done has what the button behind it leaves, however long its word is.
    let cancel = FindingsCommand::Cancel.info().label.to_owned();
    let font = egui::FontId::proportional(theme::CAPTION);
    let button = ui.painter().layout_no_wrap(cancel, font, tokens.text).size().x + 2.0 * ui.spacing().button_padding.x;
    let room = room.min(ui.available_width() - button - ui.spacing().item_spacing.x).max(48.0);
    let hint = if let Phase::Failed(reason) = &results.phase { said(reason) } else { String::new() };
    cell(&mut ui, room, &words, &hint, tokens);
    if state.busy() || explaining(state).is_some() {
        let info = FindingsCommand::Cancel.info();
        let cancel = ui.add(Button::new(theme::caption(info.label, tokens))).on_hover_text(info.hint());
        if cancel.clicked() {
            out.push(Command::Findings(FindingsCommand::Cancel));
        }
    } else if matches!(results.phase, Phase::Cancelled | Phase::Failed(_)) {
        controls::button(&mut ui, FindingsCommand::Retry, true, out);
    }
}

/// What is being made for the screen after the analysis, and how far it is; what takes no time is
/// left out.
fn explaining(state: &State) -> Option<(String, Option<f32>)> {
    let running = state.results.explaining.as_ref().filter(|running| !running.ahead)?;
    let Some((what, done, of)) = running.step else {
        let method = running.request.methods.iter().find(|m| !m.is_instant())?;
        return Some((method.name().to_owned(), Some(0.0)));
    };
    Some((tr!("{what} {done} of {of}", what = translated(what), done, of), Some(done as f32 / of.max(1) as f32)))
}

fn model(ui: &mut Ui, state: &State, tokens: &Tokens) {
    match &state.model {
        Model::Ready(info) => {
            let total = total(&state.results.timing);
            let time = if total > 0.0 { format!(" · {total:.0} ms") } else { String::new() };
            let hash: String = info.sha256.chars().take(4).collect();
            let words = format!("{} · {} {} · {hash}…{time}", info.device, info.manifest.name, info.manifest.version);
            let because = state.choice.as_ref().map_or_else(String::new, |choice| said(&choice.because));
            let hint = format!(
                "{because}\n{}\n{}\n{}",
                said(&info.manifest.description),
                tr!("SHA-256 of the weights {}", info.sha256),
                steps(&state.results.timing)
            );
            let font = egui::FontId::proportional(theme::CAPTION);
            let cut = lettering::cut_text(ui.painter(), &words, &font, ui.available_width());
            let response = ui.label(theme::caption(cut, tokens));
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
            response.on_hover_text(format!("{words}\n{hint}"));
        }
        // The bar above says so.
        Model::Unfit => {}
        Model::Loading { name } => {
            ui.add(Label::new(theme::caption(tr!("loading the model {}…", name), tokens)).truncate());
        }
        Model::Failed { name, reason } => {
            let words = theme::caption(tr!("{} could not be loaded", name), tokens).color(tokens.warning);
            ui.add(Label::new(words).truncate()).on_hover_text(said(reason.as_str()));
        }
    }
}

fn total(timing: &Timing) -> f64 {
    timing.decode + timing.preprocess + timing.forward + timing.explain + timing.uncertainty
}

fn steps(timing: &Timing) -> String {
    let whole = |milliseconds: f64| format!("{milliseconds:.0}");
    tr!(
        "read {} ms · prepare {} ms · forward {} ms · maps {} ms · samples {} ms",
        whole(timing.decode),
        whole(timing.preprocess),
        whole(timing.forward),
        whole(timing.explain),
        whole(timing.uncertainty)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_values_show_a_point_only_where_they_have_one() {
        assert_eq!(grey(1893.0), "1893");
        assert_eq!(grey(-0.25), "-0.25");
        assert_eq!(grey(40_000.5), "40000");
    }
}
