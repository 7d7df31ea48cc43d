//! The tensors of a weights file, for a network that is to be used: batch norm is folded where a
//! convolution stands before it.

use candle_core::{Device, Tensor, Var};

use super::layers::batch_norm::BatchNorm;
use super::layers::conv::PreparedConv;
use super::layers::{ConvUnit, Kernel, Linear, NormUnit};
use super::source::{ConvSpec, Start, TensorSource};
use super::weights::{TensorFile, WeightError, fold};

/// Takes tensors out of a file.
pub(super) struct TrainedTensors<'a> {
    pub tensors: &'a TensorFile,
    pub device: &'a Device,
}

impl TrainedTensors<'_> {
    fn get(&self, name: &str, suffix: &str, shape: &[usize]) -> Result<Tensor, WeightError> {
        self.tensors.get(&format!("{name}.{suffix}"), shape, self.device)
    }

    /// γ, β, mean and variance.
    fn statistics(&self, name: &str, channels: usize) -> Result<[Tensor; 4], WeightError> {
        let get = |suffix: &str| self.get(name, suffix, &[channels]);
        Ok([get("weight")?, get("bias")?, get("running_mean")?, get("running_var")?])
    }

    /// A unit with the norm of `spec` folded into it.
    fn unit(&self, spec: &ConvSpec, mut weight: Tensor, mut bias: Option<Tensor>) -> Result<ConvUnit, WeightError> {
        if let Some(name) = &spec.norm {
            let (kernel, shift) = fold(&weight, bias.as_ref(), &self.statistics(name, spec.outputs)?, spec.epsilon)?;
            (weight, bias) = (kernel, Some(shift));
        }
        let kernel = if spec.depthwise {
            Kernel::Plain { weight, bias, geometry: spec.geometry, depthwise: true }
        } else {
            let bias = match bias {
                Some(bias) => bias,
                None => Tensor::zeros(spec.outputs, candle_core::DType::F32, self.device)?,
            };
            Kernel::Prepared(PreparedConv::new(weight, bias, spec.geometry)?)
        };
        Ok(ConvUnit { kernel, norm: None, activation: spec.activation })
    }
}

impl TensorSource for TrainedTensors<'_> {
    type Error = WeightError;

    fn conv(&mut self, spec: &ConvSpec) -> Result<ConvUnit, WeightError> {
        let weight = self.get(&spec.conv, "weight", &spec.stored())?.reshape(&spec.kernel())?;
        let bias = if spec.bias { Some(self.get(&spec.conv, "bias", &[spec.outputs])?) } else { None };
        self.unit(spec, weight, bias)
    }

    fn scaled_conv(
        &mut self,
        spec: &ConvSpec,
        factors: &str,
        _: Start,
    ) -> Result<(ConvUnit, Option<Tensor>), WeightError> {
        let factors = self.tensors.get(factors, &[spec.outputs, 1, 1], self.device)?;
        let weight = self.get(&spec.conv, "weight", &spec.stored())?.reshape(&spec.kernel())?;
        let weight = weight.broadcast_mul(&factors.unsqueeze(1)?)?;
        let bias = if spec.bias { Some(self.get(&spec.conv, "bias", &[spec.outputs])?) } else { None };
        let bias = bias.map(|bias| bias * factors.flatten_all()?).transpose()?;
        Ok((self.unit(spec, weight, bias)?, None))
    }

    fn norm(&mut self, name: &str, channels: usize, epsilon: f64) -> Result<NormUnit, WeightError> {
        let [weight, bias, running_mean, running_var] = self.statistics(name, channels)?;
        let norm = BatchNorm {
            weight: Var::from_tensor(&weight)?,
            bias: Var::from_tensor(&bias)?,
            running_mean: Var::from_tensor(&running_mean)?,
            running_var: Var::from_tensor(&running_var)?,
            epsilon,
        };
        Ok(NormUnit { norm, fixed: true })
    }

    fn device(&self) -> Device {
        self.device.clone()
    }

    fn parameter(&mut self, name: &str, shape: &[usize], _: Start) -> Result<Tensor, WeightError> {
        self.tensors.get(name, shape, self.device)
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, WeightError> {
        Ok(Linear { weight: self.get(name, "weight", &[outputs, inputs])?, bias: self.get(name, "bias", &[outputs])? })
    }
}
