//! The stage that a name means: its own name, what it was called once, or what timm calls it.
//!
//! | written | meant |
//! |---|---|
//! | `features` | the last stage of that module, where it has several |
//! | `norm5` | `features` of a DenseNet, as it was called once |
//! | `blocks.11`, `blocks.11.norm1`, `norm` | `encoder.layers.encoder_layer_11`, its `ln_1`, `encoder.ln` (timm's ViT) |
//! | `layers.3`, `layers.3.blocks.1.norm1` | `features.7`, `features.7.1.norm1` (timm's Swin) |
//! | `stages.3` | `features.7` (timm's ConvNeXt) |
//! | `features.7.1` | `features.7`, where that is its last block |
//! | `layer4` | `layer4.1`, where that is the last stage of the module in a graph |

/// The place of the stage that is meant by `name` among all `stages`.
#[must_use]
pub fn stage_called(name: &str, stages: &[&str]) -> Option<usize> {
    let exact = |name: &str| stages.iter().position(|s| *s == name);
    exact(name).or_else(|| match name {
        "features" => stages.iter().rposition(|s| s.starts_with("features.")),
        "norm5" => exact("features"),
        "norm" => exact("encoder.ln"),
        "pos_drop" => exact("encoder.dropout"),
        _ => of_timm(name)
            .and_then(|name| exact(&name).or_else(|| last_block(&name, stages)))
            .or_else(|| last_block(name, stages))
            .or_else(|| last_inside(name, stages)),
    })
}

/// The last stage of a module that a graph is cut into several of: `layer4.1` for `layer4`.
fn last_inside(name: &str, stages: &[&str]) -> Option<usize> {
    stages.iter().rposition(|s| s.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

/// torchvision's name for a part that timm calls `name`.
fn of_timm(name: &str) -> Option<String> {
    let (module, rest) = name.split_once('.')?;
    let (number, rest) = rest.split_once('.').map_or((rest, None), |(number, rest)| (number, Some(rest)));
    let number: usize = number.parse().ok().filter(|n| *n < 1000)?;
    match (module, rest) {
        ("blocks", None) => Some(format!("encoder.layers.encoder_layer_{number}")),
        ("blocks", Some("norm1")) => Some(format!("encoder.layers.encoder_layer_{number}.ln_1")),
        ("layers" | "stages", None) => Some(format!("features.{}", 2 * number + 1)),
        ("layers" | "stages", Some(rest)) => {
            Some(format!("features.{}.{}", 2 * number + 1, rest.strip_prefix("blocks.")?))
        }
        _ => None,
    }
}

/// The stage `features.7` for its block `features.7.1`, where no other block of it is numbered
/// higher: only a stage that ends in a norm of that block, or none, has blocks of its own.
fn last_block(name: &str, stages: &[&str]) -> Option<usize> {
    let (stage, block) = name.rsplit_once('.')?;
    let block: usize = block.parse().ok()?;
    let norm = format!("{stage}.{block}.norm1");
    stages.iter().any(|s| **s == norm).then(|| stages.iter().position(|s| *s == stage)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_makers_mean_the_same_stages() {
        let vit = [
            "encoder.dropout",
            "encoder.layers.encoder_layer_0",
            "encoder.layers.encoder_layer_1.ln_1",
            "encoder.layers.encoder_layer_1",
            "encoder.ln",
            "dropout",
            "heads.head",
        ];
        for (name, stage) in [
            ("encoder.layers.encoder_layer_1.ln_1", Some(2)),
            ("blocks.1.norm1", Some(2)),
            ("blocks.0", Some(1)),
            ("blocks.1", Some(3)),
            ("blocks.2", None),
            ("norm", Some(4)),
            ("blocks.0.norm1", None),
        ] {
            assert_eq!(stage_called(name, &vit), stage, "{name}");
        }
        let swin =
            ["features.0", "features.1", "features.2", "features.3.0", "features.3.1.norm1", "features.3", "norm"];
        for (name, stage) in [
            ("layers.1.blocks.1.norm1", Some(4)),
            ("features.3.1", Some(5)),
            ("layers.1.blocks.1", Some(5)),
            ("layers.1.blocks.0", Some(3)),
            ("layers.1", Some(5)),
            ("stages.0", Some(1)),
            ("features", Some(5)),
            ("norm", Some(6)),
            ("layers.4", None),
        ] {
            assert_eq!(stage_called(name, &swin), stage, "{name}");
        }
    }
}
