//! What the reader said of the model's findings, on the page.

use chrono::{DateTime, Local};

use super::numbered::NumberedLines;
use crate::feedback::{Answer, Call, MarkReason, Opinion};
use crate::figures::layout::{Align, BODY, Block, CAPTION, HEADING, Ink};
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
        lines.add("", &format!("Not looked at: {}", open.join(", ")), BODY);
    }
    for mark in &said.marks {
        lines.add("", &marked(case, mark), BODY);
    }
    if let Some(remark) = &said.remark {
        let when = when(case, remark.at, remark.before_result);
        lines.add("", &format!("Remark ({when}): {}", remark.text.0.trim()), BODY);
        // Beside an impression it stands already.
        if let Some(caution) = redact::caution(case).filter(|_| case.impression.is_none()) {
            lines.add("", caution, CAPTION.ink(Ink::Warning));
        }
    }
    let mut heading = Block::default();
    heading.text(0.0, 0.0, Align::Left, HEADING, "Reader's answers");
    Some((heading, lines.rows()))
}

/// `Pneumonia: agree, present (the model: present, 0.83 at a threshold of 0.62), 14:32`.
fn answered(case: &CaseReport, row: &AnswerRecord) -> String {
    let Some(given) = &row.given else { return row.finding.clone() };
    let opinion = given.opinion.name();
    let word = match (row.answer, given.opinion) {
        (Some(Answer::Unsure) | None, _) | (_, Opinion::Unsure) => opinion.to_owned(),
        (Some(answer), _) => format!("{}, {opinion}", answer.name()),
    };
    let model = given.said.map_or(String::new(), |said| {
        let call = match said.call {
            Some(Call::Present) => "present",
            Some(Call::Absent) => "absent",
            None => "no call",
        };
        format!(" (the model: {call}, {:.3} at a threshold of {:.3})", said.probability, said.threshold)
    });
    format!("{}: {word}{model}, {}", row.finding, when(case, given.at, given.before_result))
}

fn marked(case: &CaseReport, mark: &MarkRecord) -> String {
    let reason = match mark.reason {
        MarkReason::Missed => "missed",
        MarkReason::Misplaced => "misplaced",
    };
    let number = if mark.measurement == 0 { String::new() } else { format!(", measurement {}", mark.measurement) };
    let [left, top, right, bottom] = mark.bounds.map(measure);
    let place = format!("x {left} to {right}, y {top} to {bottom}");
    format!("Marked as {reason}: {}{number}, {place}, {}", mark.finding, when(case, mark.at, mark.before_result))
}

/// When, and whether it was before the result; the date only where it is not that of the report.
fn when(case: &CaseReport, at: DateTime<Local>, before: bool) -> String {
    let same = at.date_naive() == case.created.date_naive();
    let time = at.format(if same { "%H:%M" } else { "%Y-%m-%d %H:%M" });
    if before { format!("before the model's result was shown, {time}") } else { time.to_string() }
}
