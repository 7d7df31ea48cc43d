//! ResNet-18, -34, -50, -101 and -152 (He et al. 2016), as torchvision has them.
//!
//! Stages: `maxpool` (7×7/2 convolution, batch norm, ReLU, 3×3/2 max pooling), `layer1` … `layer4`,
//! `avgpool`, `dropout` (rate 0 as published), `fc`. The deep ones have bottlenecks with the stride
//! in their 3×3 convolution ("v1.5"); with `stride_first` it is in the first 1×1, as published and
//! as in Keras, whose convolutions have a `bias` and whose `epsilon` is 1.001e-5.

use super::residual_stages::{self, Blocks};
use crate::architecture::{Architecture, Family};
use crate::geometry::Geometry;
use crate::layers::activation::Activation;
use crate::layers::{GlobalAveragePool, MaxPool, Sequence};
use crate::source::{Chain, ConvSpec, TensorSource};

pub(super) const STEM: Geometry = Geometry::even(7, 2, 3);
pub(super) const STEM_POOL: Geometry = Geometry::even(3, 2, 1);

/// The shape that torchvision gives to `family`.
pub(super) fn published(family: Family) -> Architecture {
    let blocks = match family {
        Family::Resnet18 => vec![2, 2, 2, 2],
        Family::Resnet101 => vec![3, 4, 23, 3],
        Family::Resnet152 => vec![3, 8, 36, 3],
        _ => vec![3, 4, 6, 3],
    };
    Architecture {
        widths: vec![64, 64, 128, 256, 512],
        blocks,
        strides: vec![1, 2, 2, 2],
        ..Architecture::bare(family, 0.0)
    }
}

/// Writes the network down.
pub(super) fn describe<S: TensorSource>(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    chain: &mut Chain<'_, S>,
) -> Result<(), S::Error> {
    let inputs = arch.widths[0];
    let stem = chain.source.conv(&ConvSpec {
        norm: Some("bn1".into()),
        activation: Activation::Relu,
        epsilon: arch.epsilon(),
        bias: arch.bias(),
        ..ConvSpec::new("conv1", channels, inputs, STEM)
    })?;
    chain.map("maxpool", inputs, Sequence(vec![Box::new(stem), Box::new(MaxPool(STEM_POOL))]));
    let bottleneck = arch.family.has_bottlenecks();
    let blocks = Blocks { prefix: "layer", bottleneck, starts_silent: false };
    let inputs = residual_stages::describe(arch, blocks, inputs, chain)?;
    chain.vector("avgpool", GlobalAveragePool { channels: inputs });
    chain.dropout("dropout", arch.dropout);
    chain.head("fc", inputs, classes)
}
