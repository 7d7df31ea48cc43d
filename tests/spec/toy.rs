//! A model of a few kilobytes with random weights, and pictures to show it, for tests of what
//! surrounds a model.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use candle_nn::VarMap;
use pellucid::files::sha256;
use pellucid::model::gate::{CLASSES, GateSettings, HEADER};
use pellucid::model::manifest::Manifest;
use pellucid::network::architecture::Architecture;

const MANIFEST: &str = r#"
name = "toy"
version = "1"
description = "Random weights, for tests."
licence = "MIT OR Apache-2.0"
head = "softmax"
target_layer = "stage2"
weights_sha256 = "WEIGHTS"
architecture = { family = "compact-resnet", widths = [4, 4, 8], blocks = [1, 1], strides = [1, 2], dropout = 0.3 }
input = { width = 64, height = 64, channels = 1, resize = "squash", normalization = "per-image" }
training = { data = "none", population = "nobody", images = 0, date = "2026" }
labels = [
    { name = "Normal" },
    { name = "Bacterial pneumonia", aliases = ["bacteria"] },
    { name = "Viral pneumonia" },
]
groups = [{ name = "Pneumonia", members = ["Bacterial pneumonia", "Viral pneumonia"], threshold = 0.6 }]
"#;

/// Writes the model to `folder`/toy and yields that path.
pub(crate) fn model(folder: &Path) -> PathBuf {
    model_with(folder, &|manifest| manifest)
}

/// The same with another manifest.
pub(crate) fn model_with(folder: &Path, change: &dyn Fn(String) -> String) -> PathBuf {
    let home = folder.join("toy");
    fs::create_dir_all(&home).unwrap();
    let text = change(MANIFEST.to_owned());
    let manifest: Manifest = toml::from_str(&text).unwrap();
    let vars = VarMap::new();
    manifest.architecture.trainable(1, 3, &vars, &Device::Cpu, 7).unwrap();
    vars.save(home.join("weights.safetensors")).unwrap();
    let hash = sha256(&fs::read(home.join("weights.safetensors")).unwrap());
    fs::write(home.join("manifest.toml"), text.replace("WEIGHTS", &hash)).unwrap();
    home
}

/// Writes a model for MR of the head to `folder`/toy-brain; its gate lets through scores from
/// `threshold`, so 0 takes all and 1 takes none.
pub(crate) fn brain(folder: &Path, threshold: f32) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let home = folder.join("toy-brain");
    fs::rename(model(folder), &home).unwrap();
    let gate = gate(threshold);
    fs::write(home.join("gate.safetensors"), &gate).unwrap();
    let text = fs::read_to_string(home.join("manifest.toml")).unwrap().replace("\"toy\"", "\"toy-brain\"");
    let more = format!(
        "[fits]\nmodalities = [\"MR\"]\nbody_parts = [\"HEAD\", \"BRAIN\"]\n[gate]\nsha256 = \"{}\"\nasks = \"a slice\"\n\
         population = \"nobody\"\n",
        sha256(&gate)
    );
    fs::write(home.join("manifest.toml"), text + &more).unwrap();
    home
}

/// A gate file with random weights.
fn gate(threshold: f32) -> Vec<u8> {
    let architecture = Architecture::compact(&[4, 6], &[1], &[2], 0.0);
    let vars = VarMap::new();
    architecture.trainable(1, CLASSES.len(), &vars, &Device::Cpu, 1).unwrap();
    let mut tensors: HashMap<String, Tensor> =
        vars.data().lock().unwrap().iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
    tensors.insert("gate.mean".into(), Tensor::zeros(6, DType::F32, &Device::Cpu).unwrap());
    tensors.insert("gate.precision".into(), Tensor::eye(6, DType::F32, &Device::Cpu).unwrap());
    let settings = GateSettings {
        asks: "a slice".into(),
        population: "nobody".into(),
        ages: None,
        architecture,
        side: 32,
        threshold,
        distance: 1000.0,
        slope: 1.0,
        colour: false,
        steps: None,
    };
    let header = HashMap::from([(HEADER.to_owned(), serde_json::to_string(&settings).unwrap())]);
    safetensors::serialize(tensors, Some(header)).unwrap()
}

/// Writes a grey picture of soft blobs that differ by `seed`.
pub(crate) fn picture(path: &Path, seed: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let grey = |x: u32, y: u32| {
        let (x, y) = (x as f32 / 20.0 + seed as f32, y as f32 / 13.0);
        image::Luma([(127.0 + 60.0 * x.sin() + 60.0 * (y + x * 0.3).cos()) as u8])
    };
    image::GrayImage::from_fn(120, 100, grey).save(path).unwrap();
}

/// Gives the model in `home` other random weights; yields their SHA-256.
pub(crate) fn other_weights(home: &Path) -> String {
    let manifest: Manifest = toml::from_str(&fs::read_to_string(home.join("manifest.toml")).unwrap()).unwrap();
    let vars = VarMap::new();
    manifest.architecture.trainable(1, 3, &vars, &Device::Cpu, 8).unwrap();
    vars.save(home.join("weights.safetensors")).unwrap();
    sha256(&fs::read(home.join("weights.safetensors")).unwrap())
}
