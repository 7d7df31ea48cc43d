//! Made-up judgements for the tests of this room: scores drawn from a seed, and the charts of them.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Normal};

use super::input::{Bin, Charts, Confusion, Curve, Figure, Forest, Part, Reliability, Scores, Stratum};
use crate::evaluation::proportion::wilson;
use crate::evaluation::roc;

/// A name of exactly 40 characters.
pub fn long_name(i: usize) -> String {
    let name = format!("Interstitial lung disease, organising {i:02}");
    assert_eq!(name.chars().count(), 40);
    name
}

/// Probabilities and truths of one target, apart by `skill` standard deviations.
pub fn scores(seed: u64, positives: usize, negatives: usize, skill: f64) -> (Vec<f64>, Vec<bool>) {
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

/// The charts of `n` targets with long names, of which number 3 has no positive image.
pub fn charts(n: usize, images: usize) -> Charts {
    let mut charts = Charts::default();
    for i in 0..n {
        let positives = if i == 2 { 0 } else { (images / (4 + i)).max(1) };
        let (scores, truth) = scores(i as u64, positives, images - positives, 1.6 - 0.09 * i as f64);
        add(&mut charts, &long_name(i + 1), &scores, &truth, 0.4 + 0.02 * i as f64);
    }
    let counts = (0..n).map(|i| (0..n).map(|j| if i == j { 180 / (i + 1) } else { (i * 5 + j * 3) % 9 }).collect());
    charts.confusion = Some(Confusion { labels: (1..=n).map(long_name).collect(), counts: counts.collect() });
    charts.subgroups.push(forest());
    charts
}

/// Adds one target.
pub fn add(charts: &mut Charts, name: &str, scores: &[f64], truth: &[bool], threshold: f64) {
    let positives = truth.iter().filter(|t| **t).count();
    let negatives = truth.len() - positives;
    let curve = roc::curve(scores, truth);
    let points: Vec<[f64; 2]> = curve.iter().map(|p| [p.false_positive_rate, p.true_positive_rate]).collect();
    let area = roc::auroc(scores, truth).map_or(Figure::default(), |a| Figure::new(a, a - 0.03, (a + 0.02).min(1.0)));
    let called = |positive: bool| scores.iter().zip(truth).filter(|(s, t)| **s >= threshold && **t == positive).count();
    let (hits, alarms) = (called(true) as f64, called(false) as f64);
    let operating = Some([alarms / negatives as f64, hits / positives as f64]);
    let precise = |p: &[f64; 2]| {
        let (hits, alarms) = (p[1] * positives as f64, p[0] * negatives as f64);
        [p[1], if hits + alarms > 0.0 { hits / (hits + alarms) } else { 1.0 }]
    };
    let curve = Curve { name: name.into(), positives, negatives, points, area, operating };
    charts.precision_recall.push(Curve {
        points: curve.points.iter().map(precise).collect(),
        operating: operating.as_ref().map(precise),
        ..curve.clone()
    });
    charts.roc.push(curve);
    let bin = |i: usize| {
        let (low, high) = (i as f64 / 10.0, (i + 1) as f64 / 10.0);
        let inside: Vec<(f64, bool)> =
            scores.iter().copied().zip(truth.iter().copied()).filter(|(s, _)| *s >= low && *s < high).collect();
        let n = inside.len() as f64;
        let said = inside.iter().map(|p| p.0).sum::<f64>() / n;
        let seen = inside.iter().filter(|p| p.1).count() as f64 / n;
        Bin { low, high, images: inside.len(), said, seen, interval: wilson(seen, n) }
    };
    let bins = (0..10).map(bin).collect();
    charts.calibration.push(Reliability { name: name.into(), bins, ece: Some(0.034) });
    let of = |positive: bool| {
        scores.iter().zip(truth).filter(|(_, t)| **t == positive).map(|(s, _)| *s).collect::<Vec<f64>>()
    };
    charts.histograms.push(Scores {
        name: name.into(),
        positive: of(true),
        negative: of(false),
        threshold: Some(threshold),
    });
}

/// Two strata, one group without a figure.
pub fn forest() -> Forest {
    let row = |name: &str, n: usize, figure: Figure| Part { name: name.into(), note: format!("n = {n}"), figure };
    Forest {
        figure: "AUROC of Interstitial lung disease".into(),
        overall: Figure::new(0.912, 0.890, 0.934),
        strata: vec![
            Stratum {
                heading: "Sex".into(),
                rows: vec![
                    row("F", 241, Figure::new(0.921, 0.891, 0.947)),
                    row("M", 259, Figure::new(0.903, 0.869, 0.933)),
                ],
            },
            Stratum {
                heading: "Age".into(),
                rows: vec![
                    row("0–39", 12, Figure::new(0.801, 0.602, 0.958)),
                    row("40–64", 301, Figure::new(0.915, 0.888, 0.940)),
                    row("65 and more", 187, Figure::default()),
                ],
            },
        ],
    }
}
