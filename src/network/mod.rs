//! Networks as chains of named stages, and the models (weights, manifest, gate) that people choose.
//!
//! Everything that makes the program quick follows from [`Network::forward_range`]: run once up to the target
//! layer, keep that activation as a `Var`, and run only the rest, for any CAM at any stage and for every class;
//! run once up to the first dropout and only the rest `T` times for MC dropout.
//!
//! [`architecture`] says which networks there are. A family is described once, in its own file, over a [`source::Source`] of tensors;
//! the description builds the network to train, the one to use, and the list of its tensors.

pub mod activation;
pub mod architecture;
pub mod average;
pub mod background;
pub mod batch_norm;
pub mod blocked;
pub mod candidate;
pub mod cascade;
pub mod channels;
pub mod cnn;
pub mod compact;
pub mod conv;
mod conv_unit;
mod dense_block;
pub mod densenet;
pub mod depthwise;
pub mod device;
pub mod efficientnet;
pub mod extent;
pub mod fits;
pub mod fresh;
#[cfg(test)]
mod gradients;
pub mod grey;
pub mod grouping;
pub mod import;
pub mod layers;
pub mod listing;
pub mod manifest;
pub mod plain;
pub mod pool;
pub mod preprocess;
pub mod recording;
pub mod registry;
pub mod residual;
pub mod resnet;
pub mod shelf;
pub mod source;
pub mod stored;
pub mod target_layer;
pub mod vgg;
pub mod weights;

use std::ops::Range;
use std::sync::Arc;

use candle_core::{Device, Tensor};

use crate::uncertainty::calibration::{Calibration, CalibrationError};
use crate::uncertainty::population::detector::{Detector, DetectorError};
use activation::Rule;
use recording::Recorded;

/// Result of tensor work.
pub type Result<T, E = candle_core::Error> = std::result::Result<T, E>;

/// How the stochastic and the statistics-keeping layers behave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// Dropout off, batch norm with running statistics.
    Inference,
    /// Dropout and stochastic depth on with masks of this seed, batch norm with batch statistics (which are recorded).
    Training { seed: u64 },
    /// Dropout on, batch norm with running statistics. Row `i` of the batch uses the mask of sample
    /// `first + i` of `seed`, so that numbers do not depend on how samples are batched.
    Sampling { seed: u64, first: usize },
    /// As in inference, but gradients pass the non-linear layers by another rule; for explanations alone.
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
    /// Input and output are maps, `(N, C, H, W)` or in blocks of channels (see [`blocked`]), or, behind the pooling, `(N, F)`.
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor>;

    /// The same for training, with the way back; `wanted` says whether the gradient of the input is.
    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        recording::by_graph(self, &x, mode, wanted)
    }

    /// Length of a side of the output's maps for a side of `length` of the input's.
    fn side(&self, length: usize) -> usize {
        length
    }

    /// True when the layer ends in a ReLU that stands in place behind the PyTorch module of the stage's name. Class activation
    /// maps take the values behind it and the gradient before it, as the `grad-cam` package finds them there.
    fn rectifies_in_place(&self) -> bool {
        false
    }
}

/// A named link of the chain.
pub struct Stage {
    /// Name as users write it, for example `layer4`: that of the last PyTorch module in the stage. Which tensors belong
    /// to it is said by [`architecture::Architecture::listed`].
    pub name: String,
    /// Channels of the output where it is a feature map `(N, C, H, W)`, which a CAM can be laid over.
    pub channels: Option<usize>,
    /// True when the stage holds a dropout with a rate above 0.
    pub stochastic: bool,
    pub layer: Box<dyn Layer>,
}

impl Stage {
    /// True when a CAM can be laid over the output.
    pub fn is_spatial(&self) -> bool {
        self.channels.is_some()
    }

    /// The output of the layer as `(N, C, H, W)`; anything but a feature map as it is.
    pub fn planes(&self, output: &Tensor) -> Result<Tensor> {
        self.channels.map_or_else(|| Ok(output.clone()), |c| blocked::to_planes(output, c))
    }
}

/// A network: stages run one after the other; the last one yields the logits `(N, K)`.
pub struct Network {
    pub stages: Vec<Stage>,
}

/// The place of a stage among all `stages`; see [`Network::stage`].
pub fn stage_called(name: &str, stages: &[&str]) -> Option<usize> {
    let exact = |name: &str| stages.iter().position(|s| *s == name);
    exact(name).or_else(|| match name {
        "features" => stages.iter().rposition(|s| s.starts_with("features.")),
        "norm5" => exact("features"),
        _ => None,
    })
}

impl Network {
    /// Runs the stages of `range` on `x`: maps go in and come out as `(N, C, H, W)`, whatever their layout in between.
    pub fn forward_range(&self, range: Range<usize>, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let Some(last) = range.clone().last() else { return Ok(x.clone()) };
        let mut x = x.clone();
        for stage in &self.stages[range] {
            x = stage.layer.forward(&x, mode)?;
        }
        self.stages[last].planes(&x)
    }

    /// Runs the whole chain: `(N, C, H, W)` → logits `(N, K)`.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.forward_range(0..self.stages.len(), x, mode)
    }

    /// Number of the stage called `name`. `features` is the last stage of that module where it has several; `norm5` is what
    /// the `features` of a DenseNet were called once.
    pub fn stage(&self, name: &str) -> Option<usize> {
        stage_called(name, &self.stages.iter().map(|s| s.name.as_str()).collect::<Vec<_>>())
    }

    /// Names of the stages that a CAM can be laid over, first to last.
    pub fn spatial_stages(&self) -> Vec<&str> {
        self.stages.iter().filter(|s| s.is_spatial()).map(|s| s.name.as_str()).collect()
    }

    /// Number of the first stage that holds an active dropout, if there is one.
    pub fn first_stochastic(&self) -> Option<usize> {
        self.stages.iter().position(|s| s.stochastic)
    }
}

/// The verdict of the input gate, which stands before every score.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GateVerdict {
    pub accepted: bool,
    /// 0–1, higher is more like what the model was trained for; not a number where no gate has looked at the image.
    #[serde(deserialize_with = "number_or_none")]
    pub score: f32,
    /// The smallest score that is let through.
    #[serde(deserialize_with = "number_or_none")]
    pub threshold: f32,
    /// One sentence for the reader, also when accepted.
    pub reason: String,
    /// Reservations for an accepted image ("the patient is 66 years old; the model never saw anyone of this age").
    pub warnings: Vec<String>,
}

impl GateVerdict {
    /// A refusal.
    #[must_use]
    pub fn refused(score: f32, threshold: f32, reason: String) -> Self {
        Self { accepted: false, score, threshold, reason, warnings: Vec::new() }
    }

    /// Whether a gate came to a number: not where the image was refused before any gate looked at it.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.score.is_finite()
    }

    /// The refusal of an image that no gate has looked at.
    #[must_use]
    pub fn without_a_look(reason: String) -> Self {
        Self::refused(f32::NAN, f32::NAN, reason)
    }
}

/// JSON has no word for what is not a number but `null`.
fn number_or_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<f32, D::Error> {
    Ok(<Option<f32> as serde::Deserialize>::deserialize(deserializer)?.unwrap_or(f32::NAN))
}

/// A model as people choose it: manifest, network with its weights, gate.
pub struct Model {
    pub manifest: manifest::Manifest,
    pub network: Network,
    /// SHA-256 of `weights.safetensors`, lower-case hex.
    pub sha256: String,
    /// What it was loaded by: a name, or a folder.
    pub origin: String,
    pub device: Device,
    pub gate: Option<crate::uncertainty::gate::Gate>,
    /// Ordinary images, for explanations that compare with them.
    pub background: Option<background::Background>,
    /// What a labelled set says about its probabilities, or why there is nothing to say.
    pub calibration: Result<Calibration, CalibrationError>,
    /// Tells images unlike those that it was measured on, or why there is none that could.
    pub detector: std::result::Result<Detector, DetectorError>,
    /// Further models with the same labels, to be asked beside it.
    pub ensemble: Vec<Arc<Model>>,
}
