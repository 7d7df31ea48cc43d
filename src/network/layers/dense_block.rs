//! A dense block (Huang et al. 2017): each layer sees the maps of all layers before it and adds a
//! few.
//!
//! Joined anew for every layer, normed, and walked back through, wide maps would be written and
//! read many times for few sums. In use, a block therefore gathers its maps in one place; norm and
//! ReLU are applied as the 1×1 convolution reads them, and on the way back as its gradient is
//! written. In training, and for gradients by another rule, the layers run one by one.

use std::ops::Range;

use candle_core::{Tensor, bail};
use rayon::prelude::*;

use super::activation::Activation;
use super::channels::concat;
use super::conv::PreparedConv;
use super::{ConvUnit, Kernel, NormUnit};
use crate::cpu_values::{is_tracked, values};
use crate::device::own_kernels_run;
use crate::graph::draw::Drawing;
use crate::graph::op::Op;
use crate::nchw16c::affine::Affine;
use crate::nchw16c::forward::{Epilogue, Gate, LayerInput};
use crate::nchw16c::{LANES, Maps, Pixel, as_they_came, blocks, pixels, pixels_mut, taken, to_blocks};
use crate::tape::{Backward, Gradients, Recorded, by_graph, walk_back};
use crate::{Layer, Mode, Result};

/// One layer: norm → ReLU → 1×1 → (norm →) ReLU → 3×3.
pub struct DenseLayer {
    pub norm: NormUnit,
    pub narrow: ConvUnit,
    pub grow: ConvUnit,
}

/// Layers that each see the maps of all layers before.
pub struct DenseBlock {
    /// Channels that come in.
    pub inputs: usize,
    /// Channels that each layer adds.
    pub growth: usize,
    pub layers: Vec<DenseLayer>,
}

impl Layer for DenseBlock {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        if let Some(layers) = self.in_use(x, mode)? {
            return self.gather(&layers, &to_blocks(x)?.contiguous()?, |_| ());
        }
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
        if !own_kernels_run(x.device()) || !whole {
            return by_graph(self, &x, mode, wanted);
        }
        let (mut maps, planes) = taken(&x.detach())?;
        if let Some(layers) = self.in_use(&maps, mode)? {
            return self.record_in_use(layers, &maps, planes, wanted);
        }
        let mut ways: Vec<[Backward<'_>; 3]> = Vec::with_capacity(self.layers.len());
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

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let mut maps = x;
        for layer in &self.layers {
            let normed = layer.norm.draw(to, maps)?;
            let narrow = layer.narrow.draw(to, normed)?;
            let grown = layer.grow.draw(to, narrow)?;
            maps = to.push(Op::Concat { axis: 1 }, &[maps, grown])?;
        }
        Ok(maps)
    }
}

/// A layer whose kernels and norms no longer change.
struct InUse<'a> {
    norm: Vec<Affine>,
    narrow: &'a PreparedConv,
    grow: &'a PreparedConv,
    /// Blocks between the two convolutions.
    inner: usize,
}

impl DenseBlock {
    /// The layers, where all of them are only used and nobody asks for other gradients than
    /// [`Layer::record`] leaves.
    fn in_use(&self, x: &Tensor, mode: Mode) -> Result<Option<Vec<InUse<'_>>>> {
        let whole = self.inputs.is_multiple_of(LANES) && self.growth.is_multiple_of(LANES);
        if !own_kernels_run(x.device()) || !whole || is_tracked(x) || mode.rule().is_some() {
            return Ok(None);
        }
        self.layers.iter().map(DenseLayer::in_use).collect::<Option<Result<Vec<_>>>>().transpose()
    }

    /// The maps that come in and those that each layer adds, in one place; the maps between the
    /// convolutions of each layer are handed to `kept`.
    fn gather(&self, layers: &[InUse<'_>], x: &Tensor, mut kept: impl FnMut(&[Pixel])) -> Result<Tensor> {
        let from = Maps::of(x.dims())?;
        if from.blocks * LANES != self.inputs {
            bail!("this block takes {} channels, not the shape {:?}", self.inputs, x.dims());
        }
        let growth = self.growth / LANES;
        let size = Maps { blocks: from.blocks + layers.len() * growth, ..from };
        let mut gathered = vec![0.0; size.n * size.image() * LANES];
        lay(pixels(&values(x)?), from, pixels_mut(&mut gathered), size, 0);
        let added = Maps { blocks: growth, ..size };
        let mut grown = vec![[0.0; LANES]; added.n * added.image()];
        let mut between = Vec::new();
        for (i, layer) in layers.iter().enumerate() {
            let inner = Maps { blocks: layer.inner, ..size };
            between.resize(inner.n * inner.image(), [0.0; LANES]);
            let seen = Maps { blocks: from.blocks + i * growth, ..size };
            let maps = LayerInput { pixels: pixels(&gathered), size: seen, norm: Some(&layer.norm) };
            let rectified = Epilogue { activation: Activation::Relu, ..Epilogue::default() };
            layer.narrow.forward_to(maps, rectified, &mut between)?;
            let input = LayerInput { pixels: &between, size: inner, norm: None };
            layer.grow.forward_to(input, Epilogue::default(), &mut grown)?;
            lay(&grown, added, pixels_mut(&mut gathered), size, seen.blocks);
            kept(&between);
        }
        Tensor::from_vec(gathered, size.shape(), x.device())
    }

    /// The same with the way back, on which every sum is laid down once: behind the ReLU, behind
    /// the norm, and with what later layers handed back.
    fn record_in_use<'a>(
        &self,
        layers: Vec<InUse<'a>>,
        x: &Tensor,
        planes: Option<usize>,
        wanted: bool,
    ) -> Result<Recorded<'a>> {
        let mut between = Vec::with_capacity(layers.len());
        let maps = self.gather(&layers, x, |maps| {
            if wanted {
                between.push(maps.to_vec());
            }
        })?;
        let (growth, gathered, device) = (self.growth / LANES, maps.clone(), x.device().clone());
        let back = move |dy: Tensor, _: &mut Gradients| {
            if !wanted {
                return Ok(None);
            }
            let (dy, gathered) = (dy.contiguous()?, values(&gathered)?);
            let mut size = Maps::of(dy.dims())?;
            // What every map still has to hand back, and room for the same without those of the
            // last layer.
            let mut sums = pixels(&values(&dy)?).to_vec();
            let mut fewer = vec![[0.0; LANES]; sums.len()];
            let mut grown = Vec::new();
            let mut inner = Vec::new();
            for (layer, between) in layers.iter().zip(&between).rev() {
                let seen = Maps { blocks: size.blocks - growth, ..size };
                grown.clear();
                sums.chunks_exact(size.image()).for_each(|image| grown.extend_from_slice(&image[seen.image()..]));
                inner.resize(between.len(), [0.0; LANES]);
                let relu = vec![Affine::IDENTITY; layer.inner];
                let after = Epilogue { gate: Some(Gate { x: between, norm: &relu }), ..Epilogue::default() };
                layer.grow.input_gradient_to(&grown, Maps { blocks: layer.inner, ..size }, after, &mut inner)?;
                let gate = Some(Gate { x: pixels(&gathered), norm: &layer.norm });
                let after = Epilogue { gate, skip: Some(&sums), ..Epilogue::default() };
                fewer.truncate(seen.n * seen.image());
                layer.narrow.input_gradient_to(&inner, seen, after, &mut fewer)?;
                std::mem::swap(&mut sums, &mut fewer);
                size = seen;
            }
            as_they_came(Tensor::from_vec(sums.as_flattened().to_vec(), size.shape(), &device)?, planes).map(Some)
        };
        Ok((maps, Box::new(back)))
    }
}

impl DenseLayer {
    fn in_use(&self) -> Option<Result<InUse<'_>>> {
        let (Kernel::Prepared(narrow), Kernel::Prepared(grow)) = (&self.narrow.kernel, &self.grow.kernel) else {
            return None;
        };
        let plain = self.narrow.activation == Activation::Relu && self.grow.activation == Activation::None;
        if !self.norm.fixed || !plain {
            return None;
        }
        let inner = blocks(narrow.outputs());
        Some(self.norm.norm.in_use().map(|norm| InUse { norm, narrow, grow, inner }))
    }
}

/// Copies maps of `from` into those of `to`, from block `first` of each image on.
fn lay(maps: &[Pixel], from: Maps, into: &mut [Pixel], to: Maps, first: usize) {
    for (maps, into) in maps.chunks_exact(from.image()).zip(into.chunks_exact_mut(to.image())) {
        into[first * to.area()..][..from.image()].copy_from_slice(maps);
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

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::architecture::{Architecture, Family};
    use crate::weights::TensorFile;

    #[test]
    fn gathered_maps_are_bit_for_bit_those_of_the_layers_one_by_one() {
        let arch = Architecture {
            widths: vec![32],
            blocks: vec![2, 3, 2, 1],
            growth: Some(16),
            ..Architecture::new(Family::Densenet121)
        };
        let vars = candle_nn::VarMap::new();
        arch.trainable(1, 3, &vars, &Device::Cpu, 7).unwrap();
        let tensors = vars.data().lock().unwrap().iter().map(|(n, v)| (n.clone(), v.as_detached_tensor())).collect();
        let network = arch.folded(1, 3, &TensorFile::new(tensors), &Device::Cpu).unwrap();
        let x = Tensor::from_iter((0..2 * 64 * 64).map(|i| ((i * 7919 % 1000) as f32 - 500.0) / 300.0), &Device::Cpu);
        let x = x.unwrap().reshape((2, 1, 64, 64)).unwrap();
        let logits = |x: &Tensor| network.forward(x, Mode::Inference).unwrap().to_vec2::<f32>().unwrap();
        // A tracked image goes through the layers one by one.
        let one_by_one = Var::from_tensor(&x).unwrap();
        assert_eq!(logits(&x), logits(one_by_one.as_tensor()));
    }
}
