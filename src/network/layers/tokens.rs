//! From an image to tokens: patches, a class token and registers in front, and where each stands.
//!
//! A patch of `p × p` pixels becomes a token by one linear layer, which is a convolution of that
//! kernel and stride (Dosovitskiy et al. 2021). The position embedding was learnt for one grid; for
//! another it is resampled as timm does (`resample_abs_pos_embed`: bicubic with a = −0.5, which
//! blurs where the grid shrinks; torchvision's helper for checkpoints has no such blur). On the
//! grid that it was learnt for nothing is computed.
//!
//! Inputs that are not made of whole patches are refused: what is left over would be in no token,
//! and a map would be stretched over it.

use candle_core::{Device, Tensor, bail};

use super::layer_norm::LayerNorm;
use crate::activation::Activation;
use crate::geometry::Geometry;
use crate::graph::draw::Drawing;
use crate::graph::op::Op;
use crate::{Layer, Mode, Result};

/// Patches, tokens in front, positions.
pub struct Embedding {
    /// `(D, C, p, p)`.
    pub weight: Tensor,
    /// `(D)`.
    pub bias: Tensor,
    /// `(1, 1, D)`.
    pub class: Tensor,
    /// `(1, R, D)`, where there are any.
    pub registers: Option<Tensor>,
    /// `(1, T, D)`: of the class token and every patch of a square grid; with registers of the
    /// patches alone.
    pub positions: Tensor,
}

/// Patches of `(N, C, H, W)` by a kernel `(D, C, p, p)` and a bias `(D)`: `(N, rows, columns, D)`.
fn patches(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (n, channels, height, width) = x.dims4()?;
    let (wide, taken, p, _) = weight.dims4()?;
    if channels != taken {
        bail!("the patches have {taken} channels, and the input {channels}");
    }
    if height % p > 0 || width % p > 0 || height == 0 || width == 0 {
        bail!(
            "an input of {width} × {height} is not made of whole patches of {p} × {p}; choose sides that are multiples \
             of {p}"
        );
    }
    let (rows, columns) = (height / p, width / p);
    let cut = x.reshape((n, channels, rows, p, columns, p))?.permute((0, 2, 4, 1, 3, 5))?;
    let cut = cut.contiguous()?.reshape((n * rows * columns, channels * p * p))?;
    let tokens = cut.matmul(&weight.flatten_from(1)?.t()?)?.broadcast_add(bias)?;
    tokens.reshape((n, rows, columns, wide))
}

/// The same as nodes of a graph, `(N, rows · columns, D)`.
fn drawn_patches(to: &mut Drawing, x: usize, weight: &Tensor, bias: &Tensor) -> Result<(usize, [usize; 2])> {
    let (wide, _, p, _) = weight.dims4()?;
    let maps = to.conv([Some(weight), Some(bias)], Geometry::even(p, p, 0), Activation::None, x, None)?;
    let [_, rows, columns] = to.map(maps)?;
    let flat = to.reshape(maps, 1, &[wide, rows * columns])?;
    Ok((to.transpose(flat, &[0, 2, 1])?, [rows, columns]))
}

impl Embedding {
    /// Positions for a grid; those of the class token, if it has any, in front.
    fn positions(&self, rows: usize, columns: usize) -> Result<Tensor> {
        let (_, count, wide) = self.positions.dims3()?;
        let front = usize::from(self.registers.is_none());
        let side = (count - front).isqrt();
        if side * side + front != count {
            bail!("{} positions are those of no square grid", count - front);
        }
        if (rows, columns) == (side, side) {
            return Ok(self.positions.clone());
        }
        let grid = self.positions.narrow(1, front, side * side)?.contiguous()?.reshape((side, side * wide))?;
        let down = resampling(side, rows, grid.device())?.matmul(&grid)?.reshape((rows, side, wide))?;
        let across = down.transpose(0, 1)?.contiguous()?.reshape((side, rows * wide))?;
        let across = resampling(side, columns, grid.device())?.matmul(&across)?.reshape((columns, rows, wide))?;
        let grid = across.transpose(0, 1)?.contiguous()?.reshape((1, rows * columns, wide))?;
        if front == 0 { Ok(grid) } else { Tensor::cat(&[&self.positions.narrow(1, 0, 1)?, &grid], 1) }
    }
}

impl Layer for Embedding {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        let patches = patches(x, &self.weight, &self.bias)?;
        let (n, rows, columns, wide) = patches.dims4()?;
        let patches = patches.flatten(1, 2)?;
        let class = self.class.expand((n, 1, wide))?;
        let positions = self.positions(rows, columns)?;
        match &self.registers {
            None => Tensor::cat(&[&class, &patches], 1)?.broadcast_add(&positions),
            Some(registers) => {
                let registers = registers.expand((n, registers.dim(1)?, wide))?;
                Tensor::cat(&[&class, &registers, &patches.broadcast_add(&positions)?], 1)
            }
        }
    }

    fn side(&self, length: usize) -> usize {
        length / self.weight.dims()[3]
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let (patches, [rows, columns]) = drawn_patches(to, x, &self.weight, &self.bias)?;
        let class = to.constant(&self.class)?;
        let positions = to.constant(&self.positions(rows, columns)?)?;
        match &self.registers {
            None => {
                let tokens = to.push(Op::Concat { axis: 1 }, &[class, patches])?;
                to.add(tokens, positions)
            }
            Some(registers) => {
                let (registers, patches) = (to.constant(registers)?, to.add(patches, positions)?);
                to.push(Op::Concat { axis: 1 }, &[class, registers, patches])
            }
        }
    }
}

/// Patches with a norm, as maps with the channels last: `(N, C, H, W)` → `(N, rows, columns, D)`.
pub struct PatchMaps {
    /// `(D, C, p, p)`.
    pub weight: Tensor,
    /// `(D)`.
    pub bias: Tensor,
    pub norm: LayerNorm,
}

impl Layer for PatchMaps {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        self.norm.normed(&patches(x, &self.weight, &self.bias)?)
    }

    fn side(&self, length: usize) -> usize {
        length / self.weight.dims()[3]
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let (patches, [rows, columns]) = drawn_patches(to, x, &self.weight, &self.bias)?;
        let maps = to.reshape(patches, 1, &[rows, columns, self.weight.dim(0)?])?;
        self.norm.draw(to, maps)
    }
}

/// The matrix `(to, from)` that resamples a line of values by cubic convolution, wider where the
/// line is made shorter: PyTorch's `interpolate(mode="bicubic", antialias=True)`.
fn resampling(from: usize, to: usize, device: &Device) -> Result<Tensor> {
    const A: f64 = -0.5;
    let cubic = |x: f64| {
        let x = x.abs();
        if x < 1.0 {
            ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
        } else if x < 2.0 {
            (((x - 5.0) * x + 8.0) * x - 4.0) * A
        } else {
            0.0
        }
    };
    let step = from as f64 / to as f64;
    let blur = step.max(1.0);
    let mut matrix = vec![0f32; to * from];
    for (i, row) in matrix.chunks_exact_mut(from).enumerate() {
        let centre = step * (i as f64 + 0.5);
        let first = (centre - 2.0 * blur + 0.5).max(0.0) as usize;
        let last = ((centre + 2.0 * blur + 0.5).max(0.0) as usize).min(from);
        let weights: Vec<f64> = (first..last).map(|j| cubic((j as f64 + 0.5 - centre) / blur)).collect();
        let total: f64 = weights.iter().sum();
        row[first..last].iter_mut().zip(&weights).for_each(|(w, v)| *w = (v / total) as f32);
    }
    Tensor::from_vec(matrix, (to, from), device)
}
