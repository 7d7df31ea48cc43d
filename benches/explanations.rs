//! What explanations of DenseNet-121 at 224 × 224 cost, method by method.
//!
//! `benches/explain_peers.py` computes the same by grad-cam, captum and shap and runs both sides in
//! turn; it says what stands under each name. Each benchmark goes the way of the program: a scene,
//! [`explain`], and for class activation maps the map as it is shown. Where the package runs the
//! network on the picture first, that pass is timed here, too.

use std::hint::black_box;

#[path = "../tests/common/narrow.rs"]
mod narrow;

use candle_core::{Device, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};
use pellucid::explain::scale::{Scale, on_picture};
use pellucid::explain::{Method, MethodSettings, Scene, Scoring, Step, Subject, Watch, explain};
use pellucid::imaging::overlay::Area;
use pellucid::network::architecture::{Architecture, Family};
use pellucid::network::{Mode, Network};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLASSES: usize = 14;
const SIDE: usize = 224;
const CLASS: usize = 1;
const BLACK: [f32; 3] = [-1.2, -0.9, -0.7];

struct Case {
    network: Network,
    input: Tensor,
    scoring: Scoring,
}

/// What one pass leaves.
struct Seen {
    stage: usize,
    output: Tensor,
    logits: Vec<f32>,
}

impl Case {
    fn new() -> Self {
        let architecture = Architecture::new(Family::Densenet121);
        let weights = narrow::weights(&architecture, 3, CLASSES);
        let network = architecture.folded(3, CLASSES, &weights, &Device::Cpu).expect("the network builds");
        let input = narrow::plain("picture", &[1, 3, SIDE, SIDE]);
        Self { network, input, scoring: Scoring::of_classes() }
    }

    /// One pass that keeps the maps of a layer.
    fn look(&self, layer: &str) -> Seen {
        let stage = self.network.stage(layer).expect("a layer of DenseNet");
        let run = |from: usize, to: usize, x: &Tensor| {
            self.network.forward_range(from..to, x, Mode::Inference).expect("the network runs")
        };
        let output = run(0, stage + 1, &self.input);
        let logits = run(stage + 1, self.network.stages.len(), &output);
        let logits = logits.flatten_all().and_then(|l| l.to_vec1()).expect("one row of logits");
        Seen { stage, output, logits }
    }

    /// The maps of a method; those of a layer as they are shown.
    fn explain(&self, seen: &Seen, subjects: &[Subject], method: Method, settings: &MethodSettings) {
        let outputs = |stage: usize| Ok((stage == seen.stage).then(|| seen.output.clone()));
        let scene = Scene {
            network: &self.network,
            scoring: &self.scoring,
            input: &self.input,
            logits: &seen.logits,
            black: &BLACK,
            background: None,
            regions: None,
            outputs: &outputs,
        };
        let mut heard = |_: Step| true;
        let maps = explain(&scene, seen.stage, subjects, method, settings, &mut Watch::new(&mut heard));
        for map in maps.expect("there is a map") {
            if method.is_cam() {
                black_box(on_picture(&map, Scale::PerClass, Area::WHOLE, SIDE, SIDE));
            } else {
                black_box(map);
            }
        }
    }
}

fn explanations(c: &mut Criterion) {
    let case = Case::new();
    let one = [Subject::class(CLASS)];
    let all = Subject::classes(CLASSES);
    let settings = |evaluations: usize| MethodSettings { evaluations: Some(evaluations), ..MethodSettings::default() };

    let mut group = c.benchmark_group("explanation of DenseNet-121 at 224");
    group.sample_size(10);
    group.bench_function("forward", |b| {
        b.iter(|| black_box(case.network.forward(&case.input, Mode::Inference).expect("the network runs")));
    });
    for (name, subjects, method, layer, settings) in [
        ("grad-cam", &one[..], Method::GradCam, "features", MethodSettings::default()),
        ("grad-cam of 14 classes", &all[..], Method::GradCam, "features", MethodSettings::default()),
        ("score-cam 64", &one[..], Method::ScoreCam, "pool0", MethodSettings::default()),
        (
            "occlusion 49",
            &one[..],
            Method::Occlusion,
            "features",
            MethodSettings { patches: 4, ..MethodSettings::default() },
        ),
        (
            "kernel-shap 64",
            &one[..],
            Method::KernelShap,
            "features",
            MethodSettings { superpixels: 16, ..settings(64) },
        ),
        ("ablation-cam 64", &one[..], Method::AblationCam, "features", MethodSettings::default()),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| case.explain(&case.look(layer), subjects, method, &settings));
        });
    }
    // These packages do not score the picture itself.
    let seen = case.look("features");
    for (name, method, settings) in [
        ("rise 64", Method::Rise, settings(64)),
        ("integrated-gradients 50", Method::IntegratedGradients, settings(50)),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| case.explain(&seen, &one, method, &settings));
        });
    }
    group.finish();
}

criterion_group!(benches, explanations);
criterion_main!(benches);
