//! The tensors of a network under training, in the order of their names.

use std::collections::BTreeMap;

use candle_core::{CpuStorage, DType, Storage, Tensor, Var};
use candle_nn::VarMap;

use crate::training::config::Precision;

/// A named tensor.
pub struct Parameter {
    pub name: String,
    pub var: Var,
    /// False for the running statistics of batch norm, which follow the batches instead of a
    /// gradient.
    pub trained: bool,
}

impl Parameter {
    /// Whether weight decay draws it towards 0: weights of convolutions and linear layers, and no
    /// factors, biases, positions or tokens that are learnt (as timm leaves them out).
    pub fn is_decayed(&self) -> bool {
        const LEARNT: [&str; 5] =
            ["class_token", "register_tokens", "pos_embedding", "relative_position_bias_table", "layer_scale"];
        self.var.dims().len() > 1 && !LEARNT.iter().any(|part| self.name.contains(part))
    }
}

/// All tensors, by name.
pub struct Parameters(Vec<Parameter>);

/// The values of all tensors, in the order of [`Parameters`].
pub(crate) type Values = Vec<Vec<f32>>;

impl Parameters {
    pub fn new(vars: &VarMap) -> Self {
        let by_name: BTreeMap<String, Var> = match vars.data().lock() {
            Ok(map) => map.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            Err(poisoned) => poisoned.into_inner().iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        };
        let parameter = |(name, var): (String, Var)| {
            let trained = !name.ends_with("running_mean") && !name.ends_with("running_var");
            Parameter { name, var, trained }
        };
        Self(by_name.into_iter().map(parameter).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Parameter> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of values that are learnt.
    pub fn trained_values(&self) -> usize {
        self.iter().filter(|p| p.trained).map(|p| p.var.elem_count()).sum()
    }

    /// Gives tensor `i` new values.
    pub fn set(&self, i: usize, values: Vec<f32>) -> candle_core::Result<()> {
        let var = &self.0[i].var;
        var.set(&Tensor::from_vec(values, var.shape(), var.device())?)
    }

    /// A copy of all values.
    pub fn values(&self) -> candle_core::Result<Values> {
        self.iter().map(|p| p.var.flatten_all()?.to_vec1::<f32>()).collect()
    }

    /// Gives all tensors new values.
    pub fn assign(&self, values: &Values) -> candle_core::Result<()> {
        for (i, v) in values.iter().enumerate() {
            self.set(i, v.clone())?;
        }
        Ok(())
    }

    /// Takes `values` (its own where there are none) as they will be stored: what is evaluated
    /// afterwards is what is read again.
    pub fn keep(&self, values: Option<&Values>, precision: Precision) -> candle_core::Result<()> {
        if let Some(values) = values {
            self.assign(values)?;
        }
        for p in self.0.iter().filter(|p| precision.stores_in_half(p.var.dims())) {
            p.var.set(&p.var.to_dtype(DType::F16)?.to_dtype(p.var.dtype())?)?;
        }
        Ok(())
    }

    /// Takes tensors of the same name and shape from `source`; returns the numbers of those that
    /// fitted.
    pub fn take_from(&self, source: &std::collections::HashMap<String, Tensor>) -> candle_core::Result<Vec<usize>> {
        let mut taken = Vec::new();
        for (i, p) in self.0.iter().enumerate() {
            if let Some(tensor) = source.get(&p.name).filter(|t| t.dims() == p.var.dims()) {
                p.var.set(&tensor.to_dtype(p.var.dtype())?.to_device(p.var.device())?)?;
                taken.push(i);
            }
        }
        Ok(taken)
    }
}

/// What `f` makes of a tensor's values: of the values themselves where they lie in this memory,
/// else of a copy.
pub(crate) fn read<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> R) -> candle_core::Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    if let (Storage::Cpu(CpuStorage::F32(values)), Some((from, to))) = (&*storage, layout.contiguous_offsets()) {
        return Ok(f(&values[from..to]));
    }
    drop(storage);
    Ok(f(&tensor.flatten_all()?.to_vec1::<f32>()?))
}
