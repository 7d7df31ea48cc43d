//! The run in the status bar: how far it is, and the way back to it.

use egui::{Button, Ui};

use super::{progress, words};
use crate::app::command::{Command, TrainingCommand};
use crate::app::state::State;
use crate::app::state::training::Page;
use crate::app::state::training::run::{Pending, Run, Stage};
use crate::app::ui::theme::{self, Tokens};
use crate::language::{text, tr};

/// A button with the words of [`line()`], while a run goes on.
pub fn show(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let Some(run) = state.training.run.as_ref().filter(|r| !r.is_over()) else { return };
    let command = Command::Training(TrainingCommand::Show(Page::Run));
    let hint = format!("{}: {}", run.plan.config.name, progress::stage(run));
    let button = Button::new(theme::caption(line(run), tokens).color(tokens.accent)).frame_when_inactive(false);
    if ui.add(button).on_hover_text(hint).clicked() {
        out.push(command);
    }
}

/// `training: epoch 3 of 10, 12 min left`.
pub fn line(run: &Run) -> String {
    let of = tr!("epoch {} of {}", run.epoch(), run.epochs());
    match (&run.stage, run.pending) {
        (_, Some(Pending::Stop)) => text!("training: stopping").to_owned(),
        (Stage::Reading { .. }, _) => text!("training: reading images").to_owned(),
        (Stage::Features { .. }, _) => text!("training: computing features").to_owned(),
        (Stage::Paused, _) => tr!("training: paused in {}", of),
        _ => match run.seconds_left {
            Some(left) => tr!("training: {}, {} left", of, words::duration(left)),
            None => tr!("training: {}", of),
        },
    }
}
