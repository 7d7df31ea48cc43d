//! Vision transformers, Swin and ConvNeXt under the names of timm and Hugging Face, and the latter's
//! ResNet: every tensor finds its place, and the network says what theirs says.
//!
//! `tests/golden/foreign_transformers.py` writes their names and logits; values are made of the
//! names.

use std::collections::HashMap;

use candle_core::Device;
use pellucid::model::import::fit::{Fit, fit, fit_to};
use pellucid::model::import::{Foreign, ImportError, format};
use pellucid::network::Mode;
use pellucid::network::architecture::{Architecture, Family};
use pellucid::network::weights::TensorFile;
use serde_json::Value;

use crate::narrow::{CLASSES, plain, tensor};

const GOLDEN: &str = include_str!("../golden/foreign_transformers.json");

/// Name and shape of the tensors of a golden network, and its logits.
type Golden = (Vec<(String, Vec<usize>)>, Vec<f32>);

fn golden(name: &str) -> Golden {
    let all: HashMap<String, Value> = serde_json::from_str(GOLDEN).unwrap();
    let numbers = |value: &Value| value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect::<Vec<_>>();
    let row = |row: &Value| {
        let shape = numbers(&row[1]).into_iter().map(|side| side as usize).collect();
        (row[0].as_str().unwrap().to_owned(), shape)
    };
    let tensors = all[name]["tensors"].as_array().unwrap().iter().map(row).collect();
    (tensors, numbers(&all[name]["logits"]).into_iter().map(|v| v as f32).collect())
}

/// A file of these tensors.
fn file(tensors: &[(String, Vec<usize>)]) -> Foreign {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let values: HashMap<_, _> = tensors.iter().map(|(name, shape)| (name.clone(), tensor(name, shape))).collect();
    candle_core::safetensors::save(&values, &path).unwrap();
    format::read(&path).unwrap()
}

/// The narrow shape of the script, with what the file tells of the rest.
fn narrowed(architecture: Architecture) -> Architecture {
    let (widths, blocks, heads, window) = match architecture.family {
        Family::SwinT => (vec![12, 24, 48], vec![2, 2, 1], vec![2, 4, 4], Some(4)),
        Family::ConvnextTiny => (vec![12, 24, 24, 40], vec![1, 2, 1, 1], Vec::new(), None),
        Family::Resnet18 => return architecture,
        _ => (vec![24], vec![2], vec![3], None),
    };
    Architecture { widths, blocks, heads, window, ..architecture }
}

fn fitted(foreign: &Foreign, family: Family) -> Fit {
    let told = fit(foreign, family).unwrap().architecture;
    fit_to(foreign, narrowed(told)).unwrap()
}

#[test]
fn networks_of_timm_and_hugging_face_say_what_they_said_there() {
    for (name, family) in [
        ("timm vit-s-16", Family::VitS16),
        ("timm vit-registers", Family::VitS16),
        ("timm vit-unplaced", Family::VitS16),
        ("timm vit-average", Family::VitS16),
        ("timm swin-t", Family::SwinT),
        ("timm convnext-tiny", Family::ConvnextTiny),
        ("hugging-face vit", Family::VitS16),
        ("hugging-face vit state", Family::VitS16),
        ("hugging-face swin", Family::SwinT),
        ("hugging-face swin state", Family::SwinT),
        ("hugging-face convnext", Family::ConvnextTiny),
        ("hugging-face resnet", Family::Resnet18),
    ] {
        let (tensors, expected) = golden(name);
        let foreign = file(&tensors);
        let fit = fitted(&foreign, family);
        fit.accept(&foreign, false).unwrap_or_else(|error| panic!("{name}: {error}"));
        let weights = TensorFile::new(fit.tensors(&foreign).unwrap());
        let network = fit.architecture.folded(3, CLASSES, &weights, &Device::Cpu).unwrap();
        let logits = network.forward(&plain("picture", &[1, 3, 64, 64]), Mode::Inference).unwrap();
        let found = logits.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let top = expected.iter().fold(0f32, |top, e| top.max(e.abs()));
        let apart = found.iter().zip(&expected).map(|(f, e)| (f - e).abs()).fold(0f32, f32::max);
        assert!(found.len() == CLASSES && apart <= 1e-4 * top, "{name}: {found:?} is not {expected:?}");
    }
}

#[test]
fn grid_registers_and_layer_scale_are_told_by_the_file() {
    let told = |name| fit(&file(&golden(name).0), Family::VitS16).unwrap().architecture;
    let plain = told("timm vit-s-16");
    assert_eq!((plain.image, plain.patch, plain.registers, plain.layer_scale), (Some(64), Some(16), None, None));
    let other = told("timm vit-registers");
    assert_eq!((other.image, other.registers, other.layer_scale), (Some(64), Some(2), Some(1.0)));
    assert_eq!((other.average, other.query_norm), (None, None));
    let average = told("timm vit-average");
    assert_eq!((average.average, average.query_norm), (Some(true), Some(true)));
    let target = narrowed(average).default_target(64, 64).unwrap();
    assert_eq!(target, "encoder.layers.encoder_layer_1");
}

#[test]
fn a_merging_counted_to_the_stage_before_it_is_the_same_merging() {
    let (mut tensors, _) = golden("timm swin-t");
    for (name, _) in &mut tensors {
        *name = name
            .replace("layers.1.downsample", "layers.0.downsample")
            .replace("layers.2.downsample", "layers.1.downsample");
    }
    tensors.push(("layers.0.blocks.1.attn.relative_position_index".into(), vec![16, 16]));
    let foreign = file(&tensors);
    fitted(&foreign, Family::SwinT).accept(&foreign, false).unwrap();
}

#[test]
fn a_query_without_its_key_is_missing() {
    let (mut tensors, _) = golden("hugging-face vit");
    tensors.retain(|(name, _)| !name.ends_with("layer.1.attention.attention.key.weight"));
    let foreign = file(&tensors);
    let fit = fitted(&foreign, Family::VitS16);
    let missing: Vec<&str> = fit.report.missing.iter().map(|lone| lone.name.as_str()).collect();
    assert_eq!(missing, ["encoder.layers.encoder_layer_1.self_attention.in_proj_weight"]);
    assert!(fit.accept(&foreign, false).is_err());
}

#[test]
fn a_distilled_network_is_refused_by_a_sentence() {
    let (mut tensors, _) = golden("timm vit-s-16");
    tensors.push(("dist_token".into(), vec![1, 1, 24]));
    let error = fit(&file(&tensors), Family::VitS16).err().unwrap();
    assert!(matches!(error, ImportError::Distilled), "{error}");
    assert!(error.to_string().contains("deit_small_patch16_224"), "{error}");
}
