//! Where the evidence of the printed maps lies: in which lung, between the lungs, at the border,
//! elsewhere; beside what a map has there that knows nothing.

use crate::explain::evidence_shares::{EvidenceShares, RegionShares};
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, fitted, paragraph};
use crate::language::{digits, text, tr, translated};
use crate::report::case::CaseReport;
use crate::wording::lung_source;

const ROW: f32 = 11.5;
/// Room for the name of a class.
const NAME: f32 = 92.0;
/// Columns of numbers.
const COLUMNS: usize = 6;
/// Least width of a column of numbers, and the room between two heads.
const COLUMN: f32 = 30.0;
const GAP: f32 = 10.0;

/// The block; nothing where it is not known where the lungs lie, or no printed map holds evidence.
pub(super) fn lungs(case: &CaseReport, width: f32) -> Option<Block> {
    let known = case.lungs.as_ref().filter(|_| case.analysis.scored)?;
    let of = |&class: &usize| Some((case.class_name(class), case.evidence_shares(class)?));
    let shares: Vec<(String, EvidenceShares)> = case.classes.iter().filter_map(of).collect();
    let (_, first) = shares.first()?;
    let mut block = Block::default();
    for (class, caution) in shares.iter().filter_map(|(class, s)| Some((class, s.caution()?))) {
        let caution = translated(caution);
        let words = if shares.len() > 1 { format!("{class}: {caution}") } else { caution.to_owned() };
        block.stack(0.0, &paragraph(&words, BODY.bold().ink(Ink::Warning), width));
    }
    let mut head = Block::space(CAPTION.line() + 1.0);
    let ends = ends();
    for (word, end) in heads().into_iter().zip(ends) {
        head.text(end, 0.0, Align::Right, CAPTION, word);
    }
    head.text(ends[COLUMNS - 1] + GAP, 0.0, Align::Left, CAPTION, text!("highest in"));
    block.stack(0.0, &head);
    for (class, shares) in &shares {
        block.stack(0.0, &row(class, &shares.evidence, translated(shares.peak.name()), Ink::Text, width));
    }
    block.stack(0.0, &row(text!("an even map"), &first.area, "", Ink::Muted, width));
    let source =
        lung_source::in_words(&if case.anonymize { known.source.without_names() } else { known.source.clone() });
    let key = tr!(
        "Shares of a map's positive evidence; an even map knows nothing and has the shares of the area. Lung fields, the \
         heart's shadow included: {source}. Outside the lungs there may be good reasons, too.",
        source
    );
    block.stack(1.0, &paragraph(&key, CAPTION, width));
    Some(block)
}

/// Heads of the columns of numbers.
fn heads() -> [&'static str; COLUMNS] {
    [text!("in the lungs"), text!("right"), text!("left"), text!("between"), text!("border"), text!("elsewhere")]
}

/// Right ends of the columns of numbers, each as wide as its head.
fn ends() -> [f32; COLUMNS] {
    let mut end = NAME;
    heads().map(|word| {
        end += (CAPTION.width(word) + GAP).max(COLUMN);
        end
    })
}

fn row(name: &str, shares: &RegionShares, peak: &str, ink: Ink, width: f32) -> Block {
    let mut row = Block::space(ROW);
    row.text(0.0, 0.0, Align::Left, BODY.ink(ink), &fitted(name, BODY, NAME - 4.0));
    let values = [shares.inside, shares.right, shares.left, shares.between, shares.border, shares.elsewhere];
    let ends = ends();
    for (i, (value, end)) in values.into_iter().zip(ends).enumerate() {
        let style = if i == 0 && ink == Ink::Text { BODY.bold() } else { BODY.ink(ink) };
        row.text(end, 0.0, Align::Right, style, &digits(value, 2));
    }
    let left = ends[COLUMNS - 1] + GAP;
    row.text(left, 0.0, Align::Left, BODY.ink(ink), &fitted(peak, BODY, width - left));
    row
}
