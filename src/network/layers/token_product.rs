//! `x·Wᵀ + b` for many tokens by the kernel of 1 × 1 convolutions, with the activation riding along.
//!
//! Tokens `(…, I)` are maps of one pixel a token. Sixteen channels of a token are neighbours, as
//! they are in a block, so that going to blocks and back moves whole vectors. Weights are packed
//! once, hence this is for those that no longer change; the others are multiplied by candle.

use std::sync::{Arc, OnceLock};

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::Result;
use crate::activation::Activation;
use crate::cpu_values::{is_tracked, slice, values};
use crate::device::own_kernels_run;
use crate::geometry::Geometry;
use crate::nchw16c::forward::{Epilogue, Weights, convolve};
use crate::nchw16c::packing::{Kernel, pack, pack_bias};
use crate::nchw16c::{LANES, Maps, WIDE, WidePixel, pixels};

/// Fewer tokens are not worth going to blocks: one line of the kernel takes fourteen.
const FEWEST: usize = 8;
/// Tokens that one core copies at a time.
const SHARE: usize = 32;

/// What was packed of a layer, made when it is asked for the first time; none where it cannot be.
pub(super) type Packing = OnceLock<Option<Packed>>;

/// Some rows of `W` and `b`, in rows of 32 outputs.
#[derive(Clone)]
pub(super) struct Packed {
    rows: Arc<Vec<WidePixel>>,
    bias: Arc<Vec<WidePixel>>,
    /// `(outputs, I)`, for the way back.
    weight: Tensor,
    /// Row of 32 outputs at which they begin.
    first: usize,
}

impl Packed {
    /// `W` is `(O, I)`, `b` is `(O)`. None where they are trained, are not on the CPU, or where `I`
    /// is not made of whole blocks.
    ///
    /// # Errors
    /// When the values cannot be read.
    pub(super) fn of(weight: &Tensor, bias: Option<&Tensor>) -> Result<Option<Self>> {
        let (outputs, channels) = weight.dims2()?;
        let trained = is_tracked(weight) || bias.is_some_and(is_tracked);
        if trained || !own_kernels_run(weight.device()) || !channels.is_multiple_of(LANES) {
            return Ok(None);
        }
        let weight = weight.contiguous()?;
        let rows = pack(&values(&weight)?, Kernel { outputs, channels, taps: 1 });
        let bias = match bias {
            Some(bias) => pack_bias(&values(&bias.contiguous()?)?),
            None => pack_bias(&vec![0.0; outputs]),
        };
        Ok(Some(Self { rows: Arc::new(rows), bias: Arc::new(bias), weight, first: 0 }))
    }

    /// `count` of its rows from `first` on; none where they begin or end within 32.
    ///
    /// # Errors
    /// When there are no such rows.
    pub(super) fn part(&self, first: usize, count: usize) -> Result<Option<Self>> {
        if !first.is_multiple_of(WIDE) || !count.is_multiple_of(WIDE) {
            return Ok(None);
        }
        let weight = self.weight.narrow(0, first, count)?;
        Ok(Some(Self { weight, first: self.first + first / WIDE, ..self.clone() }))
    }

    /// `f(x·Wᵀ + b)` of `(tokens, I)`; none where there are too few of them. Gradients flow to `x`
    /// where there is no activation.
    ///
    /// # Errors
    /// When `x` has other channels.
    pub(super) fn product(&self, x: &Tensor, activation: Activation) -> Result<Option<Tensor>> {
        if x.dim(0)? < FEWEST {
            return Ok(None);
        }
        x.contiguous()?.apply_op1(ProductOp { packed: self.clone(), activation }).map(Some)
    }
}

struct ProductOp {
    packed: Packed,
    activation: Activation,
}

impl CustomOp1 for ProductOp {
    fn name(&self) -> &'static str {
        "linear layer of tokens"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Packed { rows, bias, weight, first } = &self.packed;
        let ((tokens, given), (outputs, channels)) = (layout.shape().dims2()?, weight.dims2()?);
        if given != channels {
            bail!("a linear layer of {channels} channels was given tokens of {given}");
        }
        let kernel = Kernel { outputs, channels, taps: 1 };
        let rows = &rows[first * kernel.rows()..][..kernel.pairs() * kernel.rows()];
        let weights = Weights { kernel, rows, bias: Some(&bias[*first..]) };
        let size = Maps { n: 1, blocks: channels / LANES, h: 1, w: tokens };
        let epilogue = Epilogue { activation: self.activation, ..Epilogue::default() };
        let maps = convolve(&in_blocks(slice(x, layout)?, channels), size, weights, Geometry::even(1, 1, 0), epilogue);
        Ok((CpuStorage::F32(in_rows(&maps, tokens, outputs)), (tokens, outputs).into()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        if self.activation != Activation::None {
            bail!("the gradient of an activation that rides along is not known");
        }
        Ok(Some(dy.contiguous()?.matmul(&self.packed.weight)?))
    }
}

/// `(tokens, channels)` → `(channels/16, tokens, 16)`.
fn in_blocks(x: &[f32], channels: usize) -> Vec<f32> {
    let (blocks, tokens) = (channels / LANES, x.len() / channels);
    let (from, mut out) = (pixels(x), vec![0.0; x.len()]);
    out.par_chunks_exact_mut(tokens * LANES).enumerate().for_each(|(block, out)| {
        let own = from.iter().skip(block).step_by(blocks);
        out.as_chunks_mut().0.iter_mut().zip(own).for_each(|(to, from): (&mut [f32; LANES], _)| *to = *from);
    });
    out
}

/// The first `channels` of `(blocks, tokens, 16)` → `(tokens, channels)`.
fn in_rows(maps: &[f32], tokens: usize, channels: usize) -> Vec<f32> {
    let (from, mut out) = (pixels(maps), vec![0.0; tokens * channels]);
    out.par_chunks_mut(SHARE * channels).enumerate().for_each(|(share, rows)| {
        for (i, row) in rows.chunks_exact_mut(channels).enumerate() {
            let token = share * SHARE + i;
            for (block, part) in row.chunks_mut(LANES).enumerate() {
                part.copy_from_slice(&from[block * tokens + token][..part.len()]);
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::device::candle_alone;

    fn random(shape: &[usize]) -> Tensor {
        Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn the_product_is_that_of_matrices_for_any_number_of_tokens_and_outputs() {
        if candle_alone() {
            return;
        }
        for (tokens, channels, outputs) in [(8, 16, 1), (197, 48, 70), (64, 96, 96), (300, 32, 33)] {
            let (x, w, b) = (random(&[tokens, channels]), random(&[outputs, channels]), random(&[outputs]));
            let packed = Packed::of(&w, Some(&b)).unwrap().unwrap();
            let found = packed.product(&x, Activation::None).unwrap().unwrap();
            let expected = x.matmul(&w.t().unwrap()).unwrap().broadcast_add(&b).unwrap();
            let apart = (found - &expected).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(apart < 1e-4, "{tokens} × {channels} → {outputs}: {apart}");
            let bent = packed.product(&x, Activation::Relu).unwrap().unwrap();
            let apart = (bent - expected.relu().unwrap()).unwrap().abs().unwrap().max_all().unwrap();
            assert!(apart.to_scalar::<f32>().unwrap() < 1e-4);
        }
    }

    #[test]
    fn parts_of_whole_rows_of_32_are_parts_and_others_are_not_packed() {
        if candle_alone() {
            return;
        }
        let (x, w) = (random(&[20, 32]), random(&[96, 32]));
        let packed = Packed::of(&w, None).unwrap().unwrap();
        let whole = packed.product(&x, Activation::None).unwrap().unwrap();
        let part = packed.part(32, 64).unwrap().unwrap().part(32, 32).unwrap().unwrap();
        let found = part.product(&x, Activation::None).unwrap().unwrap();
        let expected = whole.narrow(1, 64, 32).unwrap();
        assert_eq!(found.to_vec2::<f32>().unwrap(), expected.to_vec2::<f32>().unwrap());
        assert!(packed.part(16, 32).unwrap().is_none() && packed.part(0, 20).unwrap().is_none());
    }

    #[test]
    fn what_is_trained_has_odd_channels_or_few_tokens_is_left_to_candle() {
        if candle_alone() {
            return;
        }
        let trained = Var::from_tensor(&random(&[32, 32])).unwrap();
        assert!(Packed::of(&trained, None).unwrap().is_none());
        assert!(Packed::of(&random(&[32, 20]), None).unwrap().is_none());
        let packed = Packed::of(&random(&[32, 16]), None).unwrap().unwrap();
        assert!(packed.product(&random(&[3, 16]), Activation::None).unwrap().is_none());
        assert!(packed.product(&random(&[9, 32]), Activation::None).is_err());
    }
}
