//! The user's own models on disk: written as a whole or not at all, verified, removed.
//!
//! A model is made in a hidden folder beside its place, loaded and run once there, and only then
//! renamed.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use super::draft::{Draft, Request, draft, draft_onnx};
use super::fit::{Report, fit_as};
use super::{ImportError, format, onnx};
use crate::files::writing::StagedFolder;
use crate::files::{naming, sha256, writing};
use crate::imaging::Plane;
use crate::model::registry::Origin;
use crate::model::{Model, registry};

/// A model that was imported.
#[derive(Clone, Debug)]
pub struct Imported {
    pub name: String,
    pub folder: PathBuf,
    pub report: Report,
}

/// Reads, fits, drafts and installs below `models`: everything at once, for the viewer.
///
/// # Errors
/// A sentence; nothing was written then.
pub fn import(request: &Request, models: &Path) -> Result<Imported, ImportError> {
    check_name(&request.name)?;
    if format::is_onnx(&request.file) {
        let network = onnx::read(&request.file, request.side())?;
        let request = Request { prepared: network.prepared(), ..request.clone() };
        let folder = install(draft_onnx(&request, network)?, models, request.replace)?;
        return Ok(Imported { name: request.name, folder, report: Report::default() });
    }
    let foreign = format::read(&request.file)?;
    let fit = fit_as(&foreign, request.family, request.convention)?;
    fit.accept(&foreign, request.ignore_unexpected)?;
    let report = fit.report.clone();
    let draft = draft(request, &foreign, fit)?;
    drop(foreign);
    let folder = install(draft, models, request.replace)?;
    Ok(Imported { name: request.name.clone(), folder, report })
}

/// Whether a model can be called so: a plain folder name that no model of the program has.
pub fn check_name(name: &str) -> Result<(), ImportError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if naming::check(name).is_err() || name.len() > 64 || !name.chars().all(plain) {
        return Err(ImportError::Name(name.into()));
    }
    let embedded = registry::list().into_iter().any(|(known, origin)| known == name && origin == Origin::Embedded);
    if embedded { Err(ImportError::Embedded(name.into())) } else { Ok(()) }
}

/// Writes a model below `models` and yields its folder.
pub fn install(draft: Draft, models: &Path, replace: bool) -> Result<PathBuf, ImportError> {
    let Draft { mut manifest, card, tensors } = draft;
    check_name(&manifest.name)?;
    let place = models.join(&manifest.name);
    if place.exists() && !replace {
        return Err(ImportError::Exists { name: manifest.name, place });
    }
    let written = |path: &Path| {
        let path = path.to_owned();
        move |source| ImportError::Write { path, source }
    };
    fs::create_dir_all(models).map_err(written(models))?;
    let hidden = StagedFolder::new(models).map_err(written(models))?;
    let home = hidden.path().join("model");
    fs::create_dir(&home).map_err(written(&home))?;

    let bytes = serialized(&tensors)?;
    drop(tensors);
    manifest.weights_sha256 = sha256(&bytes);
    let text = manifest.to_toml()?;
    for (name, content) in [
        (registry::WEIGHTS, bytes.as_slice()),
        (registry::MANIFEST, text.as_bytes()),
        (registry::CARD, card.as_bytes()),
    ] {
        let path = home.join(name);
        writing::shared(&path, content).map_err(written(&path))?;
    }
    drop(bytes);
    let model = registry::load(&home.to_string_lossy(), &Device::Cpu).map_err(Box::new)?;
    run_once(&model)?;

    let old = hidden.path().join("replaced");
    if place.exists() {
        fs::rename(&place, &old).map_err(written(&place))?;
    }
    if let Err(source) = fs::rename(&home, &place) {
        // The old model goes back where it was.
        let _ = fs::rename(&old, &place);
        return Err(ImportError::Write { path: place, source });
    }
    Ok(place)
}

fn serialized(tensors: &HashMap<String, Tensor>) -> Result<Vec<u8>, ImportError> {
    let mut named: Vec<(&String, &Tensor)> = tensors.iter().collect();
    named.sort_by_key(|(name, _)| *name);
    safetensors::serialize(named, None).map_err(|error| ImportError::Damaged(error.to_string()))
}

/// What `models verify` found sound.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Verified {
    pub name: String,
    pub sha256: String,
    pub tensors: usize,
    pub outputs: usize,
}

/// Checks manifest, hash, tensors, and that a forward pass gives finite numbers.
pub fn verify(name: &str) -> Result<Verified, ImportError> {
    let model = registry::load(name, &Device::Cpu).map_err(Box::new)?;
    run_once(&model)?;
    let (manifest, outputs) = (&model.manifest, model.manifest.labels.len());
    let tensors = manifest.architecture.tensors(manifest.input.channels, outputs)?.len();
    Ok(Verified { name: name.into(), sha256: model.sha256, tensors, outputs })
}

/// One pass over an image of soft waves; its numbers mean nothing, but they must be finite.
fn run_once(model: &Model) -> Result<(), ImportError> {
    let input = &model.manifest.input;
    let (width, height) = (input.width, input.height);
    let wave = |i: usize| 0.5 + 0.5 * ((i % width) as f32 / 9.0).sin() * ((i / width) as f32 / 13.0).cos();
    let plane = Plane { width, height, values: (0..width * height).map(wave).collect() };
    let logits: Vec<f32> = model.logits(&model.input_tensor(&plane, (0.0, 1.0))?)?.flatten_all()?.to_vec1()?;
    if logits.len() == model.manifest.labels.len() && logits.iter().all(|l| l.is_finite()) {
        return Ok(());
    }
    Err(ImportError::NotFinite)
}

/// Removes a model of the user's; never one of the program.
pub fn remove(name: &str) -> Result<PathBuf, ImportError> {
    check_name(name)?;
    let own = registry::list().into_iter().find_map(|(known, origin)| match origin {
        Origin::Folder(folder) if known == name => Some(folder),
        _ => None,
    });
    let folder = own.ok_or_else(|| ImportError::NotInstalled(name.into()))?;
    fs::remove_dir_all(&folder).map_err(|source| ImportError::Write { path: folder.clone(), source })?;
    Ok(folder)
}
