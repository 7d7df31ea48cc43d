//! What each operator of ONNX becomes, opsets 11 to 21: which names are known, and who reads them.
//!
//! Where all inputs are known the operator is computed now, with the same code as later; so lengths,
//! positions and laid-out weights fold away.

use super::builder::{Builder, NodeResult, Value};
use super::proto::Node;
use super::reading::{About, Reading};
use super::{einsum, elementwise, known_parts, layers, moving};
use crate::model::import::ImportError;
use crate::network::graph::op::{Fold, Function, Pair};

/// Reads a node and names what it gives.
pub(super) fn read<'a>(to: &mut Builder<'a>, node: &'a Node<'a>, about: &mut About) -> Result<(), ImportError> {
    let refused = |cause: String| ImportError::Operator { kind: node.kind.into(), name: described(node), cause };
    if !node.domain.is_empty() && node.domain != "ai.onnx" {
        return Err(ImportError::NoOperator { kind: format!("{}.{}", node.domain, node.kind), name: described(node) });
    }
    if let Some(attribute) = node.attributes.iter().find(|attribute| attribute.graph) {
        return Err(refused(format!(
            "holds a graph of its own ({}), whose course an image may change",
            attribute.name
        )));
    }
    to.path = super::names::path(node);
    let mut inputs = Vec::with_capacity(node.inputs.len());
    for name in &node.inputs {
        inputs.push(if name.is_empty() { None } else { Some(to.value(name)?) });
    }
    let mut reading = Reading { to, node, about, inputs };
    let given = match given(&mut reading) {
        Ok(Some(given)) => given,
        Ok(None) => return Err(ImportError::NoOperator { kind: node.kind.into(), name: described(node) }),
        Err(cause) => return Err(refused(cause)),
    };
    // What is computed once is kept until its last user is read; a constant counted itself.
    if node.kind != "Constant" {
        for value in &given {
            if let Value::Known(known) = value {
                to.spend(known.fixed.elem_count())?;
            }
        }
    }
    for (name, value) in node.outputs.iter().zip(given).filter(|(name, _)| !name.is_empty()) {
        to.name(name, value).map_err(refused)?;
    }
    to.drop_used(&node.inputs);
    Ok(())
}

/// A node in words.
fn described(node: &Node<'_>) -> String {
    if node.name.is_empty() { format!("that gives {}", node.outputs.first().unwrap_or(&"")) } else { node.name.into() }
}

/// What a node gives; `None` where its operator is not known.
fn given<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Option<Vec<Value<'a>>>> {
    let one = match r.node.kind {
        "Identity" | "Dropout" | "Cast" | "CastLike" => {
            if r.node.kind == "Dropout" {
                let rate = r.optional(1).and_then(|_| r.known(1).ok()?.scalar());
                let rate = rate.or_else(|| r.node.attribute("ratio").map(|a| f64::from(a.float))).unwrap_or(0.5);
                r.about.dropout = Some(rate as f32).filter(|rate| (0.0..1.0).contains(rate));
            }
            elementwise::cast(r)?
        }
        "Constant" => layers::constant(r)?,
        "Conv" => layers::conv(r)?,
        "Gemm" => layers::gemm(r)?,
        "MatMul" => layers::matmul(r)?,
        "Einsum" => einsum::einsum(r)?,
        "BatchNormalization" => layers::batch_norm(r)?,
        "LayerNormalization" => layers::layer_norm(r)?,
        "InstanceNormalization" => layers::instance_norm(r)?,
        "GroupNormalization" => layers::group_norm(r)?,
        "LRN" => layers::response_norm(r)?,
        "PRelu" => layers::prelu(r)?,
        "MaxPool" => layers::pool(r, true)?,
        "AveragePool" => layers::pool(r, false)?,
        "GlobalAveragePool" => elementwise::reduce_all(r, Fold::Mean)?,
        "GlobalMaxPool" => elementwise::reduce_all(r, Fold::Max)?,
        "ReduceMean" => elementwise::reduce(r, Fold::Mean)?,
        "ReduceSum" => elementwise::reduce(r, Fold::Sum)?,
        "ReduceMax" => elementwise::reduce(r, Fold::Max)?,
        "ReduceMin" => elementwise::reduce(r, Fold::Min)?,
        "ReduceL2" => elementwise::reduce(r, Fold::L2)?,
        "ReduceProd" => elementwise::product(r)?,
        "Softmax" => elementwise::softmax(r, false)?,
        "LogSoftmax" => elementwise::softmax(r, true)?,
        "Add" => elementwise::pair(r, Pair::Add)?,
        "Sub" => elementwise::pair(r, Pair::Sub)?,
        "Mul" => elementwise::pair(r, Pair::Mul)?,
        "Div" => elementwise::pair(r, Pair::Div)?,
        "Sum" => elementwise::several(r, Pair::Add)?,
        "Min" => elementwise::several(r, Pair::Min)?,
        "Max" => elementwise::several(r, Pair::Max)?,
        "Mean" => elementwise::mean(r)?,
        "Pow" => elementwise::power(r)?,
        "Equal" => elementwise::compare(r, |v, zero| v == zero)?,
        "Less" => elementwise::compare(r, |v, zero| v < zero)?,
        "LessOrEqual" => elementwise::compare(r, |v, zero| v <= zero)?,
        "Greater" => elementwise::compare(r, |v, zero| v > zero)?,
        "GreaterOrEqual" => elementwise::compare(r, |v, zero| v >= zero)?,
        "Mod" => elementwise::of_two_known(r, |a, b| a - b * (a / b).floor())?,
        "And" => elementwise::of_two_known(r, |a, b| f32::from(u8::from(a != 0.0 && b != 0.0)))?,
        "Or" => elementwise::of_two_known(r, |a, b| f32::from(u8::from(a != 0.0 || b != 0.0)))?,
        "Not" => elementwise::of_known(r, |v| f32::from(u8::from(v == 0.0)))?,
        "Floor" => elementwise::of_known(r, f32::floor)?,
        "Ceil" => elementwise::of_known(r, f32::ceil)?,
        "Round" => elementwise::of_known(r, f32::round_ties_even)?,
        "Where" => elementwise::choose(r)?,
        "Relu" => r.function(Function::Relu)?,
        "Sigmoid" => r.function(Function::Sigmoid)?,
        "Tanh" => r.function(Function::Tanh)?,
        "Erf" => r.function(Function::Erf)?,
        "Exp" => r.function(Function::Exp)?,
        "Log" => r.function(Function::Log)?,
        "Sqrt" => r.function(Function::Sqrt)?,
        "Neg" => r.function(Function::Neg)?,
        "Abs" => r.function(Function::Abs)?,
        "Reciprocal" => r.function(Function::Reciprocal)?,
        "Sin" => r.function(Function::Sin)?,
        "Cos" => r.function(Function::Cos)?,
        "Softplus" => r.function(Function::Softplus)?,
        "Mish" => r.function(Function::Mish)?,
        "HardSwish" => r.function(Function::HardSwish)?,
        "Swish" => r.function(Function::Silu)?,
        "HardSigmoid" => {
            let (alpha, beta) = (r.node.float("alpha", 0.2), r.node.float("beta", 0.5));
            r.function(Function::HardSigmoid { alpha, beta })?
        }
        "LeakyRelu" => r.function(Function::LeakyRelu { alpha: r.node.float("alpha", 0.01) })?,
        "Elu" => r.function(Function::Elu { alpha: r.node.float("alpha", 1.0) })?,
        "Selu" => {
            let (alpha, scale) = (r.node.float("alpha", 1.673_263_2), r.node.float("gamma", 1.050_701));
            r.function(Function::Selu { alpha, scale })?
        }
        "Gelu" => {
            let tanh = r.node.text("approximate") == Some("tanh");
            r.function(if tanh { Function::GeluTanh } else { Function::Gelu })?
        }
        "Clip" => elementwise::clip(r)?,
        "Shape" => moving::shape(r)?,
        "Size" => moving::size(r)?,
        "ConstantOfShape" => moving::constant_of_shape(r)?,
        "Range" => moving::range(r)?,
        "Reshape" => moving::reshape(r)?,
        "Flatten" => moving::flatten(r)?,
        "Squeeze" => moving::squeeze(r)?,
        "Unsqueeze" => moving::unsqueeze(r)?,
        "Transpose" => moving::transpose(r)?,
        "Concat" => moving::concat(r)?,
        "Slice" => moving::slice(r)?,
        "Split" => return moving::split(r).map(Some),
        "Gather" => moving::gather(r)?,
        "Expand" => moving::expand(r)?,
        "Tile" => moving::tile(r)?,
        "CumSum" => known_parts::running_sum(r)?,
        "ScatterND" => known_parts::scatter(r)?,
        "GatherND" => known_parts::gather_parts(r)?,
        "Pad" => moving::pad(r)?,
        "Resize" | "Upsample" => moving::resize(r)?,
        _ => return Ok(None),
    };
    Ok(Some(vec![one]))
}
