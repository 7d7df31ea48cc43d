//! From a trained network to a usable model: temperature, operating thresholds, and metrics with
//! intervals.
//!
//! All of it is chosen on validation, so the metrics flatter a little; the card says so. The
//! network is that of the stored weights, as it is loaded for use, and the metrics are those of an
//! [`Evaluation`]: `evaluate` on the same images finds every one of them again.

use candle_core::Device;

use super::card::OverallMetric;
use super::predict;
use crate::evaluation::performance::{Evaluation, EvaluationRequest, TargetEvaluation};
use crate::evaluation::predictions::{Known, Predictions};
use crate::evaluation::{scoring, temperature, thresholds};
use crate::model::manifest::{Head, Manifest, Metric};
use crate::model::output_head::OutputHead;
use crate::network::Network;
use crate::training::Result;
use crate::training::config::Config;
use crate::training::config::manifest::{OperatingPoint, draft};
use crate::training::data::dataset::Dataset;

/// What a run leaves beside the weights.
#[derive(Clone, Debug)]
pub(super) struct Finish {
    pub point: OperatingPoint,
    /// Metrics of the model over all labels.
    pub overall: Vec<OverallMetric>,
}

/// Chooses temperature and thresholds of `network` on the samples `validation`, and measures the
/// result there.
pub(super) fn finish(
    config: &Config,
    network: &Network,
    dataset: &Dataset,
    validation: &[usize],
    device: &Device,
) -> Result<Finish> {
    let mut finish = Finish { point: OperatingPoint::unset(config), overall: Vec::new() };
    let mut manifest = draft(config, &finish.point);
    let mut set = predict::with(network, &manifest, config, dataset, validation, device)?;
    if let Ok(fitted) = temperature::fit(&set, &OutputHead::new(&manifest).groups) {
        finish.point.temperature = fitted as f32;
        manifest = draft(config, &finish.point);
        predict::reread(&mut set, &manifest);
    }
    for (target, threshold) in finish.point.thresholds.iter_mut().enumerate() {
        *threshold = chosen(config, target, &set.known(target)).unwrap_or(*threshold);
    }
    manifest = draft(config, &finish.point);
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

/// Adds the metrics on `set`, which are those that can be computed there.
fn measure(finish: &mut Finish, manifest: &Manifest, set: &Predictions) {
    let thresholds = scoring::targets(manifest).1;
    let judged = Evaluation::of(set, &EvaluationRequest { thresholds: &thresholds, ..EvaluationRequest::default() });
    let on = format!("validation, {} images of {} patients", judged.n, judged.patients);
    for target in &judged.targets {
        for name in figures(manifest.head, target) {
            let estimate = target.metric(name);
            if let (Some(value), Some(low), Some(high)) = (estimate.0, estimate.1, estimate.2) {
                let [value, low, high] = [value, low, high].map(|v| v as f32);
                let (target, name, on) = (target.name.clone(), (*name).to_owned(), on.clone());
                finish.point.metrics.push(Metric { target, name, value, low, high, on });
            }
        }
    }
    let whole = match manifest.head {
        Head::Softmax => "highest class",
        Head::Sigmoid => "all labels",
    };
    for (target, name, figure) in [(whole, "accuracy", "accuracy"), ("mean of the labels", "auroc", "macro auroc")] {
        let estimate = judged.metric(figure);
        if let (Some(value), Some(low), Some(high)) = (estimate.0, estimate.1, estimate.2) {
            finish.overall.push(OverallMetric { target, name, value, low, high });
        }
    }
}

/// The metrics of a target that the manifest states. Of exclusive classes the highest is called,
/// and the threshold of a single one is a reading aid.
fn figures(head: Head, target: &TargetEvaluation) -> &'static [&'static str] {
    if head == Head::Softmax && !target.group {
        &["auroc"]
    } else {
        &["auroc", "accuracy", "sensitivity", "specificity"]
    }
}
