//! Published weights: files of other programs become models of this one.
//!
//! ```text
//! file ──► format (torch_file, keras, safetensors) ──► names and tensors ──► keys ──► fit ──► install
//!            data only, never code                      of their maker       torchvision   report   manifest, weights, card
//! ```
//!
//! A foreign file is a stranger: every reader is bounded in memory and nesting and answers damage with a sentence.

pub mod elements;
pub mod format;
pub mod keras;
pub mod pickle;
pub mod torch;
pub mod torch_file;

use candle_core::Tensor;

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("it needs {bytes} bytes, more than the {most} that a model may have")]
    TooLarge { bytes: u64, most: u64 },
    #[error("it holds more than {most} {what}; no model needs that many")]
    TooMany { what: &'static str, most: usize },
    #[error("its modules are nested more than {most} deep")]
    TooDeep { most: usize },
    #[error("it is cut short; copy or download it again")]
    CutShort,
    #[error("it is damaged, or not what it seems: {0}")]
    Damaged(String),
    #[error(
        "it is neither safetensors nor a PyTorch (.pth, .pt) nor a Keras (.h5, .keras) file; save the weights in one of these formats"
    )]
    NotWeights,
    #[error(
        "it asks Python to call {called} when it is opened, which weights never need. Nothing was run. Do not open it in Python; get the weights from their publisher again"
    )]
    Code { called: String },
    #[error("it holds no tensors under names; save the state dict instead: {}", CONVERT)]
    NoTensors,
    #[error("it is a TorchScript archive, whose network is code; save the state dict instead: {}", CONVERT_SCRIPT)]
    TorchScript,
    #[error("it is an archive of PyTorch before version 0.1.10; save it again with a newer one: {}", CONVERT)]
    Tar,
    #[error("the tensor “{name}” is of the kind {kind}, which is not supported; save the model in float32")]
    Kind { name: String, kind: String },
    #[error("it is damaged, or no file of Keras: {0}")]
    Hdf5(#[from] hdf5_pure::Error),
    #[error("its tensors could not be laid out: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// The line of Python that turns a pickled model into a file that can be imported.
const CONVERT: &str = "python -c \"import torch; m = torch.load('FILE', map_location='cpu', weights_only=False); \
                       torch.save(getattr(m, 'state_dict', lambda: m)(), 'weights.pth')\"";
const CONVERT_SCRIPT: &str =
    "python -c \"import torch; torch.save(torch.jit.load('FILE', map_location='cpu').state_dict(), 'weights.pth')\"";

/// Whose names and layouts a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Kernels `(O, I, k, k)`, names of modules.
    Torch,
    /// Kernels `(k, k, I, O)`, names `layer/kernel`.
    Keras,
}

/// What a foreign file holds.
#[derive(Debug)]
pub struct Foreign {
    /// The format in words, for the report and the card.
    pub format: String,
    pub dialect: Dialect,
    /// Names as in the file, values as `f32` on the CPU.
    pub tensors: Vec<(String, Tensor)>,
    /// Python functions that the file names and that were not run.
    pub uncalled: Vec<String>,
}
