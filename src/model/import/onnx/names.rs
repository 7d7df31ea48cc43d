//! What the parts of a network are called: modules of PyTorch or layers of Keras, from whatever an
//! exporter leaves of them.
//!
//! | exporter | where | read as |
//! |---|---|---|
//! | torch.onnx (TorchScript) | `/layer1/layer1.0/conv1/Conv` | `layer1.0.conv1` |
//! | torch.onnx (dynamo) | note `pkg.torch.onnx.name_scopes` | the last module in it |
//! | tf2onnx | `model/block1_conv1/Conv2D` | `block1_conv1` |
//! | others | a weight called `conv1.weight` | `conv1` |

use super::proto::Node;

/// The note of the dynamo exporter: a list of nested modules and, last, of the operation.
const SCOPES: &str = "pkg.torch.onnx.name_scopes";

/// Names of the modules that a node is in, with dots; empty where they are not known.
pub(super) fn path(node: &Node<'_>) -> String {
    if let Some((_, scopes)) = node.metadata.iter().find(|(key, _)| *key == SCOPES) {
        let names: Vec<&str> = scopes.split(['\'', '"']).skip(1).step_by(2).collect();
        let module = names.split_last().and_then(|(_, modules)| modules.last());
        return plain(module.copied().unwrap_or_default());
    }
    if let Some(scopes) = node.name.strip_prefix('/') {
        let mut parts: Vec<&str> = Vec::new();
        let names: Vec<&str> = scopes.split('/').collect();
        for name in &names[..names.len() - 1] {
            // Numbered modules repeat the name of the one that they are in.
            match parts.last() {
                Some(last) if name.strip_prefix(last).is_some_and(|rest| rest.starts_with('.')) => {
                    parts.pop();
                    parts.push(name);
                }
                _ => parts.push(name),
            }
        }
        return plain(&parts.join("."));
    }
    if node.name.contains('/') {
        let names: Vec<&str> = node.name.split('/').filter(|name| !name.is_empty()).collect();
        let outer = usize::from(names.len() > 2);
        return plain(&names[outer..names.len().saturating_sub(1).max(outer)].join("."));
    }
    let module = |name: &&str| {
        [".weight", ".bias", ".running_mean"].iter().find_map(|ending| name.strip_suffix(ending)).map(ToOwned::to_owned)
    };
    plain(&node.inputs.iter().find_map(module).unwrap_or_default())
}

/// A name of letters, digits, dots, dashes and underscores.
pub(super) fn plain(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = name.chars().map(letter).take(200).collect();
    name.split('.').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> String {
        path(&Node { name, ..Node::default() })
    }

    #[test]
    fn modules_are_found_in_what_exporters_write() {
        assert_eq!(named("/layer1/layer1.0/downsample/downsample.0/Conv"), "layer1.0.downsample.0");
        assert_eq!(named("/blocks/blocks.0/blocks.0.0/conv_pw/Conv"), "blocks.0.0.conv_pw");
        assert_eq!(named("/Flatten"), "");
        assert_eq!(named("model/block1_conv1/Conv2D"), "block1_conv1");
        assert_eq!(named("Conv_3"), "");
        let scopes = "['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d_1']";
        let node = Node { metadata: vec![(SCOPES, scopes)], ..Node::default() };
        assert_eq!(path(&node), "layer1.0.conv1");
        let node = Node { inputs: vec!["x", "fc.weight", "fc.bias"], ..Node::default() };
        assert_eq!(path(&node), "fc");
    }
}
