//! Where the tensors of a network come from, and the chain that a family describes itself into.
//!
//! A family is written down once, as a function over a [`TensorSource`]. The same description then
//! builds a network to train ([`super::init::NewVariables`]), one to use
//! ([`super::load::TrainedTensors`]), and the list of the tensors that a weights file must hold
//! ([`super::spec::TensorList`]).

use candle_core::{Device, Tensor};

use super::geometry::Geometry;
use super::layers::activation::Activation;
use super::layers::batch_norm::EPSILON;
use super::layers::layer_norm::LayerNorm;
use super::layers::token_linear::TokenLinear;
use super::layers::{ConvUnit, Dropout, Linear, NormUnit};
use super::layout::Layout;
use super::{Layer, Network, Stage};

/// From which side of a kernel He's initialisation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fan {
    /// Variance of the forward pass is kept: `2 / (C·k²)`.
    In,
    /// Variance of the backward pass is kept: `2 / (O·k²)`.
    Out,
}

/// What a convolution unit needs to know.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing of a convolution, and families name them")]
pub struct ConvSpec {
    /// Name of the convolution; its tensors are `.weight` and, with `bias`, `.bias`.
    pub conv: String,
    /// Name of the batch norm behind it, if there is one.
    pub norm: Option<String>,
    pub inputs: usize,
    pub outputs: usize,
    pub geometry: Geometry,
    /// One kernel for each channel instead of one for each pair; `inputs` and `outputs` are equal.
    pub depthwise: bool,
    pub bias: bool,
    /// The kernel of a 1×1 convolution stands in the file as a matrix `(O, C)`.
    pub matrix: bool,
    pub activation: Activation,
    /// ε of the batch norm.
    pub epsilon: f64,
    /// The batch norm starts with γ = 0: a residual block then starts as the identity.
    pub starts_silent: bool,
    pub fan: Fan,
}

impl ConvSpec {
    /// A convolution with nothing behind it and without bias.
    pub fn new(conv: impl Into<String>, inputs: usize, outputs: usize, geometry: Geometry) -> Self {
        Self {
            conv: conv.into(),
            norm: None,
            inputs,
            outputs,
            geometry,
            depthwise: false,
            bias: false,
            matrix: false,
            activation: Activation::None,
            epsilon: EPSILON,
            starts_silent: false,
            fan: Fan::Out,
        }
    }

    /// Shape of the kernel.
    pub fn kernel(&self) -> [usize; 4] {
        let k = self.geometry.kernel;
        [self.outputs, if self.depthwise { 1 } else { self.inputs }, k, k]
    }

    /// Shape of the kernel in a weights file.
    pub fn stored(&self) -> Vec<usize> {
        if self.matrix { vec![self.outputs, self.inputs] } else { self.kernel().to_vec() }
    }
}

/// What a new tensor begins with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// The same value everywhere.
    Value(f64),
    /// Draws from `N(0, sd²)`.
    Normal(f64),
}

/// Deviation that the weights of transformers begin with, as in timm.
pub(super) const TRANSFORMER_SD: f64 = 0.02;

/// Where the tensors come from.
pub trait TensorSource {
    type Error: From<candle_core::Error>;

    /// A convolution with its batch norm and activation.
    fn conv(&mut self, spec: &ConvSpec) -> Result<ConvUnit, Self::Error>;

    /// A batch norm with a ReLU that no convolution stands before.
    fn norm(&mut self, name: &str, channels: usize, epsilon: f64) -> Result<NormUnit, Self::Error>;

    /// `x·Wᵀ + b`.
    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, Self::Error>;

    /// A tensor of any shape under its whole name.
    fn parameter(&mut self, name: &str, shape: &[usize], start: Start) -> Result<Tensor, Self::Error>;

    /// A convolution without a norm whose outputs are multiplied by a factor for each channel,
    /// `(C, 1, 1)`; the factors where they are not folded into it.
    fn scaled_conv(
        &mut self,
        spec: &ConvSpec,
        factors: &str,
        start: Start,
    ) -> Result<(ConvUnit, Option<Tensor>), Self::Error> {
        let unit = self.conv(spec)?;
        Ok((unit, Some(self.parameter(factors, &[spec.outputs, 1, 1], start)?)))
    }

    /// A layer norm over `width` channels.
    fn layer_norm(&mut self, name: &str, width: usize, epsilon: f64) -> Result<LayerNorm, Self::Error> {
        Ok(LayerNorm {
            weight: self.parameter(&format!("{name}.weight"), &[width], Start::Value(1.0))?,
            bias: self.parameter(&format!("{name}.bias"), &[width], Start::Value(0.0))?,
            epsilon,
        })
    }

    /// A linear layer over tokens, with a bias, whose tensors are called `weight` and `bias`.
    fn token_linear(
        &mut self,
        [weight, bias]: [&str; 2],
        inputs: usize,
        outputs: usize,
        activation: Activation,
    ) -> Result<TokenLinear, Self::Error> {
        let weight = self.parameter(weight, &[outputs, inputs], Start::Normal(TRANSFORMER_SD))?;
        let bias = self.parameter(bias, &[outputs], Start::Value(0.0))?;
        Ok(TokenLinear::new(weight, Some(bias), activation))
    }

    /// Where tensors lie.
    fn device(&self) -> Device;

    /// Everything since the last call belongs to this stage.
    fn end_of_stage(&mut self, _name: &str) {}
}

/// A network that is being written down, stage by stage.
pub(super) struct Chain<'a, S> {
    pub source: &'a mut S,
    stages: Vec<Stage>,
    /// Dropouts so far: each draws masks of its own.
    dropouts: u64,
}

impl<'a, S: TensorSource> Chain<'a, S> {
    pub(super) fn new(source: &'a mut S) -> Self {
        Self { source, stages: Vec::new(), dropouts: 0 }
    }

    /// Adds a stage that yields a feature map of so many channels.
    pub(super) fn map(&mut self, name: &str, channels: usize, layer: impl Layer + 'static) {
        self.stage(name, Layout::Maps { channels }, layer);
    }

    /// Adds a stage that yields a vector.
    pub(super) fn vector(&mut self, name: &str, layer: impl Layer + 'static) {
        self.stage(name, Layout::Vector, layer);
    }

    /// Adds a stage of any layout.
    pub(super) fn stage(&mut self, name: &str, layout: Layout, layer: impl Layer + 'static) {
        self.push(name, layout, false, layer);
    }

    /// Adds a dropout.
    pub(super) fn dropout(&mut self, name: &str, rate: f32) {
        let layer = self.dropouts;
        self.dropouts += 1;
        self.push(name, Layout::Vector, rate > 0.0, Dropout { rate, layer });
    }

    /// Adds a linear layer, the last stage of every network.
    pub(super) fn head(&mut self, name: &str, inputs: usize, classes: usize) -> Result<(), S::Error> {
        let linear = self.source.linear(name, inputs, classes)?;
        self.vector(name, linear);
        Ok(())
    }

    fn push(&mut self, name: &str, layout: Layout, stochastic: bool, layer: impl Layer + 'static) {
        self.source.end_of_stage(name);
        self.stages.push(Stage { name: name.into(), layout, stochastic, layer: Box::new(layer) });
    }

    pub(super) fn network(self) -> Network {
        Network { stages: self.stages }
    }
}
