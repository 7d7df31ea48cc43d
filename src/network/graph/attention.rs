//! Where the tokens of a vision transformer attend to each other in a graph, head by head.
//!
//! ```text
//! A = softmax(Q·Kᵀ · scale + bias)      (N, heads, T, T), or (N·heads, T, T)
//! ```
//!
//! is looked for: a softmax over the last axis of a product of two matrices whose rows are the
//! tokens of the image, all of them, behind a class token, and that nothing but one product with
//! the values reads. Methods that follow attention ([`crate::Network::has_class_attention`]) say
//! something only where all that reaches the scores passes it. So between the first attention and
//! the last one no other node may mix tokens, and behind the last one the scores may read the class
//! token alone. Where one of this cannot be shown, no attention is handed out, and [`Unread`] says
//! why.
//!
//! What it does not do: attention within windows, of class tokens alone (CaiT), of heads that are
//! mixed with each other, of keys that were made coarser (PVT).

use std::collections::HashSet;

use super::Graph;
use super::axes::{Axis, Lay, lay};
use super::beside::read_behind;
use super::cut::Cut;
use super::op::{Node, Op, Pair};
use super::shape::{Dim, Shape};

/// Most nodes between the product of queries and keys and its softmax.
const MOST_STEPS: usize = 16;

/// Why no attention is handed out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    #[error("it has no attention of all its tokens behind a class token")]
    Nowhere,
    #[error("the softmax of {0} is no attention of every token to every other")]
    Softmax(String),
    #[error("{0} mixes tokens by something else than attention")]
    Mixed(String),
    #[error("{0} holds more than one attention")]
    Several(String),
    #[error("its scores read more than the class token")]
    Averaged,
}

/// A graph with what is known of its values.
pub(super) struct Known<'a> {
    pub graph: &'a Graph,
    pub shapes: &'a [Shape],
    pub axes: &'a [Vec<Axis>],
}

impl Known<'_> {
    fn node(&self, value: usize) -> Option<&Node> {
        self.graph.nodes.get(value.checked_sub(1)?)
    }

    /// The axis of the tokens of a value, and how many of them are no places.
    fn tokens(&self, value: usize) -> Option<(usize, usize)> {
        self.axes[value].iter().enumerate().find_map(|(at, axis)| match axis {
            Axis::Tokens { prefix, .. } => Some((at, *prefix)),
            _ => None,
        })
    }

    /// Of every value, the node that takes it where only one does.
    fn only_users(&self) -> Vec<Option<usize>> {
        let mut users: Vec<(usize, usize)> = vec![(0, 0); self.graph.nodes.len() + 1];
        for (at, node) in self.graph.nodes.iter().enumerate() {
            for input in &node.inputs {
                let (count, last) = &mut users[*input];
                *count += usize::from(*last != at + 1);
                *last = at + 1;
            }
        }
        users.into_iter().map(|(count, last)| (count == 1).then_some(last)).collect()
    }

    /// The module that a node is in, or what it does.
    fn place(&self, value: usize) -> String {
        self.node(value).map_or_else(String::new, |node| {
            let title = node.does.title();
            if node.path.is_empty() { format!("a {title}") } else { format!("“{}” ({title})", node.path) }
        })
    }

    /// Whether a value is the product of two matrices that both depend on the image, but for
    /// numbers that it is multiplied by or that are added.
    fn is_product(&self, mut value: usize) -> bool {
        for _ in 0..MOST_STEPS {
            let Some(node) = self.node(value) else { return false };
            let constant = |i: usize| matches!(self.node(i).map(|node| &node.does), Some(Op::Constant { .. }));
            value = match (&node.does, node.inputs.as_slice()) {
                (Op::MatMul, &[a, b]) => return !constant(a) && !constant(b),
                (Op::Pair { pair: Pair::Add | Pair::Sub | Pair::Mul | Pair::Div }, &[x, y]) if constant(y) => x,
                (Op::Pair { pair: Pair::Add | Pair::Mul }, &[x, y]) if constant(x) => y,
                (Op::Scale { .. } | Op::Reshape { .. }, &[x]) => x,
                _ => return false,
            };
        }
        false
    }

    /// The product with the values, where the softmax `value` is an attention of all tokens; `user` is the
    /// only node that takes it.
    fn attention(&self, value: usize, user: Option<usize>) -> Option<usize> {
        let shape = &self.shapes[value];
        let heads = match shape.as_slice() {
            [Dim::Batch(1), Dim::Fixed(_), Dim::Fixed(asking), Dim::Fixed(asked)]
            | [Dim::Batch(_), Dim::Fixed(asking), Dim::Fixed(asked)] => asking == asked,
            _ => false,
        };
        let at = shape.len().checked_sub(2)?;
        let whole = match self.axes[value].get(at) {
            Some(Axis::Tokens { prefix, rows, columns }) => {
                *prefix > 0 && shape[at] == Dim::Fixed(prefix + rows * columns)
            }
            _ => false,
        };
        if !heads || !whole || !self.is_product(self.node(value)?.inputs[0]) {
            return None;
        }
        user.filter(
            |user| matches!(self.node(*user), Some(Node { does: Op::MatMul, inputs, .. }) if inputs[0] == value),
        )
    }

    /// Whether a node leaves what tokens are to themselves.
    fn keeps_apart(&self, value: usize) -> bool {
        let Some(node) = self.node(value) else { return true };
        let tokens: Vec<Option<usize>> = node.inputs.iter().map(|i| self.tokens(*i).map(|(at, _)| at)).collect();
        if tokens.iter().all(Option::is_none) {
            return true;
        }
        let rank = |i: usize| self.shapes[node.inputs[i]].len();
        let goes_on = self.tokens(value).is_some();
        match &node.does {
            Op::Map { .. } | Op::Pair { .. } | Op::Scale { .. } | Op::Prelu { .. } | Op::Transpose { .. } => true,
            Op::Linear { .. } => tokens[0] != Some(rank(0) - 1),
            Op::LayerNorm { shape, .. } => tokens[0].is_none_or(|at| at < rank(0) - shape.len()),
            Op::Softmax { axis } => tokens[0] != Some(*axis),
            Op::Reduce { axes, .. } => tokens[0].is_none_or(|at| !axes.contains(&at)),
            Op::MatMul => tokens[0] != Some(rank(0) - 1) && tokens[1] != Some(rank(1) - 2),
            Op::Slice { axis, from, length, .. } => {
                let ahead = self.tokens(node.inputs[0]).is_some_and(|(_, prefix)| from + length <= prefix);
                goes_on || ahead || tokens[0] != Some(*axis)
            }
            Op::Pick { .. } | Op::Concat { .. } | Op::Reshape { .. } => goes_on,
            _ => false,
        }
    }

    /// Whether the scores read more of the product `value` of an attention than its first token.
    fn reads_places(&self, value: usize) -> bool {
        let read = read_behind(&self.graph.nodes, self.shapes, self.axes, |_| 1);
        // Heads are put together, and the result is brought back to the residual path.
        let is_tokens =
            |value: &usize| matches!(lay(&self.axes[*value], &self.shapes[*value]), Some(Lay::Tokens { .. }));
        (value..=self.graph.nodes.len()).find(is_tokens).is_none_or(|value| read[value])
    }
}

/// The softmax of each piece of the graph in which tokens attend to each other, by the number of
/// the piece.
///
/// # Errors
/// Why there is none that all goes through.
pub(super) fn attentions(known: &Known<'_>, cuts: &[Cut]) -> Result<Vec<(usize, usize)>, Unread> {
    let softmax = |value: &usize| matches!(known.node(*value).map(|node| &node.does), Some(Op::Softmax { .. }));
    let mut found: Vec<(usize, usize)> = Vec::new();
    let (mut products, mut other) = (Vec::new(), None);
    let users = known.only_users();
    for (number, cut) in cuts.iter().enumerate() {
        for value in cut.nodes.iter().copied().filter(softmax) {
            let Some(product) = known.attention(value, users[value]) else {
                other = other.or(Some(value));
                continue;
            };
            if found.last().is_some_and(|(piece, _)| *piece == number) {
                return Err(Unread::Several(cut.name.clone()));
            }
            found.push((number, value));
            products.push(product);
        }
    }
    let (Some(&(first, _)), Some(&(last, _)), Some(&product)) = (found.first(), found.last(), products.last()) else {
        return Err(other.map_or(Unread::Nowhere, |value| Unread::Softmax(known.place(value))));
    };
    if let Some(value) = other {
        return Err(Unread::Softmax(known.place(value)));
    }
    let between = cuts[first..=last].iter().flat_map(|cut| &cut.nodes).copied().filter(|value| *value < product);
    let products: HashSet<usize> = products.into_iter().collect();
    let mut others = between.filter(|value| !products.contains(value));
    if let Some(value) = others.find(|value| !known.keeps_apart(*value)) {
        return Err(Unread::Mixed(known.place(value)));
    }
    if known.reads_places(product) { Err(Unread::Averaged) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::axes::axes;
    use crate::graph::cut::cut;
    use crate::graph::op::{Fold, Function};

    /// A network of 2 × 2 patches with a class token, one attention of two heads, and a head that
    /// reads the first `read` tokens; `scores` stands between the softmax and the values.
    fn network(scores: &[Op], read: usize) -> Graph {
        let node = |inputs: &[usize], does: Op| Node { path: String::new(), inputs: inputs.to_vec(), does };
        let linear = |name: &str| Op::Linear { name: name.into(), inputs: 4, outputs: 4 };
        let window = crate::graph::op::Window { kernel: [8, 8], stride: [8, 8], pads: [0; 4], dilation: [1, 1] };
        let patches = Op::Conv { name: "patches".into(), inputs: 1, outputs: 4, groups: 1, window, then: None };
        let mut nodes = vec![
            node(&[0], patches),
            node(&[1], Op::Reshape { shape: vec![-1, 4, 4] }),
            node(&[2], Op::Transpose { order: vec![0, 2, 1] }),
            node(&[], Op::Constant { name: "class".into(), shape: vec![1, 1, 4], values: Vec::new() }),
            node(&[4, 3], Op::Concat { axis: 1 }),
        ];
        let mut push = |inputs: &[usize], does: Op| {
            nodes.push(node(inputs, does));
            nodes.len()
        };
        let headed = |push: &mut dyn FnMut(&[usize], Op) -> usize, name: &str, order: [usize; 4]| {
            let x = push(&[5], linear(name));
            let x = push(&[x], Op::Reshape { shape: vec![-1, 5, 2, 2] });
            push(&[x], Op::Transpose { order: order.to_vec() })
        };
        let query = headed(&mut push, "q", [0, 2, 1, 3]);
        let key = headed(&mut push, "k", [0, 2, 3, 1]);
        let value = headed(&mut push, "v", [0, 2, 1, 3]);
        let product = push(&[query, key], Op::MatMul);
        let mut shares = push(&[product], Op::Softmax { axis: 3 });
        for op in scores {
            shares = push(&[shares], op.clone());
        }
        let mixed = push(&[shares, value], Op::MatMul);
        let mixed = push(&[mixed], Op::Transpose { order: vec![0, 2, 1, 3] });
        let mixed = push(&[mixed], Op::Reshape { shape: vec![-1, 5, 4] });
        let sum = push(&[5, mixed], Op::Pair { pair: Pair::Add });
        let first = push(&[sum], Op::Slice { axis: 1, from: 0, length: read, step: 1 });
        let mean = push(&[first], Op::Reduce { fold: Fold::Mean, axes: vec![1], keep: false });
        push(&[mean], linear("head"));
        Graph { input: [1, 16, 16], nodes }
    }

    fn found(graph: &Graph) -> Result<Vec<(usize, usize)>, Unread> {
        let shapes = graph.check().unwrap();
        let axes = axes(&graph.nodes, &shapes);
        attentions(&Known { graph, shapes: &shapes, axes: &axes }, &cut(&graph.nodes))
    }

    #[test]
    fn the_softmax_of_all_tokens_is_found_where_the_class_token_alone_is_read() {
        let graph = network(&[], 1);
        let softmax = graph.nodes.iter().position(|node| matches!(node.does, Op::Softmax { .. })).unwrap() + 1;
        assert_eq!(found(&graph).unwrap().iter().map(|(_, value)| *value).collect::<Vec<_>>(), [softmax]);
        assert_eq!(found(&network(&[], 5)), Err(Unread::Averaged));
        assert_eq!(found(&network(&[], 2)), Err(Unread::Averaged));
    }

    #[test]
    fn shares_that_are_changed_before_they_mix_are_no_attention() {
        let changed = network(&[Op::Map { function: Function::Relu }], 1);
        assert_eq!(found(&changed), Err(Unread::Softmax("a softmax".into())));
    }

    #[test]
    fn a_network_without_attention_has_none() {
        let mut graph = network(&[], 1);
        let softmax = graph.nodes.iter().position(|node| matches!(node.does, Op::Softmax { .. })).unwrap();
        graph.nodes[softmax].does = Op::Map { function: Function::Relu };
        assert_eq!(found(&graph), Err(Unread::Nowhere));
    }
}
