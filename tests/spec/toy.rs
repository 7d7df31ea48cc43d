//! A model of a few kilobytes with random weights, and pictures to show it, for tests of what surrounds a model.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::Device;
use candle_nn::VarMap;
use pellucid::network::manifest::Manifest;
use pellucid::network::weights;

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
pub fn model(folder: &Path) -> PathBuf {
    model_with(folder, &|manifest| manifest)
}

/// The same with another manifest.
pub fn model_with(folder: &Path, change: &dyn Fn(String) -> String) -> PathBuf {
    let home = folder.join("toy");
    fs::create_dir_all(&home).unwrap();
    let text = change(MANIFEST.to_owned());
    let manifest: Manifest = toml::from_str(&text).unwrap();
    let vars = VarMap::new();
    manifest.architecture.trainable(1, 3, &vars, &Device::Cpu, 7).unwrap();
    vars.save(home.join("weights.safetensors")).unwrap();
    let hash = weights::sha256(&fs::read(home.join("weights.safetensors")).unwrap());
    fs::write(home.join("manifest.toml"), text.replace("WEIGHTS", &hash)).unwrap();
    home
}

/// Writes a grey picture of soft blobs that differ by `seed`.
pub fn picture(path: &Path, seed: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let grey = |x: u32, y: u32| {
        let (x, y) = (x as f32 / 20.0 + seed as f32, y as f32 / 13.0);
        image::Luma([(127.0 + 60.0 * x.sin() + 60.0 * (y + x * 0.3).cos()) as u8])
    };
    image::GrayImage::from_fn(120, 100, grey).save(path).unwrap();
}
