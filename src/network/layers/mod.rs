//! The links that networks are chained from: a convolution with what follows it, pooling, dropout,
//! linear layers.

pub mod activation;
pub mod attention;
mod average_pool;
pub mod batch_norm;
mod candle_conv;
pub mod channel_norm;
pub mod channels;
pub mod conv;
mod conv_unit;
pub mod convnext_block;
pub mod dense_block;
pub mod depthwise;
#[cfg(test)]
mod gradient_tests;
mod handed_on;
pub mod inverted_residual;
pub mod layer_norm;
pub mod pool;
pub mod pyramid;
pub mod residual;
pub mod ruled;
pub mod softmax;
pub mod squeeze_excite;
pub mod token_linear;
mod token_product;
pub mod tokens;
mod upsample;
pub mod window_attention;

use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::cpu_values::{is_tracked, values};
use super::device::own_kernels_run;
use super::geometry::Geometry;
use super::graph::draw::Drawing;
use super::graph::op::{Op, Window};
use super::layers::activation::{Activation, Rule, activated};
use super::layers::average_pool::{grid_matrices, halve, to_grid, unhalve};
use super::layers::batch_norm::BatchNorm;
use super::layers::channels::add_bias;
use super::layers::conv::{PreparedConv, conv2d};
use super::layers::depthwise::{depthwise, depthwise_in_use};
use super::layers::pool::{Winners, global_average, max_pool2d, max_pool2d_rescaled};
use super::layers::ruled::by_rule;
use super::nchw16c::{Maps, as_they_came, taken, to_blocks, to_planes};
use super::tape::{Gradients, Recorded, by_graph, walk_back};
use super::{Layer, Mode, Result};

/// Convolution → (batch norm) → (+ skip) → (activation).
pub struct ConvUnit {
    pub kernel: Kernel,
    /// None where there is none, and where it is folded into the kernel.
    pub norm: Option<BatchNorm>,
    pub activation: Activation,
}

/// The convolution of a unit.
pub enum Kernel {
    /// With gradients for `weight` `(O, C, k, k)` and `bias` `(O)`; depthwise, `weight` is
    /// `(C, 1, k, k)`.
    Plain { weight: Tensor, bias: Option<Tensor>, geometry: Geometry, depthwise: bool },
    /// Packed for use.
    Prepared(PreparedConv),
}

impl ConvUnit {
    /// `(N, C, H, W)` or blocked → `(N, O, OH, OW)`, on the CPU blocked; `skip` has the output's
    /// shape and is added before the activation.
    pub fn forward(&self, x: &Tensor, skip: Option<&Tensor>, mode: Mode) -> Result<Tensor> {
        // Where nobody walks back, and where the way back needs no more than the value, the
        // activation rides along; a gradient by another rule needs it as an operation of its own.
        let rides = mode.rule().is_none() && (self.activation.is_told_by_its_value() || !is_tracked(x));
        match &self.kernel {
            Kernel::Prepared(conv) if rides => conv.forward(x, skip, self.activation),
            Kernel::Prepared(conv) => self.activated(&conv.forward(x, skip, Activation::None)?, mode),
            Kernel::Plain { weight, bias, geometry, depthwise: true } if self.is_for_use(x, skip, mode) => {
                depthwise_in_use(x, weight, bias.as_ref(), *geometry, self.activation)
            }
            Kernel::Plain { weight, bias, geometry, depthwise: single } => {
                let y = if *single { depthwise(x, weight, *geometry)? } else { conv2d(x, weight, *geometry)? };
                self.finish(y, bias.as_ref(), skip, mode)
            }
        }
    }

    /// The unit as nodes of a graph, batch norm folded.
    pub(super) fn drawn(&self, to: &mut Drawing, x: usize, skip: Option<usize>) -> Result<usize> {
        let (weight, bias, geometry) = match &self.kernel {
            Kernel::Prepared(conv) => (conv.weight().clone(), Some(conv.bias().clone()), conv.geometry()),
            Kernel::Plain { weight, bias, geometry, .. } => (weight.clone(), bias.clone(), *geometry),
        };
        let (weight, bias) = match &self.norm {
            Some(norm) => {
                let [factor, shift] = norm.factors()?;
                let bias = match bias {
                    Some(bias) => ((bias * &factor)? + shift)?,
                    None => shift,
                };
                (weight.broadcast_mul(&factor.reshape(((), 1, 1, 1))?)?, Some(bias))
            }
            None => (weight, bias),
        };
        to.conv([Some(&weight), bias.as_ref()], geometry, self.activation, x, skip)
    }

    /// Whether nothing but the output is asked of a unit without batch norm and branch.
    fn is_for_use(&self, x: &Tensor, skip: Option<&Tensor>, mode: Mode) -> bool {
        let Kernel::Plain { weight, bias, .. } = &self.kernel else { return false };
        let tracked = is_tracked(x) || is_tracked(weight) || bias.as_ref().is_some_and(is_tracked);
        own_kernels_run(x.device()) && self.norm.is_none() && skip.is_none() && mode.rule().is_none() && !tracked
    }

    /// The activation as an operation of its own.
    fn activated(&self, y: &Tensor, mode: Mode) -> Result<Tensor> {
        mode.rule().map_or_else(|| activated(y, self.activation), |rule| by_rule(y, self.activation, rule))
    }

    /// Bias, norm, skip and activation.
    fn finish(&self, y: Tensor, bias: Option<&Tensor>, skip: Option<&Tensor>, mode: Mode) -> Result<Tensor> {
        let y = match bias {
            Some(bias) => add_bias(&y, bias)?,
            None => y,
        };
        let y = match (&self.norm, skip) {
            (Some(norm), None) if mode.rule().is_none() => return norm.forward(&y, None, self.activation, mode),
            // Behind a branch that is added, the value has to tell what passed.
            (Some(norm), Some(_)) if mode.rule().is_none() && self.activation.is_told_by_its_value() => {
                return norm.forward(&y, skip, self.activation, mode);
            }
            (Some(norm), _) => norm.forward(&y, skip, Activation::None, mode)?,
            (None, Some(skip)) => (y + to_blocks(skip)?)?,
            (None, None) => y,
        };
        self.activated(&y, mode)
    }
}

impl Layer for ConvUnit {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.forward(x, None, mode)
    }

    fn side(&self, length: usize) -> usize {
        match &self.kernel {
            Kernel::Plain { geometry, .. } => geometry.output(length),
            Kernel::Prepared(conv) => conv.geometry().output(length),
        }
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        if !conv_unit::can_keep(&x, mode) {
            return by_graph(self, &x, mode, wanted);
        }
        let (y, kept) = self.keep(&x, None, mode, wanted)?;
        Ok((y, Box::new(move |dy, gradients| Ok(kept.back(&dy, None, gradients)?.0))))
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        self.drawn(to, x, None)
    }
}

/// Batch norm → ReLU, where no convolution stands before it.
pub struct NormUnit {
    pub norm: BatchNorm,
    /// Running statistics in every mode.
    pub fixed: bool,
}

impl Layer for NormUnit {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let rule = mode.rule();
        let activation = if rule.is_none() { Activation::Relu } else { Activation::None };
        let y =
            if self.fixed { self.norm.fixed(x, activation)? } else { self.norm.forward(x, None, activation, mode)? };
        rule.map_or(Ok(y.clone()), |rule| by_rule(&y, Activation::Relu, rule))
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        if !own_kernels_run(x.device()) || mode.rule().is_some() {
            return by_graph(self, &x, mode, wanted);
        }
        let (x, planes) = taken(&x.detach())?;
        let size = Maps::of(x.dims())?;
        let mode = if self.fixed { Mode::Inference } else { mode };
        let normalization = self.norm.normalization(&values(&x)?, size, Activation::Relu, mode)?;
        let y = normalization.forward(&values(&x)?, size, None);
        let y = Tensor::from_vec(y, x.shape(), x.device())?;
        let back = move |dy: Tensor, gradients: &mut Gradients| {
            let dy = dy.contiguous()?;
            let dx = if self.fixed && !wanted {
                None
            } else if self.fixed {
                Some(normalization.handed_back(&values(&x)?, size, &values(&dy)?))
            } else {
                let found = normalization.backward(&values(&x)?, size, &values(&dy)?, true);
                let channels = self.norm.weight.dim(0)?;
                for (parameter, gradient) in [(&self.norm.weight, found.weight), (&self.norm.bias, found.bias)] {
                    gradients.add(parameter.id(), Tensor::new(&gradient[..channels], x.device())?)?;
                }
                wanted.then_some(found.input)
            };
            dx.map(|dx| as_they_came(Tensor::from_vec(dx, x.shape(), x.device())?, planes)).transpose()
        };
        Ok((y, Box::new(back)))
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let [weight, bias] = self.norm.factors()?;
        let weight = weight.reshape(((), 1, 1, 1))?;
        to.conv([Some(&weight), Some(&bias)], Geometry::even(1, 1, 0), Activation::Relu, x, None)
    }
}

/// Layers one after the other, as one.
pub struct Sequence(pub Vec<Box<dyn Layer>>);

impl Layer for Sequence {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.0.iter().try_fold(x.clone(), |x, layer| layer.forward(&x, mode))
    }

    fn side(&self, length: usize) -> usize {
        self.0.iter().fold(length, |length, layer| layer.side(length))
    }

    fn record(&self, mut x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        let mut ways = Vec::with_capacity(self.0.len());
        for (i, layer) in self.0.iter().enumerate() {
            let (y, way) = layer.record(x, mode, wanted || i > 0)?;
            x = y;
            ways.push(way);
        }
        Ok((x, Box::new(move |dy, gradients| walk_back(&ways, dy, gradients))))
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        self.0.iter().try_fold(x, |x, layer| layer.draw(to, x))
    }
}

/// The largest value under each window.
pub struct MaxPool(pub Geometry);

impl Layer for MaxPool {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        if mode.rule() == Some(Rule::Rescale) { max_pool2d_rescaled(x, self.0) } else { max_pool2d(x, self.0) }
    }

    fn side(&self, length: usize) -> usize {
        self.0.output(length)
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        if !own_kernels_run(x.device()) || mode.rule() == Some(Rule::Rescale) || !Winners::fit(self.0) {
            return by_graph(self, &x, mode, wanted);
        }
        let (y, winners) = Winners::of(&x, self.0)?;
        Ok((y, Box::new(move |dy, _| wanted.then(|| winners.hand_back(&dy)).transpose())))
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let window = to.window(self.0, x)?;
        to.push(Op::MaxPool { window }, &[x])
    }
}

/// Means over two by two.
pub struct Halve;

impl Layer for Halve {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        halve(x)
    }

    fn side(&self, length: usize) -> usize {
        (length / 2).max(1)
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        if !own_kernels_run(x.device()) {
            return by_graph(self, &x, mode, wanted);
        }
        let (x, planes) = taken(&x.detach())?;
        let size = Maps::of(x.dims())?;
        let back =
            move |dy: Tensor, _: &mut Gradients| wanted.then(|| as_they_came(unhalve(&dy, size)?, planes)).transpose();
        Ok((halve(&x)?, Box::new(back)))
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let window = to.window(Geometry::even(2, 2, 0), x)?;
        to.push(Op::AveragePool { window, whole: true }, &[x])
    }
}

/// Means over a grid of this many cells a side, for maps of any size; `(N, C, grid, grid)`, as
/// dense layers want it.
pub struct AverageGrid {
    pub channels: usize,
    pub grid: usize,
}

impl Layer for AverageGrid {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        to_planes(&to_grid(x, self.grid)?, self.channels)
    }

    fn side(&self, _: usize) -> usize {
        self.grid
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let [_, h, w] = to.map(x)?;
        if (h, w) == (self.grid, self.grid) {
            return Ok(x);
        }
        if h % self.grid == 0 && w % self.grid == 0 {
            let kernel = [h / self.grid, w / self.grid];
            let window = Window { kernel, stride: kernel, pads: [0; 4], dilation: [1, 1] };
            if kernel[0] == kernel[1] {
                return to.push(Op::AveragePool { window, whole: true }, &[x]);
            }
        }
        let [rows, columns] = grid_matrices(h, w, self.grid)?;
        let (rows, columns) = (to.constant(&rows)?, to.constant(&columns)?);
        let x = to.push(Op::MatMul, &[x, columns])?;
        to.push(Op::MatMul, &[rows, x])
    }
}

/// `(N, C, H, W)` → `(N, C)`.
pub struct GlobalAveragePool {
    pub channels: usize,
}

impl Layer for GlobalAveragePool {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        global_average(x, self.channels)
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        to.mean(x, [2, 3], false)
    }
}

/// Inverted dropout (Srivastava et al. 2014): kept values are divided by the rate of keeping.
///
/// The mask of a row is drawn from a ChaCha stream of its own, numbered by the sample, so it
/// depends on neither batch nor device.
pub struct Dropout {
    pub rate: f32,
    /// Number of the dropout in its network: each has masks of its own.
    pub layer: u64,
}

/// Values that are 0 or `1 / keep`; row `i` is that of sample `first + i` in layer `layer`.
pub fn mask(shape: &[usize], keep: f32, seed: u64, layer: u64, first: usize, device: &Device) -> Result<Tensor> {
    let row: usize = shape[1..].iter().product();
    let mut mask = Vec::with_capacity(shape[0] * row);
    for sample in first..first + shape[0] {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(layer.wrapping_mul(LAYER_STEP)));
        rng.set_stream(sample as u64);
        mask.extend((0..row).map(|_| if rng.random::<f32>() < keep { 1.0 / keep } else { 0.0 }));
    }
    Tensor::from_vec(mask, shape, device)
}

/// Sets the seeds of the layers of a network apart: 2⁶⁴ divided by the golden ratio.
const LAYER_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Layer for Dropout {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (seed, first) = match mode {
            Mode::Inference | Mode::Explaining(_) => return Ok(x.clone()),
            Mode::Training { seed } => (seed, 0),
            Mode::Sampling { seed, first } => (seed, first),
        };
        if self.rate <= 0.0 {
            return Ok(x.clone());
        }
        x * mask(x.dims(), 1.0 - self.rate, seed, self.layer, first, x.device())?
    }

    fn draw(&self, _: &mut Drawing, x: usize) -> Result<usize> {
        Ok(x)
    }
}

/// `(N, F)` or a feature map that is flattened to it → `(N, K)`: `x·Wᵀ + b` with `W` of `(K, F)`.
pub struct Linear {
    pub weight: Tensor,
    pub bias: Tensor,
}

impl Layer for Linear {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        let x = if x.rank() > 2 { x.flatten_from(1)? } else { x.clone() };
        x.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let lengths = to.lengths(x);
        let x = if lengths.len() > 2 { to.reshape(x, 1, &[lengths[1..].iter().product()])? } else { x };
        to.linear(&self.weight, Some(&self.bias), x)
    }
}

/// A hidden layer of a dense head: linear → ReLU.
pub struct Dense(pub Linear);

impl Layer for Dense {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = self.0.forward(x, mode)?;
        mode.rule().map_or_else(|| y.relu(), |rule| by_rule(&y, Activation::Relu, rule))
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let y = self.0.draw(to, x)?;
        to.activation(Activation::Relu, y)
    }
}
