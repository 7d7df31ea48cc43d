//! The tables that `evaluate` prints for people.

use std::fmt::Write as _;

use super::Recalibrated;
use crate::evaluation::bootstrap::Estimate;
use crate::evaluation::judgement::{Judgement, TargetJudgement};
use crate::evaluation::subgroups::Subgroup;
use crate::network::Model;
use crate::network::manifest::Head;

/// The whole text.
pub fn text(model: &Model, judged: &Judgement, recalibrated: Option<&Recalibrated>, tuned: bool) -> String {
    let Judgement { n, classed, patients, .. } = judged;
    let mut text = format!("{} on {n} images of {patients} patients (as far as told apart)\n", model.manifest.name);
    let all: Vec<&TargetJudgement> =
        judged.targets.iter().filter(|t| t.group).chain(judged.targets.iter().filter(|t| !t.group)).collect();
    let wide = all.iter().map(|t| t.name.chars().count()).max().unwrap_or(0).max(8);
    let _ = writeln!(
        text,
        "\n{:wide$}  {:>9}  {:>19}  {:>19}  {:>9}  {:>19}  {:>19}",
        "", "positives", "AUROC (95 %)", "average precision", "threshold", "sensitivity", "specificity"
    );
    for t in &all {
        let _ = writeln!(
            text,
            "{:wide$}  {:>9}  {:>19}  {:>19}  {:>9.3}  {:>19}  {:>19}",
            t.name,
            format!("{}/{}", t.positives, t.n),
            interval(t.figure("auroc")),
            interval(t.figure("average precision")),
            t.threshold,
            interval(t.figure("sensitivity")),
            interval(t.figure("specificity"))
        );
    }
    let _ = writeln!(text, "\nAt the threshold, present or absent");
    let _ = writeln!(
        text,
        "{:wide$}  {:>8}  {:>9}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}",
        "", "accuracy", "precision", "NPV", "F1", "MCC", "kappa", "Brier", "NLL", "ECE", "a-ECE"
    );
    for t in &all {
        let f = |name: &str| figure(t.figure(name).0);
        let _ = writeln!(
            text,
            "{:wide$}  {:>8}  {:>9}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}",
            t.name,
            f("accuracy"),
            f("precision"),
            f("npv"),
            f("f1"),
            f("mcc"),
            f("kappa"),
            f("brier"),
            f("nll"),
            f("ece"),
            f("adaptive ece")
        );
    }
    let over = match judged.head {
        Head::Softmax => {
            format!(
                "Over the {classed} images whose class is known (the highest class is called; accuracy: the share called rightly)"
            )
        }
        Head::Sigmoid => {
            "Over all labels (each called at its threshold; accuracy: the mean over images of the share called rightly)"
                .to_owned()
        }
    };
    let _ = writeln!(text, "\n{over}");
    for pair in judged.whole.chunks(2) {
        let cells: Vec<String> = pair.iter().map(|f| format!("{:<24} {:<22}", f.name, interval(f.estimate))).collect();
        let _ = writeln!(text, "  {}", cells.join("  ").trim_end());
    }
    if let Some(confusion) = judged.confusion.as_ref().filter(|_| *classed > 0) {
        let _ = writeln!(text, "\nConfusion (rows: truth, columns: called)");
        for (label, row) in judged.labels.iter().zip(&confusion.0) {
            let counts: Vec<String> = row.iter().map(|c| format!("{c:>6}")).collect();
            let _ = writeln!(text, "{label:wide$}  {}", counts.join(""));
        }
    }
    operating(&mut text, &all, wide, tuned);
    if let Some(r) = recalibrated {
        let _ = writeln!(
            text,
            "\nTemperature {:.3} of the model gives a negative log likelihood of {:.4}; {:.3}, fitted on the validation images, {:.4}.",
            r.own, r.nll_own, r.fitted, r.nll_fitted
        );
    }
    subgroups(&mut text, &judged.subgroups);
    text.trim_end().to_owned()
}

fn operating(text: &mut String, all: &[&TargetJudgement], wide: usize, tuned: bool) {
    if all.iter().all(|t| t.operating.is_empty()) {
        return;
    }
    let on = if tuned { "chosen on the validation images" } else { "chosen on these very images, so they flatter" };
    let _ = writeln!(text, "\nOperating points ({on})");
    for t in all {
        for o in &t.operating {
            let _ = writeln!(
                text,
                "{:wide$}  {:<20} from {:.3}  sensitivity {}  specificity {}  precision {}  missed {}  false alarms {}",
                t.name,
                o.rule.to_string(),
                o.threshold,
                figure(o.counts.sensitivity()),
                figure(o.counts.specificity()),
                figure(o.counts.precision()),
                o.counts.false_negatives,
                o.counts.false_positives
            );
        }
    }
}

fn subgroups(text: &mut String, parts: &[Subgroup]) {
    let mut fact = "";
    for part in parts {
        if part.fact != fact {
            fact = &part.fact;
            let _ = writeln!(text, "\nBy {fact}");
        }
        let _ = writeln!(
            text,
            "  {:<20} {:>5} images of {} patients  accuracy {}",
            part.value,
            part.n,
            part.patients,
            interval(part.accuracy)
        );
        for t in part.targets.iter().filter(|t| t.n > 0) {
            let of = |name: &str| {
                t.figures.iter().find(|f| f.name == name).map_or_else(|| "–".into(), |f| interval(f.estimate))
            };
            let _ = writeln!(
                text,
                "    {:<24} {:>9}  AUROC {:<20} sensitivity {:<20} specificity {}",
                t.name,
                format!("{}/{}", t.positives, t.n),
                of("auroc"),
                of("sensitivity"),
                of("specificity")
            );
        }
    }
}

/// What makes figures weak or unknown, in sentences.
pub fn remarks(judged: &Judgement) -> Vec<String> {
    let mut said: Vec<String> = judged.targets.iter().flat_map(|t| &t.remarks).map(|r| format!("note: {r}.")).collect();
    said.extend(judged.known_classes().map(|sentence| format!("note: {sentence}.")));
    said
}

fn figure(value: Option<f64>) -> String {
    value.map_or("–".into(), |v| format!("{v:.3}"))
}

fn interval(Estimate(value, low, high): Estimate) -> String {
    match (value, low, high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.3} ({low:.3}–{high:.3})"),
        (Some(value), ..) => format!("{value:.3}"),
        _ => "–".into(),
    }
}
