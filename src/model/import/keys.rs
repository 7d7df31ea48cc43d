//! Names of tensors: those of other programs and of other times, as torchvision calls them today.
//!
//! Known are wrappers (`module.` of DataParallel, `model.`, `backbone.` …, CheXNet's
//! `densenet121.`), DenseNets saved before torchvision 0.3 (`norm.1` for `norm1`), and timm's
//! EfficientNet and VGG. timm's ResNets and DenseNets, and TorchXRayVision's, have torchvision's
//! names. Heads go by many names and are found by their shape ([`super::fit`]).

use std::sync::LazyLock;

use regex::Regex;

use crate::network::architecture::Family;

/// What wrappers put in front of a name.
const WRAPPERS: [&str; 18] = [
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
    "densenet.",
    "resnet18.",
    "resnet50.",
    "resnet101.",
    "resnet.",
    "vgg16.",
];

/// `denselayer4.norm.2.weight`, as DenseNets were saved when module names could hold a dot.
static LEGACY_DENSE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.").expect("a constant expression"));

/// A block of timm's EfficientNet.
static TIMM_BLOCK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^blocks\.(\d)\.(\d+)\.(.+)\.(\w+)$").expect("a constant expression"));

/// True for what a network does not need to be run: counters of batch norms.
#[must_use]
pub(super) fn is_counter(name: &str) -> bool {
    name.ends_with("num_batches_tracked")
}

/// The name that torchvision would give to the tensor `name` of a network of this family.
#[must_use]
pub(super) fn torchvision(name: &str, family: Family) -> String {
    let mut bare = name;
    while let Some(inner) = WRAPPERS.iter().find_map(|wrapper| bare.strip_prefix(wrapper)) {
        bare = inner;
    }
    match family {
        Family::Densenet121 | Family::Densenet169 => LEGACY_DENSE.replace(bare, "$1$2.").into_owned(),
        Family::Vgg16 | Family::Vgg16Bn => renamed(
            bare,
            &[
                ("pre_logits.fc1.", "classifier.0."),
                ("pre_logits.fc2.", "classifier.3."),
                ("head.fc.", "classifier.6."),
            ],
        ),
        Family::EfficientnetB0 => efficientnet(bare),
        _ => bare.to_owned(),
    }
}

fn renamed(name: &str, table: &[(&str, &str)]) -> String {
    let found = table.iter().find_map(|(from, to)| name.strip_prefix(from).map(|rest| format!("{to}{rest}")));
    found.unwrap_or_else(|| name.to_owned())
}

fn efficientnet(name: &str) -> String {
    const EDGES: [(&str, &str); 4] = [
        ("conv_stem.", "features.0.0."),
        ("bn1.", "features.0.1."),
        ("conv_head.", "features.8.0."),
        ("bn2.", "features.8.1."),
    ];
    /// The first stage has no expansion.
    const SEPARABLE: [(&str, &str); 6] = [
        ("conv_dw", "0.0"),
        ("bn1", "0.1"),
        ("se.conv_reduce", "1.fc1"),
        ("se.conv_expand", "1.fc2"),
        ("conv_pw", "2.0"),
        ("bn2", "2.1"),
    ];
    const INVERTED: [(&str, &str); 8] = [
        ("conv_pw", "0.0"),
        ("bn1", "0.1"),
        ("conv_dw", "1.0"),
        ("bn2", "1.1"),
        ("se.conv_reduce", "2.fc1"),
        ("se.conv_expand", "2.fc2"),
        ("conv_pwl", "3.0"),
        ("bn3", "3.1"),
    ];
    let Some(parts) = TIMM_BLOCK.captures(name) else { return renamed(name, &EDGES) };
    let (stage, block, unit, leaf) = (&parts[1], &parts[2], &parts[3], &parts[4]);
    let table: &[(&str, &str)] = if stage == "0" { &SEPARABLE } else { &INVERTED };
    let number = stage.parse::<usize>().unwrap_or_default() + 1;
    match table.iter().find(|(from, _)| *from == unit) {
        Some((_, to)) => format!("features.{number}.{block}.block.{to}.{leaf}"),
        None => name.to_owned(),
    }
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
    fn timm_efficientnets_have_other_names_for_the_same_blocks() {
        let name = |name: &str| torchvision(name, Family::EfficientnetB0);
        assert_eq!(name("conv_stem.weight"), "features.0.0.weight");
        assert_eq!(name("blocks.0.0.conv_pw.weight"), "features.1.0.block.2.0.weight");
        assert_eq!(name("blocks.6.0.bn3.running_mean"), "features.7.0.block.3.1.running_mean");
        assert_eq!(name("blocks.2.1.se.conv_expand.bias"), "features.3.1.block.2.fc2.bias");
        assert_eq!(name("features.3.1.block.2.fc2.bias"), "features.3.1.block.2.fc2.bias");
    }

    #[test]
    fn timm_vgg_heads_are_convolutions_under_other_names() {
        assert_eq!(torchvision("pre_logits.fc1.weight", Family::Vgg16), "classifier.0.weight");
        assert_eq!(torchvision("head.fc.bias", Family::Vgg16Bn), "classifier.6.bias");
    }
}
