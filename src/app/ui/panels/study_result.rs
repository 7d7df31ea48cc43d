//! The result of the whole study: the scores of its images pooled, by which rule, and the image that
//! speaks most for each.
//!
//! The numbers are those of `predict --by study`. A click on a row shows the image that decides.

use egui::{Align2, FontId, Label, ProgressBar, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::app::command::{Command, FindingsCommand, StudyCommand};
use crate::app::state::State;
use crate::app::state::study_scoring::{StudyProgress, StudyScoring};
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::text::paragraph;
use crate::engine::study_members::{LeftOut, Member};
use crate::engine::study_result::{StudyResult, StudyScore};

/// Height of a row.
const ROW: f32 = 20.0;
/// Room of the score and of the state at the right end.
const STATE: f32 = 72.0;
const SCORE: f32 = 32.0;
/// Images that take no part and are named in the tooltip.
const NAMED: usize = 12;

/// Draws the section; nothing where the study has one image only.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(study) = &state.results.study else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    controls::rule(ui, &tokens);
    let images = study.images.len();
    controls::title(ui, study.heading(), &format!("{images} images"), &tokens);
    match &study.progress {
        StudyProgress::Waiting => {
            paragraph(ui, &format!("The {images} images are not scored yet."), &tokens);
            controls::button(ui, FindingsCommand::ScoreStudy, true, &mut out);
        }
        StudyProgress::Running { done } => {
            ui.horizontal(|ui| {
                let part = *done as f32 / images.max(1) as f32;
                let bar = ProgressBar::new(part).desired_width(64.0).desired_height(6.0).fill(tokens.accent);
                ui.add(bar.corner_radius(3.0)).accessible_name("Progress of the study");
                ui.label(theme::caption(format!("{done} of {images} images scored"), &tokens));
                controls::button(ui, FindingsCommand::StopStudy, true, &mut out);
            });
        }
        StudyProgress::Judged(members) => {
            match state.study_result() {
                Some((result, scored)) => judged(ui, state, study, &result, scored, &tokens, &mut out),
                None => paragraph(ui, "This model scored none of the images.", &tokens),
            }
            let by_others: usize = members.by_model.iter().map(|(_, all)| all.len()).sum();
            let by_this = state.model_info().map_or(0, |model| members.scored_by(&model.sha256).len());
            left_out(ui, state, &members.left_out, by_others - by_this, &tokens);
        }
    }
    out
}

fn judged(
    ui: &mut Ui,
    state: &State,
    study: &StudyScoring,
    result: &StudyResult,
    scored: &[Member],
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    for score in result.groups_first() {
        row(ui, state, study, result, score, scored, tokens, out);
    }
    let mut sentence = result.pooled_in_words();
    sentence.push('.');
    ui.add(Label::new(theme::caption(sentence, tokens)).wrap());
    for sentence in result.calibration.iter().chain(&result.no_states) {
        ui.add(Label::new(theme::caption(sentence, tokens)).wrap());
    }
}

/// A label or a group: its pooled score and its state.
#[expect(clippy::too_many_arguments, reason = "all of them are of one result")]
fn row(
    ui: &mut Ui,
    state: &State,
    study: &StudyScoring,
    result: &StudyResult,
    score: &StudyScore,
    scored: &[Member],
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let words = result.state_in_words(score);
    let label = format!("{}, whole {}: {:.2}, {words}", score.label, result.unit.name(), score.score);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
    let painter = ui.painter_at(rect);
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, tokens.control);
    }
    let above = score.threshold.is_none_or(|threshold| score.score >= threshold);
    let color = if above { tokens.text } else { tokens.muted };
    let font =
        if score.group { FontId::new(theme::TEXT, theme::semibold()) } else { FontId::proportional(theme::TEXT) };
    let mut job = lettering::line(&score.label, font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width((rect.width() - STATE - SCORE - 8.0).max(0.0));
    let galley = painter.layout_job(job);
    painter.galley(pos2(rect.left() + 2.0, rect.center().y - galley.size().y / 2.0), galley, color);
    let number = pos2(rect.right() - STATE - 4.0, rect.center().y);
    let font = FontId::proportional(theme::TEXT);
    painter.text(number, Align2::RIGHT_CENTER, format!("{:.2}", score.score), font, color);
    let word = score.state.map_or("–", crate::model::conformal::State::word);
    let font = FontId::proportional(theme::CAPTION);
    painter.text(pos2(rect.right() - 2.0, rect.center().y), Align2::RIGHT_CENTER, word, font, tokens.muted);
    let decisive = scored.get(score.decisive_image);
    let entry = decisive.and_then(|member| study.entry(member));
    if response.clicked()
        && let Some(entry) = entry
    {
        out.push(StudyCommand::ShowImage(entry.clone(), 0).into());
    }
    response.on_hover_ui(|ui| {
        ui.label(format!("{}: {:.3}, {words}.", score.label, score.score));
        if let Some(threshold) = score.threshold {
            ui.label(theme::caption(format!("Threshold of {}: {threshold:.2}", result.unit.several()), tokens));
        }
        if let Some(entry) = entry {
            let place = study.images.iter().position(|image| image.path == entry.path).map_or(0, |at| at + 1);
            let name = if state.preferences.anonymize { String::new() } else { format!(": {}", entry.title) };
            let words = format!("Image {place} of {} decides{name}. A click shows it.", study.images.len());
            ui.label(theme::caption(words, tokens));
        }
    });
}

/// Images that take no part: how many, and in the tooltip which and why.
fn left_out(ui: &mut Ui, state: &State, all: &[LeftOut], by_others: usize, tokens: &Tokens) {
    let counted = |n: usize, one: &str, several: &str| match n {
        0 => None,
        1 => Some(format!("1 image {one}.")),
        n => Some(format!("{n} images {several}.")),
    };
    let takes = counted(all.len(), "takes no part", "take no part");
    let others = counted(by_others, "was scored by another model", "were scored by other models");
    let words: Vec<String> = takes.into_iter().chain(others).collect();
    if words.is_empty() {
        return;
    }
    let response = ui.add(Label::new(theme::caption(words.join(" "), tokens)).wrap());
    if all.is_empty() {
        return;
    }
    response.on_hover_ui(|ui| {
        for LeftOut { image, reason } in all.iter().take(NAMED) {
            if state.preferences.anonymize {
                ui.label(reason);
            } else {
                ui.label(theme::caption(image, tokens));
                ui.label(reason);
            }
        }
        if all.len() > NAMED {
            ui.label(theme::caption(format!("and {} more", all.len() - NAMED), tokens));
        }
    });
}
