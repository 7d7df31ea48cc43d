//! Batch normalisation (Ioffe and Szegedy 2015) with the activation `f` and the residual addition that
//! follow it, for training.
//!
//! `y = f(γ · (x − μ) / √(σ² + ε) + β + skip)`, with the mean and the biased variance of the
//! batch over `(N, H, W)`. The running statistics move by 0.1 towards them (the variance unbiased),
//! as PyTorch does. Two passes over memory forward, two backward, where candle's own operations
//! would take more than twenty.
//!
//! For inference the four tensors are folded into the convolution before it: see
//! [`crate::weights`].

#![expect(clippy::inline_always, reason = "what vector units do is compiled for them where it is called")]

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Shape, Tensor, Var};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use crate::cpu_values::{slice, values};
use crate::device::own_kernels_run;
use crate::layers::activation::{Activation, activated, let_through};
use crate::nchw16c::affine::Affine;
use crate::nchw16c::{LANES, Maps, Pixel, pixels, pixels_mut, to_blocks};
use crate::{Mode, Result};

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
    /// What it multiplies by and adds with running statistics: `γ/√(σ² + ε)` and `β − μ·γ/√(σ² + ε)`.
    pub(super) fn factors(&self) -> Result<[Tensor; 2]> {
        let factor = (self.weight.as_tensor() / (self.running_var.as_tensor() + self.epsilon)?.sqrt()?)?;
        let shift = (self.bias.as_tensor() - (self.running_mean.as_tensor() * &factor)?)?;
        Ok([factor.detach(), shift.detach()])
    }

    /// `(N, C, H, W)` or blocked → the same shape, on the CPU blocked; with `activation` and `skip` as in
    /// the module's formula.
    pub fn forward(&self, x: &Tensor, skip: Option<&Tensor>, activation: Activation, mode: Mode) -> Result<Tensor> {
        let x = to_blocks(x)?.contiguous()?;
        if !own_kernels_run(x.device()) {
            return self.composed(&x, skip, activation, mode);
        }
        let op = self.normalization(&values(&x)?, Maps::of(x.dims())?, activation, mode)?;
        let affine = self.affine()?;
        match skip {
            Some(skip) => x.apply_op3(&affine, &to_blocks(skip)?.contiguous()?, op),
            None => x.apply_op2(&affine, op),
        }
    }

    /// The same with running statistics, for a norm that is only used: no gradients of its own
    /// parameters are made.
    pub fn fixed(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        let x = to_blocks(x)?.contiguous()?;
        if !own_kernels_run(x.device()) {
            return self.composed(&x, None, activation, Mode::Inference);
        }
        let op = self.normalization(&values(&x)?, Maps::of(x.dims())?, activation, Mode::Inference)?;
        x.apply_op2(&self.affine()?.detach(), op)
    }

    /// What it does with running statistics, block by block.
    pub(super) fn in_use(&self) -> Result<Vec<Affine>> {
        let none = Maps { n: 0, blocks: 0, h: 0, w: 0 };
        Ok(self.normalization(&[], none, Activation::Relu, Mode::Inference)?.affine)
    }

    /// `(γ, β)`, `(2, C)`.
    fn affine(&self) -> Result<Tensor> {
        Tensor::stack(&[self.weight.as_tensor(), self.bias.as_tensor()], 0)
    }

    /// What happens to the maps `x` in this mode; in training their statistics are taken and the
    /// running ones follow.
    pub(super) fn normalization(
        &self,
        x: &[f32],
        size: Maps,
        activation: Activation,
        mode: Mode,
    ) -> Result<Normalization> {
        let frozen = !matches!(mode, Mode::Training { .. });
        let (mean, var) = if frozen {
            (self.running_mean.to_vec1::<f32>()?, self.running_var.to_vec1::<f32>()?)
        } else {
            let count = (size.n * size.area()) as f64;
            let (mean, var) = batch_statistics(x, size, self.weight.dim(0)?);
            let tensor = |values: &[f32]| Tensor::new(values, self.weight.device());
            follow(&self.running_mean, &tensor(&mean)?, 1.0)?;
            follow(&self.running_var, &tensor(&var)?, count / (count - 1.0).max(1.0))?;
            (mean, var)
        };
        let inverse: Vec<f32> = var.iter().map(|v| (1.0 / (f64::from(*v) + self.epsilon).sqrt()) as f32).collect();
        let (mean, inverse) = (in_blocks(&mean), in_blocks(&inverse));
        let (weight, bias) = (in_blocks(&self.weight.to_vec1()?), in_blocks(&self.bias.to_vec1()?));
        let lanes = |b: usize| {
            let scale: Pixel = std::array::from_fn(|i| weight[b][i] * inverse[b][i]);
            Affine { scale, shift: std::array::from_fn(|i| bias[b][i] - mean[b][i] * scale[i]) }
        };
        let affine = (0..weight.len()).map(lanes).collect();
        Ok(Normalization { mean, inverse, affine, frozen, activation })
    }

    /// The same out of candle's own operations, for devices without our kernels.
    fn composed(&self, x: &Tensor, skip: Option<&Tensor>, activation: Activation, mode: Mode) -> Result<Tensor> {
        let shape = (1, (), 1, 1);
        let (mean, var) = if let Mode::Training { .. } = mode {
            let mean = x.mean_keepdim((0, 2, 3))?;
            let var = x.broadcast_sub(&mean)?.sqr()?.mean_keepdim((0, 2, 3))?;
            let count = (x.elem_count() / mean.elem_count()) as f64;
            follow(&self.running_mean, &mean.flatten_all()?, 1.0)?;
            follow(&self.running_var, &var.flatten_all()?, count / (count - 1.0).max(1.0))?;
            (mean, var)
        } else {
            (self.running_mean.reshape(shape)?.detach(), self.running_var.reshape(shape)?.detach())
        };
        let scale = (var + self.epsilon)?.sqrt()?.recip()?.mul(&self.weight.reshape(shape)?)?;
        let mut y = x.broadcast_sub(&mean)?.broadcast_mul(&scale)?.broadcast_add(&self.bias.reshape(shape)?)?;
        if let Some(skip) = skip {
            y = (y + skip)?;
        }
        activated(&y, activation)
    }
}

/// Moves a running statistic towards that of the batch.
fn follow(running: &Var, batch: &Tensor, factor: f64) -> Result<()> {
    running.set(&((running.as_tensor() * (1.0 - MOMENTUM))? + (batch * (factor * MOMENTUM))?)?.detach())
}

/// Mean and biased variance of each of `channels`.
fn batch_statistics(x: &[f32], size: Maps, channels: usize) -> (Vec<f32>, Vec<f32>) {
    let planes: Vec<Moments> = pixels(x).par_chunks_exact(size.area().max(1)).map(Moments::of).collect();
    let mut mean = Vec::with_capacity(size.blocks * LANES);
    let mut var = Vec::with_capacity(size.blocks * LANES);
    for block in 0..size.blocks {
        let all = planes[block..].iter().step_by(size.blocks).fold(Moments::default(), Moments::and);
        mean.extend(all.mean.map(|m| m as f32));
        var.extend(all.squares.map(|s| (s / all.count.max(1.0)) as f32));
    }
    mean.truncate(channels);
    var.truncate(channels);
    (mean, var)
}

/// Count, mean and sum of squared deviations of each lane, to be put together as in Chan et al.
/// 1983.
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

/// Normalisation with given statistics and parameters; as an operation, `(γ, β)` is the second
/// argument, of shape `(2, C)`.
pub(super) struct Normalization {
    mean: Vec<Pixel>,
    /// `1 / √(σ² + ε)`.
    inverse: Vec<Pixel>,
    affine: Vec<Affine>,
    /// The statistics are not those of the input.
    frozen: bool,
    activation: Activation,
}

/// Gradients of a normalisation; those of the parameters lane by lane, block after block.
pub(super) struct NormGradients {
    pub input: Vec<f32>,
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
    /// Of a bias that was added before the normalisation: 0 with the statistics of the batch, which
    /// take it away.
    pub shift: Vec<f32>,
}

/// `f(x · scale + shift + skip)` of a plane of a block, for vector units. A closure that only borrows
/// would not be compiled for them.
struct Behind<'a> {
    f: Activation,
    x: &'a [Pixel],
    norm: &'a Affine,
    skip: Option<&'a [Pixel]>,
    out: &'a mut [Pixel],
}

impl NullaryFnOnce for Behind<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.f.behind(self.x, self.norm, self.skip, self.out);
    }
}

/// [`Normalization::sums`] for vector units.
struct Sums<'a> {
    own: &'a Normalization,
    dy: &'a [Pixel],
    x: &'a [Pixel],
    block: usize,
    f: Activation,
}

impl NullaryFnOnce for Sums<'_> {
    type Output = [[f64; LANES]; 2];

    #[inline(always)]
    fn call(self) -> Self::Output {
        self.own.sums(self.dy, self.x, self.block, self.f)
    }
}

/// `scale · (dy · f′(x · scale + shift) − rest − x · slope)` of a plane of a block, for vector units.
struct PassBack<'a> {
    f: Activation,
    x: &'a [Pixel],
    norm: &'a Affine,
    dy: &'a [Pixel],
    dx: &'a mut [Pixel],
    rest: &'a Pixel,
    slope: &'a Pixel,
}

impl NullaryFnOnce for PassBack<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { f, x, norm, dy, dx, rest, slope } = self;
        for ((dx, dy), x) in dx.chunks_mut(CHUNK).zip(dy.chunks(CHUNK)).zip(x.chunks(CHUNK)) {
            f.pass_back_through(dy, x, norm, dx);
            for (o, x) in dx.iter_mut().zip(x) {
                *o = std::array::from_fn(|k| norm.scale[k] * (o[k] - rest[k] - x[k] * slope[k]));
            }
        }
    }
}

impl Normalization {
    /// `f(x · scale + shift + skip)` for maps of `size`.
    pub(super) fn forward(&self, x: &[f32], size: Maps, skip: Option<&[f32]>) -> Vec<f32> {
        let (area, arch) = (size.area().max(1), Arch::new());
        let mut out = vec![0.0; x.len()];
        pixels_mut(&mut out).par_chunks_exact_mut(area).zip(pixels(x).par_chunks_exact(area)).enumerate().for_each(
            |(i, (out, x))| {
                let skip = skip.map(|skip| &pixels(skip)[i * area..][..area]);
                arch.dispatch(Behind { f: self.activation, x, norm: &self.affine[i % size.blocks], skip, out });
            },
        );
        out
    }

    /// Gradients from `dy`, which is what the activation let through, unless `gate` asks for its
    /// derivative at `x · scale + shift`.
    pub(super) fn backward(&self, x: &[f32], size: Maps, dy: &[f32], gate: bool) -> NormGradients {
        let (dy, x_pixels, arch) = (pixels(dy), pixels(x), Arch::new());
        let area = size.area().max(1);
        let f = if gate { self.activation } else { Activation::None };
        let planes: Vec<[[f64; LANES]; 2]> = dy
            .par_chunks_exact(area)
            .zip(x_pixels.par_chunks_exact(area))
            .enumerate()
            .map(|(i, (dy, x))| arch.dispatch(Sums { own: self, dy, x, block: i % size.blocks, f }))
            .collect();
        let mut sums = vec![[[0.0f64; LANES]; 2]; size.blocks];
        for (i, plane) in planes.iter().enumerate() {
            let sum = &mut sums[i % size.blocks];
            sum.as_flattened_mut().iter_mut().zip(plane.as_flattened()).for_each(|(s, p)| *s += p);
        }
        // dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)); the means drop out for fixed statistics.
        let count = (size.n * size.area()) as f64;
        let mut dx = vec![0.0; x.len()];
        pixels_mut(&mut dx)
            .par_chunks_exact_mut(area)
            .zip(dy.par_chunks_exact(area))
            .zip(x_pixels.par_chunks_exact(area))
            .enumerate()
            .for_each(|(i, ((dx, dy), x))| {
                let b = i % size.blocks;
                let part = |k: usize| sums[b][k].map(|s| if self.frozen { 0.0 } else { (s / count) as f32 });
                let (a, w) = (part(0), part(1));
                // x̂ · w = x · slope + offset.
                let slope: Pixel = std::array::from_fn(|k| self.inverse[b][k] * w[k]);
                let rest: Pixel = std::array::from_fn(|k| a[k] - self.mean[b][k] * slope[k]);
                let norm = &self.affine[b];
                arch.dispatch(PassBack { f, x, norm, dy, dx, rest: &rest, slope: &slope });
            });
        let lanes = |k: usize| sums.iter().flat_map(move |s| s[k]).map(|v| v as f32).collect::<Vec<f32>>();
        let bias = lanes(0);
        let scales = self.affine.iter().flat_map(|a| a.scale);
        let shift = bias.iter().zip(scales).map(|(s, scale)| if self.frozen { s * scale } else { 0.0 }).collect();
        NormGradients { input: dx, weight: lanes(1), bias, shift }
    }

    /// The gradient of the input alone, where the statistics do not depend on it:
    /// `scale · dy · f′(x · scale + shift)`.
    pub(super) fn handed_back(&self, x: &[f32], size: Maps, dy: &[f32]) -> Vec<f32> {
        let (area, arch) = (size.area().max(1), Arch::new());
        let mut dx = vec![0.0; x.len()];
        pixels_mut(&mut dx)
            .par_chunks_exact_mut(area)
            .zip(pixels(dy).par_chunks_exact(area))
            .zip(pixels(x).par_chunks_exact(area))
            .enumerate()
            .for_each(|(i, ((dx, dy), x))| {
                let norm = &self.affine[i % size.blocks];
                arch.dispatch(PassBack {
                    f: self.activation,
                    x,
                    norm,
                    dy,
                    dx,
                    rest: &[0.0; LANES],
                    slope: &[0.0; LANES],
                });
            });
        dx
    }

    /// The gradients as those of the operation: for `x` and for `(γ, β)`.
    fn gradients(&self, x: &Tensor, parameters: &Tensor, dy: &Tensor, gate: bool) -> Result<(Tensor, Tensor)> {
        let found = self.backward(&values(x)?, Maps::of(x.dims())?, &values(dy)?, gate);
        let channels = parameters.dim(1)?;
        let both: Vec<f32> = found.weight[..channels].iter().chain(&found.bias[..channels]).copied().collect();
        let device = x.device();
        Ok((Tensor::from_vec(found.input, x.shape(), device)?, Tensor::from_vec(both, (2, channels), device)?))
    }

    /// Sums of what `f` passes back of `dy` and of its product with `x̂ = (x − mean) · inverse` over
    /// a plane.
    #[inline(always)]
    fn sums(&self, dy: &[Pixel], x: &[Pixel], block: usize, f: Activation) -> [[f64; LANES]; 2] {
        let (mean, inverse) = (self.mean[block], self.inverse[block]);
        let mut totals = [[0.0f64; LANES]; 2];
        let mut open = [[0.0f32; LANES]; CHUNK];
        for (dy, x) in dy.chunks(CHUNK).zip(x.chunks(CHUNK)) {
            let open = &mut open[..dy.len()];
            f.pass_back_through(dy, x, &self.affine[block], open);
            let (mut a, mut b) = ([0.0f32; LANES], [0.0f32; LANES]);
            for (d, x) in open.iter().zip(x) {
                for k in 0..LANES {
                    a[k] += d[k];
                    b[k] += d[k] * (x[k] - mean[k]);
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

impl CustomOp2 for Normalization {
    fn name(&self) -> &'static str {
        "batch norm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        let out = self.forward(slice(x, lx)?, Maps::of(lx.dims())?, None);
        Ok((CpuStorage::F32(out), lx.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, p: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        if self.frozen && !p.track_op() {
            let dy = dy.contiguous()?;
            let dx = self.handed_back(&values(x)?, Maps::of(x.dims())?, &values(&dy)?);
            return Ok((Some(Tensor::from_vec(dx, x.shape(), x.device())?), None));
        }
        let (dx, dp) = self.gradients(x, p, &dy.contiguous()?, true)?;
        Ok((Some(dx), Some(dp)))
    }
}

impl CustomOp3 for Normalization {
    fn name(&self) -> &'static str {
        "batch norm and residual addition"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        _: &CpuStorage,
        _: &Layout,
        skip: &CpuStorage,
        ls: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let out = self.forward(slice(x, lx)?, Maps::of(lx.dims())?, Some(slice(skip, ls)?));
        Ok((CpuStorage::F32(out), lx.shape().clone()))
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
        // The activation stands behind the sum, so its result tells what it let through.
        let dskip = let_through(&dy, result, self.activation)?;
        let (dx, dp) = self.gradients(x, p, &dskip, false)?;
        Ok((Some(dx), Some(dp), Some(dskip)))
    }
}
