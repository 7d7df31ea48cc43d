//! MobileNetV2 (Sandler et al. 2018), as torchvision has it.
//!
//! Inverted residual blocks ([`crate::layers::inverted_residual`]) with ReLU6 and no
//! squeeze-and-excitation. Published without stochastic depth. With fewer `blocks` than seven the
//! network ends earlier.
//!
//! Stages: `features.0` (3×3/2 convolution), `features.1` … `features.17` (one block each),
//! `features.18` (1×1 convolution), `avgpool`, `classifier.0` (dropout), `classifier.1`.

use crate::architecture::{Architecture, Family, PaddingRule};
use crate::geometry::Geometry;
use crate::layers::GlobalAveragePool;
use crate::layers::activation::Activation;
use crate::layers::inverted_residual::InvertedSpec;
use crate::source::{Chain, ConvSpec, TensorSource};

/// How much the first convolution of each stage's blocks widens.
const EXPANSIONS: [usize; 7] = [1, 6, 6, 6, 6, 6, 6];

/// The published shape: stem, the seven groups of blocks, the last convolution.
pub(super) fn published() -> Architecture {
    Architecture {
        widths: vec![32, 16, 24, 32, 64, 96, 160, 320, 1280],
        blocks: vec![1, 2, 3, 4, 3, 3, 1],
        strides: vec![1, 2, 2, 2, 1, 2, 1],
        stochastic_depth: Some(0.0),
        padding: Some(PaddingRule::Even),
        ..Architecture::bare(Family::MobilenetV2, 0.2)
    }
}

/// Writes the network down.
pub(super) fn describe<S: TensorSource>(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    chain: &mut Chain<'_, S>,
) -> Result<(), S::Error> {
    let unit = |name: &str, inputs, outputs, geometry| ConvSpec {
        norm: Some(format!("{name}.1")),
        activation: Activation::Relu6,
        bias: arch.bias(),
        epsilon: arch.epsilon(),
        ..ConvSpec::new(format!("{name}.0"), inputs, outputs, geometry)
    };
    let mut inputs = arch.widths[0];
    let stem = chain.source.conv(&unit("features.0", channels, inputs, arch.window(3, 2)))?;
    chain.map("features.0", inputs, stem);
    let total: usize = arch.blocks.iter().sum();
    let mut number = 0;
    for (stage, (&count, &outputs)) in arch.blocks.iter().zip(&arch.widths[1..]).enumerate() {
        for block in 0..count {
            let spec = InvertedSpec {
                inputs,
                wide: inputs * EXPANSIONS[stage],
                outputs,
                window: arch.window(3, if block == 0 { arch.strides[stage] } else { 1 }),
                squeeze: None,
                activation: Activation::Relu6,
                bias: arch.bias(),
                epsilon: arch.epsilon(),
                drop: arch.stochastic_depth.unwrap_or(0.0) * number as f32 / total as f32,
                number,
                flat: true,
            };
            number += 1;
            let name = format!("features.{number}");
            let block = spec.build(chain.source, &format!("{name}.conv"))?;
            chain.map(&name, outputs, block);
            inputs = outputs;
        }
    }
    let (name, outputs) = (format!("features.{}", number + 1), arch.widths[arch.blocks.len() + 1]);
    let last = chain.source.conv(&unit(&name, inputs, outputs, Geometry::even(1, 1, 0)))?;
    chain.map(&name, outputs, last);
    chain.vector("avgpool", GlobalAveragePool { channels: outputs });
    chain.dropout("classifier.0", arch.dropout);
    chain.head("classifier.1", outputs, classes)
}
