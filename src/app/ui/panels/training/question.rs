//! What is asked before a run is stopped or the window closed over it.

use egui::{Frame, Id, Label, Margin, Modal, RichText, Ui};

use crate::app::command::{Command, TrainingCommand as T};
use crate::app::state::State;
use crate::app::state::training::Question;
use crate::app::ui::theme;
use crate::app::ui::widgets::controls;
use crate::language::text;

const WIDTH: f32 = 420.0;

/// Draws the question over everything else, while there is one.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(question) = state.training.question else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    let begun = state.training.run.as_ref().is_some_and(|r| !r.rows.is_empty());
    let kept = if begun {
        text!(
            "The epoch that is under way is given up; the model of the best whole epoch is written, and the run can be taken \
             up again from there."
        )
    } else {
        text!("No epoch is over yet, so nothing of this run would be kept.")
    };
    let (title, words, answers) = match question {
        Question::Stop => (text!("Stop this run?"), kept, vec![T::ConfirmStop, T::KeepGoing]),
        Question::Quit => (text!("A run is going on. Stop it and quit?"), kept, vec![T::StopAndQuit, T::KeepGoing]),
        Question::Quitting => (
            text!("Stopping…"),
            text!(
                "The window closes when the model is written. The checkpoint of the last whole epoch is safe already."
            ),
            vec![T::QuitAtOnce],
        ),
    };
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
    Modal::new(Id::unique("training question")).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(WIDTH);
        ui.label(theme::heading(title, &tokens));
        ui.add(Label::new(RichText::new(words).color(tokens.text)).wrap());
        ui.add_space(theme::GRID);
        ui.horizontal(|ui| {
            for answer in answers {
                controls::button(ui, Command::Training(answer), true, &mut out);
            }
        });
    });
    out
}
