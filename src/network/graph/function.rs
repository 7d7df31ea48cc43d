//! Functions of single values, out of candle's operations, with gradients by the rules of
//! explanations.
//!
//! The rescale rule (Shrikumar et al. 2017) replaces the derivative by `Δy/Δx` between an input and
//! its reference. For functions that are no operations of ours it is had by a detour: with the
//! slope `m` as a constant, `f(x) + m·(x − x)` has the value `f(x)` and the gradient `m`.

use candle_core::{DType, Tensor, Var};

use super::op::Function;
use crate::layers::activation::{Activation, Rule, activated};
use crate::layers::ruled::by_rule;
use crate::{Mode, Result};

/// Inputs that differ by less are the same, as in the `shap` package.
const SAME: f64 = 1e-6;

/// The activation of ours that a function is.
pub(super) fn activation(function: Function) -> Option<Activation> {
    match function {
        Function::Relu => Some(Activation::Relu),
        Function::Relu6 => Some(Activation::Relu6),
        Function::Silu => Some(Activation::Silu),
        Function::HardSwish => Some(Activation::HardSwish),
        Function::Gelu => Some(Activation::Gelu),
        Function::GeluTanh => Some(Activation::GeluTanh),
        _ => None,
    }
}

/// Whether lanes of a block that hold no channel stay numbers: those are zeros, or what other
/// functions made of them.
pub(super) fn bears_empty_lanes(function: Function) -> bool {
    !matches!(function, Function::Log | Function::Sqrt | Function::Reciprocal | Function::Power { .. })
}

/// `f(x)`, value by value; `first` says that the batch is the first axis.
pub(super) fn apply(function: Function, x: &Tensor, mode: Mode, first: bool) -> Result<Tensor> {
    match (activation(function), mode.rule()) {
        (Some(own), Some(rule)) => by_rule(x, own, rule),
        (Some(own), None) => activated(x, own),
        (None, Some(Rule::Rescale)) if first && x.dim(0)?.is_multiple_of(2) => rescaled(function, x),
        (None, _) => value(function, x),
    }
}

fn rescaled(function: Function, x: &Tensor) -> Result<Tensor> {
    let y = value(function, &x.detach())?.detach();
    let half = x.dim(0)? / 2;
    let apart = |t: &Tensor| -> Result<Tensor> { t.narrow(0, 0, half)? - t.narrow(0, half, half)? };
    let (dx, dy) = (apart(&x.detach())?, apart(&y)?);
    let same = dx.abs()?.lt(SAME)?;
    let var = Var::from_tensor(&x.detach())?;
    let derivative = value(function, var.as_tensor())?.sum_all()?.backward()?;
    let derivative = match derivative.get(var.as_tensor()) {
        Some(found) => found.detach(),
        None => x.zeros_like()?,
    };
    // Where both are the same the quotient is of no use, and must not be 0/0.
    let slope = (dy / same.where_cond(&dx.ones_like()?, &dx)?)?;
    let both = [0, half].map(|from| same.where_cond(&derivative.narrow(0, from, half)?.contiguous()?, &slope));
    let [first, second] = both;
    let slope = Tensor::cat(&[first?, second?], 0)?.detach();
    y + (slope * (x - x.detach())?)?
}

fn value(function: Function, x: &Tensor) -> Result<Tensor> {
    match function {
        Function::Relu
        | Function::Relu6
        | Function::Silu
        | Function::HardSwish
        | Function::Gelu
        | Function::GeluTanh => activated(x, activation(function).unwrap_or_default()),
        Function::Sigmoid => sigmoid(x),
        Function::HardSigmoid { alpha, beta } => x.affine(alpha, beta)?.clamp(0f32, 1f32),
        Function::Tanh => x.tanh(),
        Function::Erf => x.erf(),
        Function::LeakyRelu { alpha } => split(x, &(below(x)? * alpha)?),
        Function::Elu { alpha } => split(x, &below(x)?.exp()?.affine(alpha, -alpha)?),
        Function::Selu { alpha, scale } => split(x, &below(x)?.exp()?.affine(alpha, -alpha)?)? * scale,
        Function::Softplus => softplus(x),
        Function::Mish => x * softplus(x)?.tanh()?,
        Function::Clip { low, high } => {
            let x = if low > f64::from(f32::MIN) { x.maximum(low as f32)? } else { x.clone() };
            if high < f64::from(f32::MAX) { x.minimum(high as f32) } else { Ok(x) }
        }
        Function::Neg => x.neg(),
        Function::Abs => x.abs(),
        Function::Exp => x.exp(),
        Function::Log => x.log(),
        Function::Sqrt => x.sqrt(),
        Function::Reciprocal => x.recip(),
        Function::Sin => x.sin(),
        Function::Cos => x.cos(),
        Function::Power { exponent: 2.0 } => x.sqr(),
        Function::Power { exponent } => x.powf(exponent),
    }
}

fn sigmoid(x: &Tensor) -> Result<Tensor> {
    // σ(x) = (1 + tanh(x/2)) / 2 does not overflow.
    (x * 0.5)?.tanh()?.affine(0.5, 0.5)
}

/// `max(x, 0) + min(y, 0)` where `y` was made of [`below`].
fn split(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    x.relu()? + y
}

/// `min(x, 0)`.
fn below(x: &Tensor) -> Result<Tensor> {
    x.neg()?.relu()?.neg()
}

/// `ln(1 + eˣ)` as `max(x, 0) + ln(1 + e^−|x|)`, which does not overflow.
fn softplus(x: &Tensor) -> Result<Tensor> {
    x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?
}

/// The scalar that a tensor of one value is, if nobody asks for its gradient.
pub(super) fn scalar(x: &Tensor) -> Option<f64> {
    if x.elem_count() != 1 || crate::cpu_values::is_tracked(x) {
        return None;
    }
    let value = x.to_dtype(DType::F32).and_then(|x| x.flatten_all()).and_then(|x| x.to_vec1::<f32>()).ok()?;
    value.first().map(|v| f64::from(*v))
}
