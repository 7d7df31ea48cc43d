//! The state of a segmenter's training after an epoch, in one safetensors file that is replaced as a
//! whole: weights, their running average, the best average so far, the moments of the optimizer, and
//! in its header epochs, best Dice and what decided the numbers.

use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::EpochRow;
use super::config::SegmenterConfig;
use crate::files::writing::Access;
use crate::files::{read_regular, sha256};
use crate::limits;
use crate::training::optim::optimizer::{Moments, Optimizer};
use crate::training::optim::parameters::{Parameters, Values};
use crate::training::tensor_file::write_tensors;
use crate::training::{Error, Result};

/// Name of the file in the run's folder.
const FILE: &str = "checkpoint.safetensors";

/// What a training knows beside its tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// Epochs done.
    pub epoch: usize,
    /// The best epoch so far with its Dice.
    pub best: Option<(usize, f64)>,
    pub history: Vec<EpochRow>,
    /// Steps taken with each tensor.
    pub steps_of: Vec<u64>,
    /// Hash of everything that decides the numbers.
    pub fingerprint: String,
}

/// A state with its tensors.
pub(super) struct Saved {
    pub state: State,
    pub average: Values,
    pub best: Option<Values>,
}

/// Hash of what decides the numbers of a training; the number of epochs belongs to it, for the
/// learning rate follows it.
pub(super) fn fingerprint(config: &SegmenterConfig, radiographs: usize) -> String {
    sha256(format!("{config:?}{radiographs}").as_bytes())
}

/// Saves the state into `folder`.
pub(super) fn save(
    folder: &Path,
    state: &State,
    parameters: &Parameters,
    average: &Values,
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
            ("average", Some(average[i].as_slice())),
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
    let json = serde_json::to_string(&State { steps_of, ..state.clone() })
        .map_err(|e| Error::Write { path: path.clone(), reason: e.to_string() })?;
    write_tensors(&path, Access::Shared, tensors, json)
}

/// Reads the state of `folder` into `parameters` and `optimizer`; `None` where there is none.
pub(super) fn load(
    folder: &Path,
    fingerprint: &str,
    parameters: &Parameters,
    optimizer: &mut Optimizer,
) -> Result<Option<Saved>> {
    let path = folder.join(FILE);
    let bytes = match read_regular(&path, limits::CHECKPOINT_BYTES).map_err(std::io::Error::from) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::Read { path, source }),
    };
    read(&bytes, fingerprint, parameters, optimizer, &path).map(Some)
}

fn read(
    bytes: &[u8],
    fingerprint: &str,
    parameters: &Parameters,
    optimizer: &mut Optimizer,
    path: &Path,
) -> Result<Saved> {
    let refuse = |reason: String| Error::Checkpoint { path: path.into(), reason };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| refuse(e.to_string()))?;
    let text =
        header.metadata().as_ref().and_then(|m| m.get("state")).ok_or_else(|| refuse("it has no state".into()))?;
    let state: State = serde_json::from_str(text).map_err(|e| refuse(e.to_string()))?;
    if state.fingerprint != fingerprint {
        return Err(refuse("configuration or images have changed since; start anew in another folder".into()));
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| refuse(e.to_string()))?;
    let one = |kind: &str, name: &str, n: usize| -> Result<Vec<f32>> {
        let view = tensors.tensor(&format!("{kind}.{name}")).map_err(|e| refuse(e.to_string()))?;
        let (words, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = words.iter().map(|w| f32::from_le_bytes(*w)).collect();
        if view.dtype() != Dtype::F32 || values.len() != n {
            return Err(refuse(format!("{kind}.{name} has another size than in this network")));
        }
        Ok(values)
    };
    let all =
        |kind: &str| -> Result<Values> { parameters.iter().map(|p| one(kind, &p.name, p.var.elem_count())).collect() };
    parameters.assign(&all("weights")?)?;
    for (i, p) in parameters.iter().enumerate().filter(|(_, p)| p.trained) {
        let has = tensors.tensor(&format!("m.{}", p.name)).is_ok();
        let moment = |kind: &str| if has { one(kind, &p.name, p.var.elem_count()) } else { Ok(Vec::new()) };
        let steps = state.steps_of.get(i).copied().unwrap_or_default();
        optimizer.moments[i] = Moments { m: moment("m")?, v: moment("v")?, steps };
    }
    let best = if state.best.is_some() { Some(all("best")?) } else { None };
    Ok(Saved { average: all("average")?, best, state })
}
