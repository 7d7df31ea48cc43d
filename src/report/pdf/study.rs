//! The study that the image belongs to, judged as one: the pooled scores, by which rule, and the
//! image that decides.

use crate::engine::study_result::StudyScore;
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, fitted, paragraph};
use crate::language::{digits, said, text, tr, translated};
use crate::model::conformal::State;
use crate::report::case::CaseReport;
use crate::report::redact;
use crate::wording::study_pool;

const ROW: f32 = 11.5;
/// Room for a name.
const NAME: f32 = 132.0;
/// Right ends of score and threshold, and where the words behind them begin.
const SCORE: f32 = 168.0;
const THRESHOLD: f32 = 218.0;
const STATE: f32 = 226.0;
/// Least room for a state.
const STATES: f32 = 68.0;

/// The block; nothing where nobody asked, or the study has one image only.
pub(super) fn study(case: &CaseReport, width: f32) -> Option<Block> {
    let study = case.study.as_ref()?;
    let result = &study.result;
    let mut block = Block::space(CAPTION.line() + 1.0);
    block.text(SCORE, 0.0, Align::Right, CAPTION, text!("score"));
    if result.scores.iter().any(|score| score.threshold.is_some()) {
        block.text(THRESHOLD, 0.0, Align::Right, CAPTION, text!("threshold"));
    }
    block.text(STATE, 0.0, Align::Left, CAPTION, text!("state of the study"));
    let states = result.groups_first().map(|score| BODY.width(&state(case, score)) + 6.0);
    let decides = STATE + states.fold(STATES, f32::max);
    block.text(decides, 0.0, Align::Left, CAPTION, text!("decided by"));
    for score in result.groups_first() {
        block.stack(0.0, &row(case, score, decides, width));
    }
    let images = tr!("1 image" | "{n} images" % result.images);
    let mut sentences = vec![tr!("{}, pooled by the {}.", images, study_pool::rule(result))];
    sentences.extend(result.calibration.iter().chain(&result.no_states).map(|text| said(&redact::clean(case, text))));
    let condition = result.condition.as_ref().filter(|_| result.calibration.is_some());
    sentences.extend(condition.map(|condition| tr!("States hold if {condition}.", condition = said(condition))));
    sentences.extend(study.others_in_words());
    block.stack(1.0, &paragraph(&sentences.join(" "), CAPTION, width));
    Some(block)
}

/// The state of a label or a group of the study, in a word or two.
fn state(case: &CaseReport, score: &StudyScore) -> String {
    let conditional = case.study.as_ref().is_some_and(|study| study.result.condition.is_some());
    match score.state {
        None => text!("not calibrated").to_owned(),
        Some(state @ (State::Present | State::Absent)) if conditional => {
            tr!("{state}, if …", state = translated(state.word()))
        }
        Some(state) => translated(state.word()).to_owned(),
    }
}

fn row(case: &CaseReport, score: &StudyScore, decides: f32, width: f32) -> Block {
    let mut row = Block::space(ROW);
    let style = if score.group { BODY.bold() } else { BODY };
    row.text(0.0, 0.0, Align::Left, style, &fitted(&score.label, style, NAME));
    row.text(SCORE, 0.0, Align::Right, style, &digits(score.score, 2));
    if let Some(threshold) = score.threshold {
        row.text(THRESHOLD, 0.0, Align::Right, BODY.ink(Ink::Muted), &digits(threshold, 2));
    }
    row.text(STATE, 0.0, Align::Left, BODY, &state(case, score));
    let members = case.study.as_ref().map_or(&[][..], |study| &study.members);
    if let Some(member) = members.get(score.decisive_image) {
        let place = tr!("image {} of {}", score.decisive_image + 1, members.len());
        let name = member.path.file_name().unwrap_or_default().to_string_lossy();
        let words = if case.anonymize { place } else { format!("{place}, {name}") };
        row.text(decides, 0.0, Align::Left, BODY.ink(Ink::Muted), &fitted(&words, BODY, width - decides));
    }
    row
}
