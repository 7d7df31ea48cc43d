//! Vision transformers (Dosovitskiy et al. 2021) as torchvision and timm have them: ViT-B/16,
//! ViT-S/16 and ViT-Ti/16; DeiT (Touvron et al. 2021) without distillation is the same network.
//!
//! Stages: `encoder.dropout` (patches, class token, positions), `encoder.layers.encoder_layer_0` …,
//! `encoder.layers.encoder_layer_11.ln_1`, `encoder.layers.encoder_layer_11`, `encoder.ln`,
//! `dropout` (rate 0 as published), `heads.head`. Tensors are torchvision's; stages may be called
//! as in timm, too (`blocks.11.norm1`).
//!
//! What a patch token becomes in the last block moves no score, for the head reads the class token
//! alone: its gradient is zero, and a map of it would be empty. So the last block yields the class
//! token, and the last stage with places is its first norm, where `grad-cam`'s example for vision
//! transformers hooks. The residual path runs beside that norm and is carried along.
//!
//! With `registers` (Darcet et al. 2024) tokens of no place stand behind the class token, and
//! positions are those of the patches alone (timm's `no_embed_class`); `layer_scale` puts a factor
//! a channel behind each branch (timm's `ls1.gamma`); `query_norm` brings queries and keys to scale
//! (timm's `q_norm`, `k_norm`). With `average` the head reads the mean of the patches, normed behind it
//! (timm's `fc_norm`, fine-tuned MAE): then every patch of the last block moves the scores, and that
//! block is the last stage with places. None of these is in torchvision.

use crate::architecture::{Architecture, Family};
use crate::layers::activation::Activation;
use crate::layers::attention::{DropPath, EncoderBlock, Mlp, NormBeside, NormedMean, Reads};
use crate::layers::tokens::Embedding;
use crate::layout::Layout;
use crate::source::{Chain, Start, TRANSFORMER_SD, TensorSource};

/// ε of torchvision's and timm's layer norms.
pub(super) const EPSILON: f64 = 1e-6;

/// The shape that torchvision (B) and timm (S, Ti) give to `family`.
pub(super) fn published(family: Family) -> Architecture {
    let (width, heads) = match family {
        Family::VitTi16 => (192, 3),
        Family::VitS16 => (384, 6),
        _ => (768, 12),
    };
    Architecture {
        widths: vec![width],
        blocks: vec![12],
        heads: vec![heads],
        patch: Some(16),
        image: Some(224),
        expansion: Some(4),
        registers: Some(0),
        stochastic_depth: Some(0.0),
        epsilon: Some(EPSILON),
        ..Architecture::bare(family, 0.0)
    }
}

/// Rate of the branches of block `i` of `count`: rising from 0 to that of the last.
pub(super) fn rate(last: f32, i: usize, count: usize) -> f32 {
    last * i as f32 / count.saturating_sub(1).max(1) as f32
}

/// Writes the network down.
pub(super) fn describe<S: TensorSource>(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    chain: &mut Chain<'_, S>,
) -> Result<(), S::Error> {
    let (width, count, patch) = (arch.widths[0], arch.blocks[0], arch.patch.unwrap_or(16));
    let (registers, averages) = (arch.registers.unwrap_or(0), arch.average.unwrap_or(false));
    let random = Start::Normal(TRANSFORMER_SD);
    let weight = chain.source.parameter("conv_proj.weight", &[width, channels, patch, patch], random)?;
    let bias = chain.source.parameter("conv_proj.bias", &[width], Start::Value(0.0))?;
    let class = chain.source.parameter("class_token", &[1, 1, width], random)?;
    let registers_of = |source: &mut S| source.parameter("register_tokens", &[1, registers, width], random);
    let kept = if registers > 0 { Some(registers_of(chain.source)?) } else { None };
    let cells = (arch.image.unwrap_or(224) / patch).pow(2);
    let placed = cells + usize::from(registers == 0);
    let positions = chain.source.parameter("encoder.pos_embedding", &[1, placed, width], random)?;
    let prefix = 1 + registers;
    let tokens = Layout::Tokens { prefix, carried: 0, channels: width };
    chain.stage("encoder.dropout", tokens, Embedding { weight, bias, class, registers: kept, positions });
    for i in 0..count {
        let at = format!("encoder.layers.encoder_layer_{i}");
        let mut norm = Some(chain.source.layer_norm(&format!("{at}.ln_1"), width, arch.epsilon())?);
        let mut reads = Reads::Tokens;
        if i + 1 == count
            && !averages
            && let Some(norm) = norm.take()
        {
            let beside = Layout::Tokens { prefix, carried: width, channels: width };
            chain.stage(&format!("{at}.ln_1"), beside, NormBeside(norm));
            reads = Reads::Normed { class_only: true };
        }
        let block = block(arch, chain.source, &at, i, norm, reads)?;
        if reads == Reads::Tokens {
            chain.stage(&at, tokens, block);
        } else {
            chain.vector(&at, block);
        }
    }
    let norm = chain.source.layer_norm("encoder.ln", width, arch.epsilon())?;
    if averages {
        chain.vector("encoder.ln", NormedMean { prefix, norm });
    } else {
        chain.vector("encoder.ln", norm);
    }
    chain.dropout("dropout", arch.dropout);
    chain.head("heads.head", width, classes)
}

/// Block `i`, whose first norm is `norm`.
fn block<S: TensorSource>(
    arch: &Architecture,
    source: &mut S,
    at: &str,
    i: usize,
    norm: Option<crate::layers::layer_norm::LayerNorm>,
    reads: Reads,
) -> Result<EncoderBlock, S::Error> {
    let width = arch.widths[0];
    let (wide, plain) = (width * arch.expansion.unwrap_or(4), Activation::None);
    let mut linear = |names: [&str; 2], inputs, outputs, f| {
        source.token_linear(names.map(|name| format!("{at}.{name}")).each_ref().map(String::as_str), inputs, outputs, f)
    };
    let attention = ["self_attention.in_proj_weight", "self_attention.in_proj_bias"];
    let qkv = linear(attention, width, 3 * width, plain)?;
    let in_between = |source: &mut S, name: &str| match arch.query_norm {
        Some(true) => {
            let name = format!("{at}.self_attention.{name}");
            source.layer_norm(&name, width / arch.heads[0], arch.epsilon()).map(Some)
        }
        _ => Ok(None),
    };
    let proj = linear(["self_attention.out_proj.weight", "self_attention.out_proj.bias"], width, width, plain)?;
    let widen = ["mlp.0.weight", "mlp.0.bias"];
    let scale = |source: &mut S, name: &str| match arch.layer_scale {
        Some(value) => source.parameter(&format!("{at}.{name}"), &[width], Start::Value(value)).map(Some),
        None => Ok(None),
    };
    let first = scale(source, "layer_scale_1")?;
    let norms = [in_between(source, "q_norm")?, in_between(source, "k_norm")?];
    let after = source.layer_norm(&format!("{at}.ln_2"), width, arch.epsilon())?;
    let mut linear = |names: [&str; 2], inputs, outputs, f| {
        source.token_linear(names.map(|name| format!("{at}.{name}")).each_ref().map(String::as_str), inputs, outputs, f)
    };
    let widen = linear(widen, width, wide, Activation::Gelu)?;
    let narrow = linear(["mlp.3.weight", "mlp.3.bias"], wide, width, plain)?;
    let second = scale(source, "layer_scale_2")?;
    let rate = rate(arch.stochastic_depth.unwrap_or(0.0), i, arch.blocks[0]);
    let drop = |branch: u64| DropPath { rate, number: 2 * i as u64 + branch };
    let mlp = Mlp { norm: after, widen, narrow, scale: second, drop: drop(1) };
    Ok(EncoderBlock { reads, norm, heads: arch.heads[0], qkv, norms, proj, scale: first, drop: drop(0), mlp })
}
