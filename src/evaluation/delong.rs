//! The spread of areas under ROC curves on the same images (DeLong, DeLong and Clarke-Pearson,
//! Biometrics 44, 1988), by mid-ranks (Sun and Xu, IEEE Signal Processing Letters 21, 2014).
//!
//! With mid-ranks among all images (`T_Z`), among the positives (`T_X`) and among the negatives
//! (`T_Y`), each positive has the component `v₁₀ = (T_Z − T_X)/n`, each negative `v₀₁ = 1 − (T_Z −
//! T_Y)/m`; areas are their means and `Cov(A, B) = cov(v₁₀)/m + cov(v₀₁)/n`. Images are taken for
//! independent: where a patient has several, the interval by patients of [`super::bootstrap`] is
//! wider and right. Held to an independent computation by `tests/golden/comparison.json`.

use crate::stats::mean;
use statrs::distribution::{ContinuousCDF as _, Normal};

/// The area under one curve.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Area {
    pub auroc: f64,
    /// Square of the standard error.
    pub variance: f64,
}

/// Two areas on the same images.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Correlated {
    pub first: Area,
    pub second: Area,
    pub covariance: f64,
    /// First minus second.
    pub difference: f64,
    /// 95 % interval of the difference.
    pub low: f64,
    pub high: f64,
    /// `None` where the scores rank the images alike, so that the difference has no spread.
    pub test: Option<Test>,
}

/// Of the difference against 0.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Test {
    pub z: f64,
    /// Two-sided.
    pub p: f64,
}

/// Components of an area, one a positive and one a negative image.
struct Components {
    positives: Vec<f64>,
    negatives: Vec<f64>,
}

/// The area and its variance; `None` with fewer than two positive or two negative images or a score
/// that is no number.
#[cfg(test)]
fn area(scores: &[f64], positive: &[bool]) -> Option<Area> {
    let parts = components(scores, positive)?;
    Some(Area { auroc: average(&parts.positives), variance: covariance(&parts, &parts) })
}

/// Compares the areas of two scores of the same images; `None` with fewer than
/// two positive or two negative images or a score that is no number.
#[must_use]
pub(super) fn compare(first: &[f64], second: &[f64], positive: &[bool]) -> Option<Correlated> {
    let (a, b) = (components(first, positive)?, components(second, positive)?);
    let of = |c: &Components| Area { auroc: average(&c.positives), variance: covariance(c, c) };
    let (first, second, covariance) = (of(&a), of(&b), covariance(&a, &b));
    let difference = first.auroc - second.auroc;
    let variance = first.variance + second.variance - 2.0 * covariance;
    let spread = variance.max(0.0).sqrt();
    // The difference of equal variances is a rounding error.
    let alike = variance <= 1e-12 * (first.variance + second.variance) || variance <= 1e-18;
    let test = (!alike).then(|| {
        let z = difference / spread;
        Test { z, p: (2.0 * Normal::standard().sf(z.abs())).min(1.0) }
    });
    let reach = if alike { 0.0 } else { 1.959_963_984_540_054 * spread };
    Some(Correlated { first, second, covariance, difference, low: difference - reach, high: difference + reach, test })
}

fn components(scores: &[f64], positive: &[bool]) -> Option<Components> {
    if scores.len() != positive.len() || scores.iter().any(|s| s.is_nan()) {
        return None;
    }
    let side = |wanted: bool| -> Vec<usize> { (0..scores.len()).filter(|&i| positive[i] == wanted).collect() };
    let (yes, no) = (side(true), side(false));
    if yes.len() < 2 || no.len() < 2 {
        return None;
    }
    let among = |members: &[usize]| mid_ranks(&members.iter().map(|&i| scores[i]).collect::<Vec<_>>());
    let all = mid_ranks(scores);
    let share = |members: &[usize], others: usize| -> Vec<f64> {
        members.iter().zip(among(members)).map(|(&i, own)| (all[i] - own) / others as f64).collect()
    };
    let positives = share(&yes, no.len());
    let negatives = share(&no, yes.len()).into_iter().map(|v| 1.0 - v).collect();
    Some(Components { positives, negatives })
}

/// Ranks from 1; equals share the mean of their ranks.
fn mid_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let (mut ranks, mut before) = (vec![0.0; values.len()], 0);
    for block in order.chunk_by(|a, b| values[*a] == values[*b]) {
        block.iter().for_each(|&i| ranks[i] = before as f64 + (block.len() + 1) as f64 / 2.0);
        before += block.len();
    }
    ranks
}

fn covariance(a: &Components, b: &Components) -> f64 {
    let of = |a: &[f64], b: &[f64]| {
        let (ma, mb, n) = (average(a), average(b), a.len() as f64);
        a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum::<f64>() / (n - 1.0) / n
    };
    of(&a.positives, &b.positives) + of(&a.negatives, &b.negatives)
}

fn average(values: &[f64]) -> f64 {
    mean(values.iter().copied()).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::comparison_golden::{near, read};
    use crate::evaluation::roc;

    #[test]
    fn variances_and_tests_are_those_of_the_sum_over_all_pairs() {
        for case in read().delong {
            let found = compare(&case.first, &case.second, &case.positive).unwrap();
            assert!(near(found.first.auroc, case.auroc[0]) && near(found.second.auroc, case.auroc[1]));
            assert!(near(found.first.variance, case.variance[0]) && near(found.second.variance, case.variance[1]));
            assert!(near(found.covariance, case.covariance), "{found:?}");
            let test = found.test.unwrap();
            assert!(near(test.z, case.z) && near(test.p, case.p), "{found:?}");
            assert!(near(roc::auroc(&case.first, &case.positive).unwrap(), found.first.auroc));
        }
    }

    #[test]
    fn scores_that_rank_alike_differ_by_nothing_and_have_no_test() {
        let positive = [true, true, false, false, true, false];
        let scores = [0.9, 0.4, 0.5, 0.1, 0.7, 0.3];
        let squared: Vec<f64> = scores.iter().map(|s| s * s).collect();
        let found = compare(&scores, &squared, &positive).unwrap();
        assert_eq!((found.difference, found.test), (0.0, None));
        assert_eq!((found.low, found.high), (0.0, 0.0));
    }

    #[test]
    fn one_side_alone_has_no_area() {
        assert_eq!(area(&[0.1, 0.2, 0.3], &[true; 3]), None);
        assert_eq!(area(&[0.1, 0.2, 0.3], &[true, false, false]), None);
        assert_eq!(area(&[0.1, f64::NAN, 0.3, 0.4], &[true, false, false, true]), None);
    }
}
