//! DenseNet-121, -169 and -201 (Huang et al. 2017), as torchvision has them.
//!
//! Each layer of a dense block sees the maps of all layers before it: norm → ReLU → 1×1 → norm →
//! ReLU → 3×3 adds `growth` channels. A transition halves channels (norm → ReLU → 1×1) and size
//! (mean of two by two). Stages: `pool0` (everything up to it), `denseblock1`, `transition1` …
//! `denseblock4`, `features` (the last norm, and the ReLU that torchvision applies to it in place),
//! `pool`, `dropout` (rate 0 as published), `classifier`. Tensors lie under `features.`, the head
//! is `classifier`.

use candle_core::Tensor;

use super::resnet::{STEM, STEM_POOL};
use crate::architecture::{Architecture, Family};
use crate::geometry::Geometry;
use crate::graph::draw::Drawing;
use crate::layers::activation::Activation;
use crate::layers::dense_block::{DenseBlock, DenseLayer};
use crate::layers::{GlobalAveragePool, Halve, MaxPool, NormUnit, Sequence};
use crate::source::{Chain, ConvSpec, Fan, TensorSource};
use crate::tape::Recorded;
use crate::{Layer, Mode, Result};

const POINT: Geometry = Geometry::even(1, 1, 0);
const CONV: Geometry = Geometry::even(3, 1, 1);
/// The 1×1 convolution of a layer is this many times `growth` wide.
const BOTTLENECK: usize = 4;

/// The shape that torchvision gives to `family`.
pub(super) fn published(family: Family) -> Architecture {
    let blocks = match family {
        Family::Densenet169 => vec![6, 12, 32, 32],
        Family::Densenet201 => vec![6, 12, 48, 32],
        _ => vec![6, 12, 24, 16],
    };
    Architecture { widths: vec![64], blocks, growth: Some(32), ..Architecture::bare(family, 0.0) }
}

/// Writes the network down.
pub(super) fn describe<S: TensorSource>(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    chain: &mut Chain<'_, S>,
) -> std::result::Result<(), S::Error> {
    let growth = arch.growth.unwrap_or(32);
    let conv = |name: String, inputs: usize, outputs: usize, geometry: Geometry| ConvSpec {
        bias: arch.bias(),
        epsilon: arch.epsilon(),
        fan: Fan::In,
        ..ConvSpec::new(name, inputs, outputs, geometry)
    };
    let mut width = arch.widths[0];
    let stem = chain.source.conv(&ConvSpec {
        norm: Some("features.norm0".into()),
        activation: Activation::Relu,
        ..conv("features.conv0".into(), channels, width, STEM)
    })?;
    chain.map("pool0", width, Sequence(vec![Box::new(stem), Box::new(MaxPool(STEM_POOL))]));
    for (i, &layers) in arch.blocks.iter().enumerate() {
        let block = format!("denseblock{}", i + 1);
        let mut dense = DenseBlock { inputs: width, growth, layers: Vec::with_capacity(layers) };
        for layer in 1..=layers {
            let name = |part: &str| format!("features.{block}.denselayer{layer}.{part}");
            let inner = BOTTLENECK * growth;
            dense.layers.push(DenseLayer {
                norm: chain.source.norm(&name("norm1"), width, arch.epsilon())?,
                narrow: chain.source.conv(&ConvSpec {
                    norm: Some(name("norm2")),
                    activation: Activation::Relu,
                    ..conv(name("conv1"), width, inner, POINT)
                })?,
                grow: chain.source.conv(&conv(name("conv2"), inner, growth, CONV))?,
            });
            width += growth;
        }
        chain.map(&block, width, dense);
        if i + 1 < arch.blocks.len() {
            let stage = format!("transition{}", i + 1);
            let norm = chain.source.norm(&format!("features.{stage}.norm"), width, arch.epsilon())?;
            let narrow = chain.source.conv(&conv(format!("features.{stage}.conv"), width, width / 2, POINT))?;
            width /= 2;
            chain.map(&stage, width, Sequence(vec![Box::new(norm), Box::new(narrow), Box::new(Halve)]));
        }
    }
    let norm = chain.source.norm("features.norm5", width, arch.epsilon())?;
    chain.map("features", width, LastNorm(norm));
    chain.vector("pool", GlobalAveragePool { channels: width });
    chain.dropout("dropout", arch.dropout);
    chain.head("classifier", width, classes)
}

struct LastNorm(NormUnit);

impl Layer for LastNorm {
    fn draw(&self, to: &mut Drawing, x: usize) -> crate::Result<usize> {
        self.0.draw(to, x)
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.0.forward(x, mode)
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        self.0.record(x, mode, wanted)
    }

    fn rectifies_in_place(&self) -> bool {
        true
    }
}
