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
        let noted = |text: &[u8]| -> (String, usize) {
            let header: serde_json::Value = serde_json::from_slice(text).unwrap();
            let note = &header["__metadata__"];
            let word = |key: &str| note[key].as_str().unwrap_or_default().to_owned();
            (word("target"), word("class").parse().unwrap_or(0))
        };
        let bytes = std::fs::read(path.with_extension("safetensors")).unwrap();
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let (layer, class) = noted(&bytes[8..8 + length]);
        let cam = peer.get("cam").map_or("-".to_owned(), |cam| {
            if built.stage(&layer).is_none() {
                return format!("no stage {layer}");
            }
            format!("{:.2e}", apart(&grad_cam(&built, &layer, image, class), cam))
        });
        println!(
            "{name:44} {one:9.2e} cam {cam:9} {nodes:5} nodes {:4} stages {:4} with maps  {target}",
            built.stages.len(),
            spatial.len()
        );
        if std::env::var("PELLUCID_ONNX_STAGES").is_ok() {
            println!("    {}", built.stages.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(" "));
        }
    }
}

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/onnx").join(name)
}

/// Networks of both exporters of PyTorch and two put together as tf2onnx does.
const GOLDEN: [&str; 10] = [
    "channels_last",
    "half",
    "mobile_dynamo",
    "mobile_script",
    "residual_dynamo",
    "residual_script",
    "shapes_dynamo",
    "shapes_script",
    "tokens_dynamo",
    "tokens_script",
];

fn peers() -> HashMap<String, Tensor> {
    candle_core::safetensors::load(golden("onnx.safetensors"), &Device::Cpu).unwrap()
}

fn built(network: &OnnxNetwork) -> crate::network::Network {
    let tensors = TensorFile::new(network.tensors.clone());
    let (channels, classes) = (network.graph.input[0], network.graph.outputs());
    network.architecture(0.0).folded(channels, classes, &tensors, &Device::Cpu).unwrap()
}

fn read_golden(name: &str) -> OnnxNetwork {
    read(&golden(&format!("{name}.onnx")), 224).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn logits_are_those_of_onnxruntime_for_any_batch() {
    let peers = peers();
    for name in GOLDEN {
        let network = read_golden(name);
        let (image, expected) = (&peers[&format!("{name}.image")], &peers[&format!("{name}.logits")]);
        let built = built(&network);
        let two = Tensor::cat(&[&image.affine(0.3, 0.2).unwrap(), image], 0).unwrap();
        let logits = built.forward(&two, Mode::Inference).unwrap();
        let found = logits.narrow(0, 1, 1).unwrap();
        let found = match network.head {
            Some(Head::Softmax) => candle_nn::ops::softmax(&found, 1).unwrap(),
            Some(Head::Sigmoid) => candle_nn::ops::sigmoid(&found).unwrap(),
            None => found,
        };
        let apart = apart(&found, expected);
        assert!(apart < 1e-5, "{name}: {apart}");
    }
}

#[test]
fn every_stage_hands_on_what_the_next_one_takes_and_gradients_are_those_of_the_graph() {
    let peers = peers();
    for name in GOLDEN {
        let network = built(&read_golden(name));
        let image = &peers[&format!("{name}.image")];
        let logits = network.forward(image, Mode::Inference).unwrap();
        let ones = logits.ones_like().unwrap();
        let whole = 0..network.stages.len();
        for stage in whole.clone() {
            let x = network.forward_range(0..stage, image, Mode::Inference).unwrap();
            let again = network.forward_range(stage..whole.end, &x, Mode::Inference).unwrap();
            assert!(apart(&again, &logits) < 1e-5, "{name} from {}", network.stages[stage].name);
            let pass = network.record(stage, &x, Mode::Inference, true).unwrap();
            assert!(apart(&pass.logits, &logits) < 1e-5, "{name} recorded from {}", network.stages[stage].name);
            let found = pass.to_input(&ones).unwrap().expect("scores depend on every stage");
            let x = candle_core::Var::from_tensor(&x).unwrap();
            let y = network.forward_range(stage..whole.end, x.as_tensor(), Mode::Inference).unwrap();
            let expected = y.sum_all().unwrap().backward().unwrap();
            let expected = expected.get(x.as_tensor()).unwrap();
            let apart = apart(&found, expected);
            assert!(apart < 1e-4, "{name} from {}: {apart}", network.stages[stage].name);
        }
    }
}

#[test]
fn grad_cam_is_that_of_the_package() {
    let peers = peers();
    for (name, target) in [
        ("residual_script", "layer2"),
        ("residual_dynamo", "layer2"),
        ("mobile_script", "features"),
        ("mobile_dynamo", "features"),
    ] {
        let network = built(&read_golden(name));
        let found = grad_cam(&network, target, &peers[&format!("{name}.image")], 1);
        let apart = apart(&found, &peers[&format!("{name}.cam")]);
        assert!(apart < 1e-4, "{name}: {apart}");
    }
}

/// Grad-CAM as the package scales it: `(1, H, W)`.
fn grad_cam(network: &crate::network::Network, target: &str, image: &Tensor, class: usize) -> Tensor {
    let stage = network.stage(target).unwrap_or_else(|| panic!("there is no stage {target}"));
    let (h, w) = (image.dim(2).unwrap(), image.dim(3).unwrap());
    let x = network.forward_range(0..stage + 1, image, Mode::Inference).unwrap();
    let pass = network.record(stage + 1, &x, Mode::Inference, true).unwrap();
    let mut one = vec![0f32; pass.logits.elem_count()];
    one[class] = 1.0;
    let one = Tensor::from_vec(one, pass.logits.shape(), &Device::Cpu).unwrap();
    let gradient = pass.to_input(&one).unwrap().unwrap();
    let planes = |t: &Tensor| network.planes(stage, t, (w, h)).unwrap();
    let weights = planes(&gradient).mean_keepdim(2).unwrap().mean_keepdim(3).unwrap();
    let map = planes(&x).broadcast_mul(&weights).unwrap().sum(1).unwrap().relu().unwrap();
    let scaled = |map: &Tensor| {
        let map = map.broadcast_sub(&map.min_all().unwrap()).unwrap();
        let most = map.max_all().unwrap().to_scalar::<f32>().unwrap() + 1e-7;
        (map / f64::from(most)).unwrap()
    };
    let map = resized(&scaled(&map).unsqueeze(0).unwrap(), [h, w]);
    scaled(&map.squeeze(0).unwrap())
}

/// Maps `(1, 1, H, W)` of another size, bilinear as OpenCV has it.
fn resized(map: &Tensor, [rows, columns]: [usize; 2]) -> Tensor {
    let by = |from: usize, to: usize| {
        let mut values = vec![0f32; from * to];
        for (i, row) in values.chunks_exact_mut(from).enumerate() {
            let place = ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, (from - 1) as f64);
            row[place.floor() as usize] += (1.0 - place.fract()) as f32;
            row[(place.floor() as usize + 1).min(from - 1)] += place.fract() as f32;
        }
        Tensor::from_vec(values, (to, from), &Device::Cpu).unwrap()
    };
    let (_, _, h, w) = map.dims4().unwrap();
    let x = map.broadcast_matmul(&by(w, columns).t().unwrap().contiguous().unwrap()).unwrap();
    by(h, rows).broadcast_matmul(&x).unwrap()
}
