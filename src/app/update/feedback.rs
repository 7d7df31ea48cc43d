//! Carries out what the reader says of findings: answers, marks, a remark. Every change is kept at
//! once.

use std::sync::Arc;

use chrono::Local;

use super::effect::Effect;
use super::feedback_effect::{FeedbackEffect, FeedbackMessage};
use super::notices::notice;
use crate::app::command::FeedbackCommand;
use crate::app::state::feedback::{FeedbackSheet, Marking};
use crate::app::state::impression::ReaderText;
use crate::app::state::measuring::Tool;
use crate::app::state::session::Section;
use crate::app::state::{Level, State};
use crate::feedback::kept::{MarkNote, ModelFeedback};
use crate::feedback::{Call, FindingAnswer, FreeRemark, Opinion};
use crate::limits;
use crate::measurement::identity::ImageIdentity;
use crate::measurement::{Kind, MeasurementId, Words};

pub(super) fn apply(state: &mut State, command: FeedbackCommand) -> Vec<Effect> {
    use FeedbackCommand as F;
    match command {
        F::Agree => return answer_selected(state, Call::Present),
        F::Disagree => return answer_selected(state, Call::Absent),
        F::Unsure => {
            if let Some(finding) = state.selected_finding().filter(|_| !state.result_hidden()) {
                return answer_or_take_back(state, finding, Opinion::Unsure);
            }
        }
        F::Answer(finding, opinion) => return answer(state, finding, opinion),
        F::Mark(finding, reason) => {
            if state.can_answer() {
                state.feedback.marking = Some(Marking { finding, reason });
                state.measuring.shown = true;
                // A region tool that is in hand stays there.
                if !matches!(state.measuring.tool, Tool::Measure(kind) if kind.is_region()) {
                    state.what_if.tool = None;
                    state.measuring.tool = Tool::Measure(Kind::Rectangle);
                    (state.measuring.draft, state.measuring.grab, state.measuring.cursor) = (None, None, None);
                }
            }
        }
        F::StopMarking => stop_marking(state),
        F::Unmark(id) => {
            let marked = |of: &ModelFeedback| of.marks.iter().any(|mark| mark.measurement == id);
            if state.model_feedback().is_some_and(marked) {
                return change(state, |of| of.marks.retain(|mark| mark.measurement != id));
            }
        }
        F::Remark(words) => return remark(state, &words),
    }
    Vec::new()
}

/// The answer of a key to the chosen finding: with the model, or against it. It is taken back by the
/// same key.
fn answer_selected(state: &mut State, with: Call) -> Vec<Effect> {
    // While the result is hidden nobody knows which finding is chosen.
    let Some(finding) = state.selected_finding().filter(|_| !state.result_hidden()) else { return Vec::new() };
    let call = state.said_of(&finding).and_then(|said| said.call).unwrap_or(Call::Present);
    let opinion = if (call == Call::Present) == (with == Call::Present) { Opinion::Present } else { Opinion::Absent };
    answer_or_take_back(state, finding, opinion)
}

fn answer_or_take_back(state: &mut State, finding: String, opinion: Opinion) -> Vec<Effect> {
    let same = state.feedback_on(&finding).is_some_and(|answer| answer.opinion == opinion);
    let mut effects = answer(state, finding, (!same).then_some(opinion));
    // What was said is seen.
    if !state.preferences.is_open(Section::Feedback) {
        effects.extend(super::preferences::change(state, |p| p.toggle(Section::Feedback)));
    }
    effects
}

fn answer(state: &mut State, finding: String, opinion: Option<Opinion>) -> Vec<Effect> {
    let said = state.said_of(&finding);
    let before_result = is_before_result(state);
    let known = state.findings_to_answer().contains(&finding.as_str());
    if !known || state.feedback_on(&finding).map(|answer| answer.opinion) == opinion {
        return Vec::new();
    }
    change(state, |of| {
        of.answers.retain(|answer| answer.finding != finding);
        if let Some(opinion) = opinion {
            of.answers.push(FindingAnswer { finding, opinion, said, at: Local::now(), before_result });
        }
    })
}

/// Whether nothing of the model's result has been on screen for this image.
fn is_before_result(state: &State) -> bool {
    state.result_hidden() && state.image_key().is_some_and(|key| !state.impressions.seen.contains(&key))
}

fn remark(state: &mut State, words: &ReaderText) -> Vec<Effect> {
    let text: String = words.0.chars().take(limits::FEEDBACK_REMARK).collect();
    let before = state.model_feedback().and_then(|of| of.remark.as_ref()).map_or("", |remark| remark.text.0.as_str());
    if text == before {
        return Vec::new();
    }
    let going_on = state.feedback_sheet().is_some_and(|sheet| sheet.writing);
    let before_result = is_before_result(state);
    let write = |of: &mut ModelFeedback| {
        let remark = FreeRemark { text: Words(text.clone()), at: Local::now(), before_result };
        of.remark = (!text.trim().is_empty()).then_some(remark);
    };
    let effects = if going_on { change_without_step(state, write) } else { change(state, write) };
    if let Some(sheet) = sheet_mut(state) {
        sheet.writing = true;
    }
    effects
}

/// A region was drawn: it is a mark, where one was asked for.
pub(super) fn drawn(state: &mut State, id: MeasurementId, kind: Kind) -> Vec<Effect> {
    let Some(Marking { finding, reason }) = state.feedback.marking.clone().filter(|_| kind.is_region()) else {
        return Vec::new();
    };
    let before_result = is_before_result(state);
    stop_marking(state);
    state.measuring.tool = Tool::Window;
    // The region is the step that is taken back; a mark without it is none.
    change_without_step(state, |of| {
        of.marks.push(MarkNote { measurement: id, finding, reason, at: Local::now(), before_result });
    })
}

/// The next region is no mark.
pub(super) fn stop_marking(state: &mut State) {
    state.feedback.marking = None;
}

/// What was said of an image is looked for, once its pixels are hashed.
pub(super) fn look_for(state: &mut State, image: &ImageIdentity) -> Option<Effect> {
    let is_new = state.feedback.asked.insert(image.clone());
    is_new.then(|| Effect::Feedback(FeedbackEffect::Find(image.clone())))
}

/// Takes in what the thread reports.
pub(super) fn on_message(state: &mut State, message: FeedbackMessage) -> Vec<Effect> {
    match message {
        FeedbackMessage::NotKept(reason) => notice(state, Level::Error, reason.capitalized(), None),
        FeedbackMessage::Found { image, result } => {
            let sheet = match result {
                Ok(said) => FeedbackSheet::of(said),
                Err(reason) => {
                    let words = format!(
                        "What was said of the findings of this image before could not be read: {reason}. New answers \
                         are not kept, so that nothing of the file is lost."
                    );
                    notice(state, Level::Error, words, None);
                    FeedbackSheet::unreadable()
                }
            };
            Arc::make_mut(&mut state.feedback.sheets).insert(image, sheet);
        }
    }
    Vec::new()
}

/// Takes a change of what was said of the image on screen back, or makes it again.
pub(super) fn step(state: &mut State, back: bool) -> Vec<Effect> {
    let before = state.feedback_sheet().map_or_else(Vec::new, |sheet| sheet.said.clone());
    if !sheet_mut(state).is_some_and(|sheet| sheet.step(back)) {
        return Vec::new();
    }
    // Of a model of which nothing is said any more that is to be kept, too.
    let sheet = sheet_mut(state).map(|sheet| &mut sheet.said);
    if let Some(said) = sheet {
        for of in before {
            if said.iter().all(|now| now.model.sha256 != of.model.sha256) {
                said.push(ModelFeedback::of(of.model));
            }
        }
    }
    keep(state)
}

fn sheet_mut(state: &mut State) -> Option<&mut FeedbackSheet> {
    let image = state.measurable()?.identity.clone();
    Arc::make_mut(&mut state.feedback.sheets).get_mut(&image)
}

/// Changes what is said of the model on screen, as a step that can be taken back.
fn change(state: &mut State, with: impl FnOnce(&mut ModelFeedback)) -> Vec<Effect> {
    let Some(image) = state.measurable().map(|at| at.identity.clone()).filter(|_| state.can_answer()) else {
        return Vec::new();
    };
    if let Some(sheet) = sheet_mut(state) {
        sheet.remember();
    }
    state.history.answered(image);
    change_without_step(state, with)
}

fn change_without_step(state: &mut State, with: impl FnOnce(&mut ModelFeedback)) -> Vec<Effect> {
    let Some(model) = state.answered_model() else { return Vec::new() };
    let Some(sheet) = sheet_mut(state) else { return Vec::new() };
    let at = sheet.said.iter().position(|of| of.model.sha256 == model.sha256).unwrap_or_else(|| {
        sheet.said.push(ModelFeedback::of(model));
        sheet.said.len() - 1
    });
    with(&mut sheet.said[at]);
    keep(state)
}

fn keep(state: &State) -> Vec<Effect> {
    let (Some(at), Some(sheet)) = (state.measurable(), state.feedback_sheet().filter(|sheet| !sheet.unkept)) else {
        return Vec::new();
    };
    vec![Effect::Feedback(FeedbackEffect::Keep { image: at.identity.clone(), said: sheet.said.clone() })]
}
