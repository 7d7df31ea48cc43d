//! Layers of transformers and of ConvNeXt.

use candle_core::Tensor;

use super::{check, random};
use crate::activation::Activation;
use crate::geometry::Geometry;
use crate::layers::attention::{DropPath, EncoderBlock, GlobalAttention, Mlp, NormBeside, Reads};
use crate::layers::channel_norm::ChannelNorm;
use crate::layers::convnext_block::ConvNextBlock;
use crate::layers::layer_norm::LayerNorm;
use crate::layers::softmax::softmax;
use crate::layers::token_linear::TokenLinear;
use crate::layers::tokens::{Embedding, PatchMaps};
use crate::layers::window_attention::{PatchMerging, SwinBlock, WindowAttention};
use crate::layers::{ConvUnit, Kernel};
use crate::nchw16c::to_planes;
use crate::{Layer, Mode, Result};

const KEPT: DropPath = DropPath { rate: 0.0, number: 0 };

fn norm(width: usize, seed: u64) -> LayerNorm {
    LayerNorm { weight: (random(&[width], seed) + 1.5).unwrap(), bias: random(&[width], seed + 1), epsilon: 1e-3 }
}

fn linear(inputs: usize, outputs: usize, activation: Activation, seed: u64) -> TokenLinear {
    TokenLinear::new(random(&[outputs, inputs], seed), Some(random(&[outputs], seed + 1)), activation)
}

fn mlp(width: usize) -> Mlp {
    let scale = Some(random(&[width], 35));
    let (widen, narrow) = (linear(width, 7, Activation::Gelu, 30), linear(7, width, Activation::None, 32));
    Mlp { norm: norm(width, 34), widen, narrow, scale, drop: KEPT }
}

fn block(reads: Reads) -> EncoderBlock {
    let norm = (reads == Reads::Tokens).then(|| norm(6, 40));
    let (qkv, proj) = (linear(6, 18, Activation::None, 42), linear(6, 6, Activation::None, 44));
    let (norms, scale) = ([Some(self::norm(3, 48)), Some(self::norm(3, 50))], Some(random(&[6], 46)));
    EncoderBlock { reads, norm, heads: 2, qkv, norms, proj, scale, drop: KEPT, mlp: mlp(6) }
}

#[test]
fn norms_over_channels_have_the_gradients_of_their_input_and_of_their_factors() {
    let x = random(&[2, 37, 5], 1);
    check(&x, |x| norm(5, 2).normed(x));
    check(&norm(5, 2).weight, |weight| LayerNorm { weight: weight.clone(), ..norm(5, 2) }.normed(&x));
    check(&norm(5, 2).bias, |bias| LayerNorm { bias: bias.clone(), ..norm(5, 2) }.normed(&x));
    let maps = random(&[2, 19, 3, 4], 5);
    let planes = |norm: LayerNorm, x: &Tensor| to_planes(&ChannelNorm(norm).forward(x, Mode::Inference)?, 19);
    check(&maps, |x| planes(norm(19, 2), x));
    check(&norm(19, 2).weight, |weight| planes(LayerNorm { weight: weight.clone(), ..norm(19, 2) }, &maps));
    check(&norm(19, 2).bias, |bias| planes(LayerNorm { bias: bias.clone(), ..norm(19, 2) }, &maps));
    // Both are one norm.
    let last = norm(19, 2).normed(&maps.permute((0, 2, 3, 1)).unwrap()).unwrap();
    let apart = (planes(norm(19, 2), &maps).unwrap() - last.permute((0, 3, 1, 2)).unwrap()).unwrap();
    assert!(apart.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap() < 1e-5);
}

#[test]
fn a_linear_layer_over_tokens_has_the_gradients_of_all_that_it_is_made_of() {
    let x = random(&[2, 3, 4], 1);
    for f in [Activation::None, Activation::Gelu, Activation::GeluTanh] {
        check(&x, |x| linear(4, 20, f, 2).forward(x, Mode::Inference));
        let given = linear(4, 20, f, 2);
        check(&given.weight, |weight| {
            TokenLinear { weight: weight.clone(), ..linear(4, 20, f, 2) }.forward(&x, Mode::Inference)
        });
        check(given.bias.as_ref().unwrap(), |bias| {
            TokenLinear { bias: Some(bias.clone()), ..linear(4, 20, f, 2) }.forward(&x, Mode::Inference)
        });
    }
    check(&random(&[3, 70], 3), |x| softmax(x, 1.7));
}

#[test]
fn attention_has_the_gradients_of_its_tokens_and_weights() {
    let x = random(&[2, 5, 6], 1);
    check(&x, |x| block(Reads::Tokens).forward(x, Mode::Inference));
    check(&block(Reads::Tokens).qkv.weight, |weight| {
        let mut block = block(Reads::Tokens);
        block.qkv.weight = weight.clone();
        block.forward(&x, Mode::Inference)
    });
    check(&block(Reads::Tokens).mlp.scale.unwrap(), |scale| {
        let mut block = block(Reads::Tokens);
        block.mlp.scale = Some(scale.clone());
        block.forward(&x, Mode::Inference)
    });
    for class_only in [false, true] {
        let behind = |x: &Tensor| -> Result<Tensor> {
            let beside = NormBeside(norm(6, 40)).forward(x, Mode::Inference)?;
            block(Reads::Normed { class_only }).forward(&beside, Mode::Inference)
        };
        check(&x, behind);
        // What a block reads by itself and behind its norm is the same.
        let whole = block(Reads::Tokens).forward(&x, Mode::Inference).unwrap();
        let whole = if class_only { whole.narrow(1, 0, 1).unwrap().squeeze(1).unwrap() } else { whole };
        let apart = (behind(&x).unwrap() - whole).unwrap().abs().unwrap().max_all().unwrap();
        assert!(apart.to_scalar::<f32>().unwrap() < 1e-5);
    }
}

#[test]
fn the_way_back_with_the_attention_s_gradient_is_the_way_back() {
    let x = random(&[1, 5, 6], 1);
    let block = block(Reads::Tokens);
    let attended = block.attend(&x).unwrap();
    let sums = attended.weights.sum(3).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert!(sums.len() == 10 && sums.iter().all(|sum| (sum - 1.0).abs() < 1e-6));
    let dy = random(&[1, 5, 6], 9);
    let (y, way) = block.record(x, Mode::Inference, true).unwrap();
    let expected = way(dy.clone(), &mut crate::tape::Gradients::default()).unwrap().unwrap();
    let (found, slope) = attended.back(dy).unwrap();
    assert_eq!(slope.dims(), attended.weights.dims());
    for (a, b) in [(&attended.output, &y), (&found.unwrap(), &expected)] {
        let apart = (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(apart < 1e-5, "{apart}");
    }
}

#[test]
fn patches_and_positions_have_gradients_on_their_own_grid_and_on_another() {
    let embedding = |positions: Tensor, registers: bool| Embedding {
        weight: random(&[5, 2, 3, 3], 2),
        bias: random(&[5], 3),
        class: random(&[1, 1, 5], 4),
        registers: registers.then(|| random(&[1, 2, 5], 5)),
        positions,
    };
    for (size, registers) in [([1, 2, 6, 6], false), ([1, 2, 9, 6], false), ([1, 2, 3, 12], true)] {
        let positions = random(&[1, if registers { 4 } else { 5 }, 5], 6);
        check(&random(&size, 1), |x| embedding(positions.clone(), registers).forward(x, Mode::Inference));
        let x = random(&size, 1);
        check(&positions, |positions| embedding(positions.clone(), registers).forward(&x, Mode::Inference));
    }
    let (weight, bias) = (random(&[5, 2, 3, 3], 2), random(&[5], 3));
    check(&random(&[1, 2, 6, 9], 1), |x| {
        PatchMaps { weight: weight.clone(), bias: bias.clone(), norm: norm(5, 4) }.forward(x, Mode::Inference)
    });
    let refused = embedding(random(&[1, 5, 5], 6), false).forward(&random(&[1, 2, 7, 6], 1), Mode::Inference);
    assert!(refused.unwrap_err().to_string().contains("whole patches of 3 × 3"));
}

#[test]
fn attention_within_windows_has_the_gradients_of_its_maps_and_of_its_table() {
    let attention = |shift: usize, table: Tensor| WindowAttention {
        heads: 2,
        window: 2,
        shift,
        qkv: linear(6, 18, Activation::None, 42),
        proj: linear(6, 6, Activation::None, 44),
        table,
    };
    let block = |shift, table| SwinBlock {
        norm: Some(norm(6, 40)),
        attention: attention(shift, table),
        drop: KEPT,
        mlp: mlp(6),
    };
    let (x, table) = (random(&[1, 3, 4, 6], 1), random(&[9, 2], 7));
    for shift in [0, 1] {
        check(&x, |x| block(shift, table.clone()).forward(x, Mode::Inference));
        check(&table, |table| block(shift, table.clone()).forward(&x, Mode::Inference));
    }
    check(&random(&[1, 3, 4, 2], 8), |x| {
        let reduction = TokenLinear::new(random(&[3, 8], 9), None, Activation::None);
        PatchMerging { norm: norm(8, 10), reduction }.forward(x, Mode::Inference)
    });
}

#[test]
fn a_block_of_convnext_has_the_gradients_of_its_maps_and_factors() {
    let unit = |shape: [usize; 4], padding: usize, depthwise: bool, activation: Activation, seed: u64| ConvUnit {
        kernel: Kernel::Plain {
            weight: random(&shape, seed),
            bias: Some(random(&[shape[0]], seed + 1)),
            geometry: Geometry::even(shape[2], 1, padding),
            depthwise,
        },
        norm: None,
        activation,
    };
    let block = |scale: Tensor| ConvNextBlock {
        filter: unit([18, 1, 7, 7], 3, true, Activation::None, 50),
        norm: ChannelNorm(norm(18, 52)),
        widen: unit([20, 18, 1, 1], 0, false, Activation::Gelu, 54),
        narrow: unit([18, 20, 1, 1], 0, false, Activation::None, 56),
        scale: Some(scale),
        drop: KEPT,
    };
    let (x, scale) = (random(&[2, 18, 4, 5], 1), random(&[18, 1, 1], 2));
    let planes = |x: &Tensor, scale: &Tensor| to_planes(&block(scale.clone()).forward(x, Mode::Inference)?, 18);
    check(&x, |x| planes(x, &scale));
    check(&scale, |scale| planes(&x, scale));
}
