//! What follows a convolution: ReLU, `SiLU` or nothing.
//!
//! `SiLU` (Elfwing et al. 2018; "swish") is `x·σ(x)` with the derivative `σ(x)·(1 + x·(1 − σ(x)))`. ReLU is fused into the
//! operation before it and is no operation of its own.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::Result;
use super::conv::{slice, values};

/// Which non-linearity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    None,
    Relu,
    Silu,
}

/// The larger of a value and a bound, NaN where the value is: what is no number must not pass for 0. (`f32::max` would let it.)
#[inline]
pub fn at_least(v: f32, bound: f32) -> f32 {
    if v < bound { bound } else { v }
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
