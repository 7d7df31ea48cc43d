//! The end of a run: metrics with their intervals and the way to the model, or why there is none
//! and what is kept.

use egui::{Grid, Label, RichText, Ui, vec2};

use super::{verdict, words};
use crate::app::command::{Command, FileCommand, TrainingCommand};
use crate::app::state::training::run::Run;
use crate::app::ui::theme;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::language::{said, text, tr};
use crate::training::run::trainer::Outcome;
use crate::wording::metric;

/// The model stands.
pub(super) fn finished(ui: &mut Ui, run: &Run, outcome: &Outcome, tokens: &Tokens, out: &mut Vec<Command>) {
    let words = tr!("The model has the weights of epoch {}.", outcome.extent.epoch);
    message(ui, Sign::Tick, &words, tokens);
    if outcome.stopped {
        paragraph(ui, text!("The run can be taken up again: set it up again and go on from the checkpoint."), tokens);
    }
    if outcome.stopped_early {
        let patience = run.plan.config.optimization.patience;
        let epochs = words::epochs(patience);
        paragraph(ui, &tr!("No better epoch came for {}, so it ended early.", epochs), tokens);
    }
    ui.add_space(theme::GRID / 2.0);
    ui.horizontal_wrapped(|ui| {
        controls::button(ui, TrainingCommand::OpenModel, true, out);
        folder(ui, text!("Show the folder"), run, out);
        controls::button(ui, TrainingCommand::Again, true, out);
        controls::button(ui, TrainingCommand::Discard, true, out);
    });
    if !outcome.stopped {
        verdict::show(ui, run, tokens, out);
    }
    ui.add_space(theme::GRID / 2.0);
    controls::title(ui, text!("VALIDATION, 95 % INTERVALS"), "", tokens);
    ui.spacing_mut().interact_size.y = 16.0;
    Grid::new("outcome").num_columns(2).min_col_width(120.0).spacing(vec2(8.0, 2.0)).show(ui, |ui| {
        let mut row = |title: &str, [value, low, high]: [f64; 3]| {
            controls::elided(ui, theme::caption(title, tokens));
            ui.label(RichText::new(words::interval(value, low, high)).color(tokens.text));
            ui.end_row();
        };
        for o in &outcome.overall {
            let name = if o.name == "accuracy" { text!("Accuracy") } else { text!("Mean AUROC") };
            row(name, [o.value, o.low, o.high]);
        }
        for m in &outcome.manifest.metrics {
            row(&format!("{} {}", spoken(&metric::title(m)), m.target), [m.value, m.low, m.high].map(f64::from));
        }
    });
    if let Some(m) = outcome.manifest.metrics.first() {
        let words =
            tr!("On {}. The best epoch was chosen on the same images: expect a little less elsewhere.", said(&m.on));
        ui.add(Label::new(theme::caption(words, tokens)).wrap());
    }
}

/// With a capital letter, at the head of a row.
fn spoken(metric: &str) -> String {
    words::sentence(metric).trim_end_matches('.').to_owned()
}

/// There is no model.
pub(super) fn failed(
    ui: &mut Ui,
    run: &Run,
    reason: &str,
    kept: Option<usize>,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    message(ui, Sign::Caution, &words::sentence(reason), tokens);
    let words = match kept {
        Some(epoch) => tr!("The checkpoint after epoch {} is kept: the run can go on from it.", epoch),
        None => text!("No epoch was finished, so nothing is kept.").to_owned(),
    };
    paragraph(ui, &words, tokens);
    ui.horizontal_wrapped(|ui| {
        controls::button(ui, TrainingCommand::Again, true, out);
        if kept.is_some() {
            folder(ui, text!("Show the folder"), run, out);
        }
        controls::button(ui, TrainingCommand::Discard, true, out);
    });
}

fn folder(ui: &mut Ui, words: &str, run: &Run, out: &mut Vec<Command>) {
    let open = Command::File(FileCommand::OpenExternally(run.plan.out.clone()));
    if ui.button(words).on_hover_text(run.plan.out.display().to_string()).clicked() {
        out.push(open);
    }
}
