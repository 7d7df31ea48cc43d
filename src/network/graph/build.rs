//! From a checked graph to a chain of stages: every node becomes a layer of ours where there is one
//! that fits, and candle's operations else.

use std::collections::HashMap;
use std::sync::OnceLock;

use candle_core::{Device, Tensor};

use super::arithmetic::{self, plain};
use super::attention::{Known, attentions};
use super::axes::{Axis, Lay, axes, lay};
use super::cut::{Cut, cut};
use super::function::{activation, apply, bears_empty_lanes};
use super::op::{Function, Op, Pair, Window};
use super::segment::{Call, Context, Segment, Step, Unit, run};
use super::shape::{Dim, Shape, infer, map};
use super::shaped_conv::{self, ShapedConv};
use super::{Graph, beside, normalize, pooling};
use crate::Result;
use crate::layers::activation::Activation;
use crate::layers::layer_norm::LayerNorm;
use crate::layers::softmax::softmax;
use crate::layers::token_linear::TokenLinear;
use crate::layers::{MaxPool, channels};
use crate::layout::Layout;
use crate::load::TrainedTensors;
use crate::source::{Chain, ConvSpec, Start, TRANSFORMER_SD, TensorSource};
use crate::weights::{TensorFile, WeightError};
use crate::{Layer as _, Mode};

/// Most products of two matrices that are multiplied at import.
const MOST_PRODUCTS: usize = 1 << 32;

/// Adds the stages of `graph` to a chain, with a dropout before the head where its rate is above 0.
pub(crate) fn describe<S: TensorSource>(graph: &Graph, dropout: f32, to: &mut Chain<'_, S>) -> Result<(), S::Error> {
    let shapes = graph.check().map_err(|error| candle_core::Error::Msg(error.to_string()))?;
    let axes = axes(&graph.nodes, &shapes);
    let cuts = cut(&graph.nodes);
    let read = beside::read(&graph.nodes, &shapes, &axes);
    let weighs = |cut: &Cut| {
        let real = cut.nodes.iter().filter(|i| !matches!(graph.nodes[**i - 1].does, Op::Constant { .. }));
        real.clone().any(|i| !graph.nodes[*i - 1].does.parameters().is_empty())
    };
    let head = cuts.iter().rposition(weighs);
    let attention = attentions(&Known { graph, shapes: &shapes, axes: &axes }, &cuts);
    let mut constants = HashMap::new();
    let (mut before, mut known) = (0, [graph.input[1], graph.input[2]]);
    for (number, cut) in cuts.iter().enumerate() {
        if Some(number) == head && number > 0 && dropout > 0.0 {
            to.dropout(if cuts.iter().any(|cut| cut.name == "dropout") { "head-dropout" } else { "dropout" }, dropout);
        }
        let last = cut.nodes.last().copied().unwrap_or_default();
        let steps = steps(graph, cut, before, &shapes, &mut constants, to.source)?;
        // Stages without places keep those that were known.
        let after = sides(&axes[last], &shapes[last]).unwrap_or(known);
        let maps = matches!(lay(&axes[last], &shapes[last]), Some(Lay::ChannelsFirst { .. }));
        let attention = match &attention {
            Ok(found) => Ok(found
                .iter()
                .find(|(piece, _)| *piece == number)
                .and_then(|(_, softmax)| cut.nodes.iter().position(|value| value == softmax))),
            Err(reason) => Err(reason.clone()),
        };
        let segment = Segment {
            steps,
            maps,
            input: shapes[before].clone(),
            output: shapes[last].clone(),
            sides: [known, after],
            attention,
        };
        let layout = match lay(&axes[last], &shapes[last]) {
            Some(Lay::ChannelsFirst { channels, .. }) => Layout::Maps { channels },
            Some(Lay::ChannelsLast { channels, .. }) => Layout::ChannelsLast { carried: 0, channels },
            Some(Lay::Tokens { prefix, channels, .. }) if read[last] => {
                let carried = beside::carried(&graph.nodes, &shapes, last).unwrap_or(0);
                Layout::Tokens { prefix, carried, channels: channels - carried }
            }
            // Tokens whose places nothing reads any more have no map.
            Some(Lay::Tokens { .. }) | None => Layout::Vector,
        };
        to.stage(&cut.name, layout, segment);
        (before, known) = (last, after);
    }
    Ok(())
}

/// What an operation without parameters makes of tensors that do not depend on the image.
///
/// # Errors
/// The second half of a sentence that says what does not fit.
pub fn compute(op: &Op, inputs: &[Tensor]) -> Result<Tensor, String> {
    let fixed = |x: &Tensor| x.dims().iter().map(|length| Dim::Fixed(*length)).collect::<Shape>();
    let given: Vec<Shape> = inputs.iter().map(fixed).collect();
    let shape = infer(op, &given.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    if let (Op::MatMul, [a, _]) = (op, inputs) {
        let rows = a.dims().last().copied().unwrap_or(1);
        if shape.iter().map(|dim| dim.length(1)).product::<usize>().saturating_mul(rows) > MOST_PRODUCTS {
            return Err("multiplies larger matrices of weights than any network does".into());
        }
    }
    let tensors = TensorFile::new(HashMap::new());
    let run = || {
        let mut source = TrainedTensors { tensors: &tensors, device: &Device::Cpu };
        let unit = unit(op, given, shape, &mut source)?;
        let y = run(&unit, inputs, Context { n: 1, mode: Mode::Inference })?;
        Ok(y.contiguous()?)
    };
    run().map_err(|error: WeightError| format!("cannot be computed: {error}"))
}

/// Rows and columns of maps.
fn sides(axes: &[Axis], shape: &[Dim]) -> Option<[usize; 2]> {
    match lay(axes, shape)? {
        Lay::ChannelsFirst { rows, columns, .. }
        | Lay::ChannelsLast { rows, columns, .. }
        | Lay::Tokens { rows, columns, .. } => Some([rows, columns]),
    }
}

/// The steps of a stage.
fn steps<S: TensorSource>(
    graph: &Graph,
    cut: &Cut,
    before: usize,
    shapes: &[Shape],
    constants: &mut HashMap<usize, Tensor>,
    source: &mut S,
) -> Result<Vec<Step>, S::Error> {
    let mut slots = HashMap::from([(before, 0)]);
    let mut steps = Vec::with_capacity(cut.nodes.len());
    let mut last_use = vec![0; cut.nodes.len() + 1];
    for (at, number) in cut.nodes.iter().enumerate() {
        let node = &graph.nodes[number - 1];
        let lost = || candle_core::Error::Msg(format!("the node {number} of the graph reaches over a cut"));
        let slot = |input: &usize| slots.get(input).copied().ok_or_else(lost);
        let inputs = node.inputs.iter().map(slot).collect::<Result<Vec<usize>>>()?;
        inputs.iter().for_each(|slot| last_use[*slot] = at);
        let given: Vec<Shape> = node.inputs.iter().map(|input| shapes[*input].clone()).collect();
        let unit = match &node.does {
            Op::Constant { name, shape, values } => {
                let tensor = match constants.get(number) {
                    Some(tensor) => tensor.clone(),
                    None => constant(name, shape, values, source)?,
                };
                constants.insert(*number, tensor.clone());
                Unit::Fixed(tensor)
            }
            op => unit(op, given, shapes[*number].clone(), source)?,
        };
        slots.insert(*number, at + 1);
        steps.push(Step { unit, inputs, done: Vec::new() });
    }
    for (slot, at) in last_use.iter().enumerate().take(cut.nodes.len()) {
        steps[*at].done.push(slot);
    }
    Ok(steps)
}

fn constant<S: TensorSource>(name: &str, shape: &[usize], values: &[f32], source: &mut S) -> Result<Tensor, S::Error> {
    if values.is_empty() {
        return source.parameter(name, shape, Start::Normal(TRANSFORMER_SD));
    }
    Ok(Tensor::from_vec(values.to_vec(), shape, &source.device())?)
}

/// A call of one input.
fn of_one(f: impl Fn(&Tensor, Context) -> Result<Tensor> + Send + Sync + 'static) -> Unit {
    Unit::Call(Box::new(move |inputs: &[Tensor], context| f(&inputs[0], context)))
}

/// Lengths for `n` images.
fn lengths(shape: &[Dim], n: usize) -> Vec<usize> {
    shape.iter().map(|dim| dim.length(n)).collect()
}

fn unit<S: TensorSource>(op: &Op, given: Vec<Shape>, shape: Shape, source: &mut S) -> Result<Unit, S::Error> {
    let first = given[0].clone();
    let channels = map(&first).map(|[c, ..]| c);
    Ok(match op.clone() {
        // Handled where stages are put together.
        Op::Constant { name, shape, values } => Unit::Fixed(constant(&name, &shape, &values, source)?),
        Op::Conv { name, inputs, outputs, groups, window, then } => {
            let size = [inputs, outputs, groups];
            conv(&name, size, window, then, &given, source)?
        }
        Op::Linear { name, inputs, outputs } => {
            let linear = source.linear(&name, inputs, outputs)?;
            if first.len() == 2 {
                return Ok(Unit::Layer(Box::new(linear)));
            }
            let linear = TokenLinear::new(linear.weight, Some(linear.bias), Activation::None);
            of_one(move |x, context| linear.forward(&plain(x, &first)?.contiguous()?, context.mode))
        }
        Op::Scale { name, axis, channels } => {
            let [weight, bias] = both(&name, &[channels], source)?;
            of_one(move |x, _| normalize::scale(&plain(x, &first)?, &weight, &bias, axis))
        }
        Op::LayerNorm { name, shape, epsilon } => {
            let [weight, bias] = both(&name, &shape, source)?;
            if shape.len() == 1 {
                let norm = LayerNorm { weight, bias, epsilon };
                return Ok(of_one(move |x, _| norm.normed(&plain(x, &first)?)));
            }
            of_one(move |x, _| normalize::layer(&plain(x, &first)?, &weight, &bias, epsilon))
        }
        Op::InstanceNorm { name, channels, epsilon } => {
            let [weight, bias] = both(&name, &[channels], source)?;
            of_one(move |x, _| normalize::instance(&plain(x, &first)?, &weight, &bias, epsilon))
        }
        Op::Prelu { name, channels } => {
            let weight = source.parameter(&format!("{name}.weight"), &[channels], Start::Value(1.0))?;
            of_one(move |x, _| {
                let x = plain(x, &first)?;
                let mut shape = vec![1; x.rank()];
                shape[usize::from(channels != 1)] = channels;
                x.relu()? - x.neg()?.relu()?.broadcast_mul(&weight.reshape(shape)?)?
            })
        }
        Op::Map { function } => function_unit(function, first),
        Op::MaxPool { window } => {
            let [_, h, w] = map(&first).unwrap_or_default();
            let (k, s) = pooling::square(&window)?;
            match shaped_conv::even(&window, k, s, h, w).filter(|g| g.windows_see_input()) {
                Some(g) => Unit::Layer(Box::new(MaxPool(g))),
                None => of_one(move |x, context| pooling::largest(x, &window, h, w, context.mode)),
            }
        }
        Op::AveragePool { window, whole } => {
            pooling::square(&window)?;
            let [c, h, w] = map(&first).unwrap_or_default();
            of_one(move |x, _| pooling::mean(x, &window, whole, c, [h, w]))
        }
        Op::Reduce { fold, axes, keep } => of_one(move |x, _| {
            let maps = channels.filter(|_| crate::nchw16c::is_blocked(x) && first.len() == 4);
            pooling::reduce(x, fold, &axes, keep, maps)
        }),
        Op::Softmax { axis } if axis + 1 == first.len() => of_one(move |x, _| softmax(&plain(x, &first)?, 1.0)),
        Op::Softmax { axis } => of_one(move |x, _| candle_nn::ops::softmax(&plain(x, &first)?, axis)),
        Op::LogSoftmax { axis } => of_one(move |x, _| candle_nn::ops::log_softmax(&plain(x, &first)?, axis)),
        Op::Pair { pair } => joined(pair, given),
        Op::MatMul => Unit::Call(Box::new(move |inputs, _| {
            arithmetic::product(&plain(&inputs[0], &given[0])?, &plain(&inputs[1], &given[1])?)
        })),
        Op::Concat { axis } => Unit::Call(side_by_side(axis, given, shape)),
        Op::Slice { axis, from, length, step } => of_one(move |x, _| {
            let x = plain(x, &first)?;
            if step == 1 {
                return x.narrow(axis, from, length);
            }
            let numbers = Tensor::from_iter((0..length).map(|i| (from + i * step) as u32), x.device())?;
            x.contiguous()?.index_select(&numbers, axis)
        }),
        Op::Pick { axis, numbers } => of_one(move |x, _| {
            let x = plain(x, &first)?;
            x.contiguous()?.index_select(&Tensor::new(numbers.as_slice(), x.device())?, axis)
        }),
        Op::Transpose { order } => of_one(move |x, _| plain(x, &first)?.permute(order.as_slice())?.contiguous()),
        Op::Reshape { .. } => {
            of_one(move |x, context| plain(x, &first)?.contiguous()?.reshape(lengths(&shape, context.n)))
        }
        Op::Expand { .. } => {
            of_one(move |x, context| plain(x, &first)?.broadcast_as(lengths(&shape, context.n))?.contiguous())
        }
        Op::Pad { axis, before, behind } => of_one(move |x, _| plain(x, &first)?.pad_with_zeros(axis, before, behind)),
        Op::Resize { rows, columns, between } => {
            of_one(move |x, _| pooling::resize(&plain(x, &first)?, rows, columns, between))
        }
        Op::ResponseNorm { size, alpha, beta, bias } => {
            of_one(move |x, _| normalize::response(&plain(x, &first)?, size, alpha, beta, bias))
        }
    })
}

/// `{name}.weight`, ones to begin with, and `{name}.bias`, zeros.
fn both<S: TensorSource>(name: &str, shape: &[usize], source: &mut S) -> Result<[Tensor; 2], S::Error> {
    let weight = source.parameter(&format!("{name}.weight"), shape, Start::Value(1.0))?;
    Ok([weight, source.parameter(&format!("{name}.bias"), shape, Start::Value(0.0))?])
}

fn function_unit(function: Function, given: Shape) -> Unit {
    let first = matches!(given.first(), Some(Dim::Batch(_)));
    of_one(move |x, context| {
        let x = if bears_empty_lanes(function) { x.clone() } else { plain(x, &given)? };
        apply(function, &x, context.mode, first)
    })
}

fn joined(pair: Pair, given: Vec<Shape>) -> Unit {
    Unit::Call(Box::new(move |inputs, _| arithmetic::pair(pair, [&inputs[0], &inputs[1]], [&given[0], &given[1]])))
}

/// Tensors one behind the other along an axis; what every image shares is repeated for each.
fn side_by_side(axis: usize, given: Vec<Shape>, shape: Shape) -> Call {
    Box::new(move |inputs, context| {
        let maps: Option<Vec<usize>> = given.iter().map(|shape| map(shape).map(|[c, ..]| c)).collect();
        if let Some(own) = maps.filter(|_| axis == 1 && inputs.iter().any(|x| x.rank() == 5)) {
            return channels::concat(&inputs.iter().zip(own).collect::<Vec<_>>());
        }
        let part = |(x, own): (&Tensor, &Shape)| {
            let mut lengths = lengths(&shape, context.n);
            lengths[axis] = own[axis].length(context.n);
            plain(x, own)?.broadcast_as(lengths)?.contiguous()
        };
        Tensor::cat(&inputs.iter().zip(&given).map(part).collect::<Result<Vec<_>>>()?, axis)
    })
}

fn conv<S: TensorSource>(
    name: &str,
    [inputs, outputs, groups]: [usize; 3],
    window: Window,
    then: Option<Function>,
    given: &[Shape],
    source: &mut S,
) -> Result<Unit, S::Error> {
    let [_, h, w] = map(&given[0]).unwrap_or_default();
    let depthwise = groups > 1 && groups == inputs && groups == outputs;
    let after = then.and_then(activation).unwrap_or_default();
    if let Some(geometry) = shaped_conv::plain(&window, h, w).filter(|_| groups == 1 || depthwise) {
        let spec =
            ConvSpec { bias: true, depthwise, activation: after, ..ConvSpec::new(name, inputs, outputs, geometry) };
        let unit = source.conv(&spec)?;
        return Ok(if given.len() == 2 { Unit::Added(unit) } else { Unit::Layer(Box::new(unit)) });
    }
    let [rows, columns] = window.kernel;
    // He's initialisation, as for all convolutions.
    let start = Start::Normal((2.0 / (outputs * rows * columns) as f64).sqrt());
    let weight = source.parameter(&format!("{name}.weight"), &[outputs, inputs / groups, rows, columns], start)?;
    let bias = source.parameter(&format!("{name}.bias"), &[outputs], Start::Value(0.0))?;
    let added = given.len() == 2;
    let activation = if added { Activation::None } else { after };
    let conv = ShapedConv { weight, bias, inputs, groups, window, activation, packed: OnceLock::new() };
    if !added {
        return Ok(Unit::Layer(Box::new(conv)));
    }
    let branch = given[1].clone();
    let first = matches!(branch.first(), Some(Dim::Batch(_)));
    Ok(Unit::Call(Box::new(move |x, context| {
        let y = conv.forward(&x[0], context.mode)?;
        let y = arithmetic::pair(Pair::Add, [&y, &x[1]], [&branch, &branch])?;
        then.map_or(Ok(y.clone()), |then| apply(then, &y, context.mode, first))
    })))
}
