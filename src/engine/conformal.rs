//! The conformal states of one image: present, absent or undecided at a stated risk, by the calibration set of its model.
//!
//! They follow from the probabilities of the pass with dropout off and the cuts that are kept with the model, so the viewer,
//! the command line, a report and its verification all come to the same. See [`crate::uncertainty::conformal`] for what is
//! promised. An image that the input gate refused is unlike the calibration images: nothing is said of it, even where its scores
//! are shown.

use serde::{Deserialize, Serialize};

use super::Score;
use crate::network::GateVerdict;
use crate::uncertainty::calibration::{Calibration, CalibrationError, percent};
use crate::uncertainty::conformal::{State, Verdict};
use crate::uncertainty::population::PopulationVerdict;

/// Why no states are given, in a sentence.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NoStates {
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    #[error(
        "The input gate refused this image: it is unlike the calibration images, so nothing can be said at a risk."
    )]
    Refused,
    #[error("The calibration of this model has no cuts for a risk of {asked}; it has {}.", known.join(", "))]
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
    /// What must hold for the states to hold, where it cannot be known: "the patient is 1–5 years old".
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
    /// The states of labels and groups of an image at `risk`.
    ///
    /// # Errors
    /// The sentence that says why there are none.
    pub fn of(
        calibration: &Result<Calibration, CalibrationError>,
        gate: Option<&GateVerdict>,
        population: Option<&PopulationVerdict>,
        labels: &[Score],
        groups: &[Score],
        risk: f64,
    ) -> Result<Self, NoStates> {
        let calibration = calibration.as_ref().map_err(Clone::clone)?;
        if gate.is_some_and(|g| !g.accepted) {
            return Err(NoStates::Refused);
        }
        let state = |score: &Score| {
            let target = calibration.target(&score.label);
            let target = target.ok_or_else(|| CalibrationError::Lacks(score.label.clone()))?;
            let cuts = calibration.cuts(&score.label, risk).ok_or_else(|| NoStates::Risk {
                asked: percent(risk),
                known: calibration.risks.iter().copied().map(percent).collect(),
            })?;
            let outside = population.filter(|p| !p.inside);
            let verdict = if outside.is_some() { Verdict::Withheld } else { cuts.judge(score.probability) };
            Ok::<_, NoStates>(LabelState {
                label: score.label.clone(),
                state: verdict.state(),
                verdict,
                present_above: cuts.present_above,
                absent_below: cuts.absent_below,
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
            states: labels.iter().chain(groups).map(state).collect::<Result<_, _>>()?,
            condition: population.filter(|p| p.inside).and_then(|p| p.condition.clone()),
        })
    }

    /// The state of a label or a group.
    #[must_use]
    pub fn state(&self, label: &str) -> Option<&LabelState> {
        self.states.iter().find(|s| s.label == label)
    }

    /// The set and the risk, for the foot of a table.
    #[must_use]
    pub fn in_words(&self) -> String {
        format!(
            "Conformal states at {} risk; calibration set: {}, {} images of {} patients.",
            percent(self.risk),
            self.set,
            self.images,
            self.patients
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::manifest::Manifest;
    use crate::network::registry;
    use crate::uncertainty::calibration::{Target, tests::made};
    use crate::uncertainty::conformal::RISK;

    fn manifest() -> Manifest {
        registry::manifest(registry::DEFAULT).unwrap()
    }

    fn scores(probability: f32) -> Vec<Score> {
        let score = |label: &String| Score { label: label.clone(), logit: None, probability, threshold: 0.5 };
        manifest().labels.iter().map(|l| score(&l.name)).collect()
    }

    fn states(probability: f32) -> Vec<State> {
        let found = Conformal::of(&Ok(made(&manifest())), None, None, &scores(probability), &[], RISK).unwrap();
        found.states.iter().map(|s| s.state).collect()
    }

    #[test]
    fn probabilities_on_either_side_of_the_cuts_are_states() {
        assert!(states(0.9).iter().all(|s| *s == State::Present));
        assert!(states(0.1).iter().all(|s| *s == State::Absent));
        assert!(states(0.5).iter().all(|s| *s == State::Undecided));
    }

    #[test]
    fn too_few_images_of_a_kind_are_said_in_words() {
        let mut few = made(&manifest());
        few.targets[0] = Target { with: 5, ..few.targets[0].clone() };
        let found = Conformal::of(&Ok(few), None, None, &scores(0.9), &[], RISK).unwrap();
        assert_eq!((found.states[0].state, found.states[1].state), (State::Undecided, State::Present));
        assert!(found.states[0].reason.contains("With 5 images with") && found.states[0].reason.contains("it takes 9"));
    }

    #[test]
    fn a_refused_image_gets_no_states_and_a_reason() {
        let gate =
            GateVerdict { accepted: false, score: 0.1, threshold: 0.5, reason: "A hand.".into(), warnings: Vec::new() };
        let none = Conformal::of(&Ok(made(&manifest())), Some(&gate), None, &scores(0.9), &[], RISK).unwrap_err();
        assert!(none.to_string().contains("unlike the calibration images"));
        let none = Conformal::of(&Err(CalibrationError::Missing), None, None, &scores(0.9), &[], RISK).unwrap_err();
        assert!(none.to_string().contains("brings no calibration.toml"));
        let none = Conformal::of(&Ok(made(&manifest())), None, None, &scores(0.9), &[], 0.07).unwrap_err();
        assert!(none.to_string().contains("7 %") && none.to_string().contains("10 %"));
    }
}
