//! Weights: safetensors with the names of PyTorch, checked tensor by tensor.
//!
//! Folding: `y = γ (W∗x − μ)/√(σ²+ε) + β` is one convolution with `W' = W·γ/√(σ²+ε)` and
//! `b' = β − μ·γ/√(σ²+ε)`; a bias before the batch norm is subtracted from `μ`.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightError {
    #[error("the weights are no safetensors file, or it is cut short: {0}")]
    Format(String),
    #[error("the weights lack the tensor “{0}”; they belong to another architecture than the manifest says")]
    Missing(String),
    #[error("the tensor “{name}” has the shape {found:?} where the manifest's architecture needs {needed:?}")]
    Shape { name: String, found: Vec<usize>, needed: Vec<usize> },
    #[error("the tensor “{0}” holds values that are not finite; the file is damaged or its training diverged")]
    NotFinite(String),
    #[error(transparent)]
    Architecture(#[from] super::architecture::ArchitectureError),
    #[error("the weights could not be laid out for this device: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// Tensors of a safetensors file, on the CPU.
pub struct TensorFile {
    tensors: HashMap<String, Tensor>,
}

impl TensorFile {
    /// Tensors that are no file yet.
    pub fn new(tensors: HashMap<String, Tensor>) -> Self {
        Self { tensors }
    }

    /// Reads the bytes of a safetensors file.
    pub fn parse(bytes: &[u8]) -> Result<Self, WeightError> {
        let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)
            .map_err(|error| WeightError::Format(error.to_string()))?;
        Ok(Self { tensors })
    }

    /// The `f32` tensor called `name`, which must have this shape and finite values.
    pub fn get(&self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor, WeightError> {
        let tensor = self.tensors.get(name).ok_or_else(|| WeightError::Missing(name.into()))?;
        if tensor.dims() != shape {
            let found = tensor.dims().to_vec();
            return Err(WeightError::Shape { name: name.into(), found, needed: shape.to_vec() });
        }
        let tensor = tensor.to_dtype(DType::F32)?;
        // A sum is finite only if every term is, short of an overflow that weights never reach.
        if !tensor.abs()?.sum_all()?.to_scalar::<f32>()?.is_finite() {
            return Err(WeightError::NotFinite(name.into()));
        }
        Ok(tensor.to_device(device)?)
    }
}

/// Folds a batch norm (γ, β, mean, variance, each `(O)`) into the kernel `(O, C, k, k)` and bias
/// before it; yields kernel and bias `(O)`.
pub fn fold(
    kernel: &Tensor,
    bias: Option<&Tensor>,
    [weight, shift, mean, var]: &[Tensor; 4],
    epsilon: f64,
) -> candle_core::Result<(Tensor, Tensor)> {
    let scale = (weight / (var + epsilon)?.sqrt()?)?;
    let mean = match bias {
        Some(bias) => (mean - bias)?,
        None => mean.clone(),
    };
    Ok((kernel.broadcast_mul(&scale.reshape(((), 1, 1, 1))?)?, (shift - (mean * scale)?)?))
}
