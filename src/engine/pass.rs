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
        let network = &model.network;
        let first_stochastic = network.first_stochastic();
        let needed = |stage: usize| network.stages[stage].is_spatial() || first_stochastic == Some(stage + 1);
        let (outputs, logits) = forward(network, &input, &needed, cancel)?;
        let logits = checked(model, logits.flatten_all()?.to_vec1()?)?;
        let forward = milliseconds(started);
        let timing = Timing { preprocess, forward, ..Timing::default() };
        Ok(Self { input, outputs, logits, timing })
    }

    /// Runs the network once, dropout off, for several images by their
    /// [`Model::input_values`]; kept is what scores, population and dropout samples start from, so
    /// that no map can be made from such a pass.
    ///
    /// # Errors
    /// When the network cannot be run or it was cancelled; inside, why an image has no scores.
    pub fn run_together(
        model: &Model,
        inputs: &[&[f32]],
        cancel: &CancelToken,
    ) -> Result<Vec<Result<Self, EngineError>>, EngineError> {
        let started = Instant::now();
        let network = &model.network;
        let input = model.input_batch(inputs.concat(), inputs.len())?;
        let (averaged, first_stochastic) = (features::stages(network), network.first_stochastic());
        let needed = |stage: usize| averaged.contains(&stage) || first_stochastic == Some(stage + 1);
        let (outputs, logits) = forward(network, &input, &needed, cancel)?;
        let logits = logits.flatten_from(1)?.to_vec2::<f32>()?;
        let forward = milliseconds(started) / inputs.len().max(1) as f64;
        let of = |(place, logits): (usize, Vec<f32>)| {
            let one = |x: &Tensor| x.narrow(0, place, 1)?.contiguous();
            let logits = checked(model, logits)?;
            let outputs = outputs.iter().map(|x| x.as_ref().map(one).transpose()).collect::<Result<_, _>>()?;
            let timing = Timing { forward, ..Timing::default() };
            Ok(Self { input: one(&input)?, outputs, logits, timing })
        };
        Ok(logits.into_iter().enumerate().map(of).collect())
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

/// Logits that can be read: as many as the model has labels, and finite.
fn checked(model: &Model, logits: Vec<f32>) -> Result<Vec<f32>, EngineError> {
    let labels = model.manifest.labels.len();
    if logits.len() != labels {
        return Err(EngineError::LabelCount { found: logits.len(), labels });
    }
    if logits.iter().any(|l| !l.is_finite()) {
        return Err(EngineError::NotFinite);
    }
    Ok(logits)
}

/// Runs stage by stage, so that a request to stop is seen in between; yields the outputs of the stages
/// that are needed, and that of the last one.
fn forward(
    network: &Network,
    input: &Tensor,
    needed: &dyn Fn(usize) -> bool,
    cancel: &CancelToken,
) -> Result<(Vec<Option<Tensor>>, Tensor), EngineError> {
    let mut x = input.clone();
    let mut outputs = Vec::with_capacity(network.stages.len());
    for (i, stage) in network.stages.iter().enumerate() {
        cancel.check()?;
        // In the layout that the next stage likes best; planes are made of what somebody wants to
        // see.
        x = stage.layer.forward(&x, Mode::Inference)?;
        outputs.push(needed(i).then(|| x.clone()));
    }
    Ok((outputs, x))
}

/// Milliseconds since `start`.
pub(super) fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
