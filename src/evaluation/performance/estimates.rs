//! A metric of some rows with its interval, and what is known of a target among them: shared by the
//! whole, its targets and its subgroups.

use crate::evaluation::bootstrap::{Bootstrap, Estimate};
use crate::evaluation::calibration::{self, Binning};
use crate::evaluation::calibration_floor::floors;
use crate::evaluation::predictions::{Known, Predictions};

/// Seed of the intervals.
pub(super) const SEED: u64 = 7;
/// Fewer positives or negatives than these make a remark: the normal range of a rate is wider than
/// 0.3 then.
const FEW: usize = 10;
/// Names of the calibration errors of a perfectly calibrated model.
const FLOORS: [&str; 2] = ["ece if calibrated", "adaptive ece if calibrated"];

/// A metric with its interval.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricEstimate {
    pub name: &'static str,
    pub estimate: Estimate,
}

impl MetricEstimate {
    /// Its name, and what can be changed of it.
    pub(crate) fn named(&mut self) -> (&'static str, &mut Estimate) {
        (self.name, &mut self.estimate)
    }
}

/// A metric of one resample.
pub(super) type Resampled = (&'static str, Option<f64>);

/// The estimate called `name`; unknown where there is none.
pub(super) fn find(metrics: &[MetricEstimate], name: &str) -> Estimate {
    metrics.iter().find(|f| f.name == name).map(|f| f.estimate).unwrap_or_default()
}

/// The metrics of `all`, each with its interval.
pub(super) fn estimates(
    bootstrap: &Bootstrap,
    all: &[usize],
    metrics: impl Fn(&[usize]) -> Vec<Resampled>,
) -> Vec<MetricEstimate> {
    let intervals = bootstrap.intervals(|drawn| metrics(drawn).into_iter().map(|f| f.1).collect());
    let values = metrics(all).into_iter().zip(intervals);
    values
        .map(|((name, value), interval)| {
            let interval = interval.filter(|_| value.is_some());
            MetricEstimate { name, estimate: Estimate(value, interval.map(|i| i.0), interval.map(|i| i.1)) }
        })
        .collect()
}

/// Calibration error of a target, over these bins.
pub(super) fn binned(known: &Known, binning: Binning) -> Option<f64> {
    calibration::error(&calibration::reliability(&known.scores, &known.positive, binning))
}

/// The metrics, and behind both calibration errors those that a perfectly calibrated model would
/// show with these probabilities, one list a question.
pub(super) fn with_floors(mut metrics: Vec<MetricEstimate>, claims: &[Vec<f64>]) -> Vec<MetricEstimate> {
    let claims: Vec<&[f64]> = claims.iter().map(Vec::as_slice).collect();
    let floors = floors(&claims).unwrap_or_default();
    let behind = metrics.iter().position(|metric| metric.name == "adaptive ece").map_or(metrics.len(), |at| at + 1);
    let named = FLOORS.into_iter().zip(floors).map(|(name, estimate)| MetricEstimate { name, estimate });
    metrics.splice(behind..behind, named);
    metrics
}

/// What is known about a target among some rows, which may repeat.
pub(super) fn known(set: &Predictions, target: usize, rows: &[usize]) -> Known {
    let mut known = Known::default();
    for &i in rows {
        if let Some(positive) = set.rows[i].truth[target] {
            known.rows.push(i);
            known.scores.push(set.rows[i].probability[target]);
            known.positive.push(positive);
        }
    }
    known
}

/// A metric that the images do not allow.
pub(super) fn unknown((name, _): Resampled) -> MetricEstimate {
    MetricEstimate { name, estimate: Estimate::default() }
}

/// Why the metrics of a target are unknown or weak.
pub(super) fn remarks(name: &str, positives: usize, negatives: usize) -> Vec<String> {
    let sentence = match (positives, negatives) {
        (0, 0) => format!("{name}: no image says whether it is present, so nothing can be evaluated"),
        (0, _) => format!("{name}: no image has it, so AUROC, sensitivity and precision are unknown"),
        (_, 0) => format!("{name}: every image has it, so AUROC and specificity are unknown"),
        (p, n) if p.min(n) < FEW => {
            format!("{name}: only {p} images with and {n} without it; read the intervals, not the values")
        }
        _ => return Vec::new(),
    };
    vec![sentence]
}
