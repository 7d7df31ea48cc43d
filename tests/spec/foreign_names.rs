//! EfficientNets and MobileNets under the names of timm and of EfficientNet-PyTorch: every tensor
//! finds its place, and the network says what theirs says, padding and ε included.
//!
//! `tests/golden/foreign_names.py` writes their names and logits; values are made of the names.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use pellucid::model::import::convention::{self, NamedArchitecture};
use pellucid::model::import::fit::{fit, fit_as, fit_to};
use pellucid::model::import::{Foreign, ImportError, format};
use pellucid::network::Mode;
use pellucid::network::architecture::{Architecture, Family, PaddingRule};
use pellucid::network::weights::TensorFile;
use serde_json::Value;

use crate::narrow::{CLASSES, plain, tensor};

const GOLDEN: &str = include_str!("../golden/foreign_names.json");

fn golden() -> serde_json::Map<String, Value> {
    let Value::Object(all) = serde_json::from_str(GOLDEN).unwrap() else { panic!("an object") };
    all
}

/// Writes a file of these names.
pub(crate) fn write(name: &str, path: &Path) {
    let rows = golden()[name]["tensors"].as_array().unwrap().clone();
    let row = |row: &Value| {
        let name = row[0].as_str().unwrap().to_owned();
        let shape: Vec<usize> = row[1].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect();
        let values = if shape.is_empty() { Tensor::new(0f32, &Device::Cpu).unwrap() } else { tensor(&name, &shape) };
        (name, values)
    };
    candle_core::safetensors::save(&rows.iter().map(row).collect::<HashMap<_, _>>(), path).unwrap();
}

fn file(name: &str) -> Foreign {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    write(name, &path);
    format::read(&path).unwrap()
}

/// The narrow shapes of the script.
pub(crate) fn narrowed(architecture: Architecture) -> Architecture {
    let (widths, blocks, hidden) = match architecture.family {
        Family::MobilenetV2 => (vec![8, 8, 8, 16, 16, 24, 24, 32, 48], vec![1, 2, 2, 1, 2, 1, 1], None),
        Family::MobilenetV3Large => (vec![8, 8, 8, 16, 16, 24, 24, 144], vec![1, 2, 1, 3, 1, 2], Some(vec![20])),
        _ => (vec![8, 8, 8, 16, 16, 24, 24, 32, 48], vec![1, 2, 2, 1, 1, 2, 1], None),
    };
    Architecture { widths, blocks, hidden, ..architecture }
}

#[test]
fn networks_of_other_makers_say_what_they_said_there() {
    let picture = plain("picture", &[1, 3, 64, 64]);
    for (name, expected) in golden() {
        let named: NamedArchitecture = name.split_once(' ').unwrap().1.parse().unwrap();
        let foreign = file(&name);
        let architecture = narrowed(fit_as(&foreign, named.family, named.convention).unwrap().architecture);
        let fit = fit_to(&foreign, architecture.clone()).unwrap();
        fit.accept(&foreign, false).unwrap_or_else(|error| panic!("{name}: {error}"));
        let weights = TensorFile::new(fit.tensors(&foreign).unwrap());
        let network = architecture.folded(3, CLASSES, &weights, &Device::Cpu).unwrap();
        let found =
            network.forward(&picture, Mode::Inference).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let expected: Vec<f32> =
            expected["logits"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect();
        let top = expected.iter().fold(0f32, |top, e| top.max(e.abs()));
        let apart = found.iter().zip(&expected).map(|(f, e)| (f - e).abs()).fold(0f32, f32::max);
        assert!(found.len() == CLASSES && apart <= 1e-4 * top, "{name}: {found:?} is not {expected:?}");
    }
}

#[test]
fn a_padding_that_the_names_do_not_tell_is_asked_for_and_never_guessed() {
    for (name, family) in [
        ("timm tf-efficientnet-b0", Family::EfficientnetB0),
        ("timm timm-efficientnet-lite0", Family::EfficientnetLite0),
        ("timm tf-mobilenet-v3-large", Family::MobilenetV3Large),
    ] {
        let error = fit(&file(name), family).err().unwrap();
        assert!(matches!(error, ImportError::Convention { .. }), "{name}");
        let sentence = error.to_string();
        assert!(sentence.contains(&format!("--arch tf-{family}")), "{sentence}");
        assert!(sentence.contains(&format!("--arch timm-{family}")), "{sentence}");
        // A configuration that says it may start from the file.
        let silent = Architecture::new(family);
        assert!(convention::check(&file(name), &silent).unwrap_err().contains("set padding"), "{name}");
        let said = Architecture { padding: Some(PaddingRule::Same), ..silent };
        convention::check(&file(name), &said).unwrap();
    }
    // There is one MobileNetV2 only, and EfficientNet-PyTorch always pads as TensorFlow does.
    fit(&file("timm mobilenet-v2"), Family::MobilenetV2).unwrap();
    let published = file("EfficientNet-PyTorch efficientnet-b0");
    let architecture = fit(&published, Family::EfficientnetB0).unwrap().architecture;
    assert_eq!((architecture.padding, architecture.epsilon), (Some(PaddingRule::Same), Some(1e-3)));
    let sentence = convention::check(&published, &Architecture::new(Family::EfficientnetB0)).unwrap_err();
    assert!(sentence.contains("padding = \"same\""), "{sentence}");
    convention::check(&published, &Architecture::new(Family::EfficientnetLite0)).unwrap();
}

#[test]
fn a_file_with_more_stages_is_refused_at_import() {
    let foreign = file("EfficientNet-PyTorch efficientnet-lite0");
    let architecture = narrowed(Architecture::new(Family::EfficientnetLite0));
    let cut = Architecture { widths: vec![8, 8, 8, 16, 16, 24, 48], blocks: vec![1, 2, 2, 1, 1], ..architecture };
    let fit = fit_to(&foreign, cut).unwrap();
    let sentence = fit.accept(&foreign, false).unwrap_err().to_string();
    assert!(sentence.contains("does not fit efficientnet-lite0"), "{sentence}");
    // What it has in common is matched, so that training can start from it.
    let matched: Vec<&str> = fit.report.matched.iter().map(|m| m.to.as_str()).collect();
    assert!(matched.contains(&"features.5.0.block.2.1.bias") && !matched.iter().any(|m| m.starts_with("features.6")));
}
