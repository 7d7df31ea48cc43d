//! The tensors of a network under training, in the order of their names, and their running average.
//!
//! The average `a ← d·a + (1 − d)·θ` over the steps (Polyak and Juditsky 1992; Tarvainen and Valpola 2017) is what is
//! validated and kept; it covers the running statistics of batch norm too. In the first steps the decay is
//! `(1 + t) / (10 + t)`, so that the random start is forgotten.

use std::collections::BTreeMap;

use candle_core::{CpuStorage, DType, Storage, Tensor, Var};
use candle_nn::VarMap;

use super::config::Precision;

/// A named tensor.
pub struct Parameter {
    pub name: String,
    pub var: Var,
    /// False for the running statistics of batch norm, which follow the batches instead of a gradient.
    pub trained: bool,
}

/// All tensors, by name.
pub struct Parameters(Vec<Parameter>);

/// The values of all tensors, in the order of [`Parameters`].
pub type Values = Vec<Vec<f32>>;

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

    /// Takes `values` (its own where there are none) as they will be stored: what is judged afterwards is what is read again.
    pub fn keep(&self, values: Option<&Values>, precision: Precision) -> candle_core::Result<()> {
        if let Some(values) = values {
            self.assign(values)?;
        }
        for p in self.0.iter().filter(|p| precision.stores_in_half(p.var.dims())) {
            p.var.set(&p.var.to_dtype(DType::F16)?.to_dtype(p.var.dtype())?)?;
        }
        Ok(())
    }

    /// Takes tensors of the same name and shape from `source`; returns the numbers of those that fitted.
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

/// Moves the average one step towards the values; `step` counts from 0.
pub fn average(average: &mut Values, parameters: &Parameters, decay: f64, step: u64) -> candle_core::Result<()> {
    let t = step as f64;
    let decay = decay.min((1.0 + t) / (10.0 + t)) as f32;
    for (mean, p) in average.iter_mut().zip(parameters.iter()) {
        read(p.var.as_tensor(), |values| {
            for (a, v) in mean.iter_mut().zip(values) {
                *a += (1.0 - decay) * (v - *a);
            }
        })?;
    }
    Ok(())
}

/// What `f` makes of a tensor's values: of the values themselves where they lie in this memory, else of a copy.
pub fn read<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> R) -> candle_core::Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    if let (Storage::Cpu(CpuStorage::F32(values)), Some((from, to))) = (&*storage, layout.contiguous_offsets()) {
        return Ok(f(&values[from..to]));
    }
    drop(storage);
    Ok(f(&tensor.flatten_all()?.to_vec1::<f32>()?))
}
