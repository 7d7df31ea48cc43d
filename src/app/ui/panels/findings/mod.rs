//! What the model says of the image, in the order of reading: is this an image for it, what does it
//! see, how certain is it.
//!
//! Rows stand from the start, with empty bars, so that nothing jumps when a result arrives.

mod entropy;
mod scores;

use egui::{Rect, Role, Ui, WidgetInfo, pos2};

use super::{uncertainty, verdict};
use crate::app::command::{Command, FindingsCommand, StudyCommand};
use crate::app::state::session::Section;
use crate::app::state::tour::TourStep;
use crate::app::state::{Model, Phase, ShownImage, State};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::app::ui::widgets::{controls, section};
use crate::app::ui::{lettering, tour};
use crate::engine::ModelInfo;
use crate::language::{said, text, tr};

/// Draws the findings, one below the other.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    let top = ui.cursor().min;
    if !section::heading(ui, state, Section::Findings, &tokens, &mut out, |_, _| {}) {
        return out;
    }
    if let Some(model) = ready(ui, state, &tokens, &mut out) {
        uncertainty::outside(ui, state, &tokens);
        model_in_use(ui, state, model, &tokens);
        verdict::show(ui, state, &tokens, &mut out);
        if state.results.phase != Phase::Refused {
            controls::rule(ui, &tokens);
            ui.scope(|ui| scores::show(ui, state, model, &tokens, &mut out));
            uncertainty::error_rate(ui, state, model, &tokens, &mut out);
            uncertainty::prevalence(ui, state, &tokens, &mut out);
            controls::rule(ui, &tokens);
            entropy::show(ui, state, model, &tokens, &mut out);
        }
        reservations(ui, state, &tokens);
    }
    let part = Rect::from_min_max(top, pos2(ui.max_rect().right(), ui.cursor().top())).intersect(ui.clip_rect());
    tour::mark(ui, state, TourStep::Classes, part);
    out
}

/// The model, once there is one and an image for it; until then the reason why there are no
/// findings.
fn ready<'a>(ui: &mut Ui, state: &'a State, tokens: &Tokens, out: &mut Vec<Command>) -> Option<&'a ModelInfo> {
    match &state.model {
        Model::Loading { name } => {
            message(ui, Sign::Blank, &tr!("The model {} is being loaded…", name), tokens);
            return None;
        }
        Model::Failed { name, reason } => {
            message(ui, Sign::Caution, &tr!("The model {} could not be loaded.", name), tokens);
            paragraph(ui, reason, tokens);
            let retry = if state.automatic {
                Command::Findings(FindingsCommand::PickModel)
            } else {
                Command::Findings(FindingsCommand::SetModel(name.clone()))
            };
            if ui.button(text!("Load again")).on_hover_text(text!("Tries to load the model once more")).clicked() {
                out.push(retry);
            }
            return None;
        }
        Model::Ready(_) | Model::Unfit => {}
    }
    match &state.image {
        ShownImage::Nothing => {
            paragraph(ui, text!("Findings appear here once an image is open."), tokens);
            None
        }
        // Why stands where the image would.
        ShownImage::Failed { .. } => {
            message(ui, Sign::Caution, text!("The image could not be shown."), tokens);
            controls::button(ui, StudyCommand::Reload, true, out);
            None
        }
        ShownImage::Loading(..) | ShownImage::Ready(_) if state.stack.cine.is_playing() => {
            paragraph(ui, text!("Images are not analysed while the stack plays."), tokens);
            None
        }
        ShownImage::Loading(..) | ShownImage::Ready(_) if matches!(state.model, Model::Unfit) => {
            unfit(ui, state, tokens, out);
            None
        }
        ShownImage::Loading(..) | ShownImage::Ready(_) => state.model_info(),
    }
}

/// No model fits: why, and the way past it.
fn unfit(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let Some(choice) = state.choice.as_ref().filter(|_| state.results.phase == Phase::Unfit) else {
        paragraph(ui, text!("The model that fits the image is being chosen."), tokens);
        return;
    };
    // What is not all there: what the gates make of it says nothing of the image.
    if let Some(Err(reason)) = state.frame().map(|frame| frame.scorable()) {
        message(ui, Sign::Caution, &said(&reason.to_string()), tokens);
        paragraph(ui, text!("No model fits what is there, so there are no findings."), tokens);
        return;
    }
    message(ui, Sign::Caution, text!("No model fits this image, so there are no findings."), tokens);
    if choice.opinions.is_empty() {
        paragraph(ui, &said(&choice.because), tokens);
    }
    for opinion in &choice.opinions {
        paragraph(ui, &format!("{}: {}", opinion.model, said(&opinion.reason)), tokens);
    }
    verdict::inverting(ui, state, tokens, out);
    if let Some(nearest) = choice.offered() {
        ui.add_space(theme::GRID / 2.0);
        let command = Command::Findings(FindingsCommand::SetModel(nearest.to_owned()));
        let words = tr!("Choose {} by hand", nearest);
        if ui.button(words).on_hover_text(command.info().tooltip).clicked() {
            out.push(command);
        }
    }
}

/// The model in use and the short reason; the whole sentence in the tooltip and for screen readers.
fn model_in_use(ui: &mut Ui, state: &State, model: &ModelInfo, tokens: &Tokens) {
    let name = &model.manifest.name;
    let (words, sentence) = match &state.choice {
        Some(choice) => (format!("{name} · {}", said(&choice.grounds)), said(&choice.because)),
        None => (
            format!("{name} · {}", text!("being chosen")),
            text!("The model that fits the image is being chosen").to_owned(),
        ),
    };
    let room = ui.available_width();
    let font = egui::FontId::proportional(theme::CAPTION);
    let words = lettering::cut_text(ui.painter(), &words, &font, room);
    let response = ui.label(theme::caption(words, tokens));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, sentence.as_str()));
    response.on_hover_text(sentence);
}

/// Warnings of the image and of the analysis; those of the gate stand above.
fn reservations(ui: &mut Ui, state: &State, tokens: &Tokens) {
    let frame = state.frame().map_or(&[][..], |frame| &frame.warnings);
    let gate = state.results.gate.as_ref().map_or(&[][..], |gate| &gate.warnings);
    let mut first = true;
    let verdict = state.results.gate.as_ref().map(|gate| gate.reason.as_str());
    for warning in frame.iter().chain(&state.results.warnings).filter(|warning| !gate.contains(warning)) {
        // Stands above already, as verdict or first of all.
        if [state.outside(), verdict].contains(&Some(warning.as_str())) {
            continue;
        }
        if std::mem::take(&mut first) {
            controls::rule(ui, tokens);
        }
        message(ui, Sign::Caution, &said(warning), tokens);
    }
}
