//! The result of an evaluation: every figure of a labelled set of images.
//!
//! Classes are judged on the images whose class is known, groups also on those whose group alone is known.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::bootstrap::Bootstrap;
use super::metrics::{Binary, accuracy, argmax, confusion};
use super::truth::Truth;
use super::{calibration, roc};
use crate::network::manifest::Manifest;

/// Seed of the intervals.
const SEED: u64 = 7;

/// One judged image.
#[derive(Clone, Debug)]
pub struct Case {
    pub truth: Truth,
    /// Probabilities of the labels, after temperature.
    pub labels: Vec<f64>,
    /// Probabilities of the groups.
    pub groups: Vec<f64>,
    /// Whose image it is, by any text; empty where nobody knows.
    pub patient: String,
}

/// A figure with its 95 % interval; all `None` where the images do not allow it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Estimate(pub Option<f64>, pub Option<f64>, pub Option<f64>);

/// How well one label or group is told from the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub name: String,
    /// Images whose truth is known, and how many of them are positive.
    pub n: usize,
    pub positives: usize,
    pub auroc: Estimate,
    /// Operating threshold of the manifest, for the counts.
    pub threshold: f32,
    pub counts: Binary,
}

/// Every figure of a set of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Images that were judged.
    pub n: usize,
    /// Of these, images whose class is known: the base of accuracy, confusion, calibration and the labels' figures.
    pub classed: usize,
    /// Patients, as far as they are known; an image without one counts as its own.
    pub patients: usize,
    pub accuracy: Estimate,
    /// True class (rows) by called class (columns).
    pub confusion: Vec<Vec<usize>>,
    pub ece: Option<f64>,
    pub brier: Option<f64>,
    pub nll: Option<f64>,
    pub labels: Vec<Finding>,
    pub groups: Vec<Finding>,
}

impl Summary {
    /// Judges `cases` by the labels, groups and thresholds of `manifest`.
    #[must_use]
    pub fn of(manifest: &Manifest, cases: &[Case]) -> Self {
        let classed: Vec<(&Case, usize)> =
            cases.iter().filter_map(|c| if let Truth::Class(k) = c.truth { Some((c, k)) } else { None }).collect();
        let truth: Vec<usize> = classed.iter().map(|(_, k)| *k).collect();
        let probabilities: Vec<Vec<f64>> = classed.iter().map(|(c, _)| c.labels.clone()).collect();
        let called: Vec<usize> = probabilities.iter().map(|p| argmax(p)).collect();
        let bootstrap = Bootstrap::new(&patients(classed.iter().map(|(c, _)| *c)), SEED);
        let right = |drawn: &[usize]| {
            let hits = drawn.iter().filter(|i| truth[**i] == called[**i]).count();
            (!drawn.is_empty()).then(|| hits as f64 / drawn.len() as f64)
        };
        Self {
            n: cases.len(),
            classed: classed.len(),
            patients: Bootstrap::new(&patients(cases.iter()), SEED).patients(),
            accuracy: estimate(accuracy(&truth, &called), &bootstrap, right),
            confusion: confusion(&truth, &called, manifest.labels.len()),
            ece: calibration::ece(&probabilities, &truth),
            brier: calibration::brier(&probabilities, &truth),
            nll: calibration::nll(&probabilities, &truth),
            labels: manifest
                .labels
                .iter()
                .enumerate()
                .map(|(k, label)| {
                    let known: Vec<_> = classed.iter().map(|(c, t)| (*c, c.labels[k], *t == k)).collect();
                    finding(&label.name, label.threshold, &known)
                })
                .collect(),
            groups: manifest
                .groups
                .iter()
                .enumerate()
                .map(|(g, group)| {
                    let known: Vec<_> =
                        cases.iter().filter_map(|c| Some((c, c.groups[g], is_in(manifest, c.truth, g)?))).collect();
                    finding(&group.name, group.threshold, &known)
                })
                .collect(),
        }
    }

    /// The object that `evaluate --json` prints.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let auroc: Map<String, Value> = self.labels.iter().map(|l| (l.name.clone(), json!(l.auroc))).collect();
        let groups: Map<String, Value> = self
            .groups
            .iter()
            .map(|g| {
                let figures = json!({
                    "auroc": g.auroc,
                    "threshold": short(g.threshold),
                    "accuracy": g.counts.accuracy(),
                    "sensitivity": g.counts.sensitivity(),
                    "specificity": g.counts.specificity(),
                    "f1": g.counts.f1(),
                });
                (g.name.clone(), figures)
            })
            .collect();
        json!({
            "n": self.n,
            "accuracy": self.accuracy.0,
            "auroc": auroc,
            "confusion": self.confusion,
            "labels": self.labels.iter().map(|l| &l.name).collect::<Vec<_>>(),
            "ece": self.ece,
            "groups": groups,
        })
    }
}

/// An `f32` as the shortest decimal that means it (0.6, not 0.60000002…).
fn short(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}

fn patients<'a>(cases: impl Iterator<Item = &'a Case>) -> Vec<&'a str> {
    cases.map(|c| c.patient.as_str()).collect()
}

/// Whether a truth lies in group `g`; `None` where a group alone is known and the two overlap.
fn is_in(manifest: &Manifest, truth: Truth, g: usize) -> Option<bool> {
    let members = &manifest.groups[g].members;
    match truth {
        Truth::Class(k) => Some(members.contains(&manifest.labels[k].name)),
        Truth::Group(own) => {
            let own = &manifest.groups[own].members;
            match own.iter().filter(|m| members.contains(m)).count() {
                0 => Some(false),
                shared if shared == own.len() => Some(true),
                _ => None,
            }
        }
    }
}

fn finding(name: &str, threshold: f32, known: &[(&Case, f64, bool)]) -> Finding {
    let scores: Vec<f64> = known.iter().map(|k| k.1).collect();
    let positive: Vec<bool> = known.iter().map(|k| k.2).collect();
    let bootstrap = Bootstrap::new(&patients(known.iter().map(|k| k.0)), SEED);
    let area = |drawn: &[usize]| {
        let scores: Vec<f64> = drawn.iter().map(|i| scores[*i]).collect();
        let positive: Vec<bool> = drawn.iter().map(|i| positive[*i]).collect();
        roc::auroc(&scores, &positive)
    };
    Finding {
        name: name.to_owned(),
        n: known.len(),
        positives: positive.iter().filter(|p| **p).count(),
        auroc: estimate(roc::auroc(&scores, &positive), &bootstrap, area),
        threshold,
        counts: Binary::at(f64::from(threshold), &scores, &positive),
    }
}

fn estimate(value: Option<f64>, bootstrap: &Bootstrap, statistic: impl Fn(&[usize]) -> Option<f64>) -> Estimate {
    let interval = value.and_then(|_| bootstrap.interval(statistic));
    Estimate(value, interval.map(|i| i.0), interval.map(|i| i.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::truth::tests::chest;

    fn case(truth: Truth, normal: f64, bacterial: f64) -> Case {
        let labels = vec![normal, bacterial, 1.0 - normal - bacterial];
        Case { truth, groups: vec![1.0 - normal], labels, patient: String::new() }
    }

    #[test]
    fn an_image_of_a_group_counts_for_the_group_only() {
        let cases = [
            case(Truth::Class(0), 0.9, 0.05),
            case(Truth::Class(0), 0.3, 0.6),
            case(Truth::Class(1), 0.2, 0.7),
            case(Truth::Group(0), 0.1, 0.2),
        ];
        let summary = Summary::of(&chest(), &cases);
        assert_eq!((summary.n, summary.classed), (4, 3));
        assert_eq!(summary.confusion, [[1, 1, 0], [0, 1, 0], [0, 0, 0]]);
        assert_eq!(summary.accuracy.0, Some(2.0 / 3.0));
        let group = &summary.groups[0];
        assert_eq!((group.n, group.positives), (4, 2));
        assert_eq!(group.auroc.0, Some(1.0));
        assert_eq!(group.counts.specificity(), Some(0.5));
        // Nothing viral is known to be viral.
        assert_eq!(summary.labels[2].auroc, Estimate(None, None, None));
    }

    #[test]
    fn the_json_has_the_fields_of_the_contract_in_their_order() {
        let summary = Summary::of(&chest(), &[case(Truth::Class(0), 0.9, 0.05), case(Truth::Group(0), 0.2, 0.7)]);
        let json = summary.to_json();
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["n", "accuracy", "auroc", "confusion", "labels", "ece", "groups"]);
        let group: Vec<&str> = json["groups"]["Pneumonia"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(group, ["auroc", "threshold", "accuracy", "sensitivity", "specificity", "f1"]);
        assert_eq!(json["groups"]["Pneumonia"]["threshold"].to_string(), "0.6");
        assert_eq!(json["auroc"]["Normal"], json!([null, null, null]));
    }
}
