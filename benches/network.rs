//! Forward pass of the default architecture and of published ones; training steps are timed in
//! `benches/training.rs`.
//!
//! The peers' side is `benches/peers.py`: the same networks in PyTorch and onnxruntime.

use std::hint::black_box;

use candle_core::{Device, Tensor};
use candle_nn::VarMap;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pellucid::network::Mode;
use pellucid::network::architecture::{Architecture, Family};
use pellucid::network::weights::TensorFile;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FAMILIES: [Family; 8] = [
    Family::CompactResnet,
    Family::EfficientnetLite0,
    Family::EfficientnetB0,
    Family::MobilenetV2,
    Family::MobilenetV3Large,
    Family::Densenet121,
    Family::Resnet18,
    Family::Resnet50,
];

/// The architecture, and the channels that it takes: published ones see three.
fn shape(family: Family) -> (Architecture, usize) {
    match family {
        Family::CompactResnet => (Architecture::compact(&[24, 24, 48, 112, 224], &[2, 2, 2, 1], &[1, 2, 2, 1], 0.3), 1),
        other => (Architecture::new(other), 3),
    }
}

fn forward(c: &mut Criterion) {
    let mut group = c.benchmark_group("forward, batch 1 at 224");
    group.throughput(Throughput::Elements(1));
    for family in FAMILIES {
        let (architecture, channels) = shape(family);
        let vars = VarMap::new();
        architecture.trainable(channels, 3, &vars, &Device::Cpu, 1).expect("the architecture builds");
        let tensors = vars.data().lock().expect("nobody else holds the variables").clone();
        let tensors = tensors.into_iter().map(|(name, var)| (name, var.into_inner()));
        let bytes = safetensors::serialize(tensors, None).expect("tensors serialise");
        let file = TensorFile::parse(&bytes).expect("what was just written reads back");
        let network = architecture.folded(channels, 3, &file, &Device::Cpu).expect("the weights fit");
        let x = Tensor::randn(0f32, 1.0, (1, channels, 224, 224), &Device::Cpu).expect("an image of noise");
        group.bench_function(family.name(), |b| {
            b.iter(|| black_box(network.forward(&x, Mode::Inference).expect("it runs")));
        });
    }
    group.finish();
}

criterion_group!(benches, forward);
criterion_main!(benches);
