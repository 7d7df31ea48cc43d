//! What cannot be checked of the images beside that of a report: its prior, the study that it belongs
//! to, and similar cases.

use std::collections::BTreeMap;

use super::Recomputed;
use crate::engine::ModelInfo;
use crate::engine::similar::Similar;
use crate::engine::study_result::StudyScore;
use crate::report::sidecar::Sidecar;
use crate::report::sidecar::beside::StudyRecord;

/// What cannot be checked in this report, by its place.
pub(super) fn cannot_be_checked(was: &Sidecar, again: &Recomputed) -> Vec<(String, &'static str)> {
    let mut named = Vec::new();
    let mut name = |place: &str, why: &'static str| named.push((place.to_owned(), why));
    match (&was.study, &again.study) {
        (Some(_), None) => {
            name("study", "the other images of the study are not at hand; name their folder with --study");
        }
        (Some(study), Some(found)) => {
            // Scored by the model of the report, whichever model would be chosen for each.
            name(
                "study.left_out",
                "which images take no part was not looked at again; those that take part were scored again",
            );
            name("study.by_others", "which images other models scored was not looked at again");
            let members = found.members.scored_by(&again.model.sha256);
            for (i, (image, member)) in study.images.iter().zip(members).enumerate() {
                let path = std::path::absolute(&member.path).ok();
                if image.path.is_some() && image.path != path {
                    name(&format!("study.images.{i}.path"), "the image was read from another place");
                }
            }
        }
        (None, _) => {}
    }
    match (&was.prior, &again.prior) {
        (Some(_), None) => name("prior", "the prior is not at hand; name it with --prior"),
        (Some(prior), Some(found)) => {
            for i in 0..prior.measurements.len() {
                for field in ["kind", "points", "name", "known_mm", "thorax_proposed"] {
                    let why = "as the reader drew it; its values were measured again";
                    name(&format!("prior.measurements.{i}.{field}"), why);
                }
            }
            let path = std::path::absolute(&found.frame.entry.path).ok();
            if prior.path.is_some() && prior.path != path {
                name("prior.path", "the prior was read from another place");
            }
        }
        (None, _) => {}
    }
    if let Some(similar) = &was.similar {
        let then = similar.gallery.as_ref().map(|gallery| &gallery.sha256);
        let now = match &again.similar {
            Some(Similar::Cases(found)) => Some(&found.gallery_sha256),
            _ => None,
        };
        if again.similar.is_none() || then != now {
            name("similar", "the gallery that it was looked for in is not at hand; name its folder with --gallery");
        } else {
            name("similar.asked", "the choice of who made the report; so many were looked for again");
        }
    }
    named
}

/// Where a pooled score lies on a cut as far as rounding goes, states that differ; and where two
/// images speak for it alike, which of them decides.
pub(super) fn rounded(was: &Sidecar, is: &Sidecar, model: &ModelInfo, allowed: f64) -> BTreeMap<String, String> {
    let mut named = BTreeMap::new();
    let (Some(old), Some(new)) = (&was.study, &is.study) else { return named };
    let near = |a: f32, b: f32| f64::from((a - b).abs()) <= allowed;
    let on_a_cut = |score: &StudyScore| {
        let Ok(calibration) = model.calibration.as_ref() else { return false };
        let target = calibration.study.as_ref().and_then(|study| study.target(&score.label));
        target.is_some_and(|target| {
            target.present_above.iter().chain(&target.absent_below).any(|cut| near(score.score, *cut))
        })
    };
    let any = old.result.scores.iter().any(on_a_cut);
    let pairs = old.result.scores.iter().zip(&new.result.scores);
    for (i, (old_score, new_score)) in pairs.enumerate() {
        if any && old_score.verdict != new_score.verdict {
            for field in ["state", "verdict"] {
                let why = "a pooled score lies on a cut as far as rounding goes, and may fall on either side of it";
                named.insert(format!("study.result.scores.{i}.{field}"), why.to_owned());
            }
        }
        let probability = |of: &StudyRecord, image: usize| Some(of.images.get(image)?.scores.get(i)?.probability);
        let [a, b] = [old_score, new_score].map(|score| probability(old, score.decisive_image));
        if old_score.decisive_image != new_score.decisive_image && a.zip(b).is_some_and(|(a, b)| near(a, b)) {
            let why = "two images speak for it alike as far as rounding goes";
            named.insert(format!("study.result.scores.{i}.decisive_image"), why.to_owned());
        }
    }
    named
}
