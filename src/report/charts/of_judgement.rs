//! The charts of a judgement: its curves, bins and counts as the charts take them, groups before labels.

use super::input::{Bin, Charts, Confusion, Curve, Figure, Forest, Part, Reliability, Scores, Stratum};
use crate::evaluation::bootstrap::Estimate;
use crate::evaluation::calibration::{self, BINS};
use crate::evaluation::judgement::{Figure as Named, Judgement, TargetJudgement};
use crate::evaluation::predictions::Predictions;
use crate::evaluation::roc;

/// Targets whose AUROC is drawn by subgroup; tables have all.
const FORESTS: usize = 4;

impl From<Estimate> for Figure {
    fn from(Estimate(value, low, high): Estimate) -> Self {
        Self { value, low, high }
    }
}

impl Charts {
    /// What is drawn of `judgement` of `set`.
    #[must_use]
    pub fn of(set: &Predictions, judgement: &Judgement) -> Self {
        let mut charts = Self {
            confusion: judgement
                .confusion
                .as_ref()
                .map(|c| Confusion { labels: judgement.labels.clone(), counts: c.0.clone() }),
            subgroups: forests(judgement),
            ..Self::default()
        };
        if judgement.confusion.is_some() {
            let ece = judgement.figure("ece").0;
            charts.calibration.push(Reliability { name: "Called class".into(), bins: bins(&judgement.bins), ece });
        }
        for (t, target) in groups_first(judgement) {
            charts.add(set, t, target);
        }
        charts
    }

    fn add(&mut self, set: &Predictions, t: usize, target: &TargetJudgement) {
        let known = set.known(t);
        let name = &target.name;
        let counts = target.counts;
        let curve = |points: Vec<[f64; 2]>, area: &str, operating: Option<[f64; 2]>| Curve {
            name: name.clone(),
            positives: target.positives,
            negatives: target.n - target.positives,
            points,
            area: target.figure(area).into(),
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
        let ece = target.figure("ece").0;
        self.calibration.push(Reliability { name: name.clone(), bins: bins(&target.bins), ece });
        let of = |positive: bool| {
            let scores = known.scores.iter().zip(&known.positive).filter(|(_, p)| **p == positive);
            scores.map(|(s, _)| *s).collect::<Vec<f64>>()
        };
        let threshold = Some(target.threshold);
        self.histograms.push(Scores { name: name.clone(), positive: of(true), negative: of(false), threshold });
    }
}

/// Targets with their numbers, groups before labels.
pub fn groups_first(judgement: &Judgement) -> Vec<(usize, &TargetJudgement)> {
    let all = || judgement.targets.iter().enumerate();
    all().filter(|(_, t)| t.group).chain(all().filter(|(_, t)| !t.group)).collect()
}

/// Bins of equal width `(lower, upper]`; their edges follow from the mean inside.
fn bins(all: &[calibration::Bin]) -> Vec<Bin> {
    let edges = |bin: &calibration::Bin| {
        let k = (bin.confidence * BINS as f64).ceil().clamp(1.0, BINS as f64);
        let (low, high) = ((k - 1.0) / BINS as f64, k / BINS as f64);
        Bin { low, high, images: bin.n, said: bin.confidence, seen: bin.observed, interval: bin.interval() }
    };
    all.iter().map(edges).collect()
}

/// Accuracy, and the AUROC of the first targets, in every subgroup.
fn forests(judgement: &Judgement) -> Vec<Forest> {
    if judgement.subgroups.is_empty() {
        return Vec::new();
    }
    let strata = |part: &dyn Fn(usize) -> Part| {
        let mut strata: Vec<Stratum> = Vec::new();
        for (i, subgroup) in judgement.subgroups.iter().enumerate() {
            let heading = format!("By {}", subgroup.fact);
            if strata.last().is_none_or(|s| s.heading != heading) {
                strata.push(Stratum { heading, rows: Vec::new() });
            }
            if let Some(stratum) = strata.last_mut() {
                stratum.rows.push(part(i));
            }
        }
        strata
    };
    let accuracy = |i: usize| {
        let part = &judgement.subgroups[i];
        Part { name: part.value.clone(), note: format!("n = {}", part.n), figure: part.accuracy.into() }
    };
    let mut forests = vec![Forest {
        figure: "accuracy".into(),
        overall: judgement.figure("accuracy").into(),
        strata: strata(&accuracy),
    }];
    for (t, target) in groups_first(judgement).into_iter().take(FORESTS) {
        let auroc = |i: usize| {
            let part = &judgement.subgroups[i];
            let own = part.targets.get(t);
            let figure = own.map(|own| named(&own.figures, "auroc")).unwrap_or_default();
            let note = own.map_or_else(String::new, |own| format!("{} of {}", own.positives, own.n));
            Part { name: part.value.clone(), note, figure }
        };
        forests.push(Forest {
            figure: format!("AUROC of {}", target.name),
            overall: target.figure("auroc").into(),
            strata: strata(&auroc),
        });
    }
    forests
}

/// A figure by its name.
pub fn named(figures: &[Named], name: &str) -> Figure {
    figures.iter().find(|f| f.name == name).map(|f| f.estimate.into()).unwrap_or_default()
}
