//! How an attribute goes together with the score among images of the same truth.
//!
//! Of two groups, the area under the ROC curve by strata: of all pairs of an image of the group and
//! one of the others *with the same truth*, the share in which that of the group scores higher,
//!
//! ```text
//! A = Σ_s n_s m_s A_s / Σ_s n_s m_s
//! ```
//!
//! with `A_s` the area within stratum `s` of `n_s` and `m_s` images (the stratified Mann–Whitney
//! statistic; van Elteren 1960 weights otherwise). 0.5 says that the score does not tell the groups
//! apart. Of an attribute with an order, the mean of Spearman's ρ of the strata, weighted by
//! `n_s − 1`; 0 says that the score does not rise or fall with it.

use crate::evaluation::roc;
use crate::explain::faithfulness::rank;

/// The stratified area; `strata` names the stratum of each image. `None` where no stratum has
/// images of both groups.
pub(super) fn auroc(scores: &[f64], group: &[bool], strata: &[usize]) -> Option<f64> {
    let (mut sum, mut pairs) = (0.0, 0.0);
    for stratum in each(strata) {
        let own = |all: &[f64]| -> Vec<f64> { of(all, strata, stratum).collect() };
        let members: Vec<bool> = of(group, strata, stratum).collect();
        if let Some(area) = roc::auroc(&own(scores), &members) {
            let inside = members.iter().filter(|m| **m).count() as f64;
            let here = inside * (members.len() as f64 - inside);
            sum += here * area;
            pairs += here;
        }
    }
    (pairs > 0.0).then(|| sum / pairs)
}

/// The stratified rank correlation; `None` where in no stratum both vary.
pub(super) fn spearman(scores: &[f64], values: &[f64], strata: &[usize]) -> Option<f64> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for stratum in each(strata) {
        let own = |all: &[f64]| -> Vec<f32> { of(all, strata, stratum).map(|v| v as f32).collect() };
        let (scores, values) = (own(scores), own(values));
        if varies(&scores) && varies(&values) {
            let weight = scores.len() as f64 - 1.0;
            sum += weight * rank::spearman(&scores, &values);
            weights += weight;
        }
    }
    (weights > 0.0).then(|| sum / weights)
}

fn varies(values: &[f32]) -> bool {
    values.iter().any(|v| *v != values[0])
}

fn of<'a, T: Copy>(all: &'a [T], strata: &'a [usize], stratum: usize) -> impl Iterator<Item = T> + 'a {
    all.iter().zip(strata).filter(move |(_, s)| **s == stratum).map(|(v, _)| *v)
}

fn each(strata: &[usize]) -> Vec<usize> {
    let mut all = strata.to_vec();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What scikit-learn and scipy make of the same rows: `tests/golden/shortcuts.py`.
    #[derive(serde::Deserialize)]
    struct Golden {
        scores: Vec<f64>,
        group: Vec<bool>,
        years: Vec<f64>,
        strata: Vec<usize>,
        auroc: f64,
        auroc_given_truth: f64,
        spearman: f64,
        spearman_given_truth: f64,
    }

    fn golden() -> Golden {
        serde_json::from_str(include_str!("../../../tests/golden/shortcuts.json")).expect("the golden file is sound")
    }

    #[test]
    fn areas_and_correlations_are_scikit_learns_and_scipys() {
        let golden = golden();
        let one = vec![0; golden.scores.len()];
        let close = |found: Option<f64>, expected: f64| {
            let found = found.unwrap();
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        };
        close(auroc(&golden.scores, &golden.group, &one), golden.auroc);
        close(auroc(&golden.scores, &golden.group, &golden.strata), golden.auroc_given_truth);
        close(spearman(&golden.scores, &golden.years, &one), golden.spearman);
        close(spearman(&golden.scores, &golden.years, &golden.strata), golden.spearman_given_truth);
    }

    #[test]
    fn what_only_the_truth_explains_is_no_association() {
        // Three of four of the group are positive, one of four of the others; the score is the
        // truth alone.
        let truth = [1, 1, 1, 0, 1, 0, 0, 0];
        let scores = truth.map(|t| t as f64);
        let group = [true, true, true, true, false, false, false, false];
        assert_eq!(auroc(&scores, &group, &[0; 8]), Some(0.75));
        assert_eq!(auroc(&scores, &group, &truth), Some(0.5));
    }

    #[test]
    fn what_cannot_be_compared_gives_nothing() {
        // Every image of the group is positive and no other one is.
        assert_eq!(auroc(&[0.1, 0.9], &[false, true], &[0, 1]), None);
        assert_eq!(spearman(&[0.1, 0.9], &[3.0, 3.0], &[0, 0]), None);
        assert_eq!(auroc(&[], &[], &[]), None);
    }
}
