//! Networks and pictures that are made of names, here and in Python alike, so that golden files
//! hold no weights.
//!
//! `tests/golden/architectures.py` says how. The specification, the unit tests of explanations and
//! a benchmark share this file.

// Each of them uses a part of it.
#![allow(dead_code)]

use candle_core::{Device, Tensor};
use pellucid::network::architecture::{Architecture, PaddingRule};
use pellucid::network::weights::TensorFile;

/// Classes of the golden networks.
pub(super) const CLASSES: usize = 3;

/// Values in [−1, 1) that depend on a name.
pub(super) fn unit(name: &str, count: usize) -> Vec<f64> {
    let hash = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3));
    let value = |i: usize| {
        let z = hash.wrapping_add((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f64 / 8_388_608.0 - 1.0
    };
    (0..count).map(value).collect()
}

/// The tensor called `name`.
pub(super) fn tensor(name: &str, shape: &[usize]) -> Tensor {
    let fan = shape.iter().skip(1).product::<usize>() as f64;
    let kind = |u: f64| match shape.len() {
        _ if name.ends_with("running_var") => 1.0 + 0.5 * u,
        1 if name.ends_with("weight") => 1.0 + 0.3 * u,
        1 => 0.2 * u,
        _ => u * (6.0 / fan).sqrt(),
    };
    let values: Vec<f32> = unit(name, shape.iter().product()).into_iter().map(|u| kind(u) as f32).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// Values in [−1, 1), as the pictures have them.
pub(super) fn plain(name: &str, shape: &[usize]) -> Tensor {
    let values: Vec<f32> = unit(name, shape.iter().product()).into_iter().map(|u| u as f32).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// The weights of a network.
pub(super) fn weights(arch: &Architecture, channels: usize, classes: usize) -> TensorFile {
    let named = arch.tensors(channels, classes).unwrap().into_iter();
    TensorFile::new(named.map(|(name, shape)| (name.clone(), tensor(&name, &shape))).collect())
}

/// The narrow networks of the golden files, without dropout.
pub(super) fn narrow() -> Vec<(&'static str, Architecture)> {
    let of = |name: &str, widths: &[usize], blocks: &[usize]| Architecture {
        widths: widths.to_vec(),
        blocks: blocks.to_vec(),
        dropout: 0.0,
        ..Architecture::new(name.parse().unwrap())
    };
    let hidden = |arch: Architecture, hidden: &[usize]| Architecture { hidden: Some(hidden.to_vec()), ..arch };
    let undropped = |arch: Architecture| Architecture { stochastic_depth: Some(0.0), ..arch };
    let efficient = [8, 8, 8, 16, 16, 24, 24, 32, 48];
    let vgg = [4, 6, 8, 8, 8];
    let deep = [64, 4, 8, 12, 16];
    vec![
        ("shallow-cnn", hidden(of("shallow-cnn", &[6, 8], &[1, 1]), &[10])),
        ("deep-cnn", hidden(of("deep-cnn", &[4, 6, 8], &[]), &[10])),
        ("custom-cnn", hidden(of("custom-cnn", &[4, 6, 8, 10], &[]), &[10])),
        ("vgg16", hidden(of("vgg16", &vgg, &[]), &[12, 12])),
        ("vgg16-bn", hidden(of("vgg16-bn", &vgg, &[]), &[12, 12])),
        ("resnet18", of("resnet18", &deep, &[])),
        ("resnet50", of("resnet50", &deep, &[1, 2, 1, 1])),
        (
            "resnet50-keras",
            Architecture {
                stride_first: Some(true),
                bias: Some(true),
                epsilon: Some(1.001e-5),
                ..of("resnet50", &deep, &[1, 2, 1, 1])
            },
        ),
        ("resnet34", of("resnet34", &deep, &[1, 2, 1, 1])),
        ("resnet152", of("resnet152", &deep, &[1, 1, 2, 1])),
        ("densenet201", Architecture { growth: Some(4), ..of("densenet201", &[8], &[1, 2, 3, 2]) }),
        ("densenet121", Architecture { growth: Some(4), ..of("densenet121", &[8], &[2, 2, 2, 2]) }),
        ("mobilenet-v2", of("mobilenet-v2", &[8, 8, 8, 16, 16, 24, 24, 32, 1280], &[1, 2, 2, 1, 2, 1, 1])),
        (
            "mobilenet-v3-large",
            hidden(of("mobilenet-v3-large", &[8, 8, 8, 16, 16, 24, 24, 144], &[1, 2, 1, 3, 1, 2]), &[20]),
        ),
        ("mobilenet-v3-small", hidden(of("mobilenet-v3-small", &[8, 8, 8, 16, 24, 24, 144], &[1, 2, 2, 1, 1]), &[20])),
        ("efficientnet-lite0", undropped(of("efficientnet-lite0", &efficient, &[1, 2, 2, 1, 1, 2, 1]))),
        ("efficientnet-lite0-cut", undropped(of("efficientnet-lite0", &[8, 8, 8, 16, 16, 24, 48], &[1, 2, 2, 1, 1]))),
        (
            "efficientnet-b0-same",
            Architecture {
                padding: Some(PaddingRule::Same),
                epsilon: Some(1e-3),
                ..undropped(of("efficientnet-b0", &efficient, &[1, 2, 2, 1, 1, 2, 1]))
            },
        ),
        ("efficientnet-b0", undropped(of("efficientnet-b0", &efficient, &[1, 2, 2, 1, 1, 2, 1]))),
    ]
}

/// The narrow transformers of `tests/golden/transformers.py`, and the ConvNeXt beside them.
pub(super) fn transformers() -> Vec<(&'static str, Architecture)> {
    let of = |name: &str, widths: &[usize], blocks: &[usize]| Architecture {
        widths: widths.to_vec(),
        blocks: blocks.to_vec(),
        dropout: 0.0,
        stochastic_depth: Some(0.0),
        ..Architecture::new(name.parse().unwrap())
    };
    let vit = |blocks: usize| Architecture {
        heads: vec![3],
        patch: Some(8),
        image: Some(32),
        expansion: Some(2),
        ..of("vit-s-16", &[24], &[blocks])
    };
    let windows =
        Architecture { heads: vec![2, 4], window: Some(4), expansion: Some(2), ..of("swin-t", &[12, 24], &[2, 2]) };
    vec![
        ("vit-s-16", vit(3)),
        ("vit-registers", Architecture { registers: Some(2), layer_scale: Some(0.5), ..vit(2) }),
        ("swin-t", windows),
        ("convnext-tiny", of("convnext-tiny", &[12, 24], &[2, 2])),
    ]
}
