//! The conformal states of one image: present, absent or undecided at a stated risk, by the
//! calibration set of its model.
//!
//! They follow from the probabilities of the pass with dropout off and the cuts that are kept with
//! the model, so the viewer, the command line, a report and its verification all come to the same.
//! See [`crate::model::conformal`] for what is promised, and [`crate::model::joint`] for how those
//! of labels and groups become one statement. An image that the input gate refused is unlike the
//! calibration images: nothing is said of it, even where its scores are shown.

use serde::{Deserialize, Serialize};

use super::Score;
use crate::model::calibration::{Calibration, CalibrationError, percent};
use crate::model::conformal::{Cuts, State, Verdict};
use crate::model::gate::GateVerdict;
use crate::model::joint;
use crate::model::joint::{Tested, TestedGroup};
use crate::model::manifest::{Head, Manifest};
use crate::model::population::PopulationVerdict;

/// Said in place of the states of an image from elsewhere.
pub const OUTSIDE: &str = "outside the population that this model was measured on";

/// Why no states are given, in a sentence.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NoStates {
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    #[error(
        "The input gate refused this image: it is unlike the calibration images, so nothing can be said at an error rate."
    )]
    Refused,
    #[error("The image was refused before any gate could assess it, so nothing can be said at an error rate.")]
    Unjudged,
    #[error("The calibration of this model has no cuts for an error rate of {asked}; it has {}.", known.join(", "))]
    Risk { asked: String, known: Vec<String> },
}

/// The states of an image, with the set that they rest on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conformal {
    /// At most this share of images like the calibration images are called wrongly, of either kind.
    pub risk: f64,
    /// The calibration set, in words.
    pub set: String,
    pub images: usize,
    pub patients: usize,
    /// Labels, then groups, in the manifest's order.
    pub states: Vec<LabelState>,
    /// What must hold for the states to hold, where it cannot be known: "the patient is 1–5 years
    /// old".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// The state of a label or a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelState {
    pub label: String,
    pub state: State,
    /// The same, with why not more can be said.
    pub verdict: Verdict,
    /// The cuts on the probability.
    pub present_above: f32,
    pub absent_below: f32,
    /// Calibration images with and without the finding.
    pub with: usize,
    pub without: usize,
    /// Why, in a sentence.
    pub reason: String,
}

impl Conformal {
    /// The states of labels and groups of an image at `risk`, by a model of `manifest`.
    ///
    /// # Errors
    /// The sentence that says why there are none.
    pub fn of(
        manifest: &Manifest,
        calibration: &Result<Calibration, CalibrationError>,
        gate: Option<&GateVerdict>,
        population: Option<&PopulationVerdict>,
        labels: &[Score],
        groups: &[Score],
        risk: f64,
    ) -> Result<Self, NoStates> {
        let calibration = calibration.as_ref().map_err(Clone::clone)?;
        if let Some(gate) = gate.filter(|g| !g.accepted) {
            return Err(if gate.is_judged() { NoStates::Refused } else { NoStates::Unjudged });
        }
        let at = calibration.risk_number(risk).ok_or_else(|| NoStates::Risk {
            asked: percent(risk),
            known: calibration.risks.iter().copied().map(percent).collect(),
        })?;
        let cuts = |score: &Score| {
            calibration.all_cuts(&score.label).ok_or_else(|| CalibrationError::Lacks(score.label.clone()).into())
        };
        let cuts = labels.iter().chain(groups).map(cuts).collect::<Result<Vec<_>, NoStates>>()?;
        let outside = population.filter(|p| !p.inside);
        let verdicts = together(manifest, labels, groups, &cuts, at);
        let state = |((score, cuts), verdict): ((&Score, &Vec<Cuts>), Verdict)| {
            let target = calibration.target(&score.label)?;
            let verdict = if outside.is_some() { Verdict::Withheld } else { verdict };
            Some(LabelState {
                label: score.label.clone(),
                state: verdict.state(),
                verdict,
                present_above: cuts[at].present_above,
                absent_below: cuts[at].absent_below,
                with: target.with,
                without: target.without,
                reason: outside.map_or_else(|| target.reason(verdict, risk), |p| p.reason.clone()),
            })
        };
        Ok(Self {
            risk,
            set: calibration.set.clone(),
            images: calibration.images,
            patients: calibration.patients,
            states: labels.iter().chain(groups).zip(&cuts).zip(verdicts).filter_map(state).collect(),
            condition: population.filter(|p| p.inside).and_then(|p| p.condition.clone()),
        })
    }

    /// The state of a label or a group.
    #[must_use]
    pub fn state(&self, label: &str) -> Option<&LabelState> {
        self.states.iter().find(|s| s.label == label)
    }

    /// Whether nothing is said, because the image is outside the population that the model was
    /// measured on.
    #[must_use]
    pub fn withheld(&self) -> bool {
        self.states.iter().any(|s| s.state == State::Withheld)
    }

    /// A state as a reader is told it:
    /// `present at an error rate of 10 %, if the patient is 1–5 years old`.
    #[must_use]
    pub fn state_in_words(&self, own: &LabelState) -> String {
        match (own.state, &self.condition) {
            (State::Withheld, _) => OUTSIDE.to_owned(),
            (State::Undecided, _) | (_, None) => {
                format!("{} at an error rate of {}", own.state.word(), percent(self.risk))
            }
            (state, Some(condition)) => {
                format!("{} at an error rate of {}, if {condition}", state.word(), percent(self.risk))
            }
        }
    }

    /// The set and the risk, for the foot of a table.
    #[must_use]
    pub fn in_words(&self) -> String {
        let condition = self.condition.as_ref().map_or_else(String::new, |c| format!(" They hold if {c}."));
        format!(
            "Conformal states at an error rate of {}; calibration set: {}, {} images of {} patients.{condition}",
            percent(self.risk),
            self.set,
            self.images,
            self.patients
        )
    }
}

/// What is said of labels, then groups, at risk number `at`, so that none contradicts another.
fn together(manifest: &Manifest, labels: &[Score], groups: &[Score], cuts: &[Vec<Cuts>], at: usize) -> Vec<Verdict> {
    let tested = |(score, cuts): (&Score, &Vec<Cuts>)| Tested {
        probability: score.probability,
        verdicts: cuts.iter().map(|c| c.judge(score.probability)).collect(),
    };
    let (of_labels, of_groups) = cuts.split_at(labels.len());
    let tested_labels: Vec<Tested> = labels.iter().zip(of_labels).map(tested).collect();
    let members = |score: &Score| {
        let group = manifest.groups.iter().find(|g| g.name == score.label);
        let names = group.map_or(&[][..], |g| &g.members);
        (0..labels.len()).filter(|&k| names.contains(&labels[k].label)).collect()
    };
    let with_members = |(score, cuts)| TestedGroup { members: members(score), tested: tested((score, cuts)) };
    let tested_groups: Vec<TestedGroup> = groups.iter().zip(of_groups).map(with_members).collect();
    let (mut said, of_groups) = match manifest.head {
        Head::Softmax => joint::exclusive(&tested_labels, &tested_groups, at),
        Head::Sigmoid => joint::independent(&tested_labels, &tested_groups, at),
    };
    said.extend(of_groups);
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sample_scores::{manifest, named, scored};
    use crate::model::calibration::Target;
    use crate::model::calibration::tests::made;
    use crate::model::conformal::{RISK, RISKS};
    use crate::model::registry;

    /// At the usual risk, with cuts at 0.3 and 0.6 for every label and the group.
    fn of(calibration: &Calibration, probabilities: [f32; 3], population: Option<&PopulationVerdict>) -> Conformal {
        let (labels, groups) = scored(probabilities);
        let calibration = Ok(calibration.clone());
        Conformal::of(&manifest(), &calibration, None, population, &labels, &groups, RISK).unwrap()
    }

    fn states(probabilities: [f32; 3]) -> Vec<State> {
        of(&made(&manifest()), probabilities, None).states.iter().map(|s| s.state).collect()
    }

    #[test]
    fn probabilities_on_either_side_of_the_cuts_are_states() {
        use State::{Absent, Present, Undecided};
        assert_eq!(states([0.05, 0.9, 0.05]), [Absent, Present, Absent, Present]);
        assert_eq!(states([0.9, 0.06, 0.04]), [Present, Absent, Absent, Absent]);
        assert_eq!(states([0.4, 0.3, 0.3]), [Undecided; 4]);
        // Pneumonia of either kind.
        assert_eq!(states([0.1, 0.5, 0.4]), [Absent, Undecided, Undecided, Present]);
    }

    #[test]
    fn outside_the_population_every_state_is_withheld_with_the_reason() {
        let outside = PopulationVerdict {
            inside: false,
            reason: "The patient is 55 years old.".into(),
            condition: None,
            distance: None,
            threshold: None,
        };
        let found = of(&made(&manifest()), [0.05, 0.9, 0.05], Some(&outside));
        assert!(found.states.iter().all(|s| s.state == State::Withheld && s.reason == outside.reason));
        let inside =
            PopulationVerdict { inside: true, condition: Some("the patient is 1–5 years old".into()), ..outside };
        let found = of(&made(&manifest()), [0.05, 0.9, 0.05], Some(&inside));
        assert_eq!(found.states[3].state, State::Present);
        assert_eq!(found.condition.as_deref(), Some("the patient is 1–5 years old"));
    }

    #[test]
    fn the_built_in_calibrations_are_coherent_and_monotone_in_the_risk() {
        for name in ["chest-xray", "brain-mri"] {
            let manifest = registry::manifest(name).unwrap();
            let calibration = registry::calibration(name).unwrap();
            let names: Vec<&str> = manifest.labels.iter().map(|l| l.name.as_str()).collect();
            let group = manifest.members(&manifest.groups[0]);
            let mut before: Vec<State>;
            for i in 0..4000 {
                // Points all over the simplex, near its corners too.
                let logit = |k: usize| (f64::from(i) * [0.618, 0.755, 0.57, 0.819][k]).fract() * f64::from(i % 12);
                let powers: Vec<f64> = (0..names.len()).map(|k| logit(k).exp()).collect();
                let p: Vec<f32> = powers.iter().map(|e| (e / powers.iter().sum::<f64>()) as f32).collect();
                let labels = named(&names, &p);
                let groups = named(&[&manifest.groups[0].name], &[group.iter().map(|k| p[*k]).sum::<f32>().min(1.0)]);
                before = vec![State::Undecided; names.len() + 1];
                for risk in RISKS {
                    let found = Conformal::of(&manifest, &calibration, None, None, &labels, &groups, risk).unwrap();
                    let states: Vec<State> = found.states.iter().map(|s| s.state).collect();
                    let kept = before.iter().zip(&states).all(|(was, is)| was == is || *was == State::Undecided);
                    assert!(kept, "{name}, {p:?}, {risk}: {before:?} {states:?}");
                    let members_present = group.iter().any(|k| states[*k] == State::Present);
                    assert!(!members_present || states[names.len()] == State::Present, "{name}, {p:?}: {states:?}");
                    let top = (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap();
                    let lesser = (0..p.len()).any(|k| k != top && states[k] == State::Present);
                    assert!(!lesser || states[top] != State::Undecided, "{name}, {p:?}: {states:?}");
                    before = states;
                }
            }
        }
    }

    #[test]
    fn too_few_images_of_a_kind_are_said_in_words() {
        let mut few = made(&manifest());
        few.targets[0] = Target { with: 5, ..few.targets[0].clone() };
        let found = of(&few, [0.05, 0.9, 0.05], None);
        // What is undecided of one class is so of those that it would contradict.
        assert_eq!((found.states[0].state, found.states[1].state), (State::Undecided, State::Undecided));
        assert_eq!(found.states[1].verdict, Verdict::HeldBack);
        assert!(found.states[0].reason.contains("With 5 images with") && found.states[0].reason.contains("it takes 9"));
    }

    #[test]
    fn a_refused_image_gets_no_states_and_a_reason() {
        let gate =
            GateVerdict { accepted: false, score: 0.1, threshold: 0.5, reason: "A hand.".into(), warnings: Vec::new() };
        let none = |calibration: Result<Calibration, CalibrationError>, gate, risk| {
            let (labels, _) = scored([0.05, 0.9, 0.05]);
            Conformal::of(&manifest(), &calibration, gate, None, &labels, &[], risk).unwrap_err().to_string()
        };
        let made = || Ok(made(&manifest()));
        assert!(none(made(), Some(&gate), RISK).contains("unlike the calibration images"));
        assert!(none(Err(CalibrationError::Missing), None, RISK).contains("brings no calibration.toml"));
        let none = none(made(), None, 0.07);
        assert!(none.contains("7 %") && none.contains("10 %"));
    }
}
