//! The state of a run after an epoch, in one safetensors file that is replaced as a whole.
//!
//! Tensors: `weights.*`, `average.*`, `best.*` (once there is one), `m.*` and `v.*` (the optimizer's moments); the
//! rest stands in the file's header as JSON. Random numbers need no state, see [`super::random`].

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::config::Config;
use super::journal::Row;
use super::optimizer::AdamW;
use super::parameters::{Parameters, Values};
use super::{Error, Result};

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
    /// Of everything that decides the numbers.
    pub fingerprint: String,
}

/// A state with its tensors.
pub struct Checkpoint {
    pub state: State,
    pub weights: Values,
    pub average: Values,
    pub best: Option<Values>,
}

/// Hash of what decides the numbers of a run: a resumed run must have the same.
pub fn fingerprint(config: &Config, images: usize) -> String {
    let names: Vec<&str> = config.labels.iter().map(|l| l.name.as_str()).collect();
    let decisive = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{names:?}{images}",
        config.seed, config.data, config.optimization, config.phases, config.augment, config.architecture, config.input
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

/// Writes bytes to a temporary file beside `path` and renames it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |e: std::io::Error| Error::Write { path: path.into(), reason: e.to_string() };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut builder = tempfile::Builder::new();
    // Temporary files are private by default; a model is to be read by others, as the umask has it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

/// Tensors as a safetensors file: names with shapes and values, and the header's text fields.
#[expect(clippy::implicit_hasher, reason = "safetensors takes the standard one only")]
pub fn to_safetensors(
    tensors: &[(String, Vec<usize>, &[f32])],
    header: Option<HashMap<String, String>>,
) -> std::result::Result<Vec<u8>, String> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, _, values)| values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let views: Vec<(&str, TensorView<'_>)> = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<std::result::Result<_, safetensors::SafeTensorError>>()
        .map_err(|e| e.to_string())?;
    safetensors::tensor::serialize(views, header).map_err(|e| e.to_string())
}

/// Saves the state of a run into `folder`.
pub fn save(
    folder: &Path,
    state: &State,
    parameters: &Parameters,
    average: &Values,
    best: Option<&Values>,
    optimizer: &AdamW,
) -> Result<()> {
    let path = folder.join(FILE);
    let weights = parameters.values()?;
    let mut tensors: Vec<(String, Vec<usize>, &[f32])> = Vec::new();
    for (i, p) in parameters.iter().enumerate() {
        let shape = p.var.dims().to_vec();
        tensors.push((format!("weights.{}", p.name), shape.clone(), &weights[i]));
        tensors.push((format!("average.{}", p.name), shape.clone(), &average[i]));
        if let Some(best) = best {
            tensors.push((format!("best.{}", p.name), shape.clone(), &best[i]));
        }
        if p.trained {
            tensors.push((format!("m.{}", p.name), shape.clone(), &optimizer.moments[i].m));
            tensors.push((format!("v.{}", p.name), shape, &optimizer.moments[i].v));
        }
    }
    let failed = |reason: String| Error::Write { path: path.clone(), reason };
    let json = serde_json::to_string(state).map_err(|e| failed(e.to_string()))?;
    write_whole(&path, &to_safetensors(&tensors, Some(HashMap::from([("state".to_owned(), json)]))).map_err(failed)?)
}

/// Reads the checkpoint of `folder` and puts the moments into `optimizer`.
pub fn load(folder: &Path, parameters: &Parameters, optimizer: &mut AdamW) -> Result<Checkpoint> {
    let path = folder.join(FILE);
    let bytes = std::fs::read(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
    let refuse = |reason: String| Error::Checkpoint { path: path.clone(), reason };
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| refuse(e.to_string()))?;
    let json = header.metadata().as_ref().and_then(|m| m.get("state"));
    let json = json.ok_or_else(|| refuse("it has no state in its header".into()))?;
    let state: State = serde_json::from_str(json).map_err(|e| refuse(e.to_string()))?;
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
    for (i, p) in parameters.iter().enumerate().filter(|(_, p)| p.trained) {
        optimizer.moments[i].m = read("m", &p.name, p.var.elem_count())?;
        optimizer.moments[i].v = read("v", &p.name, p.var.elem_count())?;
    }
    optimizer.steps = state.step;
    let best = if state.best.is_some() { Some(all("best")?) } else { None };
    Ok(Checkpoint { weights: all("weights")?, average: all("average")?, best, state })
}
