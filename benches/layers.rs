//! Single convolutions against the peak of the processor: how far each stands below its roof.
//!
//! Criterion's elements a second are multiply-adds a second. `peak` multiplies and adds in registers
//! alone; what a convolution lacks of it is waiting for memory, or a tile that does not fill the
//! registers. With `RAYON_NUM_THREADS=1` both are those of one core, which is what
//! `docs/performance.md` compares.

#![allow(
    clippy::inline_always,
    reason = "vector code must be inlined into the function that is compiled for the processor"
)]

use std::hint::black_box;

use candle_core::{DType, Device, Tensor};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pellucid::network::geometry::Geometry;
use pellucid::network::layers::activation::Activation;
use pellucid::network::layers::conv::{PreparedConv, conv2d};
use pulp::{Arch, Simd, WithSimd};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Multiply-adds of [`Peak`] in each of its sums.
const STEPS: usize = 100_000;
/// Sums side by side: more than a multiply-add takes turns to finish.
const SUMS: usize = 20;

/// Multiply-adds that wait for nothing but the processor.
struct Peak;

impl WithSimd for Peak {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (factor, step) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(0.001)));
        let mut sums = [step; SUMS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, factor, step);
            }
        }
        sums.into_iter().map(|sum| simd.reduce_sum_f32s(sum)).sum()
    }
}

/// Lanes of a vector of this processor.
struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

/// Channels in and out, kernel, stride and side of the input: those of ResNet-50.
const SHAPES: [(usize, usize, usize, usize, usize); 12] = [
    (64, 64, 1, 1, 56),
    (64, 64, 3, 1, 56),
    (64, 256, 1, 1, 56),
    (256, 64, 1, 1, 56),
    (128, 128, 3, 2, 56),
    (128, 128, 3, 1, 28),
    (512, 128, 1, 1, 28),
    (256, 256, 3, 1, 14),
    (256, 1024, 1, 1, 14),
    (1024, 256, 1, 1, 14),
    (512, 512, 3, 1, 7),
    (2048, 512, 1, 1, 7),
];

fn layers(c: &mut Criterion) {
    let mut group = c.benchmark_group("layers, batch 1");
    let lanes = Arch::new().dispatch(Lanes);
    group.throughput(Throughput::Elements((STEPS * SUMS * lanes) as u64));
    group.bench_function("peak of one core", |b| b.iter(|| black_box(Arch::new().dispatch(Peak))));
    for (inputs, outputs, kernel, stride, side) in SHAPES {
        let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).expect("noise");
        let bias = Tensor::zeros(outputs, DType::F32, &Device::Cpu).expect("zeros");
        let geometry = Geometry::even(kernel, stride, kernel / 2);
        let conv = PreparedConv::new(random(&[outputs, inputs, kernel, kernel]), bias, geometry).expect("it fits");
        // A convolution lays its output out as the next one wants it.
        let point = Geometry::even(1, 1, 0);
        let x = conv2d(&random(&[1, inputs, side, side]), &random(&[inputs, inputs, 1, 1]), point).expect("it runs");
        let out = side.div_ceil(stride);
        group.throughput(Throughput::Elements((inputs * outputs * kernel * kernel * out * out) as u64));
        group.bench_function(format!("{inputs} to {outputs}, {kernel}x{kernel} by {stride}, {side}"), |b| {
            // On a thread of the pool, as whole passes run.
            b.iter(|| rayon::scope(|_| black_box(conv.forward(&x, None, Activation::Relu).expect("it runs"))));
        });
    }
    group.finish();
}

criterion_group!(benches, layers);
criterion_main!(benches);
