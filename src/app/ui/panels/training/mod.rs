//! The training room: what is trained, how far it is, what it makes of some images, and how runs
//! compare.

mod begin;
mod compare;
mod curves;
mod field;
mod new_config;
mod outcome;
mod progress;
pub mod question;
mod run_curves;
pub mod samples;
pub mod status;
mod verdict;
mod words;

use egui::{CentralPanel, Frame, Margin, Panel, Ui, vec2};

use crate::app::command::Command;
use crate::app::state::State;
use crate::app::state::training::Page;
use crate::app::state::training::run::Run;
use crate::app::ui::theme::{self, Tokens};
use samples::CardCache;

/// Width of the column at the left.
const COLUMN: f32 = 304.0;

/// Fills the room between toolbar and status bar.
pub fn show(ui: &mut Ui, state: &State, cards: &mut CardCache) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let training = &state.training;
    let mut out = Vec::new();
    match (training.page, &training.run) {
        (Page::Compare, _) => compare::show(ui, state, &tokens, &mut out),
        (Page::Run, Some(run)) => watch(ui, state, run, cards, &tokens, &mut out),
        (Page::Run, None) => {
            let frame = Frame::new().fill(tokens.background);
            CentralPanel::default().frame(frame).show(ui, |ui| begin::show(ui, state, &tokens, &mut out));
        }
    }
    out
}

/// A run: numbers at the left, curves in the middle, samples below.
fn watch(ui: &mut Ui, state: &State, run: &Run, cards: &mut CardCache, tokens: &Tokens, out: &mut Vec<Command>) {
    column(ui, "training run", tokens, |ui| progress::show(ui, run, tokens, out));
    let height = ui.available_height();
    if !run.samples.is_empty() {
        let frame = Frame::new().fill(tokens.background).inner_margin(Margin { top: 0, ..Margin::same(8) });
        let strip = Panel::bottom("training samples").exact_size((0.3 * height).clamp(204.0, 320.0));
        let strip = strip.resizable(false).show_separator_line(false).frame(frame);
        strip.show(ui, |ui| samples::show(ui, state, run, cards, tokens, out));
    }
    let frame = Frame::new().fill(tokens.background).inner_margin(Margin::same(8));
    CentralPanel::default().frame(frame).show(ui, |ui| run_curves::show(ui, state, run, tokens, out));
}

/// The column at the left; what does not fit is scrolled to.
fn column(ui: &mut Ui, name: &'static str, tokens: &Tokens, content: impl FnOnce(&mut Ui)) {
    let frame = Frame::new().fill(tokens.panel).inner_margin(Margin::same(8));
    Panel::left(name).exact_size(COLUMN).resizable(false).frame(frame).show(ui, |ui| {
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, content);
    });
}

/// A plate on the background: a curve, a row of samples, a table.
fn plate<R>(ui: &mut Ui, tokens: &Tokens, size: egui::Vec2, content: impl FnOnce(&mut Ui) -> R) -> R {
    let frame = Frame::new().fill(tokens.panel).corner_radius(4).inner_margin(Margin::same(8));
    frame
        .show(ui, |ui| {
            ui.set_min_size(size - vec2(16.0, 16.0));
            ui.set_max_size(size - vec2(16.0, 16.0));
            content(ui)
        })
        .inner
}
