//! Squeeze-and-excitation (Hu et al. 2018): a factor of 0–1 for each channel, out of the means of
//! all channels.
//!
//! `s = gate(W₂·act(W₁·m + b₁) + b₂)` with `m` the mean of each map, and `y = s·x`. EfficientNet
//! has `SiLU` and the logistic function, MobileNetV3 ReLU and `min(max(z + 3, 0), 6) / 6` (Howard
//! et al. 2019). The way back of a recorded pass is written here: `ds = Σ x·dy` over each map, back
//! through both layers to the means, and `dx = s·dy + dm / pixels`.

use candle_core::{Device, Tensor, bail};
use rayon::prelude::*;

use super::ConvUnit;
use super::activation::Activation;
use super::channels::{factors_in_blocks, scale, scale_in_place, sums_of_products};
use super::conv_unit::Kept;
use super::pool::{global_average, means};
use crate::cpu_values::values;
use crate::geometry::Geometry;
use crate::graph::draw::Drawing;
use crate::graph::op::{Function, Op};
use crate::nchw16c::{Maps, Pixel, is_blocked, pixels, pixels_mut, to_blocks, to_planes};
use crate::source::{ConvSpec, TensorSource};
use crate::tape::Gradients;
use crate::{Mode, Result};

/// What makes a factor of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// `1 / (1 + e⁻ᶻ)`.
    Sigmoid,
    /// `min(max(z + 3, 0), 6) / 6`.
    HardSigmoid,
}

impl Gate {
    fn of(self, z: &Tensor) -> Result<Tensor> {
        match self {
            Self::Sigmoid => candle_nn::ops::sigmoid(z),
            Self::HardSigmoid => (z + 3.0)?.clamp(0f32, 6f32)? / 6.0,
        }
    }

    /// The derivative where the factor is `s`.
    fn derivative(self, s: f32) -> f32 {
        match self {
            Self::Sigmoid => s * (1.0 - s),
            Self::HardSigmoid if s > 0.0 && s < 1.0 => 1.0 / 6.0,
            Self::HardSigmoid => 0.0,
        }
    }
}

/// How it is made.
#[derive(Clone, Copy, Debug)]
pub struct SqueezeSpec {
    /// Numbers that the means are squeezed into.
    pub squeezed: usize,
    pub activation: Activation,
    pub gate: Gate,
}

/// The two layers.
pub struct SqueezeExcite {
    channels: usize,
    squeeze: ConvUnit,
    excite: ConvUnit,
    gate: Gate,
}

impl SqueezeSpec {
    /// Takes `{name}.fc1` and `{name}.fc2`, which torchvision keeps as 1×1 convolutions.
    pub fn build<S: TensorSource>(
        self,
        source: &mut S,
        name: &str,
        channels: usize,
    ) -> std::result::Result<SqueezeExcite, S::Error> {
        let mut point = |part: &str, inputs, outputs, activation| {
            let spec = ConvSpec::new(format!("{name}.{part}"), inputs, outputs, Geometry::even(1, 1, 0));
            source.conv(&ConvSpec { bias: true, activation, ..spec })
        };
        Ok(SqueezeExcite {
            channels,
            squeeze: point("fc1", channels, self.squeezed, self.activation)?,
            excite: point("fc2", self.squeezed, channels, Activation::None)?,
            gate: self.gate,
        })
    }
}

/// What the way back of a recorded pass needs.
pub(super) struct KeptSqueeze<'a> {
    owner: &'a SqueezeExcite,
    x: Tensor,
    /// `(N, C)`.
    factors: Tensor,
    squeeze: Kept<'a>,
    excite: Kept<'a>,
}

impl SqueezeExcite {
    /// The factors and their product with the maps as nodes of a graph.
    pub(super) fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let means = to.mean(x, [2, 3], true)?;
        let squeezed = self.squeeze.drawn(to, means, None)?;
        let logits = self.excite.drawn(to, squeezed, None)?;
        let function = match self.gate {
            Gate::Sigmoid => Function::Sigmoid,
            Gate::HardSigmoid => Function::HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 },
        };
        let factors = to.push(Op::Map { function }, &[logits])?;
        to.mul(x, factors)
    }

    /// `(N, C, H, W)` or blocked → the same, on the CPU blocked.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        scale(x, &self.factors(&global_average(x, self.channels)?, mode)?)
    }

    /// The same in place, of maps in blocks; on the CPU.
    pub(super) fn weigh(&self, maps: &mut [Pixel], size: Maps, mode: Mode) -> Result<()> {
        let means = Tensor::from_vec(means(maps, size, self.channels), (size.n, self.channels), &Device::Cpu)?;
        let factors = self.factors(&means, mode)?;
        scale_in_place(maps, size, &values(&factors.contiguous()?)?);
        Ok(())
    }

    /// The factors out of the means, both `(N, C)`.
    fn factors(&self, means: &Tensor, mode: Mode) -> Result<Tensor> {
        let means = means.unsqueeze(2)?.unsqueeze(3)?;
        // Rules of explanations are for what a ReLU lets through.
        let inner = match mode {
            Mode::Explaining(_) if self.squeeze.activation != Activation::Relu => Mode::Inference,
            mode => mode,
        };
        let logits = self.excite.forward(&self.squeeze.forward(&means, None, inner)?, None, mode)?;
        self.gate.of(&to_planes(&logits, self.channels)?.flatten_from(1)?)
    }

    /// Runs it on blocked maps and keeps what its way back needs.
    pub(super) fn keep(&self, x: Tensor, mode: Mode) -> Result<(Tensor, KeptSqueeze<'_>)> {
        if !is_blocked(&x) {
            bail!("squeeze-and-excitation is recorded on maps in blocks");
        }
        let means = to_blocks(&global_average(&x, self.channels)?.unsqueeze(2)?.unsqueeze(3)?)?;
        let (inner, squeeze) = self.squeeze.keep(&means, None, mode, true)?;
        let (logits, excite) = self.excite.keep(&inner, None, mode, true)?;
        let factors = self.gate.of(&to_planes(&logits, self.channels)?.flatten_from(1)?)?.contiguous()?;
        let y = scale(&x, &factors)?;
        Ok((y, KeptSqueeze { owner: self, x, factors, squeeze, excite }))
    }
}

impl KeptSqueeze<'_> {
    /// The gradient of the maps, blocked; those of both layers are left on the way.
    pub(super) fn back(&self, dy: &Tensor, gradients: &mut Gradients) -> Result<Tensor> {
        let size = Maps::of(self.x.dims())?;
        let dy = dy.contiguous()?;
        let (factors, d) = (values(&self.factors)?, values(&dy)?);
        let sums = sums_of_products(&values(&self.x)?, &d, size, self.owner.channels);
        let before: Vec<f32> = sums.iter().zip(&*factors).map(|(d, s)| d * self.owner.gate.derivative(*s)).collect();
        let before = Tensor::from_vec(before, (size.n, self.owner.channels, 1, 1), dy.device())?;
        let (Some(inner), _) = self.excite.back(&to_blocks(&before)?, None, gradients)? else {
            bail!("the gradient of the squeezed means was not kept")
        };
        let (Some(means), _) = self.squeeze.back(&inner, None, gradients)? else {
            bail!("the gradient of the means was not kept")
        };
        let (means, share) = (values(&means)?, 1.0 / size.area() as f32);
        let mut dx = vec![0.0; d.len()];
        pixels_mut(&mut dx)
            .par_chunks_exact_mut(size.area().max(1))
            .zip(pixels(&d).par_chunks_exact(size.area().max(1)))
            .zip(&factors_in_blocks(&factors, size.n))
            .zip(pixels(&means))
            .for_each(|(((dx, d), s), mean)| {
                dx.iter_mut().zip(d).for_each(|(o, d)| *o = std::array::from_fn(|k| d[k] * s[k] + mean[k] * share));
            });
        Tensor::from_vec(dx, self.x.shape(), dy.device())
    }
}
