//! The area under the ROC curve of a reader's confidences, by the trapezoidal rule.

use super::errors::MultiReaderError;
use super::figure::Figure;

/// The chance that a case with the finding is rated above one without, ties counted half.
/// `ratings` and `positive` are of the same cases in the same order.
pub fn figure(ratings: &[f64], positive: &[bool]) -> Result<Figure, MultiReaderError> {
    if ratings.len() != positive.len() {
        return Err(MultiReaderError::Unequal { readings: ratings.len(), cases: positive.len() });
    }
    if ratings.iter().any(|r| r.is_nan()) {
        return Err(MultiReaderError::NotANumber);
    }
    let side = |wanted: bool| -> Vec<f64> {
        ratings.iter().zip(positive).filter(|(_, p)| **p == wanted).map(|(r, _)| *r).collect()
    };
    let (yes, no) = (side(true), side(false));
    let ranked = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    };
    let (all_yes, all_no) = (ranked(&yes), ranked(&no));
    let positives: Vec<f64> = yes.iter().map(|r| share_below(&all_no, *r)).collect();
    let negatives = no.iter().map(|r| 1.0 - share_below(&all_yes, *r)).collect();
    Figure::of_pairs(&positives, negatives, &vec![1.0; yes.len()])
}

/// Which share of sorted values lies below one, equals counted half; NaN of none.
pub(super) fn share_below(sorted: &[f64], value: f64) -> f64 {
    let below = sorted.partition_point(|s| *s < value);
    let not_above = sorted.partition_point(|s| *s <= value);
    (below + not_above) as f64 / (2 * sorted.len()) as f64
}
