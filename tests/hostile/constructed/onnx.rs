//! ONNX files: shapes that nobody has memory for, circles, 2⁶⁰ paths, values that lie elsewhere.

use super::Constructed;
use crate::readers::Reader;

/// A message that grows.
#[derive(Clone, Default)]
pub(super) struct Message(pub(super) Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value as u8 & 0x7f) | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(super) fn number(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3);
        self.varint(value as u64);
        self
    }

    pub(super) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint((field << 3) | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub(super) fn with(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }
}

pub(super) fn node(kind: &str, inputs: &[&str], output: &str) -> Message {
    let node = inputs.iter().fold(Message::default(), |node, input| node.text(1, input));
    node.text(2, output).text(3, output).text(4, kind)
}

pub(super) fn integers(name: &str, values: &[i64]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Message::default().number(1, values.len() as i64).number(2, 7).text(8, name).bytes(9, &raw)
}

pub(super) fn floats(name: &str, lengths: &[i64]) -> Message {
    let count: i64 = lengths.iter().product();
    let tensor = lengths.iter().fold(Message::default(), |tensor, length| tensor.number(1, *length));
    tensor.number(2, 1).text(8, name).bytes(9, &vec![0; 4 * count as usize])
}

/// An attribute of whole numbers.
pub(super) fn list(name: &str, values: &[i64]) -> Message {
    values.iter().fold(Message::default().text(1, name), |list, value| list.number(8, *value)).number(20, 7)
}

/// `count` nodes of one kind in a row, from `first` to `y`, each with `second` as its other input.
pub(super) fn row(kind: &str, first: &str, second: Option<&str>, count: usize) -> Vec<Message> {
    let name = |n: usize| match n {
        0 => first.to_owned(),
        n if n == count => "y".to_owned(),
        n => format!("v{n}"),
    };
    let pair = |n: usize| (name(n), name(n + 1));
    let one = |(from, to): (String, String)| node(kind, &[&from, second.unwrap_or(&from)], &to);
    (0..count).map(pair).map(one).collect()
}

/// A model of these nodes and tensors, from an image of 3 × 32 × 32 to `y`.
pub(super) fn model(nodes: &[Message], tensors: &[Message]) -> Vec<u8> {
    let mut graph = Message::default();
    for node in nodes {
        graph = graph.with(1, node);
    }
    for tensor in tensors {
        graph = graph.with(5, tensor);
    }
    let shape = [1, 3, 32, 32].iter().fold(Message::default(), |s, d| s.with(1, &Message::default().number(1, *d)));
    let kind = Message::default().with(1, &Message::default().number(1, 1).with(2, &shape));
    graph = graph.with(11, &Message::default().text(1, "x").with(2, &kind));
    graph = graph.with(12, &Message::default().text(1, "y"));
    let opset = Message::default().text(1, "").number(2, 17);
    Message::default().number(1, 8).text(2, "hostile").with(7, &graph).with(8, &opset).0
}

/// A model that multiplies by a tensor whose values are said to lie in another file.
fn elsewhere(location: &str) -> Vec<u8> {
    let place = Message::default().text(1, "location").text(2, location);
    let tensor = Message::default().number(1, 3).number(2, 1).text(8, "w").with(13, &place).number(14, 1);
    model(&[node("Mul", &["x", "w"], "y")], &[tensor])
}

pub(super) fn all() -> Vec<Constructed> {
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Onnx, name, make);
    vec![
        of("onnx/circle", || {
            model(&[node("Relu", &["b"], "a"), node("Relu", &["a"], "b"), node("Add", &["x", "b"], "y")], &[])
        })
        .says("in a circle"),
        of("onnx/2^60 paths", || {
            let names: Vec<String> = (0..60).map(|i| format!("v{i}")).collect();
            let mut nodes = vec![node("GlobalAveragePool", &["x"], &names[0])];
            nodes.extend(names.windows(2).map(|pair| node("Add", &[&pair[0], &pair[0]], &pair[1])));
            nodes.push(node("Flatten", &[&names[59]], "y"));
            model(&nodes, &[])
        }),
        of("onnx/constant of 2^80 values", || {
            model(
                &[node("ConstantOfShape", &["s"], "c"), node("Add", &["x", "c"], "y")],
                &[integers("s", &[1 << 40, 1 << 40])],
            )
        })
        .says("makes a tensor"),
        of("onnx/expanded to 2^62", || {
            model(&[node("Expand", &["x", "s"], "y")], &[integers("s", &[1, 3, 1 << 31, 1 << 31])])
        })
        .says("Expand"),
        of("onnx/doubled 40 times", || {
            let names: Vec<String> = (0..41).map(|i| format!("v{i}")).collect();
            let mut nodes = vec![node("Identity", &["x"], &names[0])];
            let axis = Message::default().text(1, "axis").number(3, 2).number(20, 2);
            nodes.extend(names.windows(2).map(|pair| node("Concat", &[&pair[0], &pair[0]], &pair[1]).with(5, &axis)));
            nodes.push(node("GlobalAveragePool", &[&names[40]], "y"));
            model(&nodes, &[])
        })
        .says("more than any network needs"),
        of("onnx/range of 10^12", || {
            let one = |name, v: i64| integers(name, &[v]);
            model(
                &[node("Range", &["a", "b", "c"], "r"), node("Mul", &["x", "r"], "y")],
                &[one("a", 0), one("b", 1_000_000_000_000), one("c", 1)],
            )
        })
        .says("counts from"),
        of("onnx/constants computed 2,000 times", || {
            let mut nodes = vec![node("ConstantOfShape", &["s"], "c")];
            nodes.extend(row("Add", "c", None, 2000));
            model(&nodes, &[integers("s", &[1 << 24])])
        })
        .says("values, computed"),
        of("onnx/weights used 5,000 times", || {
            let mut nodes = vec![node("Flatten", &["x"], "f"), node("MatMul", &["f", "w"], "g")];
            nodes.extend(row("MatMul", "g", Some("v"), 5000));
            model(&nodes, &[floats("w", &[3072, 512]), floats("v", &[512, 512])])
        })
        .says("values, read and computed"),
        of("onnx/kernel spread over 2^31 pixels", || {
            let wide = list("dilations", &[1 << 30, 1 << 30]);
            model(&[node("Conv", &["x", "w"], "y").with(5, &wide)], &[floats("w", &[1, 3, 3, 3])])
        })
        .says("Conv"),
        of("onnx/border of 2^40 pixels", || {
            let far = list("pads", &[1 << 40, 1 << 40, 1 << 40, 1 << 40]);
            model(&[node("Conv", &["x", "w"], "y").with(5, &far)], &[floats("w", &[1, 3, 3, 3])])
        })
        .says("Conv"),
        of("onnx/resized to 2^40 pixels", || {
            let sides = integers("s", &[1, 3, 1 << 20, 1 << 20]);
            model(&[node("Resize", &["x", "", "", "s"], "y")], &[sides])
        })
        .says("Resize"),
        of("onnx/cut to nothing", || {
            let one = |name, v: i64| integers(name, &[v]);
            model(
                &[node("Slice", &["x", "a", "b", "c"], "z"), node("Flatten", &["z"], "y")],
                &[one("a", 5), one("b", 5), one("c", 2)],
            )
        })
        .says("cuts everything away"),
        of("onnx/lengths below 0", || {
            let tensor = Message::default().number(1, -3).number(2, 1).text(8, "w").bytes(9, &[0; 12]);
            model(&[node("Mul", &["x", "w"], "y")], &[tensor])
        })
        .says("would have the shape"),
        of("onnx/tensor of 2^62 values", || {
            let tensor = Message::default().number(1, 1 << 31).number(1, 1 << 31).number(2, 1).text(8, "w");
            model(&[node("Mul", &["x", "w"], "y")], &[tensor])
        })
        .says("would have the shape"),
        of("onnx/two tensors of one name", || {
            model(&[node("Add", &["x", "w"], "y")], &[integers("w", &[1]), integers("w", &[2])])
        })
        .says("two of its tensors"),
        of("onnx/name given twice", || model(&[node("Relu", &["x"], "y"), node("Relu", &["x"], "y")], &[]))
            .says("a second time"),
        of("onnx/missing tensor", || model(&[node("Mul", &["x", "w"], "y")], &[])).says("nothing before gives"),
        of("onnx/values of another folder", || elsewhere("../../etc/passwd")).says("not in the folder"),
        of("onnx/values at the root", || elsewhere("/etc/passwd")).says("not in the folder"),
        of("onnx/values of nobody", || elsewhere("nobody.bin")).says("beside it, cannot be read"),
        of("onnx/branch", || {
            let graph = Message::default().text(1, "then_branch").with(6, &Message::default()).number(20, 5);
            model(&[node("If", &["x"], "y").with(5, &graph)], &[])
        })
        .says("a graph of its own"),
        of("onnx/unknown operator", || model(&[node("Wavelet", &["x"], "y")], &[])).says("operator Wavelet"),
        of("onnx/a million empty nodes", || {
            let mut graph = Message::default();
            for _ in 0..1_000_000 {
                graph = graph.with(1, &Message::default());
            }
            Message::default().number(1, 8).text(2, "hostile").with(7, &graph).0
        })
        .says("more than"),
        of("onnx/nested in itself", || {
            let mut inner = Message::default();
            for _ in 0..100_000 {
                inner = Message(vec![0x3a, 0x80, 0x80, 0x01]).text(1, "").clone();
            }
            model(&[Message::default().with(5, &inner)], &[])
        }),
    ]
}
