//! Plain chains: blocks of 3×3 convolutions, each block ended by a 2×2 max pooling, then a dense
//! head.
//!
//! VGG ([`super::vgg`]) and the small networks that are trained from scratch ([`super::cnn`]) are
//! this with other numbers. Names are those of torchvision's VGG: modules are counted through
//! `features` and `classifier`. Every convolution is a stage, called like the ReLU that ends it
//! (`features.29` is the last of VGG16, the layer that is usually explained), and so is every
//! pooling (`features.30`). `avgpool` averages to a grid of `grid` cells a side, whatever the size
//! of the input.

use crate::architecture::Architecture;
use crate::geometry::Geometry;
use crate::layers::activation::Activation;
use crate::layers::{AverageGrid, Dense, MaxPool};
use crate::source::{Chain, ConvSpec, TensorSource};

const CONV: Geometry = Geometry::even(3, 1, 1);
const POOL: Geometry = Geometry::even(2, 2, 0);

/// Writes the network down; `norm` puts a batch norm behind every convolution.
pub(super) fn describe<S: TensorSource>(
    arch: &Architecture,
    norm: bool,
    channels: usize,
    classes: usize,
    chain: &mut Chain<'_, S>,
) -> Result<(), S::Error> {
    let (mut inputs, mut module) = (channels, 0);
    for (&width, &convolutions) in arch.widths.iter().zip(&arch.blocks) {
        for _ in 0..convolutions {
            let unit = chain.source.conv(&ConvSpec {
                norm: norm.then(|| format!("features.{}", module + 1)),
                activation: Activation::Relu,
                bias: arch.bias.unwrap_or(true),
                epsilon: arch.epsilon(),
                ..ConvSpec::new(format!("features.{module}"), inputs, width, CONV)
            })?;
            module += if norm { 2 } else { 1 };
            chain.map(&format!("features.{module}"), width, unit);
            module += 1;
            inputs = width;
        }
        chain.map(&format!("features.{module}"), inputs, MaxPool(POOL));
        module += 1;
    }
    let grid = arch.grid.unwrap_or(1);
    chain.map("avgpool", inputs, AverageGrid { channels: inputs, grid });
    let (mut inputs, mut module) = (inputs * grid * grid, 0);
    for &width in arch.hidden.as_deref().unwrap_or_default() {
        let linear = chain.source.linear(&format!("classifier.{module}"), inputs, width)?;
        chain.vector(&format!("classifier.{}", module + 1), Dense(linear));
        chain.dropout(&format!("classifier.{}", module + 2), arch.dropout);
        module += 3;
        inputs = width;
    }
    if module == 0 {
        chain.dropout("dropout", arch.dropout);
    }
    chain.head(&format!("classifier.{module}"), inputs, classes)
}
