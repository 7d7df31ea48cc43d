//! Writes a model folder: `weights.safetensors`, `manifest.toml`, `calibration.toml`, and a `CARD.md` to be completed by hand.

use std::fmt::Write;
use std::path::Path;

use candle_core::Device;
use sha2::{Digest, Sha256};

use super::checkpoint::{hex, stored, write_whole};
use super::config::{Config, LossKind};
use super::dataset::Dataset;
use super::finish::{Finish, Overall};
use super::gate::spec_of;
use super::parameters::{Parameters, Values};
use super::predict::predict;
use super::{Error, Result};
use crate::evaluation::calibrate::{self, Role};
use crate::files::read_regular;
use crate::limits;
use crate::network::manifest::{GateSpec, Manifest, Training};
use crate::network::registry::{self, GATE};
use crate::uncertainty::calibration;

/// How many images and patients took part.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    pub training_images: usize,
    pub validation_images: usize,
    pub training_patients: usize,
    pub validation_patients: usize,
    /// Epoch that the weights are of, from 1.
    pub epoch: usize,
}

/// Writes the model of `values` into `folder`; an existing card is kept.
pub fn write(
    folder: &Path,
    config: &Config,
    parameters: &Parameters,
    values: &Values,
    finish: &Finish,
    extent: Extent,
) -> Result<Manifest> {
    let tensors: Vec<_> =
        parameters.iter().zip(values).map(|(p, v)| (p.name.clone(), p.var.dims().to_vec(), v.as_slice())).collect();
    let weights_path = folder.join("weights.safetensors");
    let weights = stored(&tensors, None, config.precision)
        .map_err(|reason| Error::Write { path: weights_path.clone(), reason })?;
    let mut manifest = manifest(config, finish, extent.training_images, hex(&Sha256::digest(&weights)));
    manifest.gate = kept_gate(folder);
    let text = manifest.to_toml().map_err(|e| Error::Manifest(e.to_string()))?;
    write_whole(&weights_path, &weights)?;
    write_whole(&folder.join("manifest.toml"), text.as_bytes())?;
    let card_path = folder.join("CARD.md");
    if !card_path.exists() {
        write_whole(
            &card_path,
            card(config, &manifest, &finish.overall, parameters.trained_values(), extent).as_bytes(),
        )?;
    }
    Ok(manifest)
}

/// Leaves beside the manifest what the images `validation` say about the probabilities of the model in `folder`, which was
/// trained by `config`; a model without it is as usable.
pub fn calibrate(
    folder: &Path,
    config: &Config,
    dataset: &Dataset,
    validation: &[usize],
    device: &Device,
) -> Result<()> {
    let set = predict(folder, config, dataset, validation, device)?;
    let manifest = registry::manifest(&folder.to_string_lossy()).map_err(|e| Error::Model(Box::new(e)))?;
    let name = format!("validation part of the training of {}", manifest.name);
    let made = calibrate::calibrate(&manifest, &set, &name, Role::Validation, &manifest.training.date);
    let path = folder.join(calibration::FILE);
    let text = made.to_toml().map_err(|e| Error::Write { path: path.clone(), reason: e.to_string() })?;
    write_whole(&path, text.as_bytes())
}

/// The gate that lies in the model's folder: its training is independent of the weights'.
fn kept_gate(folder: &Path) -> Option<GateSpec> {
    spec_of(&read_regular(&folder.join(GATE), limits::GATE_BYTES).ok()?).ok()
}

/// Whether the configuration will make a manifest that is fit to be written: better known before a long run than after.
pub fn rehearse(config: &Config) -> std::result::Result<(), String> {
    let finish = Finish {
        temperature: 1.0,
        thresholds: vec![0.5; config.labels.len() + config.groups.len()],
        overall: Vec::new(),
        metrics: Vec::new(),
    };
    manifest(config, &finish, 1, "0".repeat(64)).to_toml().map(drop).map_err(|e| e.to_string())
}

fn manifest(config: &Config, finish: &Finish, images: usize, weights_sha256: String) -> Manifest {
    let mut labels = config.labels.clone();
    let mut groups = config.groups.clone();
    let (label_thresholds, group_thresholds) = finish.thresholds.split_at(labels.len());
    for (label, t) in labels.iter_mut().zip(label_thresholds) {
        label.threshold = *t as f32;
    }
    for (group, t) in groups.iter_mut().zip(group_thresholds) {
        group.threshold = *t as f32;
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
        temperature: finish.temperature as f32,
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
        metrics: finish.metrics.clone(),
        suggestions: config.suggestions.clone(),
        limits: config.limits.clone(),
        named_target: None,
    }
}

fn card(config: &Config, manifest: &Manifest, overall: &[Overall], weights: usize, extent: Extent) -> String {
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
        o.rule(),
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
        "Temperature {:.3} and thresholds were chosen on validation, so its figures flatter a little. The same images are the calibration set of \
         conformal states and reliability diagram (`calibration.toml`).\n",
        manifest.temperature
    );
    let _ = writeln!(s, "## Figures\n\n| on | target | figure | value | 95 % interval |\n|---|---|---|---|---|");
    for m in &manifest.metrics {
        let _ = writeln!(s, "| {} | {} | {} | {:.3} | {:.3}–{:.3} |", m.on, m.target, m.name, m.value, m.low, m.high);
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
