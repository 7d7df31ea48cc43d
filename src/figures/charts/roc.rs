//! The receiver operating characteristic: sensitivity against false alarms at every threshold.

use super::Chart;
use super::curves::{CurveKind, chart};
use super::input::Curve;

/// Points are `(1 − specificity, sensitivity)`; the area is the AUROC.
#[must_use]
pub fn roc(curves: &[Curve]) -> Chart {
    let kind = CurveKind {
        title: "ROC curves",
        area: "AUROC",
        across: "1 − specificity",
        up: "Sensitivity",
        guides: "Dashed grey: chance.",
        chance: |_| [[0.0, 0.0], [1.0, 1.0]],
    };
    chart(&kind, curves)
}
