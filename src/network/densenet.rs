//! DenseNet-121 and -169 (Huang et al. 2017), as torchvision has them.
//!
//! Each layer of a dense block sees the maps of all layers before it: norm → ReLU → 1×1 → norm → ReLU → 3×3 adds `growth` channels. A
//! transition halves channels (norm → ReLU → 1×1) and size (mean of two by two). Stages: `pool0` (everything up to it), `denseblock1`,
//! `transition1` … `denseblock4`, `features` (the last norm, and the ReLU that torchvision applies to it in place), `pool`, `dropout` (rate 0 as published), `classifier`. Tensors lie
//! under `features.`, the head is `classifier`.

use std::ops::Range;

use candle_core::Tensor;
use rayon::prelude::*;

use super::activation::Activation;
use super::architecture::{Architecture, Family};
use super::blocked::{LANES, Maps, as_they_came, taken};
use super::channels::concat;
use super::conv::{Geometry, values};
use super::layers::{ConvUnit, GlobalAveragePool, Halve, MaxPool, NormUnit, Sequence};
use super::recording::{Gradients, Recorded, WayBack, by_graph, walk_back};
use super::resnet::{STEM, STEM_POOL};
use super::source::{Chain, ConvSpec, Fan, Source};
use super::{Layer, Mode, Result};

const POINT: Geometry = Geometry { kernel: 1, stride: 1, padding: 0 };
const CONV: Geometry = Geometry { kernel: 3, stride: 1, padding: 1 };
/// The 1×1 convolution of a layer is this many times `growth` wide.
const BOTTLENECK: usize = 4;

/// The shape that torchvision gives to `family`.
pub fn published(family: Family) -> Architecture {
    Architecture {
        widths: vec![64],
        blocks: if family == Family::Densenet169 { vec![6, 12, 32, 32] } else { vec![6, 12, 24, 16] },
        growth: Some(32),
        ..Architecture::bare(family, 0.0)
    }
}

/// Writes the network down.
pub fn describe<S: Source>(
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

struct DenseLayer {
    norm: NormUnit,
    narrow: ConvUnit,
    grow: ConvUnit,
}

struct DenseBlock {
    inputs: usize,
    growth: usize,
    layers: Vec<DenseLayer>,
}

impl Layer for DenseBlock {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let mut maps = x.clone();
        let mut width = self.inputs;
        for layer in &self.layers {
            let narrow = layer.narrow.forward(&layer.norm.forward(&maps, mode)?, None, mode)?;
            let grown = layer.grow.forward(&narrow, None, mode)?;
            maps = concat(&[(&maps, width), (&grown, self.growth)])?;
            width += self.growth;
        }
        Ok(maps)
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        let whole = self.inputs.is_multiple_of(LANES) && self.growth.is_multiple_of(LANES);
        if !x.device().is_cpu() || !whole {
            return by_graph(self, &x, mode, wanted);
        }
        let (mut maps, planes) = taken(&x.detach())?;
        let mut ways: Vec<[WayBack<'_>; 3]> = Vec::with_capacity(self.layers.len());
        for (i, layer) in self.layers.iter().enumerate() {
            let (normed, through_norm) = layer.norm.record(maps.clone(), mode, wanted || i > 0)?;
            let (narrow, through_narrow) = Layer::record(&layer.narrow, normed, mode, true)?;
            let (grown, through_grow) = Layer::record(&layer.grow, narrow, mode, true)?;
            maps = Tensor::cat(&[&maps, &grown], 1)?;
            ways.push([through_norm, through_narrow, through_grow]);
        }
        let device = x.device().clone();
        let back = move |dy: Tensor, gradients: &mut Gradients| {
            let dy = dy.contiguous()?;
            // What every map still has to hand back: each layer adds to the maps before its own.
            let mut whole = Whole { size: Maps::of(dy.dims())?, values: values(&dy)?.to_vec() };
            let mut before = whole.size.blocks;
            for ways in ways.iter().rev() {
                let last = before;
                before -= self.growth / LANES;
                let grown = Maps { blocks: last - before, ..whole.size };
                let grown = Tensor::from_vec(whole.part(before..last), grown.shape(), &device)?;
                if let Some(dx) = walk_back(ways, grown, gradients)? {
                    whole.add(&values(&dx.contiguous()?)?, before);
                }
            }
            if !wanted {
                return Ok(None);
            }
            let first = Maps { blocks: before, ..whole.size };
            as_they_came(Tensor::from_vec(whole.part(0..before), first.shape(), &device)?, planes).map(Some)
        };
        Ok((maps, Box::new(back)))
    }
}

/// Gradients of the maps that a dense block has gathered.
struct Whole {
    size: Maps,
    values: Vec<f32>,
}

impl Whole {
    /// Some blocks of every image.
    fn part(&self, blocks: Range<usize>) -> Vec<f32> {
        let length = self.size.area() * LANES;
        let images = self.values.chunks_exact(self.size.image() * LANES);
        images.flat_map(|image| &image[blocks.start * length..blocks.end * length]).copied().collect()
    }

    /// Adds to the first blocks of every image.
    fn add(&mut self, others: &[f32], blocks: usize) {
        let length = self.size.area() * LANES;
        let images = self.values.chunks_exact_mut(self.size.image() * LANES).zip(others.chunks_exact(blocks * length));
        let maps: Vec<_> = images
            .flat_map(|(image, others)| image.chunks_exact_mut(length).zip(others.chunks_exact(length)))
            .collect();
        maps.into_par_iter().for_each(|(sum, other)| sum.iter_mut().zip(other).for_each(|(s, o)| *s += o));
    }
}
