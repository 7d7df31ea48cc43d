//! The mean ROC curve of the readers of an arm: at each false positive rate the mean of their
//! sensitivities, so that the area under it is the mean of their areas.

use crate::evaluation::roc;
use crate::reader_study::record::Record;

/// Steps of the curve.
const STEPS: usize = 100;

/// `(1 − specificity, sensitivity)` from 0 to 1.
pub(super) fn mean_curve(arm: &[Vec<&Record>], positive: &[bool]) -> Vec<[f64; 2]> {
    let curves: Vec<Vec<roc::Point>> = (arm.iter())
        .map(|records| {
            let confidences: Vec<f64> = records.iter().map(|r| f64::from(r.confidence)).collect();
            roc::curve(&confidences, positive)
        })
        .collect();
    if curves.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let at = |x: f64| curves.iter().map(|curve| sensitivity(curve, x)).sum::<f64>() / curves.len() as f64;
    let grid = (0..=STEPS).map(|i| i as f64 / STEPS as f64).map(|x| [x, at(x)]);
    std::iter::once([0.0, 0.0]).chain(grid).collect()
}

/// The highest sensitivity of a curve at a false positive rate, linear between its points.
fn sensitivity(curve: &[roc::Point], x: f64) -> f64 {
    let after = curve.partition_point(|p| p.false_positive_rate <= x + 1e-12);
    let before = curve[after.saturating_sub(1)];
    let Some(next) = curve.get(after) else { return before.true_positive_rate };
    let width = next.false_positive_rate - before.false_positive_rate;
    let part = if width > 0.0 { (x - before.false_positive_rate) / width } else { 0.0 };
    before.true_positive_rate + part * (next.true_positive_rate - before.true_positive_rate)
}
