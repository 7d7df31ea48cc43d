//! The state of a run after an epoch, in one safetensors file that is replaced as a whole.
//!
//! Tensors: `weights.*`, `average.*` (where weights are averaged), `best.*` (once there is one), `m.*` and `v.*` (the
//! optimizer's moments, of tensors that have been trained); the rest stands in the file's header as JSON. Random numbers need no state, see [`super::random`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Read as _, Write};
use std::path::Path;

use safetensors::View;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::config::{Config, Precision};
use super::journal::Row;
use super::optimizer::{Moments, Optimizer};
use super::parameters::{Parameters, Values};
use super::schedule::Plateau;
use super::{Error, Result};
use crate::files::writing::{self, Access};
use crate::files::{open_regular, read_regular};
use crate::limits;

/// Name of the file in the run's folder.
pub const FILE: &str = "checkpoint.safetensors";

/// What a run knows beside its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Epochs done.
    pub epoch: usize,
    /// Steps done.
    pub step: u64,
    /// The best epoch so far with its figure (higher is better).
    pub best: Option<(usize, f64)>,
    pub history: Vec<Row>,
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
    pub state: State,
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
    hex(&Sha256::digest(decisive.as_bytes()))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

/// Writes a file of a run that may be handed on, whole or not at all; its folder is made where there is none.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, Access::Shared, |file| file.write_all(bytes))
}

/// The same for a file that names images or patients.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, Access::Private, |file| file.write_all(bytes))
}

fn replace(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut tempfile::NamedTempFile) -> io::Result<()>,
) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let done = std::fs::create_dir_all(folder).and_then(|()| writing::replace(path, access, write));
    done.map_err(|e| Error::Write { path: path.into(), reason: e.to_string() })
}

/// A tensor that becomes bytes when its turn to be written comes.
struct Lazy<'a> {
    shape: Vec<usize>,
    values: &'a [f32],
}

impl View for Lazy<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    fn data_len(&self) -> usize {
        4 * self.values.len()
    }
}

/// Writes tensors as a safetensors file with `state` in its header, one after the other: no second copy of all of them is made.
pub(super) fn write_tensors(
    path: &Path,
    access: Access,
    tensors: Vec<(String, Vec<usize>, &[f32])>,
    state: String,
) -> Result<()> {
    let header = HashMap::from([("state".to_owned(), state)]);
    let views = tensors.into_iter().map(|(name, shape, values)| (name, Lazy { shape, values }));
    replace(path, access, |file| {
        safetensors::tensor::serialize_to_file(views, Some(header), file.path()).map_err(io::Error::other)
    })
}

/// Tensors as a safetensors file of `f32`: names with shapes and values, and the header's text fields.
#[expect(clippy::implicit_hasher, reason = "safetensors takes the standard one only")]
pub fn to_safetensors(
    tensors: &[(String, Vec<usize>, &[f32])],
    header: Option<HashMap<String, String>>,
) -> std::result::Result<Vec<u8>, String> {
    stored(tensors, header, Precision::F32)
}

/// The same in the given precision.
#[expect(clippy::implicit_hasher, reason = "safetensors takes the standard one only")]
pub fn stored(
    tensors: &[(String, Vec<usize>, &[f32])],
    header: Option<HashMap<String, String>>,
    precision: Precision,
) -> std::result::Result<Vec<u8>, String> {
    let bytes = |(_, shape, values): &(String, Vec<usize>, &[f32])| -> (Dtype, Vec<u8>) {
        if precision.stores_in_half(shape) {
            (Dtype::F16, values.iter().flat_map(|v| half::f16::from_f32(*v).to_le_bytes()).collect())
        } else {
            (Dtype::F32, values.iter().flat_map(|v| v.to_le_bytes()).collect())
        }
    };
    let bytes: Vec<(Dtype, Vec<u8>)> = tensors.iter().map(bytes).collect();
    let views: Vec<(&str, TensorView<'_>)> = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), (kind, bytes))| Ok((name.as_str(), TensorView::new(*kind, shape.clone(), bytes)?)))
        .collect::<std::result::Result<_, safetensors::SafeTensorError>>()
        .map_err(|e| e.to_string())?;
    safetensors::tensor::serialize(views, header).map_err(|e| e.to_string())
}

/// Saves the state of a run into `folder`.
pub fn save(
    folder: &Path,
    state: &State,
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
    let json = serde_json::to_string(&State { steps_of, ..state.clone() })
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
pub fn peek(folder: &Path) -> Result<Option<State>> {
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
    Ok(Some(state_of(header.fields.as_ref()).map_err(refuse)?))
}

/// The state in a header's text fields.
fn state_of(fields: Option<&HashMap<String, String>>) -> std::result::Result<State, String> {
    let json = fields.and_then(|m| m.get("state")).ok_or("it has no state in its header")?;
    serde_json::from_str(json).map_err(|e| e.to_string())
}

/// Reads the checkpoint of `folder` and puts the moments into `optimizer`.
pub fn load(folder: &Path, parameters: &Parameters, optimizer: &mut Optimizer) -> Result<Checkpoint> {
    let path = folder.join(FILE);
    let bytes = read_regular(&path, limits::CHECKPOINT_BYTES)
        .map_err(|error| Error::Read { path: path.clone(), source: error.into() })?;
    let refuse = |reason: String| Error::Checkpoint { path: path.clone(), reason };
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| refuse(e.to_string()))?;
    let state = state_of(header.metadata().as_ref()).map_err(refuse)?;
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
