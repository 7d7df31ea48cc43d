//! Operating points: the score from which a finding is called.
//!
//! A threshold is a choice between missed findings and false alarms. Chosen and judged on the same images it flatters: it
//! belongs on validation.

use std::fmt;
use std::str::FromStr;

use super::metrics::Binary;
use super::roc;

/// How a threshold is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// The highest sensitivity + specificity − 1 (Youden 1950).
    Youden,
    /// The highest threshold with at least this sensitivity.
    Sensitivity(f64),
    /// The lowest threshold with at least this specificity.
    Specificity(f64),
    /// The lowest `missed · false negatives + alarm · false positives`.
    Cost { missed: f64, alarm: f64 },
}

impl Rule {
    /// The threshold on these images; `None` where they do not allow one.
    #[must_use]
    pub fn choose(self, scores: &[f64], positive: &[bool]) -> Option<f64> {
        match self {
            Self::Youden => youden(scores, positive),
            Self::Sensitivity(wanted) => at_sensitivity(scores, positive, wanted),
            Self::Specificity(wanted) => at_specificity(scores, positive, wanted),
            Self::Cost { missed, alarm } => by_cost(scores, positive, missed, alarm),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Youden => write!(f, "Youden"),
            Self::Sensitivity(s) => write!(f, "sensitivity ≥ {s}"),
            Self::Specificity(s) => write!(f, "specificity ≥ {s}"),
            Self::Cost { missed, alarm } => write!(f, "cost {missed}:{alarm}"),
        }
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            format!(
                "\"{text}\" is no rule; write youden, sensitivity=0.95, specificity=0.9 or cost=5:1 (a missed finding to a false alarm)"
            )
        };
        let share = |v: &str| v.parse::<f64>().ok().filter(|v| (0.0..=1.0).contains(v)).ok_or_else(refuse);
        let weight = |v: &str| v.parse::<f64>().ok().filter(|v| v.is_finite() && *v > 0.0).ok_or_else(refuse);
        match text.trim().split_once('=') {
            None if text.trim().eq_ignore_ascii_case("youden") => Ok(Self::Youden),
            Some(("sensitivity", v)) => share(v).map(Self::Sensitivity),
            Some(("specificity", v)) => share(v).map(Self::Specificity),
            Some(("cost", v)) => {
                let (missed, alarm) = v.split_once(':').ok_or_else(refuse)?;
                Ok(Self::Cost { missed: weight(missed)?, alarm: weight(alarm)? })
            }
            _ => Err(refuse()),
        }
    }
}

/// The highest score at which at least `sensitivity` of the positives are called (score ≥ threshold).
#[must_use]
pub fn at_sensitivity(scores: &[f64], positive: &[bool], sensitivity: f64) -> Option<f64> {
    let mut called: Vec<f64> = scores.iter().zip(positive).filter(|(_, y)| **y).map(|(s, _)| *s).collect();
    called.sort_by(|a, b| b.total_cmp(a));
    // The small allowance keeps 0.96 × 50 from becoming 49 by rounding.
    let needed = (sensitivity * called.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    called.get(needed - 1).copied()
}

/// The lowest threshold at which at least `specificity` of the negatives are not called: half-way between the negative that
/// just may be called no more and the next score above it.
#[must_use]
pub fn at_specificity(scores: &[f64], positive: &[bool], specificity: f64) -> Option<f64> {
    let mut quiet: Vec<f64> = scores.iter().zip(positive).filter(|(_, y)| !**y).map(|(s, _)| *s).collect();
    quiet.sort_by(f64::total_cmp);
    let needed = (specificity * quiet.len() as f64 - 1e-9).ceil() as usize;
    if needed == 0 {
        return quiet.first().copied();
    }
    let last = *quiet.get(needed - 1)?;
    let above = scores.iter().copied().filter(|s| *s > last).fold(f64::INFINITY, f64::min);
    // Where nothing lies above, nothing is called.
    Some(if above.is_finite() { f64::midpoint(last, above) } else { last.next_up() })
}

/// The score with the highest sensitivity + specificity − 1, moved half-way to the next score below: the cut lies between
/// images, not on one.
#[must_use]
pub fn youden(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let curve = roc::curve(scores, positive);
    let index = |p: &roc::Point| p.true_positive_rate - p.false_positive_rate;
    let best =
        curve.iter().skip(1).max_by(|a, b| index(a).total_cmp(&index(b)).then(a.threshold.total_cmp(&b.threshold)))?;
    Some(below(scores, best.threshold))
}

/// The cheapest cut, moved half-way to the next score below; of equally cheap ones the highest. `None` without positives or
/// without negatives.
#[must_use]
pub fn by_cost(scores: &[f64], positive: &[bool], missed: f64, alarm: f64) -> Option<f64> {
    let curve = roc::curve(scores, positive);
    let positives = positive.iter().filter(|p| **p).count() as f64;
    let negatives = positive.len() as f64 - positives;
    let cost =
        |p: &roc::Point| missed * (1.0 - p.true_positive_rate) * positives + alarm * p.false_positive_rate * negatives;
    let best = curve.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)).then(b.threshold.total_cmp(&a.threshold)))?;
    if best.threshold.is_finite() {
        return Some(below(scores, best.threshold));
    }
    // Never to call is the cheapest.
    Some(scores.iter().copied().fold(f64::NEG_INFINITY, f64::max).next_up())
}

/// Half-way from `score` to the next score below it.
fn below(scores: &[f64], score: f64) -> f64 {
    let next = scores.iter().copied().filter(|s| *s < score).fold(f64::NEG_INFINITY, f64::max);
    if next.is_finite() { f64::midpoint(score, next) } else { score }
}

/// A threshold with the decisions that it leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operating {
    pub rule: Rule,
    pub threshold: f64,
    pub counts: Binary,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::golden::read;

    #[test]
    fn the_threshold_reaches_the_sensitivity_and_not_less() {
        let scores: Vec<f64> = (0..50).map(|i| f64::from(i) / 50.0).chain([0.3, 0.99]).collect();
        let positive: Vec<bool> = (0..52).map(|i| i < 50).collect();
        let threshold = at_sensitivity(&scores, &positive, 0.96).unwrap();
        assert_eq!(Binary::at(threshold, &scores, &positive).true_positives, 48);
        assert_eq!(threshold, 0.04);
        assert_eq!(at_sensitivity(&[0.2, 0.9, 0.1], &[true, true, false], 1.0), Some(0.2));
    }

    #[test]
    fn the_threshold_reaches_the_specificity_and_not_less() {
        let golden = read().binary;
        for wanted in [0.5, 0.8, 0.9, 1.0] {
            let threshold = at_specificity(&golden.score, &golden.positive, wanted).unwrap();
            let reached = Binary::at(threshold, &golden.score, &golden.positive).specificity().unwrap();
            let lower = golden.score.iter().copied().filter(|s| *s < threshold).fold(f64::NEG_INFINITY, f64::max);
            let less = Binary::at(lower, &golden.score, &golden.positive).specificity().unwrap();
            assert!(reached >= wanted && less < wanted, "{wanted}: {reached} {less}");
        }
        assert_eq!(at_specificity(&[0.5, 0.5], &[false, true], 1.0).map(|t| t > 0.5), Some(true));
    }

    #[test]
    fn youden_cuts_half_way_between_the_sides() {
        let threshold = youden(&[0.1, 0.2, 0.6, 0.8], &[false, false, true, true]).unwrap();
        assert!((threshold - 0.4).abs() < 1e-12);
    }

    #[test]
    fn the_cheapest_cut_costs_what_a_search_over_all_cuts_finds() {
        let golden = read().binary;
        let threshold = by_cost(&golden.score, &golden.positive, 5.0, 1.0).unwrap();
        let counts = Binary::at(threshold, &golden.score, &golden.positive);
        assert_eq!(5 * counts.false_negatives + counts.false_positives, golden.lowest_cost);
        let never = by_cost(&[0.2, 0.9], &[true, false], 1.0, 5.0).unwrap();
        assert_eq!(Binary::at(never, &[0.2, 0.9], &[true, false]).false_positives, 0);
    }

    #[test]
    fn without_one_of_the_sides_there_is_no_threshold() {
        assert_eq!(at_sensitivity(&[0.2], &[false], 0.96), None);
        assert_eq!(at_specificity(&[0.2], &[true], 0.9), None);
        assert_eq!(youden(&[0.2], &[false]), None);
        assert_eq!(by_cost(&[0.2], &[false], 1.0, 1.0), None);
    }

    #[test]
    fn rules_are_written_as_they_are_read() {
        assert_eq!("youden".parse(), Ok(Rule::Youden));
        assert_eq!("sensitivity=0.95".parse(), Ok(Rule::Sensitivity(0.95)));
        assert_eq!("cost=5:1".parse(), Ok(Rule::Cost { missed: 5.0, alarm: 1.0 }));
        let refused = |t: &str| t.parse::<Rule>().unwrap_err().contains("sensitivity=0.95");
        assert!(["best", "sensitivity=95", "cost=5", "cost=-1:1", "specificity=NaN"].into_iter().all(refused));
    }
}
