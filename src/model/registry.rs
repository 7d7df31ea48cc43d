//! Where models come from: embedded in the program, the user's data folder, or a folder named by
//! path.
//!
//! A model is loaded only when its manifest is sound, its weights have the SHA-256 that the
//! manifest states and fit its architecture.

use std::borrow::Cow;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use candle_core::Device;

use super::Model;
use super::background::{BACKGROUND, Background, BackgroundError};
use super::candidate_model::CandidateModel;
use super::manifest::{Manifest, ManifestError};
use crate::files::{FileError, read_regular, sha256};
use crate::limits;
use crate::model::calibration;
use crate::model::calibration::{Calibration, CalibrationError};
use crate::model::gate::Gate;
use crate::model::population::detector::{DETECTOR, Detector, DetectorError};
use crate::network::weights::{TensorFile, WeightError};
use crate::printable::shortened;

/// Name of the model that is used when none is named.
pub const DEFAULT: &str = "chest-xray";

/// Files of a model.
pub const MANIFEST: &str = "manifest.toml";
pub const WEIGHTS: &str = "weights.safetensors";
/// File of a model's input gate.
pub const GATE: &str = "gate.safetensors";
pub const CARD: &str = "CARD.md";

/// Most folders that are looked at among the user's models.
const MOST: usize = 1000;

type Files = &'static [(&'static str, &'static [u8])];
static EMBEDDED: &[(&str, Files)] = include!(concat!(env!("OUT_DIR"), "/embedded_models.rs"));

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("there is no model called “{name}”; there are: {}. A folder with a manifest.toml can be named instead", known.join(", "))]
    Unknown { name: String, known: Vec<String> },
    #[error("the model “{model}” has no {file}; a model needs manifest.toml and weights.safetensors")]
    Incomplete { model: String, file: &'static str },
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: FileError },
    #[error("the manifest of “{model}” is not usable: {source}")]
    Manifest { model: String, source: ManifestError },
    #[error(
        "the weights of “{model}” are not those its manifest was written for (SHA-256 {found}, stated {}); install the model again",
        shortened(stated)
    )]
    WrongHash { model: String, found: String, stated: String },
    #[error("the weights of “{model}” cannot be used: {source}")]
    Weights { model: String, source: WeightError },
    #[error("the background set of “{model}” cannot be used: {source}")]
    Background { model: String, source: BackgroundError },
    #[error("the input gate of “{model}” cannot be used: {cause}")]
    Gate { model: String, cause: String },
}

/// Where a model was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Embedded,
    Folder(PathBuf),
}

enum ModelFiles {
    Embedded(Files),
    Folder(PathBuf),
}

impl ModelFiles {
    fn file(&self, name: &str, most: u64) -> Result<Option<Cow<'static, [u8]>>, ModelError> {
        match self {
            Self::Embedded(files) => Ok(files.iter().find(|(file, _)| *file == name).map(|(_, b)| Cow::Borrowed(*b))),
            Self::Folder(folder) => {
                let path = folder.join(name);
                match read_regular(&path, most) {
                    Ok(bytes) => Ok(Some(Cow::Owned(bytes))),
                    Err(FileError::Unreadable(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
                    Err(source) => Err(ModelError::Unreadable { path, source }),
                }
            }
        }
    }
}

/// The folder of the user's own models: `$XDG_DATA_HOME/pellucid/models` on Linux.
pub fn user_folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "pellucid").map(|dirs| dirs.data_dir().join("models"))
}

/// Names of all models and where they are, embedded ones first.
///
/// Every folder among the user's models counts, sound or not: whether it can be used is said when
/// it is read, and a broken one stands in the way of no other. Hidden folders are no models, and
/// neither are those that have the name of an embedded one.
pub fn list() -> Vec<(String, Origin)> {
    let mut all: Vec<_> = EMBEDDED.iter().map(|(name, _)| ((*name).to_owned(), Origin::Embedded)).collect();
    let folders = user_folder().and_then(|folder| std::fs::read_dir(folder).ok());
    let mut own: Vec<_> = folders
        .into_iter()
        .flatten()
        .flatten()
        .take(MOST)
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), Origin::Folder(path.clone()))))
        .filter(|(name, _)| !name.starts_with('.') && all.iter().all(|(embedded, _)| embedded != name))
        .collect();
    own.sort_by(|a, b| a.0.cmp(&b.0));
    all.extend(own);
    all
}

fn find(name: &str) -> Result<ModelFiles, ModelError> {
    if let Some((_, files)) = EMBEDDED.iter().find(|(embedded, _)| *embedded == name) {
        return Ok(ModelFiles::Embedded(files));
    }
    let path = Path::new(name);
    if path.join(MANIFEST).exists() {
        return Ok(ModelFiles::Folder(path.to_owned()));
    }
    if let Some((_, Origin::Folder(folder))) = list().into_iter().find(|(known, _)| known == name) {
        return Ok(ModelFiles::Folder(folder));
    }
    if path.is_dir() {
        return Err(ModelError::Incomplete { model: name.into(), file: MANIFEST });
    }
    Err(ModelError::Unknown { name: name.into(), known: list().into_iter().map(|(name, _)| name).collect() })
}

/// The manifest alone, checked.
pub fn manifest(name: &str) -> Result<Manifest, ModelError> {
    read_manifest(&find(name)?, name)
}

fn read_manifest(source: &ModelFiles, name: &str) -> Result<Manifest, ModelError> {
    let bytes = source
        .file(MANIFEST, limits::MANIFEST_BYTES)?
        .ok_or_else(|| ModelError::Incomplete { model: name.into(), file: MANIFEST })?;
    Manifest::parse(&String::from_utf8_lossy(&bytes))
        .map_err(|source| ModelError::Manifest { model: name.into(), source })
}

/// The bytes of the weights file, for a training run to start from.
pub fn weights(name: &str) -> Result<Cow<'static, [u8]>, ModelError> {
    let bytes = find(name)?.file(WEIGHTS, limits::WEIGHT_BYTES)?;
    bytes.ok_or_else(|| ModelError::Incomplete { model: name.into(), file: WEIGHTS })
}

/// The model card, empty where there is none.
pub fn card(name: &str) -> Result<String, ModelError> {
    let bytes = find(name)?.file(CARD, limits::MANIFEST_BYTES)?;
    Ok(bytes.map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default())
}

/// A small file that may lie beside the manifest of the model called `name`.
pub fn file(name: &str, file: &str) -> Result<Option<Cow<'static, [u8]>>, ModelError> {
    find(name)?.file(file, limits::FILE_BYTES)
}

/// Loads the model called `name` (embedded, the user's, or a folder) for `device`.
pub fn load(name: &str, device: &Device) -> Result<Model, ModelError> {
    let source = find(name)?;
    let manifest = read_manifest(&source, name)?;
    let bytes = source
        .file(WEIGHTS, limits::WEIGHT_BYTES)?
        .ok_or_else(|| ModelError::Incomplete { model: name.into(), file: WEIGHTS })?;
    let found = sha256(&bytes);
    if found != manifest.weights_sha256 {
        let stated = manifest.weights_sha256;
        return Err(ModelError::WrongHash { model: name.into(), found, stated });
    }
    let network = TensorFile::parse(&bytes)
        .and_then(|tensors| {
            manifest.architecture.folded(manifest.input.channels, manifest.labels.len(), &tensors, device)
        })
        .map_err(|source| ModelError::Weights { model: name.into(), source })?;
    let gate = load_gate(&source, name, &manifest, device)?;
    let calibration = read_calibration(&source, &manifest);
    let background = load_background(&source, name, &manifest)?;
    let detector = read_detector(&source, &found, device);
    let (origin, device, ensemble) = (name.to_owned(), device.clone(), Vec::new());
    Ok(Model { manifest, network, sha256: found, origin, device, gate, background, calibration, detector, ensemble })
}

/// What a labelled set says about the probabilities of the model called `name`.
///
/// # Errors
/// When there is no such model; inside, the reason why nothing is known of its probabilities.
pub fn calibration(name: &str) -> Result<Result<Calibration, CalibrationError>, ModelError> {
    let source = find(name)?;
    Ok(read_calibration(&source, &read_manifest(&source, name)?))
}

/// A model without a calibration, or with that of other weights, is as usable as before; only that
/// is said.
fn read_calibration(source: &ModelFiles, manifest: &Manifest) -> Result<Calibration, CalibrationError> {
    let bytes = source.file(calibration::FILE, limits::MANIFEST_BYTES);
    let bytes = bytes.map_err(|e| CalibrationError::Unreadable(e.to_string()))?.ok_or(CalibrationError::Missing)?;
    Calibration::parse(&String::from_utf8_lossy(&bytes), manifest)
}

/// SHA-256 of the population detector's file of the model called `name`, where it has one.
///
/// # Errors
/// When there is no such model.
pub fn detector_sha256(name: &str) -> Result<Option<String>, ModelError> {
    let bytes = find(name)?.file(DETECTOR, limits::DETECTOR_BYTES);
    Ok(bytes.ok().flatten().map(|b| sha256(&b)))
}

/// A model without a detector, or with a broken one, is as usable as before; only that is said.
fn read_detector(source: &ModelFiles, weights_sha256: &str, device: &Device) -> Result<Detector, DetectorError> {
    let bytes = source.file(DETECTOR, limits::DETECTOR_BYTES);
    let bytes = bytes.map_err(|e| DetectorError::Unreadable(e.to_string()))?.ok_or(DetectorError::Missing)?;
    Detector::from_bytes(&bytes, weights_sha256, device)
}

/// The model called `name` as far as it must be known to be chosen.
pub fn candidate(name: &str, device: &Device) -> Result<CandidateModel, ModelError> {
    let source = find(name)?;
    let manifest = read_manifest(&source, name)?;
    let gate = load_gate(&source, name, &manifest, device)?;
    Ok(CandidateModel { name: name.into(), fits: manifest.fits, gate })
}

fn load_gate(
    source: &ModelFiles,
    name: &str,
    manifest: &Manifest,
    device: &Device,
) -> Result<Option<Gate>, ModelError> {
    let Some(spec) = &manifest.gate else { return Ok(None) };
    let unusable = |cause: String| ModelError::Gate { model: name.into(), cause };
    let bytes = source
        .file(GATE, limits::GATE_BYTES)?
        .ok_or_else(|| unusable(format!("the manifest names one, but there is no {GATE}; install the model again")))?;
    let found = sha256(&bytes);
    if found != spec.sha256 {
        return Err(unusable(format!(
            "it is not the file that the manifest was written for (SHA-256 {found}, stated {}); install the model again",
            spec.sha256
        )));
    }
    Gate::from_bytes(&bytes, device).map(Some).map_err(|e| unusable(e.to_string()))
}

fn load_background(source: &ModelFiles, name: &str, manifest: &Manifest) -> Result<Option<Background>, ModelError> {
    let Some(bytes) = source.file(BACKGROUND, limits::BACKGROUND_BYTES)? else { return Ok(None) };
    let background = Background::from_bytes(&bytes, Some(&manifest.input));
    background.map(Some).map_err(|source| ModelError::Background { model: name.into(), source })
}
