//! `pellucid evaluate DIR --prevalence SHARE`: what the judged thresholds are worth where the finding is as frequent as stated.

use serde::Serialize;

use crate::cli::Usage;
use crate::cli::session::stated;
use crate::evaluation::bootstrap::Estimate;
use crate::evaluation::judgement::Judgement;
use crate::network::manifest::Manifest;
use crate::uncertainty::calibration::Proportion;
use crate::uncertainty::prevalence::{self, Stated};

/// Where the judged images do not stand for how frequent a finding is.
#[derive(Debug, clap::Args)]
pub struct PrevalenceArgs {
    /// How frequent the finding is where the model is used: 0.01, 1% or NAME=1%; gives predictive values at the model's threshold. May
    /// be repeated [default name: the model's only group or label]
    #[arg(long, value_name = "[NAME=]SHARE")]
    prevalence: Vec<Stated>,
}

/// Predictive values of one label or group; `null` where the judged images tell no sensitivity or no specificity.
#[derive(Debug, Serialize)]
pub struct AtPrevalence {
    label: String,
    prevalence: f64,
    threshold: f64,
    ppv: Option<Proportion>,
    npv: Option<Proportion>,
}

impl PrevalenceArgs {
    /// Refuses what the model cannot be asked about, before anything is judged.
    pub fn check(&self, manifest: &Manifest) -> Result<(), Usage> {
        stated(&self.prevalence, manifest).map(drop)
    }

    /// The values of a judgement.
    pub fn values(&self, manifest: &Manifest, judged: &Judgement) -> Result<Vec<AtPrevalence>, Usage> {
        let of = |(label, share): (String, f64)| {
            let target = judged.targets.iter().find(|t| t.name == label)?;
            let known = |name: &str| match target.figure(name) {
                Estimate(Some(value), Some(low), Some(high)) => Some(Proportion { value, low, high }),
                _ => None,
            };
            let both = known("sensitivity").zip(known("specificity"));
            Some(AtPrevalence {
                prevalence: share,
                threshold: target.threshold,
                ppv: both.and_then(|(se, sp)| prevalence::positive(se, sp, share)),
                npv: both.and_then(|(se, sp)| prevalence::negative(se, sp, share)),
                label,
            })
        };
        Ok(stated(&self.prevalence, manifest)?.into_iter().filter_map(of).collect())
    }
}

/// One line a finding.
pub fn text(values: &[AtPrevalence]) -> String {
    let figure = |p: Option<Proportion>| {
        p.map_or_else(|| "unknown".into(), |p| format!("{:.3} ({:.3}–{:.3})", p.value, p.low, p.high))
    };
    let line = |v: &AtPrevalence| {
        format!(
            "At a prevalence of {} % of {}, from its threshold of {:.3}: PPV {}, NPV {}",
            (v.prevalence * 1e4).round() / 1e2,
            v.label,
            v.threshold,
            figure(v.ppv),
            figure(v.npv)
        )
    };
    values.iter().map(line).collect::<Vec<_>>().join("\n")
}
