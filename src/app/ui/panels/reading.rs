//! The question of a reader study: what is asked, what the arm shows of the model, how sure the
//! reader is, and where.

use egui::{Label, RichText, Slider, Ui};

use crate::app::command::{Command, OverlayCommand, ReadingCommand, ViewCommand};
use crate::app::state::reading::{CurrentReading, ReadingRoom};
use crate::app::state::{Model, State};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::confidence_bar::ConfidenceBar;
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::language::{said, text, tr};
use crate::reader_study::record::Mark;
use crate::reader_study::{MARKS, Shows};

/// Room of the number beside a slider.
const NUMBER: f32 = 64.0;

/// Draws the panel.
pub(in crate::app::ui) fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    let Some(room) = state.reading.as_deref() else { return out };
    let Some(current) = room.current() else { return out };
    let sessions = room.schedule.last().map_or(1, |reading| reading.session + 1);
    controls::title(ui, text!("READER STUDY"), &room.reader, &tokens);
    let (place, of) = current.place;
    let progress = if sessions > 1 {
        tr!("Case {place} of {of}, session {session} of {sessions}", place, of, session = room.session + 1, sessions)
    } else {
        tr!("Case {place} of {of}", place, of)
    };
    paragraph(ui, &progress, &tokens);
    paragraph(ui, &tr!("Arm: {name}", name = current.arm.name), &tokens);
    ui.add_space(theme::GRID);
    ui.add(Label::new(theme::heading(room.plan.question.as_str(), &tokens)).wrap());
    if current.arm.shows != Shows::Nothing {
        controls::rule(ui, &tokens);
        model(ui, state, room, &tokens, &mut out);
    }
    controls::rule(ui, &tokens);
    let open = state.shows_case() && !state.awaits_model() && !room.keeping;
    ui.add_enabled_ui(open, |ui| {
        confidence(ui, room, &current, &tokens, &mut out);
        if room.plan.marks {
            controls::rule(ui, &tokens);
            marks(ui, room, &tokens, &mut out);
        }
    });
    controls::rule(ui, &tokens);
    let said_all = open && room.confidence.is_some();
    controls::button(ui, ReadingCommand::Next(room.read), said_all, &mut out);
    if !said_all && open {
        paragraph(ui, text!("Say how sure you are first."), &tokens);
    }
    if let Some(failure) = &room.failure {
        message(ui, Sign::Caution, &said(failure.as_str()), &tokens);
    }
    controls::rule(ui, &tokens);
    view(ui, &mut out);
    ui.add_space(theme::GRID);
    paragraph(
        ui,
        text!("You may close the window at any time: what was confirmed is kept, and reading goes on with this case."),
        &tokens,
    );
    out
}

/// What the arm shows of the model.
fn model(ui: &mut Ui, state: &State, room: &ReadingRoom, tokens: &Tokens, out: &mut Vec<Command>) {
    controls::title(ui, text!("THE MODEL"), "", tokens);
    if let Model::Failed { reason, .. } = &state.model {
        let words = tr!("The model could not be loaded.\n{reason}", reason = said(reason.as_str()));
        message(ui, Sign::Caution, &words, tokens);
        return;
    }
    if state.awaits_model() || !state.shows_case() {
        paragraph(ui, text!("The model is still computing…"), tokens);
        return;
    }
    let Some(answer) = state.study_answer() else {
        message(ui, Sign::Caution, text!("The model has no answer for this image."), tokens);
        return;
    };
    let finding = room.plan.finding.as_str();
    ui.add(Label::new(RichText::new(finding).color(tokens.text)).wrap());
    let outside = state.outside();
    let bar = ConfidenceBar::new(finding, answer.score as f32, answer.threshold as f32, *tokens);
    ui.add(bar.outside(outside.is_some()));
    if outside.is_some() {
        // The reason may quote a description that tells the truth.
        message(
            ui,
            Sign::Caution,
            text!("The image is outside the population that this model was measured on."),
            tokens,
        );
    }
    if state.arm().is_some_and(|arm| arm.shows == Shows::Map) {
        if let Some(why) = state.unavailable(state.method) {
            message(ui, Sign::Caution, &said(why), tokens);
        }
        controls::tick_box(ui, OverlayCommand::ToggleHeatMap, state.heat_map, tokens, out);
        let mut opacity = (state.overlay().opacity * 100.0).round();
        if percent(ui, text!("Opacity"), &mut opacity) {
            out.push(OverlayCommand::SetOpacity(opacity / 100.0).into());
        }
    }
}

/// How sure the reader is.
fn confidence(ui: &mut Ui, room: &ReadingRoom, current: &CurrentReading<'_>, tokens: &Tokens, out: &mut Vec<Command>) {
    controls::title(ui, text!("YOUR CONFIDENCE"), "", tokens);
    let mut value = room.confidence.unwrap_or(50);
    let name = ReadingCommand::SetConfidence(0).info().label;
    if slider(ui, name, &mut value, room.confidence.is_some()) {
        out.push(ReadingCommand::SetConfidence(value).into());
    }
    ui.add(Label::new(theme::caption(text!("0 surely not, 100 surely"), tokens)).wrap());
    if current.is_continued {
        paragraph(ui, text!("It stands where you left it: change it, or leave it as it is."), tokens);
    }
}

/// Where the reader sees it.
fn marks(ui: &mut Ui, room: &ReadingRoom, tokens: &Tokens, out: &mut Vec<Command>) {
    controls::title(ui, text!("YOUR MARKS"), "", tokens);
    if room.marks.len() < MARKS {
        paragraph(ui, text!("Click on the image where you see it."), tokens);
    }
    for (number, Mark { confidence, .. }) in room.marks.iter().enumerate() {
        ui.horizontal(|ui| {
            let remove = ReadingCommand::RemoveMark(number);
            controls::sign_button(ui, Sign::Cross, remove, true, out);
            ui.label(format!("{}", number + 1));
            let mut value = *confidence;
            let name = tr!("Confidence of mark {}", number + 1);
            if slider(ui, &name, &mut value, true) && value != *confidence {
                out.push(ReadingCommand::RateMark(number, value).into());
            }
        });
    }
}

/// The window, and the way back to how the image opened.
fn view(ui: &mut Ui, out: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        for command in [ViewCommand::AutoWindow, ViewCommand::FileWindow, ViewCommand::Invert, ViewCommand::ResetView] {
            controls::button(ui, command, true, out);
        }
    });
}

/// A slider from 0 to 100, which says a dash until something was said; true where something is.
fn slider(ui: &mut Ui, name: &str, value: &mut u8, is_said: bool) -> bool {
    ui.spacing_mut().slider_width = (ui.available_width() - NUMBER).max(48.0);
    let slider = Slider::new(value, 0..=100);
    let slider = if is_said { slider } else { slider.custom_formatter(|_, _| "–".to_owned()) };
    let response = ui.add(slider).accessible_name(name);
    response.changed() || response.clicked() || response.drag_stopped()
}

fn percent(ui: &mut Ui, name: &str, value: &mut f32) -> bool {
    ui.horizontal(|ui| {
        ui.label(name);
        ui.spacing_mut().slider_width = (ui.available_width() - NUMBER).max(48.0);
        let before = *value;
        let slider = Slider::new(value, 0.0..=100.0).suffix(" %").fixed_decimals(0).step_by(1.0);
        ui.add(slider).accessible_name(name).changed() && *value != before
    })
    .inner
}
