//! The reader's measurements on the page: numbered on the image, and what each comes to.

use super::numbered::NumberedLines;
use crate::figures::layout::{Align, BODY, Block, CAPTION, HEADING, Ink};
use crate::language::{decimal, said, text, tr, translated};
use crate::measurement::measured::measure;
use crate::report::case::CaseReport;
use crate::report::measurements::{MeasurementRecord, records};
use crate::report::redact;
use crate::wording::measured;

/// The heading, which has no height of its own, and the lines beside it; nothing where nothing was
/// measured.
pub(super) fn measurements(case: &CaseReport, width: f32, column: f32) -> Option<(Block, Vec<Block>)> {
    let records = records(case);
    if records.is_empty() {
        return None;
    }
    let mut lines = NumberedLines::new(width, column);
    for record in &records {
        lines.add(&record.drawn.id.to_string(), &in_words(record), BODY);
        for evidence in &record.evidence {
            lines.add("", &format!("{}: {}", evidence.label, measured::evidence(&evidence.inside)), BODY);
        }
    }
    for (caution, numbers) in cautions(&records) {
        lines.add("", &format!("{numbers}: {}", said(&caution)), CAPTION.ink(Ink::Warning));
    }
    // Beside an impression it stands already.
    if let Some(caution) = redact::caution(case).filter(|_| case.impression.is_none()) {
        lines.add("", caution, CAPTION.ink(Ink::Warning));
    }
    let mut heading = Block::default();
    heading.text(0.0, 0.0, Align::Left, HEADING, text!("Measurements"));
    Some((heading, lines.rows()))
}

/// Kind, name and numbers in one sentence.
fn in_words(record: &MeasurementRecord) -> String {
    let name = record.drawn.name.0.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut words = translated(record.drawn.kind.name()).to_owned();
    if !name.is_empty() {
        words = tr!("{words} “{name}”", words, name);
    }
    let lines = measured::lines(&record.values);
    if lines.is_empty() {
        // A note stands for its words; its place can be found again.
        let [x, y] = record.drawn.points.first().copied().unwrap_or_default().map(measure);
        return tr!("{words} at x {x}, y {y}", words, x = decimal(x), y = decimal(y));
    }
    format!("{words}: {}", lines.join("; "))
}

/// What must be known of the numbers, each once, with the measurements that it is about.
fn cautions(records: &[MeasurementRecord]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for record in records {
        for caution in &record.values.cautions {
            match all.iter_mut().find(|(known, _)| known == caution) {
                Some((_, numbers)) => *numbers = format!("{numbers}, {}", record.drawn.id),
                None => all.push((caution.clone(), record.drawn.id.to_string())),
            }
        }
    }
    all
}
