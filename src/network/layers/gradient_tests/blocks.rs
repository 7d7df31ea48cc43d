//! Inverted residual blocks and squeeze-and-excitation against central finite differences.

use candle_core::{Device, Tensor, Var};
use candle_nn::VarMap;

use super::{check, random};
use crate::geometry::Geometry;
use crate::init::NewVariables;
use crate::layers::activation::Activation;
use crate::layers::batch_norm::EPSILON;
use crate::layers::inverted_residual::InvertedSpec;
use crate::layers::squeeze_excite::{Gate, SqueezeSpec};
use crate::load::TrainedTensors;
use crate::nchw16c::{to_blocks, to_planes};
use crate::tape::Gradients;
use crate::weights::TensorFile;
use crate::{Layer, Mode};

/// A layer's recorded way back against central differences of its forward pass, for the input and
/// for every parameter of `vars`.
fn check_recorded(layer: &impl Layer, x: &Tensor, vars: &VarMap, mode: Mode) {
    let weights = random(layer.forward(x, mode).unwrap().dims(), 99);
    let loss = |x: &Tensor| {
        let sum = (layer.forward(x, mode).unwrap().detach() * &weights).unwrap().sum_all().unwrap();
        f64::from(sum.to_scalar::<f32>().unwrap())
    };
    let (y, way) = layer.record(x.clone(), mode, true).unwrap();
    let apart = (&y - layer.forward(x, mode).unwrap().detach()).unwrap().abs().unwrap().max_all().unwrap();
    assert!(apart.to_scalar::<f32>().unwrap() < 1e-5, "the recorded pass gives another output");
    let mut gradients = Gradients::default();
    let dx = way(weights.clone(), &mut gradients).unwrap().expect("it was wanted");
    let h = 1e-2;
    let hold = |name: &str, found: &Tensor, values: &Tensor, at: &dyn Fn(Tensor) -> f64| {
        let found = found.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let values = values.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let scale = found.iter().fold(0.0f32, |a, v| a.max(v.abs())).max(1e-2);
        for i in (0..values.len()).step_by((values.len() / 24).max(1)) {
            let moved = |step: f32| {
                let mut values = values.clone();
                values[i] += step;
                at(Tensor::from_vec(values.clone(), values.len(), &Device::Cpu).unwrap())
            };
            let expected = ((moved(h) - moved(-h)) / f64::from(2.0 * h)) as f32;
            assert!((found[i] - expected).abs() < 3e-2 * scale, "{name} {i}: {} instead of {expected}", found[i]);
        }
    };
    hold("the input", &dx, x, &|values| loss(&values.reshape(x.shape()).unwrap()));
    for (name, var) in vars.data().lock().unwrap().iter().filter(|(name, _)| !name.contains("running")) {
        let before = var.as_detached_tensor().copy().unwrap();
        let found = gradients.get(var).unwrap_or_else(|| panic!("{name} has no gradient"));
        hold(name, found, &before, &|values| {
            var.set(&values.reshape(before.shape()).unwrap()).unwrap();
            let found = loss(x);
            var.set(&before).unwrap();
            found
        });
    }
}

/// A smooth block: no kink lies within a step of the difference quotient.
fn smooth_block(stride: usize, squeeze: Option<SqueezeSpec>, wide: usize, flat: bool, drop: f32) -> InvertedSpec {
    InvertedSpec {
        inputs: 5,
        wide,
        outputs: 5,
        window: Geometry::even(3, stride, 1),
        squeeze,
        activation: Activation::Silu,
        bias: false,
        epsilon: EPSILON,
        drop,
        number: 1,
        flat,
    }
}

#[test]
fn an_inverted_residual_block_has_the_gradients_of_its_input_and_of_every_parameter() {
    let sigmoid = SqueezeSpec { squeezed: 3, activation: Activation::Silu, gate: Gate::Sigmoid };
    for spec in [
        smooth_block(1, None, 20, true, 0.0),
        smooth_block(1, Some(sigmoid), 20, false, 0.5),
        smooth_block(1, Some(sigmoid), 5, false, 0.0),
        smooth_block(2, Some(sigmoid), 8, false, 0.5),
        InvertedSpec { outputs: 19, ..smooth_block(1, None, 5, false, 0.0) },
    ] {
        let vars = VarMap::new();
        let block = spec.build(&mut NewVariables::new(&vars, &Device::Cpu, 5), "block").unwrap();
        let x = to_blocks(&random(&[3, 5, 6, 5], 61)).unwrap();
        let x = to_planes(&x, 5).unwrap();
        for mode in [Mode::Inference, Mode::Training { seed: 4 }] {
            check_recorded(&block, &x, &vars, mode);
        }
    }
}

#[test]
fn a_block_in_use_gives_what_its_units_give_one_after_the_other() {
    let squeeze = SqueezeSpec { squeezed: 3, activation: Activation::Silu, gate: Gate::Sigmoid };
    for (spec, size) in [
        (smooth_block(1, None, 40, true, 0.0), [2, 5, 9, 7]),
        (smooth_block(1, Some(squeeze), 40, false, 0.0), [1, 5, 90, 64]),
        (smooth_block(2, Some(squeeze), 33, false, 0.0), [3, 5, 8, 11]),
        (smooth_block(2, None, 5, false, 0.0), [1, 5, 1, 6]),
        (InvertedSpec { outputs: 19, ..smooth_block(1, Some(squeeze), 5, false, 0.0) }, [1, 5, 7, 7]),
    ] {
        let vars = VarMap::new();
        spec.build(&mut NewVariables::new(&vars, &Device::Cpu, 5), "block").unwrap();
        let tensors = vars.data().lock().unwrap().clone().into_iter().map(|(name, var)| (name, var.into_inner()));
        let tensors = TensorFile::parse(&safetensors::serialize(tensors, None).unwrap()).unwrap();
        let mut source = TrainedTensors { tensors: &tensors, device: &Device::Cpu };
        let block = spec.build(&mut source, "block").unwrap();
        let x = random(&size, 63);
        let y = block.forward(&x, Mode::Inference).unwrap();
        // Where somebody may ask for a gradient, units run one by one.
        let traced = Var::from_tensor(&x).unwrap();
        let expected = block.forward(traced.as_tensor(), Mode::Inference).unwrap();
        let values = |y: &Tensor| to_planes(y, spec.outputs).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let apart = values(&y).iter().zip(values(&expected)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-5, "{size:?}: {apart}");
    }
}

#[test]
fn squeeze_and_excitation_is_what_it_says_and_has_its_gradients() {
    for (activation, gate) in [(Activation::Silu, Gate::Sigmoid), (Activation::Relu, Gate::HardSigmoid)] {
        let spec = SqueezeSpec { squeezed: 4, activation, gate };
        let vars = VarMap::new();
        let layer = spec.build(&mut NewVariables::new(&vars, &Device::Cpu, 6), "se", 18).unwrap();
        let x = to_planes(&to_blocks(&random(&[2, 18, 4, 3], 62)).unwrap(), 18).unwrap();
        // By hand: means, two matrices, gate.
        let get = |name: &str| vars.data().lock().unwrap()[name].as_detached_tensor();
        let matrix = |name: &str| get(name).flatten_from(1).unwrap().t().unwrap();
        let means = x.flatten_from(2).unwrap().mean(2).unwrap();
        let inner = means.matmul(&matrix("se.fc1.weight")).unwrap().broadcast_add(&get("se.fc1.bias")).unwrap();
        let inner = if activation == Activation::Silu { inner.silu() } else { inner.relu() }.unwrap();
        let z = inner.matmul(&matrix("se.fc2.weight")).unwrap().broadcast_add(&get("se.fc2.bias")).unwrap();
        let z = z.to_vec2::<f32>().unwrap();
        let factor = |z: f32| match gate {
            Gate::Sigmoid => 1.0 / (1.0 + (-z).exp()),
            Gate::HardSigmoid => (z + 3.0).clamp(0.0, 6.0) / 6.0,
        };
        let y = to_planes(&layer.forward(&x, Mode::Inference).unwrap(), 18).unwrap();
        for (n, c) in [(0, 0), (0, 17), (1, 5)] {
            let at = |t: &Tensor| t.get(n).unwrap().get(c).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            for (y, x) in at(&y).iter().zip(at(&x)) {
                assert!((y - x * factor(z[n][c])).abs() < 1e-5, "{gate:?} {n} {c}");
            }
        }
        check(&x, |x| to_planes(&layer.forward(x, Mode::Inference)?, 18));
    }
}
