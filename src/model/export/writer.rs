//! The parts of an ONNX graph, written one after the other.

use candle_core::{DType, Tensor};

use super::ExportError;
use super::wire::Message;

/// Kinds of numbers of a tensor.
pub(super) const FLOAT: i64 = 1;
const INT64: i64 = 7;
/// Most bytes of a message.
pub(super) const MOST: usize = i32::MAX as usize;

/// An attribute of a node.
pub(super) enum Attribute {
    Integer(&'static str, i64),
    Float(&'static str, f32),
    Integers(&'static str, Vec<i64>),
    Text(&'static str, &'static str),
}

/// The parts of a `GraphProto` that grow.
#[derive(Default)]
pub(super) struct Writer {
    pub nodes: Vec<Message>,
    pub initializers: Vec<Message>,
    /// Bytes of the tensors so far.
    bytes: usize,
    /// The stage that is written.
    pub path: String,
    made: usize,
}

impl Writer {
    /// Adds a node with one output.
    pub(super) fn op(&mut self, kind: &str, inputs: &[&str], output: &str, attributes: &[Attribute]) {
        let mut node = Message::default();
        for input in inputs {
            node = node.text(1, input);
        }
        self.made += 1;
        node = node.text(2, output).text(3, &format!("/{}/{kind}_{}", self.path, self.made)).text(4, kind);
        for attribute in attributes {
            let message = Message::default();
            node = node.message(
                5,
                &match attribute {
                    Attribute::Integer(name, value) => message.text(1, name).number(3, *value).number(20, 2),
                    Attribute::Float(name, value) => message.text(1, name).float(2, *value).number(20, 1),
                    Attribute::Integers(name, values) => message.text(1, name).numbers(8, values).number(20, 7),
                    Attribute::Text(name, text) => message.text(1, name).text(4, text).number(20, 3),
                },
            );
        }
        self.nodes.push(node);
    }

    /// A name that no value has yet.
    pub(super) fn fresh(&mut self) -> String {
        self.made += 1;
        format!("inner_{}", self.made)
    }

    /// A list of whole numbers; yields its name.
    pub(super) fn integers(&mut self, values: &[i64]) -> String {
        let name = self.fresh();
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let tensor =
            Message::default().numbers(1, &[values.len() as i64]).number(2, INT64).text(8, &name).bytes(9, &raw);
        self.initializers.push(tensor);
        name
    }

    /// One number; yields its name.
    pub(super) fn scalar(&mut self, value: f64) -> String {
        let name = self.fresh();
        let raw = (value as f32).to_le_bytes();
        self.initializers.push(Message::default().number(2, FLOAT).text(8, &name).bytes(9, &raw));
        name
    }

    /// A tensor under its name.
    pub(super) fn tensor(&mut self, name: &str, tensor: &Tensor) -> Result<(), ExportError> {
        let values: Vec<f32> = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        let dims: Vec<i64> = tensor.dims().iter().map(|d| *d as i64).collect();
        self.bytes += 4 * values.len();
        if self.bytes > MOST {
            return Err(ExportError::TooLarge);
        }
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.initializers.push(Message::default().numbers(1, &dims).number(2, FLOAT).text(8, name).bytes(9, &raw));
        Ok(())
    }
}
