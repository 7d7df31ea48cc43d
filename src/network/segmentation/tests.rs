//! The pyramid against candle's graph, central differences and PyTorch; the golden file is written by
//! `tests/golden/segmentation.py`.

use std::collections::HashMap;

use candle_core::{Tensor, Var};

use super::*;
use crate::Mode;

fn narrow() -> SegmentationArchitecture {
    SegmentationArchitecture { widths: vec![4, 20, 6], blocks: vec![0, 1, 2], decoder: vec![8, 18, 5] }
}

fn picture(shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let values = (0..count).map(|i| ((i * 7919 % 1000) as f32 - 500.0) / 300.0);
    Tensor::from_iter(values, &Device::Cpu).unwrap().reshape(shape).unwrap()
}

fn largest(t: &Tensor) -> f32 {
    t.abs().unwrap().max_all().unwrap().to_scalar().unwrap()
}

#[test]
fn the_default_network_is_light_and_answers_at_half_the_side() {
    let arch = SegmentationArchitecture::default();
    arch.check().unwrap();
    let values = arch.values().unwrap();
    assert!((300_000..400_000).contains(&values), "{values}");
    let network = arch.trainable(1, &VarMap::new(), &Device::Cpu, 1).unwrap();
    let y = network.forward(&picture(&[1, 1, 64, 96]), Mode::Inference).unwrap();
    assert_eq!(y.dims(), [1, 1, 32, 48]);
    // 80 is no multiple of 32.
    let error = network.forward(&picture(&[1, 1, 80, 80]), Mode::Inference).unwrap_err();
    assert!(error.to_string().contains("halved evenly"), "{error}");
}

#[test]
fn settings_that_do_not_fit_are_named() {
    let wrong = SegmentationArchitecture { blocks: vec![1], ..narrow() };
    assert!(wrong.check().unwrap_err().to_string().contains("`blocks` needs 3 values"));
    let wide = SegmentationArchitecture { widths: vec![4, 5000, 6], ..narrow() };
    assert!(wide.check().unwrap_err().to_string().contains("`widths` holds 5000"));
}

#[test]
fn the_recorded_way_back_gives_the_gradients_of_the_graph() {
    let vars = VarMap::new();
    let network = narrow().trainable(1, &vars, &Device::Cpu, 7).unwrap();
    let x = Var::from_tensor(&picture(&[2, 1, 24, 16])).unwrap();
    let weights = Tensor::randn(0f32, 1.0, (2, 1, 12, 8), &Device::Cpu).unwrap();
    for mode in [Mode::Training { seed: 3 }, Mode::Inference] {
        let logits = network.forward(x.as_tensor(), mode).unwrap();
        let graph = (logits * &weights).unwrap().sum_all().unwrap().backward().unwrap();
        let pass = network.record(0, x.as_tensor(), mode, true).unwrap();
        let to_input = pass.to_input(&weights).unwrap().expect("it was wanted");
        let expected = graph.get(&x).unwrap();
        let apart = largest(&(&to_input - expected).unwrap()) / largest(expected);
        assert!(apart < 1e-4, "{mode:?}: the input's gradient is {apart} apart");
        let found = pass.back(&weights).unwrap();
        for (name, var) in vars.data().lock().unwrap().iter().filter(|(name, _)| !name.contains("running")) {
            let expected = graph.get(var).unwrap_or_else(|| panic!("{name} has no gradient in the graph"));
            let found = found.get(var).unwrap_or_else(|| panic!("{name} has no gradient in the record"));
            let apart = largest(&(found - expected).unwrap()) / largest(expected).max(1e-3);
            assert!(apart < 1e-3, "{mode:?} {name}: {apart}");
        }
    }
}

#[test]
fn gradients_are_those_of_central_differences() {
    let vars = VarMap::new();
    let network = narrow().trainable(1, &vars, &Device::Cpu, 5).unwrap();
    // Where norms begin at 0, a ReLU stands on its kink wherever its input is dark.
    for (name, var) in vars.data().lock().unwrap().iter().filter(|(name, _)| name.rsplit('.').next() == Some("bias")) {
        let values = (0..var.elem_count()).map(|c| 0.3 * ((c + name.len()) as f32).sin() + 0.05).collect::<Vec<_>>();
        var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap()).unwrap();
    }
    let x = picture(&[1, 1, 16, 16]);
    let weights = Tensor::randn(0f32, 1.0, (1, 1, 8, 8), &Device::Cpu).unwrap();
    let loss = || {
        let logits = network.forward(&x, Mode::Inference).unwrap();
        f64::from((logits * &weights).unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap())
    };
    let found = network.record(0, &x, Mode::Inference, false).unwrap().back(&weights).unwrap();
    for name in ["head.conv.weight", "head.conv.bias", "steps.1.lateral.bn.bias", "steps.0.smooth.bn.weight"] {
        let var = vars.data().lock().unwrap()[name].clone();
        let gradient = found.get(&var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let values = var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let h = 2e-3f32;
        let scale = gradient.iter().fold(0.0f32, |a, v| a.max(v.abs())).max(1e-3);
        for i in 0..values.len().min(6) {
            let at = |step: f32| {
                let mut moved = values.clone();
                moved[i] += step;
                var.set(&Tensor::from_vec(moved, var.shape(), &Device::Cpu).unwrap()).unwrap();
                loss()
            };
            let expected = ((at(h) - at(-h)) / f64::from(2.0 * h)) as f32;
            at(0.0);
            assert!((gradient[i] - expected).abs() < 3e-2 * scale, "{name} {i}: {} not {expected}", gradient[i]);
        }
    }
}

#[test]
fn a_folded_network_answers_as_the_trained_one() {
    let vars = VarMap::new();
    let network = narrow().trainable(1, &vars, &Device::Cpu, 9).unwrap();
    let x = picture(&[1, 1, 32, 24]);
    // Batch statistics move the running ones away from 0 and 1.
    network.forward(&x, Mode::Training { seed: 0 }).unwrap();
    let tensors: HashMap<_, _> =
        vars.data().lock().unwrap().iter().map(|(n, v)| (n.clone(), v.as_detached_tensor())).collect();
    let used = narrow().folded(1, &TensorFile::new(tensors), &Device::Cpu).unwrap();
    let (a, b) = (network.forward(&x, Mode::Inference).unwrap(), used.forward(&x, Mode::Inference).unwrap());
    assert!(largest(&(&a - &b).unwrap()) < 1e-4 * largest(&a).max(1.0));
}

#[test]
fn any_backbone_is_cut_where_its_side_halves() {
    let arch = crate::architecture::Architecture::compact(&[4, 6, 8, 10, 12], &[1, 1, 1, 1], &[1, 2, 2, 1], 0.0);
    let network = arch.trainable(1, 2, &VarMap::new(), &Device::Cpu, 3).unwrap();
    // The stem halves twice at once, stage 1 keeps the side, stages 2 and 3 halve, stage 4
    // keeps.
    let levels = levels_of(network.stages, 64);
    assert_eq!(levels.iter().map(|(_, channels)| *channels).collect::<Vec<_>>(), [6, 8, 12]);
    assert_eq!(levels.iter().fold(64, |side, (level, _)| level.side(side)), 4);
}

const GOLDEN: &[u8] = include_bytes!("../../../tests/golden/segmentation.safetensors");

fn golden() -> HashMap<String, Tensor> {
    candle_core::safetensors::load_buffer(GOLDEN, &Device::Cpu).unwrap()
}

fn assert_close(found: &Tensor, expected: &Tensor, what: &str) {
    let (apart, size) = (largest(&(found - expected).unwrap()), largest(expected).max(1e-3));
    assert!(apart <= 1e-4 * size, "{what} is off by {apart} of {size}");
}

#[test]
fn the_folded_network_gives_the_logits_of_pytorch() {
    let golden = golden();
    let named = golden.iter().filter_map(|(n, t)| Some((n.strip_prefix("net.")?.to_owned(), t.clone()))).collect();
    let network = narrow().folded(1, &TensorFile::new(named), &Device::Cpu).unwrap();
    assert_close(&network.forward(&golden["x"], Mode::Inference).unwrap(), &golden["logits"], "logits");
}

#[test]
fn a_recorded_step_gives_the_logits_the_gradients_and_the_statistics_of_pytorch() {
    let (golden, vars) = (golden(), VarMap::new());
    let network = narrow().trainable(1, &vars, &Device::Cpu, 1).unwrap();
    for (name, var) in vars.data().lock().unwrap().iter() {
        var.set(&golden[&format!("net.{name}")]).unwrap();
    }
    let pass = network.record(0, &golden["x"], Mode::Training { seed: 0 }, false).unwrap();
    assert_close(&pass.logits, &golden["training_logits"], "logits in training");
    let found = pass.back(&golden["weight"]).unwrap();
    for (name, var) in vars.data().lock().unwrap().iter() {
        match golden.get(&format!("grad.{name}")) {
            Some(expected) => assert_close(found.get(var).expect("every parameter has a gradient"), expected, name),
            None => assert_close(var.as_tensor(), &golden[&format!("after.{name}")], name),
        }
    }
}
