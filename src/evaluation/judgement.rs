//! Every figure of a labelled set: what a reviewer asks for, computed once, each with its interval.
//!
//! Classes are judged on the images whose class is known, groups also on those whose group alone is known, independent
//! findings on the images that know them. A figure that the images do not allow (no negative image, say) is unknown, and a
//! remark says why. Intervals are 95 %, by patient: of shares Wilson's ([`super::proportion`]), of other figures by resampling; a
//! figure that no resample changes has none.
//!
//! *Macro* is the mean over the labels for which the figure is defined, *micro* pools all decisions about labels.

mod overall;

use rayon::prelude::*;

use self::overall::{classed, confusion, only_class, whole, with_shares_of_all};
use super::bootstrap::{Bootstrap, Estimate};
use super::calibration::{self, Bin, Binning};
use super::metrics::{Binary, Confusion};
use super::predictions::{Known, Predictions};
use super::roc;
use super::shares::{Decisions, with_widths};
use super::subgroups::{self, Subgroup};
use super::thresholds::{Operating, Rule};
use crate::network::manifest::Head;

/// Seed of the intervals.
const SEED: u64 = 7;
/// Fewer positives or negatives than these make a remark: the normal range of a rate is wider than 0.3 then.
const FEW: usize = 10;

/// What is asked of a judgement.
#[derive(Clone, Debug, Default)]
pub struct Question<'a> {
    /// Operating threshold of each target.
    pub thresholds: &'a [f64],
    /// Further operating points to report.
    pub rules: &'a [Rule],
    /// Images on which those are chosen; the judged ones if there are none, and the figures flatter.
    pub tuning: Option<&'a Predictions>,
    /// Facts whose values are judged apart.
    pub by: &'a [String],
}

/// A figure with its interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub name: &'static str,
    pub estimate: Estimate,
}

impl Figure {
    /// Its name, and what can be changed of it.
    pub(super) fn named(&mut self) -> (&'static str, &mut Estimate) {
        (self.name, &mut self.estimate)
    }
}

/// How well one label or group is told from the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetJudgement {
    pub name: String,
    pub group: bool,
    /// Images whose truth is known, and how many of them are positive.
    pub n: usize,
    pub positives: usize,
    /// The model's own operating threshold, and the decisions at it.
    pub threshold: f64,
    pub counts: Binary,
    /// `auroc`, `average precision`, `accuracy`, `sensitivity`, `specificity`, `precision`, `npv`, `f1`, `mcc`, `kappa`, `brier`, `nll`,
    /// `ece`, `adaptive ece`.
    pub figures: Vec<Figure>,
    pub operating: Vec<Operating>,
    /// Reliability in bins of equal width.
    pub bins: Vec<Bin>,
    /// What makes these figures weak or impossible.
    pub remarks: Vec<String>,
}

/// Every figure of a set of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub head: Head,
    pub n: usize,
    /// Images whose class is known (softmax), or all of whose labels are known (sigmoid).
    pub classed: usize,
    /// Patients, as far as they are known; an image without one counts as its own.
    pub patients: usize,
    pub labels: Vec<String>,
    /// The class of all images whose class is known, where there are others of which only a group is.
    pub only_class: Option<String>,
    /// True class (rows) by called class (columns), where classes exclude each other.
    pub confusion: Option<Confusion>,
    /// Reliability of the called class, where classes exclude each other.
    pub bins: Vec<Bin>,
    /// Figures of the model as a whole.
    pub whole: Vec<Figure>,
    pub targets: Vec<TargetJudgement>,
    pub subgroups: Vec<Subgroup>,
}

/// A figure of one resample.
type Named = (&'static str, Option<f64>);

impl Judgement {
    /// Judges `set`.
    #[must_use]
    pub fn of(set: &Predictions, question: &Question<'_>) -> Self {
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
        let target = |t: usize| judge_target(set, t, question);
        let whole = estimates(&bootstrap, &all, |rows| whole(set, question.thresholds, rows));
        let mut judgement = Self {
            only_class: only_class(set).map(|k| set.targets[k].name.clone()),
            head: set.head,
            n: set.rows.len(),
            classed: if softmax { truth.len() } else { complete },
            patients: bootstrap.patients(),
            labels: set.labels().map(str::to_owned).collect(),
            confusion: softmax.then(|| confusion(set, &all)),
            bins: if softmax { bins } else { Vec::new() },
            whole: with_shares_of_all(set, question.thresholds, whole),
            targets: (0..set.targets.len()).into_par_iter().map(target).collect(),
            subgroups: question.by.iter().flat_map(|fact| subgroups::judge(set, question.thresholds, fact)).collect(),
        };
        if judgement.only_class.is_some() {
            judgement.forget_figures_of_classes();
        }
        judgement
    }

    /// Leaves unknown what is measured over images of one class alone while others are known to be of another.
    fn forget_figures_of_classes(&mut self) {
        let of_each_label = |name: &str| name.ends_with("auroc") || name.ends_with("average precision");
        self.bins.clear();
        self.subgroups.iter_mut().for_each(|s| s.accuracy = Estimate::default());
        self.whole.iter_mut().filter(|f| !of_each_label(f.name)).for_each(|f| f.estimate = Estimate::default());
    }

    /// What to make of figures over the images whose class is known, where it is not known of all.
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

    /// A figure of the whole by its name.
    #[must_use]
    pub fn figure(&self, name: &str) -> Estimate {
        find(&self.whole, name)
    }
}

impl TargetJudgement {
    /// A figure by its name.
    #[must_use]
    pub fn figure(&self, name: &str) -> Estimate {
        find(&self.figures, name)
    }
}

fn find(figures: &[Figure], name: &str) -> Estimate {
    figures.iter().find(|f| f.name == name).map(|f| f.estimate).unwrap_or_default()
}

/// The figures of `all`, each with its interval.
pub(super) fn estimates(bootstrap: &Bootstrap, all: &[usize], figures: impl Fn(&[usize]) -> Vec<Named>) -> Vec<Figure> {
    let intervals = bootstrap.intervals(|drawn| figures(drawn).into_iter().map(|f| f.1).collect());
    let values = figures(all).into_iter().zip(intervals);
    values
        .map(|((name, value), interval)| {
            let interval = interval.filter(|_| value.is_some());
            Figure { name, estimate: Estimate(value, interval.map(|i| i.0), interval.map(|i| i.1)) }
        })
        .collect()
}

fn binned(known: &Known, binning: Binning) -> Option<f64> {
    calibration::error(&calibration::reliability(&known.scores, &known.positive, binning))
}

/// What is known about a target among some rows, which may repeat.
pub(super) fn known(set: &Predictions, target: usize, rows: &[usize]) -> Known {
    let mut known = Known::default();
    for &i in rows {
        if let Some(positive) = set.rows[i].truth[target] {
            known.rows.push(i);
            known.scores.push(set.rows[i].probability[target]);
            known.positive.push(positive);
        }
    }
    known
}

/// Figures of one target.
fn about(known: &Known, threshold: f64) -> Vec<Named> {
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

fn judge_target(set: &Predictions, target: usize, question: &Question<'_>) -> TargetJudgement {
    let own = set.known(target);
    let threshold = question.thresholds[target];
    // A patient none of whose images knows the target is no part of its sample.
    let patients: Vec<&str> = own.rows.iter().map(|&i| set.rows[i].patient.as_str()).collect();
    let all: Vec<usize> = (0..own.rows.len()).collect();
    let mut figures = estimates(&Bootstrap::new(&patients, SEED), &all, |drawn| {
        let drawn: Vec<usize> = drawn.iter().map(|&i| own.rows[i]).collect();
        about(&known(set, target, &drawn), threshold)
    });
    with_widths(figures.iter_mut().map(Figure::named), &Decisions::at(threshold, &own, set), "");
    let figures = if figures.is_empty() { about(&own, threshold).into_iter().map(unknown).collect() } else { figures };
    let tuning = question.tuning.map_or_else(|| own.clone(), |t| t.known(target));
    let operating = question.rules.iter().filter_map(|rule| {
        let threshold = rule.choose(&tuning.scores, &tuning.positive)?;
        Some(Operating { rule: *rule, threshold, counts: Binary::at(threshold, &own.scores, &own.positive) })
    });
    let operating: Vec<Operating> = operating.collect();
    let positives = own.positive.iter().filter(|p| **p).count();
    let mut remarks = remarks(&set.targets[target].name, positives, own.rows.len() - positives);
    if operating.len() < question.rules.len() {
        remarks.push(format!(
            "{}: no operating point could be chosen by rule, for that takes images with it and without",
            set.targets[target].name
        ));
    }
    TargetJudgement {
        name: set.targets[target].name.clone(),
        group: set.targets[target].group,
        n: own.rows.len(),
        positives,
        threshold,
        counts: Binary::at(threshold, &own.scores, &own.positive),
        figures,
        operating,
        bins: calibration::reliability_by_patient(&own.scores, &own.positive, &patients, Binning::EqualWidth),
        remarks,
    }
}

fn unknown((name, _): Named) -> Figure {
    Figure { name, estimate: Estimate::default() }
}

/// Why the figures of a target are unknown or weak.
pub(super) fn remarks(name: &str, positives: usize, negatives: usize) -> Vec<String> {
    let sentence = match (positives, negatives) {
        (0, 0) => format!("{name}: no image says whether it is present, so nothing can be judged"),
        (0, _) => format!("{name}: no image has it, so AUROC, sensitivity and precision are unknown"),
        (_, 0) => format!("{name}: every image has it, so AUROC and specificity are unknown"),
        (p, n) if p.min(n) < FEW => {
            format!("{name}: only {p} images with and {n} without it; read the intervals, not the figures")
        }
        _ => return Vec::new(),
    };
    vec![sentence]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::golden::{close, read};
    use crate::evaluation::metrics::mean;
    use crate::evaluation::predictions::{Prediction, Target};
    use std::collections::BTreeMap;

    /// The golden predictions of three classes and a group of two.
    fn golden() -> Predictions {
        let golden = read();
        let target = |name: &str, group| Target { name: name.into(), group };
        let row = |(i, (p, truth)): (usize, (&Vec<f64>, &usize))| Prediction {
            image: format!("{i}.png"),
            patient: String::new(),
            truth: (0..3).map(|k| Some(k == *truth)).chain([Some(*truth > 0)]).collect(),
            probability: p.iter().copied().chain([golden.binary.score[i]]).collect(),
            says: Vec::new(),
            logits: p.iter().map(|p| p.max(1e-9).ln()).collect(),
            facts: BTreeMap::new(),
        };
        Predictions {
            head: Head::Softmax,
            targets: vec![target("a", false), target("b", false), target("c", false), target("b or c", true)],
            rows: golden.probabilities.iter().zip(&golden.truth).enumerate().map(row).collect(),
        }
    }

    fn judge(set: &Predictions) -> Judgement {
        Judgement::of(set, &Question { thresholds: &[0.5, 0.5, 0.5, 0.6], ..Question::default() })
    }

    #[test]
    fn the_whole_is_judged_as_scikit_learn_does() {
        let (judgement, golden) = (judge(&golden()), read());
        let expected = [
            ("accuracy", golden.accuracy),
            ("balanced accuracy", golden.balanced_accuracy),
            ("kappa", golden.kappa),
            ("mcc", golden.mcc),
            ("ece", golden.ece),
            ("adaptive ece", golden.adaptive_ece),
            ("brier", golden.brier),
            ("macro auroc", golden.macro_auroc),
            ("micro auroc", golden.micro_auroc),
            ("macro f1", golden.macro_f1),
            ("micro f1", golden.accuracy),
        ];
        for (name, value) in expected {
            let Estimate(ours, low, high) = judgement.figure(name);
            assert!(close(ours.unwrap(), value), "{name}: {ours:?}, but {value}");
            assert!(low.unwrap() < high.unwrap(), "{name}");
        }
        assert_eq!(judgement.confusion.unwrap().0, golden.confusion);
    }

    #[test]
    fn a_group_is_judged_as_scikit_learn_does() {
        let (judgement, golden) = (judge(&golden()), read().binary);
        let group = &judgement.targets[3];
        let expected = [
            ("auroc", golden.auroc),
            ("average precision", golden.average_precision),
            ("sensitivity", golden.sensitivity),
            ("specificity", golden.specificity),
            ("precision", golden.precision),
            ("npv", golden.npv),
            ("f1", golden.f1),
            ("mcc", golden.mcc),
            ("kappa", golden.kappa),
            ("nll", golden.nll),
            ("ece", golden.ece),
        ];
        for (name, value) in expected {
            assert!(close(group.figure(name).0.unwrap(), value), "{name}");
        }
        assert!(group.remarks.is_empty());
    }

    #[test]
    fn a_figure_without_an_error_has_an_interval_with_a_width_or_none() {
        let mut set = golden();
        for row in &mut set.rows {
            let truth = row.truth.clone();
            row.probability = truth.iter().map(|t| if *t == Some(true) { 0.9 } else { 0.05 }).collect();
        }
        let judgement = judge(&set);
        let all = judgement.whole.iter().chain(judgement.targets.iter().flat_map(|t| &t.figures));
        for figure in all.filter(|f| f.estimate.1.is_some()) {
            let Estimate(_, low, high) = figure.estimate;
            assert!(low < high, "{}: {:?}", figure.name, figure.estimate);
        }
        let target = &judgement.targets[0];
        let Estimate(value, low, high) = target.figure("sensitivity");
        let n = target.positives as f64;
        assert_eq!((value, high), (Some(1.0), Some(1.0)));
        assert!((low.unwrap() - n / (n + 3.841_458_820_694_124)).abs() < 1e-12);
        assert!(target.figure("auroc").1.unwrap() < 1.0 && target.figure("f1").1.is_none());
        assert!(judgement.figure("accuracy").1.unwrap() < 1.0);
    }

    #[test]
    fn figures_over_the_one_class_that_is_known_beside_a_group_are_not_given() {
        let mut set = golden();
        for row in &mut set.rows {
            if row.truth[0] == Some(false) {
                row.truth = vec![Some(false), None, None, Some(true)];
            }
        }
        let judgement = judge(&set);
        for name in ["accuracy", "balanced accuracy", "ece", "micro sensitivity"] {
            assert_eq!(judgement.figure(name), Estimate::default(), "{name}");
        }
        assert!(judgement.bins.is_empty());
        let said = judgement.known_classes().unwrap();
        assert!(said.contains(&format!("always {}", set.targets[0].name)), "{said}");
        assert!(judgement.targets[3].figure("auroc").0.is_some() && judgement.figure("macro auroc").0.is_some());
    }

    #[test]
    fn one_class_alone_leaves_figures_unknown_and_says_why() {
        let mut set = golden();
        set.rows.retain(|r| r.truth[0] == Some(true));
        let judgement = judge(&set);
        let class = &judgement.targets[0];
        assert_eq!(class.figure("auroc"), Estimate::default());
        assert_eq!(class.figure("specificity"), Estimate::default());
        assert!(class.figure("sensitivity").0.is_some());
        assert!(class.remarks[0].contains("every image has it"), "{:?}", class.remarks);
        assert!(judgement.targets[1].remarks[0].contains("no image has it"));
        assert_eq!(judgement.figure("mcc").0, None);
    }

    #[test]
    fn what_no_image_knows_is_not_judged() {
        let mut set = golden();
        set.rows.iter_mut().for_each(|r| r.truth[1] = None);
        let target = &judge(&set).targets[1];
        assert_eq!((target.n, target.figure("auroc")), (0, Estimate::default()));
        assert!(target.remarks[0].contains("nothing can be judged"));
        assert_eq!(target.figures.len(), 14);
    }

    #[test]
    fn operating_points_are_chosen_on_the_tuning_images_alone() {
        let set = golden();
        let mut tuning = set.clone();
        tuning.rows.iter_mut().for_each(|r| r.probability[3] /= 2.0);
        let question = Question {
            thresholds: &[0.5; 4],
            rules: &[Rule::Sensitivity(0.9)],
            tuning: Some(&tuning),
            ..Question::default()
        };
        let tuned = Judgement::of(&set, &question).targets[3].operating[0];
        let own = Judgement::of(&set, &Question { tuning: None, ..question }).targets[3].operating[0];
        assert!(close(own.threshold, tuned.threshold * 2.0));
        assert!(tuned.counts.sensitivity() > own.counts.sensitivity());
    }

    #[test]
    fn findings_that_may_coincide_are_judged_one_by_one() {
        let mut set = golden();
        set.head = Head::Sigmoid;
        for (i, row) in set.rows.iter_mut().enumerate() {
            row.says = row.probability.iter().map(|p| *p >= 0.5).collect();
            if i % 3 == 0 {
                row.truth[1] = None;
            }
        }
        let judgement = judge(&set);
        assert_eq!((judgement.n, judgement.classed), (90, 60));
        assert!(judgement.confusion.is_none() && judgement.bins.is_empty());
        assert_eq!(judgement.targets[1].n, 60);
        let each = judgement.targets[..3].iter().map(|t| t.figure("f1").0);
        assert!(close(judgement.figure("macro f1").0.unwrap(), mean(each).unwrap()));
        assert!(judgement.figure("all labels right").0.unwrap() < judgement.figure("accuracy").0.unwrap());
    }
}
