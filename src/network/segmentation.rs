//! Networks whose answer is a map: what they look like, as it stands in a segmenter's file.
//!
//! ```toml
//! [architecture]
//! widths = [16, 32, 48, 64, 64]
//! blocks = [0, 1, 1, 1, 1]
//! decoder = [64, 48, 32, 32, 16]
//! ```
//!
//! Every level of the encoder begins with a 3×3 convolution of stride 2 with norm and ReLU, and
//! goes on with residual blocks; the decoder is the way up of [`Pyramid`]. Logits are half as fine
//! as the image. Tensors are called `encoder.0.conv.weight`, `encoder.1.blocks.0.conv1.weight`,
//! `top.conv.weight`, `steps.0.lateral.conv.weight`, `steps.0.smooth.bn.bias`, `head.conv.bias`.
//!
//! The encoder is any chain of stages: [`levels_of`] cuts one where its side halves, so that a
//! backbone with weights of another task can take the place of the light one. What it does not do:
//! several classes that exclude each other (each output is a map with a sigmoid of its own).

use candle_core::Device;
use candle_nn::VarMap;
use serde::{Deserialize, Serialize};

use super::geometry::Geometry;
use super::init::NewVariables;
use super::layers::Sequence;
use super::layers::activation::Activation;
use super::layers::batch_norm::EPSILON;
use super::layers::pyramid::{Pyramid, Step};
use super::layers::residual::BlockSpec;
use super::layout::Layout;
use super::load::TrainedTensors;
use super::source::{Chain, ConvSpec, TensorSource};
use super::spec::TensorList;
use super::weights::{TensorFile, WeightError};
use super::{Layer, Network, Stage};

/// Most weights of a segmentation network.
const MOST_VALUES: usize = 20_000_000;

/// Why a segmentation network cannot be built like this.
#[derive(Debug, thiserror::Error)]
pub enum SegmentationError {
    #[error("`{setting}` needs {needed} values, one for each level of the encoder, not {found}")]
    Count { setting: &'static str, needed: usize, found: usize },
    #[error("`{setting}` holds {value}; it must lie in {range}")]
    Range { setting: &'static str, value: usize, range: &'static str },
    #[error("this network has {0} weights, more than the {MOST_VALUES} that a segmenter may have; make it narrower")]
    TooLarge(usize),
    #[error("this network cannot be laid out: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// The shape of a network that answers with one map of logits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentationArchitecture {
    /// Channels of each level of the encoder, fine to coarse; each halves the side.
    pub widths: Vec<usize>,
    /// Residual blocks of each level.
    pub blocks: Vec<usize>,
    /// Channels on the way up, coarse to fine: of the first sum, and behind each step.
    pub decoder: Vec<usize>,
}

impl Default for SegmentationArchitecture {
    /// 0.36 million weights.
    fn default() -> Self {
        Self { widths: vec![16, 32, 48, 64, 64], blocks: vec![0, 1, 1, 1, 1], decoder: vec![64, 48, 32, 32, 16] }
    }
}

/// A part of an encoder with the channels of its maps.
pub type Level = (Box<dyn Layer>, usize);

/// The chain cut into levels, each of which halves the side of an image of `side`; stages behind
/// the last halving belong to the last level, and those that keep the side to the one before them.
/// Channels stand beside each level.
///
/// Stages before the first halving belong to the first level. What yields no map is left out.
pub fn levels_of(stages: Vec<Stage>, side: usize) -> Vec<Level> {
    let mut levels: Vec<(Sequence, usize)> = Vec::new();
    let (mut length, mut halved) = (side, false);
    for stage in stages {
        let Layout::Maps { channels } = stage.layout else { break };
        let out = stage.layer.side(length);
        let halves = 2 * out <= length;
        length = out;
        match levels.last_mut() {
            // The first halving ends what was before it in the same level.
            Some((level, width)) if !halves || !halved => {
                level.0.push(stage.layer);
                *width = channels;
            }
            _ => levels.push((Sequence(vec![stage.layer]), channels)),
        }
        halved |= halves;
    }
    levels.into_iter().map(|(level, channels)| (Box::new(level) as Box<dyn Layer>, channels)).collect()
}

const THREE: Geometry = Geometry::even(3, 1, 1);
const HALVING: Geometry = Geometry::even(3, 2, 1);
const POINT: Geometry = Geometry::even(1, 1, 0);

/// Convolution, norm, ReLU.
fn unit(name: &str, inputs: usize, outputs: usize, geometry: Geometry) -> ConvSpec {
    ConvSpec {
        norm: Some(format!("{name}.bn")),
        activation: Activation::Relu,
        ..ConvSpec::new(format!("{name}.conv"), inputs, outputs, geometry)
    }
}

/// The way up behind any encoder, whose `levels` come fine to coarse with their channels.
fn pyramid<S: TensorSource>(levels: Vec<Level>, decoder: &[usize], source: &mut S) -> Result<Pyramid, S::Error> {
    let (levels, channels): (Vec<_>, Vec<usize>) = levels.into_iter().unzip();
    let coarsest = channels.last().copied().unwrap_or_default();
    let top = source.conv(&unit("top", coarsest, decoder[0], POINT))?;
    let mut steps = Vec::with_capacity(decoder.len() - 1);
    for (i, (width, fine)) in decoder.windows(2).zip(channels.iter().rev().skip(1)).enumerate() {
        let lateral = source.conv(&unit(&format!("steps.{i}.lateral"), *fine, width[0], POINT))?;
        let smooth = source.conv(&unit(&format!("steps.{i}.smooth"), width[0], width[1], THREE))?;
        steps.push(Step { lateral, smooth });
    }
    let last = decoder.last().copied().unwrap_or_default();
    let head = source.conv(&ConvSpec { bias: true, ..ConvSpec::new("head.conv", last, 1, POINT) })?;
    Ok(Pyramid { levels, top, steps, head, outputs: 1 })
}

impl SegmentationArchitecture {
    /// The side of an image must be a multiple of this.
    pub fn step(&self) -> usize {
        1 << self.widths.len()
    }

    /// Side of the logits for an image of `side`.
    pub fn logits_side(side: usize) -> usize {
        side / 2
    }

    /// Whether a network can be built like this.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn check(&self) -> Result<(), SegmentationError> {
        let levels = self.widths.len();
        if !(2..=6).contains(&levels) {
            return Err(SegmentationError::Range { setting: "widths", value: levels, range: "2–6 levels" });
        }
        for (setting, found) in [("blocks", self.blocks.len()), ("decoder", self.decoder.len())] {
            if found != levels {
                return Err(SegmentationError::Count { setting, needed: levels, found });
            }
        }
        let each =
            |setting, values: &[usize], low, high, range| match values.iter().find(|v| !(low..=high).contains(*v)) {
                Some(value) => Err(SegmentationError::Range { setting, value: *value, range }),
                None => Ok(()),
            };
        each("widths", &self.widths, 1, 1024, "1–1024")?;
        each("decoder", &self.decoder, 1, 1024, "1–1024")?;
        each("blocks", &self.blocks, 0, 16, "0–16")?;
        match self.values()? {
            values if values > MOST_VALUES => Err(SegmentationError::TooLarge(values)),
            _ => Ok(()),
        }
    }

    /// Number of values that the file holds, running statistics included.
    ///
    /// # Errors
    /// When the network cannot be laid out.
    pub fn values(&self) -> Result<usize, candle_core::Error> {
        let mut list = TensorList::default();
        self.build(1, &mut list)?;
        Ok(list.tensors.iter().map(|t| t.shape.iter().product::<usize>()).sum())
    }

    /// A network whose tensors are new variables of `vars`, drawn from `seed`: one stage,
    /// `(N, channels, H, W)` → logits `(N, 1, H/2, W/2)`.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn trainable(&self, channels: usize, vars: &VarMap, device: &Device, seed: u64) -> super::Result<Network> {
        self.check().map_err(candle_core::Error::wrap)?;
        self.build(channels, &mut NewVariables::new(vars, device, seed))
    }

    /// The same for use: batch norm folded into packed convolutions.
    ///
    /// # Errors
    /// As [`Self::check`], and when a tensor is missing or has another shape.
    pub fn folded(&self, channels: usize, tensors: &TensorFile, device: &Device) -> Result<Network, WeightError> {
        self.check().map_err(candle_core::Error::wrap)?;
        self.build(channels, &mut TrainedTensors { tensors, device })
    }

    fn build<S: TensorSource>(&self, channels: usize, source: &mut S) -> Result<Network, S::Error> {
        let levels = self.encoder(channels, source)?;
        let layer = pyramid(levels, &self.decoder, source)?;
        source.end_of_stage("segmenter");
        let stage = Stage {
            name: "segmenter".into(),
            layout: Layout::Maps { channels: 1 },
            stochastic: false,
            layer: Box::new(layer),
        };
        Ok(Network { stages: vec![stage] })
    }

    /// The light encoder.
    fn encoder<S: TensorSource>(&self, channels: usize, source: &mut S) -> Result<Vec<Level>, S::Error> {
        let mut chain = Chain::new(source);
        let mut inputs = channels;
        for (i, (&width, &blocks)) in self.widths.iter().zip(&self.blocks).enumerate() {
            let name = format!("encoder.{i}");
            let first = chain.source.conv(&unit(&name, inputs, width, HALVING))?;
            let mut layers = Sequence(vec![Box::new(first)]);
            for block in 0..blocks {
                let spec =
                    BlockSpec { inputs: width, width, stride: 1, bias: false, epsilon: EPSILON, starts_silent: true };
                layers.0.push(Box::new(spec.basic(chain.source, &format!("{name}.blocks.{block}"))?));
            }
            chain.map(&name, width, layers);
            inputs = width;
        }
        // A chain of levels that each halve the side once.
        Ok(levels_of(chain.network().stages, self.step()))
    }
}

#[cfg(test)]
mod tests;
