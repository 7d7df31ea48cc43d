//! What the evaluated thresholds are worth where a finding is as frequent as stated.
//!
//! Predictive values by Bayes' rule from sensitivity and specificity
//! ([`crate::model::prevalence`]): those counted on a set hold for the prevalence of that set
//! alone.

use serde::Serialize;

use super::bootstrap::Estimate;
use super::performance::Evaluation;
use crate::model::calibration::Proportion;
use crate::model::prevalence::{negative, positive};

/// Predictive values of one label or group; `None` where the images give no sensitivity or no
/// specificity.
#[derive(Debug, Serialize)]
pub struct PredictiveValues {
    pub label: String,
    pub prevalence: f64,
    pub threshold: f64,
    pub ppv: Option<Proportion>,
    pub npv: Option<Proportion>,
}

/// The values of the labels and groups in `shares`, each with its stated prevalence (0–1).
#[must_use]
pub fn predictive_values(evaluation: &Evaluation, shares: Vec<(String, f64)>) -> Vec<PredictiveValues> {
    let of = |(label, share): (String, f64)| {
        let target = evaluation.targets.iter().find(|t| t.name == label)?;
        let known = |name: &str| match target.metric(name) {
            Estimate(Some(value), Some(low), Some(high)) => Some(Proportion { value, low, high }),
            _ => None,
        };
        let both = known("sensitivity").zip(known("specificity"));
        Some(PredictiveValues {
            prevalence: share,
            threshold: target.threshold,
            ppv: both.and_then(|(se, sp)| positive(se, sp, share)),
            npv: both.and_then(|(se, sp)| negative(se, sp, share)),
            label,
        })
    };
    shares.into_iter().filter_map(of).collect()
}
