//! Swin-T (Liu et al. 2021) as torchvision and timm have it.
//!
//! Stages: `features.0` (patches and norm), `features.1` (blocks), `features.2` (patch merging) …
//! `features.7.0`, `features.7.1.norm1` (the norm before the last attention, with the residual path
//! carried along), `features.7`, `norm`, `avgpool`, `dropout` (rate 0 as published), `head`. Names
//! are torchvision's; stages may be called as in timm, too (`layers.3.blocks.1.norm1`).

use crate::architecture::{Architecture, Family};
use crate::layers::Sequence;
use crate::layers::activation::Activation;
use crate::layers::attention::{DropPath, Mlp, NormBeside};
use crate::layers::token_linear::TokenLinear;
use crate::layers::tokens::PatchMaps;
use crate::layers::window_attention::{PatchMerging, PlaceMean, SwinBlock, WindowAttention};
use crate::layout::Layout;
use crate::source::{Chain, Start, TRANSFORMER_SD, TensorSource};

/// ε of torchvision's and timm's layer norms.
const EPSILON: f64 = 1e-5;

/// The shape that torchvision gives to Swin-T.
pub(super) fn published() -> Architecture {
    Architecture {
        widths: vec![96, 192, 384, 768],
        blocks: vec![2, 2, 6, 2],
        heads: vec![3, 6, 12, 24],
        patch: Some(4),
        window: Some(7),
        expansion: Some(4),
        epsilon: Some(EPSILON),
        stochastic_depth: Some(0.2),
        ..Architecture::bare(Family::SwinT, 0.0)
    }
}

/// Writes the network down.
pub(super) fn describe<S: TensorSource>(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    chain: &mut Chain<'_, S>,
) -> Result<(), S::Error> {
    let patch = arch.patch.unwrap_or(4);
    let mut width = arch.widths[0];
    let random = Start::Normal(TRANSFORMER_SD);
    let weight = chain.source.parameter("features.0.0.weight", &[width, channels, patch, patch], random)?;
    let bias = chain.source.parameter("features.0.0.bias", &[width], Start::Value(0.0))?;
    let norm = chain.source.layer_norm("features.0.2", width, arch.epsilon())?;
    let maps = |channels| Layout::ChannelsLast { carried: 0, channels };
    chain.stage("features.0", maps(width), PatchMaps { weight, bias, norm });
    let mut number = 0;
    let stages = arch.blocks.len();
    for (i, (&outputs, &count)) in arch.widths.iter().zip(&arch.blocks).enumerate() {
        if i > 0 {
            let name = format!("features.{}", 2 * i);
            let norm = chain.source.layer_norm(&format!("{name}.norm"), 4 * width, arch.epsilon())?;
            let weight = chain.source.parameter(&format!("{name}.reduction.weight"), &[outputs, 4 * width], random)?;
            let reduction = TokenLinear::new(weight, None, Activation::None);
            chain.stage(&name, maps(outputs), PatchMerging { norm, reduction });
            width = outputs;
        }
        let name = format!("features.{}", 2 * i + 1);
        let mut layers = Sequence(Vec::with_capacity(count));
        for block in 0..count {
            let at = format!("{name}.{block}");
            let mut norm = Some(chain.source.layer_norm(&format!("{at}.norm1"), width, arch.epsilon())?);
            if (i + 1, block + 1) == (stages, count)
                && let Some(norm) = norm.take()
            {
                // The blocks before the last are a stage, and so is the last one's first norm.
                if block > 0 {
                    let before = std::mem::replace(&mut layers, Sequence(Vec::new()));
                    chain.stage(&format!("{name}.{}", block - 1), maps(width), before);
                }
                let beside = Layout::ChannelsLast { carried: width, channels: width };
                chain.stage(&format!("{at}.norm1"), beside, NormBeside(norm));
            }
            layers.0.push(Box::new(self::block(arch, chain.source, &at, i, block, number, norm)?));
            number += 1;
        }
        chain.stage(&name, maps(width), layers);
    }
    let norm = chain.source.layer_norm("norm", width, arch.epsilon())?;
    chain.stage("norm", maps(width), norm);
    chain.vector("avgpool", PlaceMean);
    chain.dropout("dropout", arch.dropout);
    chain.head("head", width, classes)
}

/// Block `block` of stage `i`, number `number` of all, whose first norm is `norm`.
fn block<S: TensorSource>(
    arch: &Architecture,
    source: &mut S,
    at: &str,
    i: usize,
    block: usize,
    number: usize,
    norm: Option<crate::layers::layer_norm::LayerNorm>,
) -> Result<SwinBlock, S::Error> {
    let (width, heads, window) = (arch.widths[i], arch.heads[i], arch.window.unwrap_or(7));
    let (wide, plain) = (width * arch.expansion.unwrap_or(4), Activation::None);
    let table = [(2 * window - 1).pow(2), heads];
    let named = format!("{at}.attn.relative_position_bias_table");
    let table = source.parameter(&named, &table, Start::Normal(TRANSFORMER_SD))?;
    let mut linear = |name: &str, inputs, outputs, f| {
        source.token_linear([&format!("{at}.{name}.weight"), &format!("{at}.{name}.bias")], inputs, outputs, f)
    };
    let qkv = linear("attn.qkv", width, 3 * width, plain)?;
    let proj = linear("attn.proj", width, width, plain)?;
    let widen = linear("mlp.0", width, wide, Activation::Gelu)?;
    let narrow = linear("mlp.3", wide, width, plain)?;
    let after = source.layer_norm(&format!("{at}.norm2"), width, arch.epsilon())?;
    let rate = super::vit::rate(arch.stochastic_depth.unwrap_or(0.0), number, arch.blocks.iter().sum());
    let drop = |branch: u64| DropPath { rate, number: 2 * number as u64 + branch };
    let attention =
        WindowAttention { heads, window, shift: if block % 2 == 1 { window / 2 } else { 0 }, qkv, proj, table };
    let mlp = Mlp { norm: after, widen, narrow, scale: None, drop: drop(1) };
    Ok(SwinBlock { norm, attention, drop: drop(0), mlp })
}
