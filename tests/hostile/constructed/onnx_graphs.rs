//! ONNX graphs of as many nodes as there may be: of one name, one value, one shape; attributes and
//! inputs without number.

use super::Constructed;
use super::onnx::{Message, floats, integers, list, model, node, row};
use crate::readers::Reader;

/// As many nodes as nearly fit.
const NODES: usize = 19_000;

/// A model of nodes that end with `z`, a map of the size of the image: its averages are the scores.
fn scored(mut nodes: Vec<Message>, tensors: &[Message]) -> Vec<u8> {
    nodes.push(node("GlobalAveragePool", &["z"], "averages"));
    nodes.push(node("Flatten", &["averages"], "y"));
    model(&nodes, tensors)
}

/// A row of nodes that all have this name.
fn of_one_name(kind: &str, second: Option<&str>, name: &str, count: usize) -> Vec<Message> {
    let mut value = "x".to_owned();
    let one = |i: usize| {
        let to = if i + 1 == count { "z".to_owned() } else { format!("v{i}") };
        let from = std::mem::replace(&mut value, to.clone());
        let inputs: Vec<&str> = std::iter::once(from.as_str()).chain(second).collect();
        let node = inputs.iter().fold(Message::default(), |node, input| node.text(1, input));
        node.text(2, &to).text(3, name).text(4, kind)
    };
    (0..count).map(one).collect()
}

/// A row of nodes with one input each.
fn maps(kind: &str, attribute: Option<&Message>, count: usize) -> Vec<Message> {
    let one = |node: Message| attribute.map_or(node.clone(), |attribute| node.with(5, attribute));
    of_one_name(kind, None, "", count).into_iter().map(one).collect()
}

/// What attention is made of, again and again: products of matrices with a softmax between.
fn attentions(count: usize) -> Vec<u8> {
    let mut nodes = vec![node("Reshape", &["x", "shape"], "a0")];
    for i in 0..count {
        let [a, b, c] = ["a", "b", "c"].map(|name| format!("{name}{i}"));
        let next = if i + 1 == count { "z".to_owned() } else { format!("a{}", i + 1) };
        nodes.push(node("MatMul", &[&a, &a], &b));
        nodes.push(node("Softmax", &[&b], &c).with(5, &list("axis", &[-1])));
        nodes.push(node("MatMul", &[&c, &a], &next));
    }
    scored(nodes, &[integers("shape", &[1, 3, 32, 32])])
}

/// Constants that only change their place.
fn moved(kind: &str, second: Option<&str>, count: usize) -> Vec<u8> {
    let mut nodes = row(kind, "w", second, count);
    // The last of them is no score.
    nodes.truncate(count - 1);
    let last = format!("v{}", count - 1);
    nodes.push(node("Reshape", &[&last, "flat"], "r"));
    nodes.push(node("Mul", &["x", "r"], "y"));
    model(
        &nodes,
        &[floats("w", &[64, 48, 1024]), integers("flat", &[1, 1024, 96, 32]), integers("same", &[64, 48, 1024])],
    )
}

pub(super) fn all() -> Vec<Constructed> {
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Onnx, format!("onnx/{name}"), make);
    vec![
        of("19,000 nodes of one name", || scored(of_one_name("Relu", None, "/a/b/Relu", NODES), &[])),
        of("19,000 nodes without a name", || scored(of_one_name("Relu", None, "", NODES), &[])),
        of("19,000 convolutions of one name", || {
            scored(of_one_name("Conv", Some("w"), "/a/Conv", NODES), &[floats("w", &[3, 3, 1, 1])])
        }),
        of("19,000 nodes of long names", || {
            let name = "/layer.1".repeat(100);
            scored(of_one_name("Relu", None, &name, NODES), &[])
        }),
        of("6,000 attentions", || attentions(NODES / 3 - 1)),
        of("19,000 transposes of the image", || {
            scored(maps("Transpose", Some(&list("perm", &[0, 1, 3, 2])), NODES), &[])
        }),
        Constructed::large(Reader::Onnx, "onnx/5,000 transposes of a constant", || moved("Transpose", None, 5000)),
        of("50,000 other names of a constant", || moved("Identity", None, 50_000)),
        of("5,000 reshapes of a constant", || moved("Reshape", Some("same"), 5000)),
        of("100,000 inputs of one node", || model(&[node("Sum", &vec!["x"; 100_000], "y")], &[])),
        of("100,000 images behind each other", || {
            let axis = Message::default().text(1, "axis").number(3, 1).number(20, 2);
            model(&[node("Concat", &vec!["x"; 100_000], "y").with(5, &axis)], &[])
        }),
        of("500,000 attributes of one node", || {
            let attribute = Message::default().text(1, "a").number(3, 1).number(20, 2);
            let mut relu = node("Relu", &["x"], "y");
            for _ in 0..500_000 {
                relu = relu.with(5, &attribute);
            }
            model(&[relu], &[])
        }),
        of("10,000 nodes that read a list of a million", || {
            let nodes = of_one_name("Reshape", Some("s"), "", 10_000);
            model(&nodes, &[integers("s", &vec![1; 1 << 20])])
        }),
        of("an equation of a megabyte", || {
            let equation = Message::default().text(1, "equation").bytes(4, &b"a,".repeat(1 << 19)).number(20, 3);
            model(&[node("Einsum", &["x", "x"], "y").with(5, &equation)], &[])
        }),
        of("9,500 constants that are used once", || {
            let constant = |i: usize| {
                let tensor = Message::default().number(2, 1).bytes(9, &[0; 4]);
                let value = Message::default().text(1, "value").with(5, &tensor).number(20, 4);
                node("Constant", &[], &format!("c{i}")).with(5, &value)
            };
            let half = NODES / 2;
            let mut nodes: Vec<Message> = (0..half).map(constant).collect();
            for i in 0..half {
                let from = if i == 0 { "x".to_owned() } else { format!("v{}", i - 1) };
                let to = if i + 1 == half { "z".to_owned() } else { format!("v{i}") };
                nodes.push(node("Add", &[&from, &format!("c{i}")], &to));
            }
            scored(nodes, &[])
        }),
        of("names of values of a megabyte", || {
            let name = "v".repeat(1 << 20);
            model(&[node("Relu", &["x"], &name), node("Relu", &[&name], "y")], &[])
        }),
        of("every node takes the image", || {
            let mut nodes = vec![node("Relu", &["x"], "v0")];
            nodes.extend((1..NODES).map(|i| node("Add", &[&format!("v{}", i - 1), "x"], &format!("v{i}"))));
            nodes.push(node("Relu", &[&format!("v{}", NODES - 1)], "z"));
            scored(nodes, &[])
        }),
    ]
}
