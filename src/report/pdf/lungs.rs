//! Where the evidence of the printed maps lies: in which lung, between the lungs, at the border,
//! elsewhere; beside what a map has there that knows nothing.

use crate::explain::evidence_shares::{EvidenceShares, RegionShares};
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, fitted, paragraph};
use crate::report::case::CaseReport;
use crate::report::redact;

const ROW: f32 = 11.5;
/// Room for the name of a class.
const NAME: f32 = 92.0;
/// Width of a column of numbers.
const COLUMN: f32 = 39.0;
const COLUMNS: [&str; 6] = ["in the lungs", "right", "left", "between", "border", "elsewhere"];

/// The block; nothing where it is not known where the lungs lie, or no printed map holds evidence.
pub(super) fn lungs(case: &CaseReport, width: f32) -> Option<Block> {
    let known = case.lungs.as_ref().filter(|_| case.analysis.scored)?;
    let of = |&class: &usize| Some((case.class_name(class), case.evidence_shares(class)?));
    let shares: Vec<(String, EvidenceShares)> = case.classes.iter().filter_map(of).collect();
    let (_, first) = shares.first()?;
    let mut block = Block::default();
    for (class, caution) in shares.iter().filter_map(|(class, s)| Some((class, s.caution()?))) {
        let words = if shares.len() > 1 { format!("{class}: {caution}") } else { caution.to_owned() };
        block.stack(0.0, &paragraph(&words, BODY.bold().ink(Ink::Warning), width));
    }
    let mut head = Block::space(CAPTION.line() + 1.0);
    for (i, word) in COLUMNS.into_iter().enumerate() {
        head.text(end(i), 0.0, Align::Right, CAPTION, word);
    }
    head.text(end(COLUMNS.len() - 1) + 12.0, 0.0, Align::Left, CAPTION, "highest in");
    block.stack(0.0, &head);
    for (class, shares) in &shares {
        block.stack(0.0, &row(class, &shares.evidence, shares.peak.name(), Ink::Text, width));
    }
    block.stack(0.0, &row("an even map", &first.area, "", Ink::Muted, width));
    let source = known.source.in_words();
    let source = if case.anonymize { known.source.without_names().in_words() } else { redact::clean(case, &source) };
    let key = format!(
        "Shares of a map's positive evidence; an even map knows nothing and has the shares of the area. Lung fields, the \
         heart's shadow included: {source}. Outside the lungs there may be good reasons, too."
    );
    block.stack(1.0, &paragraph(&key, CAPTION, width));
    Some(block)
}

/// Right end of a column of numbers.
fn end(column: usize) -> f32 {
    // The first heading is the widest.
    NAME + 44.0 + column as f32 * COLUMN
}

fn row(name: &str, shares: &RegionShares, peak: &str, ink: Ink, width: f32) -> Block {
    let mut row = Block::space(ROW);
    row.text(0.0, 0.0, Align::Left, BODY.ink(ink), &fitted(name, BODY, NAME - 4.0));
    let values = [shares.inside, shares.right, shares.left, shares.between, shares.border, shares.elsewhere];
    for (i, value) in values.into_iter().enumerate() {
        let style = if i == 0 && ink == Ink::Text { BODY.bold() } else { BODY.ink(ink) };
        row.text(end(i), 0.0, Align::Right, style, &format!("{value:.2}"));
    }
    let left = end(COLUMNS.len() - 1) + 12.0;
    row.text(left, 0.0, Align::Left, BODY.ink(ink), &fitted(peak, BODY, width - left));
    row
}
