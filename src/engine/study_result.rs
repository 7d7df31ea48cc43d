//! One result for a study or a series: the scores of its images pooled, with states that were
//! calibrated on whole studies.
//!
//! Where the model's calibration has no `[study]` for this unit, the maximum is shown and nothing is
//! called present or absent: a state of a single image says nothing of thirty. The same where the
//! study has more or fewer images than those that were measured, where an image is outside the
//! population, or where the gate refused one that was scored all the same.

use serde::{Deserialize, Serialize};

use super::Score;
use crate::model::calibration::{Calibration, CalibrationError, percent};
use crate::model::conformal::{State, Verdict};
use crate::model::gate::GateVerdict;
use crate::model::joint::{self, Tested, TestedGroup};
use crate::model::manifest::Manifest;
use crate::model::population::PopulationVerdict;
use crate::model::study_calibration::StudyCalibration;
use crate::model::study_pool::StudyPool;
use crate::study::unit::Unit;

/// One image of a study, as a model judged it.
#[derive(Clone, Copy, Debug)]
pub struct StudyImage<'a> {
    pub labels: &'a [Score],
    pub groups: &'a [Score],
    pub gate: Option<&'a GateVerdict>,
    pub population: Option<&'a PopulationVerdict>,
}

/// What is said of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyResult {
    pub unit: Unit,
    /// Images whose scores were pooled.
    pub images: usize,
    pub pool: StudyPool,
    /// False: nobody chose the pool on labelled studies; it is the maximum.
    pub pool_is_calibrated: bool,
    /// Labels, then groups.
    pub scores: Vec<StudyScore>,
    pub error_rate: f64,
    /// What the states rest on, in a sentence; `None` where there are none.
    pub calibration: Option<String>,
    /// Why there are no states, in a sentence.
    pub no_states: Option<String>,
    /// What must hold for the states to hold, where it cannot be known.
    pub condition: Option<String>,
}

/// The pooled score of a label or a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyScore {
    pub label: String,
    pub group: bool,
    pub score: f32,
    /// Number of the image that speaks most for it (of a label that says nothing found: against it),
    /// from 0.
    pub decisive_image: usize,
    /// Threshold of studies; `None` where there are no states.
    pub threshold: Option<f32>,
    pub state: Option<State>,
    pub verdict: Option<Verdict>,
}

/// Why nothing is called present or absent in a study.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NoStudyStates {
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    #[error(
        "Not calibrated for {}: nobody has measured what pooled scores of this model are worth. `pellucid evaluate DIR --calibrate FOLDER --studies {}` does.",
        .0.several(), .0.name()
    )]
    NotCalibrated(Unit),
    #[error("Not calibrated for {}: the pooled scores of this model were measured on {}.", asked.several(), stated.several())]
    OtherUnit { asked: Unit, stated: Unit },
    #[error(
        "Not calibrated for {} of {}: those that were measured have {measured}.", unit.several(), counted(*images)
    )]
    Images { unit: Unit, images: usize, measured: String },
    #[error("The input gate refused {refused} of {}, so nothing can be said at an error rate.", counted(*images))]
    Refused { refused: usize, images: usize },
    #[error("{outside} of {} outside the population that this model was measured on. {reason}", are_counted(*images))]
    Outside { outside: usize, images: usize, reason: String },
    #[error("The calibration of this model has no cuts for an error rate of {0}.")]
    Risk(String),
}

fn counted(images: usize) -> String {
    format!("{images} image{}", if images == 1 { "" } else { "s" })
}

fn are_counted(images: usize) -> String {
    format!("{} {}", counted(images), if images == 1 { "is" } else { "are" })
}

impl StudyResult {
    /// Pools the images of one study or series, all judged by the model of `manifest`; `normal` is
    /// the number of the label that says that nothing is found. `None` without images.
    #[must_use]
    pub fn of(
        manifest: &Manifest,
        calibration: &Result<Calibration, CalibrationError>,
        normal: Option<usize>,
        unit: Unit,
        images: &[StudyImage<'_>],
        error_rate: f64,
    ) -> Option<Self> {
        let first = images.first()?;
        let states = usable(calibration, unit, images, error_rate);
        let own = calibration.as_ref().ok().and_then(|c| c.study.as_ref()).filter(|study| study.unit == unit);
        let pool = own.map_or_else(StudyPool::default, |study| study.pool);
        let labels = first.labels.len();
        let score = |target: usize| {
            let of =
                |image: &StudyImage<'_>| image.labels.iter().chain(image.groups).nth(target).map(|s| s.probability);
            let all: Vec<f64> = images.iter().filter_map(of).map(f64::from).collect();
            let nothing = normal == Some(target);
            let pooled = if nothing { pool.score_of_nothing(&all) } else { pool.score(&all) };
            let speaks = |i: usize| if nothing { -all[i] } else { all[i] };
            // The first of equals.
            let decisive = (0..all.len()).rev().max_by(|&a, &b| speaks(a).total_cmp(&speaks(b)));
            (pooled.unwrap_or(0.0) as f32, decisive.unwrap_or(0))
        };
        let names = first.labels.iter().chain(first.groups).map(|s| s.label.clone());
        let mut scores: Vec<StudyScore> = names
            .enumerate()
            .map(|(target, label)| {
                let (score, decisive_image) = score(target);
                let group = target >= labels;
                StudyScore { label, group, score, decisive_image, threshold: None, state: None, verdict: None }
            })
            .collect();
        if let Ok((calibration, study, at)) = &states {
            give_states(manifest, study, calibration, *at, normal, &mut scores);
        }
        Some(Self {
            unit,
            images: images.len(),
            pool,
            pool_is_calibrated: own.is_some(),
            scores,
            error_rate,
            calibration: states.as_ref().ok().map(|(calibration, study, _)| {
                format!(
                    "States of whole {} at an error rate of {}; calibration set: {}, {} {} of {}.",
                    unit.several(),
                    percent(error_rate),
                    calibration.set,
                    study.units,
                    unit.several(),
                    study.images_in_words()
                )
            }),
            no_states: states.err().map(|reason| reason.to_string()),
            condition: images.iter().find_map(|image| image.population.and_then(|p| p.condition.clone())),
        })
    }

    /// How the images became one score: `3 images, pooled by the mean of the 2 highest, set on
    /// labelled studies`.
    #[must_use]
    pub fn pooled_in_words(&self) -> String {
        format!("{}, pooled by the {}", counted(self.images), self.rule_in_words())
    }

    /// The rule by itself: `mean of the 2 highest, set on labelled studies`.
    #[must_use]
    pub fn rule_in_words(&self) -> String {
        let pool = self.pool.in_words();
        if self.pool_is_calibrated {
            format!("{pool}, set on labelled {}", self.unit.several())
        } else {
            format!("{pool}, for want of a calibration")
        }
    }

    /// Groups, then labels: the order in which they are read.
    pub fn groups_first(&self) -> impl Iterator<Item = &StudyScore> {
        let of = |group: bool| self.scores.iter().filter(move |score| score.group == group);
        of(true).chain(of(false))
    }

    /// A state as a reader is told it.
    #[must_use]
    pub fn state_in_words(&self, score: &StudyScore) -> String {
        let at = percent(self.error_rate);
        match (score.state, &self.condition) {
            (None, _) => format!("not calibrated for {}", self.unit.several()),
            (Some(state @ (State::Present | State::Absent)), Some(condition)) => {
                format!("{} at an error rate of {at}, if {condition}", state.word())
            }
            (Some(state), _) => format!("{} at an error rate of {at}", state.word()),
        }
    }
}

/// The calibration of the unit and the number of the risk, if states may be given.
fn usable<'c>(
    calibration: &'c Result<Calibration, CalibrationError>,
    unit: Unit,
    images: &[StudyImage<'_>],
    error_rate: f64,
) -> Result<(&'c Calibration, &'c StudyCalibration, usize), NoStudyStates> {
    let n = images.len();
    let refused = images.iter().filter(|image| image.gate.is_some_and(|gate| !gate.accepted)).count();
    if refused > 0 {
        return Err(NoStudyStates::Refused { refused, images: n });
    }
    let outside: Vec<&PopulationVerdict> =
        images.iter().filter_map(|image| image.population).filter(|p| !p.inside).collect();
    if let Some(first) = outside.first() {
        return Err(NoStudyStates::Outside { outside: outside.len(), images: n, reason: first.reason.clone() });
    }
    let calibration = calibration.as_ref().map_err(Clone::clone)?;
    let study = calibration.study.as_ref().ok_or(NoStudyStates::NotCalibrated(unit))?;
    if study.unit != unit {
        return Err(NoStudyStates::OtherUnit { asked: unit, stated: study.unit });
    }
    if !study.holds_for(n) {
        return Err(NoStudyStates::Images { unit, images: n, measured: study.images_in_words() });
    }
    let at = calibration.risk_number(error_rate).ok_or_else(|| NoStudyStates::Risk(percent(error_rate)))?;
    Ok((calibration, study, at))
}

/// Gives every score its threshold and its state. Findings of a study do not exclude each other,
/// whatever those of an image do; groups and their members are one statement, and so are a finding
/// and the label that says that there is none.
fn give_states(
    manifest: &Manifest,
    study: &StudyCalibration,
    calibration: &Calibration,
    at: usize,
    normal: Option<usize>,
    scores: &mut [StudyScore],
) {
    let tested = |score: &StudyScore| Tested {
        probability: score.score,
        verdicts: study.target(&score.label).map_or_else(
            || vec![Verdict::TooFew; calibration.risks.len()],
            |target| target.cuts(&calibration.risks).iter().map(|cuts| cuts.judge(score.score)).collect(),
        ),
    };
    let labels: Vec<Tested> = scores.iter().filter(|s| !s.group).map(tested).collect();
    let groups: Vec<TestedGroup> = scores
        .iter()
        .filter(|s| s.group)
        .map(|score| {
            let group = manifest.groups.iter().find(|group| group.name == score.label);
            let members = group.map_or_else(Vec::new, |group| manifest.members(group));
            TestedGroup { members, tested: tested(score) }
        })
        .collect();
    let (mut verdicts, of_groups) = joint::independent(&labels, &groups, at);
    verdicts.extend(of_groups);
    if let Some(normal) = normal {
        let found = |(i, verdict): (usize, &Verdict)| i != normal && *verdict == Verdict::Present;
        if verdicts.get(normal) == Some(&Verdict::Present) && verdicts.iter().enumerate().any(found) {
            verdicts.iter_mut().filter(|verdict| **verdict == Verdict::Present).for_each(|v| *v = Verdict::HeldBack);
        }
    }
    for (score, verdict) in scores.iter_mut().zip(verdicts) {
        score.threshold = study.target(&score.label).and_then(|target| target.threshold);
        (score.state, score.verdict) = (Some(verdict.state()), Some(verdict));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sample_scores::{manifest, scored};
    use crate::model::calibration::tests::made as images_made;
    use crate::model::conformal::RISK;
    use crate::model::study_calibration::tests::made;

    /// Probabilities of normal, bacterial and viral of each image.
    fn of(images: &[[f32; 3]], calibration: &Result<Calibration, CalibrationError>, unit: Unit) -> StudyResult {
        let judged: Vec<(Vec<Score>, Vec<Score>)> = images.iter().map(|p| scored(*p)).collect();
        let images: Vec<StudyImage<'_>> =
            judged.iter().map(|(labels, groups)| StudyImage { labels, groups, gate: None, population: None }).collect();
        StudyResult::of(&manifest(), calibration, Some(0), unit, &images, RISK).unwrap()
    }

    fn calibrated() -> Calibration {
        Calibration { study: Some(made(&manifest())), ..images_made(&manifest()) }
    }

    #[test]
    fn the_pool_of_the_calibration_gives_the_score_and_its_cuts_the_state() {
        let found = of(&[[0.05, 0.9, 0.05], [0.9, 0.05, 0.05], [0.05, 0.9, 0.05]], &Ok(calibrated()), Unit::Study);
        assert_eq!((found.images, found.pool), (3, StudyPool::TopMean(2)));
        let pneumonia = &found.scores[3];
        assert!((pneumonia.score - 0.95).abs() < 1e-6 && pneumonia.group);
        assert_eq!(
            (pneumonia.state, pneumonia.threshold, pneumonia.decisive_image),
            (Some(State::Present), Some(0.7), 0)
        );
        // Normal is pooled as its contrary: the two images that speak most against it.
        assert!((found.scores[0].score - 0.05).abs() < 1e-6);
        assert_eq!(found.scores[0].state, Some(State::Absent));
        assert_eq!(found.state_in_words(pneumonia), "present at an error rate of 10 %");
        assert!(found.calibration.as_ref().unwrap().contains("100 studies of 2 to 5 images"));
        assert_eq!(found.no_states, None);
    }

    #[test]
    fn nothing_is_said_of_studies_unlike_those_that_were_measured() {
        let image = [0.05, 0.9, 0.05];
        let none = |n: usize, calibration: &Result<Calibration, CalibrationError>, unit| {
            let found = of(&vec![image; n], calibration, unit);
            assert!(found.scores.iter().all(|s| s.state.is_none() && s.threshold.is_none()));
            (found.pool, found.no_states.unwrap())
        };
        let (pool, reason) = none(6, &Ok(calibrated()), Unit::Study);
        assert_eq!(pool, StudyPool::TopMean(2));
        assert!(reason.contains("studies of 6 images") && reason.contains("2 to 5 images"), "{reason}");
        let (pool, reason) = none(3, &Ok(calibrated()), Unit::Series);
        assert_eq!(pool, StudyPool::Maximum);
        assert!(reason.contains("Not calibrated for series") && reason.contains("measured on studies"), "{reason}");
        assert!(none(3, &Ok(images_made(&manifest())), Unit::Study).1.contains("--studies study"));
        assert!(none(3, &Err(CalibrationError::Missing), Unit::Study).1.contains("brings no calibration.toml"));
    }

    #[test]
    fn images_outside_and_refused_images_withhold_the_states() {
        let (labels, groups) = scored([0.05, 0.9, 0.05]);
        let outside = PopulationVerdict {
            inside: false,
            reason: "The patient is 55 years old.".into(),
            condition: None,
            distance: None,
            threshold: None,
        };
        let refused =
            GateVerdict { accepted: false, score: 0.1, threshold: 0.5, reason: "A hand.".into(), warnings: Vec::new() };
        let plain = StudyImage { labels: &labels, groups: &groups, gate: None, population: None };
        let said = |image: StudyImage<'_>| {
            let images = [plain, image];
            StudyResult::of(&manifest(), &Ok(calibrated()), Some(0), Unit::Study, &images, RISK)
                .unwrap()
                .no_states
                .unwrap()
        };
        let words = said(StudyImage { population: Some(&outside), ..plain });
        assert!(words.starts_with("1 of 2 images are outside") && words.contains("55 years"), "{words}");
        assert!(said(StudyImage { gate: Some(&refused), ..plain }).contains("refused 1 of 2 images"));
        let inside =
            PopulationVerdict { inside: true, condition: Some("the patient is 1–5 years old".into()), ..outside };
        let images = [plain, StudyImage { population: Some(&inside), ..plain }];
        let found = StudyResult::of(&manifest(), &Ok(calibrated()), Some(0), Unit::Study, &images, RISK).unwrap();
        assert!(found.state_in_words(&found.scores[3]).ends_with("if the patient is 1–5 years old"));
        assert_eq!(StudyResult::of(&manifest(), &Ok(calibrated()), Some(0), Unit::Study, &[], RISK), None);
    }

    #[test]
    fn normal_and_a_finding_are_never_both_present() {
        // With a low cut both would be: one image is normal, the other not.
        let mut study = made(&manifest());
        study.targets.iter_mut().for_each(|t| t.present_above = vec![0.2; t.present_above.len()]);
        study.targets.iter_mut().for_each(|t| t.absent_below = vec![0.1; t.absent_below.len()]);
        let calibration = Ok(Calibration { study: Some(study), ..images_made(&manifest()) });
        let found = of(&[[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]], &calibration, Unit::Study);
        assert!(found.scores.iter().all(|score| score.state != Some(State::Present)), "{found:?}");
    }
}
