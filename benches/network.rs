//! Forward pass of the default architecture; training steps are timed in `benches/training.rs`.
//!
//! The peers' side is `benches/peers.py`: the same network in PyTorch and onnxruntime.

use std::hint::black_box;

use candle_core::{Device, Tensor};
use candle_nn::VarMap;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pellucid::network::Mode;
use pellucid::network::architecture::Architecture;
use pellucid::network::weights::TensorFile;

fn architecture() -> Architecture {
    Architecture::compact(&[24, 24, 48, 112, 224], &[2, 2, 2, 1], &[1, 2, 2, 1], 0.3)
}

fn picture(batch: usize) -> Tensor {
    Tensor::randn(0f32, 1.0, (batch, 1, 224, 224), &Device::Cpu).expect("a picture of noise")
}

fn forward(c: &mut Criterion) {
    let vars = VarMap::new();
    architecture().trainable(1, 3, &vars, &Device::Cpu, 1).expect("the default architecture builds");
    let tensors = vars.data().lock().expect("nobody else holds the variables").clone();
    let tensors = tensors.into_iter().map(|(name, var)| (name, var.into_inner()));
    let bytes = safetensors::serialize(tensors, None).expect("tensors serialise");
    let file = TensorFile::parse(&bytes).expect("what was just written reads back");
    let network = architecture().folded(1, 3, &file, &Device::Cpu).expect("the weights fit");
    let x = picture(1);
    let mut group = c.benchmark_group("forward");
    group.throughput(Throughput::Elements(1));
    group.bench_function("batch 1", |b| b.iter(|| black_box(network.forward(&x, Mode::Inference).expect("it runs"))));
    group.finish();
}

criterion_group!(benches, forward);
criterion_main!(benches);
