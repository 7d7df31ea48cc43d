//! Attention is found in small graphs, and not where something else than it moves the scores.

use super::super::Graph;
use super::super::axes::axes;
use super::super::cut::cut;
use super::super::op::{Fold, Function, Node, Pair, Window};
use super::*;

/// A network of 2 × 2 patches with a class token, one attention of two heads, and a head that reads
/// the first tokens.
struct Form {
    /// Whether keys are multiplied with queries and the product is turned (Keras).
    turned: bool,
    /// Between that product and the softmax; a pair is one with a constant.
    before: Vec<Op>,
    /// The axis of the softmax.
    axis: usize,
    /// Between the softmax and the values.
    scores: Vec<Op>,
    /// The one token that asks, where not all do; with it goes the residual path.
    asks: Option<Op>,
    /// What makes the class token of the patches, where it is not learnt.
    class: Option<Op>,
    /// How many tokens the head reads.
    read: usize,
    /// Whether the mean of what the attention is given is added to what the head reads.
    beside: bool,
}

fn plain() -> Form {
    Form {
        turned: false,
        before: Vec::new(),
        axis: 3,
        scores: Vec::new(),
        asks: None,
        class: None,
        read: 1,
        beside: false,
    }
}

struct Pen(Vec<Node>);

impl Pen {
    fn push(&mut self, inputs: &[usize], does: Op) -> usize {
        self.0.push(Node { path: String::new(), inputs: inputs.to_vec(), does });
        self.0.len()
    }

    fn linear(&mut self, name: &str, x: usize) -> usize {
        self.push(&[x], Op::Linear { name: name.into(), inputs: 4, outputs: 4 })
    }

    fn constant(&mut self, name: &str, shape: &[usize]) -> usize {
        self.push(&[], Op::Constant { name: name.into(), shape: shape.to_vec(), values: Vec::new() })
    }

    fn mean(&mut self, x: usize, keep: bool) -> usize {
        self.push(&[x], Op::Reduce { fold: Fold::Mean, axes: vec![1], keep })
    }

    /// Two heads of two channels.
    fn headed(&mut self, name: &str, x: usize, tokens: i64, order: [usize; 4]) -> usize {
        let x = self.linear(name, x);
        let x = self.push(&[x], Op::Reshape { shape: vec![-1, tokens, 2, 2] });
        self.push(&[x], Op::Transpose { order: order.to_vec() })
    }
}

const BY_HEADS: [usize; 4] = [0, 2, 1, 3];

fn network(form: &Form) -> Graph {
    let mut pen = Pen(Vec::new());
    let window = Window { kernel: [8, 8], stride: [8, 8], pads: [0; 4], dilation: [1, 1] };
    let conv = Op::Conv { name: "patches".into(), inputs: 1, outputs: 4, groups: 1, window, then: None };
    let maps = pen.push(&[0], conv);
    let rows = pen.push(&[maps], Op::Reshape { shape: vec![-1, 4, 4] });
    let patches = pen.push(&[rows], Op::Transpose { order: vec![0, 2, 1] });
    let class = match &form.class {
        Some(op) => pen.push(&[patches], op.clone()),
        None => pen.constant("class", &[1, 1, 4]),
    };
    let tokens = pen.push(&[class, patches], Op::Concat { axis: 1 });
    let asking = |pen: &mut Pen| form.asks.as_ref().map_or(tokens, |op| pen.push(&[tokens], op.clone()));
    let (path, asks) = (asking(&mut pen), asking(&mut pen));
    let asked = if form.asks.is_some() { 1 } else { 5 };
    let turn = Op::Transpose { order: vec![0, 1, 3, 2] };
    let mut product = if form.turned {
        let key = pen.headed("k", tokens, 5, BY_HEADS);
        let query = pen.headed("q", asks, asked, [0, 2, 3, 1]);
        let product = pen.push(&[key, query], Op::MatMul);
        pen.push(&[product], turn)
    } else {
        let query = pen.headed("q", asks, asked, BY_HEADS);
        let key = pen.headed("k", tokens, 5, [0, 2, 3, 1]);
        pen.push(&[query, key], Op::MatMul)
    };
    for (i, op) in form.before.iter().enumerate() {
        let other = matches!(op, Op::Pair { .. }).then(|| pen.constant(&format!("mask{i}"), &[1, 1, 5, 5]));
        let inputs: Vec<usize> = [product].into_iter().chain(other).collect();
        product = pen.push(&inputs, op.clone());
    }
    let mut shares = pen.push(&[product], Op::Softmax { axis: form.axis });
    for op in &form.scores {
        shares = pen.push(&[shares], op.clone());
    }
    let value = pen.headed("v", tokens, 5, BY_HEADS);
    let mixed = pen.push(&[shares, value], Op::MatMul);
    let mixed = pen.push(&[mixed], Op::Transpose { order: BY_HEADS.to_vec() });
    let mixed = pen.push(&[mixed], Op::Reshape { shape: vec![-1, asked, 4] });
    let sum = pen.push(&[path, mixed], Op::Pair { pair: Pair::Add });
    let first = pen.push(&[sum], Op::Slice { axis: 1, from: 0, length: form.read, step: 1 });
    let mut read = pen.mean(first, false);
    if form.beside {
        let mean = pen.mean(tokens, false);
        read = pen.push(&[read, mean], Op::Pair { pair: Pair::Add });
    }
    pen.linear("head", read);
    Graph { input: [1, 16, 16], nodes: pen.0 }
}

fn found(form: &Form) -> Result<usize, Unread> {
    let graph = network(form);
    let shapes = graph.check().unwrap();
    let axes = axes(&graph.nodes, &shapes);
    let found = attentions(&Known { graph: &graph, shapes: &shapes, axes: &axes }, &cut(&graph.nodes))?;
    for (_, softmax) in &found {
        assert!(matches!(graph.nodes[softmax - 1].does, Op::Softmax { .. }));
    }
    Ok(found.len())
}

fn token(from: usize) -> Op {
    Op::Slice { axis: 1, from, length: 1, step: 1 }
}

fn mean() -> Op {
    Op::Reduce { fold: Fold::Mean, axes: vec![1], keep: true }
}

fn refused() -> Result<usize, Unread> {
    Err(Unread::Softmax("a softmax".into()))
}

#[test]
fn the_softmax_of_all_tokens_is_found_where_the_class_token_alone_is_read() {
    assert_eq!(found(&plain()), Ok(1));
    for read in [2, 5] {
        assert_eq!(found(&Form { read, ..plain() }), Err(Unread::Averaged));
    }
    assert_eq!(found(&Form { beside: true, ..plain() }), Err(Unread::Averaged));
}

#[test]
fn scales_and_masks_before_the_softmax_and_keys_before_queries_are_forms_of_it() {
    let before = vec![Op::Pair { pair: Pair::Div }, Op::Pair { pair: Pair::Add }];
    assert_eq!(found(&Form { before, ..plain() }), Ok(1));
    assert_eq!(found(&Form { turned: true, ..plain() }), Ok(1));
}

#[test]
fn the_class_token_may_ask_alone_and_no_other_token_may() {
    for turned in [false, true] {
        assert_eq!(found(&Form { asks: Some(token(0)), turned, ..plain() }), Ok(1));
        for other in [token(1), token(4), mean()] {
            assert_eq!(found(&Form { asks: Some(other), turned, ..plain() }), refused());
        }
    }
    let asks = Some(token(0));
    assert_eq!(found(&Form { asks, beside: true, ..plain() }), Err(Unread::Averaged));
}

#[test]
fn shares_that_are_changed_before_they_mix_are_no_attention() {
    let scores = vec![Op::Map { function: Function::Relu }];
    assert_eq!(found(&Form { scores, ..plain() }), refused());
}

#[test]
fn a_softmax_over_the_tokens_that_ask_is_no_attention() {
    assert_eq!(found(&Form { axis: 2, ..plain() }), refused());
}

#[test]
fn a_class_token_that_is_made_of_the_patches_is_none() {
    for class in [mean(), token(2)] {
        assert_eq!(found(&Form { class: Some(class), ..plain() }), Err(Unread::Made("a concat".into())));
    }
}

#[test]
fn a_network_without_attention_has_none() {
    let mut graph = network(&plain());
    let softmax = graph.nodes.iter_mut().find(|node| matches!(node.does, Op::Softmax { .. })).unwrap();
    softmax.does = Op::Map { function: Function::Relu };
    let shapes = graph.check().unwrap();
    let axes = axes(&graph.nodes, &shapes);
    let known = Known { graph: &graph, shapes: &shapes, axes: &axes };
    assert_eq!(attentions(&known, &cut(&graph.nodes)), Err(Unread::Nowhere));
}
