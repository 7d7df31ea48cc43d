//! How right the results of whole studies are: pooled scores, thresholds and states of a model's
//! `[study]`, on studies that took no part in choosing them.
//!
//! Only studies whose number of images is one that was measured are judged. A state is wrong where
//! a study with the finding is called absent, or one without it present; the shares of both are to
//! lie below the error rate. That they do on average says nothing of studies of many images, whose
//! pooled scores are higher than those of few: so the shares are given for the studies of fewer and
//! of more images than the median apart, too.
//!
//! States here are those of each finding by itself: what labels and groups hold back of each other
//! ([`crate::engine::study_result`]) makes some of them undecided and none wrong.

use serde::Serialize;

use super::bootstrap::{Bootstrap, Estimate};
use super::predictions::Predictions;
use super::state_errors::StateErrors;
use super::studies::{Units, units};
use super::truth::normal_label;
use super::{proportion, roc};
use crate::model::calibration::Calibration;
use crate::model::conformal::Cuts;
use crate::model::manifest::Manifest;
use crate::model::study_pool::StudyPool;
use crate::study::Identity;
use crate::study::unit::Unit;

/// Seed of the intervals.
const SEED: u64 = 7;

/// Why studies cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StudyPerformanceError {
    #[error(
        "the calibration of this model says nothing of {}; `pellucid evaluate DIR --calibrate FOLDER --studies {}` on other images does",
        .0.several(), .0.name()
    )]
    NotCalibrated(Unit),
}

/// The results of whole studies of a set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StudyEvaluation {
    pub unit: Unit,
    pub pool: StudyPool,
    /// Studies of the set, and those of a number of images that was measured.
    pub units: usize,
    pub judged: usize,
    /// Median number of images of those.
    pub median_images: usize,
    pub error_rate: f64,
    pub targets: Vec<StudyTargetEvaluation>,
}

/// The results for one label or group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StudyTargetEvaluation {
    pub name: String,
    /// Judged studies whose truth is known, and those that show it.
    pub n: usize,
    pub positives: usize,
    pub auroc: Estimate,
    pub threshold: Option<f32>,
    pub sensitivity: Estimate,
    pub specificity: Estimate,
    pub states: StateErrors,
    /// Of studies of at most the median number of images, and of more.
    pub states_of_fewer_images: StateErrors,
    pub states_of_more_images: StateErrors,
}

/// Judged studies of one target, one entry each.
struct Known<'a> {
    scores: Vec<f64>,
    positive: Vec<bool>,
    images: Vec<usize>,
    patients: Vec<&'a str>,
}

impl Known<'_> {
    /// The share of the studies of `which` for which `held` holds.
    fn share(&self, which: impl Fn(usize) -> bool, held: impl Fn(usize) -> bool) -> Estimate {
        let chosen: Vec<usize> = (0..self.scores.len()).filter(|&i| which(i)).collect();
        let outcomes: Vec<f64> = chosen.iter().map(|&i| f64::from(u8::from(held(i)))).collect();
        let patients: Vec<&str> = chosen.iter().map(|&i| self.patients[i]).collect();
        let share = proportion::of(&outcomes, &patients);
        share.map_or_else(Estimate::default, |share| Estimate(Some(share.value), Some(share.low), Some(share.high)))
    }

    fn states(&self, cuts: Option<Cuts>, which: impl Fn(usize) -> bool + Copy) -> StateErrors {
        let Some(cuts) = cuts else { return StateErrors::default() };
        let chosen: Vec<usize> = (0..self.scores.len()).filter(|&i| which(i)).collect();
        let scores: Vec<f64> = chosen.iter().map(|&i| self.scores[i]).collect();
        let positive: Vec<bool> = chosen.iter().map(|&i| self.positive[i]).collect();
        let patients: Vec<&str> = chosen.iter().map(|&i| self.patients[i]).collect();
        StateErrors::of(cuts, &scores, &positive, &patients)
    }

    fn auroc(&self) -> Estimate {
        let of = |drawn: &[usize]| {
            let (scores, positive): (Vec<f64>, Vec<bool>) =
                drawn.iter().map(|&i| (self.scores[i], self.positive[i])).unzip();
            roc::auroc(&scores, &positive)
        };
        let all: Vec<usize> = (0..self.scores.len()).collect();
        let Some(value) = of(&all) else { return Estimate::default() };
        // Resamples that do not differ say nothing.
        let interval = Bootstrap::new(&self.patients, SEED).interval(of).filter(|(low, high)| low < high);
        Estimate(Some(value), interval.map(|i| i.0), interval.map(|i| i.1))
    }
}

/// Judges the studies or series of `set`, whose rows belong to `identities`, at an error rate.
///
/// # Errors
/// When the calibration says nothing of such units.
pub fn study_performance(
    manifest: &Manifest,
    calibration: &Calibration,
    set: &Predictions,
    identities: &[Identity],
    unit: Unit,
    error_rate: f64,
) -> Result<StudyEvaluation, StudyPerformanceError> {
    let study = calibration.study.as_ref().filter(|study| study.unit == unit);
    let study = study.ok_or(StudyPerformanceError::NotCalibrated(unit))?;
    let all = units(set, identities, unit);
    let found = all.len();
    let rows: Vec<Vec<usize>> = all.into_iter().map(|(_, rows)| rows).filter(|r| study.holds_for(r.len())).collect();
    let mut counts: Vec<usize> = rows.iter().map(Vec::len).collect();
    counts.sort_unstable();
    let median = counts.get(counts.len().saturating_sub(1) / 2).copied().unwrap_or(0);
    let units = Units { set, rows, normal: normal_label(&manifest.labels) };
    let target = |number: usize| {
        let name = set.targets[number].name.clone();
        let own = study.target(&name);
        let at = calibration.risk_number(error_rate);
        let cuts = own.zip(at).and_then(|(own, at)| own.cuts(&calibration.risks).get(at).copied());
        let mut known = Known { scores: Vec::new(), positive: Vec::new(), images: Vec::new(), patients: Vec::new() };
        let truths = units.truth(number).into_iter().zip(units.scores(number, study.pool)).zip(&units.rows);
        for ((truth, score), rows) in truths {
            if let Some(truth) = truth {
                known.scores.push(score);
                known.positive.push(truth);
                known.images.push(rows.len());
                known.patients.push(rows.first().map_or("", |&first| set.rows[first].patient.as_str()));
            }
        }
        let threshold = own.and_then(|own| own.threshold);
        let rate = |kind: bool| {
            let calls = |i: usize| threshold.is_some_and(|t| (known.scores[i] as f32 >= t) == kind);
            threshold.map_or_else(Estimate::default, |_| known.share(|i| known.positive[i] == kind, calls))
        };
        StudyTargetEvaluation {
            n: known.scores.len(),
            positives: known.positive.iter().filter(|p| **p).count(),
            auroc: known.auroc(),
            threshold,
            sensitivity: rate(true),
            specificity: rate(false),
            states: known.states(cuts, |_| true),
            states_of_fewer_images: known.states(cuts, |i| known.images[i] <= median),
            states_of_more_images: known.states(cuts, |i| known.images[i] > median),
            name,
        }
    };
    Ok(StudyEvaluation {
        unit,
        pool: study.pool,
        units: found,
        judged: units.rows.len(),
        median_images: median,
        error_rate,
        targets: (0..set.targets.len()).map(target).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::evaluation::predictions::{Prediction, Target};
    use crate::evaluation::truth::tests::chest;
    use crate::model::calibration::tests::made as images_made;
    use crate::model::conformal::RISK;
    use crate::model::study_calibration::StudyCalibration;
    use crate::model::study_calibration::tests::made;

    /// Studies of the model of [`chest`]: whether they are ill, and the scores of their images.
    fn set(studies: &[(bool, &[f64])]) -> (Predictions, Vec<Identity>) {
        let names = ["Normal", "Bacterial pneumonia", "Viral pneumonia", "Pneumonia"];
        let mut rows = Vec::new();
        let mut identities = Vec::new();
        for (number, (ill, images)) in studies.iter().enumerate() {
            for p in *images {
                rows.push(Prediction {
                    image: format!("{}.png", rows.len()),
                    patient: format!("p{number}"),
                    truth: vec![Some(!ill), None, None, Some(*ill)],
                    probability: vec![1.0 - p, *p, 0.0, *p],
                    says: vec![false; 4],
                    logits: vec![0.0; 3],
                    facts: BTreeMap::new(),
                });
                identities.push(Identity {
                    study_uid: format!("1.{number}"),
                    series_uid: String::new(),
                    sop_instance_uid: String::new(),
                });
            }
        }
        let targets = names.iter().enumerate().map(|(i, n)| Target { name: (*n).into(), group: i == 3 }).collect();
        (Predictions { head: chest().head, targets, rows }, identities)
    }

    #[test]
    fn wrong_states_are_counted_of_all_and_by_the_number_of_images() {
        // The mean of the two highest, cuts at 0.4 and 0.8, a threshold of 0.7.
        let (set, identities) = set(&[
            (true, &[0.9, 0.9]),
            (true, &[0.3, 0.3]),
            (true, &[0.5, 0.5, 0.1, 0.1]),
            (false, &[0.1, 0.2]),
            (false, &[0.9, 0.9, 0.1, 0.1]),
            (false, &[0.9]),
        ]);
        let calibration = Calibration { study: Some(made(&chest())), ..images_made(&chest()) };
        let found = study_performance(&chest(), &calibration, &set, &identities, Unit::Study, RISK).unwrap();
        assert_eq!((found.units, found.judged, found.median_images), (6, 5, 2), "no study of one image was measured");
        let pneumonia = &found.targets[3];
        assert_eq!((pneumonia.n, pneumonia.positives, pneumonia.threshold), (5, 3, Some(0.7)));
        let third = Some(1.0 / 3.0);
        assert_eq!((pneumonia.sensitivity.0, pneumonia.specificity.0), (third, Some(0.5)));
        // Ill: 0.9, 0.3, 0.5; healthy: 0.15, 0.9. Of six pairs three are in order, one is tied.
        assert!((pneumonia.auroc.0.unwrap() - 3.5 / 6.0).abs() < 1e-12, "{:?}", pneumonia.auroc);
        let states = pneumonia.states;
        assert_eq!(
            (states.absent_of_with.0, states.present_of_without.0, states.undecided.0),
            (third, Some(0.5), Some(0.2))
        );
        let (fewer, more) = (pneumonia.states_of_fewer_images, pneumonia.states_of_more_images);
        assert_eq!((fewer.absent_of_with.0, fewer.present_of_without.0), (Some(0.5), Some(0.0)));
        assert_eq!((more.absent_of_with.0, more.present_of_without.0), (Some(0.0), Some(1.0)));
        assert_eq!(found.targets[1].n, 0, "whose truth is unknown is not judged");
        let normal = &found.targets[0];
        assert_eq!((normal.n, normal.positives), (5, 2));
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let (set, identities) = set(&[(true, &[0.9, 0.9])]);
        let none = |calibration: &Calibration, unit| {
            study_performance(&chest(), calibration, &set, &identities, unit, RISK).unwrap_err().to_string()
        };
        assert!(none(&images_made(&chest()), Unit::Study).contains("--studies study"));
        let of_series = StudyCalibration { unit: Unit::Series, ..made(&chest()) };
        let calibration = Calibration { study: Some(of_series), ..images_made(&chest()) };
        assert!(none(&calibration, Unit::Study).contains("nothing of studies"));
    }
}
