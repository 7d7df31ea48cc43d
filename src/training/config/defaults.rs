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
    if let Some(size) = config.size {
        (config.input.width, config.input.height) = (size, size);
    }
    if config.phases.is_empty() {
        config.phases.push(Phase { epochs: EPOCHS, size: 0 });
    }
    for phase in config.phases.iter_mut().filter(|p| p.size == 0) {
        phase.size = config.input.width;
    }
    if config.target_layer.is_empty() {
        let Input { width, height, .. } = config.input;
        config.target_layer = config.architecture.default_target(width, height)?;
    }
    if config.labels.is_empty() {
        config.labels = labels_of_folders(config, root)?;
    }
    if config.description.is_empty() {
        let names: Vec<&str> = config.labels.iter().map(|l| l.name.as_str()).collect();
        config.description = format!("Scores images for: {}.", names.join(", "));
    }
    Ok(())
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
