//! How often conformal states are wrong, and how often nothing is said: of images, or of whole
//! studies, whose scores and truths are known.
//!
//! The two shares of wrong states are those that an error rate is promised for: of those with the
//! finding the ones called absent, and of those without it the ones called present.

use serde::Serialize;

use super::bootstrap::Estimate;
use super::proportion;
use crate::model::conformal::{Cuts, Verdict};

/// How often states are wrong, and how often nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct StateErrors {
    /// Of those with the finding, the share called absent.
    pub absent_of_with: Estimate,
    /// Of those without it, the share called present.
    pub present_of_without: Estimate,
    pub undecided: Estimate,
}

impl StateErrors {
    /// Of scores with their truths by these cuts; `patients` names the patient of each.
    #[must_use]
    pub fn of(cuts: Cuts, scores: &[f64], positive: &[bool], patients: &[&str]) -> Self {
        let verdict = |i: usize| cuts.judge(scores[i] as f32);
        let share = |which: &dyn Fn(usize) -> bool, held: &dyn Fn(usize) -> bool| {
            let chosen: Vec<usize> = (0..scores.len()).filter(|&i| which(i)).collect();
            let outcomes: Vec<f64> = chosen.iter().map(|&i| f64::from(u8::from(held(i)))).collect();
            let patients: Vec<&str> = chosen.iter().map(|&i| patients[i]).collect();
            let share = proportion::of(&outcomes, &patients);
            share.map_or_else(Estimate::default, |share| Estimate(Some(share.value), Some(share.low), Some(share.high)))
        };
        Self {
            absent_of_with: share(&|i| positive[i], &|i| verdict(i) == Verdict::Absent),
            present_of_without: share(&|i| !positive[i], &|i| verdict(i) == Verdict::Present),
            undecided: share(&|_| true, &|i| !matches!(verdict(i), Verdict::Present | Verdict::Absent)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_states_are_shares_of_those_with_and_without_the_finding() {
        let cuts = Cuts { present_above: 0.7, absent_below: 0.3, enough: true };
        let (scores, positive) = ([0.9, 0.1, 0.5, 0.8, 0.2], [true, true, true, false, false]);
        let found = StateErrors::of(cuts, &scores, &positive, &["a", "b", "c", "d", "e"]);
        assert_eq!(found.absent_of_with.0, Some(1.0 / 3.0));
        assert_eq!(found.present_of_without.0, Some(0.5));
        assert_eq!(found.undecided.0, Some(0.2));
        assert!(found.undecided.1.unwrap() > 0.0 && found.undecided.2.unwrap() < 1.0);
        let none = StateErrors::of(Cuts { enough: false, ..cuts }, &scores, &positive, &["a", "b", "c", "d", "e"]);
        assert_eq!((none.absent_of_with.0, none.undecided.0), (Some(0.0), Some(1.0)));
    }
}
