//! What a configuration need not say. A folder for each class and the name of an architecture make a model:
//!
//! ```toml
//! size = 96
//! [data]
//! folders = ["films"]
//! [architecture]
//! family = "custom-cnn"
//! ```

use std::path::Path;

use super::{Config, Phase, same_name};
use crate::network::manifest::{Head, Input, Label, Normalization, Resize};

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

pub(super) fn grey_square() -> Input {
    Input {
        width: 224,
        height: 224,
        channels: 1,
        resize: Resize::Squash,
        crop: 1.0,
        value_range: [0.0, 1.0],
        normalization: Normalization::PerImage,
        mean: Vec::new(),
        sd: Vec::new(),
    }
}

/// Fills in what depends on the file's name, the architecture and the data.
pub(super) fn fill(config: &mut Config, path: &Path, root: &Path) -> Result<(), String> {
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
        config.target_layer = config.architecture.default_target(width, height).map_err(|e| e.to_string())?;
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
fn labels_of_folders(config: &Config, root: &Path) -> Result<Vec<Label>, String> {
    if config.data.folders.is_empty() {
        return Err("it names no `[[labels]]`, and only data in a folder for each class can do without".into());
    }
    let mut names: Vec<String> = Vec::new();
    for folder in &config.data.folders {
        let folder = root.join(folder);
        let entries = std::fs::read_dir(&folder).map_err(|e| {
            format!("the data folder {} cannot be read ({e}); name its parent with --data", folder.display())
        })?;
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
        return Err(format!("there are {} class folders, which is no set of labels; name `[[labels]]`", names.len()));
    }
    if names.len() < 2 && config.head == Head::Softmax {
        return Err(format!(
            "the data folders hold {} class folder{}, and telling classes apart needs at least two",
            names.len(),
            if names.len() == 1 { "" } else { "s" }
        ));
    }
    let label = |name| Label { name, aliases: Vec::new(), threshold: 0.5, description: String::new() };
    Ok(names.into_iter().map(label).collect())
}
