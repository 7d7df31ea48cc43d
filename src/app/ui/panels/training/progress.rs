//! The column of a run: how far it is, its numbers, what can be done, and what it works on.

use egui::{Grid, Label, ProgressBar, RichText, Ui, vec2};

use super::{begin, outcome, words};
use crate::app::command::{Command, TrainingCommand};
use crate::app::state::training::run::{Pending, Run, Stage};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::message;
use crate::language::{decimal, text, tr};

/// Warnings that are shown before the reader asks for all.
const WARNINGS: usize = 2;

/// Draws the column.
pub(super) fn show(ui: &mut Ui, run: &Run, tokens: &Tokens, out: &mut Vec<Command>) {
    controls::elided(ui, theme::heading(&run.plan.config.name, tokens));
    ui.label(RichText::new(stage(run)).color(tokens.text));
    match &run.stage {
        Stage::Finished(finished) => outcome::finished(ui, run, finished, tokens, out),
        Stage::Failed { reason, kept } => outcome::failed(ui, run, reason.as_str(), *kept, tokens, out),
        _ => running(ui, run, tokens, out),
    }
    controls::rule(ui, tokens);
    if !run.warnings.is_empty() {
        warnings(ui, run, tokens);
        controls::rule(ui, tokens);
    }
    controls::title(ui, text!("CONFIGURATION"), "", tokens);
    begin::summary(ui, &run.plan, tokens);
    if let Some(ready) = &run.ready {
        let images =
            tr!("{} to learn from, {} to validate", words::whole(ready.training), words::whole(ready.validation));
        line(ui, text!("Images"), &images, tokens);
        line(ui, text!("Weights that are learnt"), &words::whole(ready.weights), tokens);
    }
    line(ui, text!("Folder of the run"), &run.plan.out.display().to_string(), tokens);
}

fn line(ui: &mut Ui, title: &str, value: &str, tokens: &Tokens) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.spacing_mut().interact_size.y = 16.0;
        ui.add(Label::new(theme::caption(title, tokens)));
        ui.add(Label::new(RichText::new(value).size(theme::CAPTION)).wrap());
    });
}

/// Where the run stands, in words.
pub(super) fn stage(run: &Run) -> String {
    let of = tr!("epoch {} of {}", run.epoch(), run.epochs());
    match (&run.stage, run.pending) {
        (Stage::Finished(outcome), _) if outcome.stopped => {
            tr!("Stopped after epoch {} of {}", run.rows.len(), run.epochs())
        }
        (Stage::Finished(outcome), _) if outcome.stopped_early => {
            tr!("Finished early, after epoch {} of {}", run.rows.len(), run.epochs())
        }
        (Stage::Finished(_), _) => tr!("Finished: {}", words::epochs(run.rows.len())),
        (Stage::Failed { .. }, _) => text!("Ended without a model").to_owned(),
        (_, Some(Pending::Stop)) => text!("Stopping: the model of the best whole epoch is written…").to_owned(),
        (Stage::Reading { total: 0, .. }, _) => text!("Looking for images…").to_owned(),
        (Stage::Reading { done, total }, _) => {
            tr!("Reading images: {} of {}", words::whole(*done), words::whole(*total))
        }
        (Stage::Features { done, total }, _) => {
            tr!("Computing the features of the frozen stages: {} of {}", words::whole(*done), words::whole(*total))
        }
        (Stage::Paused, _) => tr!("Paused in {}", of),
        (_, Some(Pending::Pause)) => tr!("Pausing after this step of {}…", of),
        (Stage::Training, _) if run.is_measuring() => text!("Measuring the model of the best epoch…").to_owned(),
        (Stage::Training, _) if run.is_validating() => tr!("Validating {}…", of),
        (Stage::Training, _) => capital(&of),
    }
}

fn capital(words: &str) -> String {
    words::sentence(words).trim_end_matches('.').to_owned()
}

fn running(ui: &mut Ui, run: &Run, tokens: &Tokens, out: &mut Vec<Command>) {
    let part = match run.stage {
        Stage::Reading { done, total } | Stage::Features { done, total } => done as f32 / total.max(1) as f32,
        _ => run.part(),
    };
    let bar = ProgressBar::new(part).desired_width(ui.available_width()).desired_height(6.0);
    ui.add(bar.fill(tokens.accent).corner_radius(3.0)).accessible_name(text!("Progress of the epoch"));
    let steps = run.step.map(|s| tr!("step {} of {}", words::whole(s.step), words::whole(s.steps)));
    ui.label(theme::caption(steps.unwrap_or_else(|| " ".into()), tokens));
    ui.horizontal(|ui| {
        let stopping = run.pending == Some(Pending::Stop);
        let paused = matches!(run.stage, Stage::Paused) || run.pending == Some(Pending::Pause);
        let begun = !matches!(run.stage, Stage::Reading { .. });
        let pause = Command::Training(TrainingCommand::Pause);
        let button =
            ui.add_enabled(begun && !stopping, egui::Button::new(if paused { text!("Go on") } else { text!("Pause") }));
        if button.on_hover_text(pause.info().hint()).clicked() {
            out.push(pause);
        }
        controls::button(ui, TrainingCommand::Stop, !stopping, out);
    });
    ui.add_space(theme::GRID / 2.0);
    numbers(ui, run, tokens);
}

/// The numbers of now; each has its place from the start.
fn numbers(ui: &mut Ui, run: &Run, tokens: &Tokens) {
    let none = || "–".to_owned();
    let step = run.step;
    let left = run.seconds_left.map_or_else(none, words::duration);
    let best = run.best.and_then(|b| run.rows.iter().find(|r| r.epoch == b));
    let rows = [
        (text!("Time left"), left),
        (text!("Images a second"), step.map_or_else(none, |s| decimal(format!("{:.1}", s.images_per_second)))),
        (text!("Loss of the last step"), step.map_or_else(none, |s| decimal(format!("{:.4}", s.loss)))),
        (text!("Learning rate"), step.map_or_else(none, |s| words::rate(s.learning_rate))),
        (
            text!("Best epoch"),
            best.map_or_else(none, |r| tr!("{}, loss {}", r.epoch, decimal(format!("{:.4}", r.validation_loss)))),
        ),
    ];
    ui.spacing_mut().interact_size.y = 16.0;
    Grid::new("numbers").num_columns(2).min_col_width(132.0).spacing(vec2(8.0, 2.0)).show(ui, |ui| {
        for (title, value) in rows {
            ui.label(theme::caption(title, tokens));
            ui.label(RichText::new(value).color(tokens.text));
            ui.end_row();
        }
    });
}

fn warnings(ui: &mut Ui, run: &Run, tokens: &Tokens) {
    for warning in run.warnings.iter().take(WARNINGS) {
        message(ui, Sign::Caution, &words::sentence(warning), tokens);
    }
    if let Some(more) = run.warnings.len().checked_sub(WARNINGS).filter(|n| *n > 0) {
        ui.collapsing(tr!("{} more", more), |ui| {
            for warning in run.warnings.iter().skip(WARNINGS) {
                message(ui, Sign::Caution, &words::sentence(warning), tokens);
            }
        });
    }
}
