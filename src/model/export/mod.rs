//! Models for other programs: an ONNX file that gives the same logits, and a state dict in
//! torchvision's names.
//!
//! Preparation and labels go along in the notes of an ONNX file, so that whoever opens it, this
//! program too, knows how images were shown to the network. What is not written: gate, population,
//! calibration and conformal prediction, which belong to this program.

mod functions;
mod onnx;
mod pytorch;
mod wire;
mod writer;

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use super::import::onnx::{HEAD, INPUT, LABELS};
use super::manifest::Manifest;
use super::registry;
use super::registry::ModelError;
use crate::network::architecture::Architecture;
use crate::network::graph::GraphError;
use crate::network::graph::draw::Drawn;
use crate::network::weights::{TensorFile, WeightError};

/// Why a model is not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Model(#[from] Box<ModelError>),
    #[error("its weights cannot be used: {0}")]
    Weights(#[from] WeightError),
    #[error("its network cannot be written as a graph: {0}")]
    Graph(#[from] GraphError),
    #[error("its network cannot be written as a graph: {0}")]
    Tensor(#[from] candle_core::Error),
    #[error("its weights lack the tensor “{0}”; install the model again")]
    Missing(String),
    #[error("it would be larger than the 2 GiB that an ONNX file may have; write it with --pytorch")]
    TooLarge,
    #[error("the archive cannot be made: {0}")]
    Archive(String),
    #[error("its notes cannot be written: {0}")]
    Notes(#[from] serde_json::Error),
}

/// The model called `name` as an ONNX file.
///
/// # Errors
/// When there is no such model, or its network has no such form.
pub fn onnx(name: &str) -> Result<Vec<u8>, ExportError> {
    let manifest = registry::manifest(name).map_err(Box::new)?;
    let bytes = registry::weights(name).map_err(Box::new)?;
    onnx_of(&manifest, &TensorFile::parse(&bytes)?)
}

/// The same of weights at hand.
///
/// # Errors
/// As [`onnx`].
pub fn onnx_of(manifest: &Manifest, tensors: &TensorFile) -> Result<Vec<u8>, ExportError> {
    let (architecture, input) = (&manifest.architecture, &manifest.input);
    let image = [input.channels, input.height, input.width];
    let (graph, values) = graph_of(architecture, image, manifest.labels.len(), tensors)?;
    let labels: Vec<&str> = manifest.labels.iter().map(|label| label.name.as_str()).collect();
    let notes = [
        (INPUT, serde_json::to_string(input)?),
        (LABELS, serde_json::to_string(&labels)?),
        (HEAD, serde_json::to_string(&manifest.head)?),
        ("name", manifest.name.clone()),
        ("version", manifest.version.clone()),
        ("description", manifest.description.clone()),
        ("licence", manifest.licence.clone()),
        ("temperature", manifest.temperature.to_string()),
        ("dropout", architecture.dropout.to_string()),
    ];
    onnx::write(&graph, &values, &manifest.name, &notes)
}

/// A network as a graph for images of `channels`, rows and columns, with its tensors.
fn graph_of(
    architecture: &Architecture,
    image: [usize; 3],
    classes: usize,
    tensors: &TensorFile,
) -> Result<Drawn, ExportError> {
    let Some(graph) = &architecture.graph else {
        return Ok(architecture.folded(image[0], classes, tensors, &Device::Cpu)?.draw(image)?);
    };
    let graph = graph.with_ends(image[0], classes);
    let listed = graph.nodes.iter().flat_map(|node| node.does.parameters());
    let values: Result<HashMap<String, Tensor>, WeightError> =
        listed.map(|(name, shape)| Ok((name.clone(), tensors.get(&name, &shape, &Device::Cpu)?))).collect();
    Ok((graph, values?))
}

/// The weights of the model called `name` as a state dict of PyTorch, under the names that its
/// weights file has.
///
/// # Errors
/// When there is no such model.
pub fn pytorch(name: &str) -> Result<Vec<u8>, ExportError> {
    let manifest = registry::manifest(name).map_err(Box::new)?;
    let bytes = registry::weights(name).map_err(Box::new)?;
    let file = TensorFile::parse(&bytes)?;
    let listed = manifest.architecture.tensors(manifest.input.channels, manifest.labels.len());
    let tensors: Result<Vec<(String, Tensor)>, WeightError> = listed
        .map_err(WeightError::from)?
        .into_iter()
        .map(|(name, shape)| Ok((name.clone(), file.get(&name, &shape, &Device::Cpu)?)))
        .collect();
    pytorch::state_dict(&tensors?)
}

/// The weights of the model called `name` as a safetensors file.
///
/// # Errors
/// When there is no such model.
pub fn safetensors(name: &str) -> Result<Vec<u8>, ExportError> {
    Ok(registry::weights(name).map_err(Box::new)?.into_owned())
}

#[cfg(test)]
mod tests;
