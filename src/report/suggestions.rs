//! Words for the reader from the rules of the manifest, hedged by the uncertainty of the model.
//!
//! A rule speaks when the probability of its label or group lies in its range. Where the model is
//! uncertain (the 5–95 % interval of the samples holds the operating threshold or lies beyond it,
//! or the entropy is high) its cautious sentence stands instead. Outside the population that the
//! model was measured on, and of an image that the input gate refused, no rule speaks: what it
//! would say rests on images of others. Nothing here is an instruction to treat, and the report
//! says so beside it.

use super::case::{CaseReport, Finding};
use super::threshold_position::ThresholdPosition;
use crate::language::{named, said, tr};
use crate::uncertainty::Posterior;

/// The sentence that stands with every suggestion.
pub(super) const CAUTION: &str =
    named!("For the reader to weigh with history, examination and earlier images; never an instruction to treat.");

/// A sentence of the report, and what made it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Suggestion {
    /// Label or group.
    pub target: String,
    pub text: String,
    /// True when the cautious wording was chosen.
    pub doubtful: bool,
}

/// What the manifest's rules say about this case, in their order and the language of the thread; empty when nothing was scored or
/// nothing can be said.
#[must_use]
pub(super) fn suggestions(case: &CaseReport) -> Vec<Suggestion> {
    if case.outside().is_some() || case.analysis.gate.as_ref().is_some_and(|gate| !gate.accepted) {
        return Vec::new();
    }
    let findings = case.findings();
    let posterior = case.analysis.posterior.as_ref();
    case.model
        .manifest
        .suggestions
        .iter()
        .filter_map(|rule| {
            let finding = findings.iter().find(|f| f.name == rule.target)?;
            let applies = (rule.at_least..rule.below).contains(&finding.probability);
            applies.then(|| worded(finding, &rule.text, &rule.doubtful, posterior))
        })
        .filter(|suggestion| !suggestion.text.is_empty())
        .collect()
}

fn worded(finding: &Finding, text: &str, doubtful: &str, posterior: Option<&Posterior>) -> Suggestion {
    let torn =
        posterior.zip(finding.summary.as_ref()).is_some_and(|(p, summary)| p.doubtful(summary, finding.threshold));
    let uncertain = torn || ThresholdPosition::of(finding) == ThresholdPosition::Undecided;
    let text = match (uncertain, doubtful.is_empty()) {
        (false, _) => said(text),
        (true, false) => said(doubtful),
        (true, true) => {
            tr!(
                "The model is uncertain about {finding}; if at all: {words}",
                finding = finding.name,
                words = said(text)
            )
        }
    };
    Suggestion { target: finding.name.clone(), text, doubtful: uncertain }
}
