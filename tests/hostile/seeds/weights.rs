//! Weights of other programs: the golden files of the import, and small safetensors.

use std::io::Read as _;

use super::Seed;
use super::model::{toy_gate, toy_weights};
use crate::readers::Reader;

/// Files of `tests/golden/import.py`; those that would run code are refused.
const GOLDEN: [(&str, &[u8], bool); 9] = [
    ("chexnet.pth.tar", include_bytes!("../../golden/import/chexnet.pth.tar.gz"), false),
    ("harm.pth", include_bytes!("../../golden/import/harm.pth.gz"), true),
    ("harm_stream.pth", include_bytes!("../../golden/import/harm_stream.pth.gz"), true),
    ("kinds.pth", include_bytes!("../../golden/import/kinds.pth.gz"), false),
    ("kinds_stream.pth", include_bytes!("../../golden/import/kinds_stream.pth.gz"), false),
    ("resnet.weights.h5", include_bytes!("../../golden/import/resnet.weights.h5.gz"), false),
    ("torchxrayvision.pt", include_bytes!("../../golden/import/torchxrayvision.pt.gz"), false),
    ("vgg.keras", include_bytes!("../../golden/import/vgg.keras.gz"), false),
    ("vgg_keras2.h5", include_bytes!("../../golden/import/vgg_keras2.h5.gz"), false),
];

/// Files of `tests/golden/onnx_networks.py`; the one with values beside it is not sound alone.
const NETWORKS: [(&str, &[u8], bool); 8] = [
    ("channels_last.onnx", include_bytes!("../../golden/onnx/channels_last.onnx"), false),
    ("half.onnx", include_bytes!("../../golden/onnx/half.onnx"), true),
    ("mobile_dynamo.onnx", include_bytes!("../../golden/onnx/mobile_dynamo.onnx"), false),
    ("mobile_script.onnx", include_bytes!("../../golden/onnx/mobile_script.onnx"), false),
    ("operators.onnx", include_bytes!("../../golden/onnx/operators.onnx"), false),
    ("shapes_script.onnx", include_bytes!("../../golden/onnx/shapes_script.onnx"), false),
    ("tokens_dynamo.onnx", include_bytes!("../../golden/onnx/tokens_dynamo.onnx"), false),
    ("tokens_script.onnx", include_bytes!("../../golden/onnx/tokens_script.onnx"), false),
];

pub(crate) fn all() -> Vec<Seed> {
    let unpacked = |packed: &[u8]| {
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
        bytes
    };
    let golden = GOLDEN
        .map(|(name, packed, is_refused)| Seed { is_refused, ..Seed::of(Reader::Import, name, unpacked(packed)) });
    let safetensors = [("weights", toy_weights()), ("gate", toy_gate())];
    let safetensors =
        safetensors.map(|(name, bytes)| Seed::of(Reader::Safetensors, format!("{name}.safetensors"), bytes));
    let networks = NETWORKS.map(|(name, bytes, is_refused)| Seed { is_refused, ..Seed::of(Reader::Onnx, name, bytes) });
    golden.into_iter().chain(safetensors).chain(networks).collect()
}
