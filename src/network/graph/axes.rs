//! What the axes of each tensor of a graph mean: where an image's rows and columns are.
//!
//! A heat map needs to know which axis is which, and a shape does not tell: `N × 7 × 7 × 768` may be
//! maps whose channels come last, and `N × 12 × 197 × 197` are no maps at all. So meanings are handed
//! on from the image, whose axes are known, node by node, each as the numbers that it counts
//! ([`Trace`]). What is not certain is [`Axis::Other`], and such a tensor is laid under no image.
//! Additions take what either side knows, since a residual branch keeps the places of what it is
//! added to; of two that know something else, what lies somewhere counts.

use super::op::{Node, Op, Window};
use super::shape::{Dim, Shape};
pub use super::trace::Axis;
use super::trace::{Trace, reshaped};

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
    let image = [Axis::Batch, Axis::Channel, Axis::Row, Axis::Column];
    let mut all: Vec<Vec<Trace>> =
        vec![image.iter().zip(&shapes[0]).map(|(axis, dim)| Trace::of(*axis, dim.length(1))).collect()];
    for (i, node) in nodes.iter().enumerate() {
        let inputs: Vec<Known<'_>> =
            node.inputs.iter().map(|input| Known { axes: &all[*input], dims: &shapes[*input] }).collect();
        let mut found = handed_on(&node.does, &inputs, &shapes[i + 1]);
        found.resize(shapes[i + 1].len(), Trace::default());
        for (axis, dim) in found.iter_mut().zip(&shapes[i + 1]) {
            if (axis.axis() == Axis::Batch) != (*dim == Dim::Batch(1)) {
                *axis = if *dim == Dim::Batch(1) { Trace::of(Axis::Batch, 1) } else { Trace::default() };
            }
        }
        all.push(found);
    }
    all.iter().map(|axes| axes.iter().map(Trace::axis).collect()).collect()
}

/// A tensor that a node takes.
#[derive(Clone, Copy)]
struct Known<'a> {
    axes: &'a [Trace],
    dims: &'a [Dim],
}

impl Known<'_> {
    fn axis(&self, at: usize) -> Axis {
        self.axes.get(at).map_or(Axis::Other, Trace::axis)
    }

    fn length(&self, at: usize) -> usize {
        self.dims[at].length(1)
    }
}

/// How much a meaning says of where entries lie.
fn weight(axis: Axis) -> u8 {
    match axis {
        Axis::Other => 0,
        Axis::Channel => 1,
        Axis::Batch | Axis::Row | Axis::Column | Axis::Tokens { .. } => 2,
    }
}

fn handed_on(op: &Op, inputs: &[Known<'_>], shape: &[Dim]) -> Vec<Trace> {
    let Some(x) = inputs.first().copied() else { return Vec::new() };
    let mut axes = x.axes.to_vec();
    let length = |at: usize| shape[at].length(1);
    match op {
        // What sees one place alone leaves all where it is, whatever the places are.
        Op::Conv { window: Window { kernel: [1, 1], stride: [1, 1], pads: [0, 0, 0, 0], .. }, .. } => {
            axes = either(inputs, shape);
            axes[1] = Trace::of(Axis::Channel, length(1));
        }
        Op::Conv { .. } | Op::MaxPool { .. } | Op::AveragePool { .. } | Op::Resize { .. } => {
            for (at, kind) in [(2, Axis::Row), (3, Axis::Column)] {
                // What is added knows as much as what is convolved.
                let known = inputs.iter().any(|input| input.axis(at) == kind);
                axes[at] = Trace::of(if known { kind } else { Axis::Other }, length(at));
            }
            if matches!(op, Op::Conv { .. }) {
                axes[1] = Trace::of(Axis::Channel, length(1));
            }
        }
        Op::Linear { .. } => {
            let last = axes.len() - 1;
            // A mixture of places is at none of them.
            let places = matches!(x.axis(last), Axis::Row | Axis::Column | Axis::Tokens { .. });
            axes[last] = Trace::of(if places { Axis::Other } else { Axis::Channel }, length(last));
        }
        Op::Reduce { axes: gone, keep, .. } => {
            let left = axes.into_iter().enumerate().filter(|(at, _)| *keep || !gone.contains(at));
            return left.map(|(at, axis)| if gone.contains(&at) { Trace::default() } else { axis }).collect();
        }
        Op::Pair { .. } => return either(inputs, shape),
        Op::MatMul => {
            // Each row of the product is for what the left side's row is of, each column for what the
            // right side's column is of.
            let (last, right) = (axes.len().saturating_sub(1), inputs[1]);
            let at = right.axes.len().saturating_sub(1);
            let known = matches!(right.axis(at), Axis::Channel | Axis::Tokens { .. });
            axes[last] = if known { right.axes[at].clone() } else { Trace::default() };
        }
        Op::Concat { axis } => return joined(inputs, *axis, shape),
        Op::Slice { axis, from, length, step } => axes[*axis] = cut(x, *axis, *from, *length, *step),
        Op::Pick { axis, .. } => {
            let kept = if x.axis(*axis) == Axis::Channel { Axis::Channel } else { Axis::Other };
            axes[*axis] = Trace::of(kept, length(*axis));
        }
        Op::Pad { axis, .. } => axes[*axis] = Trace::of(x.axis(*axis), length(*axis)),
        Op::Transpose { order } => return order.iter().map(|i| x.axes[*i].clone()).collect(),
        Op::Reshape { .. } => return reshaped(x.axes, x.dims, shape),
        Op::Expand { .. } => return Vec::new(),
        _ => {}
    }
    axes
}

/// What several that are broadcast to one shape know of it.
fn either(inputs: &[Known<'_>], shape: &[Dim]) -> Vec<Trace> {
    let mut known = vec![Trace::default(); shape.len()];
    for input in inputs {
        let ahead = shape.len() - input.axes.len();
        for (at, axis) in input.axes.iter().enumerate() {
            // What is repeated along an axis does not know it.
            let own = input.dims[at] == shape[ahead + at];
            if own && weight(axis.axis()) > weight(known[ahead + at].axis()) {
                known[ahead + at] = axis.clone();
            }
        }
    }
    // Parts of numbers that one side alone knows are kept for when they come together again.
    for (at, axis) in known.iter_mut().enumerate().filter(|(_, axis)| **axis == Trace::default()) {
        let ahead = |input: &Known<'_>| at.checked_sub(shape.len() - input.axes.len());
        let part = inputs.iter().find_map(|input| {
            let own = ahead(input)?;
            (input.dims[own] == shape[at] && input.axes[own] != Trace::default()).then(|| input.axes[own].clone())
        });
        *axis = part.unwrap_or_default();
    }
    known
}

/// What is left of an axis.
fn cut(x: Known<'_>, at: usize, from: usize, length: usize, step: usize) -> Trace {
    let whole = x.length(at);
    match x.axis(at) {
        _ if length == whole => x.axes[at].clone(),
        axis @ (Axis::Channel | Axis::Batch) => Trace::of(axis, length),
        // Every other row is a row of a coarser grid.
        axis @ (Axis::Row | Axis::Column) if from < step && length * step >= whole => Trace::of(axis, length),
        Axis::Tokens { prefix, rows, columns } if step == 1 && from <= prefix && from + length == whole => {
            Trace::of(Axis::Tokens { prefix: prefix - from, rows, columns }, length)
        }
        _ => Trace::default(),
    }
}

/// Several tensors side by side: tokens that are no places may stand before those that are.
fn joined(inputs: &[Known<'_>], axis: usize, shape: &[Dim]) -> Vec<Trace> {
    let mut known = vec![Trace::default(); shape.len()];
    for input in inputs {
        for (at, place) in known.iter_mut().enumerate().filter(|(at, _)| *at != axis) {
            if input.axes[at] != Trace::default() && input.dims[at] == shape[at] {
                *place = input.axes[at].clone();
            }
        }
    }
    let (mut ahead, mut found) = (0, Axis::Other);
    for input in inputs {
        match input.axis(axis) {
            Axis::Channel => found = Axis::Channel,
            Axis::Tokens { prefix, rows, columns } if input.length(axis) == prefix + rows * columns => {
                found = Axis::Tokens { prefix: prefix + ahead, rows, columns };
            }
            _ => {}
        }
        ahead += input.length(axis);
    }
    // Tokens behind the places would not be told from them.
    if matches!(found, Axis::Tokens { prefix, rows, columns } if prefix + rows * columns != ahead) {
        found = Axis::Other;
    }
    known[axis] = Trace::of(found, ahead);
    known
}
