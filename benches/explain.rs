//! What an explanation costs beside the forward pass it starts from.
//!
//! The aim: maps of all classes by both methods and 100 MC-dropout samples, together with the
//! forward pass, take at most 1.3 times as long as the pass alone. The ratio is printed from
//! alternating measurements of one run, so that a busy machine slows both sides; criterion's
//! figures follow.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use candle_core::Device;
use candle_nn::VarMap;
use criterion::{Criterion, criterion_group, criterion_main};
use pellucid::cancel::CancelToken;
use pellucid::engine::AnalysisOptions;
use pellucid::engine::analysis::analyze_with;
use pellucid::engine::pass::Known;
use pellucid::imaging::{PixelData, Plane};
use pellucid::model::Model;
use pellucid::model::manifest::Manifest;
use pellucid::network::Mode;
use pellucid::network::weights::TensorFile;
use pellucid::study::{Frame, Identity, ImageEntry, Metadata};
use pellucid::study::{SharedUid, StackPlace};

const ROUNDS: usize = 100;

/// The default architecture with random weights.
fn model() -> Model {
    let manifest = Manifest::parse(&format!(
        r#"
        name = "random"
        version = "1"
        description = "Random weights."
        licence = "MIT"
        head = "softmax"
        target_layer = "stage4"
        weights_sha256 = "{:064}"
        labels = [{{ name = "Normal" }}, {{ name = "Bacterial" }}, {{ name = "Viral" }}]
        groups = [{{ name = "Pneumonia", members = ["Bacterial", "Viral"] }}]
        [architecture]
        family = "compact-resnet"
        widths = [32, 32, 64, 128, 192]
        blocks = [2, 2, 2, 1]
        strides = [1, 2, 2, 1]
        dropout = 0.3
        [input]
        width = 224
        height = 224
        channels = 1
        resize = "squash"
        normalization = "per-image"
        [training]
        data = "none"
        population = "none"
        images = 0
        date = "2026-11-20"
        "#,
        0
    ))
    .expect("the manifest is well formed");
    let vars = VarMap::new();
    let classes = manifest.labels.len();
    manifest.architecture.trainable(1, classes, &vars, &Device::Cpu, 1).expect("the architecture builds");
    let tensors = vars.data().lock().expect("nobody else holds the variables").clone();
    let tensors = tensors.into_iter().map(|(name, var)| (name, var.into_inner()));
    let bytes = safetensors::serialize(tensors, None).expect("tensors serialise");
    let file = TensorFile::parse(&bytes).expect("what was just written reads back");
    let network = manifest.architecture.folded(1, classes, &file, &Device::Cpu).expect("the weights fit");
    Model {
        manifest,
        network,
        sha256: String::new(),
        device: Device::Cpu,
        gate: None,
        background: None,
        origin: String::new(),
        calibration: Err(pellucid::model::calibration::CalibrationError::Missing),
        detector: Err(pellucid::model::population::detector::DetectorError::Missing),
        ensemble: Vec::new(),
    }
}

fn frame() -> Frame {
    let values = (0..224 * 224).map(|i| ((i * 7919) % 4096) as f32).collect();
    let entry = ImageEntry {
        path: "noise".into(),
        identity: Identity::default(),
        meta: Metadata::default(),
        columns: 224,
        rows: 224,
        frames: 1,
        has_pixels: true,
        title: "noise".into(),
        shared_uid: SharedUid::default(),
        place: StackPlace::default(),
    };
    Frame {
        entry: Arc::new(entry),
        index: 0,
        pixels: PixelData::grey(Plane { width: 224, height: 224, values }, (0.0, 4095.0)),
        spacing: None,
        display: pellucid::study::DisplayAttributes::default(),
        warnings: Vec::new(),
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn least(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min)
}

fn explanation(c: &mut Criterion) {
    let (model, frame, cancel) = (model(), frame(), CancelToken::default());
    let input = model.input_tensor(&frame.model_plane(), frame.pixels.value_range).expect("the frame becomes an input");
    let mut known = Known::default();
    let layers = ["stage4", "stage1"].map(|l| AnalysisOptions { layers: vec![l.into()], ..AnalysisOptions::default() });
    let forward = || model.network.forward(&input, Mode::Inference).expect("the network runs");
    // The first call runs the pass; later ones do only what comes behind it.
    let mut rest = |options| {
        analyze_with(&model, &frame, &mut known, options, &cancel, &mut |p| drop(black_box(p))).expect("it runs")
    };
    rest(&layers[0]);

    let (mut passes, mut rests) = (Vec::new(), Vec::new());
    let (mut maps, mut samples) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        black_box(forward());
        passes.push(started.elapsed().as_secs_f64() * 1e3);
        let started = Instant::now();
        let analysis = black_box(rest(&layers[0]));
        rests.push(started.elapsed().as_secs_f64() * 1e3);
        maps.push(analysis.timing.explain);
        samples.push(analysis.timing.uncertainty);
    }
    // On a busy machine the quickest rounds are the least disturbed ones.
    let quickest = (least(&passes) + least(&rests)) / least(&passes);
    let (pass_ms, rest_ms) = (median(passes), median(rests));
    println!(
        "cost ratio {:.3} by medians, {quickest:.3} by the quickest rounds: \
         forward {pass_ms:.2} ms, 3 classes × 2 methods at stage4 {:.2} ms, 100 samples {:.2} ms",
        (pass_ms + rest_ms) / pass_ms,
        median(maps),
        median(samples),
    );

    let mut group = c.benchmark_group("explain");
    group.bench_function("forward", |b| b.iter(|| black_box(forward())));
    for options in &layers {
        let name = format!("maps at {} and 100 samples", options.layers[0]);
        group.bench_function(name, |b| b.iter(|| black_box(rest(options))));
    }
    group.finish();
}

criterion_group!(benches, explanation);
criterion_main!(benches);
