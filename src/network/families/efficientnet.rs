//! EfficientNet-B0 … B3 (Tan and Le 2019), as torchvision has them, and EfficientNet-Lite0 … 2
//! (Liu 2020), as TensorFlow has them.
//!
//! Inverted residual blocks ([`crate::layers::inverted_residual`]). B: squeeze-and-excitation and
//! `SiLU`; stem, widths and depths grow with the number. Lite: neither of these but ReLU6, so that
//! it runs on small devices; stem and last convolution do not grow, nor do the depths of the first
//! and the last stage; it pads unevenly (`padding = "same"`) and its ε is 1e-3. The rate of
//! stochastic depth grows from 0 to `stochastic_depth` over the blocks. With fewer `blocks` than
//! seven the network ends earlier: its last maps are finer.
//!
//! Stages: `features.0` (3×3/2 convolution), `features.1` … `features.7` (blocks), `features.8`
//! (1×1 convolution), `avgpool`, `classifier.0` (dropout), `classifier.1`.

use crate::architecture::{Architecture, Family, PaddingRule};
use crate::geometry::Geometry;
use crate::layers::activation::Activation;
use crate::layers::inverted_residual::InvertedSpec;
use crate::layers::squeeze_excite::{Gate, SqueezeSpec};
use crate::layers::{GlobalAveragePool, Sequence};
use crate::source::{Chain, ConvSpec, TensorSource};

/// Side of the depthwise kernel of each stage.
const KERNELS: [usize; 7] = [3, 3, 5, 3, 5, 5, 3];
/// How much the first convolution of each stage's blocks widens.
const EXPANSIONS: [usize; 7] = [1, 6, 6, 6, 6, 6, 6];
/// The squeezed vector is this part of the block's input.
const SQUEEZE: usize = 4;
/// Widths of B0: stem, stages, last convolution.
const WIDTHS: [usize; 9] = [32, 16, 24, 40, 80, 112, 192, 320, 1280];
/// Depths of B0.
const DEPTHS: [usize; 7] = [1, 2, 2, 3, 3, 4, 1];

/// Tenths that widths and depths of B0 are multiplied by, and the dropout.
fn scaling(family: Family) -> (usize, usize, f32) {
    match family {
        Family::EfficientnetB1 | Family::EfficientnetLite1 => (10, 11, 0.2),
        Family::EfficientnetB2 | Family::EfficientnetLite2 => (11, 12, 0.3),
        Family::EfficientnetB3 => (12, 14, 0.3),
        _ => (10, 10, 0.2),
    }
}

fn is_lite(family: Family) -> bool {
    matches!(family, Family::EfficientnetLite0 | Family::EfficientnetLite1 | Family::EfficientnetLite2)
}

/// The published shape: stem, the seven stages, the last convolution.
pub(super) fn published(family: Family) -> Architecture {
    let (lite, (width, depth, dropout)) = (is_lite(family), scaling(family));
    let last = WIDTHS.len() - 1;
    let mut widths: Vec<usize> = WIDTHS.iter().map(|w| divisible((w * width) as f64 / 10.0)).collect();
    if lite {
        (widths[0], widths[last]) = (WIDTHS[0], WIDTHS[last]);
    } else {
        widths[last] = 4 * widths[last - 1];
    }
    let stands = |stage: usize| lite && (stage == 0 || stage == DEPTHS.len() - 1);
    let blocks = DEPTHS.iter().enumerate().map(|(i, d)| if stands(i) { *d } else { (d * depth).div_ceil(10) });
    Architecture {
        widths,
        blocks: blocks.collect(),
        strides: vec![1, 2, 2, 2, 1, 2, 1],
        stochastic_depth: Some(0.2),
        padding: Some(if lite { PaddingRule::Same } else { PaddingRule::Even }),
        epsilon: lite.then_some(1e-3),
        ..Architecture::bare(family, dropout)
    }
}

/// Writes the network down.
pub(super) fn describe<S: TensorSource>(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    chain: &mut Chain<'_, S>,
) -> Result<(), S::Error> {
    let lite = is_lite(arch.family);
    let activation = if lite { Activation::Relu6 } else { Activation::Silu };
    let unit = |name: &str, inputs, outputs, geometry| ConvSpec {
        norm: Some(format!("{name}.1")),
        activation,
        bias: arch.bias(),
        epsilon: arch.epsilon(),
        ..ConvSpec::new(format!("{name}.0"), inputs, outputs, geometry)
    };
    let mut inputs = arch.widths[0];
    let stem = chain.source.conv(&unit("features.0", channels, inputs, arch.window(3, 2)))?;
    chain.map("features.0", inputs, stem);
    let total: usize = arch.blocks.iter().sum();
    let mut number = 0;
    let stages = arch.blocks.len();
    for stage in 0..stages {
        let outputs = arch.widths[stage + 1];
        let mut blocks = Sequence(Vec::with_capacity(arch.blocks[stage]));
        for block in 0..arch.blocks[stage] {
            let stride = if block == 0 { arch.strides[stage] } else { 1 };
            let squeezed = (inputs / SQUEEZE).max(1);
            let squeeze = SqueezeSpec { squeezed, activation: Activation::Silu, gate: Gate::Sigmoid };
            let spec = InvertedSpec {
                inputs,
                wide: divisible((inputs * EXPANSIONS[stage]) as f64),
                outputs,
                window: arch.window(KERNELS[stage], stride),
                squeeze: (!lite).then_some(squeeze),
                activation,
                bias: arch.bias(),
                epsilon: arch.epsilon(),
                drop: arch.stochastic_depth.unwrap_or(0.0) * number as f32 / total as f32,
                number,
                flat: false,
            };
            blocks.0.push(Box::new(spec.build(chain.source, &format!("features.{}.{block}.block", stage + 1))?));
            number += 1;
            inputs = outputs;
        }
        chain.map(&format!("features.{}", stage + 1), inputs, blocks);
    }
    let outputs = arch.widths[stages + 1];
    let name = format!("features.{}", stages + 1);
    let last = chain.source.conv(&unit(&name, inputs, outputs, Geometry::even(1, 1, 0)))?;
    chain.map(&name, outputs, last);
    chain.vector("avgpool", GlobalAveragePool { channels: outputs });
    chain.dropout("classifier.0", arch.dropout);
    chain.head("classifier.1", outputs, classes)
}

/// `channels` to the nearest multiple of 8, never more than a tenth below it, as torchvision's
/// `_make_divisible`.
pub(super) fn divisible(channels: f64) -> usize {
    let rounded = (((channels + 4.0) / 8.0) as usize * 8).max(8);
    if (rounded as f64) < 0.9 * channels { rounded + 8 } else { rounded }
}
