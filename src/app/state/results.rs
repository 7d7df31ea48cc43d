//! What is known so far of the image on screen, and what is being computed of it.

use std::sync::Arc;

use super::map_key::MapKey;
use super::study_scoring::StudyScoring;
use crate::engine::map_request::{MapFaithfulness, MapRequest};
use crate::engine::similar::Similar;
use crate::engine::{Analysis, Score, Timing};
use crate::explain::stability::MapStability;
use crate::explain::{Attribution, Method};
use crate::language::named;
use crate::model::gate::GateVerdict;
use crate::model::population::PopulationVerdict;
use crate::uncertainty::Posterior;

/// Reason that stands for a method which the reader has stopped.
pub const STOPPED: &str = named!("Stopped.");
/// Reason that stands where the reader has stopped the evaluation of a map.
pub const EVALUATION_STOPPED: &str = named!("Stopped before everything was measured.");

/// Where the analysis of the current image stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// Nothing was asked.
    #[default]
    Idle,
    /// Asked for; the worker has not begun (or the model is still loading).
    Waiting,
    Running,
    /// The gate refused and nobody insisted.
    Refused,
    /// No model fits the image.
    Unfit,
    Finished,
    Cancelled,
    Failed(String),
}

/// What is known so far of the current image.
#[derive(Clone, Debug, Default)]
pub struct Results {
    pub phase: Phase,
    pub gate: Option<GateVerdict>,
    /// Whether the image belongs to the population of the model, once it is scored.
    pub population: Option<PopulationVerdict>,
    /// Scores of the pass with dropout off; empty until they arrive.
    pub labels: Vec<Score>,
    pub groups: Vec<Score>,
    pub attributions: Vec<Arc<Attribution>>,
    /// Grows while samples arrive.
    pub posterior: Option<Posterior>,
    pub samples_done: usize,
    pub samples_of: usize,
    pub timing: Timing,
    pub warnings: Vec<String>,
    /// Maps of a sampling method that is still running.
    pub rough: Vec<Arc<Attribution>>,
    /// Further maps that are being made.
    pub explaining: Option<Explaining>,
    /// What cannot be had for this image and model, and why: by method and place.
    pub unavailable: Vec<(Method, String, String)>,
    /// Methods that were asked for together failed together: each is asked for by itself.
    pub one_by_one: bool,
    /// Why the stability of maps cannot be known: by method and layer.
    pub no_stability: Vec<(Method, String, String)>,
    /// Stability of maps, as far as it was asked.
    pub stabilities: Vec<Arc<MapStability>>,
    /// Faithfulness of maps, as far as it was asked.
    pub faithfulness: Vec<Arc<MapFaithfulness>>,
    /// Maps whose evaluation was stopped or has failed, and why.
    pub unevaluated: Vec<(MapKey, String)>,
    /// What the reader's own gallery says of the image, once it is scored.
    pub similar: Option<Arc<Similar>>,
    /// The study that the image belongs to, where it has several images.
    pub study: Option<StudyScoring>,
    /// All of it, once finished: what reports are made of.
    pub finished: Option<Arc<Analysis>>,
}

impl Results {
    /// True once there is something of the model's to see.
    pub fn has_findings(&self) -> bool {
        !self.labels.is_empty() || !self.attributions.is_empty()
    }
}

/// A request that the worker carries out after the analysis.
#[derive(Clone, Debug, PartialEq)]
pub struct Explaining {
    pub request: MapRequest,
    /// Nothing on screen waits for it: it is made for the layers that may be looked at next.
    pub ahead: bool,
    /// What is running, how many steps are done, and of how many.
    pub step: Option<(&'static str, usize, usize)>,
}

impl Explaining {
    /// A request that the screen waits for.
    pub fn now(request: MapRequest) -> Self {
        Self { request, ahead: false, step: None }
    }

    /// True for what is there before anybody could wait for it.
    pub fn is_quick(&self) -> bool {
        self.request.stability_samples == 0
            && !self.request.faithfulness
            && self.request.methods.iter().all(|m| m.is_instant())
    }
}
