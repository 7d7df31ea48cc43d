//! Operating points: the score from which a finding is called.
//!
//! A threshold is a choice between missed findings and false alarms. Chosen and evaluated on the
//! same images it flatters: it belongs on validation. An image is called where its score is at
//! least the threshold. A rule chooses which images are called; the threshold then lies midway
//! between the lowest score that is called and the next one below, so that rounding calls none
//! otherwise. Beyond the lowest and the highest score the ends of the scale, 0 and 1, stand for the
//! neighbour. Without images of both kinds no rule has anything to choose by.

use std::fmt;
use std::str::FromStr;

use super::confusion::Binary;
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

/// A text that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no rule; write youden, sensitivity=0.95, specificity=0.9 or cost=5:1 (a missed finding to a false alarm)"
)]
pub struct NoRule(String);

impl FromStr for Rule {
    type Err = NoRule;

    fn from_str(text: &str) -> Result<Self, NoRule> {
        let refuse = || NoRule(text.to_owned());
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

/// The highest threshold at which at least `sensitivity` of the positives are called.
#[must_use]
pub fn at_sensitivity(scores: &[f64], positive: &[bool], sensitivity: f64) -> Option<f64> {
    let (mut called, _) = sides(scores, positive)?;
    called.sort_by(|a, b| b.total_cmp(a));
    // The small allowance keeps 0.96 × 50 from becoming 49 by rounding.
    let needed = (sensitivity * called.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    called.get(needed - 1).map(|lowest| calling_from(*lowest, scores))
}

/// The lowest threshold at which at least `specificity` of the negatives are not called.
#[must_use]
pub fn at_specificity(scores: &[f64], positive: &[bool], specificity: f64) -> Option<f64> {
    let (_, mut quiet) = sides(scores, positive)?;
    quiet.sort_by(f64::total_cmp);
    let needed = (specificity * quiet.len() as f64 - 1e-9).ceil() as usize;
    let Some(last) = needed.checked_sub(1) else {
        // Nothing need be quiet: everything is called.
        return Some(calling_from(scores.iter().copied().fold(f64::INFINITY, f64::min), scores));
    };
    quiet.get(last).map(|highest| quiet_up_to(*highest, scores))
}

/// The threshold with the highest sensitivity + specificity − 1; of equals the highest.
#[must_use]
pub fn youden(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let curve = roc::curve(scores, positive);
    let index = |p: &roc::Point| p.true_positive_rate - p.false_positive_rate;
    let best =
        curve.iter().skip(1).max_by(|a, b| index(a).total_cmp(&index(b)).then(a.threshold.total_cmp(&b.threshold)))?;
    Some(calling_from(best.threshold, scores))
}

/// The cheapest threshold; of equally cheap ones the highest.
#[must_use]
pub fn by_cost(scores: &[f64], positive: &[bool], missed: f64, alarm: f64) -> Option<f64> {
    let curve = roc::curve(scores, positive);
    let positives = positive.iter().filter(|p| **p).count() as f64;
    let negatives = positive.len() as f64 - positives;
    let cost =
        |p: &roc::Point| missed * (1.0 - p.true_positive_rate) * positives + alarm * p.false_positive_rate * negatives;
    let best = curve.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)).then(b.threshold.total_cmp(&a.threshold)))?;
    if best.threshold.is_finite() {
        return Some(calling_from(best.threshold, scores));
    }
    // Never to call is the cheapest.
    Some(quiet_up_to(scores.iter().copied().fold(f64::NEG_INFINITY, f64::max), scores))
}

/// The scores of the positives and of the negatives; `None` without one of the sides, for a
/// threshold parts two.
fn sides(scores: &[f64], positive: &[bool]) -> Option<(Vec<f64>, Vec<f64>)> {
    let of = |side: bool| -> Vec<f64> {
        scores.iter().zip(positive).filter(|(_, y)| **y == side).map(|(s, _)| *s).collect()
    };
    let (with, without) = (of(true), of(false));
    (!with.is_empty() && !without.is_empty()).then_some((with, without))
}

/// The threshold that calls `lowest` and all above it: midway to the next score below, or to 0
/// where there is none.
fn calling_from(lowest: f64, scores: &[f64]) -> f64 {
    let below = scores.iter().copied().filter(|s| *s < lowest).fold(f64::NEG_INFINITY, f64::max);
    parting(if below.is_finite() { below } else { lowest.min(0.0) }, lowest)
}

/// The threshold that calls nothing up to `highest`: midway to the next score above, or to 1 where
/// there is none.
fn quiet_up_to(highest: f64, scores: &[f64]) -> f64 {
    let above = scores.iter().copied().filter(|s| *s > highest).fold(f64::INFINITY, f64::min);
    if above.is_finite() {
        parting(highest, above)
    } else if highest < 1.0 {
        parting(highest, 1.0)
    } else {
        highest.next_up()
    }
}

/// Midway between two scores, and never on the lower one.
fn parting(below: f64, from: f64) -> f64 {
    let middle = f64::midpoint(below, from);
    if middle > below { middle } else { from }
}

/// The threshold in the single precision of manifests and scores: the nearest that calls the same
/// of `scores`.
#[must_use]
pub fn stored(threshold: f64, scores: &[f64]) -> f32 {
    let near = threshold as f32;
    let exact = f64::from(near);
    if scores.iter().any(|s| *s < threshold && *s >= exact) {
        near.next_up()
    } else if scores.iter().any(|s| *s >= threshold && *s < exact) {
        near.next_down()
    } else {
        near
    }
}

/// A threshold as it was written: the shortest decimal of a number in single precision (0.6, not
/// 0.60000002…).
#[must_use]
pub fn plain(threshold: f64) -> f64 {
    let single = threshold as f32;
    if f64::from(single) == threshold { single.to_string().parse().unwrap_or(threshold) } else { threshold }
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

    #[derive(serde::Deserialize)]
    struct Points {
        sets: Vec<Set>,
    }

    #[derive(serde::Deserialize)]
    struct Set {
        score: Vec<f64>,
        positive: Vec<bool>,
        points: Vec<Point>,
    }

    #[derive(serde::Deserialize)]
    struct Point {
        rule: String,
        sensitivity: f64,
        specificity: f64,
        above: Option<f64>,
        up_to: Option<f64>,
    }

    fn scikit_learn() -> Vec<Set> {
        let points: Points = serde_json::from_str(include_str!("../../tests/golden/operating_points.json")).unwrap();
        points.sets
    }

    #[test]
    fn every_rule_chooses_the_operating_point_that_it_has_on_the_curve_of_scikit_learn() {
        for set in scikit_learn() {
            for point in &set.points {
                let threshold = point.rule.parse::<Rule>().unwrap().choose(&set.score, &set.positive).unwrap();
                let counts = Binary::at(threshold, &set.score, &set.positive);
                let (sensitivity, specificity) = (counts.sensitivity().unwrap(), counts.specificity().unwrap());
                let same =
                    (sensitivity - point.sensitivity).abs() < 1e-12 && (specificity - point.specificity).abs() < 1e-12;
                assert!(same, "{}: {sensitivity} {specificity}", point.rule);
            }
        }
    }

    #[test]
    fn a_threshold_lies_midway_between_neighbouring_scores() {
        for set in scikit_learn() {
            for Point { rule, above, up_to, .. } in &set.points {
                let threshold = rule.parse::<Rule>().unwrap().choose(&set.score, &set.positive).unwrap();
                let middle = f64::midpoint(above.unwrap_or(0.0), up_to.unwrap_or(1.0));
                // Where the neighbour is the end of the scale itself there is no middle.
                let end = *up_to == Some(0.0) || *above == Some(1.0);
                assert!(
                    end || (threshold - middle).abs() < 1e-12,
                    "{rule}: {threshold} between {above:?} and {up_to:?}"
                );
            }
        }
    }

    #[test]
    fn a_stored_threshold_calls_the_same_images_however_near_their_scores_are() {
        let mut scores = vec![0.1_f32, 0.584_482_2, 0.7];
        for i in 0..3 {
            scores.push(scores[i].next_up());
            scores.push(scores[i].next_up().next_up());
        }
        let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
        for lowest in &scores {
            let threshold = calling_from(*lowest, &scores);
            let stored = f64::from(stored(threshold, &scores));
            let called = |t: f64| scores.iter().map(|s| *s >= t).collect::<Vec<_>>();
            assert_eq!(called(stored), called(*lowest), "{lowest}");
        }
        assert_eq!((plain(f64::from(0.6_f32)), plain(0.6), plain(1.0 / 3.0)), (0.6, 0.6, 1.0 / 3.0));
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
        for positive in [true, false] {
            assert_eq!(at_sensitivity(&[0.2, 0.4], &[positive; 2], 0.96), None);
            assert_eq!(at_specificity(&[0.2, 0.4], &[positive; 2], 0.9), None);
        }
        assert_eq!(youden(&[0.2], &[false]), None);
        assert_eq!(by_cost(&[0.2], &[false], 1.0, 1.0), None);
    }

    #[test]
    fn rules_are_written_as_they_are_read() {
        assert_eq!("youden".parse(), Ok(Rule::Youden));
        assert_eq!("sensitivity=0.95".parse(), Ok(Rule::Sensitivity(0.95)));
        assert_eq!("cost=5:1".parse(), Ok(Rule::Cost { missed: 5.0, alarm: 1.0 }));
        let refused = |t: &str| t.parse::<Rule>().unwrap_err().to_string().contains("sensitivity=0.95");
        assert!(["best", "sensitivity=95", "cost=5", "cost=-1:1", "specificity=NaN"].into_iter().all(refused));
    }
}
