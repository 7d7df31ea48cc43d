//! The study that the image belongs to, judged as one: the pooled scores, by which rule, and the
//! image that decides.

use crate::engine::study_result::StudyScore;
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, fitted, paragraph};
use crate::model::conformal::State;
use crate::report::case::CaseReport;
use crate::report::redact;

const ROW: f32 = 11.5;
/// Room for a name.
const NAME: f32 = 132.0;
/// Right ends of score and threshold, and where the words behind them begin.
const SCORE: f32 = 168.0;
const THRESHOLD: f32 = 218.0;
const STATE: f32 = 226.0;
const DECIDES: f32 = 294.0;

/// The block; nothing where nobody asked, or the study has one image only.
pub(super) fn study(case: &CaseReport, width: f32) -> Option<Block> {
    let study = case.study.as_ref()?;
    let result = &study.result;
    let mut block = Block::space(CAPTION.line() + 1.0);
    block.text(SCORE, 0.0, Align::Right, CAPTION, "score");
    if result.scores.iter().any(|score| score.threshold.is_some()) {
        block.text(THRESHOLD, 0.0, Align::Right, CAPTION, "threshold");
    }
    block.text(STATE, 0.0, Align::Left, CAPTION, "state of the study");
    block.text(DECIDES, 0.0, Align::Left, CAPTION, "decided by");
    for score in result.groups_first() {
        block.stack(0.0, &row(case, score, width));
    }
    let mut sentences = vec![format!("{}.", result.pooled_in_words())];
    sentences.extend(result.calibration.iter().chain(&result.no_states).map(|text| redact::clean(case, text)));
    let condition = result.condition.as_ref().filter(|_| result.calibration.is_some());
    sentences.extend(condition.map(|condition| format!("States hold if {condition}.")));
    sentences.extend(study.others_in_words());
    block.stack(1.0, &paragraph(&sentences.join(" "), CAPTION, width));
    Some(block)
}

fn row(case: &CaseReport, score: &StudyScore, width: f32) -> Block {
    let mut row = Block::space(ROW);
    let style = if score.group { BODY.bold() } else { BODY };
    row.text(0.0, 0.0, Align::Left, style, &fitted(&score.label, style, NAME));
    row.text(SCORE, 0.0, Align::Right, style, &format!("{:.2}", score.score));
    if let Some(threshold) = score.threshold {
        row.text(THRESHOLD, 0.0, Align::Right, BODY.ink(Ink::Muted), &format!("{threshold:.2}"));
    }
    let conditional = case.study.as_ref().is_some_and(|study| study.result.condition.is_some());
    let state = match score.state {
        None => "not calibrated".to_owned(),
        Some(state @ (State::Present | State::Absent)) if conditional => format!("{}, if …", state.word()),
        Some(state) => state.word().to_owned(),
    };
    row.text(STATE, 0.0, Align::Left, BODY, &state);
    let members = case.study.as_ref().map_or(&[][..], |study| &study.members);
    if let Some(member) = members.get(score.decisive_image) {
        let place = format!("image {} of {}", score.decisive_image + 1, members.len());
        let name = member.path.file_name().unwrap_or_default().to_string_lossy();
        let words = if case.anonymize { place } else { format!("{place}, {name}") };
        row.text(DECIDES, 0.0, Align::Left, BODY.ink(Ink::Muted), &fitted(&words, BODY, width - DECIDES));
    }
    row
}
