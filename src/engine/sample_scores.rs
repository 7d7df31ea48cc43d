//! Scores as an image might get them, for the tests of this room.

use super::Score;
use crate::model::manifest::Manifest;
use crate::model::registry;

/// The default model's manifest: three labels and a group of two.
pub(super) fn manifest() -> Manifest {
    registry::manifest(registry::DEFAULT).expect("the default model is built in")
}

/// A score for each name.
pub(super) fn named(names: &[&str], probabilities: &[f32]) -> Vec<Score> {
    let score = |(label, probability): (&&str, &f32)| Score {
        label: (*label).into(),
        logit: None,
        probability: *probability,
        threshold: 0.5,
    };
    names.iter().zip(probabilities).map(score).collect()
}

/// Labels and groups of the default model, with these probabilities of normal, bacterial and viral.
pub(super) fn scored(probabilities: [f32; 3]) -> (Vec<Score>, Vec<Score>) {
    let labels = named(&["Normal", "Bacterial pneumonia", "Viral pneumonia"], &probabilities);
    (labels, named(&["Pneumonia"], &[probabilities[1] + probabilities[2]]))
}
