//! Operators that work value by value, and those that many values become one by.

use candle_core::{DType, Device, Tensor};

use super::builder::{Builder, NodeResult, Value};
use super::gelu;
use super::known::Known;
use super::lengths::axes;
use super::reading::Reading;
use crate::network::graph::op::{Fold, Function, Op, Pair};
use crate::network::graph::shape::{Dim, map};

/// The kind of truth values (`TensorProto.DataType`).
const BOOL: i64 = 9;

/// `Cast` and what gives its input as it is.
pub(super) fn cast<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let to = if r.node.kind == "Cast" { r.node.integer("to", 1) } else { 0 };
    match r.input(0)? {
        // True is 1, whatever it was.
        Value::Known(_) if to == BOOL => match of_known(r, |v| f32::from(u8::from(v != 0.0)))? {
            Value::Known(known) => Ok(Value::Known(Known { whole: true, ..known })),
            node => Ok(node),
        },
        Value::Known(known) if super::values::is_whole(to) => known.as_whole().map(Value::Known),
        Value::Known(known) if to != 0 => Ok(Value::Known(Known { whole: false, ..known })),
        Value::Node(_) if super::values::is_whole(to) => Err("rounds what depends on the image".into()),
        _ => r.same(),
    }
}

/// One entry a channel of maps `(N, C, H, W)`, if the tensor has one and is 1 long along all else.
fn a_channel(known: &Known, channels: usize) -> Option<Tensor> {
    let dims = known.shape();
    let from = 4usize.checked_sub(dims.len())?;
    let whole = dims.iter().enumerate().all(|(i, d)| *d == if from + i == 1 { channels } else { 1 });
    (whole && channels > 1 && known.fixed.elem_count() == channels && known.per_image.is_none())
        .then(|| known.fixed.flatten_all().ok())
        .flatten()
}

/// `a ∘ b`.
pub(super) fn pair<'a>(r: &mut Reading<'_, 'a>, op: Pair) -> NodeResult<Value<'a>> {
    joined(r, op, r.input(0)?, r.input(1)?)
}

fn joined<'a>(r: &mut Reading<'_, 'a>, op: Pair, a: Value<'a>, b: Value<'a>) -> NodeResult<Value<'a>> {
    match (&a, &b) {
        (Value::Known(x), Value::Known(y)) => Known::pair(op, x, y).map(Value::Known),
        (Value::Node(x), Value::Known(known)) => {
            let half =
                (op == Pair::Mul && known.scalar() == Some(0.5)) || (op == Pair::Div && known.scalar() == Some(2.0));
            if let Some(x) = gelu::of_half(r.to, *x).filter(|_| half) {
                r.to.release(x);
                return r.to.function(x, Function::Gelu).map(Value::Node);
            }
            if let Some(node) = with_known(r.to, op, *x, known)? {
                return Ok(Value::Node(node));
            }
            r.apply(Op::Pair { pair: op }, &[a, b])
        }
        (Value::Known(known), Value::Node(x)) => {
            if matches!(op, Pair::Add | Pair::Mul)
                && let Some(node) = with_known(r.to, op, *x, known)?
            {
                return Ok(Value::Node(node));
            }
            r.apply(Op::Pair { pair: op }, &[a, b])
        }
        (Value::Node(x), Value::Node(y)) if op == Pair::Add => r.to.add(*x, *y).map(Value::Node),
        (Value::Node(x), Value::Node(y)) if op == Pair::Mul => {
            if let Some(x) = gelu::of(r.to, *x, *y) {
                r.to.release(x);
                return r.to.function(x, Function::Gelu).map(Value::Node);
            }
            for (x, gate) in [(*x, *y), (*y, *x)] {
                if let Some(function) = gated(r.to, x, gate) {
                    // The value itself has one user in the place of two.
                    r.to.release(x);
                    return r.to.function(x, function).map(Value::Node);
                }
            }
            r.apply(Op::Pair { pair: op }, &[a, b])
        }
        _ => r.apply(Op::Pair { pair: op }, &[a, b]),
    }
}

/// The function that `x · gate(x)` is.
fn gated(to: &Builder<'_>, x: usize, gate: usize) -> Option<Function> {
    match to.function_of(gate)? {
        (Function::Sigmoid, of) if of == x => Some(Function::Silu),
        (Function::HardSigmoid { alpha, beta }, of) if of == x && (alpha - 1.0 / 6.0).abs() < 1e-6 && beta == 0.5 => {
            Some(Function::HardSwish)
        }
        _ => None,
    }
}

/// A node and a known tensor, where a layer takes it in.
fn with_known(to: &mut Builder<'_>, op: Pair, x: usize, known: &Known) -> NodeResult<Option<usize>> {
    let told = |error: candle_core::Error| format!("cannot be folded: {error}");
    if op == Pair::Add
        && known.per_image.is_none()
        && let Some(node) = to.shift_linear(x, &known.fixed)?
    {
        return Ok(Some(node));
    }
    let Some([channels, h, w]) = map(&to.shapes[x]) else { return Ok(None) };
    // An image has to stay one that its first convolution takes.
    let Some(values) = a_channel(known, channels).filter(|_| x > 0 && h * w > 0) else { return Ok(None) };
    let (one, zero) = (values.ones_like().map_err(told)?, values.zeros_like().map_err(told)?);
    let (weight, bias) = match op {
        Pair::Add => (one, values),
        Pair::Sub => (one, values.neg().map_err(told)?),
        Pair::Mul => (values, zero),
        Pair::Div => (values.recip().map_err(told)?, zero),
        Pair::Min | Pair::Max => return Ok(None),
    };
    to.affine(x, &weight, &bias).map(Some)
}

/// `Sum`, `Min` and `Max` of any number of inputs.
pub(super) fn several<'a>(r: &mut Reading<'_, 'a>, op: Pair) -> NodeResult<Value<'a>> {
    let mut all = r.input(0)?;
    for at in 1..r.inputs.len() {
        let next = r.input(at)?;
        all = joined(r, op, all, next)?;
    }
    Ok(all)
}

pub(super) fn mean<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let sum = several(r, Pair::Add)?;
    let share = number(1.0 / r.inputs.len().max(1) as f64)?;
    joined(r, Pair::Mul, sum, share)
}

fn number<'a>(value: f64) -> NodeResult<Value<'a>> {
    let tensor = Tensor::new(value as f32, &Device::Cpu).map_err(|error| error.to_string())?;
    Ok(Value::Known(Known::new(tensor, false)))
}

/// `Pow` with an exponent that is one number.
pub(super) fn power<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let exponent = r.known(1)?.scalar().ok_or("has more than one exponent")?;
    if exponent == 0.5 { r.function(Function::Sqrt) } else { r.function(Function::Power { exponent }) }
}

pub(super) fn clip<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let bound = |at: usize, name: &str| match r.optional(at) {
        Some(_) => r.known(at)?.scalar().map(Some).ok_or_else(|| "has more than one bound".to_owned()),
        None => Ok(r.node.attribute(name).map(|a| f64::from(a.float))),
    };
    let low = bound(1, "min")?.unwrap_or(f64::from(f32::MIN)).max(f64::from(f32::MIN));
    let high = bound(2, "max")?.unwrap_or(f64::from(f32::MAX)).min(f64::from(f32::MAX));
    if low.is_nan() || high.is_nan() {
        return Err("has a bound that is no number".into());
    }
    r.function(match (low, high) {
        (0.0, 6.0) => Function::Relu6,
        (0.0, high) if high >= f64::from(f32::MAX) => Function::Relu,
        (low, high) => Function::Clip { low, high },
    })
}

pub(super) fn softmax<'a>(r: &mut Reading<'_, 'a>, log: bool) -> NodeResult<Value<'a>> {
    let x = r.input(0)?;
    let rank = r.to.shape(&x).len();
    let old = r.about.opset < 13;
    let axis = super::lengths::axis(r.node.integer("axis", if old { 1 } else { -1 }), rank)?;
    if old && axis + 1 != rank {
        return Err("runs over several axes at once, as before opset 13".into());
    }
    r.apply(if log { Op::LogSoftmax { axis } } else { Op::Softmax { axis } }, &[x])
}

/// Over all pixels of each channel; both axes stay.
pub(super) fn reduce_all<'a>(r: &mut Reading<'_, 'a>, fold: Fold) -> NodeResult<Value<'a>> {
    let x = r.input(0)?;
    let axes = (2..r.to.shape(&x).len()).collect();
    r.apply(Op::Reduce { fold, axes, keep: true }, &[x])
}

pub(super) fn reduce<'a>(r: &mut Reading<'_, 'a>, fold: Fold) -> NodeResult<Value<'a>> {
    let x = r.input(0)?;
    let rank = r.to.shape(&x).len();
    let list = r.list("axes", 1)?.unwrap_or_default();
    if list.is_empty() && r.node.integer("noop_with_empty_axes", 0) == 1 {
        return r.same();
    }
    let axes = if list.is_empty() { (0..rank).collect() } else { axes(&list, rank)? };
    r.apply(Op::Reduce { fold, axes, keep: r.node.integer("keepdims", 1) == 1 }, &[x])
}

/// `ReduceProd` of lengths.
pub(super) fn product<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let known = r.known(0)?;
    let all = known.shape().len();
    let along = r.list("axes", 1)?;
    if along.is_some_and(|along| !along.is_empty() && axes(&along, all).map(|found| found.len()) != Ok(all)) {
        return Err("multiplies along some axes alone".into());
    }
    if !known.whole {
        return Err("multiplies fractions".into());
    }
    let mut product = (1i64, 0i64);
    for (a, b) in known.linear()? {
        product = match (product, b) {
            ((x, 0), b) => (x.saturating_mul(a), x.saturating_mul(b)),
            ((x, y), 0) => (x.saturating_mul(a), y.saturating_mul(a)),
            _ => return Err("multiplies the size of the batch by itself".into()),
        };
    }
    let keep = r.node.integer("keepdims", 1) == 1;
    let tensor = |value: i64| {
        let tensor = Tensor::new(value as f32, &Device::Cpu).map_err(|error| error.to_string())?;
        if keep { tensor.reshape(vec![1; known.shape().len()]).map_err(|error| error.to_string()) } else { Ok(tensor) }
    };
    let per_image = (product.1 != 0).then(|| tensor(product.1)).transpose()?;
    Ok(Value::Known(Known { per_image, ..Known::new(tensor(product.0)?, known.whole) }))
}

pub(super) fn compare<'a>(r: &mut Reading<'_, 'a>, holds: fn(f32, f32) -> bool) -> NodeResult<Value<'a>> {
    Known::compared(&r.known(0)?, &r.known(1)?, holds).map(Value::Known)
}

/// `a ∘ b` of what is known, value by value.
pub(super) fn of_two_known<'a>(r: &mut Reading<'_, 'a>, f: fn(f32, f32) -> f32) -> NodeResult<Value<'a>> {
    let (a, b) = (r.known(0)?, r.known(1)?);
    let (x, y) = (a.values()?, b.values()?);
    let at = |values: &[f32], i: usize| values[if values.len() == 1 { 0 } else { i }];
    if x.is_empty() || y.is_empty() || (a.shape() != b.shape() && x.len() != 1 && y.len() != 1) {
        return Err("joins tensors of different shapes".into());
    }
    let values: Vec<f32> = (0..x.len().max(y.len())).map(|i| f(at(&x, i), at(&y, i))).collect();
    let shape = if x.len() >= y.len() { a.shape() } else { b.shape() };
    let tensor = Tensor::from_vec(values, shape, &Device::Cpu).map_err(|error| error.to_string())?;
    Ok(Value::Known(Known::new(tensor, a.whole && b.whole)))
}

/// A function that only what is known goes through.
pub(super) fn of_known<'a>(r: &mut Reading<'_, 'a>, f: fn(f32) -> f32) -> NodeResult<Value<'a>> {
    let known = r.known(0)?;
    let values: Vec<f32> = known.values()?.into_iter().map(f).collect();
    let tensor = Tensor::from_vec(values, known.shape(), &Device::Cpu).map_err(|error| error.to_string())?;
    Ok(Value::Known(Known { trained: known.trained, ..Known::new(tensor, known.whole) }))
}

pub(super) fn choose<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let condition = r.known(0)?;
    match (r.input(1)?, r.input(2)?) {
        (Value::Known(a), Value::Known(b)) => condition.choose(&a, &b).map(Value::Known),
        (a, b) => {
            // c·a + (1 − c)·b, for what is finite.
            let one = Known::new(Tensor::ones((), DType::F32, &Device::Cpu).map_err(|e| e.to_string())?, true);
            let rest = Known::pair(Pair::Sub, &one, &condition)?;
            let a = joined(r, Pair::Mul, a, Value::Known(condition))?;
            let b = joined(r, Pair::Mul, b, Value::Known(rest))?;
            joined(r, Pair::Add, a, b)
        }
    }
}

/// Whether a shape is that of what every image shares.
pub(super) fn is_shared(shape: &[Dim]) -> bool {
    shape.iter().all(|dim| matches!(dim, Dim::Fixed(_)))
}
