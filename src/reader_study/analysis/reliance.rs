//! How far readers followed the model, and how far they should have.
//!
//! On a case on which the model is wrong, a reader follows it whose decision is the model's. Readers
//! err without a model too, so the share of such decisions in the arm without it is what the others
//! are held against: the difference is what showing the answer did. The same on cases on which the
//! model is right is what was gained (Parasuraman and Manzey, Human Factors 52 (2010) 381; in
//! radiology Dratsch et al., Radiology 307 (2023) e222176).
//!
//! Shares are means over readers, compared like areas. Changes of the same reader on the same case
//! from the arm without the model to another are counted beside that: what was right and is wrong
//! with the model, and what was wrong and is right.

use serde::Serialize;

use super::crossed::Crossed;
use crate::evaluation::multi_reader::{self, Analysis, Method, mean};
use crate::evaluation::proportion;
use crate::model::calibration::Proportion;
use crate::reader_study::plan::Plan;

/// How far the model was followed. Lists are by arm.
#[derive(Clone, Debug, Serialize)]
pub struct Reliance {
    /// Cases of which the model's answer is known, and on which it is wrong: false alarms and misses.
    pub answered: usize,
    pub false_alarms: usize,
    pub misses: usize,
    /// Share of decisions that are the model's where it is wrong; `None` with fewer than two such
    /// cases.
    pub followed_wrong: Option<Analysis>,
    /// The same where it is right.
    pub followed_right: Option<Analysis>,
    /// Share of decisions that are the model's false alarm, and its miss.
    pub by_error: Vec<ByError>,
    /// Against the arm without the model; empty where there is none.
    pub changes: Vec<Changes>,
}

/// Shares of an arm, by what is wrong with the model's answer.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ByError {
    pub false_alarms: Option<Proportion>,
    pub misses: Option<Proportion>,
}

/// What the same readers decided on the same cases with the model and without.
#[derive(Clone, Debug, Serialize)]
pub struct Changes {
    pub arm: usize,
    /// Of decisions that were right without the model where the model is wrong: those that became
    /// wrong.
    pub misled: Counted,
    /// Of decisions that were wrong without the model where the model is right: those that became
    /// right.
    pub corrected: Counted,
}

/// A share with its counts.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Counted {
    pub of: usize,
    pub count: usize,
    /// Its interval by cases; `None` of none.
    pub share: Option<Proportion>,
}

/// Of readings; `None` where the model had no answer on any case.
pub(super) fn of(plan: &Plan, crossed: &Crossed<'_>, method: Method, remarks: &mut Vec<String>) -> Option<Reliance> {
    let answers: Vec<Option<bool>> = (0..crossed.positive.len()).map(|case| answer(crossed, case, remarks)).collect();
    let answered = answers.iter().flatten().count();
    if answered == 0 {
        return None;
    }
    if answered < answers.len() {
        remarks.push(format!("The model had no answer on {} cases.", answers.len() - answered));
    }
    let is_wrong = |case: &usize| answers[*case].is_some_and(|yes| yes != crossed.positive[*case]);
    let is_right = |case: &usize| answers[*case] == Some(crossed.positive[*case]);
    let cases = |wanted: &dyn Fn(&usize) -> bool| (0..answers.len()).filter(wanted).collect::<Vec<usize>>();
    let (wrong, right) = (cases(&is_wrong), cases(&is_right));
    let decided = |arm: usize, reader: usize, case: usize| crossed.arms[arm][reader][case].confidence >= plan.decision;
    let followed = |of: &[usize]| {
        let share = |arm: usize, reader: usize| {
            let same = |case: &usize| f64::from(Some(decided(arm, reader, *case)) == answers[*case]);
            mean::share(&of.iter().map(same).collect::<Vec<_>>())
        };
        let row = |arm: usize| (0..crossed.readers.len()).map(|r| share(arm, r)).collect::<Result<Vec<_>, _>>();
        let figures = (0..plan.arms.len()).map(row).collect::<Result<Vec<_>, _>>();
        figures.and_then(|figures| multi_reader::analyse(&figures, method)).ok()
    };
    if wrong.len() < 2 {
        remarks.push(format!(
            "The model is wrong on {} of these cases: how far its errors are followed cannot be told.",
            wrong.len()
        ));
    }
    let alarms = cases(&|c| is_wrong(c) && !crossed.positive[*c]);
    let misses = cases(&|c| is_wrong(c) && crossed.positive[*c]);
    let share = |arm: usize, of: &[usize]| {
        let readers = 0..crossed.readers.len();
        counted(
            readers
                .flat_map(|r| of.iter().map(move |c| (*c, r)))
                .map(|(c, r)| (c, Some(decided(arm, r, c)) == answers[c])),
        )
        .share
    };
    let changes = plan.unaided().map_or_else(Vec::new, |unaided| {
        let change = |arm: usize| {
            let pairs = |of: &[usize], before_right: bool| {
                let all = (0..crossed.readers.len()).flat_map(|r| of.iter().map(move |c| (*c, r)));
                counted(
                    all.filter(|(c, r)| (decided(unaided, *r, *c) == crossed.positive[*c]) == before_right)
                        .map(|(c, r)| (c, (decided(arm, r, c) == crossed.positive[c]) != before_right)),
                )
            };
            Changes { arm, misled: pairs(&wrong, true), corrected: pairs(&right, false) }
        };
        (0..plan.arms.len()).filter(|arm| *arm != unaided).map(change).collect()
    });
    Some(Reliance {
        answered,
        false_alarms: alarms.len(),
        misses: misses.len(),
        followed_wrong: followed(&wrong),
        followed_right: followed(&right),
        by_error: (0..plan.arms.len())
            .map(|arm| ByError { false_alarms: share(arm, &alarms), misses: share(arm, &misses) })
            .collect(),
        changes,
    })
}

/// What the model said of a case, wherever it was shown.
fn answer(crossed: &Crossed<'_>, case: usize, remarks: &mut Vec<String>) -> Option<bool> {
    let mut said = crossed.arms.iter().flatten().filter_map(|row| row[case].answer.as_ref());
    let first = said.next()?;
    let differs = said.any(|other| {
        (other.score - first.score).abs() > 1e-3 || other.threshold != first.threshold || other.model != first.model
    });
    if differs {
        let id = &crossed.arms[0][0][case].case;
        remarks.push(format!("Readers were shown different answers of the model on case {id}: the first one counts."));
    }
    Some(first.says_yes())
}

/// Outcomes with the case of each, whose readings are not independent.
fn counted(outcomes: impl Iterator<Item = (usize, bool)>) -> Counted {
    let (cases, outcomes): (Vec<String>, Vec<f64>) =
        outcomes.map(|(case, yes)| (case.to_string(), f64::from(yes))).unzip();
    let names: Vec<&str> = cases.iter().map(String::as_str).collect();
    let count = outcomes.iter().filter(|o| **o > 0.0).count();
    Counted { of: outcomes.len(), count, share: proportion::of(&outcomes, &names) }
}
