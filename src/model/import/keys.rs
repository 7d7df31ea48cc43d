//! Names of tensors: those of other programs and of other times, as torchvision calls them today.
//!
//! Known are wrappers (`module.` of DataParallel, `model.`, `backbone.` …, CheXNet's
//! `densenet121.`), DenseNets saved before torchvision 0.3 (`norm.1` for `norm1`), timm's VGG, and
//! Hugging Face's ResNets (`encoder.stages.0.layers.1.layer.2.convolution` for `layer1.1.conv3`).
//! EfficientNets and MobileNets have a file of their own ([`super::inverted_names`]). timm's ResNets and DenseNets, and TorchXRayVision's, have torchvision's
//! names. Heads go by many names and are found by their shape ([`super::fit`]).

use std::sync::LazyLock;

use regex::Regex;

use crate::network::architecture::Family;

/// What wrappers put in front of a name.
const WRAPPERS: [&str; 25] = [
    "module.",
    "_orig_mod.",
    "model.",
    "net.",
    "network.",
    "backbone.",
    "encoder.",
    "base_model.",
    "feature_extractor.",
    "cnn.",
    "densenet121.",
    "densenet169.",
    "densenet201.",
    "densenet.",
    "resnet18.",
    "resnet34.",
    "resnet50.",
    "resnet101.",
    "resnet152.",
    "resnet.",
    "vgg16.",
    "vit.",
    "deit.",
    "swin.",
    "convnext.",
];

/// `denselayer4.norm.2.weight`, as DenseNets were saved when module names could hold a dot.
static LEGACY_DENSE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.").expect("a constant expression"));

/// `stages.0.layers.1.layer.2.convolution.weight` of Hugging Face's ResNets.
static HUGGING_FACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^stages\.(\d)\.layers\.(\d{1,3})\.(layer\.[0-2]|shortcut)\.(convolution|normalization)\.(\w+)$")
        .expect("a constant expression")
});

/// True for what a network does not need to be run: counters of batch norms, tables of indices and
/// masks of windows.
#[must_use]
pub(super) fn is_counter(name: &str) -> bool {
    ["num_batches_tracked", "relative_position_index", "attn_mask"].iter().any(|end| name.ends_with(end))
}

/// A name without what wrappers put in front of it.
#[must_use]
pub(super) fn bare(mut name: &str) -> &str {
    while let Some(inner) = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper)) {
        name = inner;
    }
    name
}

/// The name that torchvision would give to the tensor `name` of a network of this family; for
/// EfficientNets and MobileNets see [`super::inverted_names`].
#[must_use]
pub(super) fn torchvision(name: &str, family: Family) -> String {
    let bare = bare(name);
    match family {
        Family::Densenet121 | Family::Densenet169 | Family::Densenet201 => {
            LEGACY_DENSE.replace(bare, "$1$2.").into_owned()
        }
        Family::Vgg16 | Family::Vgg16Bn => renamed(
            bare,
            &[
                ("pre_logits.fc1.", "classifier.0."),
                ("pre_logits.fc2.", "classifier.3."),
                ("head.fc.", "classifier.6."),
            ],
        ),
        Family::Resnet18 | Family::Resnet34 | Family::Resnet50 | Family::Resnet101 | Family::Resnet152 => {
            hugging_face(bare).unwrap_or_else(|| bare.to_owned())
        }
        _ => bare.to_owned(),
    }
}

/// torchvision's name for a tensor of a ResNet that Hugging Face calls `name`.
fn hugging_face(name: &str) -> Option<String> {
    let table = [("embedder.embedder.convolution.", "conv1."), ("embedder.embedder.normalization.", "bn1.")];
    if let Some((from, to)) = table.iter().find(|(from, _)| name.starts_with(from)) {
        return Some(format!("{to}{}", &name[from.len()..]));
    }
    if let Some(leaf) = name.strip_prefix("classifier.1.") {
        return Some(format!("fc.{leaf}"));
    }
    let (_, [stage, block, part, kind, leaf]) = HUGGING_FACE.captures(name)?.extract();
    let stage: usize = stage.parse().ok()?;
    let unit = match (part.strip_prefix("layer.").and_then(|number| number.parse::<usize>().ok()), kind) {
        (Some(number), "convolution") => format!("conv{}", number + 1),
        (Some(number), _) => format!("bn{}", number + 1),
        (None, "convolution") => "downsample.0".to_owned(),
        (None, _) => "downsample.1".to_owned(),
    };
    Some(format!("layer{}.{block}.{unit}.{leaf}", stage + 1))
}

fn renamed(name: &str, table: &[(&str, &str)]) -> String {
    let found = table.iter().find_map(|(from, to)| name.strip_prefix(from).map(|rest| format!("{to}{rest}")));
    found.unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_come_off_in_any_number() {
        let name = "module.densenet121.features.denseblock1.denselayer2.norm.2.running_var";
        assert_eq!(torchvision(name, Family::Densenet121), "features.denseblock1.denselayer2.norm2.running_var");
        assert_eq!(torchvision("model.backbone.layer1.0.conv1.weight", Family::Resnet18), "layer1.0.conv1.weight");
        assert_eq!(torchvision("features.norm5.bias", Family::Densenet121), "features.norm5.bias");
    }

    #[test]
    fn resnets_of_hugging_face_have_torchvision_s_names() {
        let named = |name| torchvision(name, Family::Resnet50);
        assert_eq!(named("resnet.embedder.embedder.convolution.weight"), "conv1.weight");
        assert_eq!(named("resnet.encoder.stages.2.layers.4.layer.0.normalization.bias"), "layer3.4.bn1.bias");
        assert_eq!(
            named("resnet.encoder.stages.1.layers.0.shortcut.convolution.weight"),
            "layer2.0.downsample.0.weight"
        );
        assert_eq!(named("classifier.1.bias"), "fc.bias");
        assert_eq!(named("layer1.0.bn1.bias"), "layer1.0.bn1.bias");
    }

    #[test]
    fn timm_vgg_heads_are_convolutions_under_other_names() {
        assert_eq!(torchvision("pre_logits.fc1.weight", Family::Vgg16), "classifier.0.weight");
        assert_eq!(torchvision("head.fc.bias", Family::Vgg16Bn), "classifier.6.bias");
    }
}
