//! The prior of the reported image: an earlier image of the same patient, scored by the same model.

use std::sync::Arc;

use crate::engine::Analysis;
use crate::measurement::Measurement;
use crate::study::Frame;

/// The prior of a case.
#[derive(Clone, Debug)]
pub struct CasePrior {
    pub frame: Arc<Frame>,
    /// By the model of the case.
    pub analysis: Arc<Analysis>,
    pub measurements: Vec<Measurement>,
}
