//! The highest score of a study, for a reader who wants the worklist sorted by it.

use crate::app::state::State;
use crate::app::state::worklist::HighestScore;
use crate::engine::Analysis;
use crate::evaluation::truth::normal_label;

/// Remembers what a finished analysis says of the study of its image, for this session. Nothing is
/// remembered of an image that the gate refused or that is unlike those the model was measured on.
pub(in crate::app::update) fn record(state: &mut State, analysis: &Analysis) {
    let belongs = analysis.population.as_ref().is_none_or(|population| population.inside);
    let fits = analysis.scored && analysis.gate.as_ref().is_none_or(|gate| gate.accepted);
    let Some((entry, _)) = state.current().filter(|_| belongs && fits) else { return };
    let study = entry.identity.study_uid.clone();
    // That nothing is to be seen is no finding.
    let normal = normal_label(state.labels());
    let findings = analysis.labels.iter().enumerate().filter(|(at, _)| Some(*at) != normal).map(|(_, score)| score);
    let Some(highest) = findings.max_by(|a, b| a.probability.total_cmp(&b.probability)) else { return };
    if study.is_empty() {
        return;
    }
    let score = HighestScore { label: highest.label.clone(), probability: highest.probability };
    let known = state.worklist.scores.entry(study).or_insert_with(|| score.clone());
    // Of several images of a study the highest one counts.
    if score.probability > known.probability {
        *known = score;
    }
    state.worklist.sort();
}
