//! The metrics are those of scikit-learn, and what cannot be known is not given.

use super::*;
use crate::evaluation::confusion::mean;
use crate::evaluation::golden::{close, read};
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

fn evaluate(set: &Predictions) -> Evaluation {
    Evaluation::of(set, &EvaluationRequest { thresholds: &[0.5, 0.5, 0.5, 0.6], ..EvaluationRequest::default() })
}

#[test]
fn the_whole_is_judged_as_scikit_learn_does() {
    let (evaluation, golden) = (evaluate(&golden()), read());
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
        let Estimate(ours, low, high) = evaluation.metric(name);
        assert!(close(ours.unwrap(), value), "{name}: {ours:?}, but {value}");
        assert!(low.unwrap() < high.unwrap(), "{name}");
    }
    assert_eq!(evaluation.confusion.unwrap().0, golden.confusion);
}

#[test]
fn a_group_is_judged_as_scikit_learn_does() {
    let (evaluation, golden) = (evaluate(&golden()), read().binary);
    let group = &evaluation.targets[3];
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
        assert!(close(group.metric(name).0.unwrap(), value), "{name}");
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
    let evaluation = evaluate(&set);
    let all = evaluation.overall.iter().chain(evaluation.targets.iter().flat_map(|t| &t.metrics));
    for metric in all.filter(|f| f.estimate.1.is_some()) {
        let Estimate(_, low, high) = metric.estimate;
        assert!(low < high, "{}: {:?}", metric.name, metric.estimate);
    }
    let target = &evaluation.targets[0];
    let Estimate(value, low, high) = target.metric("sensitivity");
    let n = target.positives as f64;
    assert_eq!((value, high), (Some(1.0), Some(1.0)));
    assert!((low.unwrap() - n / (n + 3.841_458_820_694_124)).abs() < 1e-12);
    assert!(target.metric("auroc").1.unwrap() < 1.0 && target.metric("f1").1.is_none());
    assert!(evaluation.metric("accuracy").1.unwrap() < 1.0);
}

#[test]
fn figures_over_the_one_class_that_is_known_beside_a_group_are_not_given() {
    let mut set = golden();
    for row in &mut set.rows {
        if row.truth[0] == Some(false) {
            row.truth = vec![Some(false), None, None, Some(true)];
        }
    }
    let evaluation = evaluate(&set);
    for name in ["accuracy", "balanced accuracy", "ece", "micro sensitivity"] {
        assert_eq!(evaluation.metric(name), Estimate::default(), "{name}");
    }
    assert!(evaluation.bins.is_empty());
    let said = evaluation.known_classes().unwrap();
    assert!(said.contains(&format!("always {}", set.targets[0].name)), "{said}");
    assert!(evaluation.targets[3].metric("auroc").0.is_some() && evaluation.metric("macro auroc").0.is_some());
}

#[test]
fn one_class_alone_leaves_figures_unknown_and_says_why() {
    let mut set = golden();
    set.rows.retain(|r| r.truth[0] == Some(true));
    let evaluation = evaluate(&set);
    let class = &evaluation.targets[0];
    assert_eq!(class.metric("auroc"), Estimate::default());
    assert_eq!(class.metric("specificity"), Estimate::default());
    assert!(class.metric("sensitivity").0.is_some());
    assert!(class.remarks[0].contains("every image has it"), "{:?}", class.remarks);
    assert!(evaluation.targets[1].remarks[0].contains("no image has it"));
    assert_eq!(evaluation.metric("mcc").0, None);
}

#[test]
fn what_no_image_knows_is_not_judged() {
    let mut set = golden();
    set.rows.iter_mut().for_each(|r| r.truth[1] = None);
    let target = &evaluate(&set).targets[1];
    assert_eq!((target.n, target.metric("auroc")), (0, Estimate::default()));
    assert!(target.remarks[0].contains("nothing can be evaluated"));
    assert_eq!(target.metrics.len(), 16);
}

#[test]
fn operating_points_are_chosen_on_the_tuning_images_alone() {
    let set = golden();
    let mut tuning = set.clone();
    tuning.rows.iter_mut().for_each(|r| r.probability[3] /= 2.0);
    let request = EvaluationRequest {
        thresholds: &[0.5; 4],
        rules: &[Rule::Sensitivity(0.9)],
        tuning: Some(&tuning),
        ..EvaluationRequest::default()
    };
    let tuned = Evaluation::of(&set, &request).targets[3].operating[0];
    let own = Evaluation::of(&set, &EvaluationRequest { tuning: None, ..request }).targets[3].operating[0];
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
    let evaluation = evaluate(&set);
    assert_eq!((evaluation.n, evaluation.classed), (90, 60));
    assert!(evaluation.confusion.is_none() && evaluation.bins.is_empty());
    assert_eq!(evaluation.targets[1].n, 60);
    let each = evaluation.targets[..3].iter().map(|t| t.metric("f1").0);
    assert!(close(evaluation.metric("macro f1").0.unwrap(), mean(each).unwrap()));
    assert!(evaluation.metric("all labels right").0.unwrap() < evaluation.metric("accuracy").0.unwrap());
}
