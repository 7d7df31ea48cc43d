//! A node on its way into the graph: its inputs, its attributes, and what is asked of both.

use super::builder::{Builder, NodeResult, Value};
use super::known::Known;
use super::proto::Node;
use crate::network::graph::op::{Function, Op};

/// How many times as much work a value is whose axes change places as one that is added to.
const TURNED: usize = 4;

/// What is known of the file beside its nodes.
pub(super) struct About {
    pub opset: i64,
    /// Batch that lengths in the file were written for.
    pub exported: usize,
    /// Rate of the last dropout that the file names.
    pub dropout: Option<f32>,
}

/// A node on its way into the graph.
pub(super) struct Reading<'b, 'a> {
    pub to: &'b mut Builder<'a>,
    pub node: &'a Node<'a>,
    pub about: &'b mut About,
    /// Its inputs; `None` where one is left out.
    pub inputs: Vec<Option<Value<'a>>>,
}

impl<'a> Reading<'_, 'a> {
    pub(super) fn input(&self, at: usize) -> NodeResult<Value<'a>> {
        self.optional(at).ok_or_else(|| format!("lacks its input {}", at + 1))
    }

    pub(super) fn optional(&self, at: usize) -> Option<Value<'a>> {
        self.inputs.get(at).cloned().flatten()
    }

    /// An input that must be known before any image.
    pub(super) fn known(&self, at: usize) -> NodeResult<Known> {
        match self.input(at)? {
            Value::Known(known) => Ok(known),
            _ => Err(format!("computes its input {} from the image, where a fixed one is expected", at + 1)),
        }
    }

    /// Whole numbers of an attribute, or of an input in newer opsets.
    pub(super) fn list(&self, attribute: &str, at: usize) -> NodeResult<Option<Vec<i64>>> {
        if let Some(list) = self.node.integers(attribute) {
            return Ok(Some(list.to_vec()));
        }
        match self.optional(at) {
            Some(_) => self.known(at)?.integers().map(Some),
            None => Ok(None),
        }
    }

    /// The operation on what is given: computed now where all of it is known.
    pub(super) fn apply(&mut self, op: Op, inputs: &[Value<'a>]) -> NodeResult<Value<'a>> {
        let known: Option<Vec<&Known>> =
            inputs.iter().map(|value| if let Value::Known(known) = value { Some(known) } else { None }).collect();
        if let Some(known) = known {
            let known = Known::moved(&op, &known)?;
            // What changes its order is copied value by value.
            let each = if matches!(op, Op::Transpose { .. }) { TURNED } else { 1 };
            self.to.labour(known.fixed.elem_count().saturating_mul(each)).map_err(|error| error.to_string())?;
            return Ok(Value::Known(known));
        }
        let inputs = inputs.iter().map(|value| self.to.operand(value)).collect::<NodeResult<Vec<usize>>>()?;
        self.to.push(op, inputs).map(Value::Node)
    }

    /// The same value under another name.
    pub(super) fn same(&mut self) -> NodeResult<Value<'a>> {
        let value = self.input(0)?;
        if let Value::Node(node) = value {
            self.to.release(node);
        }
        Ok(value)
    }

    pub(super) fn function(&mut self, function: Function) -> NodeResult<Value<'a>> {
        match self.input(0)? {
            Value::Node(node) => self.to.function(node, function).map(Value::Node),
            known => self.apply(Op::Map { function }, &[known]),
        }
    }
}
