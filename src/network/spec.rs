//! The names and shapes of a network's tensors, without the tensors.
//!
//! The units that it hands out hold zeros that are stored once and repeated, so that even VGG16
//! (138 million weights) is listed in a few kilobytes. A network made of them has the right stages;
//! nobody runs it.

use candle_core::{DType, Device, Tensor, Var};

use super::Result;
use super::layers::batch_norm::BatchNorm;
use super::layers::{ConvUnit, Kernel, Linear, NormUnit};
use super::source::{ConvSpec, Start, TensorSource};

/// A tensor as a weights file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    pub name: String,
    pub shape: Vec<usize>,
    /// Stage that it belongs to.
    pub stage: String,
}

/// Writes down what is asked for.
#[derive(Default)]
pub(super) struct TensorList {
    pub tensors: Vec<TensorSpec>,
    /// Tensors of the stages that have ended.
    ended: usize,
}

impl TensorList {
    fn tensor(&mut self, name: &str, suffix: &str, shape: &[usize]) -> Result<Tensor> {
        self.named(format!("{name}.{suffix}"), shape)
    }

    fn named(&mut self, name: String, shape: &[usize]) -> Result<Tensor> {
        self.tensors.push(TensorSpec { name, shape: shape.to_vec(), stage: String::new() });
        Tensor::zeros((), DType::F32, &Device::Cpu)?.broadcast_as(shape)
    }

    fn batch_norm(&mut self, name: &str, channels: usize, epsilon: f64) -> Result<BatchNorm> {
        let mut var = |suffix: &str| Var::from_tensor(&self.tensor(name, suffix, &[channels])?);
        Ok(BatchNorm {
            weight: var("weight")?,
            bias: var("bias")?,
            running_mean: var("running_mean")?,
            running_var: var("running_var")?,
            epsilon,
        })
    }
}

impl TensorSource for TensorList {
    type Error = candle_core::Error;

    fn conv(&mut self, spec: &ConvSpec) -> Result<ConvUnit> {
        let weight = self.tensor(&spec.conv, "weight", &spec.stored())?;
        let weight = if spec.matrix { weight.unsqueeze(2)?.unsqueeze(3)? } else { weight };
        let bias = if spec.bias { Some(self.tensor(&spec.conv, "bias", &[spec.outputs])?) } else { None };
        let norm = match &spec.norm {
            Some(name) => Some(self.batch_norm(name, spec.outputs, spec.epsilon)?),
            None => None,
        };
        let kernel = Kernel::Plain { weight, bias, geometry: spec.geometry, depthwise: spec.depthwise };
        Ok(ConvUnit { kernel, norm, activation: spec.activation })
    }

    fn norm(&mut self, name: &str, channels: usize, epsilon: f64) -> Result<NormUnit> {
        Ok(NormUnit { norm: self.batch_norm(name, channels, epsilon)?, fixed: true })
    }

    fn device(&self) -> Device {
        Device::Cpu
    }

    fn parameter(&mut self, name: &str, shape: &[usize], _: Start) -> Result<Tensor> {
        self.named(name.into(), shape)
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
        Ok(Linear {
            weight: self.tensor(name, "weight", &[outputs, inputs])?,
            bias: self.tensor(name, "bias", &[outputs])?,
        })
    }

    fn end_of_stage(&mut self, name: &str) {
        for tensor in &mut self.tensors[self.ended..] {
            name.clone_into(&mut tensor.stage);
        }
        self.ended = self.tensors.len();
    }
}
