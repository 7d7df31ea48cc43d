//! Keras weights: HDF5 files of Keras 2 and 3 (`.h5`), weights of Keras 3 (`.weights.h5`) and its
//! archives (`.keras`).
//!
//! Three layouts are known. Whole models of the `.h5` kind keep
//! `model_weights/LAYER/LAYER/kernel:0`; weight files of Keras 2 the same without the outer group;
//! Keras 3 keeps `layers/conv2d_4/vars/0` and the layer's own name as an attribute of `vars`, or
//! (its first versions) only in the order of `config.json` of a `.keras` archive. Every tensor is
//! named `layer/part`, where part is `kernel`, `bias`, `gamma`, `beta`, `mean` or `variance`. The
//! values of an optimizer are left out.
//!
//! Groups of HDF5 may be in each other by several names; no address tells them apart here, so
//! visits are counted.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use hdf5_pure::{AttrValue, DType, Dataset, File, Group, ReadSeekSource};

use super::{Dialect, Foreign, ImportError, Values};
use crate::limits::{FOREIGN_DEPTH, FOREIGN_GROUPS, FOREIGN_NAME, FOREIGN_TENSORS};

/// The HDF5 file inside a `.keras` archive.
pub(super) const WEIGHTS: &str = "model.weights.h5";

/// Chunks of a data set may be so many values larger than the data set itself.
const CHUNK_SLACK: u64 = 1 << 16;

/// Reads an HDF5 file on disk.
pub(super) fn from_file(file: std::fs::File) -> Result<Foreign, ImportError> {
    let source = ReadSeekSource::new(file).map_err(hdf5_pure::Error::from)?;
    read(&File::from_source(source)?, &HashMap::new(), "Keras HDF5")
}

/// Reads the weights of a `.keras` archive; `config` is its `config.json`.
pub(super) fn from_bytes(weights: Vec<u8>, config: &[u8]) -> Result<Foreign, ImportError> {
    read(&File::from_bytes(weights)?, &layers_by_class(config), "Keras archive")
}

fn read(file: &File, by_class: &HashMap<String, String>, format: &str) -> Result<Foreign, ImportError> {
    let mut walk = Walk { tensors: Vec::new(), datasets: Vec::new(), visits: 0, by_class };
    let root = file.root();
    let start = root.group("model_weights").unwrap_or(root);
    walk.group(&start, &mut Vec::new())?;
    let Walk { tensors, datasets, .. } = walk;
    if tensors.is_empty() {
        return Err(ImportError::Damaged("it is an HDF5 file without the weights of a Keras model".into()));
    }
    let values = Box::new(Datasets(datasets));
    Ok(Foreign { format: format.into(), dialect: Dialect::Keras, tensors, uncalled: Vec::new(), values })
}

struct Walk<'a> {
    tensors: Vec<(String, Vec<usize>)>,
    datasets: Vec<Dataset>,
    /// Groups and data sets visited so far.
    visits: usize,
    by_class: &'a HashMap<String, String>,
}

impl Walk<'_> {
    fn group(&mut self, group: &Group, path: &mut Vec<String>) -> Result<(), ImportError> {
        if path.len() > FOREIGN_DEPTH {
            return Err(ImportError::TooDeep { most: FOREIGN_DEPTH });
        }
        let named = (path.last().is_some_and(|last| last == "vars")).then(|| self.own_name(group, path));
        let datasets = group.iter_datasets()?;
        self.visit(datasets.len())?;
        for (leaf, dataset) in datasets {
            let name = match &named {
                Some(layer) => format!("{layer}/{leaf}"),
                None => format!("{}/{}", layer_of(path), part_of(&leaf)),
            };
            self.dataset(dataset, name)?;
        }
        let groups = group.iter_groups()?;
        self.visit(groups.len())?;
        for (name, inner) in groups {
            if path.is_empty() && (name.starts_with("optimizer") || name == "metrics") {
                continue;
            }
            path.push(name);
            self.group(&inner, path)?;
            path.pop();
        }
        Ok(())
    }

    fn visit(&mut self, members: usize) -> Result<(), ImportError> {
        self.visits = self.visits.saturating_add(members);
        if self.visits > FOREIGN_GROUPS { Err(ImportError::Tangled) } else { Ok(()) }
    }

    /// The layer that a `vars` group belongs to.
    fn own_name(&self, group: &Group, path: &[String]) -> String {
        let attribute = group.attrs().ok().and_then(|mut attributes| attributes.remove("name"));
        if let Some(AttrValue::String(name) | AttrValue::VarLenString(name) | AttrValue::AsciiString(name)) = attribute
        {
            return name;
        }
        let class = path.len().checked_sub(2).map_or("", |i| path[i].as_str());
        self.by_class.get(class).cloned().unwrap_or_else(|| class.to_owned())
    }

    /// Writes down a data set of floating-point numbers.
    fn dataset(&mut self, dataset: Dataset, name: String) -> Result<(), ImportError> {
        if !matches!(dataset.dtype()?, DType::F32 | DType::F64) {
            return Ok(());
        }
        if self.tensors.len() >= FOREIGN_TENSORS {
            return Err(ImportError::TooMany { what: "tensors", most: FOREIGN_TENSORS });
        }
        if name.len() > FOREIGN_NAME {
            return Err(ImportError::Damaged(format!("the name of a tensor has more than {FOREIGN_NAME} letters")));
        }
        self.tensors.push((name, dataset.shape()?.into_iter().map(|side| side as usize).collect()));
        self.datasets.push(dataset);
        Ok(())
    }
}

struct Datasets(Vec<Dataset>);

impl Values for Datasets {
    fn read(&self, wanted: &[usize]) -> Result<Vec<Tensor>, ImportError> {
        wanted.iter().map(|number| tensor(&self.0[*number])).collect()
    }
}

fn tensor(dataset: &Dataset) -> Result<Tensor, ImportError> {
    let count = |sides: &[u64]| sides.iter().try_fold(1u64, |all, side| all.checked_mul(*side)).unwrap_or(u64::MAX);
    let shape = dataset.shape()?;
    // A chunk is unpacked as a whole, however little of it the data set has.
    let chunk = dataset.chunk_shape()?.map_or(0, |sides| count(&sides));
    if chunk > count(&shape).saturating_add(CHUNK_SLACK) {
        return Err(ImportError::Damaged("a part of it is packed in pieces that are larger than itself".into()));
    }
    let values = dataset.read_f32()?;
    if values.len() as u64 != count(&shape) {
        return Err(ImportError::CutShort);
    }
    let shape: Vec<usize> = shape.into_iter().map(|side| side as usize).collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

/// The layer of `LAYER/LAYER`, where the name itself may hold a slash (`conv1/bn/conv1/bn` is
/// `conv1_bn`).
fn layer_of(path: &[String]) -> String {
    let (before, after) = path.split_at(path.len() / 2);
    if before == after { after.join("_") } else { path.last().cloned().unwrap_or_default() }
}

/// What a tensor of a layer is, from the names of all generations of Keras; those of Keras 3 are
/// numbers and stay so.
fn part_of(leaf: &str) -> &str {
    const PARTS: [(&str, &str); 10] = [
        ("moving_mean", "mean"),
        ("running_mean", "mean"),
        ("moving_variance", "variance"),
        ("running_std", "variance"),
        ("kernel", "kernel"),
        ("gamma", "gamma"),
        ("beta", "beta"),
        ("bias", "bias"),
        ("_W", "kernel"),
        ("_b", "bias"),
    ];
    let leaf = leaf.split(':').next().unwrap_or_default();
    PARTS.iter().find(|(part, _)| leaf.contains(part)).map_or(leaf, |(_, part)| part)
}

/// Names of the groups of the first versions of Keras 3 (`conv2d_4`: the fifth layer of that class)
/// and of their layers.
fn layers_by_class(config: &[u8]) -> HashMap<String, String> {
    let config: serde_json::Value = serde_json::from_slice(config).unwrap_or_default();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut names = HashMap::new();
    for layer in config["config"]["layers"].as_array().into_iter().flatten() {
        let (Some(class), Some(name)) = (layer["class_name"].as_str(), layer["config"]["name"].as_str()) else {
            continue;
        };
        let class = snake(class);
        let number = seen.entry(class.clone()).or_default();
        let group = if *number == 0 { class } else { format!("{class}_{number}") };
        *number += 1;
        names.insert(group, name.to_owned());
    }
    names
}

/// `BatchNormalization` → `batch_normalization`, `Conv2D` → `conv2d`, as Keras does it.
fn snake(class: &str) -> String {
    let mut out = String::new();
    let chars: Vec<char> = class.chars().collect();
    for (i, c) in chars.iter().enumerate() {
        let after_lower = i > 0 && chars[i - 1].is_lowercase();
        let before_lower =
            i > 0 && chars[i - 1].is_alphanumeric() && chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        if c.is_uppercase() && (after_lower || before_lower) {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_named_as_in_every_generation_of_keras() {
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(layer_of(&path("block1_conv1/block1_conv1")), "block1_conv1");
        assert_eq!(layer_of(&path("conv1/bn/conv1/bn")), "conv1_bn");
        assert_eq!(layer_of(&path("densenet121/conv1_conv")), "conv1_conv");
        assert_eq!(layer_of(&path("fc1")), "fc1");
        assert_eq!(part_of("kernel:0"), "kernel");
        assert_eq!(part_of("block1_conv1_W_1:0"), "kernel");
        assert_eq!(part_of("moving_variance"), "variance");
    }

    #[test]
    fn classes_become_groups_as_keras_names_them() {
        assert_eq!(snake("BatchNormalization"), "batch_normalization");
        assert_eq!(snake("Conv2D"), "conv2d");
        assert_eq!(snake("GlobalAveragePooling2D"), "global_average_pooling2d");
        let config = br#"{"config": {"layers": [{"class_name": "Conv2D", "config": {"name": "a"}}, {"class_name": "Conv2D", "config": {"name": "b"}}]}}"#;
        let names = layers_by_class(config);
        assert_eq!((names["conv2d"].as_str(), names["conv2d_1"].as_str()), ("a", "b"));
    }
}
