//! Feature maps in blocks of sixteen channels: the layout in which convolutions on the CPU are
//! fast.
//!
//! A batch of maps `(N, C, H, W)` lies in memory as `(N, ⌈C/16⌉, H, W, 16)`: the sixteen channels
//! of a block are neighbours, so one pixel of a block is one 512-bit vector, and pixels next to
//! each other are next to each other in memory. A direct convolution then needs neither im2col nor
//! packing of its input (Georganas et al. 2018, "Anatomy of high-performance deep learning
//! convolutions on SIMD architectures"; the layout is oneDNN's `nChw16c`). Lanes beyond the last
//! channel are 0 and stay 0.
//!
//! ```text
//! affine   a norm and its ReLU, before a convolution and on the way back                               (SIMD)
//! lines    one line of output pixels × 32 channels in registers, every tap and input channel      (SIMD)
//! outer    sums of products of input and gradient pixels: the gradient of the kernel               (SIMD)
//! packing  kernels (O, C, k, k) ⇄ rows of 32 outputs
//! forward, backward   whole batches, shared out over the cores
//! widened  the first two convolutions of an inverted residual block at once
//! buffer   room between two layers of a block
//! ```
//!
//! Results do not depend on the number of threads: every sum is taken in an order that the shapes
//! alone decide. What it does not do: dilation, groups (see [`super::layers::depthwise`]), devices
//! other than the CPU.

pub(super) mod affine;
pub(super) mod backward;
pub(super) mod buffer;
mod conv_kernel;
pub(super) mod depthwise;
mod depthwise_kernel;
pub(super) mod first_conv;
pub(super) mod forward;
pub(super) mod packing;
mod weight_grad_kernel;
pub(super) mod widened;

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor, bail};
use rayon::prelude::*;

use super::Result;
use super::cpu_values::{slice, values};
use super::device::own_kernels_run;

/// Channels of a block.
pub(super) const LANES: usize = 16;
/// Output channels that are computed together: two blocks.
pub(super) const WIDE: usize = 2 * LANES;

/// One pixel of a block.
pub(super) type Pixel = [f32; LANES];
/// Weights of one tap of one input channel for [`WIDE`] outputs.
pub(super) type WidePixel = [f32; WIDE];

/// Size of a batch of blocked maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Maps {
    pub n: usize,
    pub blocks: usize,
    pub h: usize,
    pub w: usize,
}

impl Maps {
    /// From the shape `(N, B, H, W, 16)`.
    pub(super) fn of(shape: &[usize]) -> Result<Self> {
        match *shape {
            [n, blocks, h, w, LANES] => Ok(Self { n, blocks, h, w }),
            _ => bail!("maps in blocks of {LANES} channels are expected, not the shape {shape:?}"),
        }
    }

    /// Pixels of one block of one image.
    pub(super) fn area(self) -> usize {
        self.h * self.w
    }

    /// Pixels of all blocks of one image.
    pub(super) fn image(self) -> usize {
        self.blocks * self.area()
    }

    pub(super) fn shape(self) -> Shape {
        vec![self.n, self.blocks, self.h, self.w, LANES].into()
    }
}

/// Blocks that hold `channels`.
pub(super) fn blocks(channels: usize) -> usize {
    channels.div_ceil(LANES)
}

/// Whether the tensor is in blocks.
pub(super) fn is_blocked(x: &Tensor) -> bool {
    x.rank() == 5
}

/// The values as pixels.
pub(super) fn pixels(values: &[f32]) -> &[Pixel] {
    values.as_chunks().0
}

/// The values as pixels.
pub(super) fn pixels_mut(values: &mut [f32]) -> &mut [Pixel] {
    values.as_chunks_mut().0
}

/// `(N, C, H, W)` in blocks; anything else, and everything that is not on the CPU, as it is.
/// Gradients flow back.
pub(super) fn to_blocks(x: &Tensor) -> Result<Tensor> {
    if x.rank() == 4 && own_kernels_run(x.device()) { x.contiguous()?.apply_op1(ToBlocks) } else { Ok(x.clone()) }
}

/// The first `channels` of blocked maps as `(N, C, H, W)`; anything else as it is. Gradients flow
/// back.
pub(super) fn to_planes(x: &Tensor, channels: usize) -> Result<Tensor> {
    if is_blocked(x) { x.contiguous()?.apply_op1(ToPlanes { channels }) } else { Ok(x.clone()) }
}

/// Maps in blocks for a way back that works on blocks, and the number of their channels where they
/// came in planes.
pub(super) fn taken(x: &Tensor) -> Result<(Tensor, Option<usize>)> {
    let planes = if is_blocked(x) { None } else { Some(x.dim(1)?) };
    Ok((to_blocks(x)?.contiguous()?, planes))
}

/// The gradient of maps that were [`taken`], as they came.
pub(super) fn as_they_came(dx: Tensor, planes: Option<usize>) -> Result<Tensor> {
    match planes {
        Some(channels) => to_planes(&dx, channels),
        None => Ok(dx),
    }
}

/// Planes of `channels` channels and `area` pixels, image by image, in blocks.
fn block_up(planes: &[f32], channels: usize, area: usize) -> Vec<f32> {
    let count = blocks(channels);
    let n = planes.len() / (channels * area).max(1);
    let mut out = vec![0.0; n * count * area * LANES];
    out.par_chunks_exact_mut(area * LANES).enumerate().for_each(|(i, out)| {
        let (image, first) = (i / count, i % count * LANES);
        for c in first..(first + LANES).min(channels) {
            let plane = &planes[(image * channels + c) * area..][..area];
            for (pixel, v) in pixels_mut(out).iter_mut().zip(plane) {
                pixel[c - first] = *v;
            }
        }
    });
    out
}

/// The inverse of [`block_up`].
fn lay_flat(maps: &[f32], channels: usize, area: usize) -> Vec<f32> {
    let count = blocks(channels);
    let n = maps.len() / (count * area * LANES).max(1);
    let mut out = vec![0.0; n * channels * area];
    out.par_chunks_exact_mut(area).enumerate().for_each(|(i, plane)| {
        let (image, c) = (i / channels, i % channels);
        let block = &pixels(maps)[(image * count + c / LANES) * area..][..area];
        for (v, pixel) in plane.iter_mut().zip(block) {
            *v = pixel[c % LANES];
        }
    });
    out
}

struct ToBlocks;

impl CustomOp1 for ToBlocks {
    fn name(&self) -> &'static str {
        "to blocks of channels"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, c, h, w) = layout.shape().dims4()?;
        let maps = Maps { n, blocks: blocks(c), h, w };
        Ok((CpuStorage::F32(block_up(slice(x, layout)?, c, h * w)), maps.shape()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let (_, c, h, w) = x.dims4()?;
        Ok(Some(Tensor::from_vec(lay_flat(&values(&dy.contiguous()?)?, c, h * w), x.shape(), x.device())?))
    }
}

struct ToPlanes {
    channels: usize,
}

impl CustomOp1 for ToPlanes {
    fn name(&self) -> &'static str {
        "to planes"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let maps = Maps::of(layout.dims())?;
        if maps.blocks != blocks(self.channels) {
            bail!("{} blocks do not hold {} channels", maps.blocks, self.channels);
        }
        let planes = lay_flat(slice(x, layout)?, self.channels, maps.area());
        Ok((CpuStorage::F32(planes), (maps.n, self.channels, maps.h, maps.w).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let maps = Maps::of(x.dims())?;
        let dx = block_up(&values(&dy.contiguous()?)?, self.channels, maps.area());
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
