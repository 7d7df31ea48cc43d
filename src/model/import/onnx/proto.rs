//! The messages of an ONNX file that a classifier is made of, borrowed from its bytes: field numbers
//! are those of `onnx.proto3`.
//!
//! Every list is counted before it grows. What training, quantisation and sparse tensors add is not
//! read; sub-graphs and functions are refused where they matter.

use super::wire::{Field, Fields};
use crate::limits::{FOREIGN_DEPTH, FOREIGN_NAME, FOREIGN_TENSORS, ONNX_LIST, ONNX_NODES};
use crate::model::import::ImportError;

/// `ModelProto`.
#[derive(Default)]
pub(super) struct Model<'a> {
    pub producer: &'a str,
    /// Version of the standard operators.
    pub opset: i64,
    pub graph: Graph<'a>,
    /// Pairs of texts that tools leave in the file.
    pub metadata: Vec<(&'a str, &'a str)>,
}

/// `GraphProto`.
#[derive(Default)]
pub(super) struct Graph<'a> {
    pub nodes: Vec<Node<'a>>,
    pub initializers: Vec<Tensor<'a>>,
    pub inputs: Vec<ValueInfo<'a>>,
    pub outputs: Vec<ValueInfo<'a>>,
}

/// `NodeProto`.
#[derive(Default)]
pub(super) struct Node<'a> {
    pub inputs: Vec<&'a str>,
    pub outputs: Vec<&'a str>,
    pub name: &'a str,
    pub kind: &'a str,
    pub domain: &'a str,
    pub attributes: Vec<Attribute<'a>>,
    pub metadata: Vec<(&'a str, &'a str)>,
}

/// `AttributeProto`.
#[derive(Default)]
pub(super) struct Attribute<'a> {
    pub name: &'a str,
    pub float: f32,
    pub integer: i64,
    pub text: &'a [u8],
    pub tensor: Option<Tensor<'a>>,
    pub integers: Vec<i64>,
    pub floats: Vec<f32>,
    pub graph: bool,
}

/// `TensorProto`.
#[derive(Clone, Default)]
pub(super) struct Tensor<'a> {
    pub name: &'a str,
    pub dims: Vec<i64>,
    /// `TensorProto.DataType`.
    pub kind: i64,
    pub raw: Option<&'a [u8]>,
    /// Packed fields of typed values, one for each time that the field stands there: its number, and
    /// what it holds.
    pub typed: Vec<(u64, Field<'a>)>,
    /// Where the values are, if they are in another file.
    pub external: Vec<(&'a str, &'a str)>,
    pub elsewhere: bool,
}

/// `ValueInfoProto` of a tensor.
#[derive(Default)]
pub(super) struct ValueInfo<'a> {
    pub name: &'a str,
    /// `None` where the length has a name or none.
    pub dims: Vec<Option<i64>>,
}

fn bounded<T>(list: &mut Vec<T>, value: T, what: &'static str, most: usize) -> Result<(), ImportError> {
    if list.len() >= most {
        return Err(ImportError::TooMany { what, most });
    }
    list.push(value);
    Ok(())
}

fn name(field: Field<'_>) -> Result<&str, ImportError> {
    let text = field.text()?;
    if text.len() > FOREIGN_NAME {
        return Err(ImportError::Damaged(format!("a name of more than {FOREIGN_NAME} letters")));
    }
    Ok(text)
}

/// `StringStringEntryProto`.
fn pair(bytes: &[u8]) -> Result<(&str, &str), ImportError> {
    let (mut fields, mut pair) = (Fields::of(bytes), ("", ""));
    while let Some((number, field)) = fields.next()? {
        match number {
            1 => pair.0 = field.text()?,
            2 => pair.1 = field.text()?,
            _ => {}
        }
    }
    Ok(pair)
}

impl<'a> Model<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ImportError> {
        let (mut fields, mut model, mut graph) = (Fields::of(bytes), Self::default(), None);
        while let Some((number, field)) = fields.next()? {
            match number {
                2 => model.producer = name(field)?,
                7 => graph = Some(field.bytes()?),
                8 => {
                    let (mut set, mut domain, mut version) = (Fields::of(field.bytes()?), "", 0);
                    while let Some((number, field)) = set.next()? {
                        match number {
                            1 => domain = name(field)?,
                            2 => version = field.integer()?,
                            _ => {}
                        }
                    }
                    if domain.is_empty() || domain == "ai.onnx" {
                        model.opset = version;
                    }
                }
                14 => bounded(&mut model.metadata, pair(field.bytes()?)?, "notes", ONNX_LIST)?,
                _ => {}
            }
        }
        model.graph = Graph::parse(graph.ok_or(ImportError::NoGraph)?)?;
        Ok(model)
    }
}

impl<'a> Graph<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, ImportError> {
        let (mut fields, mut graph) = (Fields::of(bytes), Self::default());
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => bounded(&mut graph.nodes, Node::parse(field.bytes()?)?, "nodes", ONNX_NODES)?,
                5 => bounded(&mut graph.initializers, Tensor::parse(field.bytes()?)?, "tensors", FOREIGN_TENSORS)?,
                11 => bounded(&mut graph.inputs, ValueInfo::parse(field.bytes()?)?, "inputs", FOREIGN_TENSORS)?,
                12 => bounded(&mut graph.outputs, ValueInfo::parse(field.bytes()?)?, "outputs", ONNX_LIST)?,
                15 => return Err(ImportError::Unsupported("sparse tensors".into())),
                _ => {}
            }
        }
        Ok(graph)
    }
}

impl<'a> Node<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, ImportError> {
        let (mut fields, mut node) = (Fields::of(bytes), Self::default());
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => bounded(&mut node.inputs, name(field)?, "inputs of a node", ONNX_LIST)?,
                2 => bounded(&mut node.outputs, name(field)?, "outputs of a node", ONNX_LIST)?,
                3 => node.name = name(field)?,
                4 => node.kind = name(field)?,
                5 => bounded(&mut node.attributes, Attribute::parse(field.bytes()?)?, "attributes", FOREIGN_DEPTH)?,
                7 => node.domain = name(field)?,
                9 => bounded(&mut node.metadata, pair(field.bytes()?)?, "notes", FOREIGN_DEPTH)?,
                _ => {}
            }
        }
        Ok(node)
    }

    /// The attribute called `name`.
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn integer(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |a| a.integer)
    }

    pub(super) fn float(&self, name: &str, default: f32) -> f64 {
        f64::from(self.attribute(name).map_or(default, |a| a.float))
    }

    pub(super) fn integers(&self, name: &str) -> Option<&[i64]> {
        self.attribute(name).map(|a| a.integers.as_slice())
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.attribute(name).and_then(|a| std::str::from_utf8(a.text).ok())
    }
}

impl<'a> Attribute<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, ImportError> {
        let (mut fields, mut attribute) = (Fields::of(bytes), Self::default());
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => attribute.name = name(field)?,
                2 => attribute.float = field.float()?,
                3 => attribute.integer = field.integer()?,
                4 => attribute.text = field.bytes()?,
                5 => attribute.tensor = Some(Tensor::parse(field.bytes()?)?),
                6 | 11 => attribute.graph = true,
                7 => field.floats(&mut attribute.floats, ONNX_LIST)?,
                8 => field.integers(&mut attribute.integers, ONNX_LIST)?,
                _ => {}
            }
        }
        Ok(attribute)
    }
}

impl<'a> Tensor<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, ImportError> {
        let (mut fields, mut tensor) = (Fields::of(bytes), Self { kind: 1, ..Self::default() });
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => field.integers(&mut tensor.dims, 16)?,
                2 => tensor.kind = field.integer()?,
                4..=7 | 10 | 11 => bounded(&mut tensor.typed, (number, field), "values written apart", ONNX_LIST)?,
                8 => tensor.name = name(field)?,
                9 => tensor.raw = Some(field.bytes()?),
                13 => bounded(&mut tensor.external, pair(field.bytes()?)?, "places of a tensor", 16)?,
                14 => tensor.elsewhere = field.integer()? == 1,
                _ => {}
            }
        }
        Ok(tensor)
    }
}

impl<'a> ValueInfo<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, ImportError> {
        let (mut fields, mut info) = (Fields::of(bytes), Self::default());
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => info.name = name(field)?,
                2 => info.dims = lengths(field.bytes()?)?,
                _ => {}
            }
        }
        Ok(info)
    }
}

/// The shape in a `TypeProto`.
fn lengths(kind: &[u8]) -> Result<Vec<Option<i64>>, ImportError> {
    let mut dims = Vec::new();
    let shape = |bytes, wanted| -> Result<Option<&[u8]>, ImportError> {
        let (mut fields, mut found) = (Fields::of(bytes), None);
        while let Some((number, field)) = fields.next()? {
            if number == wanted {
                found = Some(field.bytes()?);
            }
        }
        Ok(found)
    };
    let Some(tensor) = shape(kind, 1)? else { return Ok(dims) };
    let Some(shape) = shape(tensor, 2)? else { return Ok(dims) };
    let mut fields = Fields::of(shape);
    while let Some((number, field)) = fields.next()? {
        if number != 1 {
            continue;
        }
        let (mut dim, mut length) = (Fields::of(field.bytes()?), None);
        while let Some((number, field)) = dim.next()? {
            if number == 1 {
                length = Some(field.integer()?);
            }
        }
        bounded(&mut dims, length.filter(|length| *length > 0), "dimensions", 16)?;
    }
    Ok(dims)
}
