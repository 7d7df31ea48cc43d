//! The reader's questions about a changed image on the page.

use std::fmt::Write as _;

use super::numbered::NumberedLines;
use crate::figures::layout::{Align, BODY, Block, CAPTION, HEADING, Ink};
use crate::report::case::CaseReport;
use crate::report::redact;
use crate::report::what_if::ChangeRecord;

/// The heading, which has no height of its own, and the lines beside it; nothing where nothing was
/// asked.
pub(super) fn kept_changes(case: &CaseReport, width: f32, column: f32) -> Option<(Block, Vec<Block>)> {
    let records = redact::kept_changes(case);
    if records.is_empty() {
        return None;
    }
    let mut lines = NumberedLines::new(width, column);
    lines.add("", "The model was asked again about copies of the image that the reader had changed.", CAPTION);
    for (i, record) in records.iter().enumerate() {
        lines.add(&(i + 1).to_string(), &named(record), BODY);
        for line in scores(record) {
            lines.add("", &line, BODY);
        }
        for reservation in record
            .refused
            .iter()
            .map(|why| format!("The input gate refuses it: {why}"))
            .chain(record.reservation.clone())
        {
            lines.add("", &reservation, CAPTION.ink(Ink::Warning));
        }
    }
    let mut heading = Block::default();
    heading.text(0.0, 0.0, Align::Left, HEADING, "What if");
    Some((heading, lines.rows()))
}

/// Its name, and what was done.
fn named(record: &ChangeRecord) -> String {
    let name = record.name.0.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() { record.what_was_done() } else { format!("“{name}”: {}", record.what_was_done()) }
}

/// The scores before and after, one line each, and what random places do.
fn scores(record: &ChangeRecord) -> Vec<String> {
    let line = |change: &crate::engine::what_if::ScoreChange| {
        let mut line = format!("{} {:.3} → {:.3} ({:+.3})", change.label, change.before, change.after, change.change());
        if let Some((low, high)) = change.random_range() {
            let places = change.random.len();
            let _ = write!(line, "; at {places} random places of this size {low:+.3} to {high:+.3}");
        }
        line
    };
    record.changes.iter().map(line).collect()
}
