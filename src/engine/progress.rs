//! What a computation has found so far: one type from the methods to the screen, the progress bar
//! and the report.

use std::sync::Arc;

use super::Score;
use super::map_request::MapFaithfulness;
use super::similar::Similar;
use super::study_members::StudyMembers;
use super::what_if::question::Answer;
use crate::explain::Attribution;
use crate::explain::stability::MapStability;
use crate::model::gate::GateVerdict;
use crate::model::population::PopulationVerdict;
use crate::uncertainty::Posterior;

/// What is known so far of one image.
#[derive(Clone, Debug)]
pub enum Progress {
    /// The gate's verdict, before anything else.
    Gated(GateVerdict),
    /// Scores of the pass with dropout off.
    Scored {
        labels: Vec<Score>,
        groups: Vec<Score>,
        /// Whether the image belongs to the population of the model.
        population: Option<PopulationVerdict>,
    },
    /// Finished maps, those of one layer together.
    Maps(Vec<Arc<Attribution>>),
    /// Unfinished maps of a method that refines them; newer ones replace them.
    Refined(Vec<Arc<Attribution>>),
    /// How far something is that takes its time.
    Step { what: &'static str, done: usize, of: usize },
    /// How stable a map is, from the samples so far.
    Stability(Arc<MapStability>),
    /// How faithful a map is, as far as it is known.
    Faithfulness(Arc<MapFaithfulness>),
    /// The posterior of the samples so far.
    Sampled { done: usize, of: usize, posterior: Posterior },
    /// What the user's own gallery says of the image.
    Similar(Arc<Similar>),
    /// What came of a changed image, so far.
    WhatIf(Arc<Answer>),
    /// How far the images of the study are that the image belongs to.
    Study { done: usize, of: usize },
    /// All of them, judged.
    StudyJudged(Arc<StudyMembers>),
}
