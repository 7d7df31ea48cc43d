//! A graph of ours as an ONNX file: operators of opset 17, which every runtime of the last years
//! knows, with the batch free.
//!
//! Field numbers are those of `onnx.proto3`. Weights are 32-bit floats in the file; a file of more
//! than 2 GiB, the most that a message may have, is refused.

use std::collections::HashMap;

use candle_core::Tensor;

use super::ExportError;
use super::functions::function;
use super::wire::Message;
use super::writer::{Attribute, FLOAT, MOST, Writer};
use crate::network::graph::Graph;
use crate::network::graph::op::{Between, Fold, Node, Op, Pair};
use crate::network::graph::shape::{Dim, Shape};

/// Version of the format, and of the operators.
const IR: i64 = 8;
const OPSET: i64 = 17;

/// The file: the graph with its tensors, and texts under names.
///
/// # Errors
/// When a tensor is missing, or the file would be too large.
pub(super) fn write(
    graph: &Graph,
    tensors: &HashMap<String, Tensor>,
    name: &str,
    metadata: &[(&str, String)],
) -> Result<Vec<u8>, ExportError> {
    let shapes = graph.check()?;
    let mut to = Writer::default();
    let last = graph.nodes.len();
    let value = |i: usize| match i {
        0 => "image".to_owned(),
        i if i == last => "logits".to_owned(),
        i => format!("value_{i}"),
    };
    for (i, node) in graph.nodes.iter().enumerate() {
        to.path.clone_from(&node.path);
        let inputs: Vec<String> = node.inputs.iter().map(|i| value(*i)).collect();
        let given: Vec<&Shape> = node.inputs.iter().map(|i| &shapes[*i]).collect();
        to.node(node, &inputs, &given, (&value(i + 1), &shapes[i + 1]), tensors)?;
    }
    let info = |name: &str, shape: &[Dim]| {
        let shape = shape.iter().fold(Message::default(), |all, dim| {
            let dim = match dim {
                Dim::Fixed(length) => Message::default().number(1, *length as i64),
                Dim::Batch(_) => Message::default().text(2, "N"),
            };
            all.message(1, &dim)
        });
        let tensor = Message::default().number(1, FLOAT).message(2, &shape);
        Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
    };
    let mut body = Message::default();
    for node in &to.nodes {
        body = body.message(1, node);
    }
    body = body.text(2, name);
    for tensor in std::mem::take(&mut to.initializers) {
        body = body.message(5, &tensor);
    }
    body = body.message(11, &info("image", &shapes[0])).message(12, &info("logits", &shapes[last]));
    let mut model = Message::default()
        .number(1, IR)
        .text(2, "pellucid")
        .text(3, crate::VERSION)
        .message(7, &body)
        .message(8, &Message::default().text(1, "").number(2, OPSET));
    for (key, text) in metadata {
        model = model.message(14, &Message::default().text(1, key).text(2, text));
    }
    if model.0.len() > MOST { Err(ExportError::TooLarge) } else { Ok(model.0) }
}

impl Writer {
    fn node(
        &mut self,
        node: &Node,
        inputs: &[String],
        given: &[&Shape],
        (output, shape): (&str, &Shape),
        tensors: &HashMap<String, Tensor>,
    ) -> Result<(), ExportError> {
        let stored = |name: &str| tensors.get(name).ok_or_else(|| ExportError::Missing(name.to_owned()));
        let names: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let x = names.first().copied().unwrap_or_default();
        let list = |values: &[usize]| values.iter().map(|v| *v as i64).collect::<Vec<i64>>();
        match &node.does {
            Op::Constant { name, shape, values } => {
                if values.is_empty() {
                    self.tensor(output, stored(name)?)?;
                } else {
                    let tensor = Tensor::from_vec(values.clone(), shape.as_slice(), &candle_core::Device::Cpu)?;
                    self.tensor(output, &tensor)?;
                }
            }
            Op::Conv { name, groups, window, then, .. } => {
                let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
                self.tensor(&weight, stored(&weight)?)?;
                self.tensor(&bias, stored(&bias)?)?;
                let attributes = [
                    Attribute::Integers("kernel_shape", list(&window.kernel)),
                    Attribute::Integers("strides", list(&window.stride)),
                    Attribute::Integers("pads", list(&window.pads)),
                    Attribute::Integers("dilations", list(&window.dilation)),
                    Attribute::Integer("group", *groups as i64),
                ];
                let mut ends = vec!["conv"];
                ends.extend(names.get(1).map(|_| "add"));
                ends.extend(then.map(|_| "then"));
                let mut at = |last: bool| if last { output.to_owned() } else { self.fresh() };
                let named: Vec<String> = (0..ends.len()).map(|i| at(i + 1 == ends.len())).collect();
                self.op("Conv", &[x, &weight, &bias], &named[0], &attributes);
                if let Some(skip) = names.get(1) {
                    self.op("Add", &[&named[0], skip], &named[1], &[]);
                }
                if let Some(then) = then {
                    function(self, *then, &named[named.len() - 2], output);
                }
            }
            Op::Linear { name, .. } => {
                let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
                self.tensor(&bias, stored(&bias)?)?;
                if given[0].len() == 2 {
                    self.tensor(&weight, stored(&weight)?)?;
                    self.op("Gemm", &[x, &weight, &bias], output, &[Attribute::Integer("transB", 1)]);
                } else {
                    self.tensor(&weight, &stored(&weight)?.t()?.contiguous()?)?;
                    let product = self.fresh();
                    self.op("MatMul", &[x, &weight], &product, &[]);
                    self.op("Add", &[&product, &bias], output, &[]);
                }
            }
            Op::Scale { name, axis, channels } => {
                let mut lengths = vec![1; given[0].len() - axis];
                lengths[0] = *channels;
                let (weight, bias, product) = (format!("{name}.weight"), format!("{name}.bias"), self.fresh());
                for part in [&weight, &bias] {
                    self.tensor(part, &stored(part)?.reshape(lengths.as_slice())?)?;
                }
                self.op("Mul", &[x, &weight], &product, &[]);
                self.op("Add", &[&product, &bias], output, &[]);
            }
            Op::LayerNorm { name, shape, epsilon } => {
                let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
                self.tensor(&weight, stored(&weight)?)?;
                self.tensor(&bias, stored(&bias)?)?;
                let attributes =
                    [Attribute::Integer("axis", -(shape.len() as i64)), Attribute::Float("epsilon", *epsilon as f32)];
                self.op("LayerNormalization", &[x, &weight, &bias], output, &attributes);
            }
            Op::InstanceNorm { name, epsilon, .. } => {
                let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
                self.tensor(&weight, stored(&weight)?)?;
                self.tensor(&bias, stored(&bias)?)?;
                let attributes = [Attribute::Float("epsilon", *epsilon as f32)];
                self.op("InstanceNormalization", &[x, &weight, &bias], output, &attributes);
            }
            Op::Prelu { name, channels } => {
                let weight = format!("{name}.weight");
                let mut lengths = vec![1; given[0].len().saturating_sub(1).max(1)];
                lengths[0] = *channels;
                self.tensor(&weight, &stored(&weight)?.reshape(lengths.as_slice())?)?;
                self.op("PRelu", &[x, &weight], output, &[]);
            }
            Op::Map { function: f } => function(self, *f, x, output),
            Op::MaxPool { window } | Op::AveragePool { window, .. } => {
                let mut attributes = vec![
                    Attribute::Integers("kernel_shape", list(&window.kernel)),
                    Attribute::Integers("strides", list(&window.stride)),
                    Attribute::Integers("pads", list(&window.pads)),
                ];
                let largest = matches!(node.does, Op::MaxPool { .. });
                if let Op::AveragePool { whole, .. } = node.does {
                    attributes.push(Attribute::Integer("count_include_pad", i64::from(whole)));
                }
                self.op(if largest { "MaxPool" } else { "AveragePool" }, &[x], output, &attributes);
            }
            Op::Reduce { fold, axes, keep } => {
                let keep = Attribute::Integer("keepdims", i64::from(*keep));
                if *fold == Fold::Sum {
                    let axes = self.integers(&list(axes));
                    self.op("ReduceSum", &[x, &axes], output, &[keep]);
                } else {
                    let kind = match fold {
                        Fold::Mean => "ReduceMean",
                        Fold::Max => "ReduceMax",
                        Fold::Min => "ReduceMin",
                        Fold::Sum => "ReduceSum",
                        Fold::L2 => "ReduceL2",
                    };
                    self.op(kind, &[x], output, &[Attribute::Integers("axes", list(axes)), keep]);
                }
            }
            Op::Softmax { axis } => self.op("Softmax", &[x], output, &[Attribute::Integer("axis", *axis as i64)]),
            Op::LogSoftmax { axis } => self.op("LogSoftmax", &[x], output, &[Attribute::Integer("axis", *axis as i64)]),
            Op::Pair { pair } => {
                let kind = match pair {
                    Pair::Add => "Add",
                    Pair::Sub => "Sub",
                    Pair::Mul => "Mul",
                    Pair::Div => "Div",
                    Pair::Min => "Min",
                    Pair::Max => "Max",
                };
                self.op(kind, &names, output, &[]);
            }
            Op::MatMul => self.op("MatMul", &names, output, &[]),
            Op::Concat { axis } => {
                let repeated: Vec<String> = names
                    .iter()
                    .zip(given)
                    .map(|(name, own)| {
                        let target: Shape =
                            shape.iter().enumerate().map(|(i, dim)| if i == *axis { own[i] } else { *dim }).collect();
                        if target == **own {
                            (*name).to_owned()
                        } else {
                            self.repeated(name, &target, names_of_image(&names, given))
                        }
                    })
                    .collect();
                let names: Vec<&str> = repeated.iter().map(String::as_str).collect();
                self.op("Concat", &names, output, &[Attribute::Integer("axis", *axis as i64)]);
            }
            Op::Slice { axis, from, length, step } => {
                let end = from + (length - 1) * step + 1;
                let [from, end, axis, step] = [*from, end, *axis, *step].map(|v| self.integers(&[v as i64]));
                self.op("Slice", &[x, &from, &end, &axis, &step], output, &[]);
            }
            Op::Pick { axis, numbers } => {
                let numbers = self.integers(&numbers.iter().map(|n| i64::from(*n)).collect::<Vec<_>>());
                self.op("Gather", &[x, &numbers], output, &[Attribute::Integer("axis", *axis as i64)]);
            }
            Op::Transpose { order } => self.op("Transpose", &[x], output, &[Attribute::Integers("perm", list(order))]),
            Op::Reshape { shape } => {
                let shape = self.integers(&shape.iter().map(|l| if *l < 0 { -1 } else { *l }).collect::<Vec<_>>());
                self.op("Reshape", &[x, &shape], output, &[]);
            }
            Op::Expand { .. } => {
                let repeated = self.repeated(x, shape, Some((x, given[0])));
                self.op("Identity", &[&repeated], output, &[]);
            }
            Op::Pad { axis, before, behind } => {
                let mut pads = vec![0; 2 * given[0].len()];
                (pads[*axis], pads[given[0].len() + axis]) = (*before as i64, *behind as i64);
                let pads = self.integers(&pads);
                self.op("Pad", &[x, &pads], output, &[]);
            }
            Op::Resize { rows, columns, between } => {
                let (whole, front, sizes) = (self.fresh(), self.fresh(), self.fresh());
                let [from, end] = [0, 2].map(|v| self.integers(&[v]));
                let sides = self.integers(&[*rows as i64, *columns as i64]);
                self.op("Shape", &[x], &whole, &[]);
                self.op("Slice", &[&whole, &from, &end], &front, &[]);
                self.op("Concat", &[&front, &sides], &sizes, &[Attribute::Integer("axis", 0)]);
                let (mode, place) = match between {
                    Between::Nearest => ("nearest", "asymmetric"),
                    Between::Linear => ("linear", "half_pixel"),
                    Between::LinearCorners => ("linear", "align_corners"),
                    Between::Cubic => ("cubic", "half_pixel"),
                };
                let attributes = [
                    Attribute::Text("mode", mode),
                    Attribute::Text("coordinate_transformation_mode", place),
                    Attribute::Text("nearest_mode", "floor"),
                ];
                self.op("Resize", &[x, "", "", &sizes], output, &attributes);
            }
            Op::ResponseNorm { size, alpha, beta, bias } => {
                let attributes = [
                    Attribute::Integer("size", *size as i64),
                    Attribute::Float("alpha", *alpha as f32),
                    Attribute::Float("beta", *beta as f32),
                    Attribute::Float("bias", *bias as f32),
                ];
                self.op("LRN", &[x], output, &attributes);
            }
        }
        Ok(())
    }

    /// A value repeated to a shape, whose batch is that of `like`.
    fn repeated(&mut self, x: &str, shape: &Shape, like: Option<(&str, &Shape)>) -> String {
        let output = self.fresh();
        let batch = like.and_then(|(name, shape)| {
            let at = shape.iter().position(|dim| matches!(dim, Dim::Batch(_)))?;
            let Dim::Batch(times) = shape[at] else { return None };
            Some((name, at, times))
        });
        let lengths = match batch {
            None => self.integers(&shape.iter().map(|dim| dim.length(1) as i64).collect::<Vec<_>>()),
            Some((name, at, times)) => {
                // (lengths of one image) · (1, or the batch where it stands)
                let (whole, own, images, all) = (self.fresh(), self.fresh(), self.fresh(), self.fresh());
                let at = self.integers(&[at as i64]);
                let times = self.integers(&[times as i64]);
                self.op("Shape", &[name], &whole, &[]);
                self.op("Gather", &[&whole, &at], &own, &[]);
                self.op("Div", &[&own, &times], &images, &[]);
                let parts: Vec<String> = shape
                    .iter()
                    .map(|dim| match dim {
                        Dim::Fixed(length) => self.integers(&[*length as i64]),
                        Dim::Batch(times) => {
                            let (times, length) = (self.integers(&[*times as i64]), self.fresh());
                            self.op("Mul", &[&images, &times], &length, &[]);
                            length
                        }
                    })
                    .collect();
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                self.op("Concat", &parts, &all, &[Attribute::Integer("axis", 0)]);
                all
            }
        };
        self.op("Expand", &[x, &lengths], &output, &[]);
        output
    }
}

/// The first value that has the batch.
fn names_of_image<'a>(names: &[&'a str], given: &[&'a Shape]) -> Option<(&'a str, &'a Shape)> {
    let has_batch = |(_, shape): &(&&str, &&Shape)| shape.iter().any(|dim| matches!(dim, Dim::Batch(_)));
    names.iter().zip(given).find(has_batch).map(|(name, shape)| (*name, *shape))
}
