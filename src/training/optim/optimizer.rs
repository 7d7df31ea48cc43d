//! SGD, Adam and `AdamW` with moments that can be saved, and clipping by the global norm.
//!
//! With gradient `g`, rate `η` and decay `λ`:
//!
//! | rule | step |
//! |---|---|
//! | SGD (Nesterov 1983; Sutskever et al. 2013) | `g ← g + λθ`, `m ← μm + g`, `θ ← θ − ηm`, or `θ − η(g + μm)` with Nesterov's look ahead |
//! | Adam (Kingma and Ba, ICLR 2015) | `g ← g + λθ`, then `AdamW` without its decay |
//! | `AdamW` (Loshchilov and Hutter, ICLR 2019) | `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `θ ← θ(1 − ηλ) − η/(1−β₁ᵗ) · m / (√(v/(1−β₂ᵗ)) + ε)` |
//!
//! One pass over each tensor, in place, instead of candle's dozen. Biases and norms (one dimension)
//! are not decayed, nor are the positions and tokens that a transformer learns. `t` counts the steps of each tensor, so that a stage that is unfrozen late
//! begins at 1 as in `PyTorch`.

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, InplaceOp2, Layout, bail};
use rayon::prelude::*;

use super::parameters::{Parameters, read};
use crate::network::device::own_kernels_run;
use crate::network::tape::Gradients;
use crate::training::config::{Optimization, OptimizerKind};

/// β₁.
const BETA1: f32 = 0.9;
/// β₂.
const BETA2: f32 = 0.999;
/// ε.
const EPSILON: f32 = 1e-8;
/// Values that one thread takes at a time.
const CHUNK: usize = 1 << 15;

/// How a gradient becomes a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    AdamW,
    Adam,
    Sgd { momentum: f32, nesterov: bool },
}

impl Rule {
    /// The rule of a configuration, with its numbers.
    pub fn of(optimization: &Optimization) -> Self {
        match optimization.optimizer {
            OptimizerKind::AdamW => Self::AdamW,
            OptimizerKind::Adam => Self::Adam,
            OptimizerKind::Sgd => Self::Sgd { momentum: optimization.momentum as f32, nesterov: optimization.nesterov },
        }
    }
}

/// First and second moment of one tensor, empty before its first step (SGD has no second).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    pub m: Vec<f32>,
    pub v: Vec<f32>,
    /// Steps taken with this tensor.
    pub steps: u64,
}

/// The optimizer's state: one pair of moments for every tensor of [`Parameters`].
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer {
    pub rule: Rule,
    pub weight_decay: f64,
    /// Gradients are scaled down to this global norm; 0 leaves them.
    pub clip_norm: f64,
    pub moments: Vec<Moments>,
}

impl Optimizer {
    pub fn new(parameters: &Parameters, rule: Rule, weight_decay: f64, clip_norm: f64) -> Self {
        Self { rule, weight_decay, clip_norm, moments: vec![Moments::default(); parameters.len()] }
    }

    /// Takes one step; `rate` gives the learning rate of a tensor, `None` leaves it as it is.
    /// Returns the global norm of the gradients before clipping. Gradients that are not finite
    /// change nothing: the norm tells.
    pub fn step(
        &mut self,
        parameters: &Parameters,
        grads: &Gradients,
        rate: &dyn Fn(usize) -> Option<f64>,
    ) -> candle_core::Result<f64> {
        let mut work = Vec::new();
        let mut squares = 0.0;
        for (i, p) in parameters.iter().enumerate().filter(|(_, p)| p.trained) {
            let (Some(grad), Some(rate)) = (grads.get(p.var.as_tensor()), rate(i)) else { continue };
            let grad = grad.contiguous()?;
            squares += read(&grad, sum_of_squares)?;
            work.push((i, p, grad, rate));
        }
        let norm = squares.sqrt();
        if !norm.is_finite() {
            return Ok(norm);
        }
        let clip =
            if self.clip_norm > 0.0 && norm > self.clip_norm { (self.clip_norm / (norm + 1e-6)) as f32 } else { 1.0 };
        for (i, p, grad, rate) in work {
            let moments = &mut self.moments[i];
            let n = p.var.elem_count();
            moments.m.resize(n, 0.0);
            if !matches!(self.rule, Rule::Sgd { .. }) {
                moments.v.resize(n, 0.0);
            }
            moments.steps += 1;
            let decay = if p.is_decayed() { self.weight_decay } else { 0.0 };
            let update = Update::new(self.rule, rate, decay, clip, moments.steps);
            if own_kernels_run(p.var.device()) {
                p.var.inplace_op2(&grad, &InPlace { update, moments: Mutex::new(moments) })?;
            } else {
                let mut values = p.var.flatten_all()?.to_vec1::<f32>()?;
                update.apply(&mut values, &grad.flatten_all()?.to_vec1::<f32>()?, moments);
                parameters.set(i, values)?;
            }
        }
        Ok(norm)
    }
}

/// In an order that depends on the length alone.
fn sum_of_squares(values: &[f32]) -> f64 {
    let of = |chunk: &[f32]| chunk.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>();
    values.par_chunks(CHUNK).map(of).collect::<Vec<f64>>().into_iter().sum()
}

/// The numbers that are the same for every value of a tensor.
struct Update {
    rule: Rule,
    /// η, for Adam with the correction of the first moment.
    rate: f32,
    /// Root of the correction of the second moment.
    root: f32,
    /// What the gradient gains of each value (L2).
    added: f32,
    /// What stays of each value (decoupled decay).
    kept: f32,
    clip: f32,
}

impl Update {
    fn new(rule: Rule, rate: f64, decay: f64, clip: f32, step: u64) -> Self {
        let t = step as f64;
        let (kept, added) = if rule == Rule::AdamW { ((1.0 - rate * decay) as f32, 0.0) } else { (1.0, decay as f32) };
        let corrected = if matches!(rule, Rule::Sgd { .. }) { rate } else { rate / (1.0 - f64::from(BETA1).powf(t)) };
        let root = (1.0 - f64::from(BETA2).powf(t)).sqrt() as f32;
        Self { rule, rate: corrected as f32, root, added, kept, clip }
    }

    fn apply(&self, values: &mut [f32], grad: &[f32], moments: &mut Moments) {
        let chunks = values.par_chunks_mut(CHUNK).zip(grad.par_chunks(CHUNK)).zip(moments.m.par_chunks_mut(CHUNK));
        if let Rule::Sgd { momentum, nesterov } = self.rule {
            chunks.for_each(|((x, g), m)| {
                for ((x, &g), m) in x.iter_mut().zip(g).zip(m) {
                    let g = g * self.clip + self.added * *x;
                    *m = momentum * *m + g;
                    *x -= self.rate * if nesterov { g + momentum * *m } else { *m };
                }
            });
            return;
        }
        chunks.zip(moments.v.par_chunks_mut(CHUNK)).for_each(|(((x, g), m), v)| {
            for (((x, &g), m), v) in x.iter_mut().zip(g).zip(m).zip(v) {
                let g = g * self.clip + self.added * *x;
                *m = BETA1 * *m + (1.0 - BETA1) * g;
                *v = BETA2 * *v + (1.0 - BETA2) * g * g;
                *x = *x * self.kept - self.rate * *m / (v.sqrt() / self.root + EPSILON);
            }
        });
    }
}

/// The update on the CPU, without a copy of values or gradient.
struct InPlace<'a> {
    update: Update,
    moments: Mutex<&'a mut Moments>,
}

impl InplaceOp2 for InPlace<'_> {
    fn name(&self) -> &'static str {
        "optimizer step"
    }

    fn cpu_fwd(&self, values: &mut CpuStorage, lv: &Layout, grad: &CpuStorage, lg: &Layout) -> candle_core::Result<()> {
        let (Some((v0, v1)), Some((g0, g1))) = (lv.contiguous_offsets(), lg.contiguous_offsets()) else {
            bail!("weights and gradients must be contiguous")
        };
        let (CpuStorage::F32(values), CpuStorage::F32(grad)) = (values, grad) else {
            bail!("weights and gradients must be f32")
        };
        let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        self.update.apply(&mut values[v0..v1], &grad[g0..g1], &mut moments);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};
    use candle_nn::{Init, VarMap};

    use super::*;
    use crate::training::optim::loss::golden::{assert_close, numbers, read as golden};

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

    /// These gradients, in the order of the parameters.
    fn gradients(parameters: &Parameters, of: &[Vec<f32>]) -> Gradients {
        let mut gradients = Gradients::default();
        for (p, g) in parameters.iter().zip(of) {
            let g = Tensor::from_vec(g.clone(), p.var.shape(), &Device::Cpu).unwrap();
            gradients.add(p.var.id(), g).unwrap();
        }
        gradients
    }

    #[test]
    fn five_clipped_steps_of_each_rule_are_those_of_pytorch() {
        for case in golden()["optimizers"].as_array().unwrap() {
            let name = case["name"].as_str().unwrap();
            let rule = match name {
                "adamw" => Rule::AdamW,
                "adam" => Rule::Adam,
                "sgd" => Rule::Sgd { momentum: 0.0, nesterov: false },
                "momentum" => Rule::Sgd { momentum: 0.9, nesterov: false },
                "nesterov" => Rule::Sgd { momentum: 0.9, nesterov: true },
                other => panic!("{other} is no rule"),
            };
            let parameters = parameters(&[
                ("a_matrix", numbers(&case["matrix"]), vec![2, 3]),
                ("b_vector", numbers(&case["vector"]), vec![3]),
            ]);
            let number = |key: &str| case[key].as_f64().unwrap();
            let mut optimizer = Optimizer::new(&parameters, rule, number("decay"), number("clip"));
            let mut norms = Vec::new();
            for step in case["gradients"].as_array().unwrap() {
                let grads = gradients(&parameters, &[numbers(&step[0]), numbers(&step[1])]);
                norms.push(optimizer.step(&parameters, &grads, &|_| Some(number("rate"))).unwrap() as f32);
            }
            assert_close(&norms, &numbers(&case["norms"]), 1e-5);
            let after = parameters.values().unwrap();
            assert_close(&after[0], &numbers(&case["matrix_after"]), 1e-6);
            assert_close(&after[1], &numbers(&case["vector_after"]), 1e-6);
        }
    }

    #[test]
    fn running_statistics_and_frozen_tensors_are_not_trained() {
        let parameters = parameters(&[
            ("a.weight", vec![5.0], vec![1]),
            ("bn.running_mean", vec![1.0, 2.0], vec![2]),
            ("bn.weight", vec![1.0], vec![1]),
        ]);
        let mut optimizer = Optimizer::new(&parameters, Rule::AdamW, 0.1, 0.0);
        let grads = gradients(&parameters, &[vec![1.0], vec![1.0, 1.0], vec![1.0]]);
        let norm = optimizer.step(&parameters, &grads, &|i| (i > 0).then_some(0.1)).unwrap();
        let after = parameters.values().unwrap();
        assert_eq!((after[0][0], &after[1][..]), (5.0, &[1.0, 2.0][..]));
        assert!((after[2][0] - 0.9).abs() < 1e-6);
        assert_eq!(norm, 1.0, "what is frozen is no part of the norm");
        assert!(optimizer.moments[0].m.is_empty(), "what is frozen takes no memory");
    }

    #[test]
    fn a_gradient_that_is_no_number_changes_nothing() {
        let parameters = parameters(&[("w", vec![1.0, 2.0], vec![2])]);
        let mut optimizer = Optimizer::new(&parameters, Rule::AdamW, 0.1, 1.0);
        let grads = gradients(&parameters, &[vec![f32::NAN, 1.0]]);
        assert!(optimizer.step(&parameters, &grads, &|_| Some(0.1)).unwrap().is_nan());
        assert_eq!(parameters.values().unwrap()[0], vec![1.0, 2.0]);
        assert_eq!(optimizer.moments[0].steps, 0);
    }
}
