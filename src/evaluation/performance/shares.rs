//! The metrics of an evaluation that are shares of images or decisions, with Wilson's intervals by
//! patient; and what is left of bootstrap intervals where all resamples agree.

use crate::evaluation::bootstrap::{Estimate, by_patient};
use crate::evaluation::predictions::{Known, Predictions};
use crate::evaluation::proportion;
use crate::model::calibration::Proportion;

/// Right and wrong decisions of a kind, each with its patient.
#[derive(Clone, Debug, Default)]
struct Outcomes<'a> {
    right: Vec<f64>,
    patients: Vec<&'a str>,
}

impl<'a> Outcomes<'a> {
    fn push(&mut self, right: bool, patient: &'a str) {
        self.right.push(f64::from(u8::from(right)));
        self.patients.push(patient);
    }

    fn proportion(&self) -> Option<Proportion> {
        proportion::of(&self.right, &self.patients)
    }
}

/// Decisions about one target or several.
#[derive(Clone, Debug, Default)]
pub struct Decisions<'a> {
    /// Of all; of the positive; of the negative; of those called; of those not called.
    all: Outcomes<'a>,
    positive: Outcomes<'a>,
    negative: Outcomes<'a>,
    called: Outcomes<'a>,
    passed: Outcomes<'a>,
}

impl<'a> Decisions<'a> {
    /// Decisions of `set` at `threshold` about what is `known` of a target.
    #[must_use]
    pub fn at(threshold: f64, known: &Known, set: &'a Predictions) -> Self {
        let mut decisions = Self::default();
        for ((&row, score), positive) in known.rows.iter().zip(&known.scores).zip(&known.positive) {
            decisions.push(*score >= threshold, *positive, &set.rows[row].patient);
        }
        decisions
    }

    /// Adds a decision about an image of `patient`.
    pub fn push(&mut self, called: bool, positive: bool, patient: &'a str) {
        self.all.push(called == positive, patient);
        if positive { &mut self.positive } else { &mut self.negative }.push(called == positive, patient);
        if called { &mut self.called } else { &mut self.passed }.push(called == positive, patient);
    }

    #[must_use]
    pub fn sensitivity(&self) -> Option<Proportion> {
        self.positive.proportion()
    }

    #[must_use]
    pub fn specificity(&self) -> Option<Proportion> {
        self.negative.proportion()
    }

    /// The share of a metric's name; `None` for metrics that are none.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Option<Proportion>> {
        Some(match name {
            "accuracy" => self.all.proportion(),
            "sensitivity" => self.sensitivity(),
            "specificity" => self.specificity(),
            "precision" => self.called.proportion(),
            "npv" => self.passed.proportion(),
            _ => return None,
        })
    }

    /// Patients with and without a positive image.
    #[must_use]
    pub fn patients(&self) -> [usize; 2] {
        [&self.positive, &self.negative].map(|side| by_patient(&side.patients).len())
    }
}

/// Gives those of the `metrics` of decisions that are shares their own intervals, and leaves the
/// others none that has no width. `prefix` stands before the names of the shares; the area under
/// the ROC curve of a target is `auroc`.
pub fn with_widths<'f>(
    metrics: impl Iterator<Item = (&'static str, &'f mut Estimate)>,
    decisions: &Decisions<'_>,
    prefix: &str,
) {
    for (name, Estimate(value, low, high)) in metrics {
        if value.is_none() {
            continue;
        }
        let share = name.strip_prefix(prefix).and_then(|name| decisions.named(name));
        if let Some(share) = share.flatten() {
            (*low, *high) = (Some(share.low), Some(share.high));
        } else if low.is_some() && low == high {
            let [with, without] = decisions.patients();
            let area = value.filter(|_| name == "auroc").and_then(|a| proportion::of_pairs(a, with, without));
            (*low, *high) = (area.map(|a| a.0), area.map(|a| a.1));
        }
    }
}
