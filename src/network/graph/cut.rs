//! Where a graph is cut into stages, and what they are called.
//!
//! A tensor that every path from the image to the scores passes is a cut: whoever knows it needs
//! nothing that was computed before. In a graph whose nodes all lie on such a path, node `p` is one
//! exactly if no edge leads over it, from before `p` to behind it, in whatever order that keeps
//! inputs before their users: a node that `p` cannot be compared with would lie on a path around
//! it. So one walk that remembers how far edges reach finds them all.
//!
//! Neighbours that belong to the same block of the network are one stage. Stages are called like the
//! PyTorch module that all their nodes are in (`layer1.0`), or that the last of them is in.

use std::collections::{HashMap, HashSet};

use super::op::{Node, Op};

/// A stage: its name and its nodes, in order, constants among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub name: String,
    /// Numbers of nodes; the last one's output is that of the stage.
    pub nodes: Vec<usize>,
}

/// Cuts the nodes of a graph that was checked.
pub fn cut(nodes: &[Node]) -> Vec<Cut> {
    let pieces = merged(nodes, pieces(nodes));
    let mut taken = HashSet::new();
    let mut counted: HashMap<String, usize> = HashMap::new();
    let mut last = String::new();
    // Whether the stage behind is in the same module: then that one is its end.
    let goes_on: Vec<bool> = pieces
        .iter()
        .enumerate()
        .map(|(at, piece)| {
            let own = format!("{}.", common(nodes, piece));
            pieces.get(at + 1).is_some_and(|next| next.iter().any(|i| nodes[i - 1].path.starts_with(&own)))
        })
        .collect();
    let named = pieces.into_iter().zip(goes_on).map(|(piece, goes_on)| {
        let wanted = name(nodes, &piece, &last, goes_on);
        let mut name = wanted.clone();
        // Counting goes on where it stood: all nodes of a graph may have one name.
        let count = counted.entry(wanted.clone()).or_insert(2);
        while !taken.insert(name.clone()) {
            name = format!("{wanted}_{count}");
            *count += 1;
        }
        last.clone_from(&name);
        Cut { name, nodes: with_constants(nodes, &piece) }
    });
    named.collect()
}

fn is_constant(node: &Node) -> bool {
    matches!(node.does, Op::Constant { .. })
}

/// Nodes that depend on the image, cut wherever they can be.
fn pieces(nodes: &[Node]) -> Vec<Vec<usize>> {
    // How far the edges from each value reach; the image is 0.
    let mut reach = vec![0; nodes.len() + 1];
    for (i, node) in nodes.iter().enumerate() {
        node.inputs.iter().for_each(|input| reach[*input] = i + 1);
    }
    let (mut pieces, mut piece) = (Vec::new(), Vec::new());
    let mut farthest = reach[0];
    for i in (0..nodes.len()).filter(|i| !is_constant(&nodes[*i])) {
        piece.push(i + 1);
        let ends = farthest <= i + 1;
        farthest = farthest.max(reach[i + 1]);
        if ends {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// Modules of a path.
fn modules(path: &str) -> Vec<&str> {
    path.split('.').filter(|part| !part.is_empty()).collect()
}

/// The block that a module is in: up to its first number, or the first two where they stand one
/// behind the other (`features.3`, `layer1.0`, `blocks.0.1`).
fn block(path: &str) -> Option<String> {
    let parts = modules(path);
    let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let first = parts.iter().position(|part| number(part))?;
    let second = parts.get(first + 1).is_some_and(|part| number(part));
    let end = first + 1 + usize::from(second);
    (end < parts.len()).then(|| parts[..end].join("."))
}

/// What all paths begin with.
fn common(nodes: &[Node], piece: &[usize]) -> String {
    let mut paths = piece.iter().map(|i| modules(&nodes[i - 1].path));
    let mut common = paths.next().unwrap_or_default();
    for path in paths {
        let same = common.iter().zip(&path).take_while(|(a, b)| a == b).count();
        common.truncate(same);
    }
    common.join(".")
}

/// Joins neighbours of the same block. What holds the last weights stays alone, so that a dropout
/// can stand before it.
fn merged(nodes: &[Node], pieces: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let weighs = |piece: &Vec<usize>| piece.iter().any(|i| !nodes[i - 1].does.parameters().is_empty());
    let head = pieces.iter().rposition(weighs);
    let mut joined: Vec<(Option<String>, Vec<usize>)> = Vec::new();
    for (i, piece) in pieces.into_iter().enumerate() {
        let blocks: HashSet<Option<String>> = piece.iter().map(|i| block(&nodes[i - 1].path)).collect();
        let one = || blocks.iter().next().cloned().flatten();
        // A block whose last addition is not named like its inside.
        let outer = || Some(common(nodes, &piece)).filter(|common| !common.is_empty());
        let own = if blocks.len() == 1 { one().or_else(outer) } else { outer() };
        // Path and norm that were put together are a place of their own.
        let apart = joined.last().is_some_and(|(_, last)| {
            last.len() == 2 && last.last().is_some_and(|i| matches!(nodes[i - 1].does, Op::Concat { .. }))
        });
        match joined.last_mut().filter(|_| !apart) {
            Some((name, last))
                if own.is_some() && *name == own && Some(i) != head && Some(i) != head.map(|h| h + 1) =>
            {
                last.extend(piece);
            }
            _ => joined.push((own, piece)),
        }
    }
    joined.into_iter().map(|(_, piece)| piece).collect()
}

/// What a stage is called: like the module that all of it is in, unless that goes on behind it or
/// the stage before is in it too.
fn name(nodes: &[Node], piece: &[usize], before: &str, goes_on: bool) -> String {
    let common = common(nodes, piece);
    let last = piece.iter().rev().map(|i| nodes[i - 1].path.as_str()).find(|path| !path.is_empty());
    let inside = |outer: &str| before == outer || before.starts_with(&format!("{outer}."));
    match last {
        _ if !common.is_empty() && !inside(&common) && !goes_on => common,
        Some(path) if common.is_empty() || !(inside(path) || goes_on && path == common) => path.to_owned(),
        _ => {
            let title = piece.last().map_or("stage", |i| nodes[i - 1].does.title());
            if common.is_empty() { title.to_owned() } else { format!("{common}.{title}") }
        }
    }
}

/// A piece with the constants that its nodes take, each before its first user.
fn with_constants(nodes: &[Node], piece: &[usize]) -> Vec<usize> {
    let mut seen = HashSet::new();
    let mut all = Vec::with_capacity(piece.len());
    for i in piece {
        for input in nodes[i - 1].inputs.iter().filter(|input| **input > 0 && is_constant(&nodes[**input - 1])) {
            if seen.insert(*input) {
                all.push(*input);
            }
        }
        all.push(*i);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::op::{Function, Pair};

    fn node(path: &str, inputs: &[usize], does: Op) -> Node {
        Node { path: path.into(), inputs: inputs.to_vec(), does }
    }

    fn relu() -> Op {
        Op::Map { function: Function::Relu }
    }

    #[test]
    fn a_residual_block_is_cut_before_and_behind_alone() {
        let add = Op::Pair { pair: Pair::Add };
        let nodes = [
            node("conv1", &[0], relu()),
            node("layer1.0.conv1", &[1], relu()),
            node("layer1.0.conv2", &[2], relu()),
            node("layer1.0", &[3, 1], add.clone()),
            node("layer1.1.conv1", &[4], relu()),
            node("layer1.1", &[5, 4], add),
            node("avgpool", &[6], relu()),
        ];
        let found: Vec<(String, Vec<usize>)> = cut(&nodes).into_iter().map(|c| (c.name, c.nodes)).collect();
        let expected: [(String, Vec<usize>); 4] = [
            ("conv1".into(), vec![1]),
            ("layer1.0".into(), vec![2, 3, 4]),
            ("layer1.1".into(), vec![5, 6]),
            ("avgpool".into(), vec![7]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn links_of_a_chain_without_modules_have_names_of_their_own() {
        let nodes = [node("", &[0], relu()), node("", &[1], relu()), node("a.b", &[2], relu()), node("", &[3], relu())];
        let names: Vec<String> = cut(&nodes).into_iter().map(|c| c.name).collect();
        assert_eq!(names, ["function", "function_2", "a.b", "function_3"]);
    }
}
