//! The worker: owns the model on a named thread, takes the latest request, streams what it finds.
//!
//! The interface asks with a [`Request`] and hears [`Event`]s. Every event carries the generation
//! of the study it belongs to; the interface drops those of a study that is no longer open.
//!
//! [`analysis`] is what every image gets: gate, scores, the cheap maps, samples. [`explanation`] is
//! what a reader asks for on top of it: any method, at any layer, of any subject, from the pass
//! that is kept.

pub mod analysis;
mod beside_worker;
pub mod conformal;
pub mod explanation;
pub mod faithfulness;
pub mod lungs;
mod mailbox;
pub mod map_request;
pub mod model_selection;
pub mod pass;
pub mod prevalence;
pub mod progress;
#[cfg(test)]
mod sample_scores;
pub mod similar;
pub mod study_members;
pub mod study_result;
mod study_worker;
pub mod together;
pub mod what_if;
pub mod worker;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::progress::Progress;

use crate::cancel::Cancelled;
use crate::explain::{Attribution, ExplainError, Method, MethodSettings, Subject};
use crate::model::Model;
use crate::model::calibration::{Calibration, CalibrationError};
use crate::model::gate::GateVerdict;
use crate::model::population::PopulationVerdict;
use crate::network::device;
use crate::study::unit::Unit;
use crate::study::{Frame, ImageEntry};
use crate::uncertainty::{Posterior, SampleSource};

/// Counts up each time another image is shown; results carry it back.
pub type Generation = u64;

/// Why there is no analysis.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("The analysis was cancelled.")]
    Cancelled,
    #[error("The model has no layer “{layer}” that a heat map can be laid over; there are: {}.", known.join(", "))]
    UnknownLayer { layer: String, known: Vec<String> },
    #[error("This model has no stochastic layer, so how stable a map is cannot be told from dropout samples.")]
    NotStochastic,
    #[error("The image has no pixels, so there is nothing to analyse.")]
    EmptyImage,
    #[error(transparent)]
    Unscorable(#[from] crate::study::Unscorable),
    #[error("The model yields {found} scores but its manifest names {labels} labels; install the model again.")]
    LabelCount { found: usize, labels: usize },
    #[error("The model's scores for this image are not finite numbers, so none are shown.")]
    NotFinite,
    #[error("The input gate could not assess the image: {0}")]
    Gate(#[from] crate::model::gate::GateError),
    #[error("The network could not be run: {0}")]
    Network(#[from] candle_core::Error),
    #[error(transparent)]
    Faithfulness(#[from] crate::explain::faithfulness::FaithfulnessError),
    #[error(transparent)]
    Model(Box<crate::model::registry::ModelError>),
    #[error("A model that forgets what it learned could not be made: {0}")]
    Weights(#[from] crate::network::weights::WeightError),
    #[error(transparent)]
    Explain(crate::explain::ExplainError),
    #[error(transparent)]
    Sampling(#[from] crate::uncertainty::sampling::SamplingError),
}

impl From<Cancelled> for EngineError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// A method that was stopped is a cancelled computation.
impl From<ExplainError> for EngineError {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::Stopped => Self::Cancelled,
            error => Self::Explain(error),
        }
    }
}

impl From<crate::model::registry::ModelError> for EngineError {
    fn from(error: crate::model::registry::ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}

/// What to compute for an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalysisOptions {
    /// Stages to explain, names; empty means the manifest's target layer.
    pub layers: Vec<String>,
    pub methods: Vec<Method>,
    /// What the maps are of; empty means every class.
    #[serde(default)]
    pub subjects: Vec<Subject>,
    /// How much work the sampling methods do.
    #[serde(default)]
    pub explanation: MethodSettings,
    /// Number of samples, 0 for none; an ensemble has as many as it has models.
    pub samples: usize,
    pub seed: u64,
    /// Go on although the gate refuses.
    pub force: bool,
    /// What differs from sample to sample.
    #[serde(default)]
    pub source: SampleSource,
}

impl Default for AnalysisOptions {
    fn default() -> Self {
        Self {
            layers: Vec::new(),
            methods: Method::ALWAYS.to_vec(),
            subjects: Vec::new(),
            explanation: MethodSettings::default(),
            samples: 100,
            seed: 7,
            force: false,
            source: SampleSource::McDropout,
        }
    }
}

/// An image that is shown beside the analysed one, and what is wanted of it.
#[derive(Clone, Debug)]
pub struct BesideImage {
    pub frame: Arc<Frame>,
    /// Layers and subjects that its model does not have are left out.
    pub options: AnalysisOptions,
}

impl PartialEq for BesideImage {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.frame, &other.frame) && self.options == other.options
    }
}

/// What became of such an image.
#[derive(Clone, Debug)]
pub enum BesideOutcome {
    /// By the model that was named, or that fits it.
    Analyzed {
        choice: Arc<model_selection::choice::Choice>,
        model: Box<ModelInfo>,
        analysis: Box<Analysis>,
    },
    Unfit {
        choice: Arc<model_selection::choice::Choice>,
    },
    Failed {
        reason: String,
    },
}

/// What the interface asks of the worker.
#[derive(Clone)]
pub enum Request {
    Analyze {
        generation: Generation,
        frame: Arc<Frame>,
        options: AnalysisOptions,
    },
    /// Further maps of an image that was analysed.
    Explain {
        generation: Generation,
        frame: Arc<Frame>,
        request: map_request::MapRequest,
    },
    /// Change the image that was analysed and ask again. The newest question counts; what explains
    /// the image meanwhile is begun anew after it.
    WhatIf {
        generation: Generation,
        frame: Arc<Frame>,
        question: Box<what_if::question::Question>,
    },
    /// Judge the images of the study that the analysed image belongs to, one by one, whenever there
    /// is nothing else to do; none, to judge no more. A new analysis ends it.
    Study {
        generation: Generation,
        images: Arc<Vec<Arc<ImageEntry>>>,
    },
    /// Analyse images that stand beside the analysed one, in this order, whenever it has all that was
    /// asked of it; in the place of those that were asked for before, and none to analyse no more.
    Beside {
        images: Arc<Vec<BesideImage>>,
    },
    /// Switch to another model (name in the registry, or folder), and keep to it.
    LoadModel {
        name: String,
    },
    /// From now on, choose the model that fits each image; `first` is made ready meanwhile.
    Automatic {
        first: String,
    },
}

/// Wall-clock milliseconds of each step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    pub decode: f64,
    pub preprocess: f64,
    pub forward: f64,
    pub explain: f64,
    pub uncertainty: f64,
}

/// One class or group of a prediction: from one pass with dropout off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub label: String,
    /// Logit before temperature; `None` for groups.
    pub logit: Option<f32>,
    /// Probability after temperature, dropout off.
    pub probability: f32,
    pub threshold: f32,
}

/// Everything that one analysis yields.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    pub gate: Option<GateVerdict>,
    /// Whether the image belongs to the population that the model was measured on; `None` where
    /// nothing is known of it.
    pub population: Option<PopulationVerdict>,
    /// False when the gate refused and nobody insisted: then there are no scores.
    pub scored: bool,
    pub labels: Vec<Score>,
    pub groups: Vec<Score>,
    /// One for each asked layer × method × class.
    pub attributions: Vec<Arc<Attribution>>,
    /// `None` when there is no such [`SampleSource`] of samples for this model, or no samples were
    /// asked for.
    pub posterior: Option<Posterior>,
    /// False when the model has no stochastic layer: MC dropout draws no bars then, and it is said.
    pub stochastic: bool,
    pub options: AnalysisOptions,
    pub timing: Timing,
    pub warnings: Vec<String>,
    /// How this model came to judge this image: "chest-xray: chosen by hand".
    pub chosen_because: String,
}

/// What the interface must know of the loaded model.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    pub manifest: Arc<crate::model::manifest::Manifest>,
    pub sha256: String,
    /// `CPU`, `CUDA 0`, `Metal 0`.
    pub device: String,
    /// Stages that a map can be laid over, first to last.
    pub layers: Vec<String>,
    pub stochastic: bool,
    /// Why methods that follow attention to a class token cannot be had, as the second half of a
    /// sentence; none where the network scores one that attends to every patch.
    pub no_class_attention: Option<String>,
    /// Where the background set comes from, if the model has one.
    pub background: Option<String>,
    /// What a labelled set says about its probabilities, or why there is nothing to say.
    pub calibration: Arc<Result<Calibration, CalibrationError>>,
    /// Name and weights of the further models of its ensemble.
    pub ensemble: Vec<Member>,
}

/// A model of an ensemble.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub name: String,
    /// SHA-256 of the weights, lower-case hex.
    pub sha256: String,
}

impl ModelInfo {
    /// What is judged as one by this model: what its calibration was made on, else a study.
    #[must_use]
    pub fn study_unit(&self) -> Unit {
        let calibration = self.calibration.as_ref().as_ref().ok();
        calibration.and_then(|known| known.study.as_ref()).map_or(Unit::Study, |study| study.unit)
    }

    /// What there is to know of a loaded model.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        Self {
            manifest: Arc::new(model.manifest.clone()),
            sha256: model.sha256.clone(),
            device: device::name(&model.device),
            layers: model.network.spatial_stages().into_iter().map(str::to_owned).collect(),
            stochastic: model.network.first_stochastic().is_some(),
            no_class_attention: (!model.network.has_class_attention()).then(|| model.network.without_class_attention()),
            background: model.background.as_ref().map(|b| b.source().to_owned()),
            calibration: Arc::new(model.calibration.clone()),
            ensemble: model
                .ensemble
                .iter()
                .map(|other| Member { name: other.manifest.name.clone(), sha256: other.sha256.clone() })
                .collect(),
        }
    }
}

/// What the worker says.
///
/// Every [`Request::Study`] with images that nothing replaces ends in one
/// [`Progress::StudyJudged`]. Every image of a [`Request::Beside`] that nothing replaces ends in one
/// `Beside`.
/// Every [`Request::WhatIf`] that nothing replaces ends in one `WhatIfDone`.
/// Every [`Request::Explain`] ends in exactly one of `ExplanationDone` or `ExplanationFailed`,
/// unless a newer request replaced it. Every [`Request::Analyze`] ends in exactly one of
/// `Finished`, `Unfit`, `Cancelled` or `Failed`, every [`Request::LoadModel`] or
/// [`Request::Automatic`] that a newer one did not replace in `ModelReady` or `ModelFailed`.
#[derive(Clone)]
pub enum Event {
    ModelReady(ModelInfo),
    ModelFailed {
        name: String,
        reason: String,
    },
    Started {
        generation: Generation,
    },
    /// The model that fits the image; only while models are chosen automatically.
    Chosen {
        generation: Generation,
        choice: Arc<model_selection::choice::Choice>,
        /// The model, loaded; `None` when none fits.
        model: Option<ModelInfo>,
    },
    /// What is known so far, of an analysis, of a [`Request::Explain`], or of a
    /// [`Request::WhatIf`].
    Progress {
        generation: Generation,
        progress: Progress,
    },
    ExplanationDone {
        generation: Generation,
    },
    /// A question was answered as far as it could be; one that a newer one replaced has no end.
    WhatIfDone {
        generation: Generation,
        number: u64,
        /// Why it has no answer.
        failure: Option<String>,
    },
    /// `reason` is `None` when it was stopped.
    ExplanationFailed {
        generation: Generation,
        reason: Option<String>,
    },
    /// An image of a [`Request::Beside`]; it belongs to no generation.
    Beside {
        frame: Arc<Frame>,
        outcome: BesideOutcome,
    },
    Finished {
        generation: Generation,
        analysis: Arc<Analysis>,
    },
    /// No model fits the image: nothing was computed.
    Unfit {
        generation: Generation,
    },
    Cancelled {
        generation: Generation,
    },
    Failed {
        generation: Generation,
        reason: String,
    },
}
