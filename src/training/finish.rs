//! From a trained network to a usable model: temperature, operating thresholds, and figures with intervals.
//!
//! All of it is chosen on validation, so the figures flatter a little; the card says so.

use super::config::Config;
use super::validation::{Scores, combined, targets};
use crate::evaluation::bootstrap::{Bootstrap, by_patient};
use crate::evaluation::{proportion, roc, temperature, thresholds};
use crate::network::manifest::{Head, Metric};

/// Temperature, thresholds and figures of a model.
#[derive(Clone, Debug)]
pub struct Finish {
    pub temperature: f64,
    /// Threshold of each label, then of each group, in the configuration's order.
    pub thresholds: Vec<f64>,
    /// Figures of the model as a whole.
    pub overall: Vec<Overall>,
    /// Figures of each label and group, for the manifest.
    pub metrics: Vec<Metric>,
}

/// A figure of the model as a whole, with its 95 % interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Overall {
    pub target: &'static str,
    pub name: &'static str,
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// Chooses temperature and thresholds on `scores` and measures the result; `patients` names each image's patient.
pub fn finish(config: &Config, scores: &Scores, patients: &[&str]) -> Finish {
    let temperature = temperature::lowest(|t| scores.loss(t));
    let probabilities = scores.probabilities(temperature);
    let mut measure = Measure::new(patients, config.seed);
    let mut thresholds = Vec::new();
    let questions: Vec<Question> = targets(config)
        .into_iter()
        .map(|(name, members)| Question {
            name,
            values: combined(config.head, &probabilities, &members),
            answers: scores.answers(&members),
        })
        .collect();
    for (i, question) in questions.iter().enumerate() {
        measure.keep(&question.name, "auroc", measure.area(question));
        let label = config.labels.get(i);
        let threshold = question.threshold(config, i);
        thresholds.push(threshold);
        if label.is_some() && config.head == Head::Softmax {
            // The highest class decides; the threshold of a single one is a reading aid.
            continue;
        }
        // Of all images that know, of the positive and of the negative ones.
        for (figure, kind) in [("accuracy", None), ("sensitivity", Some(true)), ("specificity", Some(false))] {
            measure.keep(&question.name, figure, measure.share(&question.right(threshold, kind)));
        }
    }
    let right = scores.right(temperature, &thresholds);
    let labels = &questions[..config.labels.len()];
    let area = |chosen: &[usize]| mean(labels.iter().filter_map(|q| q.auroc(chosen)));
    let whole = match config.head {
        Head::Softmax => "highest class",
        Head::Sigmoid => "all labels",
    };
    let figures = [
        (whole, "accuracy", measure.share(&right)),
        ("mean of the labels", "auroc", measure.resampled(&area).filter(|[_, low, high]| low < high)),
    ];
    let overall = figures
        .into_iter()
        .filter_map(|(target, name, estimate)| {
            let [value, low, high] = estimate?;
            Some(Overall { target, name, value, low, high })
        })
        .collect();
    Finish { temperature, thresholds, overall, metrics: measure.metrics }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Whether a label, or any of a group, is present in each image: what the model says and what is known.
struct Question {
    name: String,
    values: Vec<f64>,
    answers: Vec<Option<bool>>,
}

impl Question {
    /// Scores and answers of the images among `chosen` that know.
    fn known(&self, chosen: &[usize]) -> (Vec<f64>, Vec<bool>) {
        chosen.iter().filter_map(|&i| Some((self.values[i], self.answers[i]?))).unzip()
    }

    fn auroc(&self, chosen: &[usize]) -> Option<f64> {
        let (values, positive) = self.known(chosen);
        roc::auroc(&values, &positive)
    }

    /// Whether each image that knows, of one kind of truth or of both, is decided rightly at `threshold`.
    fn right(&self, threshold: f64, kind: Option<bool>) -> Vec<Option<f64>> {
        let decided = |(value, answer): (&f64, &Option<bool>)| {
            let truth = answer.filter(|truth| kind.is_none_or(|kind| kind == *truth))?;
            Some(f64::from(u8::from((*value >= threshold) == truth)))
        };
        self.values.iter().zip(&self.answers).map(decided).collect()
    }

    /// Threshold of label or group number `i`, chosen on all images where they allow it.
    fn threshold(&self, config: &Config, i: usize) -> f64 {
        let all: Vec<usize> = (0..self.values.len()).collect();
        let (values, positive) = self.known(&all);
        let wanted = &config.thresholds;
        let (chosen, given) = match config.labels.get(i) {
            Some(label) => {
                let chosen = match wanted.label_sensitivity {
                    Some(sensitivity) => thresholds::at_sensitivity(&values, &positive, sensitivity),
                    None if wanted.youden => thresholds::youden(&values, &positive),
                    None => None,
                };
                (chosen, label.threshold)
            }
            None => (
                thresholds::at_sensitivity(&values, &positive, wanted.group_sensitivity),
                config.groups[i - config.labels.len()].threshold,
            ),
        };
        chosen.unwrap_or(f64::from(given))
    }
}

/// A figure of some of the images.
type Statistic<'a> = dyn Fn(&[usize]) -> Option<f64> + 'a;

/// Collects figures on validation, each with its 95 % interval by patient: of shares Wilson's, of areas from a bootstrap.
struct Measure<'a> {
    patients: &'a [&'a str],
    bootstrap: Bootstrap,
    all: Vec<usize>,
    on: String,
    metrics: Vec<Metric>,
}

impl<'a> Measure<'a> {
    fn new(patients: &'a [&'a str], seed: u64) -> Self {
        let bootstrap = Bootstrap::new(patients, seed);
        let on = format!("validation, {} images of {} patients", patients.len(), bootstrap.patients());
        Self { patients, bootstrap, all: (0..patients.len()).collect(), on, metrics: Vec::new() }
    }

    /// Value, low and high of `statistic`, which is given images; `None` where it cannot be computed.
    fn resampled(&self, statistic: &Statistic) -> Option<[f64; 3]> {
        let (low, high) = self.bootstrap.interval(statistic)?;
        Some([statistic(&self.all)?, low, high])
    }

    /// The area under the ROC curve, with a width where no resample has a wrong pair.
    fn area(&self, question: &Question) -> Option<[f64; 3]> {
        let [value, low, high] = self.resampled(&|chosen| question.auroc(chosen))?;
        if low < high {
            return Some([value, low, high]);
        }
        let of = |kind: bool| {
            let own = self.all.iter().filter(|&&i| question.answers[i] == Some(kind));
            by_patient(&own.map(|&i| self.patients[i]).collect::<Vec<_>>()).len()
        };
        let (low, high) = proportion::of_pairs(value, of(true), of(false))?;
        Some([value, low, high])
    }

    /// The mean of what is known of each image.
    fn share(&self, known: &[Option<f64>]) -> Option<[f64; 3]> {
        let (values, patients): (Vec<f64>, Vec<&str>) =
            known.iter().zip(self.patients).filter_map(|(v, p)| Some(((*v)?, *p))).unzip();
        proportion::of(&values, &patients).map(|p| [p.value, p.low, p.high])
    }

    /// Adds the estimate of a figure, where there is one.
    fn keep(&mut self, target: &str, name: &str, estimate: Option<[f64; 3]>) {
        if let Some(estimate) = estimate {
            let [value, low, high] = estimate.map(|v| v as f32);
            let (target, name, on) = (target.to_owned(), name.to_owned(), self.on.clone());
            self.metrics.push(Metric { target, name, value, low, high, on });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::truth::one_hot;
    use super::*;

    #[test]
    fn the_temperature_undoes_a_known_sharpening() {
        // Of 100 images with odds 3 : 1, 75 are of the first class; the logits claim three times as much.
        let z = 3.0_f32 * 3.0_f32.ln();
        let scores = Scores {
            head: Head::Softmax,
            logits: vec![vec![z, 0.0]; 100],
            truth: (0..100).map(|i| one_hot(usize::from(i >= 75), 2)).collect(),
        };
        let temperature = temperature::lowest(|t| scores.loss(t));
        assert!((temperature - 3.0).abs() < 1e-3, "{temperature}");
    }
}
