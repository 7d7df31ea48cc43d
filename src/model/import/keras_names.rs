//! `VGG16`, `ResNet50` and `DenseNet121` of `keras.applications` as torchvision's: names, layouts,
//! and what differs in the networks.
//!
//! Kernels `(k, k, I, O)` become `(O, I, k, k)`, dense kernels are transposed. Keras flattens a map
//! with its channels last, PyTorch with its channels first, so the columns of VGG's first dense
//! layer are put into another order. The ResNets' convolutions have biases and their stride is in
//! the first 1×1 convolution; the batch norms' ε is 1.001e-5; none of the three has a dropout.

use std::sync::LazyLock;

use regex::Regex;

use super::ImportError;
use super::layout::Layout;
use super::named_tensor::NamedTensor;
use crate::network::architecture::{Architecture, Family};

/// ε of the batch norms of `keras.applications`.
const EPSILON: f64 = 1.001e-5;

/// Numbers of the convolutions in torchvision's `features` of VGG16.
const VGG: [&[usize]; 5] = [&[0, 2], &[5, 7], &[10, 12, 14], &[17, 19, 21], &[24, 26, 28]];

static UNIT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^conv(\d)_block(\d+)_(\d)_(conv|bn)$").expect("a constant expression"));
static TRANSITION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^pool(\d)_(conv|bn)$").expect("a constant expression"));
static VGG_UNIT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^block(\d)_conv(\d)$").expect("a constant expression"));

/// The architecture as Keras builds it.
pub fn architecture(family: Family) -> Result<Architecture, ImportError> {
    let published = Architecture { dropout: 0.0, ..Architecture::new(family) };
    match family {
        Family::Vgg16 => Ok(published),
        Family::Densenet121 | Family::Densenet169 => Ok(Architecture { epsilon: Some(EPSILON), ..published }),
        Family::Resnet50 | Family::Resnet101 => {
            Ok(Architecture { epsilon: Some(EPSILON), bias: Some(true), stride_first: Some(true), ..published })
        }
        other => Err(ImportError::KerasFamily(other)),
    }
}

/// The same tensors with the names and layouts of PyTorch; layers without a counterpart keep their
/// names.
#[must_use]
pub fn translate(tensors: &[(String, Vec<usize>)], family: Family) -> Vec<NamedTensor> {
    // The channels that a flattened map had: those of VGG's last convolution.
    let last = tensors.iter().find(|(name, shape)| name.starts_with("block5_conv3/") && shape.len() == 4);
    let channels = last.and_then(|(_, kernel)| kernel.last().copied());
    let named = |(number, (from, shape)): (usize, &(String, Vec<usize>))| {
        let (layer, part) = from.rsplit_once('/').unwrap_or((from.as_str(), ""));
        let (module, is_norm) = module(layer, family).unwrap_or_else(|| (layer.to_owned(), false));
        let layout = layout(shape, channels.filter(|_| module == "classifier.0"));
        let to = format!("{module}.{}", parameter(part, is_norm));
        NamedTensor { number, from: from.clone(), to, shape: layout.shape(shape), layout, part: None }
    };
    tensors.iter().enumerate().map(named).collect()
}

/// PyTorch's name for a part; the numbers of Keras 3 count in the order of creation.
fn parameter(part: &str, is_norm: bool) -> &str {
    match (part, is_norm) {
        ("kernel" | "gamma" | "0", _) => "weight",
        ("bias" | "beta" | "1", _) => "bias",
        ("mean", _) | ("2", true) => "running_mean",
        ("variance", _) | ("3", true) => "running_var",
        _ => part,
    }
}

/// `channels` is given for a dense layer behind a flattened map.
fn layout(shape: &[usize], channels: Option<usize>) -> Layout {
    match (shape, channels) {
        ([_, _, _, _], _) => Layout::Kernel,
        ([inputs, _], Some(c)) if c > 0 && inputs % c == 0 => Layout::Flattened(c),
        ([_, _], _) => Layout::Dense,
        _ => Layout::Same,
    }
}

/// torchvision's module for a layer of `keras.applications`, and whether it is a batch norm.
fn module(layer: &str, family: Family) -> Option<(String, bool)> {
    let norm = layer.ends_with("bn");
    let name = match family {
        Family::Vgg16 => match (VGG_UNIT.captures(layer), layer) {
            (Some(at), _) => {
                format!("features.{}", VGG.get(number(&at[1])?.checked_sub(1)?)?.get(number(&at[2])?.checked_sub(1)?)?)
            }
            (None, "fc1") => "classifier.0".into(),
            (None, "fc2") => "classifier.3".into(),
            (None, "predictions") => "classifier.6".into(),
            _ => return None,
        },
        Family::Resnet50 | Family::Resnet101 => {
            if let Some(at) = UNIT.captures(layer) {
                let (stage, block, unit) =
                    (number(&at[1])?.checked_sub(1)?, number(&at[2])?.checked_sub(1)?, number(&at[3])?);
                match unit {
                    0 => format!("layer{stage}.{block}.downsample.{}", usize::from(norm)),
                    _ => format!("layer{stage}.{block}.{}{unit}", if norm { "bn" } else { "conv" }),
                }
            } else {
                match layer {
                    "conv1_conv" => "conv1".into(),
                    "conv1_bn" => "bn1".into(),
                    "predictions" => "fc".into(),
                    _ => return None,
                }
            }
        }
        _ => {
            if let Some(at) = UNIT.captures(layer) {
                let (stage, block) = (number(&at[1])?.checked_sub(1)?, number(&at[2])?);
                let unit = match (number(&at[3])?, norm) {
                    (0, true) => "norm1",
                    (1, true) => "norm2",
                    (1, false) => "conv1",
                    (2, false) => "conv2",
                    _ => return None,
                };
                format!("features.denseblock{stage}.denselayer{block}.{unit}")
            } else if let Some(at) = TRANSITION.captures(layer) {
                format!("features.transition{}.{}", number(&at[1])?.checked_sub(1)?, if norm { "norm" } else { "conv" })
            } else {
                match layer {
                    "conv1_conv" => "features.conv0".into(),
                    "conv1_bn" => "features.norm0".into(),
                    "bn" => "features.norm5".into(),
                    "predictions" => "classifier".into(),
                    _ => return None,
                }
            }
        }
    };
    Some((name, norm))
}

fn number(text: &str) -> Option<usize> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    fn name(layer: &str, family: Family) -> String {
        module(layer, family).unwrap().0
    }

    #[test]
    fn every_unit_of_the_applications_has_its_counterpart() {
        assert_eq!(name("block4_conv2", Family::Vgg16), "features.19");
        assert_eq!(name("conv3_block1_0_bn", Family::Resnet50), "layer2.0.downsample.1");
        assert_eq!(name("conv5_block3_3_conv", Family::Resnet50), "layer4.2.conv3");
        assert_eq!(name("conv2_block6_1_bn", Family::Densenet121), "features.denseblock1.denselayer6.norm2");
        assert_eq!(name("pool4_conv", Family::Densenet121), "features.transition3.conv");
        assert!(module("block0_conv9", Family::Vgg16).is_none() && module("block9_conv1", Family::Vgg16).is_none());
        assert!(module("dense_1", Family::Resnet50).is_none());
    }

    #[test]
    fn a_dense_layer_behind_a_flattened_map_is_put_into_the_order_of_channels() {
        // A map of 1×2 pixels and 3 channels, one output: the kernel's rows run pixel by pixel.
        let kernel = Tensor::new(&[[0f32], [1.], [2.], [10.], [11.], [12.]], &Device::Cpu).unwrap();
        let laid = layout(kernel.dims(), Some(3)).apply(&kernel).unwrap();
        assert_eq!(laid.to_vec2::<f32>().unwrap(), [[0., 10., 1., 11., 2., 12.]]);
    }

    #[test]
    fn a_kernel_gets_its_outputs_first() {
        let kernel = Tensor::arange(0f32, 12., &Device::Cpu).unwrap().reshape((1, 2, 3, 2)).unwrap();
        let laid = layout(kernel.dims(), None).apply(&kernel).unwrap();
        assert_eq!(laid.dims(), [2, 3, 1, 2]);
        assert_eq!(laid.flatten_all().unwrap().to_vec1::<f32>().unwrap()[..4], [0., 6., 2., 8.]);
    }
}
