//! The charts of a evaluation: its curves, bins and counts as the charts take them, groups before
//! labels.

use super::Charts;
use crate::evaluation::bootstrap::Estimate;
use crate::evaluation::calibration::BINS;
use crate::evaluation::performance::selective::{SelectiveEvaluation, SignalEvaluation};
use crate::evaluation::performance::{Evaluation, MetricEstimate, TargetEvaluation};
use crate::evaluation::predictions::Predictions;
use crate::evaluation::{calibration, roc};
use crate::figures::charts::input::{
    Bin, Confusion, Curve, Forest, ForestRow, MetricValue, Reliability, RiskCoverage, RiskCurve, Scores, Stratum,
};

/// Targets whose AUROC is drawn by subgroup; tables have all.
const FORESTS: usize = 4;
const READING: &str = "Intervals that overlap are no proof that groups are equal, nor the contrary.";

impl From<Estimate> for MetricValue {
    fn from(Estimate(value, low, high): Estimate) -> Self {
        Self { value, low, high }
    }
}

impl Charts {
    /// What is drawn of `evaluation` of `set`.
    #[must_use]
    pub fn of(set: &Predictions, evaluation: &Evaluation) -> Self {
        let mut charts = Self {
            confusion: evaluation
                .confusion
                .as_ref()
                .map(|c| Confusion { labels: evaluation.labels.clone(), counts: c.0.clone() }),
            subgroups: forests(evaluation),
            risk_coverage: evaluation.selective.iter().map(risks).collect(),
            ..Self::default()
        };
        if evaluation.confusion.is_some() {
            let of = |metric: &str| evaluation.metric(metric);
            charts.calibration.push(reliability("Called class", &evaluation.bins, &of));
        }
        for (t, target) in groups_first(evaluation) {
            charts.add(set, t, target);
        }
        charts
    }

    fn add(&mut self, set: &Predictions, t: usize, target: &TargetEvaluation) {
        let known = set.known(t);
        let name = &target.name;
        let counts = target.counts;
        let curve = |points: Vec<[f64; 2]>, area: &str, operating: Option<[f64; 2]>| Curve {
            name: name.clone(),
            positives: target.positives,
            negatives: target.n - target.positives,
            points,
            area: target.metric(area).into(),
            operating,
        };
        let points = roc::curve(&known.scores, &known.positive);
        let points = points.iter().map(|p| [p.false_positive_rate, p.true_positive_rate]).collect();
        let operating = counts.specificity().zip(counts.sensitivity()).map(|(spared, found)| [1.0 - spared, found]);
        self.roc.push(curve(points, "auroc", operating));
        let points = roc::precision_recall(&known.scores, &known.positive);
        let points = points.iter().map(|p| [p.recall, p.precision]).collect();
        let operating = counts.sensitivity().zip(counts.precision()).map(|(found, right)| [found, right]);
        self.precision_recall.push(curve(points, "average precision", operating));
        self.calibration.push(reliability(name, &target.bins, &|metric: &str| target.metric(metric)));
        let of = |positive: bool| {
            let scores = known.scores.iter().zip(&known.positive).filter(|(_, p)| **p == positive);
            scores.map(|(s, _)| *s).collect::<Vec<f64>>()
        };
        let threshold = Some(target.threshold);
        self.histograms.push(Scores { name: name.clone(), positive: of(true), negative: of(false), threshold });
    }
}

/// Bins with their calibration error, and that of a perfectly calibrated model.
fn reliability(name: &str, all: &[calibration::Bin], metric: &dyn Fn(&str) -> Estimate) -> Reliability {
    let (ece, if_calibrated) = (metric("ece").0, metric("ece if calibrated").into());
    Reliability { name: name.to_owned(), bins: bins(all), ece, if_calibrated }
}

fn risks(question: &SelectiveEvaluation) -> RiskCoverage {
    let curve = |signal: &SignalEvaluation| RiskCurve {
        name: signal.signal.name().to_owned(),
        points: signal.curve.clone(),
        area: signal.aurc.into(),
    };
    RiskCoverage {
        name: question.name.clone(),
        calls: question.n,
        wrong: question.wrong,
        best: question.best_curve(),
        curves: question.signals.iter().map(curve).collect(),
    }
}

/// Targets with their numbers, groups before labels.
pub(crate) fn groups_first(evaluation: &Evaluation) -> Vec<(usize, &TargetEvaluation)> {
    let all = || evaluation.targets.iter().enumerate();
    all().filter(|(_, t)| t.group).chain(all().filter(|(_, t)| !t.group)).collect()
}

/// Bins of equal width `(lower, upper]`; their edges follow from the mean inside.
fn bins(all: &[calibration::Bin]) -> Vec<Bin> {
    let edges = |bin: &calibration::Bin| {
        let k = (bin.confidence * BINS as f64).ceil().clamp(1.0, BINS as f64);
        let (low, high) = ((k - 1.0) / BINS as f64, k / BINS as f64);
        Bin { low, high, images: bin.n, predicted: bin.confidence, observed: bin.observed, interval: bin.interval() }
    };
    all.iter().map(edges).collect()
}

/// Accuracy, and the AUROC of the first targets, in every subgroup.
fn forests(evaluation: &Evaluation) -> Vec<Forest> {
    if evaluation.subgroups.is_empty() {
        return Vec::new();
    }
    let row = |name: &str, note: String, value: MetricValue| ForestRow {
        name: name.to_owned(),
        note,
        value,
        ..ForestRow::default()
    };
    let strata = |of: &dyn Fn(usize) -> ForestRow| {
        let mut strata: Vec<Stratum> = Vec::new();
        for (i, subgroup) in evaluation.subgroups.iter().enumerate() {
            let heading = format!("By {}", subgroup.fact);
            if strata.last().is_none_or(|s| s.heading != heading) {
                strata.push(Stratum { heading, rows: Vec::new() });
            }
            if let Some(stratum) = strata.last_mut() {
                stratum.rows.push(of(i));
            }
        }
        strata
    };
    let accuracy = |i: usize| {
        let part = &evaluation.subgroups[i];
        row(&part.value, format!("n = {}", part.n), part.accuracy.into())
    };
    let forest = |metric: &str, overall: Estimate, strata| Forest {
        title: format!("Subgroups: {metric}"),
        reading: READING.into(),
        overall: Some(overall.into()),
        strata,
        ..Forest::default()
    };
    let mut forests = vec![forest("accuracy", evaluation.metric("accuracy"), strata(&accuracy))];
    for (t, target) in groups_first(evaluation).into_iter().take(FORESTS) {
        let auroc = |i: usize| {
            let part = &evaluation.subgroups[i];
            let own = part.targets.get(t);
            let value = own.map(|own| named(&own.metrics, "auroc")).unwrap_or_default();
            let note = own.map_or_else(String::new, |own| format!("{} of {}", own.positives, own.n));
            row(&part.value, note, value)
        };
        forests.push(forest(&format!("AUROC of {}", target.name), target.metric("auroc"), strata(&auroc)));
    }
    forests
}

/// A metric by its name.
pub(crate) fn named(metrics: &[MetricEstimate], name: &str) -> MetricValue {
    metrics.iter().find(|f| f.name == name).map(|f| f.estimate.into()).unwrap_or_default()
}
