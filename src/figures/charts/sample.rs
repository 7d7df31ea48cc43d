//! Made-up data for tests of charts: scores drawn from a seed, and what charts are drawn from.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Normal};

use super::input::{
    Bin, Confusion, Curve, Forest, ForestRow, MetricValue, Reliability, RiskCoverage, RiskCurve, Scores, Stratum,
};

/// The data of one chart of each kind.
#[derive(Default)]
pub(crate) struct Sample {
    pub roc: Vec<Curve>,
    pub precision_recall: Vec<Curve>,
    pub calibration: Vec<Reliability>,
    pub confusion: Option<Confusion>,
    pub histograms: Vec<Scores>,
    pub subgroups: Vec<Forest>,
    pub risk_coverage: Vec<RiskCoverage>,
}

/// A name of exactly 40 characters.
pub(crate) fn long_name(i: usize) -> String {
    let name = format!("Interstitial lung disease, organising {i:02}");
    assert_eq!(name.chars().count(), 40);
    name
}

/// Probabilities and truths of one target, apart by `skill` standard deviations.
pub(crate) fn scores(seed: u64, positives: usize, negatives: usize, skill: f64) -> (Vec<f64>, Vec<bool>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let noise = Normal::new(0.0, 1.4).unwrap();
    let truth: Vec<bool> = (0..positives + negatives).map(|i| i < positives).collect();
    let probability = |positive: &bool| {
        let logit = if *positive { skill } else { -skill } + noise.sample(&mut random);
        1.0 / (1.0 + (-logit).exp())
    };
    let scores = truth.iter().map(probability).collect();
    (scores, truth)
}

/// `n` targets with long names, of which number 3 has no positive image.
pub(crate) fn sample(n: usize, images: usize) -> Sample {
    let mut sample = Sample::default();
    for i in 0..n {
        let positives = if i == 2 { 0 } else { (images / (4 + i)).max(1) };
        let (scores, truth) = scores(i as u64, positives, images - positives, 1.6 - 0.09 * i as f64);
        sample.risk_coverage.push(risks(&long_name(i + 1), images));
        sample.add(&long_name(i + 1), &scores, &truth, 0.4 + 0.02 * i as f64);
    }
    let counts = (0..n).map(|i| (0..n).map(|j| if i == j { 180 / (i + 1) } else { (i * 5 + j * 3) % 9 }).collect());
    sample.confusion = Some(Confusion { labels: (1..=n).map(long_name).collect(), counts: counts.collect() });
    sample.subgroups.push(forest());
    sample
}

/// Four signals, the first of which finds the errors best.
fn risks(name: &str, calls: usize) -> RiskCoverage {
    let signals = ["confidence", "entropy", "mutual information", "population distance"];
    let curve = |(i, signal): (usize, &&str)| {
        let risk = |c: f64| 0.12 * c.powf(2.0 - 0.5 * i as f64);
        let points = (1..=calls).map(|k| k as f64 / calls as f64).map(|c| [c, risk(c)]).collect();
        RiskCurve { name: (*signal).into(), points, area: MetricValue::new(0.04, 0.03, 0.05) }
    };
    RiskCoverage {
        name: name.into(),
        calls,
        wrong: calls * 12 / 100,
        best: vec![[0.88, 0.0], [0.94, 0.064], [1.0, 0.12]],
        curves: signals.iter().enumerate().map(curve).collect(),
    }
}

/// Share of the images of one truth at or above a threshold.
fn share(scores: &[f64], truth: &[bool], of: bool, threshold: f64) -> f64 {
    let members = || scores.iter().zip(truth).filter(|(_, t)| **t == of);
    members().filter(|(s, _)| **s >= threshold).count() as f64 / members().count() as f64
}

impl Sample {
    /// Adds one target.
    fn add(&mut self, name: &str, scores: &[f64], truth: &[bool], threshold: f64) {
        let positives = truth.iter().filter(|t| **t).count();
        let negatives = truth.len() - positives;
        let at = |threshold: f64| [share(scores, truth, false, threshold), share(scores, truth, true, threshold)];
        let mut thresholds = scores.to_vec();
        thresholds.sort_by(|a, b| b.total_cmp(a));
        let points: Vec<[f64; 2]> = [f64::INFINITY].into_iter().chain(thresholds).map(at).collect();
        // By trapezia.
        let area: f64 = points.windows(2).map(|p| (p[1][0] - p[0][0]) * (p[1][1] + p[0][1]) / 2.0).sum();
        let area = if area.is_finite() {
            MetricValue::new(area, area - 0.03, (area + 0.02).min(1.0))
        } else {
            MetricValue::default()
        };
        let operating = Some(at(threshold));
        let precise = |p: &[f64; 2]| {
            let (hits, alarms) = (p[1] * positives as f64, p[0] * negatives as f64);
            [p[1], if hits + alarms > 0.0 { hits / (hits + alarms) } else { 1.0 }]
        };
        let curve = Curve { name: name.into(), positives, negatives, points, area, operating };
        self.precision_recall.push(Curve {
            points: curve.points.iter().map(precise).collect(),
            operating: operating.as_ref().map(precise),
            ..curve.clone()
        });
        self.roc.push(curve);
        let bins = (0..10).map(|i| bin(scores, truth, i)).collect();
        self.calibration.push(Reliability { name: name.into(), bins, ece: Some(0.034), ..Reliability::default() });
        let of = |positive: bool| {
            scores.iter().zip(truth).filter(|(_, t)| **t == positive).map(|(s, _)| *s).collect::<Vec<f64>>()
        };
        self.histograms.push(Scores {
            name: name.into(),
            positive: of(true),
            negative: of(false),
            threshold: Some(threshold),
        });
    }
}

/// Bin number `i` of ten, with an interval that shrinks with its images.
fn bin(scores: &[f64], truth: &[bool], i: usize) -> Bin {
    let (low, high) = (i as f64 / 10.0, (i + 1) as f64 / 10.0);
    let inside: Vec<(f64, bool)> =
        scores.iter().copied().zip(truth.iter().copied()).filter(|(s, _)| *s >= low && *s < high).collect();
    let n = inside.len() as f64;
    let predicted = inside.iter().map(|p| p.0).sum::<f64>() / n;
    let observed = inside.iter().filter(|p| p.1).count() as f64 / n;
    let half = 0.6 / n.sqrt();
    let interval = ((observed - half).max(0.0), (observed + half).min(1.0));
    Bin { low, high, images: inside.len(), predicted, observed, interval }
}

/// Two strata, one group without a value.
pub(crate) fn forest() -> Forest {
    let row = |name: &str, n: usize, value: MetricValue| ForestRow {
        name: name.into(),
        note: format!("n = {n}"),
        value,
        ..ForestRow::default()
    };
    Forest {
        title: "Subgroups: AUROC of Interstitial lung disease".into(),
        overall: Some(MetricValue::new(0.912, 0.890, 0.934)),
        strata: vec![
            Stratum {
                heading: "Sex".into(),
                rows: vec![
                    row("F", 241, MetricValue::new(0.921, 0.891, 0.947)),
                    row("M", 259, MetricValue::new(0.903, 0.869, 0.933)),
                ],
            },
            Stratum {
                heading: "Age".into(),
                rows: vec![
                    row("0–39", 12, MetricValue::new(0.801, 0.602, 0.958)),
                    row("40–64", 301, MetricValue::new(0.915, 0.888, 0.940)),
                    row("65 and more", 187, MetricValue::default()),
                ],
            },
        ],
        ..Forest::default()
    }
}
