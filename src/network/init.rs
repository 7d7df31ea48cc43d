//! New variables for a network that is to be trained.
//!
//! Convolutions are drawn as He et al. (2015) have it, `N(0, 2/fan)`, with the fan that torchvision
//! takes for the family; linear layers from `N(0, 1/inputs)`; biases are 0, batch norms the
//! identity. Transformers begin as timm has them: `N(0, 0.02²)`, biases 0. One seed decides every
//! value.

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarMap;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

use super::Result;
use super::layers::batch_norm::BatchNorm;
use super::layers::{ConvUnit, Kernel, Linear, NormUnit};
use super::source::{ConvSpec, Fan, Start, TensorSource};

/// Makes variables in a [`VarMap`].
pub struct NewVariables<'a> {
    vars: &'a VarMap,
    device: &'a Device,
    rng: ChaCha8Rng,
}

impl<'a> NewVariables<'a> {
    pub fn new(vars: &'a VarMap, device: &'a Device, seed: u64) -> Self {
        Self { vars, device, rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    fn var(&self, name: String, tensor: &Tensor) -> Result<Var> {
        let var = Var::from_tensor(tensor)?;
        self.vars.data().lock().expect("nobody panics while holding the variables").insert(name, var.clone());
        Ok(var)
    }

    fn normal(&mut self, shape: &[usize], sd: f64) -> Result<Tensor> {
        let normal = Normal::new(0.0, sd).map_err(candle_core::Error::wrap)?;
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| normal.sample(&mut self.rng) as f32).collect();
        Tensor::from_vec(values, shape, self.device)
    }

    fn bias(&self, name: &str, length: usize) -> Result<Tensor> {
        let zeros = Tensor::zeros(length, DType::F32, self.device)?;
        Ok(self.var(format!("{name}.bias"), &zeros)?.as_tensor().clone())
    }

    fn batch_norm(&self, name: &str, channels: usize, epsilon: f64, silent: bool) -> Result<BatchNorm> {
        let one = Tensor::ones(channels, DType::F32, self.device)?;
        let zero = one.zeros_like()?;
        let named = |suffix: &str| format!("{name}.{suffix}");
        Ok(BatchNorm {
            weight: self.var(named("weight"), if silent { &zero } else { &one })?,
            bias: self.var(named("bias"), &zero)?,
            running_mean: self.var(named("running_mean"), &zero)?,
            running_var: self.var(named("running_var"), &one)?,
            epsilon,
        })
    }
}

impl TensorSource for NewVariables<'_> {
    type Error = candle_core::Error;

    fn conv(&mut self, spec: &ConvSpec) -> Result<ConvUnit> {
        let shape = spec.kernel();
        let fan = match spec.fan {
            Fan::In => shape[1] * shape[2] * shape[3],
            Fan::Out => shape[0] * shape[2] * shape[3],
        };
        let weight = self.normal(&shape, (2.0 / fan as f64).sqrt())?;
        let weight = weight.reshape(spec.stored())?;
        let weight = self.var(format!("{}.weight", spec.conv), &weight)?.as_tensor().clone();
        let weight = if spec.matrix { weight.reshape(&shape)? } else { weight };
        let bias = if spec.bias { Some(self.bias(&spec.conv, spec.outputs)?) } else { None };
        let norm = match &spec.norm {
            Some(name) => Some(self.batch_norm(name, spec.outputs, spec.epsilon, spec.starts_silent)?),
            None => None,
        };
        let (geometry, depthwise) = (spec.geometry, spec.depthwise);
        Ok(ConvUnit { kernel: Kernel::Plain { weight, bias, geometry, depthwise }, norm, activation: spec.activation })
    }

    fn norm(&mut self, name: &str, channels: usize, epsilon: f64) -> Result<NormUnit> {
        Ok(NormUnit { norm: self.batch_norm(name, channels, epsilon, false)?, fixed: false })
    }

    fn device(&self) -> Device {
        self.device.clone()
    }

    fn parameter(&mut self, name: &str, shape: &[usize], start: Start) -> Result<Tensor> {
        let tensor = match start {
            Start::Value(value) => Tensor::full(value as f32, shape, self.device)?,
            Start::Normal(sd) => self.normal(shape, sd)?,
        };
        Ok(self.var(name.into(), &tensor)?.as_tensor().clone())
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
        let weight = self.normal(&[outputs, inputs], (1.0 / inputs as f64).sqrt())?;
        Ok(Linear {
            weight: self.var(format!("{name}.weight"), &weight)?.as_tensor().clone(),
            bias: self.bias(name, outputs)?,
        })
    }
}
