//! What the reader says of the model's findings: a row of choices a finding, marks, a remark.
//!
//! Where the model calls a finding the reader agrees or disagrees; where it calls nothing, or nothing
//! of it is in sight yet, the reader says present or absent. While the result is hidden even the names
//! of the findings are, until the reader opens the section for it.

use egui::{Align, Button, Label, Layout, Response, TextEdit, Ui, vec2};

use crate::app::command::{Command, FeedbackCommand, MeasureCommand};
use crate::app::state::State;
use crate::app::state::impression::ReaderText;
use crate::app::state::session::Section;
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::app::ui::widgets::{controls, section};
use crate::feedback::{Call, Mark, MarkReason, Opinion};
use crate::language::{self, decimal, text, tr};
use crate::limits;

/// Side of a choice.
const CHOICE: f32 = 24.0;
/// Height of a row.
const ROW: f32 = 24.0;

/// One choice of a row.
struct Choice {
    opinion: Opinion,
    sign: Option<Sign>,
    /// Where there is no sign.
    letter: &'static str,
    label: &'static str,
    tooltip: &'static str,
}

/// Draws the section; nothing before the answers of the image were looked for, or without a model.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    if !state.can_answer() {
        return out;
    }
    let tokens = theme::tokens(state.preferences.theme);
    let findings = state.findings_to_answer();
    let answered = findings.iter().filter(|finding| state.feedback_on(finding).is_some()).count();
    controls::rule(ui, &tokens);
    let section = if state.result_hidden() { Section::EarlyFeedback } else { Section::Feedback };
    let open = section::heading(ui, state, section, &tokens, &mut out, |ui, _| {
        let words = tr!("{} of {} answered", answered, findings.len());
        ui.add(Label::new(theme::caption(words, &tokens)).truncate());
    });
    if !open {
        return out;
    }
    if state.feedback_sheet().is_some_and(|sheet| sheet.unkept) {
        message(ui, Sign::Caution, text!("Not kept: the file of this image could not be read."), &tokens);
    }
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for finding in &findings {
            row(ui, state, finding, &tokens, &mut out);
        }
    });
    marks(ui, state, &findings, &tokens, &mut out);
    remark(ui, state, &tokens, &mut out);
    out
}

/// The choices of a finding: with and against what the model calls, or present and absent.
fn choices(call: Option<Call>) -> [Choice; 3] {
    let unsure = Choice {
        opinion: Opinion::Unsure,
        sign: None,
        letter: "?",
        label: text!("Unsure"),
        tooltip: text!("You looked at the finding and are not sure"),
    };
    let Some(call) = call else {
        return [
            Choice {
                opinion: Opinion::Present,
                sign: None,
                letter: "+",
                label: text!("Present"),
                tooltip: text!("You hold the finding to be present"),
            },
            Choice {
                opinion: Opinion::Absent,
                sign: None,
                letter: "−",
                label: text!("Absent"),
                tooltip: text!("You hold the finding to be absent"),
            },
            unsure,
        ];
    };
    let (with, against) = match call {
        Call::Present => (Opinion::Present, Opinion::Absent),
        Call::Absent => (Opinion::Absent, Opinion::Present),
    };
    let agree = match call {
        Call::Present => text!("You agree: the finding is present"),
        Call::Absent => text!("You agree: the finding is absent"),
    };
    let disagree = match call {
        Call::Present => text!("You disagree: the finding is absent"),
        Call::Absent => text!("You disagree: the finding is present"),
    };
    [
        Choice { opinion: with, sign: Some(Sign::Tick), letter: "", label: text!("Agree"), tooltip: agree },
        Choice { opinion: against, sign: Some(Sign::Cross), letter: "", label: text!("Disagree"), tooltip: disagree },
        unsure,
    ]
}

/// Name and choices of a finding.
fn row(ui: &mut Ui, state: &State, finding: &str, tokens: &Tokens, out: &mut Vec<Command>) {
    let said = state.said_of(finding);
    let answer = state.feedback_on(finding);
    let chosen = !state.result_hidden() && state.selected_finding().as_deref() == Some(finding);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), ROW), Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        // Room for the scroll bar, which lies over what is under it.
        ui.add_space(theme::GRID / 2.0);
        for choice in choices(said.and_then(|said| said.call)).into_iter().rev() {
            let on = answer.is_some_and(|answer| answer.opinion == choice.opinion);
            if choice_button(ui, &choice, finding, on).clicked() {
                let opinion = (!on).then_some(choice.opinion);
                out.push(FeedbackCommand::Answer(finding.to_owned(), opinion).into());
            }
        }
        ui.add_space(theme::GRID / 2.0);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let font = egui::FontId::proportional(theme::TEXT);
            let words = lettering::cut_text(ui.painter(), finding, &font, ui.available_width() - 4.0);
            let words = egui::RichText::new(words).color(if chosen { tokens.text } else { tokens.muted });
            let response = ui.add(Label::new(words).truncate());
            response.on_hover_text(hint(state, finding));
        });
    });
}

fn choice_button(ui: &mut Ui, choice: &Choice, finding: &str, on: bool) -> Response {
    let button = match choice.sign {
        Some(sign) => Button::selectable(on, sign.atom(None)),
        None => Button::selectable(on, choice.letter),
    };
    let button = button.frame_when_inactive(true).min_size(vec2(CHOICE, CHOICE - 2.0));
    let response = ui.add(button).accessible_name(format!("{finding}: {}", choice.label));
    let again = if on { text!("Once more takes the answer back.") } else { "" };
    response.on_hover_text(format!("{finding}\n{}\n{again}", choice.tooltip).trim_end().to_owned())
}

/// What the model says of a finding, and what the reader said and when.
fn hint(state: &State, finding: &str) -> String {
    let mut lines = vec![finding.to_owned()];
    if let Some(said) = state.said_of(finding) {
        let [probability, threshold] = [said.probability, said.threshold].map(|share| decimal(format!("{share:.2}")));
        lines.push(match said.call {
            Some(Call::Present) => tr!("The model: present ({}, threshold {})", probability, threshold),
            Some(Call::Absent) => tr!("The model: absent ({}, threshold {})", probability, threshold),
            None => tr!("The model calls nothing here ({}, threshold {})", probability, threshold),
        });
    }
    lines.push(match state.feedback_on(finding) {
        None => text!("You have not answered it.").to_owned(),
        Some(answer) => {
            let (day, time) = (answer.at.date_naive(), answer.at.format("%H:%M"));
            let when = format!("{} {time}", language::date(day));
            let opinion = match answer.opinion {
                Opinion::Present => text!("present"),
                Opinion::Absent => text!("absent"),
                Opinion::Unsure => text!("unsure"),
            };
            if answer.before_result {
                tr!("You: {}, before the model's result was shown, {}", opinion, when)
            } else {
                tr!("You: {}, {}", opinion, when)
            }
        }
    });
    lines.join("\n")
}

/// The regions that are marks, and the way to draw one for the chosen finding.
fn marks(ui: &mut Ui, state: &State, findings: &[&str], tokens: &Tokens, out: &mut Vec<Command>) {
    for (number, mark) in state.marks().iter().enumerate() {
        mark_row(ui, state, number + 1, mark, out);
    }
    if let Some(marking) = &state.feedback.marking {
        paragraph(ui, &tr!("Draw where it lies: {}", marking.finding), tokens);
        controls::button(ui, FeedbackCommand::StopMarking, true, out);
        return;
    }
    // While the result is hidden nothing tells which finding is chosen, and none is.
    if state.result_hidden() {
        paragraph(ui, text!("Draw where it lies:"), tokens);
        ui.horizontal_wrapped(|ui| {
            for finding in findings {
                let command = Command::from(FeedbackCommand::Mark((*finding).to_owned(), MarkReason::Missed));
                let hint = text!("Draw where this finding lies");
                let button = Button::new(*finding).truncate();
                if ui.add(button).accessible_name(tr!("Draw {}", finding)).on_hover_text(hint).clicked() {
                    out.push(command);
                }
            }
        });
        return;
    }
    let Some(finding) = state.selected_finding() else { return };
    controls::elided(ui, theme::caption(tr!("Draw where it lies: {}", finding), tokens));
    ui.horizontal_wrapped(|ui| {
        for reason in [MarkReason::Missed, MarkReason::Misplaced] {
            controls::button(ui, FeedbackCommand::Mark(finding.clone(), reason), true, out);
        }
    });
}

/// A mark: a click selects its region.
fn mark_row(ui: &mut Ui, state: &State, number: usize, mark: &Mark, out: &mut Vec<Command>) {
    let chosen = state.measuring.selected == Some(mark.measurement);
    let words = match mark.reason {
        MarkReason::Missed => tr!("{}, missed", mark.finding),
        MarkReason::Misplaced => tr!("{}, misplaced", mark.finding),
    };
    ui.allocate_ui_with_layout(vec2(ui.available_width(), 22.0), Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(theme::GRID / 2.0);
        let mut gone = Vec::new();
        let cross = controls::sign_button(ui, Sign::Cross, FeedbackCommand::Unmark(mark.measurement), true, &mut gone);
        cross.accessible_name(tr!("No mark any more: {}", number));
        out.append(&mut gone);
        let font = egui::FontId::proportional(theme::TEXT);
        let cut = lettering::cut_text(ui.painter(), &words, &font, ui.available_width() - 2.0 * theme::GRID);
        let button = Button::selectable(chosen, cut).truncate().min_size(vec2(ui.available_width(), 22.0));
        let response = ui.add(button).accessible_name(tr!("Mark {number}: {words}", number, words));
        if response.on_hover_text(&words).clicked() {
            out.push(MeasureCommand::Select((!chosen).then_some(mark.measurement)).into());
        }
    });
}

/// The field of the remark.
fn remark(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let before = state.model_feedback().and_then(|of| of.remark.as_ref()).map_or("", |remark| remark.text.0.as_str());
    // Words of the reader may name somebody.
    if state.preferences.anonymize {
        if !before.is_empty() {
            paragraph(ui, text!("There is a remark; it is not shown while names are left out."), tokens);
        }
        return;
    }
    let image = state.current().map(|(entry, index)| (entry.key(), index));
    let mut words = before.to_owned();
    let field = TextEdit::multiline(&mut words)
        .id_salt(("remark to the findings", &image))
        .hint_text(text!("Remark"))
        .desired_rows(1)
        .desired_width(f32::INFINITY)
        .char_limit(limits::FEEDBACK_REMARK);
    ui.add(field).accessible_name(text!("Remark to the findings"));
    if words != before {
        out.push(FeedbackCommand::Remark(ReaderText(words)).into());
    }
}
