//! Nearest-neighbour upsampling: every value becomes four.
//!
//! A decoder grows coarse maps by it before it adds finer ones; the 3×3 convolution that follows
//! smooths the steps, so that no checkerboard of a transposed convolution arises (Odena et al.,
//! Distill 2016). The way back is a sum of four.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use rayon::prelude::*;

use crate::Result;
use crate::cpu_values::{slice, values};
use crate::device::own_kernels_run;
use crate::nchw16c::{LANES, Maps, pixels, pixels_mut, to_blocks};

/// `(N, C, H, W)` or blocked → `(N, C, 2H, 2W)`, on the CPU blocked. Gradients flow back.
pub(super) fn double(x: &Tensor) -> Result<Tensor> {
    if own_kernels_run(x.device()) {
        return to_blocks(x)?.contiguous()?.apply_op1(Double);
    }
    let (_, _, h, w) = x.dims4()?;
    x.upsample_nearest2d(2 * h, 2 * w)
}

/// The gradient of blocked maps of `size` from that of the maps of twice their side.
pub(super) fn undouble(dy: &Tensor, size: Maps) -> Result<Tensor> {
    let dx = sums_of_four(&values(&dy.contiguous()?)?, size);
    Tensor::from_vec(dx, size.shape(), dy.device())
}

fn sums_of_four(dy: &[f32], size: Maps) -> Vec<f32> {
    let mut dx = vec![0.0; size.n * size.image() * LANES];
    let wide = 2 * size.w;
    let maps = pixels_mut(&mut dx).par_chunks_exact_mut(size.area()).zip(pixels(dy).par_chunks_exact(4 * size.area()));
    maps.for_each(|(dx, dy)| {
        for (line, two) in dx.chunks_exact_mut(size.w).zip(dy.chunks_exact(2 * wide)) {
            let (upper, lower) = two.split_at(wide);
            let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
            for (sum, (a, b)) in line.iter_mut().zip(pairs) {
                *sum = std::array::from_fn(|k| (a[0][k] + a[1][k]) + (b[0][k] + b[1][k]));
            }
        }
    });
    dx
}

struct Double;

impl CustomOp1 for Double {
    fn name(&self) -> &'static str {
        "nearest upsampling"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let size = Maps::of(layout.dims())?;
        let out = Maps { h: 2 * size.h, w: 2 * size.w, ..size };
        let mut grown = vec![0.0; out.n * out.image() * LANES];
        let maps = pixels(slice(x, layout)?).par_chunks_exact(size.area().max(1));
        pixels_mut(&mut grown).par_chunks_exact_mut(out.area().max(1)).zip(maps).for_each(|(out, map)| {
            for (two, line) in out.chunks_exact_mut(4 * size.w).zip(map.chunks_exact(size.w)) {
                let (upper, lower) = two.split_at_mut(2 * size.w);
                for (pair, pixel) in upper.chunks_exact_mut(2).zip(line) {
                    pair.fill(*pixel);
                }
                lower.copy_from_slice(upper);
            }
        });
        Ok((CpuStorage::F32(grown), out.shape()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        undouble(dy, Maps::of(x.dims())?).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::nchw16c::to_planes;

    #[test]
    fn every_value_becomes_four_and_their_gradients_are_added() {
        let x = Tensor::new(&[[[[1f32, 2.0, 3.0], [4.0, 5.0, 6.0]]]], &Device::Cpu).unwrap();
        let var = Var::from_tensor(&x).unwrap();
        let y = to_planes(&double(var.as_tensor()).unwrap(), 1).unwrap();
        let rows: Vec<Vec<f32>> = y.squeeze(0).unwrap().squeeze(0).unwrap().to_vec2().unwrap();
        let (upper, lower) = ([1.0, 1.0, 2.0, 2.0, 3.0, 3.0], [4.0, 4.0, 5.0, 5.0, 6.0, 6.0]);
        assert_eq!(rows, [upper, upper, lower, lower]);
        // Weights 0 … 23: the four above the first value are 0, 1, 6 and 7.
        let weights = Tensor::arange(0f32, 24.0, &Device::Cpu).unwrap().reshape((1, 1, 4, 6)).unwrap();
        let gradients = (y * weights).unwrap().sum_all().unwrap().backward().unwrap();
        let found = gradients.get(&var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(found, [14.0, 22.0, 30.0, 62.0, 70.0, 78.0]);
    }

    #[test]
    fn maps_of_many_channels_and_images_are_those_of_candle() {
        let x = Tensor::randn(0f32, 1.0, (2, 19, 3, 5), &Device::Cpu).unwrap();
        let ours = to_planes(&double(&x).unwrap(), 19).unwrap();
        let theirs = x.upsample_nearest2d(6, 10).unwrap();
        let worst = (ours - theirs).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert_eq!(worst, 0.0);
    }
}
