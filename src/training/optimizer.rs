//! `AdamW` (Loshchilov and Hutter, ICLR 2019) with moments that can be saved, and clipping by the global norm.
//!
//! `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `θ ← θ(1 − ηλ) − η/(1−β₁ᵗ) · m / (√(v/(1−β₂ᵗ)) + ε)`.
//! One pass over each tensor instead of candle's dozen. Biases and norms (one dimension) are not decayed.

use candle_core::backprop::GradStore;
use rayon::prelude::*;

use super::parameters::Parameters;

/// β₁.
const BETA1: f32 = 0.9;
/// β₂.
const BETA2: f32 = 0.999;
/// ε.
const EPSILON: f32 = 1e-8;

/// First and second moment of one tensor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    pub m: Vec<f32>,
    pub v: Vec<f32>,
}

/// The optimizer's state: one pair of moments for every tensor of [`Parameters`], empty for those not trained.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdamW {
    pub weight_decay: f64,
    /// Gradients are scaled down to this global norm; 0 leaves them.
    pub clip_norm: f64,
    /// Steps taken.
    pub steps: u64,
    pub moments: Vec<Moments>,
}

impl AdamW {
    pub fn new(parameters: &Parameters, weight_decay: f64, clip_norm: f64) -> Self {
        let moments = parameters
            .iter()
            .map(|p| {
                let n = if p.trained { p.var.elem_count() } else { 0 };
                Moments { m: vec![0.0; n], v: vec![0.0; n] }
            })
            .collect();
        Self { weight_decay, clip_norm, steps: 0, moments }
    }

    /// Takes one step at learning rate `rate`; returns the global norm of the gradients before clipping.
    /// Gradients that are not finite change nothing: the norm tells.
    pub fn step(&mut self, parameters: &Parameters, grads: &GradStore, rate: f64) -> candle_core::Result<f64> {
        let mut work = Vec::new();
        for (i, p) in parameters.iter().enumerate().filter(|(_, p)| p.trained) {
            let Some(grad) = grads.get(p.var.as_tensor()) else { continue };
            let values = p.var.flatten_all()?.to_vec1::<f32>()?;
            work.push((i, p.var.dims().len(), values, grad.flatten_all()?.to_vec1::<f32>()?));
        }
        let squares: f64 = work.iter().flat_map(|w| &w.3).map(|&g| f64::from(g) * f64::from(g)).sum();
        let norm = squares.sqrt();
        if !norm.is_finite() {
            return Ok(norm);
        }
        let clip =
            if self.clip_norm > 0.0 && norm > self.clip_norm { (self.clip_norm / (norm + 1e-6)) as f32 } else { 1.0 };
        self.steps += 1;
        let update = Update::new(rate, self.steps);
        let mut moments: Vec<Option<&mut Moments>> = self.moments.iter_mut().map(Some).collect();
        let mut jobs: Vec<_> = work
            .iter_mut()
            .filter_map(|(i, dims, values, grad)| {
                let decay = if *dims > 1 { self.weight_decay } else { 0.0 };
                Some((values, grad, moments[*i].take()?, (1.0 - rate * decay) as f32))
            })
            .collect();
        jobs.par_iter_mut().for_each(|(values, grad, moments, keep)| {
            grad.iter_mut().for_each(|g| *g *= clip);
            update.apply(values, grad, moments, *keep);
        });
        for (i, _, values, _) in work {
            parameters.set(i, values)?;
        }
        Ok(norm)
    }
}

/// The numbers that are the same for every value of a step.
struct Update {
    rate: f32,
    root: f32,
}

impl Update {
    fn new(rate: f64, step: u64) -> Self {
        let t = step as f64;
        let rate = rate / (1.0 - f64::from(BETA1).powf(t));
        Self { rate: rate as f32, root: (1.0 - f64::from(BETA2).powf(t)).sqrt() as f32 }
    }

    fn apply(&self, values: &mut [f32], grad: &[f32], moments: &mut Moments, keep: f32) {
        let state = moments.m.iter_mut().zip(&mut moments.v);
        for ((x, &g), (m, v)) in values.iter_mut().zip(grad).zip(state) {
            *m = BETA1 * *m + (1.0 - BETA1) * g;
            *v = BETA2 * *v + (1.0 - BETA2) * g * g;
            *x = *x * keep - self.rate * *m / (v.sqrt() / self.root + EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};
    use candle_nn::{Init, VarMap};

    use super::super::loss::golden::{assert_close, numbers, read};
    use super::*;

    fn parameters(tensors: &[(&str, Vec<f32>, Vec<usize>)]) -> Parameters {
        let vars = VarMap::new();
        for (name, _, shape) in tensors {
            vars.get(shape.clone(), name, Init::Const(0.0), DType::F32, &Device::Cpu).unwrap();
        }
        let parameters = Parameters::new(&vars);
        for (i, p) in parameters.iter().enumerate() {
            let (_, values, _) = tensors.iter().find(|t| t.0 == p.name).unwrap();
            parameters.set(i, values.clone()).unwrap();
        }
        parameters
    }

    /// Gradients `g` of the sum of `g · θ`.
    fn gradients(parameters: &Parameters, of: &[Vec<f32>]) -> GradStore {
        let terms: Vec<Tensor> = parameters
            .iter()
            .zip(of)
            .map(|(p, g)| {
                let g = Tensor::from_vec(g.clone(), p.var.shape(), &Device::Cpu).unwrap();
                (p.var.as_tensor() * g).unwrap().sum_all().unwrap()
            })
            .collect();
        Tensor::stack(&terms, 0).unwrap().sum_all().unwrap().backward().unwrap()
    }

    #[test]
    fn five_clipped_steps_are_those_of_pytorch() {
        let golden = &read()["adamw"];
        let parameters = parameters(&[
            ("a_matrix", numbers(&golden["matrix"]), vec![2, 3]),
            ("b_vector", numbers(&golden["vector"]), vec![3]),
        ]);
        let number = |name: &str| golden[name].as_f64().unwrap();
        let mut optimizer = AdamW::new(&parameters, number("decay"), number("clip"));
        let norms: Vec<f32> = golden["gradients"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| {
                let grads = gradients(&parameters, &[numbers(&step[0]), numbers(&step[1])]);
                optimizer.step(&parameters, &grads, number("rate")).unwrap() as f32
            })
            .collect();
        assert_close(&norms, &numbers(&golden["norms"]), 1e-5);
        let after = parameters.values().unwrap();
        assert_close(&after[0], &numbers(&golden["matrix_after"]), 1e-6);
        assert_close(&after[1], &numbers(&golden["vector_after"]), 1e-6);
    }

    #[test]
    fn running_statistics_are_not_trained() {
        let parameters = parameters(&[("bn.running_mean", vec![1.0, 2.0], vec![2]), ("bn.weight", vec![1.0], vec![1])]);
        let mut optimizer = AdamW::new(&parameters, 0.1, 0.0);
        let grads = gradients(&parameters, &[vec![1.0, 1.0], vec![1.0]]);
        optimizer.step(&parameters, &grads, 0.1).unwrap();
        let after = parameters.values().unwrap();
        assert_eq!(after[0], vec![1.0, 2.0]);
        assert!((after[1][0] - 0.9).abs() < 1e-6);
        assert_eq!(parameters.trained_values(), 1);
    }

    #[test]
    fn a_gradient_that_is_no_number_changes_nothing() {
        let parameters = parameters(&[("w", vec![1.0, 2.0], vec![2])]);
        let mut optimizer = AdamW::new(&parameters, 0.1, 1.0);
        let norm = optimizer.step(&parameters, &gradients(&parameters, &[vec![f32::NAN, 1.0]]), 0.1).unwrap();
        assert!(norm.is_nan());
        assert_eq!(parameters.values().unwrap()[0], vec![1.0, 2.0]);
        assert_eq!(optimizer.steps, 0);
    }
}
