//! The card of a model that was made, to be completed by hand.

use std::fmt::Write as _;

use serde::Serialize;

use crate::model::manifest::Manifest;
use crate::training::config::{Config, LossKind};
use crate::training::data::split::calibration_part::CalibrationPart;
use crate::training::optim::optimizer::Rule;

/// How many images and patients took part.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RunExtent {
    pub training_images: usize,
    pub validation_images: usize,
    pub training_patients: usize,
    pub validation_patients: usize,
    /// Epoch that the weights are of, from 1.
    pub epoch: usize,
}

/// A metric of the model as a whole, with its 95 % interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OverallMetric {
    pub target: &'static str,
    pub name: &'static str,
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// The text of the card; `weights` is the number of values that were learnt.
pub(super) fn card(
    config: &Config,
    manifest: &Manifest,
    overall: &[OverallMetric],
    weights: usize,
    extent: RunExtent,
    calibration: &CalibrationPart<'_>,
) -> String {
    let mut s = String::new();
    let _ = writeln!(
        s,
        "# {}\n\n{}\n\n**Not a medical device.** For research and teaching.\n",
        config.name, config.description
    );
    let _ = writeln!(s, "## Data\n\n{}\n\nPopulation: {}\n", config.provenance.data, config.provenance.population);
    let _ = writeln!(
        s,
        "Split by patient: {} images of {} patients for training, {} images of {} patients for validation.\n",
        extent.training_images, extent.training_patients, extent.validation_images, extent.validation_patients
    );
    let phases: Vec<String> = config.phases.iter().map(|p| format!("{} epochs at {}²", p.epochs, p.size)).collect();
    let o = &config.optimization;
    let _ = writeln!(
        s,
        "## Procedure\n\n{weights} trained values; {}; {:?}{}, {:?}, peak learning rate {}, {:?} schedule, weight decay {}, \
         batch {}, label smoothing {}, dropout {}, averaged weights (decay {}), seed {}. The weights are those of epoch {}.\n",
        phases.join(", "),
        o.loss,
        if o.loss == LossKind::Focal { format!(" loss (γ {})", o.focal_gamma) } else { String::new() },
        Rule::of(o),
        o.learning_rate,
        o.schedule,
        o.weight_decay,
        o.batch,
        o.label_smoothing,
        config.architecture.dropout,
        o.average_decay,
        config.seed,
        extent.epoch
    );
    let _ = writeln!(
        s,
        "Temperature {:.3} and thresholds were chosen on validation, so its metrics flatter a little.\n\n{}\n",
        manifest.temperature,
        calibration.in_words()
    );
    let _ = writeln!(s, "## Metrics\n\n| on | target | metric | value | 95 % interval |\n|---|---|---|---|---|");
    for m in &manifest.metrics {
        let _ =
            writeln!(s, "| {} | {} | {} | {:.3} | {:.3}–{:.3} |", m.on, m.target, m.title(), m.value, m.low, m.high);
    }
    for m in overall {
        let _ = writeln!(s, "| validation | {} | {} | {:.3} | {:.3}–{:.3} |", m.target, m.name, m.value, m.low, m.high);
    }
    s.push_str("\nIntervals are by patient: of shares Wilson's, of areas a bootstrap of 1,000 samples.\n\n## Never validated for\n\n");
    for limit in &config.limits {
        let _ = writeln!(s, "- {limit}");
    }
    s.push_str("\n## Known failures\n\n");
    s
}
