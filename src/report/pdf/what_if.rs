//! The reader's questions about a changed image on the page.

use super::numbered::NumberedLines;
use crate::figures::layout::{Align, BODY, Block, CAPTION, HEADING, Ink};
use crate::language::{decimal, digits, said, text, tr, translated};
use crate::report::case::CaseReport;
use crate::report::redact;
use crate::report::what_if::ChangeRecord;
use crate::wording::alteration;

/// The heading, which has no height of its own, and the lines beside it; nothing where nothing was
/// asked.
pub(super) fn kept_changes(case: &CaseReport, width: f32, column: f32) -> Option<(Block, Vec<Block>)> {
    let records = redact::kept_changes(case);
    if records.is_empty() {
        return None;
    }
    let mut lines = NumberedLines::new(width, column);
    lines.add("", text!("The model was asked again about copies of the image that the reader had changed."), CAPTION);
    for (i, record) in records.iter().enumerate() {
        lines.add(&(i + 1).to_string(), &named(record), BODY);
        for line in scores(record) {
            lines.add("", &line, BODY);
        }
        for reservation in record
            .refused
            .iter()
            .map(|why| tr!("The input gate refuses it: {why}", why = said(why)))
            .chain(record.reservation.as_deref().map(said))
        {
            lines.add("", &reservation, CAPTION.ink(Ink::Warning));
        }
    }
    let mut heading = Block::default();
    heading.text(0.0, 0.0, Align::Left, HEADING, text!("What if"));
    Some((heading, lines.rows()))
}

/// Its name, and what was done.
fn named(record: &ChangeRecord) -> String {
    let name = record.name.0.split_whitespace().collect::<Vec<_>>().join(" ");
    let done = what_was_done(record);
    if name.is_empty() { done } else { tr!("“{name}”: {done}", name, done) }
}

/// What was done, in words.
fn what_was_done(record: &ChangeRecord) -> String {
    let taken = (!record.taken.is_empty()).then(|| {
        tr!(
            "{share} % of the image taken away, filled with {filling}",
            share = digits(100.0 * record.share, 1),
            filling = translated(record.filling.name())
        )
    });
    taken.into_iter().chain(alteration::in_words(&record.alteration)).collect::<Vec<_>>().join(", ")
}

/// The scores before and after, one line each, and what random places do.
fn scores(record: &ChangeRecord) -> Vec<String> {
    let line = |change: &crate::engine::what_if::ScoreChange| {
        let signed = |value: f32| decimal(format!("{value:+.3}"));
        let [before, after] = [change.before, change.after].map(|score| digits(score, 3));
        let line = format!("{} {before} → {after} ({})", change.label, signed(change.change()));
        let Some((low, high)) = change.random_range() else { return line };
        let random = tr!(
            "at {places} random places of this size {low} to {high}",
            places = change.random.len(),
            low = signed(low),
            high = signed(high)
        );
        format!("{line}; {random}")
    };
    record.changes.iter().map(line).collect()
}
