//! What follows a convolution: ReLU, `SiLU` or nothing.
//!
//! `SiLU` (Elfwing et al. 2018; "swish") is `x·σ(x)` with the derivative `σ(x)·(1 + x·(1 − σ(x)))`. ReLU is fused into the
//! operation before it and is no operation of its own, but where an explanation wants gradients by another [`Rule`].

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::network::Result;
use crate::network::cpu_values::{slice, values};

/// Which non-linearity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    None,
    Relu,
    Silu,
}

/// How a gradient passes a non-linear layer when it is to explain and not to train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Guided backpropagation (Springenberg et al. 2015): through a ReLU that was open, and only what is positive. Concerns
    /// ReLUs alone.
    Guided,
    /// The rescale rule of `DeepLIFT` (Shrikumar et al. 2017): the second half of the batch are references, row by row of the
    /// first half, and the derivative is replaced by `Δy/Δx`. Where the inputs are the same it stays the derivative.
    Rescale,
}

/// Inputs that differ by less are the same, as in the `shap` package.
const SAME: f32 = 1e-6;

/// ReLU or `SiLU`, value by value, whose gradient passes by `rule`.
pub fn by_rule(x: &Tensor, activation: Activation, rule: Rule) -> Result<Tensor> {
    let x = x.contiguous()?;
    match activation {
        Activation::None => Ok(x),
        Activation::Silu if rule == Rule::Guided => silu(&x),
        Activation::Relu | Activation::Silu => x.apply_op1(RuledOp { activation, rule }),
    }
}

struct RuledOp {
    activation: Activation,
    rule: Rule,
}

impl RuledOp {
    fn value(&self, x: f32) -> f32 {
        if self.activation == Activation::Silu { x * sigmoid(x) } else { at_least(x, 0.0) }
    }

    fn derivative(&self, x: f32) -> f32 {
        if self.activation == Activation::Silu {
            let s = sigmoid(x);
            s * (1.0 + x * (1.0 - s))
        } else {
            f32::from(u8::from(x > 0.0))
        }
    }
}

impl CustomOp1 for RuledOp {
    fn name(&self) -> &'static str {
        "activation with a ruled gradient"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice(x, layout)?;
        let mut out = vec![0.0; x.len()];
        out.par_chunks_mut(SHARE).zip(x.par_chunks(SHARE)).for_each(|(out, x)| {
            out.iter_mut().zip(x).for_each(|(o, x)| *o = self.value(*x));
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dy = dy.contiguous()?;
        let (input, dy) = (values(x)?, values(&dy)?);
        let mut dx = vec![0.0; dy.len()];
        match self.rule {
            Rule::Guided => {
                dx.iter_mut().zip(input.iter().zip(&*dy)).for_each(|(dx, (x, dy))| {
                    *dx = if *x > 0.0 && *dy > 0.0 { *dy } else { 0.0 };
                });
            }
            Rule::Rescale => {
                let half = halves(x)?;
                let (low, high) = dx.split_at_mut(half);
                let references = &input[half..];
                for i in 0..half {
                    let (a, b) = (input[i], references[i]);
                    let apart = a - b;
                    if apart.abs() < SAME {
                        low[i] = dy[i] * self.derivative(a);
                        high[i] = dy[half + i] * self.derivative(b);
                    } else {
                        let slope = (self.value(a) - self.value(b)) / apart;
                        low[i] = dy[i] * slope;
                        high[i] = dy[half + i] * slope;
                    }
                }
            }
        }
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

/// Values of half a batch, whose other half are the references.
pub(super) fn halves(x: &Tensor) -> Result<usize> {
    if !x.dim(0)?.is_multiple_of(2) {
        bail!("the rescale rule needs as many references as inputs");
    }
    Ok(x.elem_count() / 2)
}

/// The larger of a value and a bound, NaN where the value is: what is no number must not pass for 0. (`f32::max` would let it.)
#[inline]
pub fn at_least(v: f32, bound: f32) -> f32 {
    if v < bound { bound } else { v }
}

/// `dy` where `y` is above 0, else 0.
pub(super) fn let_through(dy: &Tensor, y: &Tensor) -> Result<Tensor> {
    let (d, y) = (values(dy)?, values(y)?);
    let mut open = vec![0.0; d.len()];
    open.par_chunks_mut(1 << 14).zip(d.par_chunks(1 << 14)).zip(y.par_chunks(1 << 14)).for_each(|((o, d), y)| {
        o.iter_mut().zip(d).zip(y).for_each(|((o, d), y)| *o = if *y > 0.0 { *d } else { 0.0 });
    });
    Tensor::from_vec(open, dy.shape(), dy.device())
}

/// `x·σ(x)`, value by value.
pub fn silu(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() { x.contiguous()?.apply_op1(SiluOp) } else { x.silu() }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

const SHARE: usize = 1 << 14;

struct SiluOp;

impl CustomOp1 for SiluOp {
    fn name(&self) -> &'static str {
        "silu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice(x, layout)?;
        let mut out = vec![0.0; x.len()];
        out.par_chunks_mut(SHARE).zip(x.par_chunks(SHARE)).for_each(|(out, x)| {
            out.iter_mut().zip(x).for_each(|(o, x)| *o = x * sigmoid(*x));
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dy = dy.contiguous()?;
        let (input, dy) = (values(x)?, values(&dy)?);
        let mut dx = vec![0.0; dy.len()];
        dx.par_chunks_mut(SHARE).zip(input.par_chunks(SHARE)).zip(dy.par_chunks(SHARE)).for_each(|((dx, x), dy)| {
            dx.iter_mut().zip(x).zip(dy).for_each(|((dx, x), dy)| {
                let s = sigmoid(*x);
                *dx = dy * s * (1.0 + x * (1.0 - s));
            });
        });
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
