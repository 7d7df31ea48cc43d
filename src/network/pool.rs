//! Pooling with right gradients.
//!
//! candle's `max_pool2d` scales its gradient, refuses kernel ≠ stride and knows no padding; stems of residual networks need
//! a 3×3 window with stride 2 and padding 1. The gradient of a maximum goes to the first place that holds it, as in PyTorch.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor, bail};
use rayon::prelude::*;

use super::Result;
use super::conv::{Geometry, slice, values};

/// `(N, C, H, W)` → `(N, C, OH, OW)`: the largest value under each window; padding never wins.
pub fn max_pool2d(x: &Tensor, geometry: Geometry) -> Result<Tensor> {
    if geometry.padding * 2 > geometry.kernel {
        bail!("a pooling window of {} takes at most {} of padding", geometry.kernel, geometry.kernel / 2);
    }
    if x.device().is_cpu() { x.contiguous()?.apply_op1(MaxPoolOp(geometry)) } else { composed(x, geometry) }
}

/// `(N, C, H, W)` → `(N, C)`: the mean over each map.
pub fn global_average(x: &Tensor) -> Result<Tensor> {
    x.flatten_from(2)?.mean(2)
}

/// The maximum over shifted copies, out of operations that every device has.
fn composed(x: &Tensor, g: Geometry) -> Result<Tensor> {
    let (_, _, h, w) = x.dims4()?;
    // A floor below every value stands for the padding.
    let low = (x.min_all()?.to_scalar::<f32>()? - 1.0) as f64;
    let padded = ((x - low)?.pad_with_zeros(2, g.padding, g.padding)?.pad_with_zeros(3, g.padding, g.padding)? + low)?;
    let picks = |length: usize, tap: usize| -> Result<Tensor> {
        Tensor::from_iter((0..g.output(length)).map(|o| (o * g.stride + tap) as u32), x.device())
    };
    let mut best: Option<Tensor> = None;
    for ky in 0..g.kernel {
        let rows = padded.index_select(&picks(h, ky)?, 2)?;
        for kx in 0..g.kernel {
            let taps = rows.index_select(&picks(w, kx)?, 3)?;
            best = Some(match best {
                Some(best) => best.maximum(&taps)?,
                None => taps,
            });
        }
    }
    best.map_or_else(|| bail!("a pooling window must not be empty"), Ok)
}

struct MaxPoolOp(Geometry);

impl MaxPoolOp {
    /// Calls `found(output index, input index)` for the winner of every window of one map.
    fn winners(&self, map: &[f32], h: usize, w: usize, mut found: impl FnMut(usize, usize)) {
        let g = self.0;
        let (oh, ow) = (g.output(h), g.output(w));
        for oy in 0..oh {
            let rows = (oy * g.stride).saturating_sub(g.padding)..(oy * g.stride + g.kernel - g.padding).min(h);
            for ox in 0..ow {
                let columns = (ox * g.stride).saturating_sub(g.padding)..(ox * g.stride + g.kernel - g.padding).min(w);
                let mut best = rows.start * w + columns.start;
                for y in rows.clone() {
                    for x in columns.clone() {
                        if map[y * w + x] > map[best] {
                            best = y * w + x;
                        }
                    }
                }
                found(oy * ow + ox, best);
            }
        }
    }
}

impl CustomOp1 for MaxPoolOp {
    fn name(&self) -> &'static str {
        "max pool"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, c, h, w) = layout.shape().dims4()?;
        let (oh, ow) = (self.0.output(h), self.0.output(w));
        let mut out = vec![0.0; n * c * oh * ow];
        out.par_chunks_exact_mut(oh * ow).zip(slice(x, layout)?.par_chunks_exact(h * w)).for_each(|(out, map)| {
            self.winners(map, h, w, |o, i| out[o] = map[i]);
        });
        Ok((CpuStorage::F32(out), (n, c, oh, ow).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let (_, _, h, w) = x.dims4()?;
        let dy = dy.contiguous()?;
        let (maps, dy) = (values(x)?, values(&dy)?);
        let area = self.0.output(h) * self.0.output(w);
        let mut dx = vec![0.0; maps.len()];
        dx.par_chunks_exact_mut(h * w)
            .zip(maps.par_chunks_exact(h * w))
            .zip(dy.par_chunks_exact(area))
            .for_each(|((dx, map), dy)| self.winners(map, h, w, |o, i| dx[i] += dy[o]));
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
