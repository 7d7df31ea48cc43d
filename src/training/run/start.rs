//! Weights that a run starts from: another model's, or a bare safetensors file.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use crate::files::{FileError, read_regular, read_text};
use crate::limits;
use crate::model::manifest::{Manifest, ManifestError};
use crate::model::registry::{self, ModelError};
use crate::training::config::Config;
use crate::training::optim::parameters::Parameters;
use crate::training::{Error, Result};

const WEIGHTS: &str = "weights.safetensors";
const MANIFEST: &str = "manifest.toml";

/// Why there are no weights to start from.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("it is no safetensors file, or cut short ({0})")]
    NoTensors(candle_core::Error),
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable { path: PathBuf, source: FileError },
    #[error("its manifest: {0}")]
    Manifest(ManifestError),
    #[error("there is no file or folder {}, and {source}", .path.display())]
    Nothing { path: PathBuf, source: Box<ModelError> },
    #[error(transparent)]
    Model(Box<ModelError>),
}

/// Puts the weights of `start_from` into `parameters`, and says in a sentence what was taken.
/// `frozen` tells of each tensor whether it will stand still.
pub(super) fn take(config: &Config, root: &Path, parameters: &Parameters, frozen: &[bool]) -> Result<Option<String>> {
    let Some(from) = &config.transfer.start_from else { return Ok(None) };
    let refuse = |reason: String| Error::Start { from: from.clone(), reason };
    let (tensors, manifest) = read(from, root).map_err(|e| refuse(e.to_string()))?;
    if let Some(other) = manifest.as_ref().filter(|m| m.architecture.family != config.architecture.family) {
        let (theirs, ours) = (other.architecture.family, config.architecture.family);
        return Err(refuse(format!("it is a {theirs}, and this configuration makes a {ours}; choose the same family")));
    }
    let taken = parameters.take_from(&tensors)?;
    let all: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
    let head = config.architecture.head().map_err(|e| refuse(e.to_string()))?;
    let in_head = |i: &usize| all[*i].strip_prefix(&head).is_some_and(|rest| rest.starts_with('.'));
    if taken.iter().all(in_head) {
        return Err(refuse(
            "none of its tensors before the head has the name and shape of one of this network; it belongs to another architecture"
                .into(),
        ));
    }
    let left: Vec<usize> = (0..all.len()).filter(|i| !taken.contains(i)).collect();
    let random: Vec<&str> = left.iter().filter(|&&i| frozen[i]).map(|&i| all[i]).collect();
    if let Some(first) = random.first() {
        return Err(refuse(format!(
            "{} tensors of stages that stand still are not in it (the first is {first}), so they would stay random; \
             unfreeze their stages or start from another model",
            random.len()
        )));
    }
    let mut sentence = format!("{} of {} tensors start from {from}", taken.len(), all.len());
    if !left.is_empty() {
        let names: BTreeSet<&str> = left.iter().map(|&i| all[i].rsplit_once('.').map_or(all[i], |(m, _)| m)).collect();
        let shown: Vec<&str> = names.iter().copied().take(4).collect();
        let more = if names.len() > 4 { format!(" and {} more", names.len() - 4) } else { String::new() };
        let _ = write!(sentence, "; {}{more} start anew", shown.join(", "));
    }
    if let Some(other) = manifest.filter(|m| m.labels.iter().map(|l| &l.name).ne(config.labels.iter().map(|l| &l.name)))
    {
        let _ = write!(sentence, " (it tells {} labels apart, this one {})", other.labels.len(), config.labels.len());
    }
    Ok(Some(sentence))
}

/// Tensors and, of a model, its manifest.
fn read(from: &str, root: &Path) -> std::result::Result<(HashMap<String, Tensor>, Option<Manifest>), StartError> {
    let path = root.join(from);
    let parse =
        |bytes: &[u8]| candle_core::safetensors::load_buffer(bytes, &Device::Cpu).map_err(StartError::NoTensors);
    let unreadable = |path: &Path, source: FileError| StartError::Unreadable { path: path.to_owned(), source };
    let file = |path: &Path| read_regular(path, limits::WEIGHT_BYTES).map_err(|e| unreadable(path, e));
    if path.is_dir() {
        let tensors = parse(&file(&path.join(WEIGHTS))?)?;
        let described = path.join(MANIFEST);
        if !described.exists() {
            return Ok((tensors, None));
        }
        let text = read_text(&described, limits::MANIFEST_BYTES).map_err(|e| unreadable(&described, e))?;
        return Ok((tensors, Some(Manifest::parse(&text).map_err(StartError::Manifest)?)));
    }
    if path.exists() {
        return Ok((parse(&file(&path)?)?, None));
    }
    let bytes = registry::weights(from)
        .map_err(|source| StartError::Nothing { path: path.clone(), source: Box::new(source) })?;
    let manifest = registry::manifest(from).map_err(|e| StartError::Model(Box::new(e)))?;
    Ok((parse(&bytes)?, Some(manifest)))
}
