//! Networks as chains of named stages: tensors alone, without names of classes or files of models.
//!
//! Everything that makes the program quick follows from [`Network::forward_range`]: run once up to
//! the target layer, keep that activation as a `Var`, and run only the rest, for any CAM at any
//! stage and for every class; run once up to the first dropout and only the rest `T` times for MC
//! dropout.
//!
//! [`architecture`] says which networks there are. A family is described once, in its own file,
//! over a [`source::TensorSource`] of tensors; the description builds the network to train, the one
//! to use, and the list of its tensors.

pub mod activation;
pub mod activation_sizes;
pub mod architecture;
mod cpu_values;
pub mod device;
mod families;
pub mod geometry;
pub mod graph;
pub mod grey_input;
pub mod init;
pub mod layers;
pub mod layout;
mod load;
mod nchw16c;
mod pool;
pub mod segmentation;
mod source;
mod spec;
mod stage_names;
pub mod tape;
pub mod target_layer;
pub mod weights;

use std::ops::Range;

use candle_core::Tensor;

use graph::draw::Drawing;
use layers::activation::Rule;
use layers::attention::GlobalAttention;
use layout::Layout;
use pool::in_pool;
pub use stage_names::stage_called;
use tape::Recorded;
use target_layer::Places;

/// Result of tensor work.
pub type Result<T, E = candle_core::Error> = std::result::Result<T, E>;

/// How the stochastic and the statistics-keeping layers behave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// Dropout off, batch norm with running statistics.
    Inference,
    /// Dropout and stochastic depth on with masks of this seed, batch norm with batch statistics
    /// (which are recorded).
    Training { seed: u64 },
    /// Dropout on, batch norm with running statistics. Row `i` of the batch uses the mask of sample
    /// `first + i` of `seed`, so that numbers do not depend on how samples are batched.
    Sampling { seed: u64, first: usize },
    /// As in inference, but gradients pass the non-linear layers by another rule; for explanations
    /// alone.
    Explaining(Rule),
}

impl Mode {
    /// By what rule gradients pass non-linear layers, where that is not the derivative.
    pub(crate) fn rule(self) -> Option<Rule> {
        match self {
            Self::Explaining(rule) => Some(rule),
            _ => None,
        }
    }
}

/// What a stage computes.
pub trait Layer: Send + Sync {
    /// Input and output are maps, `(N, C, H, W)` or in blocks of channels (see [`nchw16c`]), tokens
    /// or maps with the channels last (see [`layout`]), or, behind the pooling, `(N, F)`.
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor>;

    /// The same for training, with the way back; `wanted` says whether the gradient of the input
    /// is.
    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        tape::by_graph(self, &x, mode, wanted)
    }

    /// The attention of this layer, where every token attends to every other.
    fn attention(&self) -> Option<&dyn GlobalAttention> {
        None
    }

    /// Why no attention of the network that this layer is part of is handed out, where that is
    /// known.
    fn unread_attention(&self) -> Option<String> {
        None
    }

    /// The layer as nodes of a graph that take `x`; yields the number of the last. For exporters.
    ///
    /// # Errors
    /// When the layer has no such form.
    fn draw(&self, _to: &mut Drawing, _x: usize) -> Result<usize> {
        candle_core::bail!("a layer of this network cannot be written as a graph of operators")
    }

    /// Length of a side of the output's maps for a side of `length` of the input's.
    fn side(&self, length: usize) -> usize {
        length
    }

    /// True when the layer ends in a ReLU that stands in place behind the PyTorch module of the
    /// stage's name. Class activation maps take the values behind it and the gradient before it, as
    /// the `grad-cam` package finds them there.
    fn rectifies_in_place(&self) -> bool {
        false
    }
}

/// A named link of the chain.
pub struct Stage {
    /// Name as users write it, for example `layer4`: that of the last PyTorch module in the stage.
    /// Which tensors belong to it is said by [`architecture::Architecture::listed`].
    pub name: String,
    /// How the output lies in memory, and whether it has places that a CAM can be laid over.
    pub layout: Layout,
    /// True when the stage holds a dropout with a rate above 0.
    pub stochastic: bool,
    pub layer: Box<dyn Layer>,
}

impl Stage {
    /// True when a CAM can be laid over the output.
    pub fn is_spatial(&self) -> bool {
        self.channels().is_some()
    }

    /// Channels of the output where a CAM can be laid over it.
    pub fn channels(&self) -> Option<usize> {
        self.layout.channels()
    }
}

/// A network: stages run one after the other; the last one yields the logits `(N, K)`.
pub struct Network {
    pub stages: Vec<Stage>,
}

impl Network {
    /// Runs the stages of `range` on `x`: maps go in and come out as `(N, C, H, W)`, whatever their
    /// layout in between, and everything else as its stage yields it, so that the rest can run on
    /// from what comes out. [`Self::planes`] has the places of it.
    pub fn forward_range(&self, range: Range<usize>, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let Some(last) = range.clone().last() else { return Ok(x.clone()) };
        in_pool(|| {
            let mut x = x.clone();
            for stage in &self.stages[range] {
                x = stage.layer.forward(&x, mode)?;
            }
            self.stages[last].layout.unblocked(&x)
        })
    }

    /// Runs the whole chain: `(N, C, H, W)` → logits `(N, K)`.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.forward_range(0..self.stages.len(), x, mode)
    }

    /// Number of the stage called `name`, also by other names that it goes by: see
    /// [`stage_called`].
    pub fn stage(&self, name: &str) -> Option<usize> {
        stage_called(name, &self.stages.iter().map(|s| s.name.as_str()).collect::<Vec<_>>())
    }

    /// Names of the stages that a CAM can be laid over, first to last.
    pub fn spatial_stages(&self) -> Vec<&str> {
        self.stages.iter().filter(|s| s.is_spatial()).map(|s| s.name.as_str()).collect()
    }

    /// Columns and rows of the output of a stage for an input of `width` × `height`.
    pub fn grid(&self, stage: usize, (width, height): (usize, usize)) -> Places {
        let side = |length| self.stages[..=stage].iter().fold(length, |length, stage| stage.layer.side(length));
        Places { columns: side(width), rows: side(height) }
    }

    /// The places of a stage's output, or of a gradient for it, as `(N, C, rows, columns)`; what has
    /// none as it is. `size` is width and height of what the network was run on.
    ///
    /// # Errors
    /// When the output is not what the stage makes of an input of that size.
    pub fn planes(&self, stage: usize, output: &Tensor, size: (usize, usize)) -> Result<Tensor> {
        self.stages[stage].layout.planes(output, self.grid(stage, size))
    }

    /// Whether all that reaches the logits passes attention to a class token: the last layer in which
    /// every token attends to every other yields that token alone.
    pub fn has_class_attention(&self) -> bool {
        let last = self.stages.iter().rfind(|stage| stage.layer.attention().is_some());
        last.is_some_and(|stage| !stage.is_spatial())
    }

    /// Why [`Self::has_class_attention`] is false, as the second half of a sentence.
    pub fn without_class_attention(&self) -> String {
        let told = self.stages.iter().find_map(|stage| stage.layer.unread_attention());
        told.unwrap_or_else(|| "it has no attention of every token to every other up to a class token".into())
    }

    /// Number of the first stage that holds an active dropout, if there is one.
    pub fn first_stochastic(&self) -> Option<usize> {
        self.stages.iter().position(|s| s.stochastic)
    }
}
