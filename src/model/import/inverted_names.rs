//! Names of the tensors of EfficientNets and MobileNets in other programs, as torchvision calls
//! them.
//!
//! | | stem, last convolution | a block |
//! |---|---|---|
//! | torchvision | `features.0`, the last `features.N` | `features.3.1.block.0.0` |
//! | timm | `conv_stem`, `bn1`, `conv_head`, `bn2` | `blocks.2.1.conv_pw`, `bn1`, `conv_dw`, … |
//! | EfficientNet-PyTorch (Melas-Kyriazi) | `_conv_stem`, `_bn0`, `_conv_head`, `_bn1`, `_fc` | `_blocks.4._expand_conv`, `_bn0`, `_depthwise_conv`, … |
//!
//! torchvision counts the parts of a block, so where a part stands depends on whether the block
//! widens and has squeeze-and-excitation; both are seen by the names that are there. A file may have
//! more stages than the architecture that it is fitted to; its last convolution is counted by the
//! file.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::network::architecture::{Architecture, Family};

/// `blocks.2.1.conv_pw.weight`.
static TIMM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^blocks\.(\d{1,3})\.(\d{1,3})\.(.+)\.(\w+)$").expect("a constant expression"));
/// `_blocks.4._expand_conv.weight`.
static FLAT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^_blocks\.(\d{1,4})\.(\w+)\.(\w+)$").expect("a constant expression"));

/// Whose names they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    Torchvision,
    Timm,
    /// Melas-Kyriazi's EfficientNet-PyTorch, which pads as TensorFlow does, always.
    EfficientnetPytorch,
}

/// Whose names these are, without their wrappers.
pub(super) fn maker<'a>(mut names: impl Iterator<Item = &'a str> + Clone) -> Maker {
    let starts = |prefix: &'static str| move |name: &str| name.starts_with(prefix);
    if names.clone().any(starts("_blocks.")) {
        Maker::EfficientnetPytorch
    } else if names.clone().any(starts("conv_stem.")) && names.any(starts("blocks.")) {
        Maker::Timm
    } else {
        Maker::Torchvision
    }
}

/// A convolution of a block, with the norm behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Widen,
    Filter,
    Reduce,
    Excite,
    Narrow,
}

/// Which parts a block has.
#[derive(Clone, Copy, Default)]
struct Has {
    widen: bool,
    squeeze: bool,
}

/// A tensor's place in a block.
struct Place<'a> {
    stage: usize,
    block: usize,
    unit: &'a str,
    leaf: &'a str,
}

/// What must be known of a file to rename its tensors.
pub(super) struct Renaming {
    family: Family,
    maker: Maker,
    /// Blocks of each stage of the file.
    depths: Vec<usize>,
    has: HashMap<(usize, usize), Has>,
}

impl Renaming {
    /// For a file of these names, without their wrappers.
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a str> + Clone, architecture: &Architecture) -> Self {
        let maker = maker(names.clone());
        let (depths, has) = (architecture.depths(), HashMap::new());
        let mut renaming = Self { family: architecture.family, maker, depths, has };
        if maker == Maker::Torchvision {
            return renaming;
        }
        let mut has: HashMap<(usize, usize), Has> = HashMap::new();
        for name in names {
            if let Some(place) = renaming.place(name) {
                let block = has.entry((place.stage, place.block)).or_default();
                block.widen |= matches!(place.unit, "conv_pwl" | "_expand_conv");
                block.squeeze |= matches!(place.unit, "se.conv_reduce" | "_se_reduce");
            }
        }
        // Stages that the file has; the last of timm's MobileNetV3 is no block.
        let stages = has.keys().map(|(stage, _)| stage + 1).max().unwrap_or(0);
        let convolution = usize::from(maker == Maker::Timm && renaming.ends_in_a_stage());
        renaming.depths.truncate(stages.saturating_sub(convolution));
        renaming.has = has;
        renaming
    }

    /// timm's MobileNetV3 counts its last convolution as a stage.
    fn ends_in_a_stage(&self) -> bool {
        matches!(self.family, Family::MobilenetV3Small | Family::MobilenetV3Large)
    }

    fn place<'a>(&self, name: &'a str) -> Option<Place<'a>> {
        let number = |text: &str| text.parse::<usize>().ok();
        if self.maker == Maker::Timm {
            let (_, [stage, block, unit, leaf]) = TIMM.captures(name)?.extract();
            return Some(Place { stage: number(stage)?, block: number(block)?, unit, leaf });
        }
        let (_, [block, unit, leaf]) = FLAT.captures(name)?.extract();
        let mut left = number(block)?;
        for (stage, depth) in self.depths.iter().enumerate() {
            if left < *depth {
                return Some(Place { stage, block: left, unit, leaf });
            }
            left -= depth;
        }
        // Beyond the published blocks: nothing has such a name.
        Some(Place { stage: self.depths.len(), block: left, unit, leaf })
    }

    /// The name that torchvision would give to `name`, which has no wrapper any more.
    pub(super) fn torchvision(&self, name: &str) -> String {
        if self.maker == Maker::Torchvision {
            return name.to_owned();
        }
        let renamed = match self.place(name) {
            Some(place) => self.in_a_block(&place),
            None => self.at_an_edge(name),
        };
        renamed.unwrap_or_else(|| name.to_owned())
    }

    fn at_an_edge(&self, name: &str) -> Option<String> {
        let last = format!("features.{}", self.last());
        let dense = self.ends_in_a_stage();
        let edges: &[(&str, &str)] = match self.maker {
            Maker::EfficientnetPytorch => &[
                ("_conv_stem.", "features.0.0."),
                ("_bn0.", "features.0.1."),
                ("_conv_head.", ".0."),
                ("_bn1.", ".1."),
                ("_fc.", "classifier.1."),
            ],
            _ if dense => &[
                ("conv_stem.", "features.0.0."),
                ("bn1.", "features.0.1."),
                ("conv_head.", "classifier.0."),
                ("classifier.", "classifier.3."),
            ],
            _ => &[
                ("conv_stem.", "features.0.0."),
                ("bn1.", "features.0.1."),
                ("conv_head.", ".0."),
                ("bn2.", ".1."),
                ("classifier.", "classifier.1."),
            ],
        };
        let (to, rest) = edges.iter().find_map(|(from, to)| Some((to, name.strip_prefix(from)?)))?;
        Some(if to.starts_with('.') { format!("{last}{to}{rest}") } else { format!("{to}{rest}") })
    }

    /// Number of the file's last convolution among torchvision's `features`.
    fn last(&self) -> usize {
        1 + if self.counts_blocks() { self.depths.iter().sum() } else { self.depths.len() }
    }

    /// torchvision's MobileNets count blocks, its EfficientNets stages.
    fn counts_blocks(&self) -> bool {
        self.family == Family::MobilenetV2 || self.ends_in_a_stage()
    }

    fn in_a_block(&self, place: &Place<'_>) -> Option<String> {
        let Place { stage, block, unit, leaf } = *place;
        if self.ends_in_a_stage() && stage == self.depths.len() && matches!(unit, "conv" | "bn1") {
            return Some(format!("features.{}.{}.{leaf}", self.last(), usize::from(unit == "bn1")));
        }
        let has = self.has.get(&(stage, block)).copied().unwrap_or_default();
        let (part, norm) = part(unit, has)?;
        let filter = usize::from(has.widen);
        let number = match part {
            Part::Widen => 0,
            Part::Filter => filter,
            Part::Reduce | Part::Excite => filter + 1,
            Part::Narrow => filter + 1 + usize::from(has.squeeze),
        };
        let at = match (self.counts_blocks(), self.family) {
            (true, family) => {
                let before: usize = self.depths.iter().take(stage).sum();
                let module = if family == Family::MobilenetV2 { "conv" } else { "block" };
                format!("features.{}.{module}", 1 + before + block)
            }
            (false, _) => format!("features.{}.{block}.block", stage + 1),
        };
        Some(match part {
            Part::Reduce => format!("{at}.{number}.fc1.{leaf}"),
            Part::Excite => format!("{at}.{number}.fc2.{leaf}"),
            Part::Narrow if self.family == Family::MobilenetV2 => format!("{at}.{}.{leaf}", number + usize::from(norm)),
            _ => format!("{at}.{number}.{}.{leaf}", usize::from(norm)),
        })
    }
}

/// Which part of a block a module is, and whether it is the norm.
fn part(unit: &str, has: Has) -> Option<(Part, bool)> {
    Some(match unit {
        "_expand_conv" => (Part::Widen, false),
        "_bn0" => (Part::Widen, true),
        "_depthwise_conv" | "conv_dw" => (Part::Filter, false),
        "_bn1" => (Part::Filter, true),
        "_se_reduce" | "se.conv_reduce" => (Part::Reduce, false),
        "_se_expand" | "se.conv_expand" => (Part::Excite, false),
        "_project_conv" | "conv_pwl" => (Part::Narrow, false),
        "_bn2" | "bn3" => (Part::Narrow, true),
        "conv_pw" => (if has.widen { Part::Widen } else { Part::Narrow }, false),
        "bn1" => (if has.widen { Part::Widen } else { Part::Filter }, true),
        "bn2" => (if has.widen { Part::Filter } else { Part::Narrow }, true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(family: Family, names: &[&str]) -> Vec<String> {
        let architecture = Architecture::new(family);
        let renaming = Renaming::of(names.iter().copied(), &architecture);
        names.iter().map(|name| renaming.torchvision(name)).collect()
    }

    #[test]
    fn timm_counts_modules_where_torchvision_counts_parts() {
        let names = [
            "conv_stem.weight",
            "blocks.0.0.conv_dw.weight",
            "blocks.0.0.conv_pw.weight",
            "blocks.0.0.se.conv_reduce.bias",
            "blocks.2.1.conv_pwl.weight",
            "blocks.2.1.se.conv_reduce.weight",
            "blocks.2.1.se.conv_expand.bias",
            "blocks.6.0.conv_pwl.weight",
            "blocks.6.0.se.conv_reduce.weight",
            "blocks.6.0.bn3.running_mean",
            "conv_head.weight",
            "bn2.bias",
            "classifier.weight",
        ];
        let expected = [
            "features.0.0.weight",
            "features.1.0.block.0.0.weight",
            "features.1.0.block.2.0.weight",
            "features.1.0.block.1.fc1.bias",
            "features.3.1.block.3.0.weight",
            "features.3.1.block.2.fc1.weight",
            "features.3.1.block.2.fc2.bias",
            "features.7.0.block.3.0.weight",
            "features.7.0.block.2.fc1.weight",
            "features.7.0.block.3.1.running_mean",
            "features.8.0.weight",
            "features.8.1.bias",
            "classifier.1.weight",
        ];
        assert_eq!(renamed(Family::EfficientnetB0, &names), expected);
    }

    #[test]
    fn without_squeeze_and_excitation_the_parts_move_up() {
        let names = ["_blocks.0._project_conv.weight", "_blocks.0._bn1.bias", "_blocks.15._expand_conv.weight"];
        let more =
            ["_blocks.15._project_conv.weight", "_blocks.15._bn2.weight", "_bn1.weight", "_fc.bias", "_bn0.bias"];
        let expected = [
            "features.1.0.block.1.0.weight",
            "features.1.0.block.0.1.bias",
            "features.7.0.block.0.0.weight",
            "features.7.0.block.2.0.weight",
            "features.7.0.block.2.1.weight",
            "features.8.1.weight",
            "classifier.1.bias",
            "features.0.1.bias",
        ];
        assert_eq!(renamed(Family::EfficientnetLite0, &[names.as_slice(), &more].concat()), expected);
    }

    #[test]
    fn mobilenets_count_their_blocks_through() {
        let names = ["conv_stem.weight", "blocks.0.0.bn2.bias", "blocks.6.0.conv_pwl.weight", "blocks.6.0.bn3.bias"];
        let found = renamed(Family::MobilenetV2, &[names.as_slice(), &["conv_head.weight"]].concat());
        let expected = ["features.0.0.weight", "features.1.conv.2.bias", "features.17.conv.2.weight"];
        assert_eq!(found[..3], expected);
        assert_eq!(found[3..], ["features.17.conv.3.bias", "features.18.0.weight"]);
        let names = ["conv_stem.weight", "blocks.5.2.conv_pwl.weight", "blocks.6.0.conv.weight", "blocks.6.0.bn1.bias"];
        let found = renamed(Family::MobilenetV3Large, &[names.as_slice(), &["conv_head.bias"]].concat());
        let expected = ["features.15.block.2.0.weight", "features.16.0.weight", "features.16.1.bias"];
        assert_eq!(found[1..4], expected);
        assert_eq!(found[4], "classifier.0.bias");
    }

    #[test]
    fn a_file_with_more_stages_than_the_architecture_keeps_its_own_count() {
        let cut = Architecture { blocks: vec![1, 2, 2, 3, 3], ..Architecture::new(Family::EfficientnetLite0) };
        let names = ["_blocks.4._bn0.bias", "_blocks.14._expand_conv.weight", "_conv_head.weight"];
        let all: Vec<String> = (0..16).map(|i| format!("_blocks.{i}._expand_conv.weight")).collect();
        let renaming = Renaming::of(all.iter().map(String::as_str).chain(names), &cut);
        assert_eq!(renaming.torchvision(names[0]), "features.3.1.block.0.1.bias");
        assert_eq!(renaming.torchvision(names[1]), "features.6.3.block.0.0.weight");
        assert_eq!(renaming.torchvision(names[2]), "features.8.0.weight");
    }
}
