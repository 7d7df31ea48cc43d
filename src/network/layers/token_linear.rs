//! A linear layer over tokens, with what follows it: `f(x·Wᵀ + b)` for every token alike.
//!
//! Weights that no longer change are packed for the kernel of 1 × 1 convolutions
//! ([`super::token_product`]), bias and activation riding along. Elsewhere the product is candle's
//! (the `gemm` crate), and bias and activation are one pass over its result.

#![expect(clippy::inline_always, reason = "what vector units do is compiled for them where it is called")]

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use super::activation::activated;
use super::ruled::by_rule;
use super::token_product::{Packed, Packing};
use crate::activation::Activation;
use crate::cpu_values::{is_tracked, slice, values};
use crate::device::own_kernels_run;
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
    pub(super) packing: Packing,
}

impl TokenLinear {
    /// `weight` is `(O, I)`, `bias` is `(O)`.
    pub fn new(weight: Tensor, bias: Option<Tensor>, activation: Activation) -> Self {
        Self { weight, bias, activation, packing: Packing::new() }
    }

    /// What was packed of it, where it can be.
    fn packed(&self) -> Result<Option<&Packed>> {
        if self.packing.get().is_none() {
            // Another thread may have been as quick: both make the same.
            let _ = self.packing.set(Packed::of(&self.weight, self.bias.as_ref())?);
        }
        Ok(self.packing.get().and_then(Option::as_ref))
    }

    /// `f(x·Wᵀ + b)` of `(tokens, I)` by the packed kernel, where that can be. The activation rides
    /// along where no gradient is wanted.
    fn by_kernel(&self, x: &Tensor, activation: Activation) -> Result<Option<Tensor>> {
        let Some(packed) = self.packed()? else { return Ok(None) };
        if is_tracked(x) {
            return packed.product(x, Activation::None)?.map(|y| activated(&y, activation)).transpose();
        }
        packed.product(x, activation)
    }

    /// A layer without an activation, of some rows of this one's weights and bias.
    ///
    /// # Errors
    /// When it has no such rows.
    pub fn rows(&self, first: usize, count: usize) -> Result<Self> {
        let bias = self.bias.as_ref().map(|bias| bias.narrow(0, first, count)).transpose()?;
        let part = Self::new(self.weight.narrow(0, first, count)?, bias, Activation::None);
        let _ = part.packing.set(self.packed()?.map(|packed| packed.part(first, count)).transpose()?.flatten());
        Ok(part)
    }
}

impl Layer for TokenLinear {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (outputs, inputs) = self.weight.dims2()?;
        let mut shape = x.dims().to_vec();
        if let Some(last) = shape.last_mut() {
            *last = outputs;
        }
        let x = x.reshape(((), inputs))?;
        let ruled = mode.rule().is_some() && self.activation != Activation::None;
        let riding = if ruled { Activation::None } else { self.activation };
        let y = match (self.by_kernel(&x, riding)?, &self.bias) {
            (Some(y), _) => y,
            (None, Some(bias)) if own_kernels_run(x.device()) => {
                let y = x.matmul(&self.weight.t()?)?;
                y.apply_op2(&bias.contiguous()?, BiasOp { activation: riding })?
            }
            (None, Some(bias)) => activated(&x.matmul(&self.weight.t()?)?.broadcast_add(bias)?, riding)?,
            (None, None) => activated(&x.matmul(&self.weight.t()?)?, riding)?,
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
