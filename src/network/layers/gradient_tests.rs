//! Every layer against central finite differences.

mod blocks;
mod tokens;

use candle_core::{Device, Tensor, Var};
use candle_nn::VarMap;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::activation::{Activation, Rule, activated};
use super::average_pool::{halve, to_grid};
use super::batch_norm::{BatchNorm, EPSILON};
use super::candle_conv::{by_candle, depthwise_by_candle};
use super::channels::{add_bias, concat, scale};
use super::conv::{PreparedConv, conv2d};
use super::depthwise::depthwise;
use super::pool::{global_average, max_pool2d, max_pool2d_rescaled};
use super::ruled::by_rule;
use super::{Dropout, Linear};
use crate::architecture::Architecture;
use crate::device::own_kernels_run;
use crate::geometry::{Geometry, Padding};
use crate::nchw16c::{to_blocks, to_planes};
use crate::{Layer, Mode, Result};

/// Values of a shape that are all different and far enough apart for steps of the difference
/// quotient.
fn random(shape: &[usize], seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// Holds the gradient of `Σ weights · f(x)` for `x` against `(f(x + h) − f(x − h)) / 2h`, value by
/// value.
fn check(x: &Tensor, f: impl Fn(&Tensor) -> Result<Tensor>) {
    let var = Var::from_tensor(x).unwrap();
    let weights = random(f(x).unwrap().dims(), 99);
    let loss = |x: &Tensor| (f(x).unwrap() * &weights).unwrap().sum_all().unwrap();
    let gradients = loss(var.as_tensor()).backward().unwrap();
    let found = gradients.get(&var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let values = x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let h = 1e-2;
    let scale = found.iter().fold(0.0f32, |a, v| a.max(v.abs())).max(1e-3);
    for i in (0..values.len()).step_by((values.len() / 60).max(1)) {
        let at = |step: f32| {
            let mut values = values.clone();
            values[i] += step;
            f64::from(loss(&Tensor::from_vec(values, x.shape(), &Device::Cpu).unwrap()).to_scalar::<f32>().unwrap())
        };
        let expected = ((at(h) - at(-h)) / f64::from(2.0 * h)) as f32;
        assert!((found[i] - expected).abs() < 2e-2 * scale, "value {i}: {} instead of {expected}", found[i]);
    }
}

const GEOMETRIES: [Geometry; 9] = [
    Geometry::even(3, 1, 1),
    Geometry::even(3, 2, 1),
    Geometry::even(1, 1, 0),
    Geometry::even(1, 2, 0),
    Geometry::even(5, 2, 2),
    Geometry::same(3, 1),
    Geometry::same(3, 2),
    Geometry::same(5, 2),
    Geometry::same(4, 1),
];

#[test]
fn a_convolution_has_the_gradients_of_its_input_and_of_its_kernel() {
    for g in GEOMETRIES {
        let (x, w) = (random(&[2, 3, 7, 6], 1), random(&[4, 3, g.kernel, g.kernel], 2));
        check(&x, |x| conv2d(x, &w, g));
        check(&w, |w| conv2d(&x, w, g));
        check(&x, |x| by_candle(x, &w, g));
        check(&w, |w| by_candle(&x, w, g));
    }
}

#[test]
fn a_convolution_agrees_with_candle_s_own() {
    for g in GEOMETRIES {
        // Few channels, which have a way of their own; blocks that are not full; lines longer than
        // a tile.
        for (channels, outputs, h, w) in [(2, 5, 9, 8), (16, 16, 8, 8), (19, 40, 7, 21), (40, 70, 33, 15)] {
            let (x, w) = (random(&[3, channels, h, w], 3), random(&[outputs, channels, g.kernel, g.kernel], 4));
            let ours = to_planes(&conv2d(&x, &w, g).unwrap(), outputs).unwrap();
            let theirs = by_candle(&x, &w, g).unwrap();
            let worst = (ours - theirs).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(worst < 1e-4, "{g:?} {channels} → {outputs}: {worst}");
        }
    }
}

#[test]
fn windows_further_apart_than_two_pixels_are_those_of_candle_with_their_gradients() {
    for g in [Geometry::even(3, 3, 1), Geometry::even(4, 4, 0), Geometry::even(5, 4, 2), Geometry::even(8, 8, 0)] {
        let x = random(&[2, 19, 33, 121], 3);
        for groups in [1, 19] {
            let (outputs, own) = if groups == 1 { (40, 19) } else { (19, 1) };
            let w = random(&[outputs, own, g.kernel, g.kernel], 4);
            let ours = if groups == 1 { conv2d(&x, &w, g) } else { depthwise(&x, &w, g) };
            let ours = to_planes(&ours.unwrap(), outputs).unwrap();
            let theirs = if groups == 1 { by_candle(&x, &w, g) } else { depthwise_by_candle(&x, &w, g) };
            let theirs = theirs.unwrap();
            let worst = (ours - theirs).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(worst < 2e-4, "{g:?} in {groups} groups: {worst}");
        }
    }
    let g = Geometry::even(4, 4, 1);
    let (x, w, each) = (random(&[1, 17, 9, 38], 5), random(&[18, 17, 4, 4], 6), random(&[17, 1, 4, 4], 7));
    check(&x, |x| conv2d(&to_blocks(x)?, &w, g));
    check(&w, |w| conv2d(&to_blocks(&x)?, w, g));
    check(&x, |x| depthwise(x, &each, g));
    check(&each, |each| depthwise(&x, each, g));
}

#[test]
fn gradients_of_a_convolution_in_blocks_agree_with_those_of_its_definition() {
    // Σ weights · y is linear in x and in w, so its gradients are convolutions that candle can do.
    for (g, (h, w)) in GEOMETRIES.into_iter().flat_map(|g| [(g, (13, 31)), (g, (12, 15))]) {
        let (channels, outputs) = (19, 40);
        let x = random(&[3, channels, h, w], 5);
        let kernel = random(&[outputs, channels, g.kernel, g.kernel], 6);
        let (ours, theirs) = (Var::from_tensor(&x).unwrap(), Var::from_tensor(&x).unwrap());
        let (ours_w, theirs_w) = (Var::from_tensor(&kernel).unwrap(), Var::from_tensor(&kernel).unwrap());
        let y = by_candle(&theirs, &theirs_w, g).unwrap();
        let weights = random(y.dims(), 7);
        let expected = (y * &weights).unwrap().sum_all().unwrap().backward().unwrap();
        let y = to_planes(&conv2d(&ours, &ours_w, g).unwrap(), outputs).unwrap();
        let found = (y * &weights).unwrap().sum_all().unwrap().backward().unwrap();
        for (a, b) in [(&ours, &theirs), (&ours_w, &theirs_w)] {
            let (a, b) = (found.get(a).unwrap(), expected.get(b).unwrap());
            let size = b.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            let worst = (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(worst < 1e-4 * size, "{g:?}: {worst} of {size}");
        }
    }
}

#[test]
fn blocks_and_planes_are_the_same_maps() {
    let x = random(&[2, 19, 3, 4], 8);
    let back = to_planes(&to_blocks(&x).unwrap(), 19).unwrap();
    assert_eq!(
        x.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
        back.flatten_all().unwrap().to_vec1::<f32>().unwrap()
    );
    check(&x, |x| to_planes(&to_blocks(x)?, 19));
}

#[test]
fn a_prepared_convolution_adds_bias_and_skip_before_the_relu() {
    let g = GEOMETRIES[1];
    let (x, w, b) = (random(&[2, 3, 8, 8], 5), random(&[4, 3, 3, 3], 6), random(&[4], 7));
    let skip = random(&[2, 4, 4, 4], 8);
    let plain = x.conv2d(&w, 1, 2, 1, 1).unwrap().broadcast_add(&b.reshape((1, 4, 1, 1)).unwrap()).unwrap();
    let expected = (plain + &skip).unwrap().relu().unwrap();
    let conv = PreparedConv::new(w, b, g).unwrap();
    let found = to_planes(&conv.forward(&x, Some(&skip), Activation::Relu).unwrap(), 4).unwrap();
    let worst = (found - expected).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
    assert!(worst < 1e-5, "{worst}");
}

#[test]
fn a_prepared_convolution_has_the_gradients_of_its_input_and_of_its_skip() {
    // A bias that keeps the ReLU away from its corner, where there is no derivative.
    let cases =
        [(9.0f32, Activation::Relu), (0.0, Activation::None), (-9.0, Activation::Relu), (3.0, Activation::Relu6)];
    for (bias, f) in cases {
        let w = (random(&[4, 3, 3, 3], 9) * 0.05).unwrap();
        let bias = Tensor::full(bias, 4, &Device::Cpu).unwrap();
        let conv = PreparedConv::new(w, bias, GEOMETRIES[0]).unwrap();
        let (x, skip) = (random(&[2, 3, 5, 5], 10), random(&[2, 4, 5, 5], 11));
        check(&x, |x| conv.forward(x, None, f));
        check(&x, |x| conv.forward(x, Some(&skip), f));
        check(&skip, |skip| conv.forward(&x, Some(skip), f));
    }
}

#[test]
fn max_pooling_sends_the_gradient_to_the_winner_alone() {
    // candle's own pooling gives 0.25 here.
    let x = Var::from_tensor(&Tensor::new(&[[[[1f32, 2.], [3., 4.]]]], &Device::Cpu).unwrap()).unwrap();
    let g = Geometry::even(2, 2, 0);
    let gradients = max_pool2d(x.as_tensor(), g).unwrap().sum_all().unwrap().backward().unwrap();
    let found = gradients.get(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(found, [0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn max_pooling_with_padding_and_overlapping_windows_has_the_right_gradient() {
    // A permutation: every difference is larger than the step.
    let values: Vec<f32> = (0..2 * 2 * 7 * 6).map(|i| (i * 37 % 168) as f32 * 0.05 - 4.0).collect();
    let x = Tensor::from_vec(values, (2, 2, 7, 6), &Device::Cpu).unwrap();
    check(&x, |x| max_pool2d(x, Geometry::even(3, 2, 1)));
    check(&x, |x| max_pool2d(x, Geometry::even(2, 2, 0)));
}

#[test]
fn global_average_pooling_and_the_linear_head_have_the_right_gradients() {
    check(&random(&[2, 3, 4, 4], 12), |x| global_average(x, 3));
    let head = Linear { weight: random(&[3, 5], 13), bias: random(&[3], 14) };
    check(&random(&[4, 5], 15), |x| head.forward(x, Mode::Inference));
}

fn norm(channels: usize) -> BatchNorm {
    let var = |t: Tensor| Var::from_tensor(&t).unwrap();
    BatchNorm {
        weight: var(random(&[channels], 16)),
        bias: var(random(&[channels], 17)),
        running_mean: var(random(&[channels], 18)),
        running_var: var((random(&[channels], 19) + 1.5).unwrap()),
        epsilon: EPSILON,
    }
}

#[test]
fn batch_norm_has_the_right_gradient_with_batch_and_with_running_statistics() {
    for mode in [Mode::Training { seed: 1 }, Mode::Inference] {
        let (x, skip) = (random(&[4, 3, 3, 3], 20), random(&[4, 3, 3, 3], 21));
        check(&x, |x| norm(3).forward(x, Some(&skip), Activation::None, mode));
        check(&skip, |skip| norm(3).forward(&x, Some(skip), Activation::None, mode));
        for f in [Activation::None, Activation::Silu] {
            check(&x, |x| norm(3).forward(x, None, f, mode));
        }
    }
}

#[test]
fn a_batch_norm_that_is_only_used_has_the_same_gradient() {
    for f in [Activation::None, Activation::Relu, Activation::Relu6, Activation::Silu, Activation::HardSwish] {
        let x = (random(&[2, 3, 3, 3], 20) * 3.0).unwrap();
        check(&x, |x| norm(3).fixed(x, Activation::None));
        let of = |fixed: bool| {
            let var = Var::from_tensor(&x).unwrap();
            let norm = norm(3);
            let y = if fixed { norm.fixed(&var, f) } else { norm.forward(&var, None, f, Mode::Inference) };
            let y = to_planes(&y.unwrap(), 3).unwrap();
            let weights = random(y.dims(), 5);
            let found = (y * weights).unwrap().sum_all().unwrap().backward().unwrap();
            found.get(&var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        assert_eq!(of(true), of(false));
    }
}

#[test]
fn batch_norm_has_the_right_gradients_of_its_scale_and_shift() {
    let x = random(&[4, 2, 3, 3], 22);
    let norm = norm(2);
    for parameter in [&norm.weight, &norm.bias] {
        let start = parameter.as_tensor().copy().unwrap();
        let weights = random(&[4, 2, 3, 3], 23);
        let loss = || {
            let y =
                to_planes(&norm.forward(&x, None, Activation::None, Mode::Training { seed: 0 }).unwrap(), 2).unwrap();
            (y * &weights).unwrap().sum_all().unwrap()
        };
        let found = loss().backward().unwrap().get(parameter).unwrap().to_vec1::<f32>().unwrap();
        for (i, found) in found.iter().enumerate() {
            let at = |h: f32| {
                let mut values = start.to_vec1::<f32>().unwrap();
                values[i] += h;
                parameter.set(&Tensor::new(values, &Device::Cpu).unwrap()).unwrap();
                loss().to_scalar::<f32>().unwrap()
            };
            let expected = (at(1e-2) - at(-1e-2)) / 2e-2;
            parameter.set(&start).unwrap();
            assert!((found - expected).abs() < 2e-2, "{found} instead of {expected}");
        }
    }
}

#[test]
fn running_statistics_follow_the_batch_as_in_pytorch() {
    let var = |v: f32| Var::from_tensor(&Tensor::new(&[v], &Device::Cpu).unwrap()).unwrap();
    let norm =
        BatchNorm { weight: var(1.0), bias: var(0.0), running_mean: var(0.0), running_var: var(1.0), epsilon: EPSILON };
    let x = Tensor::new(&[[[[1f32, 2.], [3., 4.]]]], &Device::Cpu).unwrap();
    norm.forward(&x, None, Activation::None, Mode::Training { seed: 0 }).unwrap();
    let mean = norm.running_mean.as_tensor().to_vec1::<f32>().unwrap()[0];
    let var = norm.running_var.as_tensor().to_vec1::<f32>().unwrap()[0];
    // 0.1 · 2.5, and 0.9 + 0.1 · (5/3): the unbiased variance.
    assert!((mean - 0.25).abs() < 1e-6 && (var - (0.9 + 0.5 / 3.0)).abs() < 1e-6, "{mean} {var}");
}

#[test]
fn a_whole_training_network_has_the_right_gradient() {
    let arch = Architecture::compact(&[4, 4, 6], &[1, 1], &[1, 2], 0.3);
    let vars = VarMap::new();
    let network = arch.trainable(1, 3, &vars, &Device::Cpu, 5).unwrap();
    // The head's weight: a smooth path, through dropout with a fixed mask.
    let x = random(&[3, 1, 32, 32], 24);
    let head = vars.data().lock().unwrap()["head.weight"].clone();
    let loss = || network.forward(&x, Mode::Training { seed: 3 }).unwrap().sqr().unwrap().sum_all().unwrap();
    let found = loss().backward().unwrap().get(&head).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let start = head.as_tensor().copy().unwrap();
    for i in 0..found.len() {
        let at = |h: f32| {
            let mut values = start.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            values[i] += h;
            head.set(&Tensor::from_vec(values, start.shape(), &Device::Cpu).unwrap()).unwrap();
            loss().to_scalar::<f32>().unwrap()
        };
        let expected = (at(1e-2) - at(-1e-2)) / 2e-2;
        head.set(&start).unwrap();
        assert!((found[i] - expected).abs() < 2e-2 * expected.abs().max(1.0), "{} instead of {expected}", found[i]);
    }
}

#[test]
fn dropout_masks_do_not_depend_on_how_samples_are_batched() {
    let dropout = Dropout { rate: 0.5, layer: 0 };
    let x = Tensor::ones((4, 32), candle_core::DType::F32, &Device::Cpu).unwrap();
    let all = dropout.forward(&x, Mode::Sampling { seed: 7, first: 0 }).unwrap();
    let tail = dropout.forward(&x.narrow(0, 0, 2).unwrap(), Mode::Sampling { seed: 7, first: 2 }).unwrap();
    assert_eq!(all.narrow(0, 2, 2).unwrap().to_vec2::<f32>().unwrap(), tail.to_vec2::<f32>().unwrap());
    let kept = all.gt(0.0).unwrap().to_dtype(candle_core::DType::F32).unwrap().mean_all().unwrap();
    assert!((kept.to_scalar::<f32>().unwrap() - 0.5).abs() < 0.15);
}

#[test]
fn silu_has_the_right_gradient() {
    let x = (random(&[2, 3, 4, 4], 30) * 3.0).unwrap();
    check(&x, |x| activated(x, Activation::Silu));
    // Clear of the corners at −3, 0, 3 and 6.
    let x = Tensor::from_iter((0..48).map(|i| i as f32 * 0.21 - 4.07), &Device::Cpu).unwrap();
    check(&x, |x| activated(x, Activation::HardSwish));
    check(&x, |x| activated(x, Activation::Gelu));
    check(&x, |x| activated(x, Activation::GeluTanh));
    check(&x, |x| activated(x, Activation::Relu6));
}

#[test]
fn a_channel_bias_and_a_channel_factor_have_the_right_gradients() {
    let (x, bias, factors) = (random(&[2, 3, 4, 5], 31), random(&[3], 32), random(&[2, 3], 33));
    check(&x, |x| add_bias(x, &bias));
    check(&bias, |bias| add_bias(&x, bias));
    check(&x, |x| scale(x, &factors));
    check(&factors, |factors| scale(&x, factors));
    check(&factors, |factors| scale(&x, &candle_nn::ops::sigmoid(factors)?));
}

#[test]
fn joined_maps_send_each_part_its_gradient() {
    let (a, b) = (random(&[2, 3, 2, 2], 34), random(&[2, 1, 2, 2], 35));
    check(&a, |a| concat(&[(a, 3), (&b, 1)]));
    check(&b, |b| concat(&[(&a, 3), (b, 1)]));
    let (a, b) = (random(&[2, 16, 2, 2], 34), random(&[2, 32, 2, 2], 35));
    check(&b, |b| concat(&[(&a, 16), (b, 32)]));
    let joined = to_planes(&concat(&[(&a, 16), (&b, 32)]).unwrap(), 48).unwrap();
    let planes = Tensor::cat(&[&a, &b], 1).unwrap();
    let apart = (joined - planes).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
    assert_eq!(apart, 0.0);
}

#[test]
fn average_pooling_has_the_right_gradient_at_any_size() {
    for size in [[2, 3, 4, 6], [2, 3, 5, 7], [1, 1, 1, 3]] {
        check(&random(&size, 36), halve);
        check(&random(&size, 37), |x| to_grid(x, 3));
        check(&random(&size, 38), |x| to_grid(x, 7));
    }
}

#[test]
fn adaptive_averages_overlap_where_the_grid_does_not_divide_the_map() {
    let x = Tensor::new(&[[[[1f32, 2., 3.]]]], &Device::Cpu).unwrap();
    let found = to_planes(&to_grid(&x, 2).unwrap(), 1).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(found, [1.5, 2.5, 1.5, 2.5]);
}

#[test]
fn a_depthwise_convolution_is_that_of_candle_and_has_the_right_gradients() {
    for g in GEOMETRIES {
        let (x, w) = (random(&[2, 19, 7, 6], 39), random(&[19, 1, g.kernel, g.kernel], 40));
        let theirs = depthwise_by_candle(&x, &w, g).unwrap();
        let ours = to_planes(&depthwise(&x, &w, g).unwrap(), 19).unwrap();
        let worst = (ours - &theirs).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(worst < 1e-5, "{g:?}: {worst}");
        check(&x, |x| depthwise(x, &w, g));
        check(&w, |w| depthwise(&x, w, g));
        check(&x, |x| depthwise_by_candle(x, &w, g));
        check(&w, |w| depthwise_by_candle(&x, w, g));
        let defined = match g.padding {
            Padding::Even(padding) => x.conv2d(&w, padding, g.stride, 1, 19).unwrap(),
            Padding::Same => continue,
        };
        let worst = (defined - theirs).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(worst < 1e-5, "{g:?}: {worst}");
    }
}

#[test]
fn dropouts_of_one_network_have_masks_of_their_own() {
    let x = Tensor::ones((1, 64), candle_core::DType::F32, &Device::Cpu).unwrap();
    let of =
        |layer| Dropout { rate: 0.5, layer }.forward(&x, Mode::Training { seed: 7 }).unwrap().to_vec2::<f32>().unwrap();
    assert_ne!(of(0), of(1));
}

#[test]
fn what_is_no_number_passes_through_every_relu_and_every_maximum() {
    let mut values = vec![0.5f32; 2 * 20 * 8 * 8];
    values[5] = f32::NAN;
    let x = Tensor::from_vec(values, (2, 20, 8, 8), &Device::Cpu).unwrap();
    let broken = |y: Tensor| y.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().any(|v| v.is_nan());
    let g = Geometry::even(3, 1, 1);
    let conv = PreparedConv::new(random(&[20, 20, 3, 3], 1), random(&[20], 2), g).unwrap();
    assert!(broken(conv.forward(&x, None, Activation::Relu).unwrap()));
    assert!(broken(norm(20).forward(&x, None, Activation::Relu, Mode::Inference).unwrap()));
    assert!(broken(norm(20).forward(&x, Some(&x), Activation::Relu, Mode::Inference).unwrap()));
    let pool = Geometry::even(2, 2, 0);
    assert!(broken(max_pool2d(&x, pool).unwrap()));
    if own_kernels_run(x.device()) {
        assert!(broken(super::pool::Winners::of(&x, pool).unwrap().0));
    }
    assert!(broken(super::channels::add_bias(&x, &random(&[20], 3)).unwrap()));
}

#[test]
fn guided_gradients_pass_where_both_signal_and_gradient_are_positive() {
    let x = Var::from_tensor(&Tensor::new(&[[-1f32, 2., 3.]], &Device::Cpu).unwrap()).unwrap();
    let y = by_rule(x.as_tensor(), Activation::Relu, Rule::Guided).unwrap();
    let weights = Tensor::new(&[[5f32, 7., -9.]], &Device::Cpu).unwrap();
    let found = (y * weights).unwrap().sum_all().unwrap().backward().unwrap();
    assert_eq!(found.get(&x).unwrap().to_vec2::<f32>().unwrap(), [[0.0, 7.0, 0.0]]);
}

#[test]
fn rescaled_gradients_carry_the_whole_difference_to_the_reference() {
    type Chain = Box<dyn Fn(&Tensor) -> Result<Tensor>>;
    // Rows 0 and 1 are inputs, rows 2 and 3 their references.
    let x = (random(&[4, 3, 6, 6], 50) * 3.0).unwrap();
    let pool = Geometry::even(2, 2, 0);
    let chains: [(&str, Chain); 4] = [
        ("relu", Box::new(|x| by_rule(x, Activation::Relu, Rule::Rescale))),
        ("silu", Box::new(|x| by_rule(x, Activation::Silu, Rule::Rescale))),
        ("maximum", Box::new(move |x| to_planes(&max_pool2d_rescaled(x, pool)?, 3))),
        (
            "both",
            Box::new(move |x| to_planes(&max_pool2d_rescaled(&by_rule(x, Activation::Relu, Rule::Rescale)?, pool)?, 3)),
        ),
    ];
    for (name, chain) in chains {
        let var = Var::from_tensor(&x).unwrap();
        let y = chain(var.as_tensor()).unwrap();
        let own = random(&y.dims()[1..], 51).broadcast_as(y.shape()).unwrap();
        let scores = (&y * &own).unwrap().flatten_from(1).unwrap().sum(1).unwrap().to_vec1::<f32>().unwrap();
        let found = (y * own).unwrap().sum_all().unwrap().backward().unwrap();
        let multipliers = found.get(&var).unwrap().flatten_from(1).unwrap().to_vec2::<f32>().unwrap();
        let rows = x.flatten_from(1).unwrap().to_vec2::<f32>().unwrap();
        for i in 0..2 {
            let change = rows[i].iter().zip(&rows[i + 2]).map(|(a, b)| a - b);
            let sum: f32 = multipliers[i].iter().zip(change).map(|(m, d)| m * d).sum();
            let expected = scores[i] - scores[i + 2];
            assert!((sum - expected).abs() < 1e-3 * expected.abs().max(1.0), "{name}: {sum} of {expected}");
        }
    }
    let odd = Var::from_tensor(&random(&[3, 2], 52)).unwrap();
    let y = by_rule(odd.as_tensor(), Activation::Relu, Rule::Rescale).unwrap();
    assert!(y.sum_all().unwrap().backward().is_err(), "a row without a reference");
}
