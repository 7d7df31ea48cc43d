//! Depthwise convolution: one kernel for each channel (the middle of the blocks of EfficientNet).
//!
//! Maps lie in blocks of sixteen channels (see [`crate::network::nchw16c`]), so a pixel times a tap of the kernel is one vector product:
//! each output pixel gathers its taps, `dX` hands the same products back, `dW` is their sum over pixels and batch.

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::network::Result;
use crate::network::cpu_values::{slice, values};
use crate::network::geometry::Geometry;
use crate::network::nchw16c::{LANES, Maps, Pixel, blocks, pixels, pixels_mut, to_blocks};

/// `x` is `(N, C, H, W)` or blocked, `w` is `(C, 1, k, k)`; gradients flow to both. On the CPU the result is blocked.
pub fn depthwise(x: &Tensor, w: &Tensor, geometry: Geometry) -> Result<Tensor> {
    let channels = w.dim(0)?;
    if !x.device().is_cpu() {
        return x.conv2d(w, geometry.padding, geometry.stride, 1, channels);
    }
    if x.rank() == 4 && x.dim(1)? != channels {
        bail!("this depthwise convolution takes {channels} channels, not {}", x.dim(1)?);
    }
    let x = to_blocks(x)?.contiguous()?;
    if x.dim(1)? != blocks(channels) {
        bail!("this depthwise convolution takes {channels} channels, not {} blocks of them", x.dim(1)?);
    }
    x.apply_op2(&w.contiguous()?, DepthwiseOp(geometry))
}

/// Kernels `(C, 1, k, k)` as `(⌈C/16⌉, k·k)` pixels.
fn pack(kernel: &[f32], taps: usize) -> Vec<Pixel> {
    let mut packed = vec![[0.0; LANES]; (kernel.len() / taps).div_ceil(LANES) * taps];
    for (channel, kernel) in kernel.chunks_exact(taps).enumerate() {
        for (pixel, v) in packed[channel / LANES * taps..].iter_mut().zip(kernel) {
            pixel[channel % LANES] = *v;
        }
    }
    packed
}

struct DepthwiseOp(Geometry);

impl DepthwiseOp {
    fn output(&self, size: Maps) -> Maps {
        Maps { h: self.0.output(size.h), w: self.0.output(size.w), ..size }
    }

    /// Calls `each(output pixel, tap, input pixel)` for every tap that lies inside a map.
    #[inline]
    fn visit(&self, size: Maps, mut each: impl FnMut(usize, usize, usize)) {
        let (g, out) = (self.0, self.output(size));
        for oy in 0..out.h {
            for ox in 0..out.w {
                for ky in 0..g.kernel {
                    let Some(y) = (oy * g.stride + ky).checked_sub(g.padding).filter(|y| *y < size.h) else { continue };
                    for kx in 0..g.kernel {
                        let x = (ox * g.stride + kx).wrapping_sub(g.padding);
                        if x < size.w {
                            each(oy * out.w + ox, ky * g.kernel + kx, y * size.w + x);
                        }
                    }
                }
            }
        }
    }
}

/// `sum += a · b` in every lane.
#[inline]
fn accumulate(sum: &mut Pixel, a: &Pixel, b: &Pixel) {
    sum.iter_mut().zip(a).zip(b).for_each(|((s, a), b)| *s += a * b);
}

impl CustomOp2 for DepthwiseOp {
    fn name(&self) -> &'static str {
        "depthwise conv2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, k: &CpuStorage, lk: &Layout) -> Result<(CpuStorage, Shape)> {
        let size = Maps::of(lx.dims())?;
        let (out, taps) = (self.output(size), self.0.kernel * self.0.kernel);
        let kernels = pack(slice(k, lk)?, taps);
        let mut values = vec![0.0; out.n * out.image() * LANES];
        let maps = pixels(slice(x, lx)?).par_chunks_exact(size.area());
        pixels_mut(&mut values).par_chunks_exact_mut(out.area()).zip(maps).enumerate().for_each(|(i, (out, map))| {
            let kernel = &kernels[i % size.blocks * taps..][..taps];
            self.visit(size, |o, tap, i| accumulate(&mut out[o], &map[i], &kernel[tap]));
        });
        Ok((CpuStorage::F32(values), out.shape()))
    }

    fn bwd(&self, x: &Tensor, k: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let size = Maps::of(x.dims())?;
        let (area, taps) = (self.output(size).area(), self.0.kernel * self.0.kernel);
        let dy = dy.contiguous()?;
        let (maps, kernel, dy) = (values(x)?, values(k)?, values(&dy)?);
        let (maps, kernels, dy) = (pixels(&maps), pack(&kernel, taps), pixels(&dy));
        let mut dx = vec![0.0; x.elem_count()];
        pixels_mut(&mut dx).par_chunks_exact_mut(size.area()).zip(dy.par_chunks_exact(area)).enumerate().for_each(
            |(i, (dx, dy))| {
                let kernel = &kernels[i % size.blocks * taps..][..taps];
                self.visit(size, |o, tap, i| accumulate(&mut dx[i], &dy[o], &kernel[tap]));
            },
        );
        let parts: Vec<Vec<Pixel>> = maps
            .par_chunks_exact(size.area())
            .zip(dy.par_chunks_exact(area))
            .map(|(map, dy)| {
                let mut sum = vec![[0.0; LANES]; taps];
                self.visit(size, |o, tap, i| accumulate(&mut sum[tap], &dy[o], &map[i]));
                sum
            })
            .collect();
        let mut total = vec![[0.0f64; LANES]; size.blocks * taps];
        for (i, part) in parts.iter().enumerate() {
            let total = total[i % size.blocks * taps..][..taps].as_flattened_mut();
            total.iter_mut().zip(part.as_flattened()).for_each(|(t, v)| *t += f64::from(*v));
        }
        let channel = |c: usize| total[c / LANES * taps..][..taps].iter().map(move |pixel| pixel[c % LANES] as f32);
        let dw: Vec<f32> = (0..k.dim(0)?).flat_map(channel).collect();
        Ok((Some(Tensor::from_vec(dx, x.shape(), x.device())?), Some(Tensor::from_vec(dw, k.shape(), k.device())?)))
    }
}
