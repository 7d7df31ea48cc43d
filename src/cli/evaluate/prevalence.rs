//! `pellucid evaluate DIR --prevalence SHARE`: what the evaluated thresholds are worth where the
//! finding is as frequent as stated.

use crate::cli::Usage;
use crate::cli::session::stated;
use crate::evaluation::performance::Evaluation;
use crate::evaluation::prevalence::{PredictiveValues, predictive_values};
use crate::model::calibration::Proportion;
use crate::model::manifest::Manifest;
use crate::model::prevalence::Stated;

/// Where the evaluated images do not stand for how frequent a finding is.
#[derive(Debug, clap::Args)]
pub(super) struct PrevalenceArgs {
    /// How frequent the finding is where the model is used: 0.01, 1% or NAME=1%; gives predictive
    /// values at the model's threshold. May be repeated [default name: the model's only group or
    /// label]
    #[arg(long, value_name = "[NAME=]SHARE")]
    prevalence: Vec<Stated>,
}

impl PrevalenceArgs {
    /// Refuses what the model cannot be asked about, before anything is evaluated.
    pub(super) fn check(&self, manifest: &Manifest) -> Result<(), Usage> {
        stated(&self.prevalence, manifest).map(drop)
    }

    /// The values of an evaluation.
    pub(super) fn values(&self, manifest: &Manifest, evaluation: &Evaluation) -> Result<Vec<PredictiveValues>, Usage> {
        Ok(predictive_values(evaluation, stated(&self.prevalence, manifest)?))
    }
}

/// One line a finding.
pub(super) fn text(values: &[PredictiveValues]) -> String {
    let value = |p: Option<Proportion>| {
        p.map_or_else(|| "unknown".into(), |p| format!("{:.3} ({:.3}–{:.3})", p.value, p.low, p.high))
    };
    let line = |v: &PredictiveValues| {
        format!(
            "At a prevalence of {} % of {}, from its threshold of {:.3}: PPV {}, NPV {}",
            (v.prevalence * 1e4).round() / 1e2,
            v.label,
            v.threshold,
            value(v.ppv),
            value(v.npv)
        )
    };
    values.iter().map(line).collect::<Vec<_>>().join("\n")
}
