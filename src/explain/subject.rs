//! What a map explains: the score of a class, of a group of classes, or the difference of two of
//! them.
//!
//! The score is always taken before softmax, sigmoid and temperature. For a class it is the logit
//! `z_c`. A group has the score that a class in its place would have:
//!
//! | head | group of the members M |
//! |---|---|
//! | softmax | `ln Σ_M exp(z)`, the logit of the merged class |
//! | sigmoid | `ln(Π_M (1 + exp(z)) − 1)`, the log-odds of at least one member |
//!
//! Both are `z` for a single member. A difference is one score minus the other: why this and not
//! that.

use serde::{Deserialize, Serialize};

use crate::model::manifest::{Head, Manifest};

/// A class, or a group of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// Index into the manifest's labels.
    Class(usize),
    /// Index into the manifest's groups.
    Group(usize),
}

/// What a map explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    One(Output),
    /// The first minus the second.
    Difference(Output, Output),
}

impl Subject {
    /// One class.
    #[must_use]
    pub fn class(class: usize) -> Self {
        Self::One(Output::Class(class))
    }

    /// The class, where it is one.
    #[must_use]
    pub fn as_class(self) -> Option<usize> {
        match self {
            Self::One(Output::Class(class)) => Some(class),
            _ => None,
        }
    }

    /// Every class of a model.
    #[must_use]
    pub fn classes(count: usize) -> Vec<Self> {
        (0..count).map(Self::class).collect()
    }

    /// Every group of a model, then every class.
    #[must_use]
    pub fn all(manifest: &Manifest) -> Vec<Self> {
        let groups = (0..manifest.groups.len()).map(|g| Self::One(Output::Group(g)));
        groups.chain(Self::classes(manifest.labels.len())).collect()
    }

    /// Name for people: "Viral pneumonia", "Pneumonia", "Bacterial pneumonia − Viral pneumonia".
    #[must_use]
    pub fn name(self, manifest: &Manifest) -> String {
        let name = |output| match output {
            Output::Class(k) => manifest.labels.get(k).map_or_else(|| format!("class {k}"), |l| l.name.clone()),
            Output::Group(g) => manifest.groups.get(g).map_or_else(|| format!("group {g}"), |g| g.name.clone()),
        };
        match self {
            Self::One(output) => name(output),
            Self::Difference(a, b) => format!("{} − {}", name(a), name(b)),
        }
    }
}

/// How scores are made of logits.
#[derive(Clone, Debug, PartialEq)]
pub struct Scoring {
    pub head: Head,
    /// Members of each group, indices into the labels.
    pub groups: Vec<Vec<usize>>,
}

impl Scoring {
    /// As the manifest says.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Self {
        Self { head: manifest.head, groups: manifest.all_members() }
    }

    /// Classes alone, for networks without a manifest.
    #[must_use]
    pub fn of_classes() -> Self {
        Self { head: Head::Softmax, groups: Vec::new() }
    }

    /// Whether a model with `classes` labels has this subject.
    #[must_use]
    pub fn knows(&self, subject: Subject, classes: usize) -> bool {
        let known = |output| match output {
            Output::Class(k) => k < classes,
            Output::Group(g) => self.groups.get(g).is_some_and(|members| !members.is_empty()),
        };
        match subject {
            Subject::One(output) => known(output),
            Subject::Difference(a, b) => known(a) && known(b),
        }
    }

    /// The score of a subject that is [known](Self::knows).
    #[must_use]
    pub fn score(&self, subject: Subject, logits: &[f32]) -> f64 {
        match subject {
            Subject::One(output) => self.one(output, logits),
            Subject::Difference(a, b) => self.one(a, logits) - self.one(b, logits),
        }
    }

    /// The derivative of the score for each logit.
    #[must_use]
    pub fn slope(&self, subject: Subject, logits: &[f32]) -> Vec<f32> {
        let mut slope = vec![0.0; logits.len()];
        match subject {
            Subject::One(output) => self.add_slope(output, logits, 1.0, &mut slope),
            Subject::Difference(a, b) => {
                self.add_slope(a, logits, 1.0, &mut slope);
                self.add_slope(b, logits, -1.0, &mut slope);
            }
        }
        slope
    }

    fn members(&self, group: usize) -> &[usize] {
        self.groups.get(group).map_or(&[], Vec::as_slice)
    }

    fn one(&self, output: Output, logits: &[f32]) -> f64 {
        let group = match output {
            Output::Class(k) => return f64::from(logits[k]),
            Output::Group(group) => self.members(group),
        };
        let members = group.iter().map(|&k| f64::from(logits[k]));
        match self.head {
            Head::Softmax => log_sum(members),
            Head::Sigmoid => {
                let total: f64 = members.map(softplus).sum();
                total + (-(-total).exp_m1()).ln()
            }
        }
    }

    fn add_slope(&self, output: Output, logits: &[f32], sign: f64, slope: &mut [f32]) {
        let group = match output {
            Output::Class(k) => {
                slope[k] += sign as f32;
                return;
            }
            Output::Group(group) => self.members(group),
        };
        let members = || group.iter().map(|&k| f64::from(logits[k]));
        let sum = log_sum(members());
        let none = -(-members().map(softplus).sum::<f64>()).exp_m1();
        for &k in group {
            let z = f64::from(logits[k]);
            let share = match self.head {
                Head::Softmax => (z - sum).exp(),
                Head::Sigmoid => 1.0 / (1.0 + (-z).exp()) / none,
            };
            slope[k] += (sign * share) as f32;
        }
    }
}

/// `ln Σ exp(z)` without overflow.
fn log_sum(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let top = values.clone().fold(f64::NEG_INFINITY, f64::max);
    top + values.map(|v| (v - top).exp()).sum::<f64>().ln()
}

/// `ln(1 + exp(z))` without overflow.
fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scoring(head: Head) -> Scoring {
        Scoring { head, groups: vec![vec![1, 2], vec![0]] }
    }

    const LOGITS: [f32; 3] = [0.5, -1.0, 2.0];

    #[test]
    fn a_group_scores_like_the_class_in_its_place() {
        let group = Subject::One(Output::Group(0));
        let (e1, e2) = ((-1f64).exp(), 2f64.exp());
        assert!((scoring(Head::Softmax).score(group, &LOGITS) - (e1 + e2).ln()).abs() < 1e-12);
        let odds = (1.0 + e1) * (1.0 + e2) - 1.0;
        assert!((scoring(Head::Sigmoid).score(group, &LOGITS) - odds.ln()).abs() < 1e-12);
    }

    #[test]
    fn a_group_of_one_is_its_member() {
        for head in [Head::Softmax, Head::Sigmoid] {
            let group = Subject::One(Output::Group(1));
            assert!((scoring(head).score(group, &LOGITS) - 0.5).abs() < 1e-9);
            assert!((scoring(head).slope(group, &LOGITS)[0] - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn slopes_are_the_derivatives_of_scores() {
        let subjects = [
            Subject::class(1),
            Subject::One(Output::Group(0)),
            Subject::Difference(Output::Group(0), Output::Class(2)),
            Subject::Difference(Output::Class(0), Output::Class(1)),
        ];
        for head in [Head::Softmax, Head::Sigmoid] {
            for subject in subjects {
                let slope = scoring(head).slope(subject, &LOGITS);
                for k in 0..3 {
                    let at = |step: f32| {
                        let mut logits = LOGITS;
                        logits[k] += step;
                        scoring(head).score(subject, &logits)
                    };
                    let expected = (at(1e-2) - at(-1e-2)) / 2e-2;
                    assert!((f64::from(slope[k]) - expected).abs() < 1e-3, "{subject:?} {k}");
                }
            }
        }
    }

    #[test]
    fn huge_logits_stay_finite() {
        for head in [Head::Softmax, Head::Sigmoid] {
            for logits in [[0.0, 1e4, 900.0], [0.0, -1e4, -900.0]] {
                let group = Subject::One(Output::Group(0));
                assert!(scoring(head).score(group, &logits).is_finite() || head == Head::Sigmoid);
                assert!(scoring(Head::Softmax).slope(group, &logits).iter().all(|s| s.is_finite()));
            }
        }
    }

    #[test]
    fn what_the_model_does_not_have_is_not_known() {
        let scoring = scoring(Head::Softmax);
        assert!(scoring.knows(Subject::class(2), 3) && !scoring.knows(Subject::class(3), 3));
        assert!(!scoring.knows(Subject::One(Output::Group(2)), 3));
        assert!(!scoring.knows(Subject::Difference(Output::Class(0), Output::Group(9)), 3));
    }
}
