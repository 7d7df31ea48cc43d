//! Whether two models are right equally often on the same images (McNemar, Psychometrika 12, 1947).
//!
//! Only images that one calls rightly and the other wrongly tell: `b` and `c` of them. Few (below
//! [`FEW`]) are counted out by the binomial distribution with p = ½; with more, `(|b − c| − 1)² /
//! (b + c)` follows χ² with one degree of freedom (Edwards' continuity correction). Held to scipy
//! by `tests/golden/comparison.json`.

use statrs::distribution::{ChiSquared, ContinuousCDF as _};

/// Discordant images from which on the approximation is used.
pub(super) const FEW: u64 = 25;

/// The test; `p` is `None` where the two never disagree, which says nothing.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct McNemar {
    /// Images that the first alone calls rightly.
    pub only_first: u64,
    pub only_second: u64,
    /// χ², where it was used.
    pub chi_square: Option<f64>,
    /// Two-sided.
    pub p: Option<f64>,
}

/// Tests the counts of discordant images.
#[must_use]
pub(super) fn of_counts(only_first: u64, only_second: u64) -> McNemar {
    let n = only_first + only_second;
    let mut test = McNemar { only_first, only_second, chi_square: None, p: None };
    if n >= FEW {
        let distance = (only_first.abs_diff(only_second) as f64 - 1.0).max(0.0);
        let chi_square = distance.powi(2) / n as f64;
        test.chi_square = Some(chi_square);
        test.p = ChiSquared::new(1.0).ok().map(|d| d.sf(chi_square));
    } else if n > 0 {
        test.p = Some((2.0 * at_most(only_first.min(only_second), n)).min(1.0));
    }
    test
}

/// Chance of at most `k` heads in `n` throws of a coin; exact, for counts below [`FEW`] are whole
/// numbers of an `f64`.
fn at_most(k: u64, n: u64) -> f64 {
    let (mut ways, mut sum) = (1.0, 1.0);
    for i in 1..=k {
        ways = ways * (n + 1 - i) as f64 / i as f64;
        sum += ways;
    }
    sum * 0.5_f64.powi(n as i32)
}

/// Tests whether `first` or `second` is right more often; one entry an image.
#[must_use]
pub(super) fn test(first: &[bool], second: &[bool]) -> McNemar {
    let count = |wanted: (bool, bool)| first.iter().zip(second).filter(|(a, b)| (**a, **b) == wanted).count() as u64;
    of_counts(count((true, false)), count((false, true)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::comparison_golden::{near, read};

    #[test]
    fn few_and_many_discordant_images_are_those_of_scipy() {
        let cases = read().mcnemar;
        assert!(cases.iter().any(|c| c.chi_square.is_some()) && cases.iter().any(|c| c.chi_square.is_none()));
        for case in cases {
            let found = of_counts(case.counts[0], case.counts[1]);
            assert!(near(found.p.unwrap(), case.p), "{found:?}, not {}", case.p);
            assert_eq!(found.chi_square.is_some(), case.chi_square.is_some());
            assert!(near(found.chi_square.unwrap_or(0.0), case.chi_square.unwrap_or(0.0)), "{found:?}");
        }
    }

    #[test]
    fn models_that_never_disagree_have_no_p() {
        let found = test(&[true, false, true], &[true, false, true]);
        assert_eq!((found.only_first, found.only_second, found.p), (0, 0, None));
    }

    #[test]
    fn only_disagreement_counts() {
        let found = test(&[true, true, false, true], &[true, false, true, false]);
        assert_eq!((found.only_first, found.only_second), (2, 1));
        assert_eq!(found.p, Some(1.0));
    }
}
