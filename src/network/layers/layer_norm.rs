//! Layer norm (Ba et al. 2016): every token is brought to mean 0 and variance 1 over its channels,
//! which are then scaled and shifted.
//!
//! ```text
//! y = γ (x − μ)/√(σ² + ε) + β
//! dx = (g − mean(g) − x̂ · mean(g x̂)) / √(σ² + ε),   g = γ dy,  x̂ = (x − μ)/√(σ² + ε)
//! ```
//!
//! candle's own has no gradient, or is composed of a dozen operations. Sums are taken in an order
//! that the shapes alone decide, so results do not depend on the number of threads.

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::cpu_values::{is_tracked, slice, values};
use crate::device::own_kernels_run;
use crate::graph::draw::Drawing;
use crate::{Layer, Mode, Result};

/// Tokens that one core takes at a time.
const SHARE: usize = 32;
/// Running sums of a row: as many as fill a vector, so that the compiler can use it.
const LANES: usize = 16;

/// Over the last dimension.
pub struct LayerNorm {
    /// γ, `(D)`.
    pub weight: Tensor,
    /// β, `(D)`.
    pub bias: Tensor,
    /// ε.
    pub epsilon: f64,
}

impl LayerNorm {
    /// `(…, D)` → the same shape.
    pub fn normed(&self, x: &Tensor) -> Result<Tensor> {
        if x.dims().last() != Some(&self.weight.elem_count()) {
            bail!("a layer norm of {} channels was given the shape {:?}", self.weight.elem_count(), x.dims());
        }
        if own_kernels_run(x.device()) {
            let op = LayerNormOp { epsilon: self.epsilon };
            return x.contiguous()?.apply_op3(&self.weight, &self.bias, op);
        }
        let last = x.rank() - 1;
        let centred = x.broadcast_sub(&x.mean_keepdim(last)?)?;
        let deviation = (centred.sqr()?.mean_keepdim(last)? + self.epsilon)?.sqrt()?;
        centred.broadcast_div(&deviation)?.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)
    }
}

impl Layer for LayerNorm {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        self.normed(x)
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        to.layer_norm(&self.weight, &self.bias, self.epsilon, x)
    }
}

/// `Σ f(i)` over `0..length`, in lanes.
#[inline]
fn lanes(length: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut sums = [0f32; LANES];
    let whole = length / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for (k, sum) in sums.iter_mut().enumerate() {
            *sum += f(start + k);
        }
    }
    (whole..length).map(f).sum::<f32>() + sums.iter().sum::<f32>()
}

/// Mean and `1/√(σ² + ε)` of a row.
fn moments(x: &[f32], epsilon: f64) -> (f32, f32) {
    let n = x.len() as f32;
    let mean = lanes(x.len(), |i| x[i]) / n;
    let variance = lanes(x.len(), |i| (x[i] - mean) * (x[i] - mean)) / n;
    (mean, 1.0 / (variance + epsilon as f32).sqrt())
}

/// Gradients of γ and β of some tokens.
type Slopes = (Vec<f32>, Vec<f32>);

struct LayerNormOp {
    epsilon: f64,
}

impl CustomOp3 for LayerNormOp {
    fn name(&self) -> &'static str {
        "layer norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        weight: &CpuStorage,
        lw: &Layout,
        bias: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, weight, bias) = (slice(x, lx)?, slice(weight, lw)?, slice(bias, lb)?);
        let wide = weight.len().max(1);
        let mut out = vec![0f32; x.len()];
        out.par_chunks_mut(SHARE * wide).zip(x.par_chunks(SHARE * wide)).for_each(|(out, x)| {
            for (out, x) in out.chunks_exact_mut(wide).zip(x.chunks_exact(wide)) {
                let (mean, scale) = moments(x, self.epsilon);
                for (((o, x), w), b) in out.iter_mut().zip(x).zip(weight).zip(bias) {
                    *o = (x - mean) * scale * w + b;
                }
            }
        });
        Ok((CpuStorage::F32(out), lx.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let dy = dy.contiguous()?;
        let (input, slope, factors) = (values(x)?, values(&dy)?, values(weight)?);
        let wide = factors.len().max(1);
        let rows = SHARE * wide;
        let trained = is_tracked(weight) || is_tracked(bias);
        let mut dx = vec![0f32; input.len()];
        let sums: Vec<Slopes> = dx
            .par_chunks_mut(rows)
            .zip(input.par_chunks(rows))
            .zip(slope.par_chunks(rows))
            .map(|((dx, x), dy)| {
                let (mut dw, mut db) = (vec![0f32; wide], vec![0f32; wide]);
                let rows = dx.chunks_exact_mut(wide).zip(x.chunks_exact(wide)).zip(dy.chunks_exact(wide));
                for ((dx, x), dy) in rows {
                    let (mean, scale) = moments(x, self.epsilon);
                    let normed = |i: usize| (x[i] - mean) * scale;
                    let flat = lanes(wide, |i| dy[i] * factors[i]) / wide as f32;
                    let along = lanes(wide, |i| dy[i] * factors[i] * normed(i)) / wide as f32;
                    for (i, dx) in dx.iter_mut().enumerate() {
                        *dx = (dy[i] * factors[i] - flat - normed(i) * along) * scale;
                    }
                    if trained {
                        for i in 0..wide {
                            dw[i] += dy[i] * normed(i);
                            db[i] += dy[i];
                        }
                    }
                }
                (dw, db)
            })
            .collect();
        let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
        if !trained {
            return Ok((Some(dx), None, None));
        }
        let sum = |part: fn(&Slopes) -> &Vec<f32>| {
            let mut total = vec![0f32; wide];
            sums.iter().for_each(|sums| total.iter_mut().zip(part(sums)).for_each(|(t, s)| *t += s));
            Tensor::from_vec(total, wide, x.device())
        };
        Ok((Some(dx), Some(sum(|sums| &sums.0)?), Some(sum(|sums| &sums.1)?)))
    }
}
