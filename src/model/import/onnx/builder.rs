//! A graph of ours that grows node by node, with what was known before any image.
//!
//! What stands behind a convolution or a linear layer is taken into it where nobody else sees the
//! value in between: factors and shifts (batch normalisation among them), a branch that is added,
//! an activation. At the end only nodes that the scores need are left.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use candle_core::{DType, Device, Tensor};

use super::known::Known;
use super::names::plain;
use super::{proto, values};
use crate::limits::WEIGHT_BYTES;
use crate::model::import::ImportError;
use crate::network::graph::op::{Function, INLINE, Node, Op, Pair, Window};
use crate::network::graph::shape::{Dim, Shape, infer, map};
use crate::network::graph::{Graph, MOST_NODES};

/// What a name of the file stands for.
#[derive(Clone)]
pub(super) enum Value<'a> {
    /// A node; 0 is the image.
    Node(usize),
    Known(Known),
    /// A tensor of the file that nobody asked for yet.
    Stored(&'a proto::Tensor<'a>),
}

pub(super) use super::known::NodeResult;

pub(super) struct Builder<'a> {
    folder: &'a Path,
    pub input: [usize; 3],
    pub nodes: Vec<Node>,
    /// Of the image and of every node.
    pub shapes: Vec<Shape>,
    values: HashMap<&'a str, Value<'a>>,
    /// How often each name is still taken.
    uses: HashMap<&'a str, usize>,
    /// Names that were given to a value.
    given: HashSet<&'a str>,
    /// How often the output of each node is.
    taken: Vec<usize>,
    pub tensors: HashMap<String, Tensor>,
    names: HashSet<String>,
    /// By the name that was wanted: the number that is tried next.
    counted: HashMap<String, usize>,
    /// Where the node that is read stands.
    pub path: String,
    /// Values that may still be kept at once, and how many those were.
    left: usize,
    most: usize,
    /// Values that may still be read or computed, whatever becomes of them.
    work: usize,
}

/// Endings of the names of what a layer has, and of nothing, for its own.
const LAYER: [&str; 3] = ["", ".weight", ".bias"];

/// Values that may be kept, or copied, beside those that a file holds: 256 MiB of them.
const COMPUTED: usize = 64 << 20;
/// How many times as many may be computed one after the other: standardised kernels take a dozen
/// operations.
const WORK: usize = 4;

impl<'a> Builder<'a> {
    pub(super) fn new(folder: &'a Path, graph: &'a proto::Graph<'a>, input: [usize; 3]) -> Self {
        let mut uses: HashMap<&str, usize> = HashMap::new();
        for name in graph.nodes.iter().flat_map(|node| &node.inputs) {
            *uses.entry(name).or_default() += 1;
        }
        for output in &graph.outputs {
            *uses.entry(output.name).or_default() += 1;
        }
        let [c, h, w] = input;
        // Weights as they are read, folded and turned.
        let of_nodes = graph.nodes.iter().flat_map(|node| &node.attributes).filter_map(|one| one.tensor.as_ref());
        let held: usize = graph.initializers.iter().chain(of_nodes).map(values::held).sum();
        let most = 3 * held.min(WEIGHT_BYTES as usize / 4) + COMPUTED;
        Self {
            folder,
            input,
            nodes: Vec::new(),
            shapes: vec![vec![Dim::Batch(1), Dim::Fixed(c), Dim::Fixed(h), Dim::Fixed(w)]],
            values: graph.initializers.iter().map(|tensor| (tensor.name, Value::Stored(tensor))).collect(),
            uses,
            given: graph.initializers.iter().map(|tensor| tensor.name).collect(),
            taken: vec![2],
            tensors: HashMap::new(),
            names: HashSet::new(),
            counted: HashMap::new(),
            path: String::new(),
            left: most,
            most,
            work: most.saturating_mul(WORK),
        }
    }

    /// What a name stands for; a tensor of the file is read now.
    pub(super) fn value(&mut self, name: &'a str) -> Result<Value<'a>, ImportError> {
        let value = self.values.get(name).cloned().ok_or_else(|| ImportError::NoValue(name.into()))?;
        let Value::Stored(stored) = value else { return Ok(value) };
        self.spend(values::lengths(stored)?.1)?;
        let known = Known {
            trained: !values::is_whole(stored.kind),
            name: stored.name.to_owned(),
            ..Known::new(values::read(stored, self.folder)?, values::is_whole(stored.kind))
        };
        self.values.insert(name, Value::Known(known.clone()));
        Ok(Value::Known(known))
    }

    /// Counts values that are kept.
    pub(super) fn spend(&mut self, count: usize) -> Result<(), ImportError> {
        let many = || ImportError::TooMany { what: "values, read and computed", most: self.most };
        self.left = self.left.checked_sub(count).ok_or_else(many)?;
        self.labour(count)
    }

    /// Counts values that are computed on the way to others.
    pub(super) fn labour(&mut self, count: usize) -> Result<(), ImportError> {
        let many = || ImportError::TooMany { what: "values, computed", most: self.most.saturating_mul(WORK) };
        self.work = self.work.checked_sub(count).ok_or_else(many)?;
        Ok(())
    }

    /// Keeps a tensor beside the graph.
    fn keep(&mut self, name: String, tensor: Tensor) -> NodeResult<()> {
        self.spend(tensor.elem_count()).map_err(|error| error.to_string())?;
        if let Some(old) = self.tensors.insert(name, tensor) {
            self.left = self.left.saturating_add(old.elem_count()).min(self.most);
        }
        Ok(())
    }

    /// Counts the users of these names less by one; values that nobody takes any more are dropped.
    pub(super) fn drop_used(&mut self, names: &[&'a str]) {
        for name in names {
            let Some(uses) = self.uses.get_mut(name) else { continue };
            *uses = uses.saturating_sub(1);
            if *uses == 0
                && let Some(Value::Known(known)) = self.values.get(name)
            {
                self.left = self.left.saturating_add(known.fixed.elem_count()).min(self.most);
                self.values.remove(name);
            }
        }
    }

    /// Gives a name to a value.
    ///
    /// # Errors
    /// When it has one already.
    pub(super) fn name(&mut self, name: &'a str, value: Value<'a>) -> NodeResult<()> {
        if let Value::Node(node) = value {
            self.taken[node] += self.uses.get(name).copied().unwrap_or(0);
        }
        if !self.given.insert(name) {
            return Err(format!("gives the name “{name}” a second time"));
        }
        // What nobody takes is not kept either.
        if self.uses.get(name).is_some_and(|uses| *uses > 0) || matches!(value, Value::Node(_)) {
            self.values.insert(name, value);
        } else if let Value::Known(known) = value {
            self.left = self.left.saturating_add(known.fixed.elem_count()).min(self.most);
        }
        Ok(())
    }

    /// Counts one user of a node less: it gave the value another name, or is taken into one node
    /// with another user.
    pub(super) fn release(&mut self, node: usize) {
        self.taken[node] = self.taken[node].saturating_sub(1);
    }

    /// The input of a node that computes this function and that nobody else takes.
    pub(super) fn function_of(&self, node: usize) -> Option<(Function, usize)> {
        match self.alone(node)? {
            Op::Map { function } => Some((*function, self.nodes[node - 1].inputs[0])),
            _ => None,
        }
    }

    pub(super) fn shape(&self, value: &Value<'_>) -> Shape {
        match value {
            Value::Node(node) => self.shapes[*node].clone(),
            Value::Known(known) => known.shape().iter().map(|length| Dim::Fixed(*length)).collect(),
            Value::Stored(stored) => stored.dims.iter().map(|dim| Dim::of(*dim)).collect(),
        }
    }

    /// Adds a node.
    pub(super) fn push(&mut self, does: Op, inputs: Vec<usize>) -> NodeResult<usize> {
        if self.nodes.len() >= 2 * MOST_NODES {
            return Err(format!("is one of more than {MOST_NODES}"));
        }
        let given: Vec<&[Dim]> = inputs.iter().map(|i| self.shapes[*i].as_slice()).collect();
        let shape = infer(&does, &given)?;
        self.nodes.push(Node { path: self.path.clone(), inputs, does });
        self.shapes.push(shape);
        self.taken.push(0);
        Ok(self.nodes.len())
    }

    /// The node that a value is; what is known becomes a constant.
    pub(super) fn operand(&mut self, value: &Value<'a>) -> NodeResult<usize> {
        match value {
            Value::Node(node) => Ok(*node),
            Value::Stored(_) => Err("takes a tensor that was not read".into()),
            Value::Known(known) => {
                let shape = known.shape().to_vec();
                if known.per_image.is_some() {
                    return Err("computes with the size of the batch".into());
                }
                if known.fixed.elem_count() <= INLINE && !known.trained || known.fixed.elem_count() == 1 {
                    return self.push(Op::Constant { name: String::new(), shape, values: known.values()? }, Vec::new());
                }
                let own = plain(&known.name);
                let own = if own.is_empty() { format!("{}.constant", self.path) } else { own };
                let name = self.unique(&if known.trained { own } else { format!("fixed.{own}") }, &[""]);
                self.keep(name.clone(), known.fixed.contiguous().map_err(|e| e.to_string())?)?;
                self.push(Op::Constant { name, shape, values: Vec::new() }, Vec::new())
            }
        }
    }

    /// A name that with each of these endings is that of no other tensor.
    fn unique(&mut self, wanted: &str, endings: &[&str]) -> String {
        let wanted = wanted.trim_matches('.');
        let wanted = if wanted.is_empty() { "layer" } else { wanted };
        let mut name = wanted.to_owned();
        // Counting goes on where it stood: all nodes of a graph may have one name.
        let mut count = self.counted.get(wanted).copied().unwrap_or(2);
        while endings.iter().any(|ending| self.names.contains(&format!("{name}{ending}"))) {
            name = format!("{wanted}_{count}");
            count += 1;
        }
        self.counted.insert(wanted.to_owned(), count);
        self.names.extend(endings.iter().map(|ending| format!("{name}{ending}")));
        name
    }

    /// A name for a layer with parameters: that of the tensor in the file, or of its module.
    pub(super) fn layer(&mut self, weight: &Known, kind: &str) -> String {
        let own = weight.name.strip_suffix(".weight").map(plain).filter(|name| !name.is_empty());
        let own = own.unwrap_or_else(|| self.path.clone());
        self.unique(if own.is_empty() { kind } else { &own }, &LAYER)
    }

    /// Puts the parameters of a layer beside the graph.
    pub(super) fn parameters(&mut self, name: &str, weight: &Tensor, bias: &Tensor) -> NodeResult<()> {
        for (part, tensor) in [("weight", weight), ("bias", bias)] {
            let tensor = tensor.contiguous().and_then(|t| t.to_dtype(DType::F32)).map_err(|e| e.to_string())?;
            self.keep(format!("{name}.{part}"), tensor)?;
        }
        Ok(())
    }

    /// The node, if nobody else takes what it gives.
    pub(super) fn alone(&self, node: usize) -> Option<&Op> {
        let op = &self.nodes.get(node.checked_sub(1)?)?.does;
        (self.taken[node] == 1).then_some(op)
    }

    /// `x·w + b` with a factor and a shift for each channel at axis 1.
    pub(super) fn affine(&mut self, x: usize, weight: &Tensor, bias: &Tensor) -> NodeResult<usize> {
        let told = |error: candle_core::Error| format!("cannot be folded: {error}");
        let into = match self.alone(x) {
            Some(Op::Conv { name, then: None, .. }) if self.nodes[x - 1].inputs.len() == 1 => Some(name.clone()),
            Some(Op::Linear { name, .. }) if self.shapes[x].len() == 2 => Some(name.clone()),
            _ => None,
        };
        if let Some(name) = into {
            let (old, shift) =
                (self.tensors[&format!("{name}.weight")].clone(), self.tensors[&format!("{name}.bias")].clone());
            let mut shape = vec![1; old.rank()];
            shape[0] = weight.elem_count();
            let scaled = old.broadcast_mul(&weight.reshape(shape).map_err(told)?).map_err(told)?;
            let shift = (shift * weight).and_then(|shift| shift + bias).map_err(told)?;
            self.parameters(&name, &scaled, &shift)?;
            self.taken[x] = 0;
            self.moves_on(x);
            return Ok(x);
        }
        let channels = weight.elem_count();
        let name = self.unique(&if self.path.is_empty() { "scale".to_owned() } else { self.path.clone() }, &LAYER);
        if map(&self.shapes[x]).is_some_and(|[c, ..]| c == channels) {
            // A depthwise convolution of one tap, which maps stay in blocks for.
            let weight = weight.reshape((channels, 1, 1, 1)).map_err(told)?;
            self.parameters(&name, &weight, bias)?;
            let window = Window { kernel: [1, 1], stride: [1, 1], pads: [0; 4], dilation: [1, 1] };
            let conv = Op::Conv { name, inputs: channels, outputs: channels, groups: channels, window, then: None };
            return self.push(conv, vec![x]);
        }
        self.parameters(&name, weight, bias)?;
        self.push(Op::Scale { name, axis: 1, channels }, vec![x])
    }

    /// `f(x)`, into the convolution before it where there is one.
    pub(super) fn function(&mut self, x: usize, function: Function) -> NodeResult<usize> {
        let rides = matches!(
            function,
            Function::Relu
                | Function::Relu6
                | Function::Silu
                | Function::HardSwish
                | Function::Gelu
                | Function::GeluTanh
        );
        if rides && matches!(self.alone(x), Some(Op::Conv { then: None, .. })) {
            self.taken[x] = 0;
            let node = &mut self.nodes[x - 1];
            if let Op::Conv { then, .. } = &mut node.does {
                *then = Some(function);
            }
            self.moves_on(x);
            return Ok(x);
        }
        self.push(Op::Map { function }, vec![x])
    }

    /// `a + b`, into a convolution that gives one of them.
    pub(super) fn add(&mut self, a: usize, b: usize) -> NodeResult<usize> {
        if self.shapes[a] == self.shapes[b] && a != b {
            for (conv, other) in [(a, b), (b, a)] {
                let open = matches!(self.alone(conv), Some(Op::Conv { then: None, .. }));
                if open && self.nodes[conv - 1].inputs.len() == 1 {
                    let (does, x) = (self.nodes[conv - 1].does.clone(), self.nodes[conv - 1].inputs[0]);
                    // What the convolution was is left without users, and goes at the end.
                    return self.push(does, vec![x, other]);
                }
            }
        }
        self.push(Op::Pair { pair: Pair::Add }, vec![a, b])
    }

    /// A layer that what stands behind it is taken into is called like the last module of both, unless
    /// that is one that holds the layer.
    fn moves_on(&mut self, x: usize) {
        let node = &mut self.nodes[x - 1];
        if node.inputs.len() > 1 {
            // What is added belongs to the module that holds both.
            return;
        }
        let holds = self.path.is_empty() || node.path == self.path || node.path.starts_with(&format!("{}.", self.path));
        if !holds {
            node.path.clone_from(&self.path);
        }
    }

    /// Adds to the bias of the linear layer `x`; `None` where it is none.
    pub(super) fn shift_linear(&mut self, x: usize, bias: &Tensor) -> NodeResult<Option<usize>> {
        let Some(Op::Linear { name, outputs, .. }) = self.alone(x) else { return Ok(None) };
        if bias.elem_count() != *outputs || bias.dims().last() != Some(outputs) || bias.rank() > self.shapes[x].len() {
            return Ok(None);
        }
        let key = format!("{name}.bias");
        let sum = bias.flatten_all().and_then(|bias| &self.tensors[&key] + bias).map_err(|e| e.to_string())?;
        self.tensors.insert(key, sum);
        self.taken[x] = 0;
        Ok(Some(x))
    }

    /// Zeros for a bias.
    pub(super) fn zeros(length: usize) -> NodeResult<Tensor> {
        Tensor::zeros(length, DType::F32, &Device::Cpu).map_err(|e| e.to_string())
    }

    /// The graph up to `output`, without what it does not need, and its tensors.
    pub(super) fn finish(mut self, output: usize) -> (Graph, HashMap<String, Tensor>) {
        let mut needed = vec![false; self.nodes.len() + 1];
        needed[output] = true;
        for i in (1..=self.nodes.len()).rev() {
            if needed[i] {
                self.nodes[i - 1].inputs.iter().for_each(|input| needed[*input] = true);
            }
        }
        let (mut number, mut next) = (vec![0; needed.len()], 0);
        let mut nodes = Vec::new();
        for (i, mut node) in self.nodes.into_iter().enumerate().filter(|(i, _)| needed[i + 1]) {
            next += 1;
            number[i + 1] = next;
            node.inputs.iter_mut().for_each(|input| *input = number[*input]);
            nodes.push(node);
        }
        let names: HashSet<String> = nodes.iter().flat_map(|n| n.does.parameters()).map(|(name, _)| name).collect();
        self.tensors.retain(|name, _| names.contains(name));
        (Graph { input: self.input, nodes }, self.tensors)
    }
}
