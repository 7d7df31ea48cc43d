//! The state of a run after an epoch, in one safetensors file that is replaced as a whole.
//!
//! Tensors: `weights.*`, `average.*` (where weights are averaged), `best.*` (once there is one),
//! `m.*` and `v.*` (the optimizer's moments, of tensors that have been trained); the rest stands in
//! the file's header as JSON. Random numbers need no state, see [`crate::training::random`].

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use crate::files::writing::Access;
use crate::files::{open_regular, read_regular, sha256};
use crate::limits;
use crate::training::config::Config;
use crate::training::event::HistoryRow;
use crate::training::optim::optimizer::{Moments, Optimizer};
use crate::training::optim::parameters::{Parameters, Values};
use crate::training::optim::schedule::Plateau;
use crate::training::tensor_file::write_tensors;
use crate::training::{Error, Result};

/// Name of the file in the run's folder.
pub const FILE: &str = "checkpoint.safetensors";

/// What a run knows beside its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// Epochs done.
    pub epoch: usize,
    /// Steps done.
    pub step: u64,
    /// The best epoch so far with its metric (higher is better).
    pub best: Option<(usize, f64)>,
    pub history: Vec<HistoryRow>,
    /// What the plateau schedule remembers.
    #[serde(default)]
    pub plateau: Plateau,
    /// Steps taken with each tensor.
    #[serde(default)]
    pub steps_of: Vec<u64>,
    /// Of everything that decides the numbers.
    pub fingerprint: String,
}

/// A state with its tensors.
pub struct Checkpoint {
    pub state: RunState,
    pub weights: Values,
    pub average: Option<Values>,
    pub best: Option<Values>,
}

/// Hash of what decides the numbers of a run: a resumed run must have the same.
pub fn fingerprint(config: &Config, images: usize) -> String {
    let names: Vec<&str> = config.labels.iter().map(|l| l.name.as_str()).collect();
    let decisive = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{names:?}{images}",
        config.seed,
        config.data,
        config.optimization,
        config.transfer,
        config.unfreezing,
        config.phases,
        config.augment,
        config.architecture,
        config.input,
        config.head
    );
    sha256(as_it_was(decisive).as_bytes())
}

/// Settings that came after the first runs count only where they are set, so that older runs go on.
fn as_it_was(decisive: String) -> String {
    let unset = [
        "lung_evidence: 0.0, ",
        "surroundings: 0.0, lung_crop: 0.0, ",
        "jpeg: 0.0, jpeg_quality: 0.0, ",
        " smoothing: 0.0,",
        "validation_by: Chance, ",
        "average: None, query_norm: None, ",
    ];
    unset.iter().fold(decisive, |text, setting| text.replace(setting, ""))
}

/// Saves the state of a run into `folder`.
pub fn save(
    folder: &Path,
    state: &RunState,
    parameters: &Parameters,
    average: Option<&Values>,
    best: Option<&Values>,
    optimizer: &Optimizer,
) -> Result<()> {
    let path = folder.join(FILE);
    let weights = parameters.values()?;
    let mut tensors: Vec<(String, Vec<usize>, &[f32])> = Vec::new();
    for (i, p) in parameters.iter().enumerate() {
        let moments = &optimizer.moments[i];
        let parts = [
            ("weights", Some(weights[i].as_slice())),
            ("average", average.map(|a| a[i].as_slice())),
            ("best", best.map(|b| b[i].as_slice())),
            ("m", Some(moments.m.as_slice()).filter(|m| !m.is_empty())),
            ("v", Some(moments.v.as_slice()).filter(|v| !v.is_empty())),
        ];
        for (kind, values) in parts {
            if let Some(values) = values {
                tensors.push((format!("{kind}.{}", p.name), p.var.dims().to_vec(), values));
            }
        }
    }
    let steps_of = optimizer.moments.iter().map(|m| m.steps).collect();
    let json = serde_json::to_string(&RunState { steps_of, ..state.clone() })
        .map_err(|e| Error::Write { path: path.clone(), reason: e.to_string() })?;
    write_tensors(&path, Access::Shared, tensors, json)
}

/// The text fields of a header; what names the tensors is not looked at.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__")]
    fields: Option<HashMap<String, String>>,
}

/// What the checkpoint of `folder` says of itself, without its tensors; `None` where there is none.
pub fn peek(folder: &Path) -> Result<Option<RunState>> {
    let path = folder.join(FILE);
    let failed = |source| Error::Read { path: path.clone(), source };
    let mut file = match open_regular(&path, limits::CHECKPOINT_BYTES).map_err(io::Error::from) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed)?.file,
    };
    let refuse = |reason: String| Error::Checkpoint { path: path.clone(), reason };
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(failed)?;
    let length = u64::from_le_bytes(length);
    if length > limits::MANIFEST_BYTES.max(1 << 24) {
        return Err(refuse("its header is too long to be one".into()));
    }
    let mut text = Vec::new();
    file.take(length).read_to_end(&mut text).map_err(failed)?;
    let header: Header = serde_json::from_slice(&text).map_err(|e| refuse(e.to_string()))?;
    Ok(Some(state_of(header.fields.as_ref()).map_err(|e| refuse(e.to_string()))?))
}

/// Why a header holds no state.
#[derive(Debug, thiserror::Error)]
enum HeaderError {
    #[error("it has no state in its header")]
    NoState,
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// The state in a header's text fields.
fn state_of(fields: Option<&HashMap<String, String>>) -> std::result::Result<RunState, HeaderError> {
    let json = fields.and_then(|m| m.get("state")).ok_or(HeaderError::NoState)?;
    Ok(serde_json::from_str(json)?)
}

/// Reads the checkpoint of `folder` and puts the moments into `optimizer`.
pub fn load(folder: &Path, parameters: &Parameters, optimizer: &mut Optimizer) -> Result<Checkpoint> {
    let path = folder.join(FILE);
    let bytes = read_regular(&path, limits::CHECKPOINT_BYTES)
        .map_err(|error| Error::Read { path: path.clone(), source: error.into() })?;
    let refuse = |reason: String| Error::Checkpoint { path: path.clone(), reason };
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| refuse(e.to_string()))?;
    let state = state_of(header.metadata().as_ref()).map_err(|e| refuse(e.to_string()))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|e| refuse(e.to_string()))?;
    let read = |kind: &str, name: &str, n: usize| -> Result<Vec<f32>> {
        let view = tensors.tensor(&format!("{kind}.{name}")).map_err(|e| refuse(e.to_string()))?;
        let (words, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = words.iter().map(|w| f32::from_le_bytes(*w)).collect();
        if view.dtype() != Dtype::F32 || values.len() != n {
            return Err(refuse(format!("{kind}.{name} has another size than in this network")));
        }
        Ok(values)
    };
    let all =
        |kind: &str| -> Result<Values> { parameters.iter().map(|p| read(kind, &p.name, p.var.elem_count())).collect() };
    let has = |kind: &str, name: &str| tensors.tensor(&format!("{kind}.{name}")).is_ok();
    for (i, p) in parameters.iter().enumerate().filter(|(_, p)| p.trained) {
        let moment = |kind: &str| {
            if has(kind, &p.name) { read(kind, &p.name, p.var.elem_count()) } else { Ok(Vec::new()) }
        };
        let steps = state.steps_of.get(i).copied().unwrap_or(state.step);
        optimizer.moments[i] = Moments { m: moment("m")?, v: moment("v")?, steps };
    }
    let averaged = parameters.iter().next().is_some_and(|p| has("average", &p.name));
    let average = if averaged { Some(all("average")?) } else { None };
    let best = if state.best.is_some() { Some(all("best")?) } else { None };
    Ok(Checkpoint { weights: all("weights")?, average, best, state })
}

#[cfg(test)]
mod tests {
    use crate::training::config::{Augment, Optimization, Transfer};

    /// [`super::fingerprint`] hashes this text: another name, and no older run goes on.
    #[test]
    fn the_names_that_a_fingerprint_is_made_of_stay() {
        assert_eq!(
            super::as_it_was(format!("{:?}{:?}", Optimization::default(), Transfer::default())),
            "Optimization { batch: 16, optimizer: AdamW, momentum: 0.9, nesterov: false, learning_rate: 0.001, \
             schedule: Cosine, warmup_epochs: 0.0, final_share: 0.0, step_epochs: 10, plateau_patience: 3, factor: 0.1, \
             weight_decay: 0.0, loss: CrossEntropy, focal_gamma: 2.0, focal_alpha: None, label_smoothing: 0.0, \
             class_weights: None, clip_norm: 0.0, average_decay: 0.0, norm_batches: 0, patience: 0, criterion: Loss, \
             loader_threads: 2 }Transfer { start_from: None, freeze: Nothing, train_from: None, stage_decay: 1.0, variants: 0 }"
        );
        let augment = format!("{:?}", Augment::default());
        assert!(
            super::as_it_was(augment)
                .ends_with("downsample: 0.0, cutout: 0.0, cutout_side: 0.0, mixup: 0.0, mixup_alpha: 0.0 }")
        );
        let set = Optimization { lung_evidence: 0.5, ..Optimization::default() };
        assert!(super::as_it_was(format!("{set:?}")).contains("lung_evidence: 0.5"));
    }
}
