//! Self-attention of every token to every other (Vaswani et al. 2017), and the block of a
//! transformer around it (Dosovitskiy et al. 2021; norms stand before the branches).
//!
//! ```text
//! Q, K, V = parts of norm(x)·Wᵀ + b, cut into heads of d channels
//! A = softmax(Q Kᵀ / √d)         (N, heads, T, T)
//! x ← x + γ₁ · proj(A V)
//! x ← x + γ₂ · mlp(norm(x))      γ: layer scale (Touvron et al. 2021), where there is one
//! ```
//!
//! Where there are norms of queries and keys (Dehghani et al. 2023), `Q` and `K` stand behind them.
//!
//! Weights of query, key and value lie one behind the other in one tensor, as torchvision and timm
//! have them.
//!
//! [`GlobalAttention::attend`] hands out `A` beside the output, and the gradient for it on the way back: what
//! attention rollout and relevance propagation are made of. For that `x ↦ A` and `(x, A) ↦ y` are
//! two pieces whose ways back are walked one after the other.
//!
//! Of the last block of a network that scores its class token, only the query of that token is
//! needed: [`Reads::Normed`] with `class_only` runs no more. The numbers are the same.

use candle_core::{Tensor, Var, bail};

use super::layer_norm::LayerNorm;
use super::mask;
use super::softmax::softmax;
use super::token_linear::TokenLinear;
use crate::graph::draw::Drawing;
use crate::graph::op::{Fold, Op};
use crate::tape::{Recorded, by_graph};
use crate::{Layer, Mode, Result};

/// The masks of stochastic depth are numbered from here on, apart from those of dropouts.
const FIRST_MASK: u64 = 1 << 32;

/// A layer's output with its attention, and the way back from both.
pub struct Attended<'a> {
    pub output: Tensor,
    /// `A`, `(N, heads, queries, T)`, detached: rows add up to 1. Where the layer yields the class
    /// token alone there is one query.
    pub weights: Tensor,
    back: AttendedBack<'a>,
}

/// From the gradient of the output to those of the input and of `A`.
type AttendedBack<'a> = Box<dyn Fn(Tensor) -> Result<(Option<Tensor>, Tensor)> + 'a>;

impl<'a> Attended<'a> {
    /// `back` goes from the gradient of the output to those of the input and of `weights`.
    pub(crate) fn new(
        output: Tensor,
        weights: Tensor,
        back: impl Fn(Tensor) -> Result<(Option<Tensor>, Tensor)> + 'a,
    ) -> Self {
        Self { output, weights, back: Box::new(back) }
    }

    /// The gradient for the layer's input and for [`Self::weights`], from that of the output.
    ///
    /// # Errors
    /// When the gradient does not have the output's shape.
    pub fn back(&self, dy: Tensor) -> Result<(Option<Tensor>, Tensor)> {
        (self.back)(dy)
    }
}

/// A layer in which every token attends to every other.
pub trait GlobalAttention {
    /// The output for explanations, with the attention that made it.
    ///
    /// # Errors
    /// When the input is not the layer's.
    fn attend(&self, x: &Tensor) -> Result<Attended<'_>>;
}

/// Where a block's input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Tokens `(N, T, D)`, which the block's first norm brings to scale.
    Tokens,
    /// Tokens behind that norm, with the residual path in front: `(N, T, D + D)`. With `class_only`
    /// only the first token is computed, and yielded as `(N, D)`.
    Normed { class_only: bool },
}

/// The branch that is left out at random in training (stochastic depth, Huang et al. 2016).
#[derive(Clone, Copy, Debug)]
pub struct DropPath {
    /// Rate of leaving out.
    pub rate: f32,
    /// Number of the branch in its network: each has masks of its own.
    pub number: u64,
}

impl DropPath {
    /// The branch with some rows of the batch left out, in training alone.
    ///
    /// # Errors
    /// When it cannot be computed.
    pub fn applied(self, branch: Tensor, mode: Mode) -> Result<Tensor> {
        let Mode::Training { seed } = mode else { return Ok(branch) };
        if self.rate <= 0.0 {
            return Ok(branch);
        }
        let mut shape = vec![1; branch.rank()];
        shape[0] = branch.dim(0)?;
        let kept = mask(&shape, 1.0 - self.rate, seed, FIRST_MASK + self.number, 0, branch.device())?;
        branch.broadcast_mul(&kept)
    }
}

/// Two linear layers with an activation between them: norm, then the branch.
pub struct Mlp {
    pub norm: LayerNorm,
    pub widen: TokenLinear,
    pub narrow: TokenLinear,
    /// γ₂, `(D)`.
    pub scale: Option<Tensor>,
    pub drop: DropPath,
}

impl Mlp {
    /// `x + γ · mlp(norm(x))`.
    ///
    /// # Errors
    /// When `x` has other channels.
    pub fn added(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let branch = self.widen.forward(&self.norm.normed(x)?, mode)?;
        let branch = scaled(&self.narrow.forward(&branch, mode)?, self.scale.as_ref())?;
        x + self.drop.applied(branch, mode)?
    }
}

impl Mlp {
    /// The same as nodes of a graph.
    pub(super) fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let normed = self.norm.draw(to, x)?;
        let wide = self.widen.draw(to, normed)?;
        let branch = self.narrow.draw(to, wide)?;
        let branch = scaled_by(to, branch, self.scale.as_ref())?;
        to.add(x, branch)
    }
}

/// `γ · x` as nodes of a graph.
fn scaled_by(to: &mut Drawing, x: usize, scale: Option<&Tensor>) -> Result<usize> {
    let Some(scale) = scale else { return Ok(x) };
    let scale = to.constant(&scale.detach())?;
    to.mul(x, scale)
}

/// Some entries of an axis as a node of a graph.
fn part(to: &mut Drawing, x: usize, axis: usize, from: usize, length: usize) -> Result<usize> {
    to.push(Op::Slice { axis, from, length, step: 1 }, &[x])
}

/// `γ · x`, channel by channel.
fn scaled(x: &Tensor, scale: Option<&Tensor>) -> Result<Tensor> {
    scale.map_or_else(|| Ok(x.clone()), |scale| x.broadcast_mul(scale))
}

/// A block of a transformer.
pub struct EncoderBlock {
    pub reads: Reads,
    /// Before the attention; not there where the stage before has computed it.
    pub norm: Option<LayerNorm>,
    pub heads: usize,
    /// Query, key and value, `(3D, D)`.
    pub qkv: TokenLinear,
    /// Of queries and of keys, over the `d` channels of each head.
    pub norms: [Option<LayerNorm>; 2],
    pub proj: TokenLinear,
    /// γ₁, `(D)`.
    pub scale: Option<Tensor>,
    pub drop: DropPath,
    pub mlp: Mlp,
}

impl EncoderBlock {
    fn width(&self) -> Result<usize> {
        self.qkv.weight.dim(1)
    }

    /// The residual path of the tokens that are computed on, and all tokens normed.
    fn parts(&self, x: &Tensor) -> Result<(Tensor, Tensor)> {
        let wide = self.width()?;
        let (_, _, given) = x.dims3()?;
        match (self.reads, &self.norm) {
            (Reads::Tokens, Some(norm)) if given == wide => Ok((x.clone(), norm.normed(x)?)),
            (Reads::Normed { class_only }, _) if given == 2 * wide => {
                let path = x.narrow(2, 0, wide)?;
                let path = if class_only { path.narrow(1, 0, 1)? } else { path };
                Ok((path.contiguous()?, x.narrow(2, wide, wide)?.contiguous()?))
            }
            _ => bail!("a block of {wide} channels was given tokens of {given}"),
        }
    }

    /// `(N, T, D)` cut into heads, `(N, heads, T, d)`.
    fn headed(&self, x: &Tensor) -> Result<Tensor> {
        let (n, tokens, wide) = x.dims3()?;
        x.reshape((n, tokens, self.heads, wide / self.heads))?.transpose(1, 2)?.contiguous()
    }

    /// `A` of normed tokens.
    fn weights(&self, normed: &Tensor) -> Result<Tensor> {
        let wide = self.width()?;
        let asking = match self.reads {
            Reads::Normed { class_only: true } => normed.narrow(1, 0, 1)?.contiguous()?,
            _ => normed.clone(),
        };
        let to_scale =
            |x: Tensor, norm: &Option<LayerNorm>| norm.as_ref().map_or(Ok(x.clone()), |norm| norm.normed(&x));
        let query = self.headed(&self.qkv.rows(0, wide)?.forward(&asking, Mode::Inference)?)?;
        let key = self.headed(&self.qkv.rows(wide, wide)?.forward(normed, Mode::Inference)?)?;
        let (query, key) = (to_scale(query, &self.norms[0])?, to_scale(key, &self.norms[1])?);
        softmax(&query.matmul(&key.t()?)?, ((wide / self.heads) as f64).powf(-0.5))
    }

    /// The output from the residual path, normed tokens and `A`.
    fn finished(&self, path: &Tensor, normed: &Tensor, weights: &Tensor, mode: Mode) -> Result<Tensor> {
        let wide = self.width()?;
        let value = self.headed(&self.qkv.rows(2 * wide, wide)?.forward(normed, Mode::Inference)?)?;
        let mixed = weights.matmul(&value)?.transpose(1, 2)?.contiguous()?.flatten_from(2)?;
        let branch = scaled(&self.proj.forward(&mixed, mode)?, self.scale.as_ref())?;
        let y = self.mlp.added(&(path + self.drop.applied(branch, mode)?)?, mode)?;
        match self.reads {
            Reads::Normed { class_only: true } => y.squeeze(1),
            _ => Ok(y),
        }
    }
}

impl Layer for EncoderBlock {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (path, normed) = self.parts(x)?;
        self.finished(&path, &normed, &self.weights(&normed)?, mode)
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        by_graph(self, &x, mode, wanted)
    }

    fn attention(&self) -> Option<&dyn GlobalAttention> {
        Some(self)
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let wide = self.width()?;
        let count = to.lengths(x)[1];
        let (mut path, normed) = match (self.reads, &self.norm) {
            (Reads::Tokens, Some(norm)) => (x, norm.draw(to, x)?),
            _ => (part(to, x, 2, 0, wide)?, part(to, x, 2, wide, wide)?),
        };
        let class_only = matches!(self.reads, Reads::Normed { class_only: true });
        let mut asking = normed;
        if class_only {
            (path, asking) = (part(to, path, 1, 0, 1)?, part(to, normed, 1, 0, 1)?);
        }
        let mut headed = |x, rows: TokenLinear, norm: &Option<LayerNorm>, tokens, order: [usize; 4]| -> Result<usize> {
            let y = rows.draw(to, x)?;
            let y = to.reshape(y, 1, &[tokens, self.heads, wide / self.heads])?;
            let y = norm.as_ref().map_or(Ok(y), |norm| norm.draw(to, y))?;
            to.transpose(y, &order)
        };
        let [of_query, of_key] = &self.norms;
        let asked = if class_only { 1 } else { count };
        let query = headed(asking, self.qkv.rows(0, wide)?, of_query, asked, [0, 2, 1, 3])?;
        let key = headed(normed, self.qkv.rows(wide, wide)?, of_key, count, [0, 2, 3, 1])?;
        let value = headed(normed, self.qkv.rows(2 * wide, wide)?, &None, count, [0, 2, 1, 3])?;
        let scale = Tensor::new(((wide / self.heads) as f32).powf(-0.5), &candle_core::Device::Cpu)?;
        let scale = to.constant(&scale)?;
        let query = to.mul(query, scale)?;
        let weights = to.push(Op::MatMul, &[query, key])?;
        let weights = to.push(Op::Softmax { axis: 3 }, &[weights])?;
        let mixed = to.push(Op::MatMul, &[weights, value])?;
        let mixed = to.transpose(mixed, &[0, 2, 1, 3])?;
        let mixed = to.reshape(mixed, 1, &[asked, wide])?;
        let branch = self.proj.draw(to, mixed)?;
        let branch = scaled_by(to, branch, self.scale.as_ref())?;
        let y = to.add(path, branch)?;
        let y = self.mlp.draw(to, y)?;
        if class_only { to.reshape(y, 1, &[wide]) } else { Ok(y) }
    }
}

impl GlobalAttention for EncoderBlock {
    fn attend(&self, x: &Tensor) -> Result<Attended<'_>> {
        let asked = Var::from_tensor(&x.detach())?;
        let weights = self.weights(&self.parts(asked.as_tensor())?.1)?;
        let given = Var::from_tensor(&weights.detach())?;
        let read = Var::from_tensor(&x.detach())?;
        let (path, normed) = self.parts(read.as_tensor())?;
        let output = self.finished(&path, &normed, given.as_tensor(), Mode::Inference)?;
        let (yielded, attention) = (output.detach(), weights.detach());
        let back = move |dy: Tensor| {
            let mut found = (&output * dy)?.sum_all()?.backward()?;
            let slope = match found.remove(given.as_tensor()) {
                Some(slope) => slope.detach(),
                None => given.zeros_like()?,
            };
            let around = found.remove(read.as_tensor()).map(|dx| dx.detach());
            let mut found = (&weights * &slope)?.sum_all()?.backward()?;
            let through = found.remove(asked.as_tensor()).map(|dx| dx.detach());
            let dx = match (around, through) {
                (Some(around), Some(through)) => Some((around + through)?),
                (around, through) => around.or(through),
            };
            Ok((dx, slope))
        };
        Ok(Attended::new(yielded, attention, back))
    }
}

/// The first norm of the block behind it, with the residual path carried along: `(N, T, D)` →
/// `(N, T, D + D)`.
pub struct NormBeside(pub LayerNorm);

impl Layer for NormBeside {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        Tensor::cat(&[x, &self.0.normed(x)?], candle_core::D::Minus1)
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        by_graph(self, &x, mode, wanted)
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let normed = self.0.draw(to, x)?;
        let axis = to.lengths(x).len() - 1;
        to.push(Op::Concat { axis }, &[x, normed])
    }
}

/// The mean of the patches, behind the first `prefix` tokens, brought to scale: `(N, T, D)` → `(N, D)`.
pub struct NormedMean {
    pub prefix: usize,
    pub norm: LayerNorm,
}

impl Layer for NormedMean {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        let patches = x.dim(1)?.saturating_sub(self.prefix);
        self.norm.normed(&x.narrow(1, self.prefix, patches)?.mean(1)?)
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let patches = to.lengths(x)[1].saturating_sub(self.prefix);
        let patches = part(to, x, 1, self.prefix, patches)?;
        let mean = to.push(Op::Reduce { fold: Fold::Mean, axes: vec![1], keep: false }, &[patches])?;
        self.norm.draw(to, mean)
    }
}
