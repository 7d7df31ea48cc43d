//! The files of a model's folder, and of a gallery.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use pellucid::files::sha256;
use pellucid::imaging::Plane;
use pellucid::model::background::Background;
use pellucid::model::gallery::{Gallery, GalleryImage, GallerySource, file};
use pellucid::training::config::grey_square;

use super::Seed;
use crate::readers::Reader;
use crate::toy;

/// A file of a model that comes with the program; the fuzzer's package lies within the program's.
fn shipped(model: &str, file: &str) -> Vec<u8> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let models = package.ancestors().map(|folder| folder.join("models")).find(|folder| folder.is_dir());
    let path = models.expect("the models lie beside the sources").join(model).join(file);
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What a toy model with a gate consists of: manifest, weights, gate.
fn toy() -> &'static [Vec<u8>; 3] {
    static TOY: OnceLock<[Vec<u8>; 3]> = OnceLock::new();
    TOY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let home = toy::brain(folder.path(), 0.5);
        ["manifest.toml", "weights.safetensors", "gate.safetensors"].map(|name| fs::read(home.join(name)).unwrap())
    })
}

pub(crate) fn toy_weights() -> Vec<u8> {
    toy()[1].clone()
}

pub(crate) fn toy_gate() -> Vec<u8> {
    toy()[2].clone()
}

/// Hash of the weights that the detector among the seeds is for.
pub(crate) fn weights_sha256() -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| sha256(&shipped("chest-xray", "weights.safetensors"))).clone()
}

/// Weights of the segmenter that comes with the program.
pub(crate) fn segmenter_weights() -> Vec<u8> {
    static WEIGHTS: OnceLock<Vec<u8>> = OnceLock::new();
    WEIGHTS.get_or_init(|| shipped("lungs", "weights.safetensors")).clone()
}

fn background() -> Vec<u8> {
    let planes: Vec<(Plane, f64)> = (0..3)
        .map(|i| {
            let values = (0..64).map(|v| ((v * (i + 2)) % 17) as f32).collect();
            (Plane { width: 8, height: 8, values }, 1.0)
        })
        .collect();
    let input = pellucid::model::manifest::Input { width: 8, height: 8, ..grey_square() };
    Background::new("a test".into(), input, &planes).unwrap().to_bytes().unwrap()
}

/// Index and features of a gallery.
pub(crate) fn gallery() -> [(Reader, Vec<u8>); 2] {
    static GALLERY: OnceLock<[(Reader, Vec<u8>); 2]> = OnceLock::new();
    GALLERY
        .get_or_init(|| {
            let image = |i: u16| {
                let image = GalleryImage { path: format!("{i}.png").into(), uid: i.to_string(), ..Default::default() };
                (image, vec![f32::from(i) + 1.0, 2.0, f32::from(i % 3)])
            };
            let source = GallerySource {
                model: "toy".into(),
                weights_sha256: "0".repeat(64),
                input: grey_square(),
                folder: "images".into(),
                made: "2026-11-29".into(),
                patient_patterns: Vec::new(),
            };
            let folder = tempfile::tempdir().unwrap();
            Gallery::new(source, (0..5).map(image).collect()).unwrap().write(folder.path()).unwrap();
            let read = |name| fs::read(folder.path().join(name)).unwrap();
            [(Reader::GalleryIndex, read(file::INDEX)), (Reader::GalleryFeatures, read(file::FEATURES))]
        })
        .clone()
}

/// The manifest of the toy model without a gate.
fn toy_model_manifest() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    fs::read(toy::model(folder.path()).join("manifest.toml")).unwrap()
}

pub(crate) fn all() -> Vec<Seed> {
    let mut all = vec![
        Seed::of(Reader::Manifest, "manifest of a toy model", toy_model_manifest()),
        Seed::of(Reader::Manifest, "manifest of a toy model with a gate", toy()[0].clone()),
        Seed::of(Reader::Gate, "gate of a toy model", toy_gate()),
        Seed::of(Reader::Background, "background set", background()),
        Seed::of(Reader::Detector, "population detector", shipped("chest-xray", "population.safetensors")),
        Seed::of(Reader::SegmenterManifest, "segmenter", shipped("lungs", "segmenter.toml")),
        Seed::of(Reader::Calibration, "calibration", shipped("chest-xray", "calibration.toml")),
    ];
    for model in ["chest-xray", "brain-mri"] {
        all.push(Seed::of(Reader::Manifest, format!("manifest of {model}"), shipped(model, "manifest.toml")));
        all.push(Seed::of(Reader::GateConfig, format!("gate of {model}"), shipped(model, "gate.toml")));
        let training = Seed::of(Reader::Config, format!("training of {model}"), shipped(model, "train.toml"));
        // Sound, but for the data, which is not here.
        all.push(Seed { is_refused: true, ..training });
    }
    all.push(Seed::of(Reader::SegmenterConfig, "training of the segmenter", shipped("lungs", "train.toml")));
    let [(index, a), (features, b)] = gallery();
    all.extend([Seed::of(index, "index of a gallery", a), Seed::of(features, "features of a gallery", b)]);
    all
}
