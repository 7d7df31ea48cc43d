//! What is known of the values of a graph, and what can be asked about attention there.

use super::super::Graph;
use super::super::axes::{Axis, Lay, lay};
use super::super::beside::read_behind;
use super::super::op::{Node, Op, Pair};
use super::super::shape::{Dim, Shape};

/// Most nodes between the product of queries and keys and its softmax, and between the cutting out
/// of a token and what is looked at.
const MOST_STEPS: usize = 16;

/// A graph with what is known of its values.
pub(in super::super) struct Known<'a> {
    pub graph: &'a Graph,
    pub shapes: &'a [Shape],
    pub axes: &'a [Vec<Axis>],
}

/// Tokens that were cut out of those in front of the places.
struct CutAhead {
    from: usize,
    length: usize,
    /// The axis of all tokens.
    of: Axis,
}

impl Known<'_> {
    pub(super) fn node(&self, value: usize) -> Option<&Node> {
        self.graph.nodes.get(value.checked_sub(1)?)
    }

    fn is_constant(&self, value: usize) -> bool {
        matches!(self.node(value).map(|node| &node.does), Some(Op::Constant { .. }))
    }

    /// The axis of the tokens of a value, and how many of them are no places.
    fn tokens(&self, value: usize) -> Option<(usize, usize)> {
        self.axes[value].iter().enumerate().find_map(|(at, axis)| match axis {
            Axis::Tokens { prefix, .. } => Some((at, *prefix)),
            _ => None,
        })
    }

    /// The axis, where it is of all tokens behind one that is no place.
    fn all_tokens(&self, value: usize, at: usize) -> Option<Axis> {
        let axis = *self.axes[value].get(at)?;
        let Axis::Tokens { prefix, rows, columns } = axis else { return None };
        (prefix > 0 && self.shapes[value][at] == Dim::Fixed(prefix + rows * columns)).then_some(axis)
    }

    /// Of every value, the node that takes it where only one does.
    pub(super) fn only_users(&self) -> Vec<Option<usize>> {
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
    pub(super) fn place(&self, value: usize) -> String {
        self.node(value).map_or_else(String::new, |node| {
            let title = node.does.title();
            if node.path.is_empty() { format!("a {title}") } else { format!("“{}” ({title})", node.path) }
        })
    }

    /// What a value is made of, where that is one other value and numbers that no image decides.
    fn made_of(&self, value: usize) -> Option<usize> {
        let node = self.node(value)?;
        match (&node.does, node.inputs.as_slice()) {
            (Op::Pair { .. }, &[x, y]) if self.is_constant(y) => Some(x),
            (Op::Pair { .. }, &[x, y]) if self.is_constant(x) => Some(y),
            (
                Op::Scale { .. }
                | Op::Reshape { .. }
                | Op::Transpose { .. }
                | Op::Linear { .. }
                | Op::LayerNorm { .. }
                | Op::Map { .. },
                &[x],
            ) => Some(x),
            _ => None,
        }
    }

    /// The two matrices that both depend on the image whose product a value is, but for numbers
    /// that it is multiplied by or that are added: that of its rows, that of its columns.
    fn product(&self, mut value: usize) -> Option<[usize; 2]> {
        let mut turned = false;
        for _ in 0..MOST_STEPS {
            let node = self.node(value)?;
            value = match (&node.does, node.inputs.as_slice()) {
                (Op::MatMul, &[a, b]) => {
                    let sides = if turned { [b, a] } else { [a, b] };
                    return (!self.is_constant(a) && !self.is_constant(b)).then_some(sides);
                }
                (Op::Pair { pair: Pair::Sub | Pair::Div }, &[x, y]) if self.is_constant(y) => x,
                (Op::Transpose { order }, &[x]) => {
                    match order.as_slice() {
                        [.., a, b] if *b + 1 == order.len() && a + 1 == *b => {}
                        [.., b, a] if *b + 1 == order.len() && a + 1 == *b => turned = !turned,
                        _ => return None,
                    }
                    x
                }
                (Op::Pair { pair: Pair::Add | Pair::Mul } | Op::Scale { .. } | Op::Reshape { .. }, _) => {
                    self.made_of(value)?
                }
                _ => return None,
            };
        }
        None
    }

    /// The tokens that the softmax `value` shares out among, where it is over all of them.
    pub(super) fn asked(&self, value: usize) -> Option<Axis> {
        let Op::Softmax { axis } = self.node(value)?.does else { return None };
        (axis + 1 == self.shapes[value].len()).then(|| self.all_tokens(value, axis)).flatten()
    }

    /// Whether every token asks.
    pub(super) fn is_square(&self, value: usize) -> bool {
        let at = self.shapes[value].len().checked_sub(2);
        at.and_then(|at| self.all_tokens(value, at)).is_some_and(|asking| Some(asking) == self.asked(value))
    }

    /// The token in front of the places that a value is made of, and of nothing else.
    fn cut_ahead(&self, mut value: usize) -> Option<CutAhead> {
        for _ in 0..MOST_STEPS {
            let node = self.node(value)?;
            let cut = match (&node.does, node.inputs.as_slice()) {
                (Op::Slice { axis, from, length, step: 1 }, &[x]) => Some((x, *axis, *from, *length)),
                (Op::Pick { axis, numbers }, &[x]) if numbers.len() == 1 => Some((x, *axis, numbers[0] as usize, 1)),
                _ => None,
            };
            if let Some((x, axis, from, length)) = cut {
                if let Some(of @ Axis::Tokens { prefix, .. }) = self.all_tokens(x, axis) {
                    return (from + length <= prefix).then_some(CutAhead { from, length, of });
                }
                // Channels of it.
                value = x;
                continue;
            }
            value = self.made_of(value)?;
        }
        None
    }

    /// The product with the values, where the softmax `value` is an attention of all tokens, or of
    /// the class token alone, to all tokens; `user` is the only node that takes it.
    pub(super) fn attention(&self, value: usize, user: Option<usize>) -> Option<usize> {
        let asked = self.asked(value)?;
        let asking = match self.shapes[value].as_slice() {
            [Dim::Batch(1), Dim::Fixed(_), Dim::Fixed(asking), _] | [Dim::Batch(_), Dim::Fixed(asking), _] => *asking,
            _ => return None,
        };
        let [rows, _] = self.product(self.node(value)?.inputs[0])?;
        let of_class = || self.cut_ahead(rows).is_some_and(|cut| (cut.from, cut.length, cut.of) == (0, 1, asked));
        if !(self.is_square(value) || asking == 1 && of_class()) {
            return None;
        }
        let &Node { does: Op::MatMul, ref inputs, .. } = self.node(user?)? else { return None };
        let of_tokens = |values: usize| {
            let at = self.shapes[values].len().checked_sub(2);
            at.and_then(|at| self.all_tokens(values, at)) == Some(asked)
        };
        user.filter(|_| inputs[0] == value && of_tokens(inputs[1]))
    }

    /// For each value whether it is made of tokens in front of which stand some that are no places.
    pub(super) fn behind_tokens_ahead(&self) -> Vec<bool> {
        let mut behind = vec![false; self.graph.nodes.len() + 1];
        for (i, node) in self.graph.nodes.iter().enumerate() {
            let begins = self.tokens(i + 1).is_some_and(|(_, prefix)| prefix > 0);
            behind[i + 1] = begins || node.inputs.iter().any(|input| behind[*input]);
        }
        behind
    }

    /// Whether a node puts a token in front of the places that it makes of the image.
    pub(super) fn makes_token_ahead(&self, value: usize) -> bool {
        let Some(Node { does: Op::Concat { axis }, inputs, .. }) = self.node(value) else { return false };
        let Axis::Tokens { prefix, .. } = self.axes[value][*axis] else { return false };
        let mut at = 0;
        for input in inputs {
            let same = || self.cut_ahead(*input).is_some_and(|cut| cut.from == at);
            if at < prefix && !self.is_constant(*input) && self.tokens(*input).is_none() && !same() {
                return true;
            }
            at += self.shapes[*input][*axis].length(1);
        }
        false
    }

    /// Whether a node leaves what tokens are to themselves.
    pub(super) fn keeps_apart(&self, value: usize) -> bool {
        let Some(node) = self.node(value) else { return true };
        let tokens: Vec<Option<usize>> = node.inputs.iter().map(|i| self.tokens(*i).map(|(at, _)| at)).collect();
        if tokens.iter().all(Option::is_none) {
            return true;
        }
        let rank = |i: usize| self.shapes[node.inputs[i]].len();
        let goes_on = self.tokens(value).is_some();
        match &node.does {
            Op::Map { .. } | Op::Scale { .. } | Op::Prelu { .. } | Op::Transpose { .. } => true,
            // What depends on the image and has no tokens is made of some of them.
            Op::Pair { .. } => node.inputs.iter().zip(&tokens).all(|(i, at)| at.is_some() || self.is_constant(*i)),
            Op::Linear { .. } => tokens[0] != Some(rank(0) - 1),
            Op::LayerNorm { shape, .. } => tokens[0].is_none_or(|at| at < rank(0) - shape.len()),
            Op::Softmax { axis } => tokens[0] != Some(*axis),
            Op::Reduce { axes, .. } => tokens[0].is_none_or(|at| !axes.contains(&at)),
            Op::MatMul => tokens[0] != Some(rank(0) - 1) && tokens[1] != Some(rank(1) - 2),
            Op::Slice { axis, from, length, .. } => {
                let ahead = self.tokens(node.inputs[0]).is_some_and(|(_, prefix)| from + length <= prefix);
                goes_on || ahead || tokens[0] != Some(*axis)
            }
            Op::Pick { axis, numbers } => {
                let (at, prefix) = self.tokens(node.inputs[0]).unwrap_or_default();
                goes_on && at != *axis || at == *axis && numbers.iter().all(|number| (*number as usize) < prefix)
            }
            Op::Concat { .. } | Op::Reshape { .. } => goes_on,
            _ => false,
        }
    }

    /// Whether the scores read more of the product `value` of an attention than its first token.
    pub(super) fn reads_places(&self, value: usize) -> bool {
        let read = read_behind(&self.graph.nodes, self.shapes, self.axes, |_| 1, |_| true);
        // Heads are put together, and the result is brought back to the residual path.
        let is_tokens =
            |value: &usize| matches!(lay(&self.axes[*value], &self.shapes[*value]), Some(Lay::Tokens { .. }));
        (value..=self.graph.nodes.len()).find(is_tokens).is_none_or(|value| read[value])
    }

    /// Whether the scores read more than the first of the tokens that the attention with the product
    /// `product` is given, beside that attention.
    pub(super) fn reads_places_beside(&self, product: usize) -> bool {
        let nodes = &self.graph.nodes;
        // What nothing else than the attention reads.
        let mut inside = vec![true; nodes.len() + 1];
        inside[nodes.len()] = false;
        for (i, node) in nodes.iter().enumerate().rev().filter(|(i, _)| i + 1 != product) {
            if !inside[i + 1] {
                node.inputs.iter().for_each(|input| inside[*input] = false);
            }
        }
        let beside = |value: usize| !inside[value] && value != product;
        let read = read_behind(nodes, self.shapes, self.axes, |_| 1, beside);
        let given = nodes.iter().enumerate().filter(|(i, _)| !beside(i + 1)).flat_map(|(_, node)| &node.inputs);
        given
            .copied()
            .filter(|value| beside(*value) && !self.is_constant(*value))
            .any(|value| self.tokens(value).is_none() || read[value])
    }
}
