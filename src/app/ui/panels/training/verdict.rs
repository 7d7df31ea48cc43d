//! What is known of a finished run beyond its training: the pipeline that measures it, how far it is,
//! and the page that it leaves.

use egui::Ui;

use super::words;
use crate::app::command::{Command, FileCommand, TrainingCommand};
use crate::app::state::training::run::Run;
use crate::app::state::training::verdict::Verdict;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::language::{text, tr};
use crate::pipeline::step::Step;

/// The button, or what came of it.
pub(super) fn show(ui: &mut Ui, run: &Run, tokens: &Tokens, out: &mut Vec<Command>) {
    match &run.verdict {
        None => {
            controls::button(ui, TrainingCommand::Judge, true, out);
        }
        Some(Verdict::Going { step, done, total }) => {
            let step = words(*step);
            let words = if *total > 0 { tr!("{step}: {done} of {total}", step, done, total) } else { step.to_owned() };
            paragraph(ui, &words, tokens);
        }
        Some(Verdict::Done { page, sentences }) => {
            for sentence in sentences {
                paragraph(ui, sentence, tokens);
            }
            let open = Command::File(FileCommand::OpenExternally(page.clone()));
            let button = ui.button(text!("Open the page")).on_hover_text(page.display().to_string());
            if button.clicked() {
                out.push(open);
            }
        }
        Some(Verdict::Failed(reason)) => {
            message(ui, Sign::Caution, &words::sentence(reason.as_str()), tokens);
            controls::button(ui, TrainingCommand::Judge, true, out);
        }
    }
}

fn words(step: Step) -> &'static str {
    match step {
        Step::Check => text!("Checking the data"),
        Step::Train => text!("Reading the run"),
        Step::Score => text!("Scoring the test part"),
        Step::Calibration => text!("Measuring the calibration"),
        Step::Localization => text!("Measuring maps against marks"),
        Step::Anatomy => text!("Measuring where the evidence lies"),
        Step::Explanations => text!("Ranking methods of explanation"),
    }
}
