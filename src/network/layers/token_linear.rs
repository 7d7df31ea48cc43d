//! A linear layer over tokens, with what follows it: `f(x·Wᵀ + b)` for every token alike.
//!
//! The product is candle's (the `gemm` crate); bias and activation are one pass over its result.

#![expect(clippy::inline_always, reason = "what vector units do is compiled for them where it is called")]

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use super::activation::{activated, by_rule};
use crate::activation::Activation;
use crate::cpu_values::{is_tracked, slice, values};
use crate::graph::draw::Drawing;
use crate::{Layer, Mode, Result};

/// Values that one core takes at a time.
const SHARE: usize = 1 << 14;

/// `(…, I)` → `(…, O)`.
pub struct TokenLinear {
    /// `(O, I)`.
    pub weight: Tensor,
    /// `(O)`.
    pub bias: Option<Tensor>,
    pub activation: Activation,
}

impl TokenLinear {
    /// A layer without an activation, of some rows of this one's weights and bias.
    ///
    /// # Errors
    /// When it has no such rows.
    pub fn rows(&self, first: usize, count: usize) -> Result<Self> {
        let bias = self.bias.as_ref().map(|bias| bias.narrow(0, first, count)).transpose()?;
        Ok(Self { weight: self.weight.narrow(0, first, count)?, bias, activation: Activation::None })
    }
}

impl Layer for TokenLinear {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (outputs, inputs) = self.weight.dims2()?;
        let mut shape = x.dims().to_vec();
        if let Some(last) = shape.last_mut() {
            *last = outputs;
        }
        let y = x.reshape(((), inputs))?.matmul(&self.weight.t()?)?;
        let ruled = mode.rule().is_some() && self.activation != Activation::None;
        let riding = if ruled { Activation::None } else { self.activation };
        let y = match &self.bias {
            Some(bias) if x.device().is_cpu() => y.apply_op2(&bias.contiguous()?, BiasOp { activation: riding })?,
            Some(bias) => activated(&y.broadcast_add(bias)?, riding)?,
            None => activated(&y, riding)?,
        };
        let y = match mode.rule() {
            Some(rule) if ruled => by_rule(&y, self.activation, rule)?,
            _ => y,
        };
        y.reshape(shape)
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let y = to.linear(&self.weight, self.bias.as_ref(), x)?;
        to.activation(self.activation, y)
    }
}

/// `f(y + b)`, row by row.
struct BiasOp {
    activation: Activation,
}

/// The activation of some rows, for vector units.
struct Rows<'a> {
    activation: Activation,
    bias: &'a [f32],
    y: &'a [f32],
    /// The gradient of the output, where the way back is wanted.
    dy: Option<&'a [f32]>,
    out: &'a mut [f32],
}

impl NullaryFnOnce for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let wide = self.bias.len();
        for (i, (out, y)) in self.out.chunks_exact_mut(wide).zip(self.y.chunks_exact(wide)).enumerate() {
            match self.dy {
                None => {
                    out.iter_mut().zip(y.iter().zip(self.bias)).for_each(|(o, (y, b))| *o = y + b);
                    self.activation.apply(out);
                }
                Some(dy) => {
                    let z: Vec<f32> = y.iter().zip(self.bias).map(|(y, b)| y + b).collect();
                    self.activation.pass_back(&dy[i * wide..(i + 1) * wide], &z, out);
                }
            }
        }
    }
}

/// Values of whole rows that make about a share.
fn share(wide: usize) -> usize {
    (SHARE / wide.max(1)).max(1) * wide.max(1)
}

impl CustomOp2 for BiasOp {
    fn name(&self) -> &'static str {
        "bias and activation"
    }

    fn cpu_fwd(&self, y: &CpuStorage, ly: &Layout, bias: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        let (y, bias) = (slice(y, ly)?, slice(bias, lb)?);
        let (share, arch, activation) = (share(bias.len()), Arch::new(), self.activation);
        let mut out = vec![0f32; y.len()];
        out.par_chunks_mut(share).zip(y.par_chunks(share)).for_each(|(out, y)| {
            arch.dispatch(Rows { activation, bias, y, dy: None, out });
        });
        Ok((CpuStorage::F32(out), ly.shape().clone()))
    }

    fn bwd(&self, y: &Tensor, bias: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let dy = dy.contiguous()?;
        let dz = if self.activation == Activation::None {
            dy
        } else {
            let (y, bias, dy) = (values(y)?, values(bias)?, values(&dy)?);
            let (share, arch, activation, bias) = (share(bias.len()), Arch::new(), self.activation, &bias[..]);
            let mut dz = vec![0f32; y.len()];
            dz.par_chunks_mut(share).zip(y.par_chunks(share)).zip(dy.par_chunks(share)).for_each(|((out, y), dy)| {
                arch.dispatch(Rows { activation, bias, y, dy: Some(dy), out });
            });
            Tensor::from_vec(dz, dy_shape(y.len(), bias.len()), &candle_core::Device::Cpu)?
        };
        let db = is_tracked(bias).then(|| dz.sum(0)).transpose()?;
        Ok((Some(dz), db))
    }
}

fn dy_shape(count: usize, wide: usize) -> (usize, usize) {
    (count / wide.max(1), wide)
}
