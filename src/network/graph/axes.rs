//! What the axes of each tensor of a graph mean: where an image's rows and columns are.
//!
//! A heat map needs to know which axis is which, and a shape does not tell: `N × 7 × 7 × 768` may be
//! maps whose channels come last, and `N × 12 × 197 × 197` are no maps at all. So meanings are handed
//! on from the image, whose axes are known, node by node. What is not certain is [`Axis::Other`],
//! and such a tensor is laid under no image. Additions take what either side knows, since a residual
//! branch keeps the places of what it is added to.

use super::op::{Node, Op};
use super::shape::{Dim, Shape};

/// What the entries of an axis are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    Batch,
    Channel,
    Row,
    Column,
    /// Places row by row, behind so many tokens that are none.
    Tokens {
        prefix: usize,
        rows: usize,
        columns: usize,
    },
    Other,
}

/// How the values of a feature map lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lay {
    /// `(N, C, H, W)`.
    ChannelsFirst { channels: usize, rows: usize, columns: usize },
    /// `(N, H, W, C)`.
    ChannelsLast { channels: usize, rows: usize, columns: usize },
    /// `(N, T, C)` with `prefix` tokens before those of the places.
    Tokens { channels: usize, prefix: usize, rows: usize, columns: usize },
}

/// What lies at each place of an image, if a tensor with these axes tells.
pub fn lay(axes: &[Axis], shape: &[Dim]) -> Option<Lay> {
    let length = |i: usize| shape[i].length(1);
    match axes {
        [Axis::Batch, Axis::Channel, Axis::Row, Axis::Column] => {
            Some(Lay::ChannelsFirst { channels: length(1), rows: length(2), columns: length(3) })
        }
        [Axis::Batch, Axis::Row, Axis::Column, Axis::Channel] => {
            Some(Lay::ChannelsLast { channels: length(3), rows: length(1), columns: length(2) })
        }
        &[Axis::Batch, Axis::Tokens { prefix, rows, columns }, Axis::Channel] => {
            Some(Lay::Tokens { channels: length(2), prefix, rows, columns })
        }
        _ => None,
    }
}

/// The axes of the image and of every node's output; `shapes` are those of a checked graph.
pub fn axes(nodes: &[Node], shapes: &[Shape]) -> Vec<Vec<Axis>> {
    let mut all = vec![vec![Axis::Batch, Axis::Channel, Axis::Row, Axis::Column]];
    for (i, node) in nodes.iter().enumerate() {
        let inputs: Vec<(&[Axis], &[Dim])> =
            node.inputs.iter().map(|input| (all[*input].as_slice(), shapes[*input].as_slice())).collect();
        let mut found = handed_on(&node.does, &inputs, &shapes[i + 1]);
        found.resize(shapes[i + 1].len(), Axis::Other);
        for (axis, dim) in found.iter_mut().zip(&shapes[i + 1]) {
            if (*axis == Axis::Batch) != (*dim == Dim::Batch(1)) {
                *axis = if *dim == Dim::Batch(1) { Axis::Batch } else { Axis::Other };
            }
        }
        all.push(found);
    }
    all
}

fn handed_on(op: &Op, inputs: &[(&[Axis], &[Dim])], shape: &[Dim]) -> Vec<Axis> {
    let Some((x, before)) = inputs.first().copied() else { return Vec::new() };
    let mut axes = x.to_vec();
    let mut set = |at: usize, axis: Axis| {
        if let Some(place) = axes.get_mut(at) {
            *place = axis;
        }
    };
    match op {
        Op::Conv { .. } => {
            set(1, Axis::Channel);
            // What is added knows as much as what is convolved.
            for (place, skip) in axes.iter_mut().zip(inputs.get(1).map_or(&[][..], |skip| skip.0)) {
                *place = if *place == Axis::Other { *skip } else { *place };
            }
        }
        Op::Linear { .. } => set(x.len() - 1, Axis::Channel),
        Op::Reduce { axes: gone, keep, .. } => {
            let left = x.iter().enumerate().filter(|(i, _)| *keep || !gone.contains(i));
            return left.map(|(i, axis)| if gone.contains(&i) { Axis::Other } else { *axis }).collect();
        }
        Op::Pair { .. } => {
            return inputs.iter().fold(vec![Axis::Other; shape.len()], |known, (axes, dims)| {
                let ahead = shape.len() - axes.len();
                let mut known = known;
                for (i, axis) in axes.iter().enumerate() {
                    // What is repeated along an axis does not know it.
                    if dims[i] == shape[ahead + i] && *axis != Axis::Other {
                        known[ahead + i] = *axis;
                    }
                }
                known
            });
        }
        Op::MatMul => {
            // Each row of the product is a mixture for what the left side's row is of.
            let right = inputs[1].0;
            let last = if right.last() == Some(&Axis::Channel) { Axis::Channel } else { Axis::Other };
            set(x.len().saturating_sub(1), last);
        }
        Op::Concat { axis } => return joined(inputs, *axis, shape),
        Op::Slice { axis, from, length, step } => {
            set(*axis, cut(x[*axis], before[*axis].length(1), *from, *length, *step));
        }
        Op::Pick { axis, .. } if x.get(*axis) != Some(&Axis::Channel) => set(*axis, Axis::Other),
        Op::Transpose { order } => return order.iter().map(|i| x[*i]).collect(),
        Op::Reshape { .. } => return reshaped(x, before, shape),
        Op::Expand { .. } => return Vec::new(),
        _ => {}
    }
    axes
}

/// What is left of an axis of `whole` entries.
fn cut(axis: Axis, whole: usize, from: usize, length: usize, step: usize) -> Axis {
    match axis {
        axis if length == whole => axis,
        Axis::Channel | Axis::Batch => axis,
        // Every other row is a row of a coarser grid.
        Axis::Row | Axis::Column if from < step && length * step >= whole => axis,
        Axis::Tokens { prefix, rows, columns } if step == 1 && from <= prefix && from + length == whole => {
            Axis::Tokens { prefix: prefix - from, rows, columns }
        }
        _ => Axis::Other,
    }
}

/// Several tensors side by side: tokens that are no places may stand before those that are.
fn joined(inputs: &[(&[Axis], &[Dim])], axis: usize, shape: &[Dim]) -> Vec<Axis> {
    let mut known = vec![Axis::Other; shape.len()];
    for (axes, dims) in inputs {
        for (i, place) in known.iter_mut().enumerate().filter(|(i, _)| *i != axis) {
            if axes[i] != Axis::Other && dims[i] == shape[i] {
                *place = axes[i];
            }
        }
    }
    let mut ahead = 0;
    for (axes, dims) in inputs {
        match axes[axis] {
            Axis::Channel => known[axis] = Axis::Channel,
            Axis::Tokens { prefix, rows, columns } if dims[axis].length(1) == prefix + rows * columns => {
                known[axis] = Axis::Tokens { prefix: prefix + ahead, rows, columns };
            }
            _ => {}
        }
        ahead += dims[axis].length(1);
    }
    match known[axis] {
        // Tokens behind the places would not be told from them.
        Axis::Tokens { prefix, rows, columns } if prefix + rows * columns != ahead => known[axis] = Axis::Other,
        _ => {}
    }
    known
}

fn reshaped(x: &[Axis], before: &[Dim], shape: &[Dim]) -> Vec<Axis> {
    let same = before.iter().zip(shape).take_while(|(a, b)| a == b).count();
    let behind = before[same..].iter().rev().zip(shape[same..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (from, to) = (same..before.len() - behind, same..shape.len() - behind);
    let length = |dim: &Dim| dim.length(1);
    let middle: Vec<Axis> = match (&x[from.clone()], &before[from], &shape[to]) {
        ([Axis::Row, Axis::Column], [rows, columns], [_]) => {
            vec![Axis::Tokens { prefix: 0, rows: length(rows), columns: length(columns) }]
        }
        (&[Axis::Tokens { prefix: 0, rows, columns }], _, [a, b]) if length(a) == rows && length(b) == columns => {
            vec![Axis::Row, Axis::Column]
        }
        // Groups of channels are joined again.
        (_, [_, _], [_]) if same == 1 && x[x.len() - behind..] == [Axis::Row, Axis::Column] => vec![Axis::Channel],
        // Heads are joined again.
        (_, [_, _, ..], [_]) if behind == 0 && same >= 2 => vec![Axis::Channel],
        (_, _, left) => left.iter().map(|dim| if *dim == Dim::Batch(1) { Axis::Batch } else { Axis::Other }).collect(),
    };
    x[..same].iter().copied().chain(middle).chain(x[x.len() - behind..].iter().copied()).collect()
}
