//! Published weights: files of other programs become models of this one.
//!
//! ```text
//! file ──► format (torch_file, keras, stored) ──► names and shapes ──► keys ──► fit ──► draft ──► install
//!            data only, never code                 of their maker        torchvision  report   values     manifest, weights, card
//! ```
//!
//! A foreign file is a stranger: every reader is bounded in memory, time and nesting and answers
//! damage with a sentence. A short file can claim any size, so names and shapes come first; values
//! are read only for tensors that an architecture has, in the shape that it has them in.

mod callables;
mod card;
pub mod convention;
pub mod draft;
mod elements;
pub mod fit;
pub mod format;
mod heap;
pub mod install;
mod inverted_names;
mod keras;
pub mod keras_names;
mod keys;
pub mod labels;
mod layout;
mod memory;
mod named_tensor;
pub mod onnx;
mod pickle;
pub mod preset;
mod storage;
mod torch;
mod torch_file;
mod transformer_names;

use std::path::PathBuf;

use candle_core::Tensor;

use super::manifest::ManifestError;
use super::registry::ModelError;
use crate::network::architecture::{ArchitectureError, Family};
use crate::printable::shortened;

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("there is not enough memory for it: {bytes} more bytes are needed; close other programs and try again")]
    NoMemory { bytes: u64 },
    #[error("it holds more than {most} {what}; no model needs that many")]
    TooMany { what: &'static str, most: usize },
    #[error("its modules are nested more than {most} deep")]
    TooDeep { most: usize },
    #[error("its parts name each other more often than those of any network do")]
    Tangled,
    #[error("it is cut short; copy or download it again")]
    CutShort,
    #[error("it is damaged, or not what it seems: {}", shortened(.0))]
    Damaged(String),
    #[error(
        "it is neither safetensors nor a PyTorch (.pth, .pt) nor a Keras (.h5, .keras) file; save the weights in one of these formats"
    )]
    NotWeights,
    #[error(
        "it asks Python to call {called}, which is no part of PyTorch weights: such a file can run code when PyTorch loads it. It is \
         suspicious. Nothing was run here. Do not open it in Python; ask its author for a safetensors file"
    )]
    Code { called: String },
    #[error("it is no ONNX model, for it holds no graph; export the model again")]
    NoGraph,
    #[error("it is written for opset {found} of ONNX; 11–21 are read: export it with opset_version=17")]
    Opset { found: i64 },
    #[error("it holds {0}, which are not read; export the model without them")]
    Unsupported(String),
    #[error("its graph takes {count} inputs; one, the image, is expected")]
    Inputs { count: usize },
    #[error("its input has {dims}; an image of 1 or 3 channels is expected, N × C × H × W or N × H × W × C")]
    NoImage { dims: String },
    #[error("what it gives are no scores of an image: {}", shortened(.0))]
    NoScores(String),
    #[error(
        "the operator {} is not known here (node {}); say so at the project's address, or export the model without it",
        shortened(kind),
        shortened(name)
    )]
    NoOperator { kind: String, name: String },
    #[error("{} (node {}) {}", shortened(kind), shortened(name), shortened(cause))]
    Operator { kind: String, name: String, cause: String },
    #[error("its graph takes “{}”, which nothing before gives: it is cut short, or its nodes are in a circle", shortened(.0))]
    NoValue(String),
    #[error(
        "the values of its tensor “{}” lie at “{}”, which is not in the folder of the file; such a file reads what it should not. \
         It is suspicious; put the values beside it, or save the model as one file",
        shortened(tensor),
        shortened(location)
    )]
    Outside { tensor: String, location: String },
    #[error("the file “{}” with its values, beside it, cannot be read: {source}", shortened(location))]
    Beside { location: String, source: std::io::Error },
    #[error("it holds no tensors under names; {}", ASK)]
    NoTensors,
    #[error("it is a TorchScript archive, whose network is code; {}", ASK)]
    TorchScript,
    #[error("it is an archive of PyTorch before version 0.1.10, which is not read any more; {}", ASK)]
    Tar,
    #[error(
        "the tensor “{}” is of the kind {kind}, which is not supported; save the model in float32",
        shortened(name)
    )]
    Kind { name: String, kind: String },
    #[error(
        "the architecture {0} of Keras is not known here; vgg16, resnet50, resnet101, densenet121 and densenet169 are"
    )]
    KerasFamily(Family),
    #[error(
        "it does not fit {family}: {matched} tensors match, {missing} are missing, {misshapen} have another shape, {unexpected} are unexpected ({example}). Likely {cause}"
    )]
    DoesNotFit {
        family: Family,
        matched: usize,
        missing: usize,
        misshapen: usize,
        unexpected: usize,
        example: String,
        cause: String,
    },
    #[error("“{0}” is no architecture that can be named so: {reason}", reason = .1)]
    Named(String, String),
    #[error(
        "the names of its tensors do not tell how its network pads and what its ε is, and these are never guessed: import it with \
         --arch tf-{family} if it comes from TensorFlow (timm's tf_ networks), or with --arch timm-{family} if it was trained in PyTorch"
    )]
    Convention { family: Family },
    #[error(
        "it has a distillation token (DeiT, distilled), whose second head is not known here; import the network that was trained \
         without one, timm's deit_small_patch16_224 or deit_base_patch16_224"
    )]
    Distilled,
    #[error(
        "the file's head has {outputs} outputs, but {labels} labels were given; name one label an output, an empty one to hide it"
    )]
    LabelCount { outputs: usize, labels: usize },
    #[error(
        "the file's head has {outputs} outputs; name them with --labels, one label an output, an empty one to hide it"
    )]
    NoLabels { outputs: usize },
    #[error("the labels cannot be used: {}", shortened(.0))]
    Labels(String),
    #[error("its stem takes {channels} channels; images have 1 or 3")]
    Channels { channels: usize },
    #[error(
        "its stem takes one channel, but mean and deviation have three values; give one each with --mean and --sd, or another preset"
    )]
    GreyStem,
    #[error("“{0}” cannot be the name of a model; use up to 64 letters, digits, dots, dashes and underscores")]
    Name(String),
    #[error("“{0}” is a model of the program itself; it can be neither replaced nor removed")]
    Embedded(String),
    #[error("there is a model called “{name}” already, in {place}; choose another name or add --replace")]
    Exists { name: String, place: PathBuf },
    #[error("there is no model called “{0}” in your data folder; pellucid models list shows what there is")]
    NotInstalled(String),
    #[error("{path} cannot be written or removed: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("the network gives numbers that are not finite; the weights are damaged, or belong to another network")]
    NotFinite,
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    #[error("the manifest cannot be written: {0}")]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Model(#[from] Box<ModelError>),
    #[error("it is damaged, or no file of Keras: {0}")]
    Hdf5(#[from] hdf5_pure::Error),
    #[error("its tensors could not be laid out: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// What helps where a file cannot be read as data. Never a call that opens it: opening a pickle can
/// run what is in it.
const ASK: &str = "ask its author for the state dict as a safetensors file, written where the network was made: \
                   safetensors.torch.save_file(model.state_dict(), \"weights.safetensors\")";

/// Whose names and layouts a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Kernels `(O, I, k, k)`, names of modules.
    Torch,
    /// Kernels `(k, k, I, O)`, names `layer/kernel`.
    Keras,
}

/// What a foreign file holds.
pub struct Foreign {
    /// The format in words, for the report and the card.
    pub format: String,
    pub dialect: Dialect,
    /// Names as in the file, and shapes.
    pub tensors: Vec<(String, Vec<usize>)>,
    /// Python classes and functions that the file names and that were not run.
    pub uncalled: Vec<String>,
    values: Box<dyn Values>,
}

impl Foreign {
    /// The tensors of these numbers, in their order, as `f32` on the CPU.
    ///
    /// # Errors
    /// When values are cut short or damaged, or there is no memory for them.
    pub fn read(&self, wanted: &[usize]) -> Result<Vec<Tensor>, ImportError> {
        self.values.read(wanted)
    }
}

impl std::fmt::Debug for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Foreign").field("format", &self.format).field("tensors", &self.tensors).finish_non_exhaustive()
    }
}

/// The values of a foreign file, which are read once somebody knows that they are needed.
trait Values {
    /// As [`Foreign::read`].
    fn read(&self, wanted: &[usize]) -> Result<Vec<Tensor>, ImportError>;
}
