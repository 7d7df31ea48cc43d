//! The manifest of the model that a configuration makes: what the configuration says of it, and
//! what a run chose and measured.

use super::Config;
use crate::model::manifest::{Manifest, ManifestError, Metric, Training};

/// What a run chooses about a model on validation images, and measures there.
#[derive(Clone, Debug)]
pub struct OperatingPoint {
    /// Divides the logits.
    pub temperature: f32,
    /// Threshold of each label, then of each group, in the configuration's order.
    pub thresholds: Vec<f32>,
    /// Metrics of each label and group.
    pub metrics: Vec<Metric>,
}

impl OperatingPoint {
    /// Of a model about which nothing has been chosen yet: thresholds as the configuration gives
    /// them.
    #[must_use]
    pub fn unset(config: &Config) -> Self {
        let labels = config.labels.iter().map(|l| l.threshold);
        let thresholds = labels.chain(config.groups.iter().map(|g| g.threshold)).collect();
        Self { temperature: 1.0, thresholds, metrics: Vec::new() }
    }
}

/// Whether the configuration will make a manifest that is fit to be written: better known before a
/// long run than after.
///
/// # Errors
/// What is wrong with the manifest.
pub fn rehearse(config: &Config) -> Result<(), ManifestError> {
    draft(config, &OperatingPoint::unset(config)).to_toml().map(drop)
}

/// The manifest of a model that is not written yet.
#[must_use]
pub fn draft(config: &Config, point: &OperatingPoint) -> Manifest {
    manifest(config, point, 1, "0".repeat(64))
}

/// The manifest of a model that learned from so many images and has these weights.
#[must_use]
pub fn manifest(config: &Config, point: &OperatingPoint, images: usize, weights_sha256: String) -> Manifest {
    let mut labels = config.labels.clone();
    let mut groups = config.groups.clone();
    let (label_thresholds, group_thresholds) = point.thresholds.split_at(labels.len());
    for (label, t) in labels.iter_mut().zip(label_thresholds) {
        label.threshold = *t;
    }
    for (group, t) in groups.iter_mut().zip(group_thresholds) {
        group.threshold = *t;
    }
    Manifest {
        name: config.name.clone(),
        version: config.version.clone(),
        description: config.description.clone(),
        licence: config.licence.clone(),
        architecture: config.architecture.clone(),
        head: config.head,
        input: config.input.clone(),
        labels,
        groups,
        target_layer: config.target_layer.clone(),
        temperature: point.temperature,
        weights_sha256,
        gate: None,
        fits: config.fits.clone(),
        population: config.population.clone(),
        training: Training {
            data: config.provenance.data.clone(),
            population: config.provenance.population.clone(),
            images,
            date: chrono::Utc::now().format("%Y-%m-%d").to_string(),
        },
        metrics: point.metrics.clone(),
        suggestions: config.suggestions.clone(),
        limits: config.limits.clone(),
        source: None,
        named_target: None,
    }
}
