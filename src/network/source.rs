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
use super::layers::{ConvUnit, Dropout, Linear, NormUnit};
use super::{Layer, Network, Stage};

/// From which side of a kernel He's initialisation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fan {
    /// Variance of the forward pass is kept: `2 / (C·k²)`.
    In,
    /// Variance of the backward pass is kept: `2 / (O·k²)`.
    Out,
}

/// What a tensor of its own kind holds before anything is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Zeros,
    Ones,
    /// A kernel `(O, C, k, k)`, drawn as those of convolutions are.
    Kernel,
    /// Drawn from `N(0, 0.02²)`, as embeddings are.
    Small,
}

/// What a convolution unit needs to know.
#[derive(Clone, Debug)]
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
}

/// Where the tensors come from.
pub trait TensorSource {
    type Error: From<candle_core::Error>;

    /// A convolution with its batch norm and activation.
    fn conv(&mut self, spec: &ConvSpec) -> Result<ConvUnit, Self::Error>;

    /// A batch norm with a ReLU that no convolution stands before.
    fn norm(&mut self, name: &str, channels: usize, epsilon: f64) -> Result<NormUnit, Self::Error>;

    /// `x·Wᵀ + b`.
    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, Self::Error>;

    /// A tensor that no layer above takes.
    fn tensor(&mut self, name: &str, shape: &[usize], start: Start) -> Result<Tensor, Self::Error>;

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
        self.push(name, Some(channels), false, layer);
    }

    /// Adds a stage that yields a vector.
    pub(super) fn vector(&mut self, name: &str, layer: impl Layer + 'static) {
        self.push(name, None, false, layer);
    }

    /// Adds a dropout.
    pub(super) fn dropout(&mut self, name: &str, rate: f32) {
        let layer = self.dropouts;
        self.dropouts += 1;
        self.push(name, None, rate > 0.0, Dropout { rate, layer });
    }

    /// Adds a linear layer, the last stage of every network.
    pub(super) fn head(&mut self, name: &str, inputs: usize, classes: usize) -> Result<(), S::Error> {
        let linear = self.source.linear(name, inputs, classes)?;
        self.vector(name, linear);
        Ok(())
    }

    fn push(&mut self, name: &str, channels: Option<usize>, stochastic: bool, layer: impl Layer + 'static) {
        self.source.end_of_stage(name);
        self.stages.push(Stage { name: name.into(), channels, stochastic, layer: Box::new(layer) });
    }

    pub(super) fn network(self) -> Network {
        Network { stages: self.stages }
    }
}
