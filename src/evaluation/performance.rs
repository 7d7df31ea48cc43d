//! Every metric of a labelled set: what a reviewer asks for, computed once, each with its interval.
//!
//! Classes are evaluated on the images whose class is known, groups also on those whose group alone
//! is known, independent findings on the images that know them. A metric that the images do not
//! allow (no negative image, say) is unknown, and a remark says why. Intervals are 95 %, by
//! patient: of shares Wilson's ([`super::proportion`]), of other metrics by resampling; a metric
//! that no resample changes has none. Beside a calibration error stands the one that a perfectly
//! calibrated model would show ([`super::calibration_floor`]), its range in the place of the
//! interval.
//!
//! *Macro* is the mean over the labels for which the metric is defined, *micro* pools all decisions
//! about labels.

mod estimates;
mod json;
mod overall;
pub mod selective;
pub mod shares;
pub mod subgroups;

use rayon::prelude::*;

pub use self::estimates::MetricEstimate;
use self::estimates::{Resampled, SEED, binned, estimates, find, known, remarks, unknown, with_floors};
use self::overall::{classed, confusion, only_class, overall, with_shares_of_all};
use self::selective::{SelectiveEvaluation, selective};
use self::shares::{Decisions, with_widths};
use self::subgroups::Subgroup;
use super::bootstrap::{Bootstrap, Estimate};
use super::calibration::{Bin, Binning};
use super::confusion::{Binary, Confusion};
use super::predictions::{Known, Predictions};
use super::thresholds::{Operating, Rule};
use super::{calibration, roc};
use crate::model::manifest::Head;

/// What is asked of an evaluation.
#[derive(Clone, Debug, Default)]
pub struct EvaluationRequest<'a> {
    /// Operating threshold of each target.
    pub thresholds: &'a [f64],
    /// Further operating points to report.
    pub rules: &'a [Rule],
    /// Images on which those are chosen; the evaluated ones if there are none, and the metrics
    /// flatter.
    pub tuning: Option<&'a Predictions>,
    /// Facts whose values are evaluated apart.
    pub by: &'a [String],
    /// Risks at which the coverage of a selective prediction is asked for.
    pub risks: &'a [f64],
}

/// How well one label or group is told from the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetEvaluation {
    pub name: String,
    pub group: bool,
    /// Images whose truth is known, and how many of them are positive.
    pub n: usize,
    pub positives: usize,
    /// The model's own operating threshold, and the decisions at it.
    pub threshold: f64,
    pub counts: Binary,
    /// `auroc`, `average precision`, `accuracy`, `sensitivity`, `specificity`, `precision`, `npv`,
    /// `f1`, `mcc`, `kappa`, `brier`, `nll`, `ece`, `adaptive ece`, and what a perfectly calibrated
    /// model would show in their place, `ece if calibrated` and `adaptive ece if calibrated`.
    pub metrics: Vec<MetricEstimate>,
    pub operating: Vec<Operating>,
    /// Reliability in bins of equal width.
    pub bins: Vec<Bin>,
    /// What makes these metrics weak or impossible.
    pub remarks: Vec<String>,
}

/// Every metric of a set of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    pub head: Head,
    pub n: usize,
    /// Images whose class is known (softmax), or all of whose labels are known (sigmoid).
    pub classed: usize,
    /// Patients, as far as they are known; an image without one counts as its own.
    pub patients: usize,
    pub labels: Vec<String>,
    /// The class of all images whose class is known, where there are others of which only a group
    /// is.
    pub only_class: Option<String>,
    /// True class (rows) by called class (columns), where classes exclude each other.
    pub confusion: Option<Confusion>,
    /// Reliability of the called class, where classes exclude each other.
    pub bins: Vec<Bin>,
    /// Metrics of the model as a whole.
    pub overall: Vec<MetricEstimate>,
    pub targets: Vec<TargetEvaluation>,
    pub subgroups: Vec<Subgroup>,
    /// Risk and coverage: of the called class, of each group, of each independent finding.
    pub selective: Vec<SelectiveEvaluation>,
}

impl Evaluation {
    /// Evaluates `set`.
    #[must_use]
    pub fn of(set: &Predictions, request: &EvaluationRequest<'_>) -> Self {
        let patients: Vec<&str> = set.rows.iter().map(|r| r.patient.as_str()).collect();
        let bootstrap = Bootstrap::new(&patients, SEED);
        let all: Vec<usize> = (0..set.rows.len()).collect();
        let labels = set.targets.iter().filter(|t| !t.group).count();
        let (truth, probabilities) = classed(set, &all);
        let softmax = set.head == Head::Softmax;
        let complete = all.iter().filter(|&&i| set.rows[i].truth[..labels].iter().all(Option::is_some)).count();
        let (confidence, right) = calibration::top(&probabilities, &truth);
        let whose: Vec<&str> = set.rows.iter().filter(|r| r.class().is_some()).map(|r| r.patient.as_str()).collect();
        let bins = calibration::reliability_by_patient(&confidence, &right, &whose, Binning::EqualWidth);
        let target = |t: usize| of_target(set, t, request);
        let overall = estimates(&bootstrap, &all, |rows| overall(set, request.thresholds, rows));
        let claims = match set.head {
            Head::Softmax => vec![confidence],
            Head::Sigmoid => (0..labels).map(|t| set.known(t).scores).collect(),
        };
        let only_class = only_class(set);
        let mut evaluation = Self {
            selective: selective(set, request, only_class.is_none()),
            only_class: only_class.map(|k| set.targets[k].name.clone()),
            head: set.head,
            n: set.rows.len(),
            classed: if softmax { truth.len() } else { complete },
            patients: bootstrap.patients(),
            labels: set.labels().map(str::to_owned).collect(),
            confusion: softmax.then(|| confusion(set, &all)),
            bins: if softmax { bins } else { Vec::new() },
            overall: with_floors(with_shares_of_all(set, request.thresholds, overall), &claims),
            targets: (0..set.targets.len()).into_par_iter().map(target).collect(),
            subgroups: request.by.iter().flat_map(|fact| subgroups::subgroups(set, request.thresholds, fact)).collect(),
        };
        if evaluation.only_class.is_some() {
            evaluation.leave_out_metrics_of_classes();
        }
        evaluation
    }

    /// Leaves unknown what is measured over images of one class alone while others are known to be
    /// of another.
    fn leave_out_metrics_of_classes(&mut self) {
        let of_each_label = |name: &str| name.ends_with("auroc") || name.ends_with("average precision");
        self.bins.clear();
        self.subgroups.iter_mut().for_each(|s| s.accuracy = Estimate::default());
        self.overall.iter_mut().filter(|f| !of_each_label(f.name)).for_each(|f| f.estimate = Estimate::default());
    }

    /// What to make of metrics over the images whose class is known, where it is not known of all.
    #[must_use]
    pub fn known_classes(&self) -> Option<String> {
        let (known, all) = (self.classed, self.n);
        if self.head != Head::Softmax || known == all {
            return None;
        }
        Some(match &self.only_class {
            Some(class) => format!(
                "The class of {known} of {all} images is known, and it is always {class}; accuracy and calibration over those alone would \
                 leave out the others, so they are not given, and each label and group is judged over the images that know it"
            ),
            None => format!(
                "The class of {known} of {all} images is known; accuracy, confusion and calibration are over those, each label and group \
                 over the images that know it"
            ),
        })
    }

    /// A metric of the whole by its name.
    #[must_use]
    pub fn metric(&self, name: &str) -> Estimate {
        find(&self.overall, name)
    }
}

impl TargetEvaluation {
    /// A metric by its name.
    #[must_use]
    pub fn metric(&self, name: &str) -> Estimate {
        find(&self.metrics, name)
    }
}

/// Metrics of one target.
fn about(known: &Known, threshold: f64) -> Vec<Resampled> {
    let (scores, positive) = (&known.scores, &known.positive);
    let counts = Binary::at(threshold, scores, positive);
    vec![
        ("auroc", roc::auroc(scores, positive)),
        ("average precision", roc::average_precision(scores, positive)),
        ("accuracy", counts.accuracy()),
        ("sensitivity", counts.sensitivity()),
        ("specificity", counts.specificity()),
        ("precision", counts.precision()),
        ("npv", counts.negative_predictive_value()),
        ("f1", counts.f1()),
        ("mcc", counts.confusion().mcc()),
        ("kappa", counts.confusion().kappa()),
        ("brier", calibration::binary_brier(scores, positive)),
        ("nll", calibration::binary_nll(scores, positive)),
        ("ece", binned(known, Binning::EqualWidth)),
        ("adaptive ece", binned(known, Binning::EqualMass)),
    ]
}

fn of_target(set: &Predictions, target: usize, request: &EvaluationRequest<'_>) -> TargetEvaluation {
    let own = set.known(target);
    let threshold = request.thresholds[target];
    // A patient none of whose images knows the target is no part of its sample.
    let patients: Vec<&str> = own.rows.iter().map(|&i| set.rows[i].patient.as_str()).collect();
    let all: Vec<usize> = (0..own.rows.len()).collect();
    let mut metrics = estimates(&Bootstrap::new(&patients, SEED), &all, |drawn| {
        let drawn: Vec<usize> = drawn.iter().map(|&i| own.rows[i]).collect();
        about(&known(set, target, &drawn), threshold)
    });
    with_widths(metrics.iter_mut().map(MetricEstimate::named), &Decisions::at(threshold, &own, set), "");
    let metrics = if metrics.is_empty() { about(&own, threshold).into_iter().map(unknown).collect() } else { metrics };
    let metrics = with_floors(metrics, std::slice::from_ref(&own.scores));
    let tuning = request.tuning.map_or_else(|| own.clone(), |t| t.known(target));
    let operating = request.rules.iter().filter_map(|rule| {
        let threshold = rule.choose(&tuning.scores, &tuning.positive)?;
        Some(Operating { rule: *rule, threshold, counts: Binary::at(threshold, &own.scores, &own.positive) })
    });
    let operating: Vec<Operating> = operating.collect();
    let positives = own.positive.iter().filter(|p| **p).count();
    let mut remarks = remarks(&set.targets[target].name, positives, own.rows.len() - positives);
    if operating.len() < request.rules.len() {
        remarks.push(format!(
            "{}: no operating point could be chosen by rule, for that takes images with it and without",
            set.targets[target].name
        ));
    }
    TargetEvaluation {
        name: set.targets[target].name.clone(),
        group: set.targets[target].group,
        n: own.rows.len(),
        positives,
        threshold,
        counts: Binary::at(threshold, &own.scores, &own.positive),
        metrics,
        operating,
        bins: calibration::reliability_by_patient(&own.scores, &own.positive, &patients, Binning::EqualWidth),
        remarks,
    }
}

#[cfg(test)]
mod tests;
