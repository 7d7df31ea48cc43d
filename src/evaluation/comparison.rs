//! Two runs held against each other: on the folds of a cross-validation, or on the same images.
//!
//! Over folds: the paired t-test, plain and corrected, and the signed rank test. On images: DeLong
//! for areas, McNemar for decisions, and for every metric the bootstrap interval of the difference
//! by patient. The corrected test and the interval by patients are those to believe; the others
//! stand beside them because papers quote them.

use serde::Serialize;

use super::bootstrap::Bootstrap;
use super::delong::Correlated;
use super::folds::Crossval;
use super::mcnemar::McNemar;
use super::metric::Metric;
use super::paired::{SignedRank, TTest, Undefined, signed_rank, t_test};
use super::predictions::{Prediction, Predictions};
use super::{delong, mcnemar, metric};
use crate::model::manifest::Head;

/// Seed of the intervals.
const SEED: u64 = 7;
/// Below this a difference is called more than chance.
pub const LEVEL: f64 = 0.05;

/// Runs that cannot be compared.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    #[error(
        "{first} has {of_first} folds and {second} {of_second}; only runs with the same folds can be compared: \
         cross-validate both with the same --folds"
    )]
    FoldCount { first: String, of_first: usize, second: String, of_second: usize },
    #[error(
        "fold {fold} of {first} does not hold the images of fold {fold} of {second} with the same truths; cross-validate both \
         on the same data with the same --folds, seed and patients"
    )]
    Folds { fold: usize, first: String, second: String },
    #[error(
        "{first} predicts {of_first}, and {second} predicts {of_second}; only runs with the same labels can be compared"
    )]
    Labels { first: String, of_first: String, second: String, of_second: String },
}

/// Two cross-validations by one metric. Differences are first minus second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OverFolds {
    pub metric: Metric,
    pub target: Option<String>,
    pub first: Vec<Option<f64>>,
    pub second: Vec<Option<f64>>,
    /// Of the folds where both have the metric.
    pub differences: Vec<f64>,
    pub test_share: f64,
    pub plain: Option<TTest>,
    pub corrected: Option<TTest>,
    pub signed_rank: Option<SignedRank>,
    /// Why a test is missing.
    pub undefined: Option<Undefined>,
    /// p of the corrected test, held against the number of pairs of runs.
    pub p_held: Option<f64>,
}

/// Compares `metric` of `target` over the folds.
pub fn over_folds(
    (name_a, a): (&str, &Crossval),
    (name_b, b): (&str, &Crossval),
    metric: Metric,
    target: Option<&str>,
) -> Result<OverFolds, Refusal> {
    let (first, second) = (name_a.to_owned(), name_b.to_owned());
    if a.targets != b.targets {
        let (of_first, of_second) = (a.targets.join(", "), b.targets.join(", "));
        return Err(Refusal::Labels { first, of_first, second, of_second });
    }
    if a.by_fold.len() != b.by_fold.len() {
        let (of_first, of_second) = (a.by_fold.len(), b.by_fold.len());
        return Err(Refusal::FoldCount { first, of_first, second, of_second });
    }
    if let Some((f, _)) = a.by_fold.iter().zip(&b.by_fold).find(|(f, g)| f.images_sha256 != g.images_sha256) {
        return Err(Refusal::Folds { fold: f.fold, first, second });
    }
    let (first, second) = (a.values(metric, target), b.values(metric, target));
    let differences: Vec<f64> = first.iter().zip(&second).filter_map(|(a, b)| Some((*a)? - (*b)?)).collect();
    let test_share = a.test_share();
    let plain = t_test(&differences, None);
    Ok(OverFolds {
        metric,
        target: target.map(str::to_owned),
        first,
        second,
        test_share,
        undefined: plain.err(),
        plain: plain.ok(),
        corrected: t_test(&differences, Some(test_share)).ok(),
        signed_rank: signed_rank(&differences).ok(),
        differences,
        p_held: None,
    })
}

/// Two evaluations of the same images by one metric. The difference is first minus second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OnImages {
    pub metric: Metric,
    pub target: Option<String>,
    pub images: usize,
    pub patients: usize,
    pub first: Option<f64>,
    pub second: Option<f64>,
    pub difference: Option<f64>,
    /// 95 % bootstrap interval of the difference by patient.
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub delong: Option<Correlated>,
    pub mcnemar: Option<McNemar>,
    /// p of DeLong or McNemar, held against the number of pairs of runs.
    pub p_held: Option<f64>,
}

impl OnImages {
    /// p of the test that belongs to the metric.
    #[must_use]
    pub fn p(&self) -> Option<f64> {
        let area = self.delong.and_then(|d| d.test).map(|t| t.p);
        area.or_else(|| self.mcnemar.and_then(|m| m.p))
    }
}

/// Compares `metric` of `target` on tables that hold the same images in the same order: see
/// [`super::matching::align`].
#[must_use]
pub fn on_images(a: &Predictions, b: &Predictions, metric: Metric, target: Option<usize>) -> OnImages {
    let rows: Vec<usize> = (0..a.rows.len()).collect();
    let patients: Vec<&str> = a.rows.iter().map(|r| r.patient.as_str()).collect();
    let bootstrap = Bootstrap::new(&patients, SEED);
    let of = |p: &Predictions, rows: &[usize]| metric::value(p, rows, metric, target);
    let difference = |drawn: &[usize]| Some(of(a, drawn)? - of(b, drawn)?);
    let value = difference(&rows);
    let interval = value.and_then(|_| bootstrap.interval(difference));
    let known = target.map(|t| (a.known(t), b.known(t)));
    OnImages {
        metric,
        target: target.map(|t| a.targets[t].name.clone()),
        images: known.as_ref().map_or(a.rows.len(), |(k, _)| k.rows.len()),
        patients: known.as_ref().map_or(bootstrap.patients(), |(k, _)| {
            Bootstrap::new(&k.rows.iter().map(|&i| patients[i]).collect::<Vec<_>>(), SEED).patients()
        }),
        first: of(a, &rows),
        second: of(b, &rows),
        difference: value,
        low: interval.map(|i| i.0),
        high: interval.map(|i| i.1),
        delong: known
            .filter(|_| metric == Metric::Auroc)
            .and_then(|(a, b)| delong::compare(&a.scores, &b.scores, &a.positive)),
        mcnemar: decisions(a, b, metric, target),
        p_held: None,
    }
}

/// McNemar's test of what `metric` counts, where it counts decisions: all images, the positive or
/// the negative ones.
fn decisions(a: &Predictions, b: &Predictions, metric: Metric, target: Option<usize>) -> Option<McNemar> {
    let wanted = |truth: bool| match metric {
        Metric::Accuracy => true,
        Metric::Sensitivity => truth,
        Metric::Specificity => !truth,
        _ => false,
    };
    let pairs: Vec<(bool, bool)> = match target {
        Some(t) => {
            let right = |r: &Prediction, truth: bool| r.says[t] == truth;
            let known = a.rows.iter().zip(&b.rows).filter_map(|(r, s)| Some((r, s, r.truth[t]?)));
            known.filter(|(_, _, y)| wanted(*y)).map(|(r, s, y)| (right(r, y), right(s, y))).collect()
        }
        None if metric == Metric::Accuracy && a.head == Head::Softmax && b.head == Head::Softmax => {
            let known = a.rows.iter().zip(&b.rows).filter_map(|(r, s)| Some((r, s, r.class()?)));
            known.map(|(r, s, class)| (r.called() == class, s.called() == class)).collect()
        }
        None => Vec::new(),
    };
    let (first, second): (Vec<bool>, Vec<bool>) = pairs.into_iter().unzip();
    (!first.is_empty()).then(|| mcnemar::test(&first, &second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::folds::tests::crossval;
    use crate::evaluation::predictions::tests::three;

    #[test]
    fn the_corrected_test_is_wider_than_the_plain_one() {
        let (a, b) = (crossval("a", &[0.90, 0.92, 0.91, 0.93]), crossval("b", &[0.88, 0.91, 0.90, 0.90]));
        let found = over_folds(("a", &a), ("b", &b), Metric::Auroc, None).unwrap();
        let (plain, corrected) = (found.plain.unwrap(), found.corrected.unwrap());
        assert!((plain.mean - 0.0175).abs() < 1e-12 && found.test_share == 0.25);
        assert!(corrected.p > plain.p && corrected.low < plain.low);
        let rare = over_folds(("a", &a), ("b", &b), Metric::Auroc, Some("Hernia")).unwrap();
        assert_eq!((rare.differences.len(), rare.plain, rare.undefined), (3, None, Some(Undefined::Equal)));
    }

    #[test]
    fn other_folds_and_other_labels_are_refused_in_words() {
        let (a, mut b) = (crossval("a", &[0.9, 0.8]), crossval("b", &[0.9, 0.8]));
        b.by_fold[1].images_sha256 = "others".into();
        let said = |b: &Crossval| over_folds(("a", &a), ("b", b), Metric::Auroc, None).unwrap_err().to_string();
        assert!(said(&b).starts_with("fold 2 of a does not hold the images of fold 2 of b"));
        b.targets = vec!["Mass".into()];
        assert!(said(&b).contains("a predicts Hernia, and b predicts Mass"));
        assert!(said(&crossval("b", &[0.9])).contains("a has 2 folds and b 1"));
    }

    #[test]
    fn decisions_on_the_same_images_are_mcnemars() {
        let (a, mut b) = (three(), three());
        b.rows[0].logits.reverse();
        let found = on_images(&a, &b, Metric::Accuracy, None);
        assert_eq!((found.first, found.second, found.difference), (Some(1.0), Some(0.5), Some(0.5)));
        let test = found.mcnemar.unwrap();
        assert_eq!((test.only_first, test.only_second, test.p), (1, 0, Some(1.0)));
        // Too few positives for an area with a spread.
        assert_eq!(on_images(&a, &b, Metric::Auroc, Some(0)).delong, None);
        // No patient without the group was called wrongly by one alone.
        assert_eq!(on_images(&a, &b, Metric::Specificity, Some(2)).mcnemar.unwrap().p, None);
    }
}
