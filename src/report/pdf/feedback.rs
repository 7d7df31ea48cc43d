//! What the reader said of the model's findings, on the page.

use chrono::{DateTime, Local};

use super::numbered::NumberedLines;
use crate::feedback::{Answer, Call, MarkReason, Opinion};
use crate::figures::layout::{Align, BODY, Block, CAPTION, HEADING, Ink};
use crate::language::{decimal, digits, text, time_or_date, tr, translated};
use crate::measurement::measured::measure;
use crate::report::case::CaseReport;
use crate::report::feedback::{AnswerRecord, MarkRecord, record};
use crate::report::redact;

/// The heading, which has no height of its own, and the lines beside it; nothing where the reader said
/// nothing.
pub(super) fn feedback(case: &CaseReport, width: f32, column: f32) -> Option<(Block, Vec<Block>)> {
    let said = record(case)?;
    let mut lines = NumberedLines::new(width, column);
    let (given, open): (Vec<_>, Vec<_>) = said.answers.iter().partition(|row| row.given.is_some());
    for row in given {
        lines.add("", &answered(case, row), BODY);
    }
    let open: Vec<&str> = open.iter().map(|row| row.finding.as_str()).collect();
    if !open.is_empty() {
        lines.add("", &tr!("Not looked at: {}", open.join(", ")), BODY);
    }
    for mark in &said.marks {
        lines.add("", &marked(case, mark), BODY);
    }
    if let Some(remark) = &said.remark {
        let when = when(case, remark.at, remark.before_result);
        lines.add("", &tr!("Remark ({when}): {words}", when, words = remark.text.0.trim()), BODY);
        // Beside an impression it stands already.
        if let Some(caution) = redact::caution(case).filter(|_| case.impression.is_none()) {
            lines.add("", caution, CAPTION.ink(Ink::Warning));
        }
    }
    let mut heading = Block::default();
    heading.text(0.0, 0.0, Align::Left, HEADING, text!("Reader's answers"));
    Some((heading, lines.rows()))
}

/// `Pneumonia: agree, present (the model: present, 0.83 at a threshold of 0.62), 14:32`.
fn answered(case: &CaseReport, row: &AnswerRecord) -> String {
    let Some(given) = &row.given else { return row.finding.clone() };
    let opinion = translated(given.opinion.name());
    let word = match (row.answer, given.opinion) {
        (Some(Answer::Unsure) | None, _) | (_, Opinion::Unsure) => opinion.to_owned(),
        (Some(answer), _) => format!("{}, {opinion}", translated(answer.name())),
    };
    let model = given.said.map_or(String::new(), |said| {
        let [probability, threshold] = [said.probability, said.threshold].map(|share| digits(share, 3));
        let model = match said.call {
            Some(Call::Present) => {
                tr!("(the model: present, {probability} at a threshold of {threshold})", probability, threshold)
            }
            Some(Call::Absent) => {
                tr!("(the model: absent, {probability} at a threshold of {threshold})", probability, threshold)
            }
            None => tr!("(the model: no call, {probability} at a threshold of {threshold})", probability, threshold),
        };
        format!(" {model}")
    });
    format!("{}: {word}{model}, {}", row.finding, when(case, given.at, given.before_result))
}

fn marked(case: &CaseReport, mark: &MarkRecord) -> String {
    let finding = &mark.finding;
    let marked = match mark.reason {
        MarkReason::Missed => tr!("Marked as missed: {finding}", finding),
        MarkReason::Misplaced => tr!("Marked as misplaced: {finding}", finding),
    };
    let number = (mark.measurement > 0).then(|| tr!("measurement {}", mark.measurement));
    let [left, top, right, bottom] = mark.bounds.map(|side| decimal(measure(side)));
    let place = tr!("x {left} to {right}, y {top} to {bottom}", left, right, top, bottom);
    let parts = std::iter::once(marked).chain(number).chain([place, when(case, mark.at, mark.before_result)]);
    parts.collect::<Vec<_>>().join(", ")
}

/// When, and whether it was before the result; the date only where it is not that of the report.
fn when(case: &CaseReport, at: DateTime<Local>, before: bool) -> String {
    let time = time_or_date(at, case.created.date_naive());
    if before { tr!("before the model's result was shown, {time}", time) } else { time }
}
