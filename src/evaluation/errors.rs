//! The most confident errors: where a model was surest and wrong, one learns most about it.
//!
//! An error about a target is a false positive (called, though absent) or a false negative
//! (present, not called); of exclusive classes the highest is the call. Errors about unknown truths
//! do not exist. The kinds and targets take turns, so that a frequent error does not hide a rare
//! one, and an image is shown once, however many of its targets are wrong.

use super::predictions::Predictions;
use crate::model::manifest::Head;

/// One wrong call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongCall {
    /// Number of the row.
    pub row: usize,
    /// Number of the target.
    pub target: usize,
    /// Called though absent; else missed.
    pub false_positive: bool,
}

impl WrongCall {
    /// How sure the model was of its error: the probability of what it said.
    #[must_use]
    pub fn confidence(&self, set: &Predictions) -> f64 {
        let p = set.rows[self.row].probability[self.target];
        if self.false_positive { p } else { 1.0 - p }
    }
}

/// Images with at least one wrong call.
#[must_use]
pub fn wrong_images(set: &Predictions) -> usize {
    (0..set.rows.len()).filter(|&row| (0..set.targets.len()).any(|t| wrong(set, row, t))).count()
}

/// Whether the model calls a target in an image: of exclusive classes the highest, all else by its
/// threshold.
#[must_use]
pub fn calls(set: &Predictions, row: usize, target: usize) -> bool {
    let row = &set.rows[row];
    if by_highest(set, target) { row.called() == target } else { row.says[target] }
}

/// Whether the highest class decides about a target, and no threshold.
#[must_use]
pub fn by_highest(set: &Predictions, target: usize) -> bool {
    set.head == Head::Softmax && !set.targets[target].group
}

fn wrong(set: &Predictions, row: usize, target: usize) -> bool {
    set.rows[row].truth[target].is_some_and(|truth| truth != calls(set, row, target))
}

/// At most `most` errors, the surest first.
#[must_use]
pub fn most_confident(set: &Predictions, most: usize) -> Vec<WrongCall> {
    let of = |target: usize, false_positive: bool| {
        let fits = |row: &usize| wrong(set, *row, target) && calls(set, *row, target) == false_positive;
        let mut found: Vec<WrongCall> =
            (0..set.rows.len()).filter(fits).map(|row| WrongCall { row, target, false_positive }).collect();
        // The surest last, where it is taken from; rows in their order among equals.
        found.sort_by(|a, b| a.confidence(set).total_cmp(&b.confidence(set)).then(b.row.cmp(&a.row)));
        found
    };
    let mut queues: Vec<Vec<WrongCall>> =
        (0..set.targets.len()).flat_map(|t| [of(t, true), of(t, false)]).filter(|q| !q.is_empty()).collect();
    let mut shown = vec![false; set.rows.len()];
    let mut chosen: Vec<WrongCall> = Vec::new();
    while chosen.len() < most && !queues.is_empty() {
        for queue in &mut queues {
            while let Some(failure) = queue.pop() {
                if !std::mem::replace(&mut shown[failure.row], true) {
                    chosen.push(failure);
                    break;
                }
            }
            if chosen.len() == most {
                break;
            }
        }
        queues.retain(|q| !q.is_empty());
    }
    chosen.sort_by(|a, b| b.confidence(set).total_cmp(&a.confidence(set)));
    chosen
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::evaluation::predictions::{Prediction, Target};

    /// One finding beside another that is never wrong.
    fn set(rows: &[(Option<bool>, f64)]) -> Predictions {
        let row = |(i, (truth, p)): (usize, &(Option<bool>, f64))| Prediction {
            image: format!("{i}.png"),
            patient: String::new(),
            truth: vec![*truth, Some(false)],
            probability: vec![*p, 0.1],
            says: vec![*p >= 0.5, false],
            logits: vec![0.0, 0.0],
            facts: BTreeMap::new(),
        };
        let target = |name: &str| Target { name: name.into(), group: false };
        Predictions {
            head: Head::Sigmoid,
            targets: vec![target("Nodule"), target("Mass")],
            rows: rows.iter().enumerate().map(row).collect(),
        }
    }

    #[test]
    fn the_surest_errors_come_first_and_both_kinds_take_turns() {
        let set = set(&[
            (Some(false), 0.99),
            (Some(false), 0.98),
            (Some(false), 0.97),
            (Some(true), 0.4),
            (Some(true), 0.9),
            (None, 1.0),
        ]);
        let rows = |most| most_confident(&set, most).iter().map(|f| f.row).collect::<Vec<_>>();
        assert_eq!(rows(2), [0, 3]);
        assert_eq!(rows(9), [0, 1, 2, 3]);
        assert_eq!(wrong_images(&set), 4);
        assert!((most_confident(&set, 9)[3].confidence(&set) - 0.6).abs() < 1e-12);
    }

    #[test]
    fn an_image_is_shown_once_however_many_targets_are_wrong() {
        let mut set = set(&[(Some(false), 0.9), (Some(false), 0.8)]);
        set.rows[0].truth[1] = Some(true);
        assert_eq!(most_confident(&set, 12).iter().map(|f| f.row).collect::<Vec<_>>(), [0, 1]);
        assert!(most_confident(&set, 0).is_empty());
    }

    #[test]
    fn of_exclusive_classes_the_highest_is_the_call_whatever_their_thresholds_say() {
        let mut set = set(&[(Some(true), 0.4), (Some(false), 0.3)]);
        set.head = Head::Softmax;
        // Rightly called, though below its threshold; and called, though absent.
        set.rows.iter_mut().for_each(|row| row.logits = vec![1.0, 0.0]);
        assert_eq!(wrong_images(&set), 1);
        assert_eq!(most_confident(&set, 12), [WrongCall { row: 1, target: 0, false_positive: true }]);
    }
}
