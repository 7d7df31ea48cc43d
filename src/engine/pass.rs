//! The one forward pass of an image, with what later steps need to start from.
//!
//! The output of every stage that a map can be laid over, and the input of the first dropout, are
//! kept: heat maps at any stage and MC dropout then run only what comes behind. Kept for the image
//! on screen, the pass also makes a switch of layer, method or seed cheap.

use std::sync::Arc;
use std::time::Instant;

use candle_core::Tensor;

use super::model_selection::Choice;
use super::{EngineError, Timing};
use crate::cancel::CancelToken;
use crate::explain::superpixels::Superpixels;
use crate::explain::{Attribution, MethodSettings};
use crate::imaging::Plane;
use crate::model::Model;
use crate::model::background::Background;
use crate::model::gate::GateVerdict;
use crate::model::population::features::Features;
use crate::model::population::{PopulationVerdict, features};
use crate::network::{Mode, Network};

/// What is known of one image with one model; filled in by the first analysis and of use to the
/// next.
#[derive(Default)]
pub struct Known {
    pub(super) gate: Option<GateVerdict>,
    pub(super) population: Option<PopulationVerdict>,
    pub(super) pass: Option<Pass>,
    /// In the place of the model's own background set.
    pub(super) background: Option<Arc<Background>>,
    /// What Shapley values are given to in the place of superpixels and pixels.
    pub(super) regions: Option<Arc<Superpixels>>,
    /// Maps that took runs of their own, with what they were made by: whether they can be trusted
    /// is a question for later.
    pub(super) costly: Vec<(MethodSettings, Arc<Attribution>)>,
}

impl Known {
    /// What is known of an image whose model was chosen by asking gates.
    #[must_use]
    pub fn of_choice(choice: &Choice) -> Self {
        Self { gate: choice.gate.clone(), ..Self::default() }
    }

    /// Explains against this background set and not the model's own.
    pub fn use_background(&mut self, background: Option<Arc<Background>>) {
        self.background = background;
        self.costly.clear();
    }

    /// What the last layer of the network was given; `None` before the image was scored.
    ///
    /// # Errors
    /// When the network cannot be run.
    pub fn before_head(&self, network: &Network) -> Result<Option<Vec<f32>>, EngineError> {
        let features = self.pass.as_ref().map(|pass| pass.features(network)).transpose()?;
        Ok(features.map(|features| features.penultimate))
    }

    /// Gives Shapley values to these regions of the network's input.
    pub fn use_regions(&mut self, regions: Option<Arc<Superpixels>>) {
        self.regions = regions;
        self.costly.clear();
    }
}

/// What an explanation is made with beside the model and the pass.
#[derive(Clone, Copy, Default)]
pub(super) struct Aids<'a> {
    /// In the place of the model's own background set.
    pub background: Option<&'a Background>,
    /// What Shapley values are given to in the place of superpixels and pixels.
    pub regions: Option<&'a Arc<Superpixels>>,
}

/// A finished forward pass.
pub struct Pass {
    /// `(1, C, H, W)`.
    input: Tensor,
    /// Outputs of the stages, where they are of use later, in the layout of their layers.
    outputs: Vec<Option<Tensor>>,
    /// One a label, before temperature.
    pub logits: Vec<f32>,
    /// `preprocess` and `forward` are filled in.
    pub timing: Timing,
}

impl Pass {
    /// Prepares a polarity-corrected plane as the manifest says and runs the network once, dropout
    /// off. `range` is the span that the stored bits can take.
    pub fn run(model: &Model, plane: &Plane, range: (f32, f32), cancel: &CancelToken) -> Result<Self, EngineError> {
        let started = Instant::now();
        let input = model.input_tensor(plane, range)?;
        let preprocess = milliseconds(started);

        let started = Instant::now();
        let (outputs, logits) = forward(&model.network, &input, cancel)?;
        let labels = model.manifest.labels.len();
        if logits.len() != labels {
            return Err(EngineError::LabelCount { found: logits.len(), labels });
        }
        if logits.iter().any(|l| !l.is_finite()) {
            return Err(EngineError::NotFinite);
        }
        let forward = milliseconds(started);
        let timing = Timing { preprocess, forward, ..Timing::default() };
        Ok(Self { input, outputs, logits, timing })
    }

    /// The output of a stage that is of use later, as [`Network::forward_range`] hands it out.
    pub fn output(&self, network: &Network, stage: usize) -> Result<Option<Tensor>, EngineError> {
        Ok(self.kept(network, stage)?)
    }

    /// The same as the explanations want it.
    pub(super) fn kept(&self, network: &Network, stage: usize) -> candle_core::Result<Option<Tensor>> {
        let kept = self.outputs.get(stage).and_then(Option::as_ref);
        kept.map(|x| network.stages[stage].layout.unblocked(x)).transpose()
    }

    /// What the population detector measures distances in.
    pub(super) fn features(&self, network: &Network) -> candle_core::Result<Features> {
        let output = |stage: usize| {
            let kept = self.kept(network, stage)?;
            kept.ok_or_else(|| candle_core::Error::Msg(format!("stage {stage} yields no map")))
        };
        let rows = features::features(network, &output, std::slice::from_ref(&self.logits))?;
        Ok(rows.into_iter().next().unwrap_or_default())
    }

    /// Width and height of the network's input.
    pub fn size(&self) -> Result<(usize, usize), EngineError> {
        let (_, _, height, width) = self.input.dims4()?;
        Ok((width, height))
    }

    /// The network's input, `(1, C, H, W)`.
    pub fn input(&self) -> &Tensor {
        &self.input
    }

    /// What a stage was given, for the first stage and the first dropout.
    pub fn input_of(&self, network: &Network, stage: usize) -> Result<Option<Tensor>, EngineError> {
        match stage.checked_sub(1) {
            None => Ok(Some(self.input.clone())),
            Some(before) => self.output(network, before),
        }
    }
}

/// Runs stage by stage, so that a request to stop is seen in between.
fn forward(
    network: &Network,
    input: &Tensor,
    cancel: &CancelToken,
) -> Result<(Vec<Option<Tensor>>, Vec<f32>), EngineError> {
    let first_stochastic = network.first_stochastic();
    let mut x = input.clone();
    let mut outputs = Vec::with_capacity(network.stages.len());
    for (i, stage) in network.stages.iter().enumerate() {
        cancel.check()?;
        // In the layout that the next stage likes best; planes are made of what somebody wants to
        // see.
        x = stage.layer.forward(&x, Mode::Inference)?;
        let needed = stage.is_spatial() || first_stochastic == Some(i + 1);
        outputs.push(needed.then(|| x.clone()));
    }
    Ok((outputs, x.flatten_all()?.to_vec1()?))
}

/// Milliseconds since `start`.
pub(super) fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
