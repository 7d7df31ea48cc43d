//! Precision against recall at every threshold: what a reader of the positive calls meets at this
//! prevalence.

use super::Chart;
use super::curves::{CurveKind, chart};
use super::input::Curve;

/// Points are `(recall, precision)`; the area is the average precision. Without skill, precision is
/// the prevalence.
#[must_use]
pub fn precision_recall(curves: &[Curve]) -> Chart {
    let kind = CurveKind {
        title: "Precision–recall curves",
        area: "Average precision",
        across: "recall",
        up: "Precision",
        guides: "Dashed grey: prevalence, the precision of chance.",
        chance: |curve| {
            let prevalence = curve.positives as f64 / curve.images().max(1) as f64;
            [[0.0, prevalence], [1.0, prevalence]]
        },
    };
    chart(&kind, curves)
}
