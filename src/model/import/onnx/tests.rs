//! Networks of others: their logits by onnxruntime, and Grad-CAM by the package `grad-cam`.

mod peers;

use std::path::PathBuf;

use candle_core::{Device, Tensor};

use super::*;
use crate::model::cascading_randomization::CascadingRandomization;
use crate::model::import::draft::Request;
use crate::model::import::install::{self, import};
use crate::model::import::preset::Preset;
use crate::model::registry;
use crate::network::Mode;
use crate::network::architecture::Family;
use crate::network::weights::TensorFile;

/// The largest difference as a share of the largest value.
fn apart(found: &Tensor, expected: &Tensor) -> f32 {
    let size = |t: &Tensor| t.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
    size(&(found - expected).unwrap()) / size(expected).max(1e-12)
}

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/onnx").join(name)
}

/// Networks of both exporters of PyTorch, two put together as tf2onnx does, and one of seldom
/// operators.
const GOLDEN: [&str; 11] = [
    "channels_last",
    "half",
    "mobile_dynamo",
    "mobile_script",
    "operators",
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

/// Maps `(1, 1, H, W)` of another size, bilinear as `OpenCV` has it.
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

fn request(name: &str, labels: Option<&[&str]>, dropout: Option<f32>) -> Request {
    Request {
        file: golden(&format!("{name}.onnx")),
        family: Family::Graph,
        convention: None,
        labels: labels.map(|labels| labels.iter().map(|l| (*l).to_owned()).collect()),
        head: Head::Softmax,
        preset: Preset::Imagenet,
        name: name.replace('_', "-"),
        dropout,
        size: None,
        resize: None,
        mean: vec![0.5],
        sd: vec![0.25],
        licence: None,
        description: None,
        ignore_unexpected: false,
        replace: false,
        prepared: None,
        published: None,
    }
}

#[test]
fn a_file_becomes_a_model_with_maps_intervals_and_randomisation_and_a_file_again() {
    let models = tempfile::tempdir().unwrap();
    let made = import(&request("residual_script", Some(&["A", "B", "C"]), Some(0.2)), models.path()).unwrap();
    let place = made.folder.to_string_lossy().into_owned();
    let model = registry::load(&place, &Device::Cpu).unwrap();
    // Three channels that see the same are one.
    assert_eq!(model.manifest.input.channels, 1);
    assert_eq!((model.manifest.input.width, model.manifest.input.height), (32, 32));
    assert_eq!(model.manifest.target_layer, "layer2.0");
    assert_eq!(install::verify(&place).unwrap().outputs, 3);
    let x = Tensor::from_iter((0..1024).map(|i| ((i * 37 % 101) as f32 - 50.0) / 40.0), &Device::Cpu).unwrap();
    let x = x.reshape((1, 1, 32, 32)).unwrap();
    let three = x.broadcast_as((1, 3, 32, 32)).unwrap().contiguous().unwrap();
    let expected = built(&read_golden("residual_script")).forward(&three, Mode::Inference).unwrap();
    let logits = model.network.forward(&x, Mode::Inference).unwrap();
    assert!(apart(&logits, &expected) < 1e-5);
    // Dropout before the head.
    let dropout = model.network.first_stochastic().unwrap();
    assert_eq!(model.network.stages[dropout + 1].name, "fc");
    let sampled = model.network.forward(&x, Mode::Sampling { seed: 1, first: 0 }).unwrap();
    assert!(apart(&sampled, &logits) > 1e-3);
    // A network that forgets its head gives other logits; one that forgets nothing the same.
    let cascade = CascadingRandomization::of(&model, 3).unwrap();
    assert_eq!(cascade.stages()[0], "fc");
    let forward = |count| cascade.network(count).unwrap().forward(&x, Mode::Inference).unwrap();
    assert!(apart(&forward(0), &logits) < 1e-6 && apart(&forward(1), &logits) > 1e-2);

    let file = models.path().join("again.onnx");
    std::fs::write(&file, crate::model::export::onnx(&place).unwrap()).unwrap();
    let again = Request {
        file,
        name: "again".into(),
        labels: None,
        mean: Vec::new(),
        sd: Vec::new(),
        ..request("residual_script", None, None)
    };
    let again = import(&again, models.path()).unwrap();
    let again = registry::load(&again.folder.to_string_lossy(), &Device::Cpu).unwrap();
    assert_eq!(again.manifest.input, model.manifest.input);
    assert_eq!(again.manifest.labels, model.manifest.labels);
    assert!(apart(&again.network.forward(&x, Mode::Inference).unwrap(), &logits) < 1e-5);
}

#[test]
fn an_output_without_a_label_is_left_out_and_missing_labels_are_asked_for() {
    let models = tempfile::tempdir().unwrap();
    let ask = import(&request("shapes_script", None, None), models.path()).unwrap_err();
    assert!(ask.to_string().contains("4 outputs"), "{ask}");
    let hidden = Request { head: Head::Sigmoid, ..request("shapes_script", Some(&["A", "", "", "D"]), None) };
    let made = import(&hidden, models.path()).unwrap();
    let model = registry::load(&made.folder.to_string_lossy(), &Device::Cpu).unwrap();
    let channels = model.manifest.input.channels;
    let x = Tensor::ones((1, channels, 32, 32), candle_core::DType::F32, &Device::Cpu).unwrap();
    let found: Vec<f32> = model.network.forward(&x, Mode::Inference).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    let whole = built(&read_golden("shapes_script"));
    let x = Tensor::ones((1, 3, 32, 32), candle_core::DType::F32, &Device::Cpu).unwrap();
    let all: Vec<f32> = whole.forward(&x, Mode::Inference).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    assert!(
        (found[0] - all[0]).abs() < 1e-4 && (found[1] - all[3]).abs() < 1e-4 && found.len() == 2,
        "{found:?} {all:?}"
    );
}

#[test]
fn tokens_know_their_places_and_the_target_is_the_norm_before_the_last_attention() {
    let peers = peers();
    for name in ["tokens_script", "tokens_dynamo"] {
        let network = built(&read_golden(name));
        let target = network.default_target(32, 32).unwrap();
        assert_eq!(network.stages[target].name, "blocks.1.norm1", "{name}");
        let layout = network.stages[target].layout;
        assert_eq!(layout, crate::network::layout::Layout::Tokens { prefix: 1, carried: 16, channels: 16 }, "{name}");
        let image = &peers[&format!("{name}.image")];
        let x = network.forward_range(0..target + 1, image, Mode::Inference).unwrap();
        assert_eq!(network.planes(target, &x, (32, 32)).unwrap().dims(), [1, 16, 4, 4]);
        // Behind the last attention nothing reads the places.
        assert!(network.stages[target + 1..].iter().all(|stage| !stage.is_spatial()), "{name}");
    }
}

#[test]
fn stages_are_called_like_the_modules_of_pytorch() {
    for exporter in ["script", "dynamo"] {
        let network = built(&read_golden(&format!("residual_{exporter}")));
        let names: Vec<&str> = network.stages.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names[..5], ["relu", "maxpool", "layer1.0", "layer1.1", "layer2.0"], "{exporter}");
        assert_eq!(names.last(), Some(&"fc"));
        assert_eq!(network.stage("layer1"), Some(3));
    }
}
