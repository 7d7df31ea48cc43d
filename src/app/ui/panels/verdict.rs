//! The input gate's verdict, which stands before every score.

use egui::{Ui, vec2};

use crate::app::command::{Command, FindingsCommand, ViewCommand};
use crate::app::state::{Phase, State};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::language::{decimal, said, text, tr};

/// Draws the verdict; where the gate refused, the reason and the way past it.
pub(super) fn show(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    // Room for two lines from the start, so that nothing below moves when the verdict arrives.
    let height = 36.0;
    ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
        ui.set_min_height(height);
        let Some(verdict) = &state.results.gate else {
            let words = match state.results.phase {
                Phase::Waiting | Phase::Running => text!("Checking whether this is an image for the model…"),
                Phase::Cancelled => text!("Cancelled before the image was checked."),
                Phase::Finished => text!("This model has no input gate: nothing checked whether the image suits it."),
                _ => text!("The image has not been checked yet."),
            };
            paragraph(ui, words, tokens);
            return;
        };
        let sign = if verdict.accepted { Sign::Tick } else { Sign::Caution };
        let line = message(ui, sign, &said(&verdict.reason), tokens);
        // Of an image that no gate's network has looked at there are no numbers.
        if let Some(score) = verdict.number() {
            line.on_hover_text(tr!(
                "Gate score {}; images are let through from {}",
                decimal(format!("{score:.2}")),
                decimal(format!("{:.2}", verdict.threshold))
            ));
        }
        if !verdict.accepted {
            refused(ui, state, tokens, out);
        }
        for warning in &verdict.warnings {
            message(ui, Sign::Caution, &said(warning), tokens);
        }
    });
}

/// Where the gate says that the greys are the wrong way round: the way to see them the right way. The
/// model goes by the file, whatever is shown.
pub(super) fn inverting(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    if !state.offers_inverting() {
        return;
    }
    ui.add_space(theme::GRID / 2.0);
    controls::button(ui, ViewCommand::Invert, true, out);
    paragraph(ui, text!("Inverting changes what you see; the model goes by the polarity of the file."), tokens);
}

fn refused(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    ui.add_space(theme::GRID / 2.0);
    if state.results.phase == Phase::Refused {
        paragraph(ui, text!("No scores are shown: on such an image they would mean nothing."), tokens);
        ui.add_space(theme::GRID / 2.0);
        controls::button(ui, FindingsCommand::ShowAnyway, true, out);
        inverting(ui, state, tokens, out);
    } else if state.options.force || !state.results.labels.is_empty() {
        message(ui, Sign::Caution, text!("Shown although the gate refused: do not rely on these scores."), tokens);
    }
}
