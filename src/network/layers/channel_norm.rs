//! Layer norm over the channels of each pixel of maps (torchvision's `LayerNorm2d`), on maps in
//! blocks of channels. The formula is that of [`super::layer_norm`].
//!
//! The channels of a pixel are apart in memory by a whole plane, so each pass runs block by block:
//! once for the mean, once for the variance, once for the values. Lanes beyond the last channel
//! count nothing and stay 0.

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor, bail};
use rayon::prelude::*;

use super::layer_norm::LayerNorm;
use crate::cpu_values::{is_tracked, slice, values};
use crate::device::own_kernels_run;
use crate::graph::draw::Drawing;
use crate::nchw16c::{LANES, Maps, Pixel, as_they_came, blocks, pixels, pixels_mut, taken, to_blocks};
use crate::tape::{Recorded, by_graph};
use crate::{Layer, Mode, Result};

/// Pixels of a plane whose sums are taken together: those of one block stay in the cache.
const SHARE: usize = 128;

/// Over the channels of each pixel.
pub struct ChannelNorm(pub LayerNorm);

impl Layer for ChannelNorm {
    /// `(N, C, H, W)` or blocked → the same shape, on the CPU blocked.
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        let LayerNorm { weight, bias, epsilon } = &self.0;
        if !own_kernels_run(x.device()) {
            let y = self.0.normed(&x.permute((0, 2, 3, 1))?.contiguous()?)?;
            return y.permute((0, 3, 1, 2))?.contiguous();
        }
        let channels = weight.elem_count();
        let x = to_blocks(x)?.contiguous()?;
        if x.dim(1)? != blocks(channels) {
            bail!("a norm of {channels} channels does not take maps of the shape {:?}", x.dims());
        }
        x.apply_op3(weight, bias, ChannelNormOp { channels, epsilon: *epsilon })
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        if !own_kernels_run(x.device()) {
            return by_graph(self, &x, mode, wanted);
        }
        let (x, planes) = taken(&x.detach())?;
        let (y, way) = by_graph(self, &x, mode, wanted)?;
        let back = move |dy: Tensor, gradients: &mut crate::tape::Gradients| {
            way(dy, gradients)?.map(|dx| as_they_came(dx, planes)).transpose()
        };
        Ok((y, Box::new(back)))
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let x = to.transpose(x, &[0, 2, 3, 1])?;
        let y = self.0.draw(to, x)?;
        to.transpose(y, &[0, 3, 1, 2])
    }
}

struct ChannelNormOp {
    channels: usize,
    epsilon: f64,
}

impl ChannelNormOp {
    /// Channels in block `b`.
    fn lanes(&self, b: usize) -> usize {
        (self.channels - b * LANES).min(LANES)
    }

    /// `Σ f(pixel, lane)` over the channels of each pixel, divided by their number; `f` is given the
    /// number of the pixel in its plane, of the block, and where the pixel lies in memory.
    fn means(&self, size: Maps, f: impl Fn(usize, usize, usize) -> Pixel + Sync) -> Vec<f32> {
        let area = size.area();
        let mut means = vec![0f32; size.n * area];
        let images = means.par_chunks_mut(area.max(1)).enumerate();
        images.for_each(|(image, means)| {
            means.par_chunks_mut(SHARE).enumerate().for_each(|(share, means)| {
                let first = share * SHARE;
                for b in 0..size.blocks {
                    let plane = (image * size.blocks + b) * area;
                    let lanes = self.lanes(b);
                    for (i, mean) in means.iter_mut().enumerate() {
                        let found = f(image * area + first + i, b, plane + first + i);
                        *mean += found[..lanes].iter().sum::<f32>();
                    }
                }
                means.iter_mut().for_each(|mean| *mean /= self.channels as f32);
            });
        });
        means
    }

    /// Mean and `1/√(σ² + ε)` of each pixel.
    fn moments(&self, x: &[Pixel], size: Maps) -> (Vec<f32>, Vec<f32>) {
        let means = self.means(size, |_, _, at| x[at]);
        let mut scales = self.means(size, |pixel, _, at| x[at].map(|v| (v - means[pixel]) * (v - means[pixel])));
        scales.iter_mut().for_each(|v| *v = 1.0 / (*v + self.epsilon as f32).sqrt());
        (means, scales)
    }

    /// Values `(C)` in blocks.
    fn in_blocks(&self, values: &[f32]) -> Vec<Pixel> {
        let mut out = vec![[0.0; LANES]; blocks(self.channels)];
        out.as_flattened_mut()[..self.channels].copy_from_slice(values);
        out
    }
}

impl CustomOp3 for ChannelNormOp {
    fn name(&self) -> &'static str {
        "layer norm over channels"
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
        let size = Maps::of(lx.dims())?;
        let x = pixels(slice(x, lx)?);
        let (weight, bias) = (self.in_blocks(slice(weight, lw)?), self.in_blocks(slice(bias, lb)?));
        let (means, scales) = self.moments(x, size);
        let area = size.area().max(1);
        let mut out = vec![0f32; x.len() * LANES];
        let planes = pixels_mut(&mut out).par_chunks_mut(area).zip(x.par_chunks(area)).enumerate();
        planes.for_each(|(plane, (out, x))| {
            let (image, b) = (plane / size.blocks, plane % size.blocks);
            let (weight, bias) = (weight[b], bias[b]);
            for (i, (out, x)) in out.iter_mut().zip(x).enumerate() {
                let (mean, scale) = (means[image * area + i], scales[image * area + i]);
                *out = std::array::from_fn(|k| (x[k] - mean) * scale * weight[k] + bias[k]);
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
        let size = Maps::of(x.dims())?;
        let dy = dy.contiguous()?;
        let trained = is_tracked(weight) || is_tracked(bias);
        let (input, slope) = (values(x)?, values(&dy)?);
        let (input, slope) = (pixels(&input), pixels(&slope));
        let factors = self.in_blocks(&values(weight)?);
        let (means, scales) = self.moments(input, size);
        let normed = |pixel: usize, at: usize| input[at].map(|v| (v - means[pixel]) * scales[pixel]);
        let wanted = |b: usize, at: usize| -> Pixel { std::array::from_fn(|k| slope[at][k] * factors[b][k]) };
        let flat = self.means(size, |_, b, at| wanted(b, at));
        let along = self.means(size, |pixel, b, at| {
            let (normed, wanted) = (normed(pixel, at), wanted(b, at));
            std::array::from_fn(|k| normed[k] * wanted[k])
        });
        let area = size.area().max(1);
        let mut dx = vec![0f32; input.len() * LANES];
        let planes = pixels_mut(&mut dx).par_chunks_mut(area).enumerate();
        let sums: Vec<[[f64; LANES]; 2]> = planes
            .map(|(plane, dx)| {
                let (image, b) = (plane / size.blocks, plane % size.blocks);
                let lanes = self.lanes(b);
                let mut sums = [[0f64; LANES]; 2];
                for (i, dx) in dx.iter_mut().enumerate() {
                    let (pixel, at) = (image * area + i, plane * area + i);
                    let (normed, wanted) = (normed(pixel, at), wanted(b, at));
                    for k in 0..lanes {
                        dx[k] = (wanted[k] - flat[pixel] - normed[k] * along[pixel]) * scales[pixel];
                    }
                    if trained {
                        for k in 0..lanes {
                            sums[0][k] += f64::from(slope[at][k] * normed[k]);
                            sums[1][k] += f64::from(slope[at][k]);
                        }
                    }
                }
                sums
            })
            .collect();
        let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
        if !trained {
            return Ok((Some(dx), None, None));
        }
        let total = |part: usize| {
            let mut total = vec![[0f64; LANES]; size.blocks];
            for (plane, sums) in sums.iter().enumerate() {
                total[plane % size.blocks].iter_mut().zip(sums[part]).for_each(|(t, v)| *t += v);
            }
            let values: Vec<f32> = total.as_flattened()[..self.channels].iter().map(|v| *v as f32).collect();
            Tensor::from_vec(values, self.channels, x.device())
        };
        Ok((Some(dx), Some(total(0)?), Some(total(1)?)))
    }
}
