//! Values that a graph computes without the image: weights that are laid out anew, lengths and
//! positions.
//!
//! Lengths may depend on the batch, whose size is free. Each value is `a + b·N` with the number `N`
//! of images, which is all that shape arithmetic makes of a batch: lengths are picked, joined,
//! added, and multiplied or divided by numbers.

use candle_core::{DType, Device, Tensor};

use crate::network::graph::build::compute;
use crate::network::graph::op::{Fold, Function, Op, Pair};
use crate::network::graph::shape::Dim;

/// A known tensor.
#[derive(Clone)]
pub(super) struct Known {
    pub fixed: Tensor,
    /// What each image adds.
    pub per_image: Option<Tensor>,
    /// Whole numbers or truths.
    pub whole: bool,
    /// It comes from tensors of the file and not from numbers of the graph alone.
    pub trained: bool,
    /// Name of the tensor in the file, where it is one.
    pub name: String,
}

/// What a node gives, or why it is not taken: the second half of a sentence.
pub(super) type NodeResult<T> = Result<T, String>;

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn say(error: candle_core::Error) -> String {
    format!("cannot be computed: {error}")
}

impl Known {
    pub(super) fn new(fixed: Tensor, whole: bool) -> Self {
        Self { fixed, per_image: None, whole, trained: false, name: String::new() }
    }

    /// The lengths of a shape.
    pub(super) fn lengths(shape: &[Dim]) -> NodeResult<Self> {
        let part = |f: fn(&Dim) -> usize| {
            let values: Vec<f32> = shape.iter().map(|dim| f(dim) as f32).collect();
            Tensor::from_vec(values, shape.len(), &Device::Cpu).map_err(say)
        };
        let fixed = part(|dim| if let Dim::Fixed(length) = dim { *length } else { 0 })?;
        let per_image = part(|dim| if let Dim::Batch(times) = dim { *times } else { 0 })?;
        let depends = shape.iter().any(|dim| matches!(dim, Dim::Batch(_)));
        Ok(Self { per_image: depends.then_some(per_image), ..Self::new(fixed, true) })
    }

    /// Forgets what each image adds where that is nothing.
    fn settled(mut self) -> NodeResult<Self> {
        let nothing = |tensor: &Tensor| -> candle_core::Result<bool> {
            Ok(tensor.flatten_all()?.to_vec1::<f32>()?.iter().all(|v| *v == 0.0))
        };
        if let Some(more) = &self.per_image
            && nothing(more).map_err(say)?
        {
            self.per_image = None;
        }
        Ok(self)
    }

    pub(super) fn shape(&self) -> &[usize] {
        self.fixed.dims()
    }

    /// Its values, if none depends on the batch.
    pub(super) fn values(&self) -> NodeResult<Vec<f32>> {
        if self.per_image.is_some() {
            return Err("depends on the size of the batch in a way that is not followed".into());
        }
        self.fixed.flatten_all().and_then(|t| t.to_vec1()).map_err(say)
    }

    /// Whole numbers, none of which depends on the batch.
    pub(super) fn integers(&self) -> NodeResult<Vec<i64>> {
        Ok(self.values()?.into_iter().map(|v| v as i64).collect())
    }

    /// Its one value.
    pub(super) fn scalar(&self) -> Option<f64> {
        let one = self.fixed.elem_count() == 1;
        self.values().ok().filter(|_| one).map(|values| f64::from(values[0]))
    }

    /// Numbers with what each image adds.
    pub(super) fn linear(&self) -> NodeResult<Vec<(i64, i64)>> {
        let list = |tensor: &Tensor| tensor.flatten_all().and_then(|t| t.to_vec1::<f32>()).map_err(say);
        let fixed = list(&self.fixed)?;
        let more = match &self.per_image {
            Some(more) => list(more)?,
            None => vec![0.0; fixed.len()],
        };
        Ok(fixed.into_iter().zip(more).map(|(a, b)| (a as i64, b as i64)).collect())
    }

    /// An operation that only moves values, on several; on sizes of the batch one that keeps sums.
    pub(super) fn moved(op: &Op, inputs: &[&Self]) -> NodeResult<Self> {
        let fixed: Vec<Tensor> = inputs.iter().map(|known| known.fixed.clone()).collect();
        let counts = inputs.iter().any(|known| known.per_image.is_some());
        if counts && !is_linear(op) {
            return Err("does more with the size of the batch than to move it".into());
        }
        let per_image = if inputs.iter().any(|known| known.per_image.is_some()) {
            let parts: Result<Vec<Tensor>, _> = inputs
                .iter()
                .map(|known| known.per_image.clone().map_or_else(|| known.fixed.zeros_like(), Ok))
                .collect();
            Some(compute(op, &parts.map_err(say)?)?)
        } else {
            None
        };
        let known = Self {
            fixed: compute(op, &fixed)?,
            per_image,
            whole: inputs.iter().all(|known| known.whole),
            trained: inputs.iter().any(|known| known.trained),
            name: String::new(),
        };
        known.settled()
    }

    /// `a ∘ b`.
    pub(super) fn pair(pair: Pair, a: &Self, b: &Self) -> NodeResult<Self> {
        let op = |pair: Pair, x: &Tensor, y: &Tensor| compute(&Op::Pair { pair }, &[x.clone(), y.clone()]);
        let whole = a.whole && b.whole;
        let mut fixed = op(pair, &a.fixed, &b.fixed)?;
        if whole && pair == Pair::Div {
            fixed = truncated(&fixed)?;
        }
        let per_image = match (pair, &a.per_image, &b.per_image) {
            (_, None, None) => None,
            (Pair::Add | Pair::Sub, x, y) => {
                let x = x.clone().map_or_else(|| a.fixed.zeros_like(), Ok).map_err(say)?;
                let y = y.clone().map_or_else(|| b.fixed.zeros_like(), Ok).map_err(say)?;
                Some(op(pair, &x, &y)?)
            }
            (Pair::Mul | Pair::Div, Some(x), None) => Some(op(pair, x, &b.fixed)?),
            (Pair::Mul, None, Some(y)) => Some(op(pair, &a.fixed, y)?),
            _ => return Err("depends on the size of the batch in a way that is not followed".into()),
        };
        Self { fixed, per_image, whole, trained: a.trained || b.trained, name: String::new() }.settled()
    }

    /// Truths as 0 and 1, compared value by value.
    pub(super) fn compared(a: &Self, b: &Self, holds: fn(f32, f32) -> bool) -> NodeResult<Self> {
        // What depends on the batch equals no fixed number: it is compared for a batch that none has.
        const ODD: f64 = 99_991.0;
        let at = |known: &Self| match &known.per_image {
            Some(more) => (&known.fixed + (more * ODD).map_err(say)?).map_err(say),
            None => Ok(known.fixed.clone()),
        };
        let apart = compute(&Op::Pair { pair: Pair::Sub }, &[at(a)?, at(b)?])?;
        let values: Vec<f32> = apart.flatten_all().and_then(|t| t.to_vec1()).map_err(say)?;
        let truths: Vec<f32> = values.into_iter().map(|v| f32::from(u8::from(holds(v, 0.0)))).collect();
        Ok(Self::new(Tensor::from_vec(truths, apart.shape(), &Device::Cpu).map_err(say)?, true))
    }

    /// `a` where this is true, else `b`.
    pub(super) fn choose(&self, a: &Self, b: &Self) -> NodeResult<Self> {
        let one = Self::new(Tensor::ones((), DType::F32, &Device::Cpu).map_err(say)?, true);
        let mut a = Self::pair(Pair::Mul, a, self)?;
        let rest = Self::pair(Pair::Sub, &one, self)?;
        let b = Self::pair(Pair::Mul, b, &rest)?;
        a.whole = b.whole;
        Self::pair(Pair::Add, &a, &b)
    }

    /// The same as whole numbers, cut towards 0.
    pub(super) fn as_whole(&self) -> NodeResult<Self> {
        Ok(Self { fixed: truncated(&self.fixed)?, whole: true, ..self.clone() })
    }
}

fn truncated(x: &Tensor) -> NodeResult<Tensor> {
    let values: Vec<f32> = x.flatten_all().and_then(|t| t.to_vec1()).map_err(say)?;
    Tensor::from_vec(values.into_iter().map(f32::trunc).collect::<Vec<_>>(), x.shape(), &Device::Cpu).map_err(say)
}
/// Whether an operation does the same with a sum as with its parts.
fn is_linear(op: &Op) -> bool {
    matches!(
        op,
        Op::Concat { .. }
            | Op::Slice { .. }
            | Op::Pick { .. }
            | Op::Transpose { .. }
            | Op::Reshape { .. }
            | Op::Expand { .. }
            | Op::Pad { .. }
            | Op::Map { function: Function::Neg }
            | Op::Reduce { fold: Fold::Sum | Fold::Mean, .. }
    )
}
