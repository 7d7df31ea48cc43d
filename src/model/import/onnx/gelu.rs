//! The GELU where an exporter has taken it apart, as all do before opset 20:
//! `x/2 · (1 + erf(x/√2))` in one of two orders.

use super::builder::Builder;
use crate::network::graph::op::{Function, Op, Pair};

/// The number that a node is, if it is one.
fn number(to: &Builder<'_>, node: usize) -> Option<f64> {
    match &to.nodes.get(node.checked_sub(1)?)?.does {
        Op::Constant { values, .. } if values.len() == 1 => Some(f64::from(values[0])),
        _ => None,
    }
}

/// The inputs of a node that joins two by `pair`.
fn joins(to: &Builder<'_>, node: usize, pair: Pair) -> Option<[usize; 2]> {
    let node = to.nodes.get(node.checked_sub(1)?)?;
    match (&node.does, node.inputs.as_slice()) {
        (Op::Pair { pair: own }, &[a, b]) if *own == pair => Some([a, b]),
        _ => None,
    }
}

/// What a node multiplies by a number, or divides by one.
fn times(to: &Builder<'_>, node: usize, factor: f64) -> Option<usize> {
    let near = |value: f64| (value - factor).abs() < 1e-4 * factor;
    if let Some([a, b]) = joins(to, node, Pair::Mul) {
        return [(a, b), (b, a)].into_iter().find(|(_, n)| number(to, *n).is_some_and(near)).map(|(x, _)| x);
    }
    let [x, by] = joins(to, node, Pair::Div)?;
    number(to, by).filter(|by| near(1.0 / by)).map(|_| x)
}

/// `x` where a node is `1 + erf(x/√2)`.
fn gate(to: &Builder<'_>, node: usize) -> Option<usize> {
    let [a, b] = joins(to, node, Pair::Add)?;
    let (erf, _) = [(a, b), (b, a)].into_iter().find(|(_, one)| number(to, *one) == Some(1.0))?;
    // What others read, too, stays as it is.
    to.alone(node)?;
    to.alone(erf)?;
    let erf = to.nodes.get(erf.checked_sub(1)?)?;
    (erf.does == Op::Map { function: Function::Erf })
        .then(|| times(to, erf.inputs[0], std::f64::consts::FRAC_1_SQRT_2))?
}

/// `x` where `a · b` is its GELU; the last factor may be a half.
pub(super) fn of(to: &Builder<'_>, a: usize, b: usize) -> Option<usize> {
    for (x, other) in [(a, b), (b, a)] {
        // (x/2) · (1 + erf)
        if let (Some(half), Some(inner)) = (times(to, x, 0.5), gate(to, other))
            && half == inner
        {
            return Some(inner);
        }
    }
    None
}

/// `x` where half of a node is its GELU: `(x · (1 + erf)) / 2`.
pub(super) fn of_half(to: &Builder<'_>, node: usize) -> Option<usize> {
    let [a, b] = joins(to, node, Pair::Mul)?;
    [(a, b), (b, a)].into_iter().find(|(x, other)| gate(to, *other) == Some(*x)).map(|(x, _)| x)
}
