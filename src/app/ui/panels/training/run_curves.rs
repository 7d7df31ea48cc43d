//! The curves of one run: losses above, accuracy and AUROC below.

use egui::{Color32, Ui, vec2};
use egui_plot::LineStyle;

use super::curves::{Chart, Curve, chart, look};
use crate::app::command::Command;
use crate::app::state::State;
use crate::app::state::training::run::Run;
use crate::app::ui::theme::{self, Tokens};
use crate::language::{decimal, named, text, translated};
use crate::training::event::HistoryRow;

/// Loss above, accuracy and AUROC below.
pub(super) fn show(ui: &mut Ui, state: &State, run: &Run, tokens: &Tokens, out: &mut Vec<Command>) {
    let size = vec2(ui.available_width(), ((ui.available_height() - 8.0) / 2.0).max(96.0));
    let end = reach(run.losses.points().last().map_or(0.0, |p| p[0]).max(run.rows.len() as f64), run.epochs());
    ui.spacing_mut().item_spacing.y = 8.0;
    let losses = losses(state, run, tokens);
    let areas = areas(state, run);
    let empty = text!("The first point comes with the first step.");
    let waiting = text!("The first point comes with the first validation.");
    let best = run.best.map(|b| b as f64);
    chart(ui, &Chart { title: text!("LOSS"), curves: &losses, end, best, empty, size, limits: None }, tokens, out);
    let limits = Some([0.0, 1.0]);
    chart(
        ui,
        &Chart { title: text!("VALIDATION"), curves: &areas, end, best, empty: waiting, size, limits },
        tokens,
        out,
    );
}

fn losses(state: &State, run: &Run, tokens: &Tokens) -> Vec<Curve> {
    let hidden = |name: &str| state.training.hidden.contains(name);
    let [color, validation, ..] = theme::series(state.preferences.theme);
    let last = |v: Option<f64>| v.map_or_else(|| "–".into(), |v| decimal(format!("{v:.4}")));
    let each = named!("Training, each step");
    let mut curves = vec![Curve {
        key: each.into(),
        name: translated(each).into(),
        value: last(run.step.map(|s| f64::from(s.loss))),
        points: run.losses.points().to_vec(),
        color: tokens.below.gamma_multiply(0.75),
        style: LineStyle::Solid,
        width: 1.0,
        marked: false,
        hidden: hidden(each),
    }];
    let mut epochs = |name: &str, color: Color32, values: Vec<f64>| {
        curves.push(Curve {
            key: name.into(),
            name: translated(name).into(),
            value: last(values.last().copied()),
            points: run.rows.iter().zip(values).map(|(r, value)| [r.epoch as f64, value]).collect(),
            color,
            style: LineStyle::Solid,
            width: 2.0,
            marked: true,
            hidden: hidden(name),
        });
    };
    epochs(named!("Training, each epoch"), color, run.rows.iter().map(|r| r.training_loss).collect());
    epochs(named!("Validation loss"), validation, run.rows.iter().map(|r| r.validation_loss).collect());
    curves
}

fn areas(state: &State, run: &Run) -> Vec<Curve> {
    let mut curves = Vec::new();
    let mut add = |key: String, points: Vec<[f64; 2]>| {
        let (color, style) = look(state.preferences.theme, curves.len());
        let value = points.last().map_or_else(|| "–".into(), |p: &[f64; 2]| decimal(format!("{:.3}", p[1])));
        let hidden = state.training.hidden.contains(&key);
        let name = translated(&key).to_owned();
        curves.push(Curve { key, name, value, points, color, style, width: 1.75, marked: true, hidden });
    };
    add(named!("Accuracy").into(), run.rows.iter().map(|r| [r.epoch as f64, r.accuracy]).collect());
    for (k, (name, _)) in run.rows.last().map(|r| r.auroc.as_slice()).unwrap_or_default().iter().enumerate() {
        let value = |r: &HistoryRow| Some([r.epoch as f64, r.auroc.get(k)?.1?]);
        add(format!("AUROC {name}"), run.rows.iter().filter_map(value).collect());
    }
    curves
}

/// Where the axis of epochs ends: a round number beyond what is done, so that it seldom moves, and
/// never beyond the run.
fn reach(done: f64, epochs: usize) -> f64 {
    let steps = [2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0];
    let all = (epochs as f64).max(1.0);
    steps.into_iter().find(|s| *s >= done * 1.02).unwrap_or(all).min(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_grows_by_round_numbers_and_ends_with_the_run() {
        assert_eq!(
            [reach(0.1, 30), reach(3.0, 30), reach(9.99, 30), reach(21.0, 30), reach(30.0, 30)],
            [2.0, 5.0, 20.0, 30.0, 30.0]
        );
        assert_eq!(reach(0.5, 1), 1.0);
    }
}
