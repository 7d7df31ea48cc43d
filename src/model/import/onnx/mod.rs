//! ONNX files: a graph of standard operators becomes a network of ours.
//!
//! ```text
//! bytes ──► wire, proto ──► operators (elementwise, layers, moving) ──► builder ──► Graph and tensors
//!           borrowed         what is known folds away (known, lengths)   fusion
//! ```
//!
//! Opsets 11 to 21 of the standard operators are read, as torch.onnx (both exporters), tf2onnx, timm
//! and MONAI write them for classification; `docs/models.md` lists them. An operator that is not known
//! is named with its node. A softmax or a logistic function at the end is taken off, for scores are
//! logits here and the output head does the rest. The batch is free whatever the file says of it; the
//! size of the image is fixed.
//!
//! What it does not do: loops and branches, several images a question, scores of anything but whole
//! images, quantised weights.

mod builder;
mod einsum;
mod elementwise;
mod gelu;
mod known;
mod known_parts;
mod layers;
mod lengths;
mod moving;
mod names;
mod operators;
mod proto;
mod reading;
mod values;
mod wire;

use std::collections::HashMap;
use std::path::Path;

use candle_core::Tensor;

use super::ImportError;
use crate::files::read_regular;
use crate::limits::WEIGHT_BYTES;
use crate::model::manifest::{Head, Input};
use crate::network::architecture::Architecture;
use crate::network::graph::Graph;
use crate::network::graph::beside::put_together;
use crate::network::graph::op::{Function, Op};
use crate::network::graph::shape::Dim;
use builder::{Builder, Value};
use reading::About;

/// Operators of these versions are known.
const OPSETS: std::ops::RangeInclusive<i64> = 11..=21;

/// Notes in a file that this program writes: how images are prepared, the names of the scores, and
/// how these become probabilities, each in JSON.
pub const INPUT: &str = "pellucid.input";
pub const LABELS: &str = "pellucid.labels";
pub const HEAD: &str = "pellucid.head";

/// What an ONNX file holds.
pub struct OnnxNetwork {
    pub graph: Graph,
    pub tensors: HashMap<String, Tensor>,
    /// The program that wrote the file, and its opset.
    pub format: String,
    /// What was taken off the end, which tells how scores become probabilities.
    pub head: Option<Head>,
    /// Rate of a dropout that the file names.
    pub dropout: Option<f32>,
    /// Texts that tools leave in the file.
    pub metadata: HashMap<String, String>,
    /// Sentences on what was read otherwise than it stands there.
    pub remarks: Vec<String>,
}

impl OnnxNetwork {
    /// The architecture, with a dropout of this rate before the head.
    #[must_use]
    pub fn architecture(&self, dropout: f32) -> Architecture {
        Architecture::of_graph(self.graph.clone(), dropout)
    }

    /// How images are prepared, where this program wrote the file.
    #[must_use]
    pub fn prepared(&self) -> Option<Input> {
        self.metadata.get(INPUT).and_then(|text| serde_json::from_str(text).ok())
    }

    /// Names of the scores, where this program wrote the file.
    #[must_use]
    pub fn labels(&self) -> Option<Vec<String>> {
        self.metadata.get(LABELS).and_then(|text| serde_json::from_str(text).ok())
    }

    /// How scores become probabilities, where the file tells.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        self.head.or_else(|| self.metadata.get(HEAD).and_then(|text| serde_json::from_str(text).ok()))
    }
}

/// Whether a file that begins so may be ONNX: it tells its version of the format first.
#[must_use]
pub fn begins(head: &[u8]) -> bool {
    matches!(head, [0x08, 3..=20, next, ..] if [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42].contains(next))
}

/// Reads an ONNX file. `size` is that of the image where the file leaves it free.
///
/// # Errors
/// A sentence; the operator and its node, where one is not known.
pub fn read(path: &Path, size: usize) -> Result<OnnxNetwork, ImportError> {
    let bytes = read_regular(path, WEIGHT_BYTES).map_err(std::io::Error::from)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    from_bytes(&bytes, folder, size)
}

fn from_bytes(bytes: &[u8], folder: &Path, size: usize) -> Result<OnnxNetwork, ImportError> {
    let model = proto::Model::parse(bytes)?;
    if !OPSETS.contains(&model.opset) {
        return Err(ImportError::Opset { found: model.opset });
    }
    let (name, image) = input(&model.graph)?;
    let (size, last, exported) = image_size(&image, size)?;
    let mut remarks = Vec::new();
    let mut about = About { opset: model.opset, exported, dropout: None };
    let mut to = Builder::new(folder, &model.graph, size);
    let refused = |cause: String| ImportError::Operator { kind: "the input".into(), name: name.into(), cause };
    let first = if last { to.push(Op::Transpose { order: vec![0, 2, 3, 1] }, vec![0]).map_err(refused)? } else { 0 };
    to.name(name, Value::Node(first)).map_err(refused)?;
    for node in &model.graph.nodes {
        operators::read(&mut to, node, &mut about)?;
    }
    let output = model.graph.outputs.first().ok_or(ImportError::NoGraph)?;
    if model.graph.outputs.len() > 1 {
        remarks.push(format!(
            "The file gives {} results; the first, “{}”, is taken for the scores.",
            model.graph.outputs.len(),
            crate::printable::shortened(output.name)
        ));
    }
    let Value::Node(mut last) = to.value(output.name)? else { return Err(ImportError::NoScores("no image".into())) };
    let head = taken_off(&to, &mut last, &mut remarks);
    if let [Dim::Batch(1), Dim::Fixed(k), rest @ ..] = to.shapes[last].clone().as_slice()
        && !rest.is_empty()
        && rest.iter().all(|dim| *dim == Dim::Fixed(1))
    {
        last = to.push(Op::Reshape { shape: vec![-1, *k as i64] }, vec![last]).map_err(refused)?;
    }
    let (mut graph, tensors) = to.finish(last);
    put_together(&mut graph);
    graph.check().map_err(|error| ImportError::NoScores(error.to_string()))?;
    let format = format!("ONNX, opset {}, written by {}", model.opset, model.producer);
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let metadata = model.metadata.iter().map(own).collect();
    let dropout = about.dropout.filter(|rate| *rate > 0.0);
    Ok(OnnxNetwork { graph, tensors, format, head, dropout, metadata, remarks })
}

/// The one input that is no tensor of the file.
fn input<'a>(graph: &proto::Graph<'a>) -> Result<(&'a str, Vec<Option<i64>>), ImportError> {
    let mut stored = std::collections::HashSet::new();
    if let Some(twice) = graph.initializers.iter().find(|tensor| !stored.insert(tensor.name)) {
        return Err(ImportError::Damaged(format!("two of its tensors are called “{}”", twice.name)));
    }
    let mut free = graph.inputs.iter().filter(|info| !stored.contains(info.name));
    match (free.next(), free.count()) {
        (Some(image), 0) => Ok((image.name, image.dims.clone())),
        (None, _) => Err(ImportError::Inputs { count: 0 }),
        (Some(_), more) => Err(ImportError::Inputs { count: more + 1 }),
    }
}

/// Channels, rows and columns; whether channels stand last; and the batch that the file was written
/// for.
fn image_size(dims: &[Option<i64>], size: usize) -> Result<([usize; 3], bool, usize), ImportError> {
    let &[batch, a, b, c] = dims else { return Err(ImportError::NoImage { dims: format!("{} axes", dims.len()) }) };
    let channels = |dim: Option<i64>| dim.filter(|c| [1, 3].contains(c)).map(|c| c as usize);
    let side = |dim: Option<i64>| dim.map_or(Some(size), |s| usize::try_from(s).ok().filter(|s| *s <= 4096));
    let shape = || format!("{:?}", dims.iter().map(|d| d.unwrap_or(-1)).collect::<Vec<_>>());
    let (channels, rows, columns, last) = match (channels(a), channels(c)) {
        (Some(channels), _) => (channels, side(b), side(c), false),
        (None, Some(channels)) => (channels, side(a), side(b), true),
        // An exporter that leaves everything free.
        (None, None) if a.is_none() && c.is_none() => (3, side(b), side(c), false),
        _ => return Err(ImportError::NoImage { dims: shape() }),
    };
    let (Some(rows), Some(columns)) = (rows, columns) else { return Err(ImportError::NoImage { dims: shape() }) };
    let exported = batch.map_or(1, |batch| (batch as usize).clamp(1, 1 << 16));
    Ok(([channels, rows, columns], last, exported))
}

/// Takes off what turns scores into probabilities.
fn taken_off(to: &Builder<'_>, last: &mut usize, remarks: &mut Vec<String>) -> Option<Head> {
    let node = &to.nodes[last.checked_sub(1)?];
    let (head, what) = match node.does {
        Op::Softmax { axis: 1 } => (Head::Softmax, "softmax"),
        Op::LogSoftmax { axis: 1 } => (Head::Softmax, "logarithm of the softmax"),
        Op::Map { function: Function::Sigmoid } => (Head::Sigmoid, "logistic function"),
        _ => return None,
    };
    *last = node.inputs[0];
    remarks.push(format!(
        "The {what} at its end was taken off: scores are logits here, and the output head does the rest."
    ));
    Some(head)
}

#[cfg(test)]
mod tests;
