//! The tables that `evaluate` prints for people.

use std::fmt::Write as _;

use crate::cli::table::{Column, interval, number, row, width};
use crate::evaluation::calibration_floor::DRAWS;
use crate::evaluation::performance::subgroups::Subgroup;
use crate::evaluation::performance::{Evaluation, TargetEvaluation};
use crate::evaluation::temperature::Recalibration;
use crate::model::Model;
use crate::model::manifest::Head;

/// The whole text; `tuned` where operating points were chosen on other images.
pub(super) fn text(
    model: &Model,
    evaluation: &Evaluation,
    recalibration: Option<&Recalibration>,
    tuned: bool,
) -> String {
    let Evaluation { n, patients, .. } = evaluation;
    let mut text = format!("{} on {n} images of {patients} patients (as far as told apart)\n", model.manifest.name);
    let (groups, labels): (Vec<&TargetEvaluation>, Vec<_>) = evaluation.targets.iter().partition(|t| t.group);
    let all: Vec<&TargetEvaluation> = groups.into_iter().chain(labels).collect();
    let wide = width(all.iter().map(|t| t.name.as_str()), 8);
    targets(&mut text, &all, wide);
    overall(&mut text, evaluation);
    confusion(&mut text, evaluation, wide);
    operating(&mut text, &all, wide, tuned);
    if let Some(r) = recalibration {
        let _ = writeln!(
            text,
            "\nTemperature {:.3} of the model gives a negative log likelihood of {:.4}; {:.3}, fitted on the validation images, {:.4}.",
            r.own, r.nll_own, r.fitted, r.nll_fitted
        );
    }
    subgroups(&mut text, &evaluation.subgroups);
    text.trim_end().to_owned()
}

/// The metrics of each target in two tables.
fn targets(text: &mut String, all: &[&TargetEvaluation], wide: usize) {
    let (nine, nineteen) = (Column::Right(9), Column::Right(19));
    let columns = [Column::Left(wide), nine, nineteen, nineteen, nine, nineteen, nineteen];
    let header = ["", "positives", "AUROC (95 %)", "average precision", "threshold", "sensitivity", "specificity"];
    let _ = writeln!(text, "\n{}", row(&columns, header));
    for t in all {
        let of = |name: &str| interval(t.metric(name));
        let cells = [
            t.name.clone(),
            format!("{}/{}", t.positives, t.n),
            of("auroc"),
            of("average precision"),
            format!("{:.3}", t.threshold),
            of("sensitivity"),
            of("specificity"),
        ];
        let _ = writeln!(text, "{}", row(&columns, cells));
    }
    let names = ["accuracy", "precision", "npv", "f1", "mcc", "kappa", "brier", "nll", "ece", "adaptive ece"];
    let titles = ["accuracy", "precision", "NPV", "F1", "MCC", "kappa", "Brier", "NLL", "ECE", "a-ECE"];
    let columns: Vec<Column> =
        [Column::Left(wide), Column::Right(8), nine].into_iter().chain([Column::Right(6); 8]).collect();
    let _ = writeln!(text, "\nAt the threshold, present or absent");
    let _ = writeln!(text, "{}", row(&columns, [""].into_iter().chain(titles)));
    for t in all {
        let values = names.map(|name| number(t.metric(name).0));
        let _ = writeln!(text, "{}", row(&columns, [t.name.clone()].into_iter().chain(values)));
    }
    calibration(text, all, wide);
}

/// Each calibration error beside what chance makes of that of a perfectly calibrated model.
fn calibration(text: &mut String, all: &[&TargetEvaluation], wide: usize) {
    let _ = writeln!(
        text,
        "\nCalibration error, and that of a perfectly calibrated model with these probabilities (mean and 95 % of {DRAWS} draws)"
    );
    let columns = [Column::Left(wide)].into_iter().chain([Column::Right(19); 4]).collect::<Vec<_>>();
    let header = ["", "ECE (95 %)", "if calibrated", "a-ECE (95 %)", "if calibrated"];
    let _ = writeln!(text, "{}", row(&columns, header));
    for t in all {
        let names = ["ece", "ece if calibrated", "adaptive ece", "adaptive ece if calibrated"];
        let values = names.map(|name| interval(t.metric(name)));
        let _ = writeln!(text, "{}", row(&columns, [t.name.clone()].into_iter().chain(values)));
    }
}

fn overall(text: &mut String, evaluation: &Evaluation) {
    let over = match evaluation.head {
        Head::Softmax => format!(
            "Over the {} images whose class is known (the highest class is called; accuracy: the share called rightly)",
            evaluation.classed
        ),
        Head::Sigmoid => {
            "Over all labels (each called at its threshold; accuracy: the mean over images of the share called rightly)"
                .to_owned()
        }
    };
    let _ = writeln!(text, "\n{over}");
    for pair in evaluation.overall.chunks(2) {
        let cells: Vec<String> = pair.iter().map(|f| format!("{:<26} {:<22}", f.name, interval(f.estimate))).collect();
        let _ = writeln!(text, "  {}", cells.join("  ").trim_end());
    }
}

fn confusion(text: &mut String, evaluation: &Evaluation, wide: usize) {
    let Some(confusion) = evaluation.confusion.as_ref().filter(|_| evaluation.classed > 0) else { return };
    let _ = writeln!(text, "\nConfusion (rows: truth, columns: called)");
    for (label, row) in evaluation.labels.iter().zip(&confusion.0) {
        let counts: Vec<String> = row.iter().map(|c| format!("{c:>6}")).collect();
        let _ = writeln!(text, "{label:wide$}  {}", counts.join(""));
    }
}

fn operating(text: &mut String, all: &[&TargetEvaluation], wide: usize, tuned: bool) {
    if all.iter().all(|t| t.operating.is_empty()) {
        return;
    }
    let on = if tuned { "chosen on the validation images" } else { "chosen on these very images, so they flatter" };
    let _ = writeln!(text, "\nOperating points ({on})");
    for (name, point) in all.iter().flat_map(|t| t.operating.iter().map(|o| (&t.name, o))) {
        let counts = point.counts;
        let _ = writeln!(
            text,
            "{name:wide$}  {:<20} from {:.3}  sensitivity {}  specificity {}  precision {}  missed {}  false alarms {}",
            point.rule.to_string(),
            point.threshold,
            number(counts.sensitivity()),
            number(counts.specificity()),
            number(counts.precision()),
            counts.false_negatives,
            counts.false_positives
        );
    }
}

fn subgroups(text: &mut String, subgroups: &[Subgroup]) {
    let mut fact = "";
    for part in subgroups {
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
                t.metrics.iter().find(|f| f.name == name).map_or_else(|| "–".into(), |f| interval(f.estimate))
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

/// What makes metrics weak or unknown, in sentences.
pub(super) fn remarks(evaluation: &Evaluation) -> Vec<String> {
    let of_targets = evaluation.targets.iter().flat_map(|t| &t.remarks).map(|r| format!("note: {r}."));
    let of_order = evaluation.selective.iter().flat_map(|s| &s.remarks).map(|r| format!("note: {r}."));
    of_targets.chain(of_order).chain(evaluation.known_classes().map(|sentence| format!("note: {sentence}."))).collect()
}
