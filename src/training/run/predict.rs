//! A finished model on images of the data set that it was trained on: what it says beside what is
//! known, as `evaluate` finds it on the files of these images.

use std::path::Path;

use candle_core::Device;

use super::validation;
use super::validation::targets;
use crate::evaluation::predictions::{Prediction, Predictions};
use crate::evaluation::scoring;
use crate::evaluation::scoring::Reader;
use crate::model::manifest::Manifest;
use crate::model::registry;
use crate::network::Network;
use crate::training::batch::recipe::BatchRecipe;
use crate::training::config::Config;
use crate::training::data::dataset::Dataset;
use crate::training::data::sample::Sample;
use crate::training::{Error, Result};

/// Runs the model in `folder` on the samples `indices`, with its own temperature and thresholds.
///
/// `config` is that of the model's training: it says how images become input.
pub(crate) fn predict(
    folder: &Path,
    config: &Config,
    dataset: &Dataset,
    indices: &[usize],
    device: &Device,
) -> Result<Predictions> {
    let model = registry::load(&folder.to_string_lossy(), device).map_err(|e| Error::Model(Box::new(e)))?;
    with(&model.network, &model.manifest, config, dataset, indices, device)
}

/// The same with a network that is loaded already; `manifest` says how its logits are read.
pub(crate) fn with(
    network: &Network,
    manifest: &Manifest,
    config: &Config,
    dataset: &Dataset,
    indices: &[usize],
    device: &Device,
) -> Result<Predictions> {
    let samples: Vec<Sample> = indices.iter().map(|&i| dataset.samples[i].clone()).collect();
    let chosen = Dataset { samples, warnings: Vec::new() };
    let recipe = BatchRecipe::of(config, &chosen, &[], config.input.width);
    let all: Vec<usize> = (0..chosen.samples.len()).collect();
    let scores = validation::score(network, &recipe, &all, manifest.head, device)?;
    let reader = Reader::of(manifest);
    let questions = targets(config);
    let answers: Vec<Vec<Option<bool>>> = questions.iter().map(|(_, members)| scores.answers(members)).collect();
    if let Some(lost) = scores.logits.iter().position(|z| z.iter().any(|v| !v.is_finite())) {
        let name = &chosen.samples[lost].name;
        let reason = format!("the model's score of {name} is not a number; lower the learning rate and train again");
        return Err(Error::Data(reason));
    }
    let rows = chosen.samples.iter().zip(&scores.logits).enumerate().map(|(i, (sample, logits))| {
        let (probability, says) = reader.read(logits);
        let known = [("age", &sample.facts.age), ("sex", &sample.facts.sex), ("view", &sample.facts.view)];
        Prediction {
            image: if sample.key.is_empty() { sample.name.clone() } else { sample.key.clone() },
            patient: sample.patient.clone(),
            truth: answers.iter().map(|a| a[i]).collect(),
            says,
            probability,
            logits: logits.iter().copied().map(f64::from).collect(),
            facts: known.iter().filter(|f| !f.1.is_empty()).map(|(k, v)| ((*k).to_owned(), (*v).clone())).collect(),
        }
    });
    Ok(Predictions { head: manifest.head, targets: scoring::targets(manifest).0, rows: rows.collect() })
}

/// Reads the logits of `set` again, with another temperature or other thresholds.
pub(crate) fn reread(set: &mut Predictions, manifest: &Manifest) {
    let reader = Reader::of(manifest);
    for row in &mut set.rows {
        let logits: Vec<f32> = row.logits.iter().map(|z| *z as f32).collect();
        (row.probability, row.says) = reader.read(&logits);
    }
}
