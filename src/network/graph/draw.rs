//! A network of ours written down as a graph: what an exporter needs.
//!
//! Every layer draws itself ([`crate::Layer::draw`]) with the values that it computes with, batch
//! norms folded as they are in use. The graph computes the same as the network in inference, for
//! images of one size.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor, bail};

use super::Graph;
use super::op::{Fold, Function, INLINE, Node, Op, Pair, Window};
use super::shape::{Dim, Shape, infer, map};
use crate::activation::Activation;
use crate::geometry::Geometry;
use crate::{Network, Result};

/// A graph that grows.
pub struct Drawing {
    graph: Graph,
    shapes: Vec<Shape>,
    tensors: HashMap<String, Tensor>,
    /// The stage that is drawn.
    path: String,
}

/// A graph and its tensors, on the CPU.
pub type Drawn = (Graph, HashMap<String, Tensor>);

impl Network {
    /// The network as a graph for images of `channels`, rows and columns.
    ///
    /// # Errors
    /// When a layer cannot be written down.
    pub fn draw(&self, input: [usize; 3]) -> Result<Drawn> {
        let [c, h, w] = input.map(Dim::Fixed);
        let shapes = vec![vec![Dim::Batch(1), c, h, w]];
        let graph = Graph { input, nodes: Vec::new() };
        let mut drawing = Drawing { graph, shapes, tensors: HashMap::new(), path: String::new() };
        let mut x = 0;
        for stage in &self.stages {
            drawing.path.clone_from(&stage.name);
            x = stage.layer.draw(&mut drawing, x)?;
        }
        Ok((drawing.graph, drawing.tensors))
    }
}

impl Drawing {
    /// Adds a node.
    pub(crate) fn push(&mut self, does: Op, inputs: &[usize]) -> Result<usize> {
        let given: Vec<&[Dim]> = inputs.iter().map(|i| self.shapes[*i].as_slice()).collect();
        let shape = infer(&does, &given)
            .map_err(|cause| candle_core::Error::Msg(format!("{} of {} {cause}", does.title(), self.path)))?;
        self.graph.nodes.push(Node { path: self.path.clone(), inputs: inputs.to_vec(), does });
        self.shapes.push(shape);
        Ok(self.graph.nodes.len())
    }

    /// Lengths of the axes of a value, for one image.
    pub(crate) fn lengths(&self, x: usize) -> Vec<usize> {
        self.shapes[x].iter().map(|dim| dim.length(1)).collect()
    }

    /// Channels, rows and columns of maps.
    pub(crate) fn map(&self, x: usize) -> Result<[usize; 3]> {
        map(&self.shapes[x]).map_or_else(|| bail!("{} takes maps", self.path), Ok)
    }

    fn keep(&mut self, name: String, tensor: &Tensor) -> Result<()> {
        let tensor = tensor.detach().to_dtype(DType::F32)?.to_device(&Device::Cpu)?.contiguous()?;
        self.tensors.insert(name, tensor);
        Ok(())
    }

    /// A name for the tensors of the next node.
    fn named(&self, kind: &str) -> String {
        format!("{}.{kind}{}", self.path, self.graph.nodes.len())
    }

    /// Weight and bias under a new name; zeros where there is no bias.
    fn both(&mut self, kind: &str, weight: &Tensor, bias: Option<&Tensor>) -> Result<String> {
        let name = self.named(kind);
        self.keep(format!("{name}.weight"), weight)?;
        let zeros = Tensor::zeros(weight.dim(0)?, DType::F32, &Device::Cpu)?;
        self.keep(format!("{name}.bias"), bias.unwrap_or(&zeros))?;
        Ok(name)
    }

    /// Values that no image decides.
    pub(crate) fn constant(&mut self, tensor: &Tensor) -> Result<usize> {
        let shape = tensor.dims().to_vec();
        if tensor.elem_count() <= INLINE {
            let values = tensor.to_device(&Device::Cpu)?.flatten_all()?.to_vec1()?;
            return self.push(Op::Constant { name: String::new(), shape, values }, &[]);
        }
        let name = self.named("constant");
        self.keep(name.clone(), tensor)?;
        self.push(Op::Constant { name, shape, values: Vec::new() }, &[])
    }

    /// `f(W ∗ x + b + skip)`; `weight` is `(O, C / groups, k, k)`.
    pub(crate) fn conv(
        &mut self,
        [weight, bias]: [Option<&Tensor>; 2],
        geometry: Geometry,
        activation: Activation,
        x: usize,
        skip: Option<usize>,
    ) -> Result<usize> {
        let Some(weight) = weight else { bail!("a convolution without a kernel") };
        let [inputs, h, w] = self.map(x)?;
        let (outputs, own, rows, columns) = weight.dims4()?;
        let window = window(geometry, [rows, columns], h, w);
        let name = self.both("conv", weight, bias)?;
        let (groups, then) = (inputs / own.max(1), function(activation));
        let op = Op::Conv { name, inputs, outputs, groups, window, then };
        let both: Vec<usize> = [x].into_iter().chain(skip).collect();
        self.push(op, &both)
    }

    /// `x·Wᵀ + b` along the last axis.
    pub(crate) fn linear(&mut self, weight: &Tensor, bias: Option<&Tensor>, x: usize) -> Result<usize> {
        let (outputs, inputs) = weight.dims2()?;
        let name = self.both("linear", weight, bias)?;
        self.push(Op::Linear { name, inputs, outputs }, &[x])
    }

    /// Layer norm over the last axis.
    pub(crate) fn layer_norm(&mut self, weight: &Tensor, bias: &Tensor, epsilon: f64, x: usize) -> Result<usize> {
        let name = self.both("norm", weight, Some(bias))?;
        self.push(Op::LayerNorm { name, shape: weight.dims().to_vec(), epsilon }, &[x])
    }

    pub(crate) fn activation(&mut self, activation: Activation, x: usize) -> Result<usize> {
        function(activation).map_or(Ok(x), |function| self.push(Op::Map { function }, &[x]))
    }

    pub(crate) fn add(&mut self, a: usize, b: usize) -> Result<usize> {
        self.push(Op::Pair { pair: Pair::Add }, &[a, b])
    }

    pub(crate) fn mul(&mut self, a: usize, b: usize) -> Result<usize> {
        self.push(Op::Pair { pair: Pair::Mul }, &[a, b])
    }

    /// To these lengths, the batch in front; `(N · times, …)` where it is not 1.
    pub(crate) fn reshape(&mut self, x: usize, times: usize, lengths: &[usize]) -> Result<usize> {
        let shape = [-(times as i64)].into_iter().chain(lengths.iter().map(|l| *l as i64)).collect();
        self.push(Op::Reshape { shape }, &[x])
    }

    pub(crate) fn transpose(&mut self, x: usize, order: &[usize]) -> Result<usize> {
        self.push(Op::Transpose { order: order.to_vec() }, &[x])
    }

    /// The mean over the pixels of maps, `(N, C)`.
    pub(crate) fn mean(&mut self, x: usize, axes: [usize; 2], keep: bool) -> Result<usize> {
        self.push(Op::Reduce { fold: Fold::Mean, axes: axes.to_vec(), keep }, &[x])
    }

    /// Windows of a pooling on maps.
    pub(crate) fn window(&self, geometry: Geometry, x: usize) -> Result<Window> {
        let [_, h, w] = self.map(x)?;
        Ok(window(geometry, [geometry.kernel; 2], h, w))
    }
}

fn window(geometry: Geometry, kernel: [usize; 2], h: usize, w: usize) -> Window {
    let pads = [geometry.before(h), geometry.before(w), geometry.behind(h), geometry.behind(w)];
    Window { kernel, stride: [geometry.stride; 2], pads, dilation: [1, 1] }
}

/// The function that an activation is.
fn function(activation: Activation) -> Option<Function> {
    match activation {
        Activation::None => None,
        Activation::Relu => Some(Function::Relu),
        Activation::Relu6 => Some(Function::Relu6),
        Activation::Silu => Some(Function::Silu),
        Activation::HardSwish => Some(Function::HardSwish),
        Activation::Gelu => Some(Function::Gelu),
        Activation::GeluTanh => Some(Function::GeluTanh),
    }
}
