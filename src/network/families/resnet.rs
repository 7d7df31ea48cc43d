//! ResNet-18, -50 and -101 (He et al. 2016), as torchvision has them.
//!
//! Stages: `maxpool` (7×7/2 convolution, batch norm, ReLU, 3×3/2 max pooling), `layer1` … `layer4`, `avgpool`, `dropout` (rate 0 as
//! published), `fc`. The deep ones have bottlenecks with the stride in their 3×3 convolution ("v1.5"); with `stride_first` it is in the
//! first 1×1, as published and as in Keras, whose convolutions have a `bias` and whose `epsilon` is 1.001e-5.

use crate::network::architecture::{Architecture, Family};
use crate::network::geometry::Geometry;
use crate::network::layers::activation::Activation;
use crate::network::layers::residual::{BlockSpec, EXPANSION};
use crate::network::layers::{GlobalAveragePool, MaxPool, Sequence};
use crate::network::source::{Chain, ConvSpec, TensorSource};

pub(super) const STEM: Geometry = Geometry { kernel: 7, stride: 2, padding: 3 };
pub(super) const STEM_POOL: Geometry = Geometry { kernel: 3, stride: 2, padding: 1 };

/// The shape that torchvision gives to `family`.
pub(super) fn published(family: Family) -> Architecture {
    let blocks = match family {
        Family::Resnet18 => vec![2, 2, 2, 2],
        Family::Resnet101 => vec![3, 4, 23, 3],
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
    let bottleneck = arch.family != Family::Resnet18;
    let mut inputs = arch.widths[0];
    let stem = chain.source.conv(&ConvSpec {
        norm: Some("bn1".into()),
        activation: Activation::Relu,
        epsilon: arch.epsilon(),
        bias: arch.bias(),
        ..ConvSpec::new("conv1", channels, inputs, STEM)
    })?;
    chain.map("maxpool", inputs, Sequence(vec![Box::new(stem), Box::new(MaxPool(STEM_POOL))]));
    for (i, ((&width, &blocks), &stride)) in arch.widths[1..].iter().zip(&arch.blocks).zip(&arch.strides).enumerate() {
        let name = format!("layer{}", i + 1);
        let mut layers = Sequence(Vec::with_capacity(blocks));
        for block in 0..blocks {
            let spec = BlockSpec {
                inputs,
                width,
                stride: if block == 0 { stride } else { 1 },
                bias: arch.bias(),
                epsilon: arch.epsilon(),
                starts_silent: false,
            };
            let at = format!("{name}.{block}");
            let block = if bottleneck {
                spec.bottleneck(chain.source, &at, arch.stride_first.unwrap_or(false))?
            } else {
                spec.basic(chain.source, &at)?
            };
            layers.0.push(Box::new(block));
            inputs = width * if bottleneck { EXPANSION } else { 1 };
        }
        chain.map(&name, inputs, layers);
    }
    chain.vector("avgpool", GlobalAveragePool { channels: inputs });
    chain.dropout("dropout", arch.dropout);
    chain.head("fc", inputs, classes)
}
