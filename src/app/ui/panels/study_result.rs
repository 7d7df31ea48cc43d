//! The result of the whole study: the scores of its images pooled, by which rule, and the image that
//! speaks most for each.
//!
//! The numbers are those of `predict --by study`. A click on a row shows the image that decides.

use egui::{
    Align, Align2, Color32, FontId, Label, Layout as Flow, ProgressBar, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2,
};

use super::uncertainty;
use crate::app::command::{Command, FindingsCommand, StudyCommand};
use crate::app::state::State;
use crate::app::state::study_scoring::{StudyProgress, StudyScoring};
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::confidence_bar::probability;
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::text::paragraph;
use crate::engine::study_members::{LeftOut, Member};
use crate::engine::study_result::{StudyResult, StudyScore};
use crate::language::{decimal, said, text, tr, translated};
use crate::model::calibration::percent;
use crate::model::conformal;
use crate::study::unit::Unit;
use crate::wording::study_pool;

/// Height of a row.
const ROW: f32 = 20.0;
/// Room of the score and of the state at the right end.
const STATE: f32 = 72.0;
const SCORE: f32 = 32.0;
/// Height of what stands below the rows: progress, or what they rest on.
const FOOT: f32 = 52.0;
/// Images that take no part and are named in the tooltip.
const NAMED: usize = 12;

/// Draws the section, its rows from the start, so that nothing jumps when the result comes; nothing
/// where the study has one image only.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let (Some(study), Some(model)) = (&state.results.study, state.model_info()) else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    controls::rule(ui, &tokens);
    controls::title(ui, &study.heading(), &tr!("{} images", study.images.len()), &tokens);
    let result = state.study_result();
    let manifest = &model.manifest;
    let groups = manifest.groups.iter().map(|group| (group.name.as_str(), true));
    for (name, group) in groups.chain(manifest.labels.iter().map(|label| (label.name.as_str(), false))) {
        let known = result.as_ref().and_then(|(result, members)| {
            let score = result.scores.iter().find(|score| score.label == name && score.group == group)?;
            Some((result, score, members.get(score.decisive_image)))
        });
        match known {
            Some((result, score, decisive)) => row(ui, state, study, (result, score, decisive), &tokens, &mut out),
            None => name_and_score(ui, Rect::NOTHING, (name, group), "–", "", tokens.muted),
        }
    }
    ui.spacing_mut().item_spacing.y = 2.0;
    let foot = vec2(ui.available_width(), FOOT);
    ui.allocate_ui_with_layout(foot, Flow::top_down(Align::Min), |ui| {
        ui.set_min_size(foot);
        match (&study.progress, result) {
            (StudyProgress::Waiting, _) => {
                ui.label(theme::caption(text!("Not scored yet."), &tokens));
                controls::button(ui, FindingsCommand::ScoreStudy, true, &mut out);
            }
            (StudyProgress::Running { done }, _) => running(ui, *done, study.images.len(), &tokens, &mut out),
            (StudyProgress::Judged(members), result) => {
                match result {
                    Some((result, _)) => grounds(ui, &result, &tokens),
                    None => paragraph(ui, text!("This model scored none of the images."), &tokens),
                }
                let all: usize = members.by_model.iter().map(|(_, images)| images.len()).sum();
                left_out(ui, state, &members.left_out, all - members.scored_by(&model.sha256).len(), &tokens);
            }
        }
    });
    out
}

fn running(ui: &mut Ui, done: usize, of: usize, tokens: &Tokens, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let part = done as f32 / of.max(1) as f32;
        let bar = ProgressBar::new(part).desired_width(64.0).desired_height(6.0).fill(tokens.accent);
        ui.add(bar.corner_radius(3.0)).accessible_name(text!("Progress of the study"));
        ui.label(theme::caption(tr!("{done} of {of} images scored", done, of), tokens));
        controls::button(ui, FindingsCommand::StopStudy, true, out);
    });
}

/// By which rule the images became one score, and what the states rest on, or why there are none:
/// a line each, the whole of it in the tooltips.
fn grounds(ui: &mut Ui, result: &StudyResult, tokens: &Tokens) {
    let mut line = |words: String, whole: &str| {
        let label = Label::new(theme::caption(words, tokens)).truncate().show_tooltip_when_elided(false);
        let response = ui.add(label);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, whole));
        response.on_hover_text(whole);
    };
    let rule = study_pool::rule(result);
    let images = tr!("1 image" | "{n} images" % result.images);
    line(tr!("by the {}", rule), &tr!("{}, pooled by the {}.", images, rule));
    match (&result.calibration, &result.no_states) {
        (Some(ground), _) => {
            line(tr!("states at an error rate of {}", decimal(percent(result.error_rate))), &said(ground));
        }
        (None, Some(reason)) => {
            let reason = said(reason);
            // Why, in the tooltip.
            let what = reason.split_once(": ").map_or(reason.as_str(), |(what, _)| what);
            line(tr!("no states: {}", what), &reason);
        }
        (None, None) => {}
    }
}

/// A state as a reader is told it; `condition` of a model's file stays as it is.
fn state_in_words(result: &StudyResult, score: &StudyScore) -> String {
    use conformal::State::{Absent, Present};
    let rate = decimal(percent(result.error_rate));
    match (score.state, &result.condition, result.unit) {
        (None, _, Unit::Study) => text!("not calibrated for studies").to_owned(),
        (None, _, Unit::Series) => text!("not calibrated for series").to_owned(),
        (Some(state @ (Present | Absent)), Some(condition), _) => {
            tr!(
                "{state} at an error rate of {rate}, if {condition}",
                state = translated(state.word()),
                rate,
                condition = said(condition)
            )
        }
        (Some(state), ..) => tr!("{state} at an error rate of {rate}", state = translated(state.word()), rate),
    }
}

/// A label or a group: its pooled score and its state. A click shows the image that decides.
fn row(
    ui: &mut Ui,
    state: &State,
    study: &StudyScoring,
    (result, score, decisive): (&StudyResult, &StudyScore, Option<&Member>),
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let words = state_in_words(result, score);
    let number = probability(score.score);
    let label = match result.unit {
        Unit::Study => tr!("{}, whole study: {}, {}", score.label, number, words),
        Unit::Series => tr!("{}, whole series: {}, {}", score.label, number, words),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
    if response.hovered() || response.has_focus() {
        ui.painter_at(rect).rect_filled(rect, 4.0, tokens.control);
    }
    let above = score.threshold.is_none_or(|threshold| score.score >= threshold);
    let color = if above { tokens.text } else { tokens.muted };
    let word = score.state.map_or("", |state| translated(state.word()));
    name_and_score(ui, rect, (&score.label, score.group), &number, word, color);
    let entry = decisive.and_then(|member| study.entry(member));
    if response.clicked()
        && let Some(entry) = entry
    {
        out.push(StudyCommand::ShowImage(entry.clone(), 0).into());
    }
    response.on_hover_ui(|ui| {
        ui.label(format!("{}: {}, {words}.", score.label, decimal(format!("{:.3}", score.score))));
        if let Some(threshold) = score.threshold {
            let threshold = decimal(format!("{threshold:.2}"));
            ui.label(theme::caption(
                match result.unit {
                    Unit::Study => tr!("Threshold of studies: {}", threshold),
                    Unit::Series => tr!("Threshold of series: {}", threshold),
                },
                tokens,
            ));
        }
        if let Some(entry) = entry {
            let place = study.images.iter().position(|image| image.path == entry.path).map_or(0, |at| at + 1);
            let of = study.images.len();
            let words = if state.preferences.anonymize {
                tr!("Image {place} of {of} decides. A click shows it.", place, of)
            } else {
                tr!("Image {place} of {of} decides: {name}. A click shows it.", place, of, name = entry.title)
            };
            ui.label(theme::caption(words, tokens));
        }
    });
}

/// A name at the left, a number and a word at the right; into `rect`, or into a row of its own where
/// that is nothing.
fn name_and_score(ui: &mut Ui, rect: Rect, (name, group): (&str, bool), number: &str, word: &str, color: Color32) {
    let rect = if rect == Rect::NOTHING {
        ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover()).0
    } else {
        rect
    };
    let painter = ui.painter_at(rect);
    let font = if group { FontId::new(theme::TEXT, theme::semibold()) } else { FontId::proportional(theme::TEXT) };
    let state = STATE.max(uncertainty::widest(ui, false) + 4.0);
    let room = (rect.width() - state - SCORE - 8.0).max(0.0);
    let (job, _) = lettering::cut_in_the_middle(&painter, name, &font, color, (room, 1));
    let galley = painter.layout_job(job);
    painter.galley(pos2(rect.left() + 2.0, rect.center().y - galley.size().y / 2.0), galley, color);
    let text = FontId::proportional(theme::TEXT);
    let at = pos2(rect.right() - state - 4.0, rect.center().y);
    painter.text(at, Align2::RIGHT_CENTER, number, text, color);
    let caption = FontId::proportional(theme::CAPTION);
    painter.text(pos2(rect.right() - 2.0, rect.center().y), Align2::RIGHT_CENTER, word, caption, color);
}

/// Images that take no part: how many, and in the tooltip which and why.
fn left_out(ui: &mut Ui, state: &State, all: &[LeftOut], by_others: usize, tokens: &Tokens) {
    let some = |n: usize| (n > 0).then_some(n);
    let takes = some(all.len()).map(|n| tr!("1 image takes no part." | "{n} images take no part." % n));
    let others = some(by_others)
        .map(|n| tr!("1 image was scored by another model." | "{n} images were scored by other models." % n));
    let words: Vec<String> = takes.into_iter().chain(others).collect();
    if words.is_empty() {
        return;
    }
    let response = ui.add(Label::new(theme::caption(words.join(" "), tokens)).truncate());
    if all.is_empty() {
        return;
    }
    response.on_hover_ui(|ui| {
        for LeftOut { image, reason } in all.iter().take(NAMED) {
            if state.preferences.anonymize {
                ui.label(said(reason));
            } else {
                ui.label(theme::caption(image, tokens));
                ui.label(said(reason));
            }
        }
        if all.len() > NAMED {
            ui.label(theme::caption(tr!("and {} more", all.len() - NAMED), tokens));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::study_pool::StudyPool;

    #[test]
    fn in_english_rule_and_states_are_those_of_reports() {
        let score = |state| StudyScore {
            label: "A".into(),
            group: false,
            score: 0.4,
            decisive_image: 0,
            threshold: None,
            state,
            verdict: None,
        };
        let states = [None, Some(conformal::State::Present), Some(conformal::State::Undecided)];
        for pool in [StudyPool::Maximum, StudyPool::TopMean(3), StudyPool::NoisyOr] {
            for unit in [Unit::Study, Unit::Series] {
                for condition in [None, Some("the patient is 1–5 years old".to_owned())] {
                    let result = StudyResult {
                        unit,
                        images: 3,
                        pool,
                        pool_is_calibrated: condition.is_none(),
                        scores: Vec::new(),
                        error_rate: 0.025,
                        calibration: None,
                        no_states: None,
                        condition,
                    };
                    assert_eq!(study_pool::rule(&result), result.rule_in_words());
                    for score in states.map(score) {
                        assert_eq!(state_in_words(&result, &score), result.state_in_words(&score));
                    }
                }
            }
        }
    }
}
