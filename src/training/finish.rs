//! From a trained network to a usable model: temperature, operating thresholds, and figures with intervals.
//!
//! All of it is chosen on validation, so the figures flatter a little; the card says so. The network is that of the stored weights,
//! as it is loaded for use, and the figures are those of a [`Judgement`]: `evaluate` on the same images finds every one of them again.

use candle_core::Device;

use super::Result;
use super::config::Config;
use super::dataset::Dataset;
use super::predict;
use super::produce::draft;
use crate::evaluation::judgement::{Judgement, Question, TargetJudgement};
use crate::evaluation::predictions::{Known, Predictions};
use crate::evaluation::{scoring, temperature, thresholds};
use crate::network::Network;
use crate::network::manifest::{Head, Manifest, Metric};
use crate::uncertainty::readout::Readout;

/// Temperature, thresholds and figures of a model.
#[derive(Clone, Debug)]
pub struct Finish {
    pub temperature: f32,
    /// Threshold of each label, then of each group, in the configuration's order.
    pub thresholds: Vec<f32>,
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

impl Finish {
    /// Of a model about which nothing has been chosen yet: thresholds as the configuration gives them.
    pub fn none(config: &Config) -> Self {
        let labels = config.labels.iter().map(|l| l.threshold);
        let thresholds = labels.chain(config.groups.iter().map(|g| g.threshold)).collect();
        Self { temperature: 1.0, thresholds, overall: Vec::new(), metrics: Vec::new() }
    }
}

/// Chooses temperature and thresholds of `network` on the samples `validation`, and measures the result there.
pub fn finish(
    config: &Config,
    network: &Network,
    dataset: &Dataset,
    validation: &[usize],
    device: &Device,
) -> Result<Finish> {
    let mut finish = Finish::none(config);
    let mut manifest = draft(config, &finish);
    let mut set = predict::with(network, &manifest, config, dataset, validation, device)?;
    if let Ok(fitted) = temperature::fit(&set, &Readout::new(&manifest).groups) {
        finish.temperature = fitted as f32;
        manifest = draft(config, &finish);
        predict::reread(&mut set, &manifest);
    }
    for (target, threshold) in finish.thresholds.iter_mut().enumerate() {
        *threshold = chosen(config, target, &set.known(target)).unwrap_or(*threshold);
    }
    manifest = draft(config, &finish);
    predict::reread(&mut set, &manifest);
    measure(&mut finish, &manifest, &set);
    Ok(finish)
}

/// The threshold of label or group number `target`, where the images allow one.
fn chosen(config: &Config, target: usize, known: &Known) -> Option<f32> {
    let (scores, positive) = (&known.scores, &known.positive);
    let wanted = &config.thresholds;
    let chosen = if target >= config.labels.len() {
        thresholds::at_sensitivity(scores, positive, wanted.group_sensitivity)
    } else if let Some(sensitivity) = wanted.label_sensitivity {
        thresholds::at_sensitivity(scores, positive, sensitivity)
    } else if wanted.youden {
        thresholds::youden(scores, positive)
    } else {
        None
    };
    chosen.map(|t| thresholds::stored(t, scores))
}

/// Adds the figures on `set`, which are those that can be computed there.
fn measure(finish: &mut Finish, manifest: &Manifest, set: &Predictions) {
    let thresholds = scoring::targets(manifest).1;
    let judged = Judgement::of(set, &Question { thresholds: &thresholds, ..Question::default() });
    let on = format!("validation, {} images of {} patients", judged.n, judged.patients);
    for target in &judged.targets {
        for name in figures(manifest.head, target) {
            let estimate = target.figure(name);
            if let (Some(value), Some(low), Some(high)) = (estimate.0, estimate.1, estimate.2) {
                let [value, low, high] = [value, low, high].map(|v| v as f32);
                let (target, name, on) = (target.name.clone(), (*name).to_owned(), on.clone());
                finish.metrics.push(Metric { target, name, value, low, high, on });
            }
        }
    }
    let whole = match manifest.head {
        Head::Softmax => "highest class",
        Head::Sigmoid => "all labels",
    };
    for (target, name, figure) in [(whole, "accuracy", "accuracy"), ("mean of the labels", "auroc", "macro auroc")] {
        let estimate = judged.figure(figure);
        if let (Some(value), Some(low), Some(high)) = (estimate.0, estimate.1, estimate.2) {
            finish.overall.push(Overall { target, name, value, low, high });
        }
    }
}

/// The figures of a target that the manifest states. Of exclusive classes the highest is called, and the threshold of a single one is a
/// reading aid.
fn figures(head: Head, target: &TargetJudgement) -> &'static [&'static str] {
    if head == Head::Softmax && !target.group {
        &["auroc"]
    } else {
        &["auroc", "accuracy", "sensitivity", "specificity"]
    }
}
