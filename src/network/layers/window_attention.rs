//! Attention within windows of tokens, every second time shifted by half a window: the block of
//! Swin transformers (Liu et al. 2021), as torchvision and timm compute it.
//!
//! ```text
//! A = softmax(Q Kᵀ / √d + B[relative position] + M)       within each window
//! ```
//!
//! `B` is learnt, one value for each head and each way from one token of a window to another. Maps
//! `(N, H, W, D)` are filled up with zeros to whole windows; shifting rolls them, and `M` keeps
//! apart what the roll brought together from opposite sides (−100, as published). Where a map is no
//! larger than a window nothing is shifted. Rolling, filling up and cutting are one gathering of
//! tokens.

use candle_core::{Device, Tensor, bail};

use super::attention::{DropPath, Mlp};
use super::layer_norm::LayerNorm;
use super::softmax::softmax;
use super::token_linear::TokenLinear;
use crate::graph::draw::Drawing;
use crate::graph::op::Op;
use crate::tape::{Recorded, by_graph};
use crate::{Layer, Mode, Result};

/// What is added between tokens that do not belong together.
const APART: f32 = -100.0;

/// Attention within windows.
pub struct WindowAttention {
    pub heads: usize,
    /// Tokens along a side of a window.
    pub window: usize,
    /// Half a window, or 0.
    pub shift: usize,
    /// Query, key and value, `(3D, D)`.
    pub qkv: TokenLinear,
    pub proj: TokenLinear,
    /// `((2·window − 1)², heads)`.
    pub table: Tensor,
}

/// How the tokens of a map stand in windows.
struct Plan {
    windows: usize,
    /// For each token of each window, the token of the map; one past the last stands for zeros.
    gather: Vec<u32>,
    /// For each token of the map, its place among those of the windows.
    scatter: Vec<u32>,
    /// `(windows, T, T)`, where anything is kept apart.
    mask: Option<Vec<f32>>,
}

impl Plan {
    fn of(height: usize, width: usize, window: usize, shift: usize) -> Self {
        let (high, wide) = (height.next_multiple_of(window), width.next_multiple_of(window));
        let down = if window >= high { 0 } else { shift };
        let along = if window >= wide { 0 } else { shift };
        let (rows, columns, area) = (high / window, wide / window, window * window);
        let mut gather = Vec::with_capacity(high * wide);
        let mut scatter = vec![0; height * width];
        let mut parts = Vec::with_capacity(high * wide);
        // Which of three bands a line of the rolled map belongs to.
        let band = |line: usize, length: usize, shift: usize| match shift {
            0 => 0,
            _ if line < length - window => 0,
            _ if line < length - shift => 1,
            _ => 2,
        };
        for place in 0..rows * columns * area {
            let (w, t) = (place / area, place % area);
            let (y, x) = (w / columns * window + t / window, w % columns * window + t % window);
            parts.push(3 * band(y, high, down) + band(x, wide, along));
            let (from_y, from_x) = ((y + down) % high, (x + along) % wide);
            if from_y < height && from_x < width {
                let token = from_y * width + from_x;
                gather.push(token as u32);
                scatter[token] = place as u32;
            } else {
                gather.push((height * width) as u32);
            }
        }
        let mask = (down > 0 || along > 0).then(|| {
            let pair = |a: usize, b: usize| if a == b { 0.0 } else { APART };
            parts
                .chunks(area)
                .flat_map(|own| own.iter().flat_map(move |a| own.iter().map(move |b| pair(*a, *b))))
                .collect()
        });
        Self { windows: rows * columns, gather, scatter, mask }
    }
}

impl WindowAttention {
    /// Numbers of the rows of the table for each pair of tokens of a window.
    fn ways(&self) -> Vec<u32> {
        let (side, area) = (self.window, self.window * self.window);
        let apart = |a: usize, b: usize| a + side - 1 - b;
        let way = |i: usize, j: usize| apart(i / side, j / side) * (2 * side - 1) + apart(i % side, j % side);
        (0..area).flat_map(|i| (0..area).map(move |j| way(i, j) as u32)).collect()
    }

    /// `B`, `(1, heads, T, T)`.
    fn bias(&self) -> Result<Tensor> {
        let area = self.window * self.window;
        let ways = Tensor::from_vec(self.ways(), area * area, self.table.device())?;
        let rows = self.table.index_select(&ways, 0)?.reshape((area, area, self.heads))?;
        rows.permute((2, 0, 1))?.contiguous()?.unsqueeze(0)
    }

    /// The same as nodes of a graph.
    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let [height, width, wide] = *to.lengths(x).get(1..).unwrap_or_default() else { bail!("windows are of maps") };
        let (plan, area, heads) =
            (Plan::of(height, width, self.window, self.shift), self.window * self.window, self.heads);
        let mut tokens = to.reshape(x, 1, &[height * width, wide])?;
        if plan.gather.len() > height * width {
            tokens = to.push(Op::Pad { axis: 1, before: 0, behind: 1 }, &[tokens])?;
        }
        let windows = to.push(Op::Pick { axis: 1, numbers: plan.gather }, &[tokens])?;
        let windows = to.reshape(windows, plan.windows, &[area, wide])?;
        let parts = self.qkv.draw(to, windows)?;
        let parts = to.reshape(parts, plan.windows, &[area, 3, heads, wide / heads])?;
        let mut part = |from: usize, order: [usize; 4]| -> Result<usize> {
            let part = to.push(Op::Slice { axis: 2, from, length: 1, step: 1 }, &[parts])?;
            let part = to.reshape(part, plan.windows, &[area, heads, wide / heads])?;
            to.transpose(part, &order)
        };
        let (query, key) = (part(0, [0, 2, 1, 3])?, part(1, [0, 2, 3, 1])?);
        let value = part(2, [0, 2, 1, 3])?;
        let scale = to.constant(&Tensor::new(((wide / heads) as f32).powf(-0.5), &Device::Cpu)?)?;
        let query = to.mul(query, scale)?;
        let mut weights = to.push(Op::MatMul, &[query, key])?;
        let bias = to.constant(&self.bias()?.detach())?;
        weights = to.add(weights, bias)?;
        if let Some(mask) = plan.mask {
            let mask = to.constant(&Tensor::from_vec(mask, (1, plan.windows, 1, area, area), &Device::Cpu)?)?;
            let apart = to.reshape(weights, 1, &[plan.windows, heads, area, area])?;
            let apart = to.add(apart, mask)?;
            weights = to.reshape(apart, plan.windows, &[heads, area, area])?;
        }
        let weights = to.push(Op::Softmax { axis: 3 }, &[weights])?;
        let mixed = to.push(Op::MatMul, &[weights, value])?;
        let mixed = to.transpose(mixed, &[0, 2, 1, 3])?;
        let mixed = to.reshape(mixed, plan.windows, &[area, wide])?;
        let mixed = self.proj.draw(to, mixed)?;
        let mixed = to.reshape(mixed, 1, &[plan.windows * area, wide])?;
        let mixed = to.push(Op::Pick { axis: 1, numbers: plan.scatter }, &[mixed])?;
        to.reshape(mixed, 1, &[height, width, wide])
    }

    /// `(N, H, W, D)` → the same shape.
    fn mixed(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (n, height, width, wide) = x.dims4()?;
        if wide != self.qkv.weight.dim(1)? {
            bail!("attention of {} channels was given maps of {wide}", self.qkv.weight.dim(1)?);
        }
        let (plan, area, heads) =
            (Plan::of(height, width, self.window, self.shift), self.window * self.window, self.heads);
        let mut tokens = x.reshape((n, height * width, wide))?;
        if plan.gather.len() > height * width {
            tokens = Tensor::cat(&[&tokens, &Tensor::zeros((n, 1, wide), x.dtype(), x.device())?], 1)?;
        }
        let places = |numbers: Vec<u32>, device: &Device| {
            let count = numbers.len();
            Tensor::from_vec(numbers, count, device)
        };
        let windows = tokens.index_select(&places(plan.gather, x.device())?, 1)?;
        let windows = windows.reshape((n * plan.windows, area, wide))?;
        let parts = self.qkv.forward(&windows, mode)?.reshape((n * plan.windows, area, 3, heads, wide / heads))?;
        let parts = parts.permute((2, 0, 3, 1, 4))?.contiguous()?;
        let part = |i: usize| parts.narrow(0, i, 1)?.squeeze(0);
        let query = (part(0)? * ((wide / heads) as f64).powf(-0.5))?;
        let mut weights = query.matmul(&part(1)?.t()?)?.broadcast_add(&self.bias()?)?;
        if let Some(mask) = plan.mask {
            let mask = Tensor::from_vec(mask, (1, plan.windows, 1, area, area), x.device())?;
            let apart = weights.reshape((n, plan.windows, heads, area, area))?.broadcast_add(&mask)?;
            weights = apart.reshape((n * plan.windows, heads, area, area))?;
        }
        let mixed = softmax(&weights, 1.0)?.matmul(&part(2)?.contiguous()?)?;
        let mixed = mixed.transpose(1, 2)?.contiguous()?.reshape((n * plan.windows, area, wide))?;
        let mixed = self.proj.forward(&mixed, mode)?.reshape((n, plan.windows * area, wide))?;
        mixed.index_select(&places(plan.scatter, x.device())?, 1)?.reshape((n, height, width, wide))
    }
}

/// A block: attention and a hidden layer, each added.
pub struct SwinBlock {
    /// Before the attention; not there where the stage before has computed it and carries the
    /// residual path in front: `(N, H, W, D + D)`.
    pub norm: Option<LayerNorm>,
    pub attention: WindowAttention,
    pub drop: DropPath,
    pub mlp: Mlp,
}

impl Layer for SwinBlock {
    /// `(N, H, W, D)` → the same shape.
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (path, normed) = if let Some(norm) = &self.norm {
            (x.clone(), norm.normed(x)?)
        } else {
            let wide = x.dim(3)? / 2;
            (x.narrow(3, 0, wide)?.contiguous()?, x.narrow(3, wide, wide)?.contiguous()?)
        };
        let branch = self.attention.mixed(&normed, mode)?;
        self.mlp.added(&(path + self.drop.applied(branch, mode)?)?, mode)
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        by_graph(self, &x, mode, wanted)
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let wide = self.attention.qkv.weight.dim(1)?;
        let half = |to: &mut Drawing, from| to.push(Op::Slice { axis: 3, from, length: wide, step: 1 }, &[x]);
        let (path, normed) = match &self.norm {
            Some(norm) => (x, norm.draw(to, x)?),
            None => (half(to, 0)?, half(to, wide)?),
        };
        let branch = self.attention.draw(to, normed)?;
        let y = to.add(path, branch)?;
        self.mlp.draw(to, y)
    }
}

/// Joins the channels of two by two tokens, norms them and halves their number: `(N, H, W, D)` →
/// `(N, ⌈H/2⌉, ⌈W/2⌉, D′)`.
pub struct PatchMerging {
    pub norm: LayerNorm,
    /// `(D′, 4D)`, without a bias.
    pub reduction: TokenLinear,
}

impl Layer for PatchMerging {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (_, height, width, _) = x.dims4()?;
        let x = if height % 2 > 0 { x.pad_with_zeros(1, 0, 1)? } else { x.clone() };
        let x = if width % 2 > 0 { x.pad_with_zeros(2, 0, 1)? } else { x };
        let (n, height, width, wide) = x.dims4()?;
        let cut = x.reshape((n, height / 2, 2, width / 2, 2, wide))?.permute((0, 1, 3, 4, 2, 5))?;
        let joined = cut.contiguous()?.reshape((n, height / 2, width / 2, 4 * wide))?;
        self.reduction.forward(&self.norm.normed(&joined)?, mode)
    }

    fn side(&self, length: usize) -> usize {
        length.div_ceil(2)
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let [height, width, wide] = *to.lengths(x).get(1..).unwrap_or_default() else { bail!("patches are maps") };
        let mut x = x;
        for (axis, length) in [(1, height), (2, width)] {
            if length % 2 > 0 {
                x = to.push(Op::Pad { axis, before: 0, behind: 1 }, &[x])?;
            }
        }
        let (rows, columns) = (height.div_ceil(2), width.div_ceil(2));
        let cut = to.reshape(x, 1, &[rows, 2, columns, 2, wide])?;
        let cut = to.transpose(cut, &[0, 1, 3, 4, 2, 5])?;
        let joined = to.reshape(cut, 1, &[rows, columns, 4 * wide])?;
        let normed = self.norm.draw(to, joined)?;
        self.reduction.draw(to, normed)
    }
}

/// The mean over all places: `(N, H, W, D)` → `(N, D)`.
pub struct PlaceMean;

impl Layer for PlaceMean {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        x.flatten(1, 2)?.mean(1)
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        to.mean(x, [1, 2], false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_comes_back_to_its_place() {
        for (height, width, window, shift) in [(8, 8, 4, 0), (8, 8, 4, 2), (7, 10, 4, 2), (3, 9, 4, 2), (7, 7, 7, 3)] {
            let plan = Plan::of(height, width, window, shift);
            for (token, place) in plan.scatter.iter().enumerate() {
                assert_eq!(plan.gather[*place as usize], token as u32);
            }
            assert_eq!(plan.gather.len(), plan.windows * window * window);
            assert_eq!(plan.mask.is_some(), shift > 0 && (height > window || width > window));
        }
    }
}
