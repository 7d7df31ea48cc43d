//! Networks of others: their logits by onnxruntime, and Grad-CAM by the package `grad-cam`.

use std::path::PathBuf;

use candle_core::{Device, Tensor};

use super::*;
use crate::network::Mode;
use crate::network::weights::TensorFile;

/// The largest difference as a share of the largest value.
fn apart(found: &Tensor, expected: &Tensor) -> f32 {
    let size = |t: &Tensor| t.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
    size(&(found - expected).unwrap()) / size(expected).max(1e-12)
}

/// Files that `benches/onnx_peers.py` wrote, with a table of what is found.
#[test]
#[ignore = "needs the files of benches/onnx_peers.py; set PELLUCID_ONNX"]
fn onnx_peers() {
    let folder = PathBuf::from(std::env::var("PELLUCID_ONNX").expect("PELLUCID_ONNX names a folder"));
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().flatten().map(|e| e.path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "onnx"));
    files.sort();
    let only = std::env::var("PELLUCID_ONNX_ONLY").unwrap_or_default();
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.contains(&only) {
            continue;
        }
        let network = match read(&path, 224) {
            Ok(network) => network,
            Err(error) => {
                println!("{name:44} refused: {error}");
                continue;
            }
        };
        let peer = candle_core::safetensors::load(path.with_extension("safetensors"), &Device::Cpu).unwrap();
        let (image, logits) = (&peer["image"], &peer["logits"]);
        let architecture = network.architecture(0.0);
        let (channels, classes) = (network.graph.input[0], network.graph.outputs());
        let nodes = network.graph.nodes.len();
        let built = match architecture.folded(channels, classes, &TensorFile::new(network.tensors), &Device::Cpu) {
            Ok(built) => built,
            Err(error) => {
                println!("{name:44} not built: {error}");
                continue;
            }
        };
        let two = Tensor::cat(&[image, &image.affine(0.5, 0.1).unwrap()], 0).unwrap();
        let found = match built.forward(&two, Mode::Inference) {
            Ok(found) => found,
            Err(error) => {
                println!("{name:44} does not run: {}", error.to_string().lines().next().unwrap_or_default());
                continue;
            }
        };
        let one = apart(&found.narrow(0, 0, 1).unwrap(), logits);
        let spatial = built.spatial_stages();
        let target = built.default_target(image.dim(3).unwrap(), image.dim(2).unwrap());
        let target = target.map(|stage| built.stages[stage].name.clone()).unwrap_or_default();
        println!("{name:44} {one:9.2e}  {nodes:5} nodes {:4} stages {:4} with maps  {target}", built.stages.len(), spatial.len());
        if std::env::var("PELLUCID_ONNX_STAGES").is_ok() {
            println!("    {}", built.stages.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(" "));
        }
    }
}
