//! Class activation maps agree with the `grad-cam` package (numbers by `tests/golden/cam.py`).

use candle_core::{Device, Tensor};
use pellucid::explain::cam::{Target, explain};
use pellucid::explain::scale::{Scale, on_picture};
use pellucid::explain::{Evidence, Method, Scoring, Subject};
use pellucid::imaging::overlay::Area;
use pellucid::network::architecture::Architecture;
use pellucid::network::weights::TensorFile;
use pellucid::network::{Mode, Network};

const CLASSES: usize = 4;
const SIZE: (usize, usize) = (48, 32);

struct Golden {
    file: TensorFile,
    network: Network,
    input: Tensor,
}

impl Golden {
    fn read() -> Self {
        let file = TensorFile::parse(include_bytes!("../golden/cam.safetensors")).unwrap();
        let architecture = Architecture::compact(&[6, 8, 12], &[1, 2], &[1, 2], 0.0);
        let network = architecture.folded(1, CLASSES, &file, &Device::Cpu).unwrap();
        let input = file.get("input", &[1, 1, SIZE.1, SIZE.0], &Device::Cpu).unwrap();
        Self { file, network, input }
    }

    fn maps(&self, name: &str, width: usize, height: usize) -> Vec<Vec<f32>> {
        let maps = self.file.get(name, &[CLASSES, height, width], &Device::Cpu).unwrap();
        maps.flatten_from(1).unwrap().to_vec2().unwrap()
    }
}

#[test]
fn maps_of_every_stage_method_and_class_are_those_of_grad_cam() {
    let golden = Golden::read();
    let network = &golden.network;
    let logits = network.forward(&golden.input, Mode::Inference).unwrap().to_vec2::<f32>().unwrap().remove(0);
    let expected = golden.file.get("logits", &[1, CLASSES], &Device::Cpu).unwrap().to_vec2::<f32>().unwrap();
    assert!(apart(&logits, &expected[0]) <= 1e-4 * peak(&expected[0]));

    for (layer, width, height) in [("stage1", 12, 8), ("stage2", 6, 4)] {
        let stage = network.stage(layer).unwrap();
        let activation = network.forward_range(0..stage + 1, &golden.input, Mode::Inference).unwrap();
        let (scoring, size) = (&Scoring::of_classes(), SIZE);
        let target = Target { network, stage, activation: &activation, size, logits: &logits, scoring };
        let found = explain(&target, &Subject::classes(4), &Method::ALWAYS).unwrap();
        for method in Method::ALWAYS {
            let raws = golden.maps(&format!("raw.{layer}.{}", method.key()), width, height);
            let finals = golden.maps(&format!("final.{layer}.{}", method.key()), SIZE.0, SIZE.1);
            for (class, (raw, last)) in raws.iter().zip(&finals).enumerate() {
                let what = format!("{layer} {} class {class}", method.key());
                let map = found.iter().find(|m| m.method == method && m.class() == Some(class)).unwrap();
                assert_eq!((map.raw.width, map.raw.height), (width, height));
                assert!(apart(&map.raw.values, raw) <= 1e-4 * peak(raw), "raw map of {what}");
                assert!(rank_correlation(&map.raw.values, raw) >= 0.999, "ranks of {what}");

                let positive = raw.iter().any(|v| *v > 0.0);
                assert_eq!(map.evidence == Evidence::Positive, positive, "evidence of {what}");
                let picture = on_picture(map, Scale::PerClass, Area::WHOLE, SIZE.0, SIZE.1);
                assert!(apart(&picture.values, last) <= 2e-3, "final map of {what}");
                let (a, b) = (place_of_peak(&picture.values), place_of_peak(last));
                assert!(a.0.abs_diff(b.0) <= 1 && a.1.abs_diff(b.1) <= 1, "peak of {what}: {a:?} {b:?}");
            }
        }
    }
}

/// The gradient behind the maps, through strided, residual and pointwise convolutions, is that of
/// the network.
#[test]
fn the_gradient_used_is_the_slope_of_the_logit() {
    let golden = Golden::read();
    let network = &golden.network;
    let stage = network.stage("stem").unwrap();
    let activation = network.forward_range(0..stage + 1, &golden.input, Mode::Inference).unwrap();
    let (scoring, size, logits) = (&Scoring::of_classes(), SIZE, &[0.0; CLASSES]);
    let target = Target { network, stage, activation: &activation, size, logits, scoring };
    let gradients = pellucid::explain::cam::gradients(&target, &[vec![0.0, 0.0, 1.0, 0.0]]).unwrap().concat();
    let values = activation.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let logit = |values: Vec<f32>| {
        let x = Tensor::from_vec(values, activation.shape(), &Device::Cpu).unwrap();
        let stages = stage + 1..network.stages.len();
        network.forward_range(stages, &x, Mode::Inference).unwrap().to_vec2::<f32>().unwrap()[0][2]
    };
    let step = 2e-3;
    let mut agreed = 0;
    let places: Vec<usize> = (0..values.len()).step_by(7).collect();
    for &i in &places {
        let moved = |by: f32| {
            let mut values = values.clone();
            values[i] += by;
            logit(values)
        };
        let slope = (moved(step) - moved(-step)) / (2.0 * step);
        if (slope - gradients[i]).abs() <= 0.02 * peak(&gradients) {
            agreed += 1;
        }
    }
    // A step may cross the corner of a ReLU; that happens at few places.
    assert!(agreed * 100 >= places.len() * 97, "{agreed} of {}", places.len());
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn peak(values: &[f32]) -> f32 {
    values.iter().map(|v| v.abs()).fold(0.0, f32::max)
}

fn place_of_peak(values: &[f32]) -> (usize, usize) {
    let i = (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b]).then(b.cmp(&a))).unwrap();
    (i % SIZE.0, i / SIZE.0)
}

/// Spearman's, without ties.
fn rank_correlation(a: &[f32], b: &[f32]) -> f64 {
    let ranks = |values: &[f32]| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
        let mut ranks = vec![0f64; values.len()];
        order.iter().enumerate().for_each(|(rank, &i)| ranks[i] = rank as f64);
        ranks
    };
    let n = a.len() as f64;
    let squares: f64 = ranks(a).iter().zip(ranks(b)).map(|(a, b)| (a - b).powi(2)).sum();
    1.0 - 6.0 * squares / (n * (n * n - 1.0))
}
