//! Transformers and ConvNeXt against torchvision, timm, `grad-cam` and plain PyTorch.
//!
//! The golden file is written by `tests/golden/transformers.py`, which says what each number is.

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use super::{Seen, apart, architecture, narrow, peak};
use crate::explain::score_gradients::ScoreGradients;
use crate::explain::{ExplainError, Method, Subject};
use crate::network::architecture::Architecture;
use crate::network::graph::beside::put_together;
use crate::network::weights::TensorFile;
use crate::network::{Mode, Network};

const GOLDEN: &[u8] = include_bytes!("../../../tests/golden/transformers.safetensors");
const CAMS: [Method; 9] = [
    Method::GradCam,
    Method::GradCamPlusPlus,
    Method::HiResCam,
    Method::LayerCam,
    Method::XGradCam,
    Method::ScoreCam,
    Method::AblationCam,
    Method::EigenCam,
    Method::FinerCam,
];
/// Key, network, height and width of the picture, and the stages that maps are stored of.
const NETWORKS: [(&str, &str, [usize; 2], &[&str]); 6] = [
    ("vit-s-16", "vit-s-16", [32, 32], &["encoder.layers.encoder_layer_0", "encoder.layers.encoder_layer_2.ln_1"]),
    ("vit-s-16.wide", "vit-s-16", [32, 48], &["encoder.layers.encoder_layer_2.ln_1"]),
    ("vit-s-16.small", "vit-s-16", [16, 24], &[]),
    ("vit-registers", "vit-registers", [32, 32], &[]),
    ("swin-t", "swin-t", [32, 48], &["features.1", "features.3.1.norm1", "norm"]),
    ("convnext-tiny", "convnext-tiny", [32, 48], &["features.0", "features.3"]),
];

fn golden() -> HashMap<String, Tensor> {
    candle_core::safetensors::load_buffer(GOLDEN, &Device::Cpu).unwrap()
}

fn rows(tensor: &Tensor) -> Vec<Vec<f32>> {
    tensor.flatten_from(1).unwrap().to_vec2().unwrap()
}

fn seen(network: &str, [height, width]: [usize; 2]) -> Seen {
    let architecture = architecture(network);
    let weights = narrow::weights(&architecture, 3, narrow::CLASSES);
    let network = architecture.folded(3, narrow::CLASSES, &weights, &Device::Cpu).unwrap();
    Seen::new(network, narrow::plain("picture", &[1, 3, height, width]))
}

#[test]
fn logits_and_the_gradient_of_the_picture_are_those_of_torchvision_and_timm() {
    let golden = golden();
    for (key, network, size, _) in NETWORKS {
        let seen = seen(network, size);
        let expected = rows(&golden[&format!("{key}.logits")]).remove(0);
        assert!(apart(&seen.logits, &expected) <= 1e-5 * peak(&expected), "{key}: {:?} {expected:?}", seen.logits);
        let pass = ScoreGradients::run(&seen.network, 0, &seen.input, Mode::Inference).unwrap();
        let found =
            pass.back(&[vec![0.0, 1.0, 0.0]]).unwrap().unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let expected = golden[&format!("{key}.gradient")].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(apart(&found, &expected) <= 1e-4 * peak(&expected), "{key}: {}", apart(&found, &expected));
    }
}

#[test]
fn class_activation_maps_of_every_layout_are_those_of_grad_cam() {
    let golden = golden();
    for (key, network, size, stages) in NETWORKS {
        let seen = seen(network, size);
        for stage in stages {
            for method in CAMS {
                let what = format!("{key}.{stage}.{}", method.key());
                let stored = &golden[&what];
                let maps = seen.maps(stage, &Subject::classes(3), method).unwrap();
                let (_, height, width) = stored.dims3().unwrap();
                for (map, expected) in maps.iter().zip(rows(stored)) {
                    assert_eq!((map.raw.width, map.raw.height), (width, height), "{what}");
                    let off = apart(&map.raw.values, &expected) / peak(&expected);
                    // The package upsamples the masks of Score-CAM in single precision. Grad-CAM++
                    // divides by a sum that crosses zero where activations are negative.
                    let allowed = if method == Method::GradCamPlusPlus { 2e-2 } else { 3e-4 };
                    assert!(off <= allowed, "{what}: {off}");
                }
            }
        }
    }
}

#[test]
fn maps_of_attention_are_those_of_the_papers_and_lie_on_the_grid_of_the_patches() {
    let golden = golden();
    for (key, network, size, _) in &NETWORKS[..2] {
        let seen = seen(network, *size);
        for method in [Method::AttentionRollout, Method::AttentionRelevance] {
            let what = format!("{key}.{}", method.key());
            let expected = rows(&golden[&what]);
            let maps = seen.maps("encoder.dropout", &Subject::classes(3), method).unwrap();
            assert_eq!(maps.len(), 3);
            for (class, map) in maps.iter().enumerate() {
                assert_eq!((map.raw.width, map.raw.height), (size[1] / 8, size[0] / 8), "{what}");
                let expected = expected.get(class).unwrap_or(&expected[0]);
                let off = apart(&map.raw.values, expected) / peak(expected);
                assert!(off <= 1e-4, "{what} {class}: {off}");
            }
        }
    }
}

/// The same network as a file with its operations would bring it.
fn as_a_graph(network: &Network, [height, width]: [usize; 2]) -> Network {
    let (mut graph, tensors) = network.draw([3, height, width]).unwrap();
    put_together(&mut graph);
    let architecture = Architecture::of_graph(graph, 0.0);
    architecture.folded(3, narrow::CLASSES, &TensorFile::new(tensors), &Device::Cpu).unwrap()
}

#[test]
fn a_graph_gives_the_maps_of_attention_of_the_network_that_it_was_drawn_from() {
    let golden = golden();
    for (network, size) in [("vit-s-16", [32, 32]), ("vit-s-16", [32, 48]), ("vit-registers", [32, 32])] {
        let own = seen(network, size);
        let drawn = Seen::new(as_a_graph(&own.network, size), own.input.clone());
        assert!(drawn.network.has_class_attention(), "{network}: {}", drawn.network.without_class_attention());
        for method in [Method::AttentionRollout, Method::AttentionRelevance] {
            let maps = |seen: &Seen, stage: &str| seen.maps(stage, &Subject::classes(3), method).unwrap();
            let (expected, found) = (maps(&own, "encoder.dropout"), maps(&drawn, drawn.network.spatial_stages()[0]));
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!((found.raw.width, found.raw.height), (expected.raw.width, expected.raw.height));
                let off = apart(&found.raw.values, &expected.raw.values) / peak(&expected.raw.values);
                assert!(off <= 1e-5, "{network} {}: {off}", method.key());
            }
            if (network, size) == ("vit-s-16", [32, 32]) {
                let stored = &rows(&golden[&format!("{network}.{}", method.key())])[0];
                assert!(apart(&found[0].raw.values, stored) / peak(stored) <= 1e-4, "{network} {}", method.key());
            }
        }
    }
}

#[test]
fn a_graph_without_a_class_token_that_all_attend_to_says_why_it_has_no_maps_of_attention() {
    let own = seen("swin-t", [32, 48]);
    let drawn = Seen::new(as_a_graph(&own.network, [32, 48]), own.input.clone());
    assert!(!drawn.network.has_class_attention());
    let stage = drawn.network.spatial_stages()[0];
    let refused = drawn.maps(stage, &[Subject::class(0)], Method::AttentionRollout).unwrap_err().to_string();
    assert!(refused.contains("is no attention of every token to every other"), "{refused}");
    assert!(refused.contains("softmax of “features.1"), "{refused}");
}

#[test]
fn maps_of_attention_are_refused_where_no_class_token_attends_to_all() {
    for network in ["swin-t", "convnext-tiny", "resnet18"] {
        let seen = seen(network, [32, 48]);
        for method in [Method::AttentionRollout, Method::AttentionRelevance] {
            let refused = seen.maps(seen.network.spatial_stages()[0], &[Subject::class(0)], method);
            assert!(matches!(refused, Err(ExplainError::NoClassAttention { .. })), "{network}");
        }
    }
}

#[test]
fn every_other_method_has_a_map_of_a_transformer() {
    for (network, stage) in
        [("vit-registers", "blocks.1.norm1"), ("swin-t", "layers.1.blocks.1.norm1"), ("convnext-tiny", "stages.1")]
    {
        let seen = seen(network, [32, 48]);
        for method in Method::ALL {
            match seen.maps(stage, &Subject::classes(3), method) {
                Ok(maps) => assert!(maps.iter().any(|map| !map.is_flat()), "{network} {}", method.name()),
                Err(ExplainError::NotLinear { .. }) if method == Method::Cam => {}
                Err(ExplainError::NoClassAttention { .. }) if method.needs_class_attention() => {}
                Err(error) => panic!("{network} {}: {error}", method.name()),
            }
        }
    }
}
