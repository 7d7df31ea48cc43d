//! Batch normalisation (Ioffe and Szegedy 2015) with the ReLU and the residual addition that follow it, for training.
//!
//! `y = relu(γ · (x − μ) / √(σ² + ε) + β + skip)`, with the mean and the biased variance of the batch over `(N, H, W)`. The running
//! statistics move by 0.1 towards them (the variance unbiased), as PyTorch does. One pass forward, two backward,
//! where candle's own operations would take more than twenty over the same memory.
//!
//! For inference the four tensors are folded into the convolution before it: see [`super::weights`].

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Shape, Tensor, Var};
use rayon::prelude::*;

use super::conv::{slice, values};
use super::{Mode, Result};

/// ε of PyTorch.
pub const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

/// A batch norm whose tensors are variables, all of shape `(C)`.
pub struct BatchNorm {
    pub weight: Var,
    pub bias: Var,
    pub running_mean: Var,
    pub running_var: Var,
}

impl BatchNorm {
    /// `(N, C, H, W)` → the same shape; with `relu` and `skip` as in the module's formula.
    pub fn forward(&self, x: &Tensor, skip: Option<&Tensor>, relu: bool, mode: Mode) -> Result<Tensor> {
        let x = x.contiguous()?;
        let (mean, var) = if let Mode::Training { .. } = mode {
            let (n, _, h, w) = x.dims4()?;
            let count = (n * h * w) as f64;
            let (mean, var) = batch_statistics(&x.detach())?;
            follow(&self.running_mean, &mean, 1.0)?;
            follow(&self.running_var, &var, count / (count - 1.0).max(1.0))?;
            (mean, var)
        } else {
            (self.running_mean.as_tensor().detach(), self.running_var.as_tensor().detach())
        };
        let frozen = !matches!(mode, Mode::Training { .. });
        if !x.device().is_cpu() {
            return self.composed(&x, skip, relu, frozen.then_some((mean, var)));
        }
        let inverse = (var + EPSILON)?.sqrt()?.recip()?;
        let op = BatchNormOp {
            mean: values(&mean)?.to_vec(),
            inverse: values(&inverse)?.to_vec(),
            frozen,
            relu: relu && skip.is_none(),
        };
        let y = x.apply_op3(self.weight.as_tensor(), self.bias.as_tensor(), op)?;
        match skip {
            Some(skip) => y.apply_op2(&skip.contiguous()?, AddOp { relu }),
            None => Ok(y),
        }
    }

    /// The same out of candle's own operations, for devices without our kernels.
    fn composed(
        &self,
        x: &Tensor,
        skip: Option<&Tensor>,
        relu: bool,
        fixed: Option<(Tensor, Tensor)>,
    ) -> Result<Tensor> {
        let shape = (1, (), 1, 1);
        let (mean, var) = if let Some((mean, var)) = fixed {
            (mean.reshape(shape)?, var.reshape(shape)?)
        } else {
            let mean = x.mean_keepdim((0, 2, 3))?;
            let var = x.broadcast_sub(&mean)?.sqr()?.mean_keepdim((0, 2, 3))?;
            (mean, var)
        };
        let scale = (var + EPSILON)?.sqrt()?.recip()?.mul(&self.weight.reshape(shape)?)?;
        let mut y = x.broadcast_sub(&mean)?.broadcast_mul(&scale)?.broadcast_add(&self.bias.reshape(shape)?)?;
        if let Some(skip) = skip {
            y = (y + skip)?;
        }
        if relu { y.relu() } else { Ok(y) }
    }
}

/// Moves a running statistic towards that of the batch.
fn follow(running: &Var, batch: &Tensor, factor: f64) -> Result<()> {
    running.set(&((running.as_tensor() * (1.0 - MOMENTUM))? + (batch * (factor * MOMENTUM))?)?.detach())
}

/// Mean and biased variance of each channel, both `(C)`.
fn batch_statistics(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let (_, c, h, w) = x.dims4()?;
    if !x.device().is_cpu() {
        let mean = x.mean_keepdim((0, 2, 3))?;
        let var = x.broadcast_sub(&mean)?.sqr()?.mean_keepdim((0, 2, 3))?;
        return Ok((mean.flatten_all()?, var.flatten_all()?));
    }
    let data = values(x)?;
    let data: &[f32] = &data;
    let area = h * w;
    let moments: Vec<(f32, f32)> = (0..c)
        .into_par_iter()
        .map(|channel| {
            let planes = || data.chunks_exact(area).skip(channel).step_by(c);
            let count = (data.len() / c) as f64;
            let mean = planes().map(|p| sum(p, |v| v)).sum::<f64>() / count;
            let center = mean as f32;
            let var = planes().map(|p| sum(p, |v| (v - center) * (v - center))).sum::<f64>() / count;
            (center, var as f32)
        })
        .collect();
    let (mean, var): (Vec<f32>, Vec<f32>) = moments.into_iter().unzip();
    Ok((Tensor::new(mean, x.device())?, Tensor::new(var, x.device())?))
}

/// Sum of `f` over a plane: sixteen lanes, gathered in double precision.
fn sum(plane: &[f32], f: impl Fn(f32) -> f32) -> f64 {
    let mut total = 0.0;
    for block in plane.chunks(1024) {
        let mut lanes = [0.0f32; 16];
        let chunks = block.chunks_exact(16);
        let rest: f32 = chunks.remainder().iter().map(|v| f(*v)).sum();
        for chunk in chunks {
            for (lane, v) in lanes.iter_mut().zip(chunk) {
                *lane += f(*v);
            }
        }
        total += f64::from(lanes.iter().sum::<f32>() + rest);
    }
    total
}

/// Sums of `dy` and of `dy · x̂` over a plane where the ReLU was open, with `x̂ = (x − mean) · inverse`.
fn gradient_sums(dy: &[f32], x: &[f32], y: &[f32], floor: f32, mean: f32, inverse: f32) -> (f64, f64) {
    let (mut total, mut weighted) = (0.0, 0.0);
    for ((dy, x), y) in dy.chunks(1024).zip(x.chunks(1024)).zip(y.chunks(1024)) {
        let (mut a, mut b) = ([0.0f32; 16], [0.0f32; 16]);
        let (dys, xs, ys) = (dy.chunks_exact(16), x.chunks_exact(16), y.chunks_exact(16));
        for ((d, v), y) in dys.remainder().iter().zip(xs.remainder()).zip(ys.remainder()) {
            let d = if *y > floor { *d } else { 0.0 };
            total += f64::from(d);
            weighted += f64::from(d * (v - mean) * inverse);
        }
        for ((dy, x), y) in dys.zip(xs).zip(ys) {
            for i in 0..16 {
                let d = if y[i] > floor { dy[i] } else { 0.0 };
                a[i] += d;
                b[i] += d * (x[i] - mean) * inverse;
            }
        }
        total += f64::from(a.iter().sum::<f32>());
        weighted += f64::from(b.iter().sum::<f32>());
    }
    (total, weighted)
}

struct BatchNormOp {
    mean: Vec<f32>,
    inverse: Vec<f32>,
    /// Running statistics are constants; those of the batch depend on the input.
    frozen: bool,
    relu: bool,
}

impl CustomOp3 for BatchNormOp {
    fn name(&self) -> &'static str {
        "batch norm"
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
        let (_, c, h, w) = lx.shape().dims4()?;
        let (x, weight, bias) = (slice(x, lx)?, slice(weight, lw)?, slice(bias, lb)?);
        let mut out = vec![0.0; x.len()];
        let floor = if self.relu { 0.0 } else { f32::NEG_INFINITY };
        out.par_chunks_exact_mut(h * w).zip(x.par_chunks_exact(h * w)).enumerate().for_each(|(i, (out, x))| {
            let scale = weight[i % c] * self.inverse[i % c];
            let shift = bias[i % c] - self.mean[i % c] * scale;
            out.iter_mut().zip(x).for_each(|(o, x)| *o = (x * scale + shift).max(floor));
        });
        Ok((CpuStorage::F32(out), lx.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        result: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (n, c, h, w) = x.dims4()?;
        let (area, count) = (h * w, (n * h * w) as f32);
        let dy = dy.contiguous()?;
        let (dy, x_values, y, weight) = (values(&dy)?, values(x)?, values(result)?, values(weight)?);
        let (dy, x_values, y, weight): (&[f32], &[f32], &[f32], &[f32]) = (&dy, &x_values, &y, &weight);
        // Above it the ReLU was open; without a ReLU everything is.
        let floor = if self.relu { 0.0 } else { f32::NEG_INFINITY };
        let sums: Vec<(f32, f32)> = (0..c)
            .into_par_iter()
            .map(|k| {
                let planes = (0..n).map(|image| (image * c + k) * area..(image * c + k + 1) * area);
                let (a, b) = planes.fold((0.0, 0.0), |(a, b), at| {
                    let plane = (&dy[at.clone()], &x_values[at.clone()], &y[at]);
                    let (da, db) = gradient_sums(plane.0, plane.1, plane.2, floor, self.mean[k], self.inverse[k]);
                    (a + da, b + db)
                });
                (a as f32, b as f32)
            })
            .collect();
        // dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)); the means drop out for fixed statistics.
        let mut dx = vec![0.0; dy.len()];
        dx.par_chunks_exact_mut(area).enumerate().for_each(|(i, dx)| {
            let (k, at) = (i % c, i * area..(i + 1) * area);
            let scale = weight[k] * self.inverse[k];
            let (a, b) = if self.frozen { (0.0, 0.0) } else { (sums[k].0 / count, sums[k].1 / count) };
            let (mean, inverse) = (self.mean[k], self.inverse[k]);
            let planes = dy[at.clone()].iter().zip(&x_values[at.clone()]).zip(&y[at]);
            for (out, ((d, x), y)) in dx.iter_mut().zip(planes) {
                let d = if *y > floor { *d } else { 0.0 };
                *out = scale * (d - a - (x - mean) * inverse * b);
            }
        });
        let (dbias, dweight): (Vec<f32>, Vec<f32>) = sums.into_iter().unzip();
        let device = x.device();
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), device)?),
            Some(Tensor::new(dweight, device)?),
            Some(Tensor::new(dbias, device)?),
        ))
    }
}

/// `a + b`, with a ReLU where asked.
struct AddOp {
    relu: bool,
}

impl CustomOp2 for AddOp {
    fn name(&self) -> &'static str {
        "residual addition"
    }

    fn cpu_fwd(&self, a: &CpuStorage, la: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        let (a, b) = (slice(a, la)?, slice(b, lb)?);
        let floor = if self.relu { 0.0 } else { f32::NEG_INFINITY };
        let mut out = vec![0.0; a.len()];
        out.par_chunks_mut(1 << 14).zip(a.par_chunks(1 << 14)).zip(b.par_chunks(1 << 14)).for_each(|((o, a), b)| {
            o.iter_mut().zip(a).zip(b).for_each(|((o, a), b)| *o = (a + b).max(floor));
        });
        Ok((CpuStorage::F32(out), la.shape().clone()))
    }

    fn bwd(&self, a: &Tensor, _: &Tensor, result: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        if !self.relu {
            return Ok((Some(dy.clone()), Some(dy.clone())));
        }
        let dy = dy.contiguous()?;
        let (dy, y) = (values(&dy)?, values(result)?);
        let mut open = vec![0.0; dy.len()];
        open.par_chunks_mut(1 << 14).zip(dy.par_chunks(1 << 14)).zip(y.par_chunks(1 << 14)).for_each(|((o, d), y)| {
            o.iter_mut().zip(d).zip(y).for_each(|((o, d), y)| *o = if *y > 0.0 { *d } else { 0.0 });
        });
        let dy = Tensor::from_vec(open, a.shape(), a.device())?;
        Ok((Some(dy.clone()), Some(dy)))
    }
}
