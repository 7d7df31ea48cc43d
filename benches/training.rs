//! One training step of the networks that people train first, to be held against PyTorch:
//! `benches/peers.py training`.

use std::hint::black_box;

use candle_core::{Device, Tensor};
use candle_nn::VarMap;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pellucid::network::Mode;
use pellucid::network::architecture::{Architecture, Family};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 16;

const FAMILIES: [Family; 8] = [
    Family::CustomCnn,
    Family::Resnet18,
    Family::CompactResnet,
    Family::EfficientnetLite0,
    Family::EfficientnetB0,
    Family::MobilenetV2,
    Family::MobilenetV3Large,
    Family::Densenet121,
];

/// Of the mean over a batch whose class is always the first.
fn cross_entropy_gradient(logits: &Tensor) -> Tensor {
    let truth = Tensor::new(&[[1f32, 0.0, 0.0]], &Device::Cpu).expect("one row");
    let apart = candle_nn::ops::softmax(logits, 1).and_then(|p| p.broadcast_sub(&truth));
    (apart.expect("probabilities") / BATCH as f64).expect("a mean")
}

fn step(c: &mut Criterion) {
    let mut group = c.benchmark_group("training step, batch 16 at 224");
    group.throughput(Throughput::Elements(BATCH as u64)).sample_size(10);
    for family in FAMILIES {
        let (architecture, channels) = match family {
            Family::CompactResnet => {
                (Architecture::compact(&[24, 24, 48, 112, 224], &[2, 2, 2, 1], &[1, 2, 2, 1], 0.3), 1)
            }
            Family::CustomCnn | Family::Resnet18 => (Architecture::new(family), 1),
            other => (Architecture::new(other), 3),
        };
        let vars = VarMap::new();
        let network = architecture.trainable(channels, 3, &vars, &Device::Cpu, 1).expect("it builds");
        let x = Tensor::randn(0f32, 1.0, (BATCH, channels, 224, 224), &Device::Cpu).expect("images of noise");
        group.bench_function(family.name(), |b| {
            b.iter(|| {
                let pass = network.record(0, &x, Mode::Training { seed: 1 }, false).expect("it runs");
                let gradient = cross_entropy_gradient(&pass.logits);
                black_box(pass.back(&gradient).expect("it has gradients"))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
