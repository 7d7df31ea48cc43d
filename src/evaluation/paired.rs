//! Whether paired figures (one pair a fold) differ by more than chance.
//!
//! The plain paired t-test takes folds for independent. They share most of their training images,
//! so its p is too small. Nadeau and Bengio (Machine Learning 52, 2003) put `s² (1/k +
//! n_test/n_train)` in the place of `s²/k`; that is the test to believe. Wilcoxon's signed rank
//! test (1945) asks for no normal distribution, but takes the folds for independent too. Held to
//! scipy by `tests/golden/comparison.json`.

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

/// Why a test cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Undefined {
    #[error("a test needs at least two pairs")]
    TooFew,
    #[error("every difference is {0}, so there is no spread to hold it against")]
    NoSpread(f64),
    #[error("all pairs are equal")]
    Equal,
    #[error("a difference is not a number")]
    NotANumber,
}

impl serde::Serialize for Undefined {
    /// As its sentence.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A t-test of differences against 0.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct TTest {
    pub pairs: usize,
    pub mean: f64,
    /// Of the differences.
    pub sd: f64,
    pub standard_error: f64,
    pub t: f64,
    /// Two-sided.
    pub p: f64,
    /// 95 % interval of the mean.
    pub low: f64,
    pub high: f64,
}

/// The plain test, or with `test_share` (images tested on by images trained on) that of Nadeau and
/// Bengio.
pub fn t_test(differences: &[f64], test_share: Option<f64>) -> Result<TTest, Undefined> {
    let k = differences.len();
    let (mean, sd) = mean_and_sd(differences).ok_or(Undefined::TooFew)?;
    let sd = sd.ok_or(Undefined::TooFew)?;
    if !(mean.is_finite() && sd.is_finite()) {
        return Err(Undefined::NotANumber);
    }
    // Equal figures differ in their last bits when they are subtracted.
    if sd <= 1e-12 * mean.abs() || sd < 1e-15 {
        return Err(if mean.abs() < 1e-15 { Undefined::Equal } else { Undefined::NoSpread(mean) });
    }
    let standard_error = sd * (1.0 / k as f64 + test_share.unwrap_or(0.0)).sqrt();
    let student = StudentsT::new(0.0, 1.0, (k - 1) as f64).map_err(|_| Undefined::TooFew)?;
    let t = mean / standard_error;
    let reach = student.inverse_cdf(0.975) * standard_error;
    let p = (2.0 * student.sf(t.abs())).min(1.0);
    Ok(TTest { pairs: k, mean, sd, standard_error, t, p, low: mean - reach, high: mean + reach })
}

/// Mean, and the standard deviation with `n − 1` where there are two values or more; `None` without
/// any.
#[must_use]
pub fn mean_and_sd(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let n = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((mean, (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt())))
}

/// A signed rank test of differences against 0.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct SignedRank {
    /// Differences that are not 0: the others are left out, as Wilcoxon did.
    pub pairs: usize,
    /// The smaller of the two rank sums.
    pub statistic: f64,
    /// Two-sided.
    pub p: f64,
    /// All arrangements of signs were counted; otherwise the normal approximation with the
    /// correction for ties.
    pub exact: bool,
    /// The smallest p that so few pairs can reach.
    pub least_p: f64,
}

/// Wilcoxon's signed rank test as scipy has it: exact up to 50 pairs without ties and zeros and up
/// to 13 with them.
pub fn signed_rank(differences: &[f64]) -> Result<SignedRank, Undefined> {
    if differences.iter().any(|d| d.is_nan()) {
        return Err(Undefined::NotANumber);
    }
    if differences.len() < 2 {
        return Err(Undefined::TooFew);
    }
    let kept: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    let n = kept.len();
    if n == 0 {
        return Err(Undefined::Equal);
    }
    let sizes: Vec<f64> = kept.iter().map(|d| d.abs()).collect();
    let (doubled, ties) = doubled_ranks(&sizes);
    let all: usize = doubled.iter().sum();
    let positive: usize = doubled.iter().zip(&kept).filter(|(_, d)| **d > 0.0).map(|(r, _)| r).sum();
    let smaller = positive.min(all - positive);
    let untouched = ties == 0.0 && n == differences.len();
    let exact = differences.len() <= 13 || (untouched && n <= 50);
    let p = if exact {
        2.0 * lower_tail(&doubled, smaller)
    } else {
        let n = n as f64;
        let mean = n * (n + 1.0) / 4.0;
        let spread = ((n * (n + 1.0) * (2.0 * n + 1.0) - ties / 2.0) / 24.0).sqrt();
        2.0 * Normal::standard().cdf((smaller as f64 / 2.0 - mean) / spread)
    };
    let statistic = smaller as f64 / 2.0;
    Ok(SignedRank { pairs: n, statistic, p: p.min(1.0), exact, least_p: 2.0 * 0.5_f64.powi(n as i32) })
}

/// Twice the mid-rank of each value, which is a whole number, and `Σ (t³ − t)` over the ties.
fn doubled_ranks(values: &[f64]) -> (Vec<usize>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let (mut ranks, mut ties, mut before) = (vec![0; values.len()], 0.0, 0);
    for block in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let t = block.len();
        block.iter().for_each(|&i| ranks[i] = 2 * before + t + 1);
        ties += (t.pow(3) - t) as f64;
        before += t;
    }
    (ranks, ties)
}

/// Share of all arrangements of signs whose positive ranks sum to at most `limit`.
fn lower_tail(ranks: &[usize], limit: usize) -> f64 {
    let mut ways = vec![0.0; limit + 1];
    ways[0] = 1.0;
    for &rank in ranks {
        for sum in (rank..=limit).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    ways.iter().sum::<f64>() * 0.5_f64.powi(ranks.len() as i32)
}

/// p values held against the number of tests (Holm 1979): the smallest times `m`, the next times `m
/// − 1`, never falling.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let (mut held, mut highest) = (vec![0.0; p.len()], 0.0_f64);
    for (place, i) in order.into_iter().enumerate() {
        highest = highest.max(p[i] * (p.len() - place) as f64).min(1.0);
        held[i] = highest;
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::comparison_golden::{near, read};

    #[test]
    fn both_t_tests_are_those_of_scipy() {
        for case in read().paired {
            let (plain, corrected) =
                (t_test(&case.differences, None), t_test(&case.differences, Some(case.test_share)));
            let (plain, corrected) = (plain.unwrap(), corrected.unwrap());
            assert!(near(plain.t, case.t) && near(plain.p, case.p), "{plain:?}");
            assert!(near(plain.low, case.low) && near(plain.high, case.high), "{plain:?}");
            assert!(near(corrected.t, case.corrected_t) && near(corrected.p, case.corrected_p), "{corrected:?}");
        }
    }

    #[test]
    fn the_signed_rank_test_is_that_of_scipy_with_ties_zeros_and_many_pairs() {
        let cases = read().wilcoxon;
        assert!(cases.iter().any(|c| c.differences.contains(&0.0)) && cases.iter().any(|c| c.differences.len() > 50));
        for case in cases {
            let test = signed_rank(&case.differences).unwrap();
            assert!(near(test.statistic, case.statistic) && near(test.p, case.p), "{test:?}, not {}", case.p);
        }
    }

    #[test]
    fn five_folds_cannot_be_significant_by_ranks() {
        let test = signed_rank(&[0.1, 0.2, 0.3, 0.4, 0.5]).unwrap();
        assert_eq!((test.p, test.least_p), (0.0625, 0.0625));
    }

    #[test]
    fn what_cannot_be_computed_is_a_sentence_and_no_number() {
        assert_eq!(t_test(&[0.1], None), Err(Undefined::TooFew));
        assert_eq!(t_test(&[0.0; 5], None), Err(Undefined::Equal));
        assert!(matches!(t_test(&[0.1; 5], Some(0.25)), Err(Undefined::NoSpread(_))));
        assert_eq!(t_test(&[0.1, f64::NAN], None), Err(Undefined::NotANumber));
        assert_eq!(signed_rank(&[0.0; 4]), Err(Undefined::Equal));
        assert_eq!(signed_rank(&[]), Err(Undefined::TooFew));
        assert!(Undefined::NoSpread(0.1).to_string().contains("no spread"));
    }

    #[test]
    fn holm_is_that_of_its_definition() {
        let golden = read().holm;
        let held = holm(&golden.p);
        assert!(held.iter().zip(&golden.held).all(|(a, b)| near(*a, *b)), "{held:?}");
        assert!(holm(&[]).is_empty());
    }
}
