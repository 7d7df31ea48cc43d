//! Batch normalisation (Ioffe and Szegedy 2015) with the ReLU and the residual addition that follow it, for training.
//!
//! `y = relu(γ · (x − μ) / √(σ² + ε) + β + skip)`, with the mean and the biased variance of the batch over `(N, H, W)`. The running
//! statistics move by 0.1 towards them (the variance unbiased), as PyTorch does. Two passes over memory forward, two backward,
//! where candle's own operations would take more than twenty.
//!
//! For inference the four tensors are folded into the convolution before it: see [`super::weights`].

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Shape, Tensor, Var};
use rayon::prelude::*;

use super::blocked::{LANES, Maps, Pixel, pixels, pixels_mut, to_blocks};
use super::conv::{slice, values};
use super::{Mode, Result};

/// ε of PyTorch.
pub const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;
/// Pixels whose lanes are summed in single precision before the sums are taken over in double.
const CHUNK: usize = 256;

/// A batch norm whose tensors are variables, all of shape `(C)`.
pub struct BatchNorm {
    pub weight: Var,
    pub bias: Var,
    pub running_mean: Var,
    pub running_var: Var,
    /// Added to the variance, [`EPSILON`] in PyTorch.
    pub epsilon: f64,
}

impl BatchNorm {
    /// `(N, C, H, W)` or blocked → the same shape, on the CPU blocked; with `relu` and `skip` as in the module's formula.
    pub fn forward(&self, x: &Tensor, skip: Option<&Tensor>, relu: bool, mode: Mode) -> Result<Tensor> {
        let x = to_blocks(x)?.contiguous()?;
        let (mean, var) = if let Mode::Training { .. } = mode {
            let dims = x.dims();
            let count = (dims[0] * dims[2] * dims[3]) as f64;
            let (mean, var) = batch_statistics(&x.detach(), self.weight.dim(0)?)?;
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
        let inverse = (var + self.epsilon)?.sqrt()?.recip()?;
        let op = BatchNormOp { mean: in_blocks(&values(&mean)?), inverse: in_blocks(&values(&inverse)?), frozen, relu };
        let affine = Tensor::stack(&[self.weight.as_tensor(), self.bias.as_tensor()], 0)?;
        match skip {
            Some(skip) => x.apply_op3(&affine, &to_blocks(skip)?.contiguous()?, op),
            None => x.apply_op2(&affine, op),
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
        let scale = (var + self.epsilon)?.sqrt()?.recip()?.mul(&self.weight.reshape(shape)?)?;
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

/// Mean and biased variance of each of `channels`, both `(C)`.
fn batch_statistics(x: &Tensor, channels: usize) -> Result<(Tensor, Tensor)> {
    if !x.device().is_cpu() {
        let mean = x.mean_keepdim((0, 2, 3))?;
        let var = x.broadcast_sub(&mean)?.sqr()?.mean_keepdim((0, 2, 3))?;
        return Ok((mean.flatten_all()?, var.flatten_all()?));
    }
    let size = Maps::of(x.dims())?;
    let data = values(x)?;
    let planes: Vec<Moments> = pixels(&data).par_chunks_exact(size.area().max(1)).map(Moments::of).collect();
    let mut mean = Vec::with_capacity(size.blocks * LANES);
    let mut var = Vec::with_capacity(size.blocks * LANES);
    for block in 0..size.blocks {
        let all = planes[block..].iter().step_by(size.blocks).fold(Moments::default(), Moments::and);
        mean.extend(all.mean.map(|m| m as f32));
        var.extend(all.squares.map(|s| (s / all.count.max(1.0)) as f32));
    }
    mean.truncate(channels);
    var.truncate(channels);
    Ok((Tensor::new(mean, x.device())?, Tensor::new(var, x.device())?))
}

/// Count, mean and sum of squared deviations of each lane, to be put together as in Chan et al. 1983.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: [f64; LANES],
    squares: [f64; LANES],
}

impl Moments {
    /// Of a plane, which is read once: a chunk stays in the first-level cache for its second sum.
    fn of(plane: &[Pixel]) -> Self {
        plane.chunks(CHUNK).fold(Self::default(), |all, chunk| {
            let count = chunk.len() as f32;
            let mut mean = [0.0f32; LANES];
            for pixel in chunk {
                mean.iter_mut().zip(pixel).for_each(|(m, v)| *m += v);
            }
            mean.iter_mut().for_each(|m| *m /= count);
            let mut squares = [0.0f32; LANES];
            for pixel in chunk {
                squares.iter_mut().zip(pixel).zip(&mean).for_each(|((s, v), m)| *s += (v - m) * (v - m));
            }
            all.and(&Self { count: f64::from(count), mean: mean.map(f64::from), squares: squares.map(f64::from) })
        })
    }

    fn and(self, other: &Self) -> Self {
        let count = self.count + other.count;
        let share = other.count / count.max(1.0);
        let mut all = Self { count, ..self };
        for i in 0..LANES {
            let apart = other.mean[i] - self.mean[i];
            all.mean[i] += apart * share;
            all.squares[i] += other.squares[i] + apart * apart * self.count * share;
        }
        all
    }
}

/// The values of `(C)` in blocks; lanes without a channel are 0.
fn in_blocks(values: &[f32]) -> Vec<Pixel> {
    let mut blocks = vec![[0.0; LANES]; values.len().div_ceil(LANES)];
    blocks.as_flattened_mut()[..values.len()].copy_from_slice(values);
    blocks
}

/// Normalisation with given statistics; `(γ, β)` is the second argument, of shape `(2, C)`.
struct BatchNormOp {
    mean: Vec<Pixel>,
    /// `1 / √(σ² + ε)`.
    inverse: Vec<Pixel>,
    /// The statistics are not those of the input.
    frozen: bool,
    relu: bool,
}

/// `y = x · scale + shift` for the lanes of a block.
#[derive(Clone, Copy)]
struct Affine {
    scale: Pixel,
    shift: Pixel,
}

impl BatchNormOp {
    fn affine(&self, parameters: &[f32]) -> Vec<Affine> {
        let (weight, bias) = parameters.split_at(parameters.len() / 2);
        let (weight, bias) = (in_blocks(weight), in_blocks(bias));
        let lanes = |b: usize| {
            let scale: Pixel = std::array::from_fn(|i| weight[b][i] * self.inverse[b][i]);
            Affine { scale, shift: std::array::from_fn(|i| bias[b][i] - self.mean[b][i] * scale[i]) }
        };
        (0..weight.len()).map(lanes).collect()
    }

    fn floor(&self) -> f32 {
        if self.relu { 0.0 } else { f32::NEG_INFINITY }
    }

    fn forward(
        &self,
        x: &[f32],
        layout: &Layout,
        parameters: &[f32],
        skip: Option<&[f32]>,
    ) -> Result<(CpuStorage, Shape)> {
        let size = Maps::of(layout.dims())?;
        let affine = self.affine(parameters);
        let (area, floor) = (size.area().max(1), self.floor());
        let mut out = vec![0.0; x.len()];
        pixels_mut(&mut out).par_chunks_exact_mut(area).zip(pixels(x).par_chunks_exact(area)).enumerate().for_each(
            |(i, (out, x))| {
                let Affine { scale, shift } = affine[i % size.blocks];
                if let Some(skip) = skip {
                    let skip = &pixels(skip)[i * area..][..area];
                    for ((o, x), s) in out.iter_mut().zip(x).zip(skip) {
                        *o = std::array::from_fn(|k| (x[k] * scale[k] + shift[k] + s[k]).max(floor));
                    }
                } else {
                    for (o, x) in out.iter_mut().zip(x) {
                        *o = std::array::from_fn(|k| (x[k] * scale[k] + shift[k]).max(floor));
                    }
                }
            },
        );
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    /// Gradients for the input and for `(γ, β)`; `dy` is what the ReLU let through, unless `gate` is to decide: then the ReLU
    /// was open where `x · scale + shift` is above 0.
    fn backward(&self, x: &Tensor, parameters: &Tensor, dy: &[f32], gate: bool) -> Result<(Tensor, Tensor)> {
        let size = Maps::of(x.dims())?;
        let affine = self.affine(&values(parameters)?);
        let x_values = values(x)?;
        let (dy, x_pixels) = (pixels(dy), pixels(&x_values));
        let area = size.area().max(1);
        let floor = if gate { 0.0 } else { f32::NEG_INFINITY };
        let planes: Vec<[[f64; LANES]; 2]> = dy
            .par_chunks_exact(area)
            .zip(x_pixels.par_chunks_exact(area))
            .enumerate()
            .map(|(i, (dy, x))| self.sums(dy, x, i % size.blocks, affine[i % size.blocks], floor))
            .collect();
        let mut sums = vec![[[0.0f64; LANES]; 2]; size.blocks];
        for (i, plane) in planes.iter().enumerate() {
            let sum = &mut sums[i % size.blocks];
            sum.as_flattened_mut().iter_mut().zip(plane.as_flattened()).for_each(|(s, p)| *s += p);
        }
        // dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)); the means drop out for fixed statistics.
        let count = (size.n * size.area()) as f64;
        let mut dx = vec![0.0; x_values.len()];
        pixels_mut(&mut dx)
            .par_chunks_exact_mut(area)
            .zip(dy.par_chunks_exact(area))
            .zip(x_pixels.par_chunks_exact(area))
            .enumerate()
            .for_each(|(i, ((dx, dy), x))| {
                let b = i % size.blocks;
                let Affine { scale, shift } = affine[b];
                let part = |k: usize| sums[b][k].map(|s| if self.frozen { 0.0 } else { (s / count) as f32 });
                let (a, w) = (part(0), part(1));
                // x̂ · w = x · slope + offset.
                let slope: Pixel = std::array::from_fn(|k| self.inverse[b][k] * w[k]);
                let rest: Pixel = std::array::from_fn(|k| a[k] - self.mean[b][k] * slope[k]);
                for ((o, d), x) in dx.iter_mut().zip(dy).zip(x) {
                    *o = std::array::from_fn(|k| {
                        let d = if x[k] * scale[k] + shift[k] > floor { d[k] } else { 0.0 };
                        scale[k] * (d - rest[k] - x[k] * slope[k])
                    });
                }
            });
        let channels = parameters.dim(1)?;
        let row = |k: usize| sums.iter().flat_map(move |s| s[k]).take(channels).map(|v| v as f32);
        let parameters_gradient: Vec<f32> = row(1).chain(row(0)).collect();
        let device = x.device();
        Ok((Tensor::from_vec(dx, x.shape(), device)?, Tensor::from_vec(parameters_gradient, (2, channels), device)?))
    }

    /// Sums of `dy` and of `dy · x̂` over a plane, with `x̂ = (x − mean) · inverse`.
    fn sums(&self, dy: &[Pixel], x: &[Pixel], block: usize, affine: Affine, floor: f32) -> [[f64; LANES]; 2] {
        let (mean, inverse) = (self.mean[block], self.inverse[block]);
        let Affine { scale, shift } = affine;
        let mut totals = [[0.0f64; LANES]; 2];
        for (dy, x) in dy.chunks(CHUNK).zip(x.chunks(CHUNK)) {
            let (mut a, mut b) = ([0.0f32; LANES], [0.0f32; LANES]);
            for (d, x) in dy.iter().zip(x) {
                for k in 0..LANES {
                    let d = if x[k] * scale[k] + shift[k] > floor { d[k] } else { 0.0 };
                    a[k] += d;
                    b[k] += d * (x[k] - mean[k]);
                }
            }
            for k in 0..LANES {
                totals[0][k] += f64::from(a[k]);
                totals[1][k] += f64::from(b[k] * inverse[k]);
            }
        }
        totals
    }
}

impl CustomOp2 for BatchNormOp {
    fn name(&self) -> &'static str {
        "batch norm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, p: &CpuStorage, lp: &Layout) -> Result<(CpuStorage, Shape)> {
        self.forward(slice(x, lx)?, lx, slice(p, lp)?, None)
    }

    fn bwd(&self, x: &Tensor, p: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let dy = dy.contiguous()?;
        let (dx, dp) = self.backward(x, p, &values(&dy)?, self.relu)?;
        Ok((Some(dx), Some(dp)))
    }
}

impl CustomOp3 for BatchNormOp {
    fn name(&self) -> &'static str {
        "batch norm and residual addition"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        p: &CpuStorage,
        lp: &Layout,
        skip: &CpuStorage,
        ls: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward(slice(x, lx)?, lx, slice(p, lp)?, Some(slice(skip, ls)?))
    }

    fn bwd(
        &self,
        x: &Tensor,
        p: &Tensor,
        _: &Tensor,
        result: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let dy = dy.contiguous()?;
        // The ReLU stands behind the sum, so its result tells where it was open.
        let dskip = if self.relu { let_through(&dy, result)? } else { dy };
        let (dx, dp) = self.backward(x, p, &values(&dskip)?, false)?;
        Ok((Some(dx), Some(dp), Some(dskip)))
    }
}

/// `dy` where `y` is above 0, else 0.
fn let_through(dy: &Tensor, y: &Tensor) -> Result<Tensor> {
    let (d, y) = (values(dy)?, values(y)?);
    let mut open = vec![0.0; d.len()];
    open.par_chunks_mut(1 << 14).zip(d.par_chunks(1 << 14)).zip(y.par_chunks(1 << 14)).for_each(|((o, d), y)| {
        o.iter_mut().zip(d).zip(y).for_each(|((o, d), y)| *o = if *y > 0.0 { *d } else { 0.0 });
    });
    Tensor::from_vec(open, dy.shape(), dy.device())
}
