//! Words for the reader from the rules of the manifest, hedged by the doubt of the model.
//!
//! A rule speaks when the probability of its label or group lies in its range. In doubt (the 5–95 % interval of the samples holds
//! the operating threshold or lies beyond it, or the entropy is high) its doubtful sentence is said instead. Outside the
//! population that the model was measured on, and of an image that the input gate refused, no rule speaks: what it would say
//! rests on images of others. Nothing here is an instruction to treat, and the report says so beside it.

use super::case::{CaseReport, Finding};
use super::reading::Reading;
use crate::uncertainty::Posterior;

/// The sentence that stands with every suggestion.
pub const CAUTION: &str =
    "For the reader to weigh with history, examination and earlier images; never an instruction to treat.";

/// A sentence of the report, and what made it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Said {
    /// Label or group.
    pub target: String,
    pub text: String,
    /// True when the doubtful wording was chosen.
    pub doubtful: bool,
}

/// What the manifest's rules say about this case, in their order; empty when nothing was scored or nothing can be said.
#[must_use]
pub fn suggestions(case: &CaseReport) -> Vec<Said> {
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
            applies.then(|| said(finding, &rule.text, &rule.doubtful, posterior))
        })
        .filter(|said| !said.text.is_empty())
        .collect()
}

fn said(finding: &Finding, text: &str, doubtful: &str, posterior: Option<&Posterior>) -> Said {
    let torn =
        posterior.zip(finding.summary.as_ref()).is_some_and(|(p, summary)| p.doubtful(summary, finding.threshold));
    let doubt = torn || Reading::of(finding) == Reading::Undecided;
    let text = match (doubt, doubtful.is_empty()) {
        (false, _) => text.to_owned(),
        (true, false) => doubtful.to_owned(),
        (true, true) => format!("The model is in doubt about {}; if at all: {text}", finding.name),
    };
    Said { target: finding.name.clone(), text, doubtful: doubt }
}
