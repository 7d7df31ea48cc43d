//! The compact residual network (He et al. 2016, basic blocks) whose last feature map stays at a sixteenth of the input.
//!
//! At 224×224 its heat maps are 14×14, twice as fine as those of a ResNet or DenseNet that stops at 7×7. The chain is
//! `stem` (3×3/2 convolution, 3×3/2 max pooling), `stage1` … `stageN` (basic blocks), `pool`, `dropout`, `head`. Tensor names mirror PyTorch's:
//! `stage2.0.conv1.weight`, `stage2.0.bn1.running_var`, `stage2.0.downsample.0.weight`, `head.bias`.

use crate::network::architecture::{Architecture, Family};
use crate::network::geometry::Geometry;
use crate::network::layers::activation::Activation;
use crate::network::layers::residual::BlockSpec;
use crate::network::layers::{GlobalAveragePool, MaxPool, Sequence};
use crate::network::source::{Chain, ConvSpec, TensorSource};

const STEM: Geometry = Geometry { kernel: 3, stride: 2, padding: 1 };

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
    let mut width = arch.widths[0];
    let stem = chain.source.conv(&ConvSpec {
        norm: Some("stem.bn".into()),
        activation: Activation::Relu,
        epsilon: arch.epsilon(),
        bias: arch.bias(),
        ..ConvSpec::new("stem.conv", channels, width, STEM)
    })?;
    chain.map("stem", width, Sequence(vec![Box::new(stem), Box::new(MaxPool(STEM))]));
    for (i, ((&outputs, &blocks), &stride)) in arch.widths[1..].iter().zip(&arch.blocks).zip(&arch.strides).enumerate()
    {
        let name = format!("stage{}", i + 1);
        let mut layers = Sequence(Vec::with_capacity(blocks));
        for block in 0..blocks {
            let spec = BlockSpec {
                inputs: width,
                width: outputs,
                stride: if block == 0 { stride } else { 1 },
                bias: arch.bias(),
                epsilon: arch.epsilon(),
                starts_silent: true,
            };
            layers.0.push(Box::new(spec.basic(chain.source, &format!("{name}.{block}"))?));
            width = outputs;
        }
        chain.map(&name, width, layers);
    }
    chain.vector("pool", GlobalAveragePool { channels: width });
    chain.dropout("dropout", arch.dropout);
    chain.head("head", width, classes)
}
