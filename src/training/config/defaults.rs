//! What a configuration need not say. A folder for each class and the name of an architecture make
//! a model:
//!
//! ```toml
//! size = 96
//! [data]
//! folders = ["images"]
//! [architecture]
//! family = "custom-cnn"
//! ```

use std::path::Path;

use super::fault::{Check, ConfigFault};
use super::{Config, Phase, same_name};
use crate::model::manifest::{Head, Input, Label, Normalization, Resize};
use crate::model::registry;
use crate::network::architecture::Family;
use crate::network::graph::Graph;

/// Epochs of a run that names none.
const EPOCHS: usize = 20;
/// Class folders that become labels at most.
const LABELS: usize = 200;

pub(super) fn first_version() -> String {
    "0.1.0".into()
}

pub(super) fn not_stated() -> String {
    "Not stated.".into()
}

pub(super) fn softmax() -> Head {
    Head::Softmax
}

/// The input of a configuration that says nothing of it.
pub fn grey_square() -> Input {
    Input {
        width: 224,
        height: 224,
        channels: 1,
        resize: Resize::Squash,
        crop: 1.0,
        smoothing: 0.0,
        value_range: [0.0, 1.0],
        normalization: Normalization::PerImage,
        mean: Vec::new(),
        sd: Vec::new(),
    }
}

/// Fills in what depends on the file's name, the architecture and the data.
pub(super) fn fill(config: &mut Config, path: &Path, root: &Path) -> Check {
    if config.name.is_empty() {
        config.name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    }
    let graph = graph_of_start(config, root);
    if let Some(size) = config.size {
        (config.input.width, config.input.height) = (size, size);
    }
    if config.phases.is_empty() {
        config.phases.push(Phase { epochs: EPOCHS, size: 0 });
    }
    for phase in config.phases.iter_mut().filter(|p| p.size == 0) {
        phase.size = config.input.width;
    }
    if let Some(graph) = graph {
        config.architecture.graph = Some(graph.with_ends(config.input.channels, config.labels.len().max(1)));
    }
    if config.target_layer.is_empty() {
        let Input { width, height, .. } = config.input;
        config.target_layer = config.architecture.default_target(width, height)?;
    }
    if config.labels.is_empty() {
        config.labels = labels_of_folders(config, root)?;
    }
    config.architecture.graph =
        config.architecture.graph.take().map(|graph| graph.with_ends(config.input.channels, config.labels.len()));
    if config.description.is_empty() {
        let names: Vec<&str> = config.labels.iter().map(|l| l.name.as_str()).collect();
        config.description = format!("Scores images for: {}.", names.join(", "));
    }
    Ok(())
}

/// The graph of the model that the training starts from, where the architecture is one and names no
/// nodes of its own; its input goes along where none is written.
fn graph_of_start(config: &mut Config, root: &Path) -> Option<Graph> {
    if config.architecture.family != Family::Graph || config.architecture.graph.is_some() {
        return None;
    }
    let from = config.transfer.start_from.clone()?;
    let folder = root.join(&from);
    let name = if folder.is_dir() { folder.to_string_lossy().into_owned() } else { from };
    let manifest = registry::manifest(&name).ok()?;
    if config.input == grey_square() {
        config.input = manifest.input;
    }
    manifest.architecture.graph
}

/// A label for each class folder, in the order of their names.
fn labels_of_folders(config: &Config, root: &Path) -> Check<Vec<Label>> {
    if config.data.folders.is_empty() {
        return Err(ConfigFault::NoLabels);
    }
    let mut names: Vec<String> = Vec::new();
    for folder in &config.data.folders {
        let folder = root.join(folder);
        let entries = std::fs::read_dir(&folder).map_err(|source| ConfigFault::DataFolder { folder, source })?;
        let classes =
            entries.flatten().filter(|e| e.path().is_dir()).map(|e| e.file_name().to_string_lossy().into_owned());
        for name in classes.filter(|n| !n.starts_with('.')) {
            if !names.iter().any(|known| same_name(known, &name)) {
                names.push(name);
            }
        }
    }
    names.sort();
    if names.len() > LABELS {
        return Err(ConfigFault::ManyClassFolders(names.len()));
    }
    if names.len() < 2 && config.head == Head::Softmax {
        return Err(ConfigFault::FewClassFolders { count: names.len() });
    }
    let label = |name| Label { name, aliases: Vec::new(), threshold: 0.5, description: String::new() };
    Ok(names.into_iter().map(label).collect())
}
