//! An evaluation as JSON. The first seven fields are the contract that scripts build on since 0.1;
//! more follow, none changes.

use serde_json::{Map, Value, json};

use super::selective::{CoverageAtRisk, SelectiveEvaluation, SignalEvaluation};
use super::subgroups::Subgroup;
use super::{Evaluation, MetricEstimate, TargetEvaluation};
use crate::evaluation::calibration::Bin;
use crate::evaluation::confusion::Binary;
use crate::evaluation::sample::evenly;
use crate::evaluation::thresholds::plain;

/// Most points of a curve; a table of every threshold would be longer than all the rest.
const POINTS: usize = 200;

impl Evaluation {
    /// The object that `evaluate --json` prints; an unknown metric is null.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let auroc: Map<String, Value> = self.kind(false).map(|t| (t.name.clone(), json!(t.metric("auroc")))).collect();
        let groups: Map<String, Value> = self
            .kind(true)
            .map(|t| {
                let metrics = json!({
                    "auroc": t.metric("auroc"),
                    "threshold": plain(t.threshold),
                    "accuracy": t.counts.accuracy(),
                    "sensitivity": t.counts.sensitivity(),
                    "specificity": t.counts.specificity(),
                    "f1": t.counts.f1(),
                });
                (t.name.clone(), metrics)
            })
            .collect();
        json!({
            "n": self.n,
            "accuracy": self.metric("accuracy").0,
            "auroc": auroc,
            "confusion": self.confusion.as_ref().map(|c| &c.0),
            "labels": self.labels,
            "ece": self.metric("ece").0,
            "groups": groups,
            "classed": self.classed,
            "patients": self.patients,
            "whole": metrics(&self.overall),
            "reliability": bins(&self.bins),
            "targets": self.targets.iter().map(|t| (t.name.clone(), target(t))).collect::<Map<_, _>>(),
            "subgroups": self.subgroups.iter().map(subgroup).collect::<Vec<_>>(),
            "selective": self.selective.iter().map(|s| (s.name.clone(), selective(s))).collect::<Map<_, _>>(),
        })
    }

    fn kind(&self, group: bool) -> impl Iterator<Item = &TargetEvaluation> {
        self.targets.iter().filter(move |t| t.group == group)
    }
}

/// `name: [value, low, high]`, names with underscores.
fn metrics(all: &[MetricEstimate]) -> Value {
    all.iter().map(|f| (f.name.replace(' ', "_"), json!(f.estimate))).collect::<Map<_, _>>().into()
}

fn bins(all: &[Bin]) -> Value {
    let bin = |b: &Bin| json!({"n": b.n, "confidence": b.confidence, "observed": b.observed, "interval": b.interval()});
    all.iter().map(bin).collect()
}

fn counts(c: Binary) -> Value {
    json!({
        "true_positives": c.true_positives,
        "false_positives": c.false_positives,
        "true_negatives": c.true_negatives,
        "false_negatives": c.false_negatives,
    })
}

fn target(t: &TargetEvaluation) -> Value {
    let operating = t.operating.iter().map(|o| {
        json!({
            "rule": o.rule.to_string(),
            "threshold": plain(o.threshold),
            "sensitivity": o.counts.sensitivity(),
            "specificity": o.counts.specificity(),
            "counts": counts(o.counts),
        })
    });
    json!({
        "group": t.group,
        "n": t.n,
        "positives": t.positives,
        "threshold": plain(t.threshold),
        "counts": counts(t.counts),
        "figures": metrics(&t.metrics),
        "operating": operating.collect::<Vec<_>>(),
        "reliability": bins(&t.bins),
        "remarks": t.remarks,
    })
}

fn subgroup(s: &Subgroup) -> Value {
    let targets = s.targets.iter().map(|t| {
        let about = json!({"n": t.n, "positives": t.positives, "figures": metrics(&t.metrics), "remarks": t.remarks});
        (t.name.clone(), about)
    });
    json!({
        "fact": s.fact,
        "value": s.value,
        "n": s.n,
        "patients": s.patients,
        "accuracy": s.accuracy,
        "targets": targets.collect::<Map<_, _>>(),
    })
}

fn selective(s: &SelectiveEvaluation) -> Value {
    json!({
        "n": s.n,
        "wrong": s.wrong,
        "risk": s.risk,
        "best_aurc": s.best_aurc,
        "signals": s.signals.iter().map(signal).collect::<Vec<_>>(),
        "remarks": s.remarks,
    })
}

/// About [`POINTS`] of the points, the last among them: there all decisions are made.
fn evenly_with_last(curve: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut kept = evenly(curve.to_vec(), Some(POINTS));
    if let Some(last) = curve.last().filter(|last| kept.last() != Some(last)) {
        kept.push(*last);
    }
    kept
}

/// A signal; its curve as points of coverage and risk.
fn signal(s: &SignalEvaluation) -> Value {
    let at = |a: &CoverageAtRisk| json!({"risk": a.risk, "threshold": a.threshold, "coverage": a.coverage, "found_risk": a.found});
    json!({
        "signal": s.signal,
        "n": s.n,
        "aurc": s.aurc,
        "e_aurc": s.e_aurc,
        "at_risk": s.at_risk.iter().map(at).collect::<Vec<_>>(),
        "curve": evenly_with_last(&s.curve),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::performance::EvaluationRequest;
    use crate::evaluation::predictions::tests::three;

    #[test]
    fn the_fields_of_the_contract_come_first_in_their_order() {
        let json = Evaluation::of(
            &three(),
            &EvaluationRequest { thresholds: &[0.5, 0.5, 0.6], ..EvaluationRequest::default() },
        )
        .to_json();
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).take(7).collect();
        assert_eq!(keys, ["n", "accuracy", "auroc", "confusion", "labels", "ece", "groups"]);
        let group: Vec<&str> = json["groups"]["Abnormal"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(group, ["auroc", "threshold", "accuracy", "sensitivity", "specificity", "f1"]);
        assert_eq!(json["groups"]["Abnormal"]["threshold"].to_string(), "0.6");
        assert_eq!(json["accuracy"], 1.0);
        assert_eq!(json["targets"]["Normal"]["counts"]["true_positives"], 1);
    }

    #[test]
    fn an_unknown_figure_is_null() {
        let mut set = three();
        set.rows.truncate(1);
        let json = Evaluation::of(&set, &EvaluationRequest { thresholds: &[0.5; 3], ..EvaluationRequest::default() })
            .to_json();
        assert_eq!(json["auroc"]["Normal"], serde_json::json!([null, null, null]));
    }
}
