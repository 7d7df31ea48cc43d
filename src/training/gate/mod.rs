//! Training of the input gate ([`crate::uncertainty::gate`]).
//!
//! Positives are the images that the model was trained on, in many [`views`], and for a model of chest films
//! phantoms of both ages; what is to be refused are the same images turned, inverted and in pieces, pictures of another kind,
//! and [synthetic](negatives) ones; [lossy] copies are among all of them. After the last epoch the features of the training images
//! give mean and precision, and the validation images, of other patients and unlike those of training, give the distance and the
//! threshold. [`judge`] then measures the gate on what it has not seen.

pub mod data;
pub mod judge;
pub mod negatives;
pub mod views;

mod bones;
mod lookalikes;
mod lossy;
mod screens;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use candle_nn::VarMap;
use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use self::data::Examples;
use self::judge::HeldOutKind;
use crate::files::read_text;
use crate::imaging::Plane;
use crate::limits;
use crate::network::architecture::Architecture;
use crate::network::manifest::{GateSpec, Manifest};
use crate::network::preprocess::to_input;
use crate::network::registry::GATE;
use crate::network::{Mode, Network};
use crate::training::checkpoint::{hex, to_safetensors, write_whole};
use crate::training::dataset::Picture;
use crate::training::loss::Objective;
use crate::training::optimizer::{Optimizer, Rule};
use crate::training::parameters::{Parameters, average};
use crate::training::random::{Purpose, stream};
use crate::training::{Error, Result};
use crate::uncertainty::gate::{Gate, GateError, GateSettings, HEADER, SEEN, Seen, input_of, probe};

/// `CONFIG.toml` of `pellucid train-gate`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateConfig {
    pub seed: u64,
    /// What is let through, in words.
    pub asks: String,
    /// Folders of images to be let through, relative to the data folder.
    pub wanted: Vec<PathBuf>,
    /// Folders of pictures of another kind.
    pub others: Vec<PathBuf>,
    /// A few files or folders of further kinds, DICOM too; drawn as often as all of `others`, and in training only.
    #[serde(default)]
    pub rare: Vec<PathBuf>,
    /// Patterns whose first group is the patient; a name that none matches is a patient of its own.
    #[serde(default)]
    pub patient: Vec<String>,
    /// Share of the patients that validate.
    pub validation: f64,
    /// Phantoms of the chest of each age that are let through too; 0 for none.
    #[serde(default)]
    pub phantoms: usize,
    /// Whether synthetic slices to be refused may be of the head.
    #[serde(default = "yes")]
    pub synthetic_heads: bool,
    pub side: usize,
    pub architecture: Architecture,
    pub epochs: usize,
    pub images_per_epoch: usize,
    pub batch: usize,
    pub learning_rate: f64,
    pub weight_decay: f64,
    /// Part of any kind of validation image to be refused that may pass at the threshold.
    pub may_pass: f64,
    /// Folders that the gate is judged on and learns nothing from.
    #[serde(default)]
    pub held_out: Vec<HeldOutKind>,
}

/// Share of wanted images in colour up to which the kind is grey.
const RARELY: f64 = 0.01;
/// Share of sharp steps that a page of letters has at least, with some room.
const LETTERS: f32 = 0.05;

fn yes() -> bool {
    true
}

impl GateConfig {
    /// Reads a configuration.
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |reason: String| Error::Config { path: path.into(), reason };
        let text = read_text(path, limits::CONFIGURATION_BYTES)
            .map_err(|error| Error::Read { path: path.into(), source: error.into() })?;
        let config: Self = toml::from_str(&text).map_err(|e| refuse(e.to_string()))?;
        config.architecture.check().map_err(|error| refuse(error.to_string()))?;
        let most = [
            ("side", config.side, 512),
            ("epochs", config.epochs, limits::EPOCHS),
            ("images_per_epoch", config.images_per_epoch, limits::ARRAY_IMAGES),
            ("batch", config.batch, limits::BATCH),
            ("phantoms", config.phantoms, limits::EPOCHS),
            ("patient", config.patient.len(), limits::PATTERNS),
        ];
        if let Some((name, found, most)) = most.into_iter().find(|(_, found, most)| found > most) {
            return Err(refuse(format!("`{name}` is {found}; it may be {most} at most")));
        }
        let counts = [config.epochs, config.images_per_epoch, config.batch];
        if counts.contains(&0) || !(0.01..0.9).contains(&config.validation) || !(0.0..0.5).contains(&config.may_pass) {
            return Err(refuse(
                "epochs, images_per_epoch and batch must be above 0, validation 0.01–0.9, may_pass below 0.5".into(),
            ));
        }
        Ok(config)
    }
}

/// How training goes on.
pub enum GateEvent {
    Loaded { wanted: usize, validation: usize, others: usize },
    Epoch { epoch: usize, epochs: usize, loss: f64, images_per_second: f64 },
    Warning(String),
}

/// A trained gate.
pub struct GateOutcome {
    pub settings: GateSettings,
    pub bytes: Vec<u8>,
}

/// What a training begins with.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// Random weights.
    Nothing,
    /// The weights of this gate file.
    Weights(&'a Path),
    /// The weights of this gate file, which stay: only distance and threshold are settled again.
    Settle(&'a Path),
}

/// Trains a gate on examples.
pub fn train(
    config: &GateConfig,
    examples: &Examples,
    start: Start,
    observer: &dyn Fn(GateEvent),
) -> Result<GateOutcome> {
    let device = Device::Cpu;
    let vars = VarMap::new();
    let network = config.architecture.trainable(1, SEEN.len(), &vars, &device, config.seed)?;
    let parameters = Parameters::new(&vars);
    if let Start::Weights(path) | Start::Settle(path) = start {
        parameters.take_from(&candle_core::safetensors::load(path, &device)?)?;
    }
    if let Start::Settle(_) = start {
        return finish(config, examples, &network, &parameters);
    }
    let mut optimizer = Optimizer::new(&parameters, Rule::AdamW, config.weight_decay, 5.0);
    let mut running = parameters.values()?;
    let steps = (config.images_per_epoch / config.batch).max(1);
    let all = (steps * config.epochs) as f64;
    let objective = Objective::cross_entropy(vec![1.0; SEEN.len()], 0.02);
    for epoch in 0..config.epochs {
        let started = std::time::Instant::now();
        let mut sum = 0.0;
        for step in 0..steps {
            let (x, targets) = batch(config, examples, epoch, step, &device)?;
            let pass = network.record(0, &x, Mode::Training { seed: (epoch * steps + step) as u64 }, false)?;
            let loss = objective.loss(&pass.logits, &targets)?;
            let value = loss.value;
            let done = (epoch * steps + step) as f64;
            if !value.is_finite() {
                let kept = "nothing".to_owned();
                return Err(Error::Diverged { loss: value, step: done as u64, epoch, kept });
            }
            let warm = ((done + 1.0) / 60.0).min(1.0);
            let rate = config.learning_rate * warm * 0.5 * (1.0 + (std::f64::consts::PI * done / all).cos());
            optimizer.step(&parameters, &pass.back(&loss.gradient)?, &|_| Some(rate))?;
            average(&mut running, &parameters, 0.995, (epoch * steps + step) as u64 + 1)?;
            sum += f64::from(value);
        }
        observer(GateEvent::Epoch {
            epoch: epoch + 1,
            epochs: config.epochs,
            loss: sum / steps as f64,
            images_per_second: (steps * config.batch) as f64 / started.elapsed().as_secs_f64(),
        });
    }
    parameters.assign(&running)?;
    finish(config, examples, &network, &parameters)
}

/// Images and one-hot targets of a step.
fn batch(
    config: &GateConfig,
    examples: &Examples,
    epoch: usize,
    step: usize,
    device: &Device,
) -> Result<(Tensor, Vec<f32>)> {
    let (side, n) = (config.side, config.batch);
    let input = input_of(side);
    let made: Vec<(Vec<f32>, Seen)> = (0..n)
        .into_par_iter()
        .map(|i| {
            let mut rng = stream(config.seed, Purpose::Augment, epoch, step * n + i);
            let source = examples.source(&mut rng);
            let plane = examples.draw(source, false, side, &mut rng);
            (to_input(&plane, &input, (0.0, 1.0)).values, source.seen())
        })
        .collect();
    let mut pixels = Vec::with_capacity(n * side * side);
    let mut targets = vec![0.0f32; n * SEEN.len()];
    for (i, (values, seen)) in made.into_iter().enumerate() {
        pixels.extend(values);
        targets[i * SEEN.len() + SEEN.iter().position(|s| *s == seen).unwrap_or(0)] = 1.0;
    }
    Ok((Tensor::from_vec(pixels, (n, 1, side, side), device)?, targets))
}

/// Probability of what is wanted, and features, of images in batches.
fn measure(network: &Network, side: usize, planes: &[Plane]) -> Result<(Vec<f32>, Vec<Vec<f32>>)> {
    let (mut wanted, mut features) = (Vec::new(), Vec::new());
    for chunk in planes.chunks(64) {
        let input = input_of(side);
        let pixels: Vec<f32> = chunk.iter().flat_map(|p| to_input(p, &input, (0.0, 1.0)).values).collect();
        let x = Tensor::from_vec(pixels, (chunk.len(), 1, side, side), &Device::Cpu)?;
        let (seen, rows) = probe(network, &x)?;
        wanted.extend(seen.iter().map(|s| s[0]));
        features.extend(rows);
    }
    Ok((wanted, features))
}

fn finish(config: &GateConfig, examples: &Examples, network: &Network, parameters: &Parameters) -> Result<GateOutcome> {
    let side = config.side;
    let learnt = examples.accepted(false, side, config.seed);
    let (_, features) = measure(network, side, &learnt)?;
    let (mean, precision) = gaussian(&features);
    let held_out = examples.accepted(true, side, config.seed + 1);
    let (_, features) = measure(network, side, &held_out)?;
    let mut distances: Vec<f32> = features.iter().map(|f| distance(f, &mean, &precision)).collect();
    distances.sort_by(f32::total_cmp);
    // Wide, because images of other machines and ages lie farther out than the validation images.
    let middle = 1.5 * quantile(&distances, 0.995);
    let mut settings = GateSettings {
        asks: config.asks.clone(),
        population: String::new(),
        ages: None,
        architecture: config.architecture.clone(),
        side,
        threshold: 0.5,
        distance: middle,
        slope: 0.08 * middle,
        colour: examples.traits.coloured > RARELY,
        // Some room for sharper machines; a kind with as many steps as a page of letters has is not told apart by them.
        steps: Some(1.5 * examples.traits.steps).filter(|steps| *steps < LETTERS),
    };
    let familiarity = |d: f32| 1.0 / (1.0 + ((d - settings.distance) / settings.slope).exp());
    // For the same reason the threshold is as low as the kinds to be refused allow.
    let mut threshold = 0.2f32;
    for kind in examples.sources().into_iter().filter(|s| s.seen() != Seen::Wanted) {
        let (wanted, features) = measure(network, side, &examples.validation(kind, side, config.seed))?;
        let score = |(p, f): (&f32, &Vec<f32>)| p * familiarity(distance(f, &mean, &precision));
        let mut scores: Vec<f32> = wanted.iter().zip(&features).map(score).collect();
        scores.sort_by(f32::total_cmp);
        threshold = threshold.max(quantile(&scores, 1.0 - config.may_pass));
    }
    settings.threshold = threshold.min(0.5);
    let bytes = write(&settings, parameters, &mean, &precision)?;
    Ok(GateOutcome { settings, bytes })
}

/// Mean, and inverse of the covariance with a tenth of its mean diagonal added so that it can be inverted.
fn gaussian(features: &[Vec<f32>]) -> (Vec<f32>, Vec<f32>) {
    let (n, k) = (features.len().max(2), features.first().map_or(0, Vec::len));
    let mut mean = DVector::<f64>::zeros(k);
    for f in features {
        mean += DVector::from_iterator(k, f.iter().map(|v| f64::from(*v)));
    }
    mean /= n as f64;
    let mut covariance = DMatrix::<f64>::zeros(k, k);
    for f in features {
        let d = DVector::from_iterator(k, f.iter().map(|v| f64::from(*v))) - &mean;
        covariance.ger(1.0 / (n as f64 - 1.0), &d, &d, 1.0);
    }
    let ridge = 0.1 * covariance.trace() / k.max(1) as f64 + 1e-9;
    let inverse = (covariance + DMatrix::identity(k, k) * ridge).cholesky().map(|c| c.inverse());
    // A sum of squares with a ridge is positive definite; the identity stands in should rounding say otherwise.
    let inverse = inverse.unwrap_or_else(|| DMatrix::identity(k, k));
    (mean.iter().map(|v| *v as f32).collect(), inverse.iter().map(|v| *v as f32).collect())
}

/// Mahalanobis distance.
fn distance(feature: &[f32], mean: &[f32], precision: &[f32]) -> f32 {
    let d: Vec<f32> = feature.iter().zip(mean).map(|(f, m)| f - m).collect();
    let k = d.len();
    let square: f32 = (0..k).map(|i| d[i] * (0..k).map(|j| precision[i * k + j] * d[j]).sum::<f32>()).sum();
    square.max(0.0).sqrt()
}

fn quantile(sorted: &[f32], share: f64) -> f32 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((share * last as f64).floor() as usize).copied().unwrap_or(0.0)
}

fn write(settings: &GateSettings, parameters: &Parameters, mean: &[f32], precision: &[f32]) -> Result<Vec<u8>> {
    let values = parameters.values()?;
    let mut tensors: Vec<(String, Vec<usize>, &[f32])> =
        parameters.iter().zip(&values).map(|(p, v)| (p.name.clone(), p.var.dims().to_vec(), v.as_slice())).collect();
    tensors.push(("gate.mean".into(), vec![mean.len()], mean));
    tensors.push(("gate.precision".into(), vec![mean.len(), mean.len()], precision));
    let json = serde_json::to_string(settings).map_err(|e| Error::Manifest(e.to_string()))?;
    to_safetensors(&tensors, Some(HashMap::from([(HEADER.to_owned(), json)]))).map_err(Error::Manifest)
}

/// What a manifest says of a gate file.
pub fn spec_of(bytes: &[u8]) -> std::result::Result<GateSpec, GateError> {
    let gate = Gate::from_bytes(bytes, &Device::Cpu)?;
    let GateSettings { asks, population, .. } = gate.settings().clone();
    Ok(GateSpec { sha256: hex(&Sha256::digest(bytes)), asks, population })
}

/// Puts a gate file into a model folder and, when it holds a manifest, names it there.
pub fn install(bytes: &[u8], folder: &Path) -> Result<()> {
    let spec = spec_of(bytes)?;
    write_whole(&folder.join(GATE), bytes)?;
    let path = folder.join("manifest.toml");
    let text = match read_text(&path, limits::MANIFEST_BYTES).map_err(std::io::Error::from) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::Read { path, source }),
    };
    let mut manifest = Manifest::parse(&text).map_err(|e| Error::Manifest(e.to_string()))?;
    manifest.gate = Some(spec);
    let text = manifest.to_toml().map_err(|e| Error::Manifest(e.to_string()))?;
    write_whole(&path, text.as_bytes())
}

/// A member of a list.
pub(super) fn any<'a>(list: &'a [Picture], rng: &mut ChaCha8Rng) -> &'a Picture {
    &list[rng.random_range(0..list.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_nearest_and_distance_counts_in_deviations() {
        // Two independent features with deviations 1 and 10.
        let mut rng = stream(1, Purpose::Augment, 0, 0);
        let features: Vec<Vec<f32>> = (0..4000)
            .map(|_| {
                vec![3.0 + crate::training::canvas::bell(&mut rng), 10.0 * crate::training::canvas::bell(&mut rng)]
            })
            .collect();
        let (mean, precision) = gaussian(&features);
        assert!(distance(&mean, &mean, &precision) < 1e-6);
        let far = distance(&[mean[0], mean[1] + 30.0], &mean, &precision);
        // Three deviations; the ridge widens each a little.
        assert!((2.5..3.1).contains(&far), "{far}");
    }

    #[test]
    fn a_gate_file_brings_its_settings_and_refuses_noise_and_broken_settings() {
        let architecture = Architecture::compact(&[4, 6], &[1], &[2], 0.0);
        let vars = VarMap::new();
        architecture.trainable(1, SEEN.len(), &vars, &Device::Cpu, 1).unwrap();
        let parameters = Parameters::new(&vars);
        let mut settings = GateSettings {
            asks: "a frontal chest radiograph".into(),
            population: "children of 1 to 5 years".into(),
            ages: Some([1.0, 5.0]),
            architecture,
            side: 32,
            threshold: 0.0,
            distance: 5.0,
            slope: 1.0,
            colour: false,
            steps: None,
        };
        let precision: Vec<f32> = (0..36).map(|i| f32::from(u8::from(i % 7 == 0))).collect();
        let bytes = write(&settings, &parameters, &[0.0; 6], &precision).unwrap();
        assert_eq!(spec_of(&bytes).unwrap().asks, settings.asks);

        // A threshold of 0 lets everything through. The population of an older file stands in for the manifest's.
        let gate = Gate::from_bytes(&bytes, &Device::Cpu).unwrap();
        let plane = Plane { width: 80, height: 80, values: (0..6400).map(|i| i as f32).collect() };
        assert!(gate.judge(&plane, None).unwrap().accepted);
        let population = gate.population().unwrap();
        assert_eq!((population.patients.as_str(), population.ages), ("children of 1 to 5 years", Some([1.0, 5.0])));

        // A threshold of 1 refuses everything, with a reason.
        settings.threshold = 1.0;
        let strict =
            Gate::from_bytes(&write(&settings, &parameters, &[0.0; 6], &precision).unwrap(), &Device::Cpu).unwrap();
        let verdict = strict.judge(&plane, None).unwrap();
        assert!(!verdict.accepted && verdict.reason.contains("frontal chest radiograph"));

        settings.slope = 0.0;
        let broken = write(&settings, &parameters, &[0.0; 6], &precision).unwrap();
        assert!(matches!(Gate::from_bytes(&broken, &Device::Cpu), Err(GateError::Inconsistent(_))));
    }
}
