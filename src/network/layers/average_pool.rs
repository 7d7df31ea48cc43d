//! Average pooling: over windows of two by two, and to a grid of a given size.
//!
//! To a grid of `g` from a length of `n`, cell `i` is the mean over `⌊i·n/g⌋ … ⌈(i+1)·n/g⌉`, as
//! PyTorch's adaptive pooling has it: cells overlap where `n` is no multiple of `g`, and repeat
//! values where `n < g`.

use std::ops::Range;

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use rayon::prelude::*;

use crate::Result;
use crate::cpu_values::{slice, values};
use crate::device::own_kernels_run;
use crate::nchw16c::{LANES, Maps, Pixel, pixels, pixels_mut, to_blocks};

/// `(N, C, H, W)` or blocked → `(N, C, H/2, W/2)`, on the CPU blocked: means of two by two; an odd
/// row or column at the end is left out.
pub(super) fn halve(x: &Tensor) -> Result<Tensor> {
    average(x, Windows::of_two(x.dim(2)?, x.dim(3)?))
}

/// The gradient of blocked maps of `size` from that of their halves.
pub(super) fn unhalve(dy: &Tensor, size: Maps) -> Result<Tensor> {
    let dx = Windows::of_two(size.h, size.w).hand_back(&values(&dy.contiguous()?)?, size);
    Tensor::from_vec(dx, size.shape(), dy.device())
}

/// `(N, C, H, W)` or blocked → `(N, C, grid, grid)`, on the CPU blocked, for any `H` and `W`.
pub(super) fn to_grid(x: &Tensor, grid: usize) -> Result<Tensor> {
    let (h, w) = (x.dim(2)?, x.dim(3)?);
    if (h, w) == (grid, grid) {
        return Ok(x.clone());
    }
    let windows = |n: usize| (0..grid).map(|i| i * n / grid..((i + 1) * n).div_ceil(grid)).collect();
    average(x, Windows { rows: windows(h), columns: windows(w) })
}

/// Means to a grid as two matrices: `rows · x · columns`.
pub(super) fn grid_matrices(h: usize, w: usize, grid: usize) -> Result<[Tensor; 2]> {
    let matrix = |n: usize| {
        let mut values = vec![0.0f32; grid * n];
        for (i, row) in values.chunks_exact_mut(n).enumerate() {
            let cell = i * n / grid..((i + 1) * n).div_ceil(grid);
            let share = 1.0 / cell.len() as f32;
            row[cell].fill(share);
        }
        Tensor::from_vec(values, (grid, n), &candle_core::Device::Cpu)
    };
    Ok([matrix(h)?, matrix(w)?.t()?.contiguous()?])
}

fn average(x: &Tensor, windows: Windows) -> Result<Tensor> {
    if own_kernels_run(x.device()) { to_blocks(x)?.contiguous()?.apply_op1(windows) } else { windows.composed(x) }
}

/// Rows and columns that each cell of the output is the mean of.
struct Windows {
    rows: Vec<Range<usize>>,
    columns: Vec<Range<usize>>,
}

impl Windows {
    /// Two by two; an odd row or column at the end is left out.
    fn of_two(h: usize, w: usize) -> Self {
        let windows = |n: usize| (0..(n / 2).max(1)).map(|i| 2 * i..(2 * i + 2).min(n)).collect();
        Self { rows: windows(h), columns: windows(w) }
    }

    /// The gradient of maps of `size`: each cell hands its share to all that it was the mean of.
    fn hand_back(&self, dy: &[f32], size: Maps) -> Vec<f32> {
        let cells = pixels(dy).par_chunks_exact(self.rows.len() * self.columns.len());
        let mut dx = vec![0.0; size.n * size.image() * LANES];
        pixels_mut(&mut dx).par_chunks_exact_mut(size.area()).zip(cells).for_each(|(dx, dy)| {
            self.visit(|cell, y, columns, share| {
                dx[y * size.w..][columns.clone()].iter_mut().for_each(|v| add(v, &dy[cell], share));
            });
        });
        dx
    }

    /// Calls `each(cell, row of the map, columns of the map, 1 / size)` for every row of every
    /// window.
    fn visit(&self, mut each: impl FnMut(usize, usize, &Range<usize>, f32)) {
        for (i, rows) in self.rows.iter().enumerate() {
            for (j, columns) in self.columns.iter().enumerate() {
                let share = 1.0 / (rows.len() * columns.len()) as f32;
                rows.clone().for_each(|y| each(i * self.columns.len() + j, y, columns, share));
            }
        }
    }

    /// As a product with two matrices, for devices without our kernels.
    fn composed(&self, x: &Tensor) -> Result<Tensor> {
        let (_, _, h, w) = x.dims4()?;
        let matrix = |windows: &[Range<usize>], n: usize| {
            let mut values = vec![0.0f32; windows.len() * n];
            for (row, window) in values.chunks_exact_mut(n).zip(windows) {
                row[window.clone()].fill(1.0 / window.len() as f32);
            }
            Tensor::from_vec(values, (windows.len(), n), x.device())
        };
        let columns = matrix(&self.columns, w)?.t()?.contiguous()?;
        matrix(&self.rows, h)?.broadcast_matmul(&x.broadcast_matmul(&columns)?)
    }
}

impl CustomOp1 for Windows {
    fn name(&self) -> &'static str {
        "average pool"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let size = Maps::of(layout.dims())?;
        let out = Maps { h: self.rows.len(), w: self.columns.len(), ..size };
        let mut values = vec![0.0; out.n * out.image() * LANES];
        let maps = pixels(slice(x, layout)?).par_chunks_exact(size.area());
        pixels_mut(&mut values).par_chunks_exact_mut(out.area()).zip(maps).for_each(|(out, map)| {
            self.visit(|cell, y, columns, share| {
                map[y * size.w..][columns.clone()].iter().for_each(|v| add(&mut out[cell], v, share));
            });
        });
        Ok((CpuStorage::F32(values), out.shape()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dx = self.hand_back(&values(&dy.contiguous()?)?, Maps::of(x.dims())?);
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

/// `sum += v · share` in every lane.
fn add(sum: &mut Pixel, v: &Pixel, share: f32) {
    sum.iter_mut().zip(v).for_each(|(s, v)| *s += v * share);
}
