//! What happens to whole channels: a bias, a factor for each, and joining.
//!
//! candle's broadcasts walk memory value by value through an index; these run over whole maps in
//! blocks (see [`crate::nchw16c`]).

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor};
use rayon::prelude::*;

use crate::Result;
use crate::cpu_values::{slice, values};
use crate::device::own_kernels_run;
use crate::nchw16c::{LANES, Maps, Pixel, pixels, pixels_mut, to_blocks, to_planes};

/// `x + b`: `x` is `(N, C, H, W)` or blocked, `b` is `(C)`.
pub fn add_bias(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if own_kernels_run(x.device()) {
        return to_blocks(x)?.contiguous()?.apply_op2(bias, BiasOp);
    }
    x.broadcast_add(&bias.reshape((1, (), 1, 1))?)
}

/// `x · s`: `x` is `(N, C, H, W)` or blocked, `s` is `(N, C)`; gradients flow to both.
pub fn scale(x: &Tensor, factors: &Tensor) -> Result<Tensor> {
    if own_kernels_run(x.device()) {
        return to_blocks(x)?.contiguous()?.apply_op2(&factors.contiguous()?, ScaleOp);
    }
    x.broadcast_mul(&factors.unsqueeze(2)?.unsqueeze(3)?)
}

/// `x · s` in place, of maps in blocks and factors `(N, C)`; on the CPU.
pub(super) fn scale_in_place(maps: &mut [Pixel], size: Maps, factors: &[f32]) {
    let factors = factors_in_blocks(factors, size.n);
    maps.par_chunks_exact_mut(size.area().max(1)).zip(&factors).for_each(|(map, s)| {
        map.iter_mut().for_each(|x| *x = std::array::from_fn(|k| x[k] * s[k]));
    });
}

/// Joins maps along their channels, each given with their number. Whole blocks are joined as they
/// are; where a block is not full the result is `(N, ΣC, H, W)`.
pub fn concat(maps: &[(&Tensor, usize)]) -> Result<Tensor> {
    let whole = maps.iter().all(|(_, channels)| channels % LANES == 0);
    let part = |(x, channels): &(&Tensor, usize)| if whole { to_blocks(x) } else { to_planes(x, *channels) };
    Tensor::cat(&maps.iter().map(part).collect::<Result<Vec<_>>>()?, 1)
}

/// Values `(C)` of one image in blocks; lanes without a channel are 0.
fn in_blocks(values: &[f32]) -> Vec<Pixel> {
    let mut blocks = vec![[0.0; LANES]; values.len().div_ceil(LANES)];
    blocks.as_flattened_mut()[..values.len()].copy_from_slice(values);
    blocks
}

/// Lane by lane, `Σ f(i)` over the pixels of a map; single precision within a chunk, double across.
fn sum(pixels: usize, f: impl Fn(usize) -> Pixel) -> [f64; LANES] {
    const CHUNK: usize = 256;
    let mut total = [0.0; LANES];
    for first in (0..pixels).step_by(CHUNK) {
        let mut part = [0.0f32; LANES];
        for i in first..(first + CHUNK).min(pixels) {
            part.iter_mut().zip(f(i)).for_each(|(p, v)| *p += v);
        }
        total.iter_mut().zip(part).for_each(|(t, p)| *t += f64::from(p));
    }
    total
}

/// Sums of each channel over the batch and its pixels, lane by lane, block after block.
pub(super) fn channel_sums(maps: &[f32], size: Maps) -> Vec<f32> {
    let planes: Vec<_> = pixels(maps).par_chunks_exact(size.area().max(1)).map(|m| sum(m.len(), |i| m[i])).collect();
    let mut total = vec![[0.0f64; LANES]; size.blocks];
    for (i, plane) in planes.iter().enumerate() {
        total[i % size.blocks].iter_mut().zip(plane).for_each(|(t, v)| *t += v);
    }
    total.as_flattened().iter().map(|v| *v as f32).collect()
}

struct BiasOp;

impl CustomOp2 for BiasOp {
    fn name(&self) -> &'static str {
        "channel bias"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, bias: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        let size = Maps::of(lx.dims())?;
        let (x, bias) = (slice(x, lx)?, in_blocks(slice(bias, lb)?));
        let mut out = vec![0.0; x.len()];
        let maps = pixels_mut(&mut out).par_chunks_exact_mut(size.area()).zip(pixels(x).par_chunks_exact(size.area()));
        maps.enumerate().for_each(|(i, (out, x))| {
            let bias = bias[i % size.blocks];
            out.iter_mut().zip(x).for_each(|(o, x)| *o = std::array::from_fn(|k| x[k] + bias[k]));
        });
        Ok((CpuStorage::F32(out), lx.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, bias: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let size = Maps::of(x.dims())?;
        let dy = dy.contiguous()?;
        let dbias = Tensor::new(&channel_sums(&values(&dy)?, size)[..bias.dim(0)?], x.device())?;
        Ok((Some(dy), Some(dbias)))
    }
}

/// Factors `(N, C)` in blocks, image by image.
pub(super) fn factors_in_blocks(factors: &[f32], images: usize) -> Vec<Pixel> {
    factors.chunks_exact((factors.len() / images.max(1)).max(1)).flat_map(in_blocks).collect()
}

/// `Σ x·d` over each map of each image: the gradient of factors `(N, C)`, `channels` an image.
pub(super) fn sums_of_products(x: &[f32], d: &[f32], size: Maps, channels: usize) -> Vec<f32> {
    let area = size.area().max(1);
    let maps = pixels(x).par_chunks_exact(area).zip(pixels(d).par_chunks_exact(area));
    let sums: Vec<_> = maps.map(|(x, d)| sum(x.len(), |i| std::array::from_fn(|k| x[i][k] * d[i][k]))).collect();
    let images = sums.chunks_exact(size.blocks);
    images.flat_map(|image| image.as_flattened()[..channels].iter().map(|v| *v as f32)).collect()
}

struct ScaleOp;

impl CustomOp2 for ScaleOp {
    fn name(&self) -> &'static str {
        "channel scale"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, s: &CpuStorage, ls: &Layout) -> Result<(CpuStorage, Shape)> {
        let size = Maps::of(lx.dims())?;
        let (x, factors) = (slice(x, lx)?, factors_in_blocks(slice(s, ls)?, size.n));
        let mut out = vec![0.0; x.len()];
        let maps = pixels_mut(&mut out).par_chunks_exact_mut(size.area()).zip(pixels(x).par_chunks_exact(size.area()));
        maps.zip(&factors).for_each(|((out, x), s)| {
            out.iter_mut().zip(x).for_each(|(o, x)| *o = std::array::from_fn(|k| x[k] * s[k]));
        });
        Ok((CpuStorage::F32(out), lx.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, s: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let size = Maps::of(x.dims())?;
        let dy = dy.contiguous()?;
        let (xs, d, factors) = (values(x)?, values(&dy)?, factors_in_blocks(&values(s)?, size.n));
        let mut dx = vec![0.0; d.len()];
        let (xs, d) = (pixels(&xs), pixels(&d));
        let maps = pixels_mut(&mut dx).par_chunks_exact_mut(size.area()).zip(d.par_chunks_exact(size.area()));
        maps.zip(&factors).for_each(|((dx, d), s)| {
            dx.iter_mut().zip(d).for_each(|(o, d)| *o = std::array::from_fn(|k| d[k] * s[k]));
        });
        let ds = sums_of_products(xs.as_flattened(), d.as_flattened(), size, s.dim(1)?);
        Ok((Some(Tensor::from_vec(dx, x.shape(), x.device())?), Some(Tensor::from_vec(ds, s.shape(), s.device())?)))
    }
}
