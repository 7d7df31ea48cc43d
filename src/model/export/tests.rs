//! What is written is read again, and gives the same logits.

use candle_nn::VarMap;

use super::*;
use crate::model::import::onnx as import;
use crate::network::Mode;
use crate::network::architecture::Family;

const CLASSES: usize = 3;

/// A narrow network of every family, its channels and the side of its image.
fn families() -> Vec<(Architecture, usize, usize)> {
    let of = |family, widths: &[usize], blocks: &[usize]| Architecture {
        widths: widths.to_vec(),
        blocks: blocks.to_vec(),
        ..Architecture::new(family)
    };
    let hidden = |arch: Architecture| Architecture { hidden: Some(vec![12]), ..arch };
    let vit = Architecture {
        heads: vec![3],
        patch: Some(8),
        image: Some(32),
        expansion: Some(2),
        registers: Some(2),
        layer_scale: Some(0.5),
        ..of(Family::VitS16, &[24], &[3])
    };
    let plain = Architecture { registers: None, layer_scale: None, ..vit.clone() };
    let swin = Architecture {
        heads: vec![2, 4],
        window: Some(4),
        expansion: Some(2),
        ..of(Family::SwinT, &[12, 24], &[2, 2])
    };
    vec![
        (Architecture { strides: vec![1, 2], ..of(Family::CompactResnet, &[8, 20, 16], &[1, 2]) }, 1, 48),
        (hidden(of(Family::ShallowCnn, &[4, 6], &[1, 1])), 1, 40),
        (hidden(of(Family::CustomCnn, &[4, 20, 6, 8], &[1, 1, 1, 1])), 3, 64),
        (hidden(of(Family::Vgg16Bn, &[4, 6, 8, 8, 8], &[])), 3, 96),
        (of(Family::Resnet18, &[8, 8, 12, 16, 20], &[1, 1, 1, 1]), 3, 64),
        (of(Family::Resnet50, &[8, 4, 8, 8, 16], &[1, 1, 1, 1]), 1, 64),
        (Architecture { growth: Some(6), ..of(Family::Densenet121, &[8], &[2, 2, 2, 2]) }, 1, 64),
        (of(Family::EfficientnetB0, &[8, 16, 16, 16, 24, 24, 24, 24, 32], &[1, 1, 1, 1, 1, 1, 1]), 3, 64),
        (of(Family::EfficientnetLite0, &[8, 16, 16, 24, 20, 24], &[1, 2, 2, 2]), 1, 65),
        (of(Family::MobilenetV2, &[8, 16, 16, 24, 20], &[1, 2, 2]), 1, 64),
        (hidden(of(Family::MobilenetV3Large, &[16, 16, 16, 24, 16, 32], &[1, 2, 2, 2])), 1, 64),
        (vit, 3, 32),
        (plain, 1, 32),
        (swin, 3, 48),
        (of(Family::ConvnextTiny, &[12, 24], &[2, 2]), 3, 64),
    ]
}

fn image(channels: usize, side: usize) -> Tensor {
    let values = (0..2 * channels * side * side).map(|i| ((i * 7919 % 1000) as f32 - 500.0) / 300.0);
    Tensor::from_iter(values, &Device::Cpu).unwrap().reshape((2, channels, side, side)).unwrap()
}

fn weights(architecture: &Architecture, channels: usize) -> TensorFile {
    let vars = VarMap::new();
    architecture.trainable(channels, CLASSES, &vars, &Device::Cpu, 7).unwrap();
    let mut tensors = HashMap::new();
    for (i, (name, var)) in vars.data().lock().unwrap().iter().enumerate() {
        let tensor = var.as_detached_tensor();
        // Norms that are no identities, and biases that are not 0.
        let shifted =
            if tensor.rank() == 1 { tensor.affine(1.0, 0.01 * (i % 7) as f64 + 0.02).unwrap() } else { tensor };
        tensors.insert(name.clone(), shifted);
    }
    TensorFile::new(tensors)
}

fn apart(found: &Tensor, expected: &Tensor) -> f32 {
    let size = |t: &Tensor| t.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
    size(&(found - expected).unwrap()) / size(expected).max(1e-12)
}

fn logits(architecture: &Architecture, channels: usize, tensors: &TensorFile, image: &Tensor) -> Tensor {
    let network = architecture.folded(channels, CLASSES, tensors, &Device::Cpu).unwrap();
    network.forward(image, Mode::Inference).unwrap()
}

#[test]
fn every_family_gives_the_same_logits_as_a_file_and_read_again() {
    for (architecture, channels, side) in families() {
        let family = architecture.family;
        let (tensors, image) = (weights(&architecture, channels), image(channels, side));
        let expected = logits(&architecture, channels, &tensors, &image);
        let (graph, values) = graph_of(&architecture, [channels, side, side], CLASSES, &tensors)
            .unwrap_or_else(|error| panic!("{family}: {error}"));
        let drawn = Architecture::of_graph(graph.clone(), 0.0);
        let found = logits(&drawn, channels, &TensorFile::new(values.clone()), &image);
        // The graph adds up in another order.
        assert!(apart(&found, &expected) < 2e-5, "{family} as a graph: {}", apart(&found, &expected));

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.onnx");
        std::fs::write(&file, onnx::write(&graph, &values, "round", &[(LABELS, "[\"a\"]".into())]).unwrap()).unwrap();
        if let Some(kept) = std::env::var_os("PELLUCID_KEEP_ONNX") {
            let kept = std::path::PathBuf::from(kept);
            std::fs::copy(&file, kept.join(format!("{family}-{channels}.onnx"))).unwrap();
            let arrays = HashMap::from([("image".to_owned(), image.clone()), ("logits".to_owned(), expected.clone())]);
            candle_core::safetensors::save(&arrays, kept.join(format!("{family}-{channels}.safetensors"))).unwrap();
        }
        let read = import::read(&file, 224).unwrap_or_else(|error| panic!("{family}: {error}"));
        assert_eq!(read.labels(), Some(vec!["a".to_owned()]));
        let again = logits(&read.architecture(0.0), channels, &TensorFile::new(read.tensors.clone()), &image);
        assert!(apart(&again, &expected) < 2e-5, "{family} read again: {}", apart(&again, &expected));
        // Methods that follow attention go on where they did.
        let built = |a: &Architecture, t: &TensorFile| a.folded(channels, CLASSES, t, &Device::Cpu).unwrap();
        let own = built(&architecture, &tensors).has_class_attention();
        let again = built(&read.architecture(0.0), &TensorFile::new(read.tensors.clone()));
        assert_eq!(again.has_class_attention(), own, "{family}: {}", again.without_class_attention());
    }
}

#[test]
fn a_state_dict_is_read_again_with_the_same_values() {
    let tensors = vec![
        ("conv.weight".to_owned(), image(3, 5)),
        ("fc.bias".to_owned(), Tensor::new(&[1f32, -2.0], &Device::Cpu).unwrap()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.pth");
    std::fs::write(&file, pytorch::state_dict(&tensors).unwrap()).unwrap();
    let foreign = crate::model::import::format::read(&file).unwrap();
    assert!(foreign.uncalled.is_empty());
    for (i, (name, shape)) in foreign.tensors.iter().enumerate() {
        let (_, expected) = tensors.iter().find(|(own, _)| own == name).unwrap();
        assert_eq!(expected.dims(), shape.as_slice());
        let found = &foreign.read(&[i]).unwrap()[0];
        assert_eq!(apart(found, expected), 0.0, "{name}");
    }
}

#[test]
fn the_manifest_of_a_graph_is_read_again() {
    let (architecture, channels, side) = families().swap_remove(0);
    let tensors = weights(&architecture, channels);
    let (graph, _) = graph_of(&architecture, [channels, side, side], CLASSES, &tensors).unwrap();
    let whole = Architecture::of_graph(graph, 0.25);
    let text = toml::to_string_pretty(&whole).unwrap();
    assert_eq!(toml::from_str::<Architecture>(&text).unwrap(), whole);
    let stages: Vec<String> = whole.stages().unwrap().into_iter().map(|(name, _)| name).collect();
    assert!(stages.contains(&"dropout".to_owned()) && stages.contains(&"stage2".to_owned()), "{stages:?}");
}
