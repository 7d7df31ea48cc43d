//! The compact residual network (He et al. 2016, basic blocks) whose last feature map stays at a
//! sixteenth of the input.
//!
//! At 224×224 its heat maps are 14×14, twice as fine as those of a ResNet or DenseNet that stops at
//! 7×7. The chain is `stem` (3×3/2 convolution, 3×3/2 max pooling), `stage1` … `stageN` (basic
//! blocks), `pool`, `dropout`, `head`. Tensor names mirror PyTorch's: `stage2.0.conv1.weight`,
//! `stage2.0.bn1.running_var`, `stage2.0.downsample.0.weight`, `head.bias`.

use super::residual_stages::{self, Blocks};
use crate::architecture::{Architecture, Family};
use crate::geometry::Geometry;
use crate::layers::activation::Activation;
use crate::layers::{GlobalAveragePool, MaxPool, Sequence};
use crate::source::{Chain, ConvSpec, TensorSource};

const STEM: Geometry = Geometry::even(3, 2, 1);

/// The shape of the chest model that comes with the program.
pub(super) fn published() -> Architecture {
    Architecture {
        widths: vec![24, 24, 48, 112, 224],
        blocks: vec![2, 2, 2, 1],
        strides: vec![1, 2, 2, 1],
        ..Architecture::bare(Family::CompactResnet, 0.3)
    }
}

/// Writes the network down.
pub(super) fn describe<S: TensorSource>(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    chain: &mut Chain<'_, S>,
) -> Result<(), S::Error> {
    let width = arch.widths[0];
    let stem = chain.source.conv(&ConvSpec {
        norm: Some("stem.bn".into()),
        activation: Activation::Relu,
        epsilon: arch.epsilon(),
        bias: arch.bias(),
        ..ConvSpec::new("stem.conv", channels, width, STEM)
    })?;
    chain.map("stem", width, Sequence(vec![Box::new(stem), Box::new(MaxPool(STEM))]));
    let blocks = Blocks { prefix: "stage", bottleneck: false, starts_silent: true };
    let width = residual_stages::describe(arch, blocks, width, chain)?;
    chain.vector("pool", GlobalAveragePool { channels: width });
    chain.dropout("dropout", arch.dropout);
    chain.head("head", width, classes)
}
