//! Softmax over the last dimension, with the scale before it: `yᵢ = e^{s·xᵢ} / Σ e^{s·xⱼ}`.
//!
//! On the way back `dx = s · y ⊙ (dy − Σ dy ⊙ y)`. candle's fast softmax has no gradient.

#![expect(clippy::inline_always, reason = "what vector units do is compiled for them where it is called")]

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use crate::Result;
use crate::activation::exp;
use crate::cpu_values::{slice, values};
use crate::device::own_kernels_run;

/// Rows that one core takes at a time.
const SHARE: usize = 64;

/// `(…, T)` → the same shape; rows add up to 1.
pub(crate) fn softmax(x: &Tensor, scale: f64) -> Result<Tensor> {
    if own_kernels_run(x.device()) {
        return x.contiguous()?.apply_op1(SoftmaxOp { scale: scale as f32 });
    }
    candle_nn::ops::softmax(&(x * scale)?, candle_core::D::Minus1)
}

struct SoftmaxOp {
    scale: f32,
}

/// Softmax of some rows, for vector units.
struct Rows<'a> {
    scale: f32,
    wide: usize,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl NullaryFnOnce for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (out, x) in self.out.chunks_exact_mut(self.wide).zip(self.x.chunks_exact(self.wide)) {
            // What is no number stays none: it is in the sum then.
            let top = x.iter().fold(f32::NEG_INFINITY, |top, v| if *v > top { *v } else { top });
            out.iter_mut().zip(x).for_each(|(o, x)| *o = exp((x - top) * self.scale));
            let mut sums = [0f32; 16];
            for chunk in out.chunks(16) {
                sums.iter_mut().zip(chunk).for_each(|(s, v)| *s += v);
            }
            let share = 1.0 / sums.iter().sum::<f32>();
            out.iter_mut().for_each(|o| *o *= share);
        }
    }
}

impl CustomOp1 for SoftmaxOp {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice(x, layout)?;
        let wide = layout.dims().last().copied().unwrap_or(1).max(1);
        let (arch, scale) = (Arch::new(), self.scale);
        let mut out = vec![0f32; x.len()];
        out.par_chunks_mut(SHARE * wide).zip(x.par_chunks(SHARE * wide)).for_each(|(out, x)| {
            arch.dispatch(Rows { scale, wide, x, out });
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dy = dy.contiguous()?;
        let (y, dy) = (values(y)?, values(&dy)?);
        let wide = x.dims().last().copied().unwrap_or(1).max(1);
        let mut dx = vec![0f32; y.len()];
        dx.par_chunks_mut(wide).zip(y.par_chunks(wide)).zip(dy.par_chunks(wide)).for_each(|((dx, y), dy)| {
            let along: f32 = y.iter().zip(dy).map(|(y, d)| y * d).sum();
            dx.iter_mut().zip(y.iter().zip(dy)).for_each(|(dx, (y, d))| *dx = self.scale * y * (d - along));
        });
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
