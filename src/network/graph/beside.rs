//! The last place of a vision transformer that a class activation map can be taken from.
//!
//! Where a network scores its class token, nothing behind the last attention reads the tokens of
//! places any more: gradients for them are 0 there. What attention reads is the norm before it, which
//! stands beside the residual path, so that no tensor alone is passed by every path. The two are put
//! one behind the other, `(N, T, D + D)`, and taken apart again: that tensor is a cut, and its second
//! half is what the `grad-cam` package hooks (`blocks.11.norm1`); see [`crate::layout`].

use super::Graph;
use super::axes::{Axis, Lay, axes, lay};
use super::cut::cut;
use super::op::{Node, Op, Pair};
use super::shape::Shape;

/// For each value whether what comes out depends on the places in it.
pub(super) fn read(nodes: &[Node], shapes: &[Shape], axes: &[Vec<Axis>]) -> Vec<bool> {
    read_behind(nodes, shapes, axes, |prefix| prefix, |_| true)
}

/// For each value whether what comes out depends on tokens behind the first so many, which `ahead`
/// tells from the number of those that are no places; only nodes whose output is `counted` read.
pub(super) fn read_behind(
    nodes: &[Node],
    shapes: &[Shape],
    axes: &[Vec<Axis>],
    ahead: impl Fn(usize) -> usize,
    counted: impl Fn(usize) -> bool,
) -> Vec<bool> {
    let mut read = vec![false; nodes.len() + 1];
    read[nodes.len()] = true;
    for (i, node) in nodes.iter().enumerate().rev().filter(|(i, _)| counted(i + 1)) {
        for input in &node.inputs {
            let tokens = axes[*input].iter().position(|axis| matches!(axis, Axis::Tokens { .. }));
            let Some(at) = tokens else {
                read[*input] = true;
                continue;
            };
            let after = axes[i + 1].get(at).is_some_and(|axis| matches!(axis, Axis::Tokens { .. }));
            read[*input] |= match (&node.does, axes[*input][at]) {
                (
                    Op::Map { .. }
                    | Op::Linear { .. }
                    | Op::LayerNorm { .. }
                    | Op::Pair { .. }
                    | Op::Scale { .. }
                    | Op::Concat { .. },
                    _,
                ) if after && shapes[*input].len() == shapes[i + 1].len() => read[i + 1],
                (Op::Slice { axis, .. }, _) if *axis != at || after => read[i + 1],
                (Op::Slice { from, length, step: 1, .. }, Axis::Tokens { prefix, .. }) => from + length > ahead(prefix),
                _ => true,
            };
        }
    }
    read
}

/// The width of the residual path that a value carries in front of its norm.
pub(super) fn carried(nodes: &[Node], shapes: &[Shape], value: usize) -> Option<usize> {
    let node = &nodes[value.checked_sub(1)?];
    let (Op::Concat { axis }, &[path, norm]) = (&node.does, node.inputs.as_slice()) else { return None };
    let normed = &nodes[norm.checked_sub(1)?];
    let fits = matches!(normed.does, Op::LayerNorm { .. }) && normed.inputs == [path] && axis + 1 == shapes[path].len();
    fits.then(|| shapes[path][*axis].length(1))
}

/// Puts path and norm together before the last attention, if nothing behind it reads the places.
pub fn put_together(graph: &mut Graph) {
    let Ok(shapes) = graph.check() else { return };
    let axes = axes(&graph.nodes, &shapes);
    let read = read(&graph.nodes, &shapes, &axes);
    let tokens = |value: usize| match lay(&axes[value], &shapes[value]) {
        Some(Lay::Tokens { channels, .. }) => Some(channels),
        _ => None,
    };
    let ends: Vec<usize> = cut(&graph.nodes).iter().filter_map(|cut| cut.nodes.last().copied()).collect();
    let Some(last) = ends.iter().rposition(|value| tokens(*value).is_some() && read[*value]) else { return };
    let unread = ends[last + 1..].iter().any(|value| tokens(*value).is_some() && !read[*value]);
    let (path, Some(width)) = (ends[last], tokens(ends[last])) else { return };
    let users: Vec<usize> = (0..graph.nodes.len()).filter(|i| graph.nodes[*i].inputs.contains(&path)).collect();
    let norm =
        users.iter().find(|i| matches!(&graph.nodes[**i].does, Op::LayerNorm { shape, .. } if shape == &[width]));
    let added = users.iter().all(|i| Some(i) == norm || graph.nodes[*i].does == Op::Pair { pair: Pair::Add });
    let (Some(norm), true, true, 2) = (norm.map(|i| i + 1), added, unread, users.len()) else { return };

    let axis = shapes[path].len() - 1;
    let at = graph.nodes[norm - 1].path.clone();
    let half = |from: usize| Op::Slice { axis, from, length: width, step: 1 };
    let node = |inputs: Vec<usize>, does: Op| Node { path: at.clone(), inputs, does };
    // Numbers behind the norm move by the three nodes that come in between.
    for (i, node) in graph.nodes.iter_mut().enumerate().filter(|(i, _)| *i != norm - 1) {
        for input in &mut node.inputs {
            *input = match *input {
                value if value == path && i >= norm => norm + 2,
                value if value == norm => norm + 3,
                value if value > norm => value + 3,
                value => value,
            };
        }
    }
    let both =
        [node(vec![path, norm], Op::Concat { axis }), node(vec![norm + 1], half(0)), node(vec![norm + 1], half(width))];
    graph.nodes.splice(norm..norm, both);
}
