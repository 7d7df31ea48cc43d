//! From a trained network to a usable model: temperature, operating thresholds, and figures with intervals.
//!
//! All of it is chosen on validation, so the figures flatter a little; the card says so.

use std::collections::BTreeMap;

use rand::Rng;

use super::config::Config;
use super::random::{Purpose, stream};
use super::validation::{Scores, auroc, summed, targets};
use crate::network::manifest::Metric;

/// Bootstrap samples.
const RESAMPLES: usize = 1000;

/// The temperature that gives the lowest negative log likelihood (Guo et al., ICML 2017), between 1/20 and 20.
pub fn temperature(scores: &Scores) -> f32 {
    let ratio = (5_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.05_f64.ln(), 20_f64.ln());
    for _ in 0..60 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if scores.loss(a.exp() as f32) < scores.loss(b.exp() as f32) {
            high = b;
        } else {
            low = a;
        }
    }
    f64::midpoint(low, high).exp() as f32
}

/// The highest score at which at least `sensitivity` of the positives are called (score ≥ threshold).
pub fn threshold_at_sensitivity(scores: &[f32], positive: &[bool], sensitivity: f64) -> Option<f32> {
    let mut called: Vec<f32> = scores.iter().zip(positive).filter(|(_, y)| **y).map(|(s, _)| *s).collect();
    called.sort_by(|a, b| b.total_cmp(a));
    // The small allowance keeps 0.96 × 50 from becoming 49 by rounding.
    let needed = (sensitivity * called.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    called.get(needed - 1).copied()
}

/// The score with the highest sensitivity + specificity − 1 (Youden 1950).
pub fn threshold_of_youden(scores: &[f32], positive: &[bool]) -> Option<f32> {
    let p = positive.iter().filter(|&&y| y).count() as f64;
    let n = positive.len() as f64 - p;
    if p == 0.0 || n == 0.0 {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let (mut hits, mut alarms, mut best) = (0.0, 0.0, (f64::NEG_INFINITY, None));
    for (place, &i) in order.iter().enumerate() {
        if positive[i] {
            hits += 1.0
        } else {
            alarms += 1.0
        }
        let tied = order.get(place + 1).is_some_and(|&j| scores[j] == scores[i]);
        let index = hits / p - alarms / n;
        if !tied && index > best.0 {
            // Half-way to the next score below: the cut lies between images, not on one.
            let below = order.get(place + 1).map_or(scores[i], |&j| scores[j]);
            best = (index, Some(f32::midpoint(scores[i], below)));
        }
    }
    best.1
}

/// Temperature, thresholds and figures of a model.
#[derive(Clone, Debug)]
pub struct Finish {
    pub temperature: f32,
    /// Threshold of each label, then of each group, in the configuration's order.
    pub thresholds: Vec<f32>,
    pub metrics: Vec<Metric>,
}

/// Chooses temperature and thresholds on `scores` and measures the result; `patients` names each image's patient.
pub fn finish(config: &Config, scores: &Scores, patients: &[&str]) -> Finish {
    let temperature = temperature(scores);
    let probabilities = scores.probabilities(temperature);
    let mut thresholds = Vec::new();
    let mut questions = Vec::new();
    for (i, (name, members)) in targets(config).into_iter().enumerate() {
        let values = summed(&probabilities, &members);
        let positive: Vec<bool> = scores.labels.iter().map(|k| members.contains(k)).collect();
        let group = i.checked_sub(config.labels.len());
        let threshold = if let Some(g) = group {
            threshold_at_sensitivity(&values, &positive, config.thresholds.group_sensitivity)
                .unwrap_or(config.groups[g].threshold)
        } else {
            let youden = if config.thresholds.youden { threshold_of_youden(&values, &positive) } else { None };
            youden.unwrap_or(config.labels[i].threshold)
        };
        thresholds.push(threshold);
        questions.push(Question { name, values, positive, threshold, operating: group.is_some() });
    }
    let right: Vec<bool> = probabilities
        .iter()
        .zip(&scores.labels)
        .map(|(p, &k)| p.iter().enumerate().all(|(j, v)| j == k || *v < p[k]))
        .collect();
    Finish { temperature, thresholds, metrics: metrics(config, &questions, &right, patients) }
}

/// A label or group with the score and truth of each image.
struct Question {
    name: String,
    values: Vec<f32>,
    positive: Vec<bool>,
    threshold: f32,
    /// Whether figures at the threshold are wanted.
    operating: bool,
}

impl Question {
    /// Names and values of the figures on the images `chosen`.
    fn figures(&self, chosen: &[usize]) -> Vec<(&'static str, f64)> {
        let values: Vec<f32> = chosen.iter().map(|&i| self.values[i]).collect();
        let positive: Vec<bool> = chosen.iter().map(|&i| self.positive[i]).collect();
        let mut figures = vec![("auroc", auroc(&values, &positive))];
        if self.operating {
            let count = |called: bool, truth: bool| {
                values.iter().zip(&positive).filter(|(v, y)| (**v >= self.threshold) == called && **y == truth).count()
                    as f64
            };
            let (tp, tn, fp, fn_) = (count(true, true), count(false, false), count(true, false), count(false, true));
            figures.push(("accuracy", (tp + tn) / chosen.len().max(1) as f64));
            figures.push(("sensitivity", tp / (tp + fn_)));
            figures.push(("specificity", tn / (tn + fp)));
        }
        figures
    }
}

/// Every figure with its 95 % interval from a bootstrap over patients.
fn metrics(config: &Config, questions: &[Question], right: &[bool], patients: &[&str]) -> Vec<Metric> {
    let mut images: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, patient) in patients.iter().enumerate() {
        images.entry(patient).or_default().push(i);
    }
    let clusters: Vec<Vec<usize>> = images.into_values().collect();
    let figures = |chosen: &[usize]| -> Vec<(String, &'static str, f64)> {
        let accuracy = chosen.iter().filter(|&&i| right[i]).count() as f64 / chosen.len().max(1) as f64;
        let mut all = vec![("all labels".to_owned(), "accuracy", accuracy)];
        for q in questions {
            all.extend(q.figures(chosen).into_iter().map(|(name, value)| (q.name.clone(), name, value)));
        }
        all
    };
    let whole = figures(&(0..right.len()).collect::<Vec<_>>());
    let mut drawn: Vec<Vec<f64>> = vec![Vec::with_capacity(RESAMPLES); whole.len()];
    for sample in 0..RESAMPLES {
        let mut rng = stream(config.seed, Purpose::Bootstrap, 0, sample);
        let chosen: Vec<usize> =
            (0..clusters.len()).flat_map(|_| &clusters[rng.random_range(0..clusters.len())]).copied().collect();
        for (values, (_, _, value)) in drawn.iter_mut().zip(figures(&chosen)) {
            if value.is_finite() {
                values.push(value);
            }
        }
    }
    let on = format!("validation, {} images of {} patients", right.len(), clusters.len());
    let quantile = |values: &[f64], q: f64| values[(q * (values.len() - 1) as f64).round() as usize] as f32;
    whole
        .into_iter()
        .zip(&mut drawn)
        .filter(|((_, _, value), values)| value.is_finite() && !values.is_empty())
        .map(|((target, name, value), values)| {
            values.sort_by(f64::total_cmp);
            Metric {
                target,
                name: name.to_owned(),
                value: value as f32,
                low: quantile(values, 0.025),
                high: quantile(values, 0.975),
                on: on.clone(),
            }
        })
        .collect()
}
