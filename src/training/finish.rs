//! From a trained network to a usable model: temperature, operating thresholds, and figures with intervals.
//!
//! All of it is chosen on validation, so the figures flatter a little; the card says so.

use super::config::Config;
use super::validation::{Scores, summed, targets};
use crate::evaluation::bootstrap::Bootstrap;
use crate::evaluation::metrics::{Binary, argmax};
use crate::evaluation::roc;
use crate::network::manifest::Metric;

/// The temperature that gives the lowest negative log likelihood (Guo et al., ICML 2017), between 1/20 and 20.
///
/// Golden-section search over its logarithm, in which the likelihood has one minimum.
pub fn temperature(scores: &Scores) -> f64 {
    let ratio = (5_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.05_f64.ln(), 20_f64.ln());
    for _ in 0..40 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if scores.loss(a.exp()) < scores.loss(b.exp()) {
            high = b;
        } else {
            low = a;
        }
    }
    f64::midpoint(low, high).exp()
}

/// The highest score at which at least `sensitivity` of the positives are called (score ≥ threshold).
pub fn threshold_at_sensitivity(scores: &[f64], positive: &[bool], sensitivity: f64) -> Option<f64> {
    let mut called: Vec<f64> = scores.iter().zip(positive).filter(|(_, y)| **y).map(|(s, _)| *s).collect();
    called.sort_by(|a, b| b.total_cmp(a));
    // The small allowance keeps 0.96 × 50 from becoming 49 by rounding.
    let needed = (sensitivity * called.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    called.get(needed - 1).copied()
}

/// The score with the highest sensitivity + specificity − 1 (Youden 1950), moved half-way to the next score below:
/// the cut lies between images, not on one.
pub fn threshold_of_youden(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let curve = roc::curve(scores, positive);
    let index = |p: &roc::Point| p.true_positive_rate - p.false_positive_rate;
    let best =
        curve.iter().skip(1).max_by(|a, b| index(a).total_cmp(&index(b)).then(a.threshold.total_cmp(&b.threshold)))?;
    let below = scores.iter().copied().filter(|s| *s < best.threshold).fold(f64::NEG_INFINITY, f64::max);
    Some(if below.is_finite() { f64::midpoint(best.threshold, below) } else { best.threshold })
}

/// Temperature, thresholds and figures of a model.
#[derive(Clone, Debug)]
pub struct Finish {
    pub temperature: f64,
    /// Threshold of each label, then of each group, in the configuration's order.
    pub thresholds: Vec<f64>,
    pub metrics: Vec<Metric>,
}

/// Chooses temperature and thresholds on `scores` and measures the result; `patients` names each image's patient.
pub fn finish(config: &Config, scores: &Scores, patients: &[&str]) -> Finish {
    let temperature = temperature(scores);
    let probabilities = scores.probabilities(temperature);
    let right: Vec<bool> = probabilities.iter().zip(&scores.labels).map(|(p, k)| argmax(p) == *k).collect();
    let mut measure = Measure::new(patients, config.seed);
    measure.figure("all labels", "accuracy", &|chosen| {
        Some(chosen.iter().filter(|&&i| right[i]).count() as f64 / chosen.len() as f64)
    });
    let mut thresholds = Vec::new();
    for (i, (name, members)) in targets(config).into_iter().enumerate() {
        let values = summed(&probabilities, &members);
        let positive: Vec<bool> = scores.labels.iter().map(|k| members.contains(k)).collect();
        let choose =
            |chosen: &[usize]| -> (Vec<f64>, Vec<bool>) { chosen.iter().map(|&i| (values[i], positive[i])).unzip() };
        measure.figure(&name, "auroc", &|chosen| {
            let (values, positive) = choose(chosen);
            roc::auroc(&values, &positive)
        });
        if let Some(label) = config.labels.get(i) {
            let youden = if config.thresholds.youden { threshold_of_youden(&values, &positive) } else { None };
            thresholds.push(youden.unwrap_or(f64::from(label.threshold)));
            continue;
        }
        let threshold = threshold_at_sensitivity(&values, &positive, config.thresholds.group_sensitivity)
            .unwrap_or(f64::from(config.groups[i - config.labels.len()].threshold));
        let rates: [(&str, fn(Binary) -> Option<f64>); 3] = [
            ("accuracy", Binary::accuracy),
            ("sensitivity", Binary::sensitivity),
            ("specificity", Binary::specificity),
        ];
        for (figure, rate) in rates {
            measure.figure(&name, figure, &|chosen| {
                let (values, positive) = choose(chosen);
                rate(Binary::at(threshold, &values, &positive))
            });
        }
        thresholds.push(threshold);
    }
    Finish { temperature, thresholds, metrics: measure.metrics }
}

/// Collects figures on validation, each with its 95 % interval from a bootstrap over patients.
struct Measure {
    bootstrap: Bootstrap,
    all: Vec<usize>,
    on: String,
    metrics: Vec<Metric>,
}

impl Measure {
    fn new(patients: &[&str], seed: u64) -> Self {
        let bootstrap = Bootstrap::new(patients, seed);
        let on = format!("validation, {} images of {} patients", patients.len(), bootstrap.patients());
        Self { bootstrap, all: (0..patients.len()).collect(), on, metrics: Vec::new() }
    }

    /// Adds `statistic` of the images it is given; nothing where it cannot be computed.
    fn figure(&mut self, target: &str, name: &str, statistic: &dyn Fn(&[usize]) -> Option<f64>) {
        if let (Some(value), Some((low, high))) = (statistic(&self.all), self.bootstrap.interval(statistic)) {
            self.metrics.push(Metric {
                target: target.to_owned(),
                name: name.to_owned(),
                value: value as f32,
                low: low as f32,
                high: high as f32,
                on: self.on.clone(),
            });
        }
    }
}
