//! Names of the tensors of vision transformers, Swin and ConvNeXt in other programs, as
//! torchvision calls them.
//!
//! | | torchvision | timm |
//! |---|---|---|
//! | ViT | `conv_proj`, `encoder.layers.encoder_layer_3.self_attention.in_proj_weight` | `patch_embed.proj`, `blocks.3.attn.qkv.weight` |
//! | Swin | `features.0.0`, `features.3.1.mlp.0`, `features.4.reduction` | `patch_embed.proj`, `layers.1.blocks.1.mlp.fc1`, `layers.2.downsample.reduction` |
//! | ConvNeXt | `features.0.0`, `features.3.1.block.3`, `features.4.1` | `stem.0`, `stages.1.blocks.1.mlp.fc1`, `stages.2.downsample.1` |
//!
//! Hugging Face's `transformers` has query, key and value in tensors of their own, and two ways to
//! call them: in its files and hub, and in the state dicts of its version 5.
//!
//! | | in files | in state dicts of version 5 |
//! |---|---|---|
//! | ViT | `vit.encoder.layer.3.attention.attention.query`, `attention.output.dense`, `intermediate.dense`, `output.dense` | `vit.layers.3.attention.q_proj`, `attention.o_proj`, `mlp.fc1`, `mlp.fc2` |
//! | Swin | `swin.encoder.layers.1.blocks.0.attention.self.query` | `swin.encoder.layers.1.blocks.0.attention.q_proj` |
//! | ConvNeXt | `convnext.encoder.stages.1.layers.0.pwconv1`, `downsampling_layer` | the same |
//!
//! The publishers' own files are read, too: Microsoft's Swin and timm's before 0.9 count a merging
//! to the stage before it; Meta's ConvNeXt says `dwconv`, `pwconv1`, `downsample_layers`; old files
//! of torchvision say `mlp.linear_1`. What the names and shapes tell of a network's settings (the
//! grid of its positions, registers, layer scale, norms of queries and keys, a mean of the patches in
//! the place of the class token) is taken over; tokens that this program has not
//! (the distillation token of DeiT) are refused.

use super::layout::Layout;
use super::named_tensor::Part;
use super::{Foreign, ImportError, keys};
use crate::network::architecture::{Architecture, Family};

/// Where merging stands in a file of a Swin transformer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Merging {
    /// At the end of the stage before.
    Ends,
    /// At the beginning of its stage.
    Begins,
}

/// What must be known of a file to rename its tensors.
pub(super) struct Renaming {
    family: Family,
    merging: Merging,
}

impl Renaming {
    /// For a file of these names, without their wrappers.
    pub(super) fn of<'a>(mut names: impl Iterator<Item = &'a str>, family: Family) -> Self {
        let ends = names.any(|name| name.starts_with("layers.0.downsample."));
        Self { family, merging: if ends { Merging::Ends } else { Merging::Begins } }
    }

    /// torchvision's name for the tensor `name`, which has no wrappers, and which rows of that
    /// tensor it is, where it is not all.
    pub(super) fn torchvision(&self, name: &str) -> (String, Option<Part>) {
        let (whole, part) = joined(name).unwrap_or_else(|| (name.to_owned(), None));
        let known = match self.family {
            Family::SwinT => self.swin(&whole),
            Family::ConvnextTiny => convnext(&whole),
            _ => vit(&whole),
        };
        known.map_or_else(|| (name.to_owned(), None), |known| (known, part))
    }

    fn swin(&self, name: &str) -> Option<String> {
        if let Some(rest) = name.strip_prefix("layers.") {
            let (stage, rest) = numbered(rest)?;
            if let Some(rest) = rest.strip_prefix("downsample.") {
                let behind = usize::from(self.merging == Merging::Ends);
                return Some(format!("features.{}.{rest}", 2 * (stage + behind)));
            }
            let (block, rest) = numbered(rest.strip_prefix("blocks.")?)?;
            return Some(format!("features.{}.{block}.{}", 2 * stage + 1, hidden(rest)));
        }
        renamed(
            name,
            &[
                ("patch_embed.proj.", "features.0.0."),
                ("patch_embed.norm.", "features.0.2."),
                ("head.fc.", "head."),
                ("embeddings.patch_embeddings.projection.", "features.0.0."),
                ("embeddings.norm.", "features.0.2."),
                ("layernorm.", "norm."),
                ("classifier.", "head."),
            ],
        )
    }
}

/// timm's name for the parts of a block that Hugging Face calls otherwise, with the rows that query,
/// key and value are of one tensor.
fn joined(name: &str) -> Option<(String, Option<Part>)> {
    const ROWS: [(&str, usize); 9] = [
        ("attention.attention.query.", 0),
        ("attention.attention.key.", 1),
        ("attention.attention.value.", 2),
        ("attention.self.query.", 0),
        ("attention.self.key.", 1),
        ("attention.self.value.", 2),
        ("attention.q_proj.", 0),
        ("attention.k_proj.", 1),
        ("attention.v_proj.", 2),
    ];
    const WHOLE: [(&str, &str); 9] = [
        ("attention.output.dense.", "attn.proj."),
        ("attention.o_proj.", "attn.proj."),
        ("attention.self.relative_position_", "attn.relative_position_"),
        ("attention.relative_position_bias.relative_position_", "attn.relative_position_"),
        ("layernorm_before.", "norm1."),
        ("layernorm_after.", "norm2."),
        ("intermediate.dense.", "mlp.fc1."),
        ("output.dense.", "mlp.fc2."),
        ("mlp.", "mlp."),
    ];
    // The block in front: `layer.3.`, `layers.3.`, `layers.1.blocks.0.`.
    let (module, rest) = name.split_once('.')?;
    let (block, rest) = match module {
        "layer" => numbered(rest).map(|(number, rest)| (format!("blocks.{number}."), rest))?,
        "layers" => {
            let (number, rest) = numbered(rest)?;
            match rest.strip_prefix("blocks.") {
                Some(rest) => numbered(rest).map(|(block, rest)| (format!("layers.{number}.blocks.{block}."), rest))?,
                None => (format!("blocks.{number}."), rest),
            }
        }
        _ => return None,
    };
    if let Some((from, index)) = ROWS.iter().find(|(from, _)| rest.starts_with(from)) {
        return Some((format!("{block}attn.qkv.{}", &rest[from.len()..]), Some(Part { index: *index, of: 3 })));
    }
    renamed(rest, &WHOLE).map(|rest| (format!("{block}{rest}"), None))
}

/// A number and what follows its dot.
fn numbered(text: &str) -> Option<(usize, &str)> {
    let (number, rest) = text.split_once('.')?;
    Some((number.parse().ok().filter(|n| *n < 1000)?, rest))
}

fn renamed(name: &str, table: &[(&str, &str)]) -> Option<String> {
    table.iter().find_map(|(from, to)| name.strip_prefix(from).map(|rest| format!("{to}{rest}")))
}

/// The two layers of a block's hidden part, as torchvision counts them.
fn hidden(rest: &str) -> String {
    let table =
        [("mlp.fc1.", "mlp.0."), ("mlp.fc2.", "mlp.3."), ("mlp.linear_1.", "mlp.0."), ("mlp.linear_2.", "mlp.3.")];
    renamed(rest, &table).unwrap_or_else(|| rest.to_owned())
}

/// Hugging Face's name for the class token of its vision transformers, whose norms have an ε of
/// their own.
const HUGGING_FACE_CLASS: &str = "embeddings.cls_token";
const HUGGING_FACE_EPSILON: f64 = 1e-12;

fn vit(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("blocks.") {
        let (block, rest) = numbered(rest)?;
        let table = [
            ("norm1.", "ln_1."),
            ("norm2.", "ln_2."),
            ("attn.qkv.", "self_attention.in_proj_"),
            ("attn.proj.", "self_attention.out_proj."),
            ("attn.q_norm.", "self_attention.q_norm."),
            ("attn.k_norm.", "self_attention.k_norm."),
            ("ls1.gamma", "layer_scale_1"),
            ("ls2.gamma", "layer_scale_2"),
        ];
        let rest = renamed(rest, &table).unwrap_or_else(|| hidden(rest));
        return Some(format!("encoder.layers.encoder_layer_{block}.{rest}"));
    }
    // `encoder.` was taken for a wrapper.
    if let Some(rest) = name.strip_prefix("layers.encoder_layer_") {
        let (block, rest) = numbered(rest)?;
        return Some(format!("encoder.layers.encoder_layer_{block}.{}", hidden(rest)));
    }
    renamed(
        name,
        &[
            ("pos_embedding", "encoder.pos_embedding"),
            ("ln.", "encoder.ln."),
            ("cls_token", "class_token"),
            ("reg_token", "register_tokens"),
            ("pos_embed", "encoder.pos_embedding"),
            ("patch_embed.proj.", "conv_proj."),
            ("norm.", "encoder.ln."),
            ("fc_norm.", "encoder.ln."),
            ("head.", "heads.head."),
            (HUGGING_FACE_CLASS, "class_token"),
            ("embeddings.distillation_token", "dist_token"),
            ("embeddings.position_embeddings", "encoder.pos_embedding"),
            ("embeddings.patch_embeddings.projection.", "conv_proj."),
            ("layernorm.", "encoder.ln."),
            ("classifier.", "heads.head."),
        ],
    )
}

fn convnext(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("stages.") {
        let (stage, rest) = numbered(rest)?;
        if let Some(rest) = rest.strip_prefix("downsample.") {
            return Some(format!("features.{}.{rest}", 2 * stage));
        }
        if let Some(rest) = rest.strip_prefix("downsampling_layer.") {
            return Some(format!("features.{}.{rest}", 2 * stage));
        }
        let inner = ["blocks.", "layers."].iter().find_map(|module| rest.strip_prefix(module));
        let (block, rest) = numbered(inner.unwrap_or(rest))?;
        if rest == "layer_scale_parameter" {
            return Some(format!("features.{}.{block}.layer_scale", 2 * stage + 1));
        }
        let table = [
            ("conv_dw.", "block.0."),
            ("dwconv.", "block.0."),
            ("norm.", "block.2."),
            ("mlp.fc1.", "block.3."),
            ("pwconv1.", "block.3."),
            ("mlp.fc2.", "block.5."),
            ("pwconv2.", "block.5."),
            ("gamma", "layer_scale"),
            ("layernorm.", "block.2."),
        ];
        return Some(format!("features.{}.{block}.{}", 2 * stage + 1, renamed(rest, &table)?));
    }
    if let Some(rest) = name.strip_prefix("downsample_layers.") {
        let (stage, rest) = numbered(rest)?;
        return Some(format!("features.{}.{rest}", 2 * stage));
    }
    renamed(
        name,
        &[
            ("stem.", "features.0."),
            ("head.norm.", "classifier.0."),
            ("head.fc.", "classifier.2."),
            ("norm.", "classifier.0."),
            ("head.", "classifier.2."),
            ("embeddings.patch_embeddings.", "features.0.0."),
            ("embeddings.layernorm.", "features.0.1."),
            ("layernorm.", "classifier.0."),
            ("classifier.weight", "classifier.2.weight"),
            ("classifier.bias", "classifier.2.bias"),
        ],
    )
}

fn is_square(count: usize) -> bool {
    count.isqrt().pow(2) == count
}

/// How the tensor `to` lies in a file where it has this shape: positions may be those of the patches
/// alone (DeiT III).
pub(super) fn layout(to: &str, shape: &[usize], architecture: &Architecture) -> Layout {
    let registers = architecture.registers.is_some_and(|count| count > 0);
    match shape {
        [1, count, _]
            if architecture.family.is_vision_transformer()
                && !registers
                && to == "encoder.pos_embedding"
                && is_square(*count) =>
        {
            Layout::BehindClass
        }
        _ => Layout::Same,
    }
}

/// The published shape of a vision transformer, Swin or ConvNeXt with what this file tells of its
/// settings.
///
/// # Errors
/// When it has tokens that are not known here.
pub(super) fn architecture(foreign: &Foreign, family: Family) -> Result<Architecture, ImportError> {
    let published = Architecture::new(family);
    if !family.is_vision_transformer() {
        return Ok(published);
    }
    let named = |name: &str| {
        foreign.tensors.iter().find(|(own, _)| vit(keys::bare(own)).as_deref() == Some(name) || keys::bare(own) == name)
    };
    if named("dist_token").is_some() {
        return Err(ImportError::Distilled);
    }
    let side = |name: &str, at: usize| named(name).and_then(|(_, shape)| shape.get(at).copied());
    let patch = side("conv_proj.weight", 3).filter(|p| *p > 0);
    let registers = side("register_tokens", 1).filter(|r| *r > 0);
    let placed = |count: usize| usize::from(registers.is_none() && !is_square(count));
    let cells = side("encoder.pos_embedding", 1).map(|count| count.saturating_sub(placed(count)));
    let grid = cells.map(usize::isqrt).filter(|side| *side > 0 && Some(side * side) == cells);
    let image = grid.zip(patch.or(Some(16))).and_then(|(grid, patch)| grid.checked_mul(patch));
    let scaled = named("encoder.layers.encoder_layer_0.layer_scale_1").is_some();
    let theirs = foreign.tensors.iter().any(|(name, _)| keys::bare(name) == HUGGING_FACE_CLASS);
    let epsilon = if theirs { Some(HUGGING_FACE_EPSILON) } else { published.epsilon };
    // timm's and MAE's name for a norm behind the mean of the patches.
    let average = foreign.tensors.iter().any(|(name, _)| keys::bare(name) == "fc_norm.weight").then_some(true);
    let query_norm = named("encoder.layers.encoder_layer_0.self_attention.q_norm.weight").is_some().then_some(true);
    let layer_scale = scaled.then_some(1.0);
    Ok(Architecture { patch, image, registers, average, query_norm, layer_scale, epsilon, ..published })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(family: Family, all: &[&str], pairs: &[(&str, &str)]) {
        let renaming = Renaming::of(all.iter().copied(), family);
        for (name, expected) in pairs {
            assert_eq!(renaming.torchvision(keys::bare(name)).0, *expected);
        }
    }

    #[test]
    fn a_vision_transformer_has_torchvision_s_names() {
        check(
            Family::VitB16,
            &[],
            &[
                ("blocks.7.attn.qkv.bias", "encoder.layers.encoder_layer_7.self_attention.in_proj_bias"),
                ("blocks.7.mlp.fc2.weight", "encoder.layers.encoder_layer_7.mlp.3.weight"),
                ("encoder.layers.encoder_layer_7.mlp.linear_1.bias", "encoder.layers.encoder_layer_7.mlp.0.bias"),
                ("encoder.pos_embedding", "encoder.pos_embedding"),
                ("module.encoder.ln.weight", "encoder.ln.weight"),
                ("pos_embed", "encoder.pos_embedding"),
                ("patch_embed.proj.bias", "conv_proj.bias"),
                ("norm.weight", "encoder.ln.weight"),
                ("head.weight", "heads.head.weight"),
                ("heads.head.weight", "heads.head.weight"),
                ("fc_norm.weight", "encoder.ln.weight"),
                ("blocks.7.attn.q_norm.bias", "encoder.layers.encoder_layer_7.self_attention.q_norm.bias"),
            ],
        );
    }

    #[test]
    fn query_key_and_value_of_hugging_face_are_rows_of_one_tensor() {
        let of = |family, name| Renaming::of(std::iter::empty(), family).torchvision(keys::bare(name));
        let rows = |index| Some(Part { index, of: 3 });
        let weight = "encoder.layers.encoder_layer_7.self_attention.in_proj_weight".to_owned();
        for (name, index) in [
            ("vit.encoder.layer.7.attention.attention.query.weight", 0),
            ("vit.encoder.layer.7.attention.attention.value.weight", 2),
            ("vit.layers.7.attention.k_proj.weight", 1),
        ] {
            assert_eq!(of(Family::VitB16, name), (weight.clone(), rows(index)));
        }
        let bias = "features.3.1.attn.qkv.bias".to_owned();
        assert_eq!(of(Family::SwinT, "swin.encoder.layers.1.blocks.1.attention.self.key.bias"), (bias, rows(1)));
        for (family, name, expected) in [
            (Family::VitB16, "vit.layers.7.mlp.fc1.bias", "encoder.layers.encoder_layer_7.mlp.0.bias"),
            (Family::VitB16, "vit.encoder.layer.7.output.dense.bias", "encoder.layers.encoder_layer_7.mlp.3.bias"),
            (Family::VitB16, "vit.embeddings.position_embeddings", "encoder.pos_embedding"),
            (Family::SwinT, "swin.encoder.layers.1.blocks.0.layernorm_after.bias", "features.3.0.norm2.bias"),
            (Family::ConvnextTiny, "convnext.encoder.stages.1.downsampling_layer.1.bias", "features.2.1.bias"),
            (Family::ConvnextTiny, "convnext.encoder.stages.1.layers.2.layernorm.bias", "features.3.2.block.2.bias"),
            (Family::ConvnextTiny, "classifier.bias", "classifier.2.bias"),
        ] {
            assert_eq!(of(family, name), (expected.to_owned(), None));
        }
    }

    #[test]
    fn a_merging_is_found_on_either_side_of_its_stages() {
        let common = [
            ("layers.1.blocks.0.mlp.fc1.weight", "features.3.0.mlp.0.weight"),
            ("patch_embed.norm.weight", "features.0.2.weight"),
            ("head.fc.weight", "head.weight"),
            ("features.3.0.mlp.0.weight", "features.3.0.mlp.0.weight"),
        ];
        check(Family::SwinT, &["layers.1.downsample.norm.weight"], &common);
        check(
            Family::SwinT,
            &["layers.1.downsample.norm.weight"],
            &[("layers.1.downsample.norm.bias", "features.2.norm.bias")],
        );
        check(
            Family::SwinT,
            &["layers.0.downsample.norm.weight"],
            &[("layers.0.downsample.norm.bias", "features.2.norm.bias")],
        );
    }

    #[test]
    fn a_convnext_of_timm_and_of_its_publisher_has_torchvision_s_names() {
        check(
            Family::ConvnextTiny,
            &[],
            &[
                ("stem.1.weight", "features.0.1.weight"),
                ("stages.2.downsample.1.weight", "features.4.1.weight"),
                ("stages.2.blocks.8.gamma", "features.5.8.layer_scale"),
                ("stages.2.8.pwconv2.bias", "features.5.8.block.5.bias"),
                ("downsample_layers.0.0.weight", "features.0.0.weight"),
                ("head.norm.bias", "classifier.0.bias"),
                ("classifier.2.weight", "classifier.2.weight"),
            ],
        );
    }
}
