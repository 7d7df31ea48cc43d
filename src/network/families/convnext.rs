//! ConvNeXt-T (Liu et al. 2022) as torchvision and timm have it.
//!
//! Stages: `features.0` (4×4/4 convolution and norm), `features.1` (blocks), `features.2` (norm and
//! 2×2/2 convolution) … `features.7`, `avgpool`, `classifier.0` (norm), `dropout` (rate 0 as
//! published), `classifier.2`. Names are torchvision's; stages may be called as in timm, too
//! (`stages.3`).

use crate::architecture::{Architecture, Family};
use crate::geometry::Geometry;
use crate::layers::activation::Activation;
use crate::layers::attention::DropPath;
use crate::layers::channel_norm::ChannelNorm;
use crate::layers::convnext_block::ConvNextBlock;
use crate::layers::{GlobalAveragePool, Sequence};
use crate::source::{Chain, ConvSpec, Fan, Start, TensorSource};

const STEM: Geometry = Geometry::even(4, 4, 0);
const HALVING: Geometry = Geometry::even(2, 2, 0);
const FILTER: Geometry = Geometry::even(7, 1, 3);
const POINT: Geometry = Geometry::even(1, 1, 0);
/// The hidden layer of a block is this many times wider than its maps.
const EXPANSION: usize = 4;

/// The shape that torchvision gives to ConvNeXt-T.
pub(super) fn published() -> Architecture {
    Architecture {
        widths: vec![96, 192, 384, 768],
        blocks: vec![3, 3, 9, 3],
        epsilon: Some(super::vit::EPSILON),
        layer_scale: Some(1e-6),
        stochastic_depth: Some(0.1),
        ..Architecture::bare(Family::ConvnextTiny, 0.0)
    }
}

/// Writes the network down.
pub(super) fn describe<S: TensorSource>(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    chain: &mut Chain<'_, S>,
) -> Result<(), S::Error> {
    let conv = |name: String, inputs: usize, outputs: usize, geometry: Geometry| ConvSpec {
        bias: true,
        fan: Fan::In,
        ..ConvSpec::new(name, inputs, outputs, geometry)
    };
    let mut width = arch.widths[0];
    let stem = chain.source.conv(&conv("features.0.0".into(), channels, width, STEM))?;
    let norm = ChannelNorm(chain.source.layer_norm("features.0.1", width, arch.epsilon())?);
    chain.map("features.0", width, Sequence(vec![Box::new(stem), Box::new(norm)]));
    let (all, mut number) = (arch.blocks.iter().sum::<usize>(), 0);
    for (i, (&outputs, &count)) in arch.widths.iter().zip(&arch.blocks).enumerate() {
        if i > 0 {
            let name = format!("features.{}", 2 * i);
            let norm = ChannelNorm(chain.source.layer_norm(&format!("{name}.0"), width, arch.epsilon())?);
            let halve = chain.source.conv(&conv(format!("{name}.1"), width, outputs, HALVING))?;
            chain.map(&name, outputs, Sequence(vec![Box::new(norm), Box::new(halve)]));
            width = outputs;
        }
        let name = format!("features.{}", 2 * i + 1);
        let mut layers = Sequence(Vec::with_capacity(count));
        for block in 0..count {
            let at = |part: &str| format!("{name}.{block}.{part}");
            let wide = EXPANSION * width;
            let filter = ConvSpec { depthwise: true, ..conv(at("block.0"), width, width, FILTER) };
            let filter = chain.source.conv(&filter)?;
            let norm = ChannelNorm(chain.source.layer_norm(&at("block.2"), width, arch.epsilon())?);
            let widen = conv(at("block.3"), width, wide, POINT);
            let widen = ConvSpec { activation: Activation::Gelu, matrix: true, ..widen };
            let widen = chain.source.conv(&widen)?;
            let narrow = ConvSpec { matrix: true, ..conv(at("block.5"), wide, width, POINT) };
            let start = Start::Value(arch.layer_scale.unwrap_or(1e-6));
            let (narrow, scale) = chain.source.scaled_conv(&narrow, &at("layer_scale"), start)?;
            let rate = super::vit::rate(arch.stochastic_depth.unwrap_or(0.0), number, all);
            let drop = DropPath { rate, number: number as u64 };
            number += 1;
            layers.0.push(Box::new(ConvNextBlock { filter, norm, widen, narrow, scale, drop }));
        }
        chain.map(&name, width, layers);
    }
    chain.vector("avgpool", GlobalAveragePool { channels: width });
    let norm = chain.source.layer_norm("classifier.0", width, arch.epsilon())?;
    chain.vector("classifier.0", norm);
    chain.dropout("dropout", arch.dropout);
    chain.head("classifier.2", width, classes)
}
