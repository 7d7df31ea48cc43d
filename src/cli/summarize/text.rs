//! The summary for people.

use std::fmt::Write as _;

use super::Found;
use crate::cli::table::{Column, row};
use crate::evaluation::summarize::FEW;
use crate::evaluation::summarize::together::{Correlation, LabelPair};

const REGIONS: [Column; 4] = [Column::Left(20), Column::Right(22), Column::Right(24), Column::Right(22)];
const PAIRS: [Column; 4] = [Column::Left(44), Column::Right(26), Column::Right(26), Column::Right(26)];

/// Regions of every target, then focus, then labels.
pub(super) fn text(found: &Found) -> String {
    let mut text = format!(
        "What {} goes by, on {} images. {} Value: {}",
        found.model,
        found.notes.images,
        found.notes.sources(),
        found.valuation.in_words()
    );
    for target in &found.regions {
        for call in &target.calls {
            let few = if call.patients < FEW { "; too few to conclude from" } else { "" };
            let (kind, images, patients) = (call.call.name(), call.images, call.patients);
            let _ = write!(text, "\n\n{}, {kind}: {images} images of {patients} patients{few}", target.name);
            let _ = write!(text, "\n{}", row(&REGIONS, ["mean (95 %)", "|value|", "value", "evidence"]));
            for r in &call.regions {
                let cells =
                    [r.region.name().to_owned(), r.size.to_string(), r.value.to_string(), r.evidence.to_string()];
                let _ = write!(text, "\n{}", row(&REGIONS, cells));
            }
        }
    }
    if !found.focus.is_empty() {
        let _ = write!(text, "\n\nConfidence and focus (entropy of the map)");
        found.focus.iter().for_each(|focus| {
            let _ = write!(text, "\n{}", focus.in_words());
        });
    }
    if !found.pairs.is_empty() {
        let _ = write!(text, "\n\nLabels that occur together: correlation (95 %; n)");
        let _ = write!(text, "\n{}", row(&PAIRS, ["", "truth (phi)", "scores (Spearman)", "evidence (r of maps)"]));
        for LabelPair { a, b, truth, scores, evidence } in &found.pairs {
            let cells = [format!("{a} and {b}"), words(*truth), words(*scores), words(*evidence)];
            let _ = write!(text, "\n{}", row(&PAIRS, cells));
        }
    }
    text
}

/// `0.42 (0.11 to 0.66; 120)`, a dash where it cannot be told.
fn words(correlation: Correlation) -> String {
    let n = correlation.n;
    match (correlation.value, correlation.low, correlation.high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.2} ({low:.2} to {high:.2}; {n})"),
        (Some(value), ..) => format!("{value:.2} ({n})"),
        _ => format!("– ({n})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_told_is_a_dash_with_its_number() {
        assert_eq!(words(Correlation { n: 3, ..Correlation::default() }), "– (3)");
        let known = Correlation { value: Some(0.421), low: Some(-0.1), high: Some(0.66), n: 120 };
        assert_eq!(words(known), "0.42 (-0.10 to 0.66; 120)");
    }
}
