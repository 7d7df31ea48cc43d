//! Writes a model folder: `weights.safetensors`, `manifest.toml`, `calibration.toml`, and a
//! `CARD.md` to be completed by hand.

use std::path::Path;

use candle_core::Device;

use super::card::{RunExtent, card};
use super::finish::Finish;
use super::predict::predict;
use crate::evaluation::calibrate;
use crate::files::{read_regular, sha256};
use crate::limits;
use crate::model::manifest::{GateSpec, Manifest};
use crate::model::registry::{CARD, GATE, MANIFEST, ModelError, WEIGHTS};
use crate::model::{calibration, registry};
use crate::network::Network;
use crate::network::weights::TensorFile;
use crate::training::config::Config;
use crate::training::config::manifest::manifest;
use crate::training::data::dataset::Dataset;
use crate::training::data::split::calibration_part::CalibrationPart;
use crate::training::gate::file::spec_of;
use crate::training::optim::parameters::{Parameters, Values};
use crate::training::run_files::write_whole;
use crate::training::tensor_file::to_safetensors;
use crate::training::{Error, Result};

/// `values` as the file of weights has them.
pub(super) fn weights(config: &Config, parameters: &Parameters, values: &Values) -> Result<Vec<u8>> {
    let tensors: Vec<_> =
        parameters.iter().zip(values).map(|(p, v)| (p.name.clone(), p.var.dims().to_vec(), v.as_slice())).collect();
    to_safetensors(&tensors, None, config.precision)
        .map_err(|e| Error::Write { path: WEIGHTS.into(), reason: e.to_string() })
}

/// The network of a file of weights, as it is loaded for use.
pub(super) fn network(config: &Config, weights: &[u8], device: &Device) -> Result<Network> {
    let loaded = TensorFile::parse(weights)
        .and_then(|tensors| config.architecture.folded(config.input.channels, config.labels.len(), &tensors, device));
    let unusable = |source| ModelError::Weights { model: config.name.clone(), source };
    loaded.map_err(|e| Error::Model(Box::new(unusable(e))))
}

/// Writes the model of `weights`, of which `trained` values were learnt, into `folder`; an existing
/// card is kept.
pub(super) fn write(
    folder: &Path,
    config: &Config,
    weights: &[u8],
    trained: usize,
    finish: &Finish,
    extent: RunExtent,
    calibration: &CalibrationPart<'_>,
) -> Result<Manifest> {
    let mut manifest = manifest(config, &finish.point, extent.training_images, sha256(weights));
    manifest.gate = kept_gate(folder);
    let text = manifest.to_toml().map_err(|e| Error::Manifest(e.to_string()))?;
    write_whole(&folder.join(WEIGHTS), weights)?;
    write_whole(&folder.join(MANIFEST), text.as_bytes())?;
    let card_path = folder.join(CARD);
    if !card_path.exists() {
        let card = card(config, &manifest, &finish.overall, trained, extent, calibration);
        write_whole(&card_path, card.as_bytes())?;
    }
    Ok(manifest)
}

/// Leaves beside the manifest what the images of `part` say about the probabilities of the model in
/// `folder`, which was trained by `config`; a model without it is as usable.
pub(super) fn calibrate(
    folder: &Path,
    config: &Config,
    dataset: &Dataset,
    part: &CalibrationPart<'_>,
    device: &Device,
) -> Result<()> {
    let set = predict(folder, config, dataset, part.images, device)?;
    let manifest = registry::manifest(&folder.to_string_lossy()).map_err(|e| Error::Model(Box::new(e)))?;
    let name = format!("{} part of the training of {}", part.name(), manifest.name);
    let made = calibrate::calibrate(&manifest, &set, &name, part.role, &manifest.training.date);
    let path = folder.join(calibration::FILE);
    let text = made.to_toml().map_err(|e| Error::Write { path: path.clone(), reason: e.to_string() })?;
    write_whole(&path, text.as_bytes())
}

/// The gate that lies in the model's folder: its training is independent of the weights'.
fn kept_gate(folder: &Path) -> Option<GateSpec> {
    spec_of(&read_regular(&folder.join(GATE), limits::GATE_BYTES).ok()?).ok()
}
