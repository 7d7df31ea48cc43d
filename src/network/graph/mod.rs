//! Networks that somebody else has laid out: a graph of operations becomes a chain of named stages.
//!
//! A family (see [`super::families`]) is described in this program. A graph comes from a file, such
//! as ONNX, and stands in the manifest line by line, one node a line in JSON. From there on it is a
//! network like any other: it is cut at the tensors that every path from the image to the scores
//! passes ([`cut`]), and between two cuts lies a stage. So maps can be taken from any of them, and
//! dropout, gradients and randomisation work as on networks of our own.
//!
//! Convolutions, pooling and what rides on them run on the blocked kernels ([`super::nchw16c`]);
//! everything else is put together from candle's operations ([`build`]).
//!
//! A graph is checked before anything is built: every node has a shape ([`shape::infer`]), takes
//! only nodes before it, is used, and depends on the image.

mod arithmetic;
pub mod attention;
pub mod axes;
pub mod beside;
pub mod build;
pub mod cut;
pub mod draw;
mod function;
mod normalize;
pub mod op;
mod pooling;
mod segment;
pub mod shape;
mod shaped_conv;
pub mod trace;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use op::{Node, Op};
use shape::{Dim, Shape, infer};

/// Most nodes of a graph; the largest published classifiers have a few thousand.
pub const MOST_NODES: usize = 20_000;

/// Most products that a network may sum for one image; the largest published classifiers need half
/// of them.
const MOST_PRODUCTS: u64 = 1 << 40;
/// Most values that all nodes may make of one image.
const MOST_MADE: u64 = 1 << 33;

/// What a pass over one image makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Values of all nodes.
    pub values: u64,
    /// Products that they are sums of.
    pub products: u64,
}

/// Why a graph is no network.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    #[error("the graph has {0} nodes; there are 1–{MOST_NODES}")]
    Nodes(usize),
    #[error("the node {node} of the graph ({title}{path}) takes a node that does not stand before it")]
    Order { node: usize, title: &'static str, path: String },
    #[error("the node {node} of the graph ({title}{path}) {cause}")]
    Node { node: usize, title: &'static str, path: String, cause: String },
    #[error("the node {node} of the graph ({title}{path}) is used by no other")]
    Unused { node: usize, title: &'static str, path: String },
    #[error("the node {node} of the graph ({title}{path}) does not depend on the image")]
    Fixed { node: usize, title: &'static str, path: String },
    #[error("the graph gives {0} and not one score a class")]
    Output(String),
    #[error("the graph takes an image of {0:?}; it needs 1 or 3 channels and sides of 1–4096")]
    Input([usize; 3]),
    #[error("the graph computes {0} products and {1} values of an image, more than any network needs")]
    TooMuch(u64, u64),
    #[error("two tensors of the graph are called “{0}”")]
    Twice(String),
    #[error("a line of the graph is not one: {0}")]
    Line(String),
}

/// A network as nodes in the order in which they are computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Channels, rows and columns of the image.
    pub input: [usize; 3],
    pub nodes: Vec<Node>,
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    image: [usize; 3],
}

impl Graph {
    /// Shapes of the image and of every node's output, in their order.
    ///
    /// # Errors
    /// A sentence that names the node.
    pub fn shapes(&self) -> Result<Vec<Shape>, GraphError> {
        let [c, h, w] = self.input;
        if ![1, 3].contains(&c) || [h, w].iter().any(|side| !(1..=4096).contains(side)) {
            return Err(GraphError::Input(self.input));
        }
        if !(1..=MOST_NODES).contains(&self.nodes.len()) {
            return Err(GraphError::Nodes(self.nodes.len()));
        }
        let mut shapes: Vec<Shape> = vec![vec![Dim::Batch(1), Dim::Fixed(c), Dim::Fixed(h), Dim::Fixed(w)]];
        for (i, node) in self.nodes.iter().enumerate() {
            let at = |(title, path)| (i + 1, title, path);
            if node.inputs.iter().any(|input| *input > i) {
                let (node, title, path) = at(named(node));
                return Err(GraphError::Order { node, title, path });
            }
            let inputs: Vec<&[Dim]> = node.inputs.iter().map(|input| shapes[*input].as_slice()).collect();
            let shape = infer(&node.does, &inputs).map_err(|cause| {
                let (node, title, path) = at(named(node));
                GraphError::Node { node, title, path, cause }
            })?;
            shapes.push(shape);
        }
        Ok(shapes)
    }

    /// What a pass over one image makes.
    ///
    /// # Errors
    /// As [`Self::shapes`].
    pub fn extent(&self) -> Result<Extent, GraphError> {
        Ok(self.extent_of(&self.shapes()?))
    }

    fn extent_of(&self, shapes: &[Shape]) -> Extent {
        self.nodes.iter().zip(&shapes[1..]).fold(Extent::default(), |all, (node, shape)| {
            let given: Vec<&[Dim]> = node.inputs.iter().map(|input| shapes[*input].as_slice()).collect();
            Extent {
                values: all.values.saturating_add(shape::values(shape).unwrap_or(usize::MAX) as u64),
                products: all.products.saturating_add(shape::products(&node.does, &given, shape)),
            }
        })
    }

    /// Whether it can be run; yields the shapes of the image and of every node.
    ///
    /// # Errors
    /// A sentence that names the node.
    pub fn check(&self) -> Result<Vec<Shape>, GraphError> {
        let shapes = self.shapes()?;
        let (mut used, mut varies) = (vec![false; shapes.len()], vec![true]);
        let mut names = std::collections::HashSet::new();
        for (i, node) in self.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|input| used[*input] = true);
            varies.push(node.inputs.iter().any(|input| varies[*input]));
            if !varies[i + 1] && !matches!(node.does, Op::Constant { .. }) {
                let (title, path) = named(node);
                return Err(GraphError::Fixed { node: i + 1, title, path });
            }
            if let Some((twice, _)) = node.does.parameters().into_iter().find(|(name, _)| !names.insert(name.clone())) {
                return Err(GraphError::Twice(twice));
            }
        }
        let extent = self.extent_of(&shapes);
        if extent.products > MOST_PRODUCTS || extent.values > MOST_MADE {
            return Err(GraphError::TooMuch(extent.products, extent.values));
        }
        let last = self.nodes.len();
        if let Some(i) = (0..last).find(|i| !used[*i]) {
            let (title, path) = i.checked_sub(1).map_or(("image", String::new()), |i| named(&self.nodes[i]));
            return Err(GraphError::Unused { node: i, title, path });
        }
        match shapes[last].as_slice() {
            [Dim::Batch(1), Dim::Fixed(_)] if varies[last] => Ok(shapes),
            other => Err(GraphError::Output(shape::words(other))),
        }
    }

    /// Scores that come out.
    pub fn outputs(&self) -> usize {
        let shapes = self.shapes().unwrap_or_default();
        shapes.last().and_then(|shape| shape.last()).map_or(0, |dim| dim.length(1))
    }

    /// The last layer with weights, if it is a linear one that the scores come out of.
    pub fn head(&self) -> Option<&str> {
        match &self.nodes.last()?.does {
            Op::Linear { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The convolution that sees the image, if nothing but it does and no channels are apart there.
    pub fn stem(&self) -> Option<&str> {
        let mut users = self.nodes.iter().filter(|node| node.inputs.contains(&0));
        match (users.next().map(|node| &node.does), users.next()) {
            (Some(Op::Conv { name, groups: 1, .. }), None) => Some(name),
            _ => None,
        }
    }

    /// The same graph for an image of so many channels and so many scores, where stem and head are
    /// layers that can be given others.
    #[must_use]
    pub fn with_ends(&self, channels: usize, classes: usize) -> Self {
        let mut graph = self.clone();
        if let Some(stem) = self.stem().map(ToOwned::to_owned) {
            graph.input[0] = channels;
            for node in &mut graph.nodes {
                if let Op::Conv { name, inputs, .. } = &mut node.does
                    && *name == stem
                {
                    *inputs = channels;
                }
            }
        }
        if let Some(Op::Linear { outputs, .. }) = graph.nodes.last_mut().map(|node| &mut node.does) {
            *outputs = classes;
        }
        graph
    }

    /// The lines of a manifest.
    fn lines(&self) -> serde_json::Result<String> {
        let mut text = serde_json::to_string(&Head { image: self.input })?;
        for node in &self.nodes {
            text.push('\n');
            text.push_str(&serde_json::to_string(node)?);
        }
        Ok(text)
    }

    fn parse(text: &str) -> Result<Self, GraphError> {
        let line = |error: serde_json::Error| GraphError::Line(error.to_string());
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let head: Head = serde_json::from_str(lines.next().unwrap_or_default()).map_err(line)?;
        let nodes = lines.take(MOST_NODES + 1).map(|text| serde_json::from_str(text).map_err(line));
        Ok(Self { input: head.image, nodes: nodes.collect::<Result<_, _>>()? })
    }
}

/// The operation of a node, and where it stands in words.
fn named(node: &Node) -> (&'static str, String) {
    let path = if node.path.is_empty() { String::new() } else { format!(" “{}”", node.path) };
    (node.does.title(), path)
}

impl Serialize for Graph {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.lines().map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Graph {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
