//! What tells how sure a model is of a decision: the signals that a selective prediction goes by.
//!
//! | signal | of the called class | of one finding (label or group) |
//! |---|---|---|
//! | confidence | the highest probability | distance from the threshold `t`: `(p − t)/(1 − t)` above it, `(t − p)/t` below |
//! | entropy | `−Σ p ln p` | `−p ln p − (1 − p) ln(1 − p)` |
//! | mutual information | over the samples | over the samples |
//! | population distance | of the image | of the image |
//!
//! The distance is scaled on either side of the threshold, so that the surest of either side is 1.
//! Entropies are in nats, of the printed probability, or of the mean over the dropout samples where
//! there are any. What an image lacks (no samples, no detector) it is not ordered by.

use std::collections::BTreeMap;

use serde::Serialize;

use super::predictions::{Prediction, Predictions};
use crate::model::manifest::Head;
use crate::uncertainty::Posterior;
use crate::uncertainty::entropy::entropies;

/// Facts of an image that are numbers of the model's doubt.
pub(crate) const DISTANCE: &str = "population distance";
pub(crate) const PREDICTIVE_ENTROPY: &str = "predictive entropy";
pub(crate) const MUTUAL_INFORMATION: &str = "mutual information";

/// A measure of how sure a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    Confidence,
    Entropy,
    MutualInformation,
    PopulationDistance,
}

/// A decision that is right or wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Question {
    /// Which of the classes that exclude each other it is.
    CalledClass,
    /// Whether a label or group reaches its threshold.
    Finding { target: usize, threshold: f64 },
}

impl Signal {
    pub const ALL: [Self; 4] = [Self::Confidence, Self::Entropy, Self::MutualInformation, Self::PopulationDistance];

    /// Name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confidence => "confidence",
            Self::Entropy => "entropy",
            Self::MutualInformation => "mutual information",
            Self::PopulationDistance => DISTANCE,
        }
    }

    /// How a value that is sure enough compares with the threshold.
    #[must_use]
    pub fn side(self) -> &'static str {
        if self == Self::Confidence { "≥" } else { "≤" }
    }

    /// The value as doubt, which rises where the model is less sure; applied twice it is the value
    /// again.
    pub(crate) fn doubt(self, value: f64) -> f64 {
        if self == Self::Confidence { -value } else { value }
    }

    /// The value of an image of `set`; `None` where it is not known.
    pub(crate) fn of(self, set: &Predictions, row: &Prediction, question: Question) -> Option<f64> {
        let value = match (self, question) {
            (Self::Confidence, Question::CalledClass) => labels(row).iter().copied().reduce(f64::max),
            (Self::Confidence, Question::Finding { target, threshold }) => {
                Some(distance_from(threshold, row.probability[target]))
            }
            (Self::Entropy, _) => {
                let sampled = sampled(PREDICTIVE_ENTROPY, set, row, question);
                Some(sampled.unwrap_or_else(|| match question {
                    Question::CalledClass => labels(row).iter().map(|p| surprise(*p)).sum(),
                    Question::Finding { target, .. } => {
                        let p = row.probability[target];
                        surprise(p) + surprise(1.0 - p)
                    }
                }))
            }
            (Self::MutualInformation, _) => sampled(MUTUAL_INFORMATION, set, row, question),
            (Self::PopulationDistance, _) => row.facts.get(DISTANCE).and_then(|text| text.parse().ok()),
        };
        value.filter(|value| value.is_finite())
    }
}

fn labels(row: &Prediction) -> &[f64] {
    &row.probability[..row.logits.len()]
}

/// How far a probability lies from the threshold, in parts of the way to the end of the scale on
/// its side.
fn distance_from(threshold: f64, p: f64) -> f64 {
    let way = if p >= threshold { 1.0 - threshold } else { threshold };
    if way > 0.0 { (p - threshold).abs() / way } else { 0.0 }
}

fn surprise(p: f64) -> f64 {
    if p > 0.0 { -p * p.ln() } else { 0.0 }
}

/// A number that samples gave, as [`of_samples`] left it.
fn sampled(what: &str, set: &Predictions, row: &Prediction, question: Question) -> Option<f64> {
    let text = match question {
        Question::CalledClass => row.facts.get(what),
        Question::Finding { target, .. } => row.facts.get(&of_target(what, &set.targets[target].name)),
    };
    text.and_then(|text| text.parse().ok())
}

fn of_target(what: &str, name: &str) -> String {
    format!("{what} {name}")
}

/// The facts that dropout samples tell of an image: predictive entropy and mutual information of
/// the classes where they exclude each other, and of each finding, called as in `labels` and
/// `group_names`. `groups` gives the probabilities of the groups from those of the labels.
pub(crate) fn of_samples(
    posterior: &Posterior,
    head: Head,
    labels: &[&str],
    group_names: &[&str],
    groups: impl Fn(&[f32]) -> Vec<f32>,
) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    let mut keep = |samples: &[Vec<f32>], head, name: Option<&str>| {
        let found = entropies(samples, head);
        for (what, value) in [(PREDICTIVE_ENTROPY, found.predictive), (MUTUAL_INFORMATION, found.mutual_information)] {
            let key = name.map_or_else(|| what.to_owned(), |name| of_target(what, name));
            facts.insert(key, value.to_string());
        }
    };
    let column = |rows: &[Vec<f32>], k: usize| rows.iter().map(|row| vec![row[k]]).collect::<Vec<_>>();
    match head {
        Head::Softmax => keep(&posterior.samples, head, None),
        Head::Sigmoid => {
            for (k, label) in labels.iter().enumerate() {
                keep(&column(&posterior.samples, k), Head::Sigmoid, Some(label));
            }
        }
    }
    let of_groups: Vec<Vec<f32>> = posterior.samples.iter().map(|sample| groups(sample)).collect();
    for (k, name) in group_names.iter().enumerate() {
        keep(&column(&of_groups, k), Head::Sigmoid, Some(name));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::predictions::tests::three;

    fn near(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| (a - b).abs() < 1e-6)
    }

    #[test]
    fn confidence_and_entropy_are_those_of_the_printed_probabilities() {
        let set = three();
        let row = &set.rows[1];
        // 0.2 and 0.8.
        assert!(near(Signal::Confidence.of(&set, row, Question::CalledClass), 0.8));
        assert!(near(Signal::Entropy.of(&set, row, Question::CalledClass), 0.500_402_4));
        let finding = Question::Finding { target: 2, threshold: 0.6 };
        assert!(near(Signal::Confidence.of(&set, row, finding), 0.5));
        assert!(near(Signal::Entropy.of(&set, row, finding), 0.500_402_4));
        // 0.4 lies a third of the way from 0.6 to 0.
        assert!(near(Signal::Confidence.of(&set, &set.rows[2], finding), 1.0 / 3.0));
        assert!(near(Some(distance_from(0.0, 0.0)), 0.0) && near(Some(distance_from(1.0, 1.0)), 0.0));
        assert_eq!(Signal::MutualInformation.of(&set, row, finding), None);
        assert_eq!(Signal::PopulationDistance.of(&set, row, finding), None);
    }

    #[test]
    fn what_samples_and_the_detector_say_is_read_from_the_facts() {
        let mut set = three();
        // Two samples that contradict each other: all the entropy is about the model.
        let samples = vec![vec![1.0, 0.0], vec![0.0, 1.0]];
        let posterior = Posterior { samples, ..Posterior::default() };
        let facts = of_samples(&posterior, Head::Softmax, &["Normal", "Nodule, solid"], &["Abnormal"], |p| vec![p[1]]);
        set.rows[0].facts.extend(facts);
        set.rows[0].facts.insert(DISTANCE.into(), "1.25".into());
        let (row, ln2) = (&set.rows[0], std::f64::consts::LN_2);
        let finding = Question::Finding { target: 2, threshold: 0.6 };
        for question in [Question::CalledClass, finding] {
            assert!(near(Signal::Entropy.of(&set, row, question), ln2));
            assert!(near(Signal::MutualInformation.of(&set, row, question), ln2));
            assert!(near(Signal::PopulationDistance.of(&set, row, question), 1.25));
        }
        let label = Question::Finding { target: 0, threshold: 0.5 };
        assert_eq!(Signal::MutualInformation.of(&set, row, label), None, "exclusive classes are one question");
    }

    #[test]
    fn independent_findings_have_entropies_of_their_own() {
        let posterior = Posterior { samples: vec![vec![0.5, 0.0], vec![0.5, 1.0]], ..Posterior::default() };
        let facts = of_samples(&posterior, Head::Sigmoid, &["a", "b"], &[], |_| Vec::new());
        let of = |key: &str| facts[key].parse::<f64>().unwrap();
        assert!(of("mutual information a").abs() < 1e-6);
        assert!((of("mutual information b") - std::f64::consts::LN_2).abs() < 1e-6);
        assert_eq!(facts.len(), 4);
    }

    #[test]
    fn doubt_rises_where_the_model_is_less_sure() {
        assert!(Signal::Confidence.doubt(0.9) < Signal::Confidence.doubt(0.6));
        assert!(Signal::Entropy.doubt(0.1) < Signal::Entropy.doubt(0.6));
        assert!(Signal::ALL.iter().all(|s| (s.doubt(s.doubt(0.3)) - 0.3).abs() < 1e-12));
    }
}
