//! The report of an evaluation: every metric of it in a table, the ones that matter on the first
//! page.

use chrono::Local;

use super::{ErrorCase, EvaluatedImages, EvaluatedModel, EvaluationReport, Table, Target};
use crate::evaluation::errors::wrong_images;
use crate::evaluation::exposure::Exposure;
use crate::evaluation::performance::selective::{SelectiveEvaluation, SignalEvaluation};
use crate::evaluation::performance::{Evaluation, MetricEstimate, TargetEvaluation};
use crate::evaluation::predictions::Predictions;
use crate::evaluation::purpose::Purpose;
use crate::evaluation::thresholds::Operating;
use crate::figures::charts::input::{MetricValue, short};
use crate::model::manifest::Manifest;
use crate::report::charts::{Charts, groups_first, named};

/// Metrics of the model as a whole on the first page.
const KEY: [&str; 11] = [
    "accuracy",
    "balanced accuracy",
    "all labels right",
    "macro auroc",
    "macro average precision",
    "macro f1",
    "mcc",
    "kappa",
    "ece",
    "ece if calibrated",
    "brier",
];

/// What stands beside a calibration error.
const IF_CALIBRATED: &str = "If calibrated: what a perfectly calibrated model would show with these probabilities, from truths drawn \
                             by them (mean of 1,000 draws, and 95 % of them in brackets).";

/// What a report is made from.
#[derive(Clone, Copy)]
pub struct Basis<'a> {
    pub manifest: &'a Manifest,
    pub set: &'a Predictions,
    pub evaluation: &'a Evaluation,
    /// Name of the set, as it is printed: its folder.
    pub name: &'a str,
    pub purpose: Purpose,
    /// How many of the images made the model, where it keeps a record of them.
    pub checked: Option<&'a Exposure>,
    /// Operating points were chosen on other images than these.
    pub tuned: bool,
    /// Images that could not be read or scored.
    pub unread: usize,
}

impl EvaluationReport {
    /// The report of an evaluation, dated now; `failures` are the [error cases](ErrorCase) of the
    /// gallery.
    #[must_use]
    pub fn of(basis: &Basis<'_>, failures: Vec<ErrorCase>) -> Self {
        let Basis { manifest, set, evaluation, .. } = *basis;
        let training = &manifest.training;
        let model = EvaluatedModel {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            description: manifest.description.clone(),
            sha256: manifest.weights_sha256.clone(),
            training: format!("{} images, {}", training.images, training.population),
            limits: manifest.limits.clone(),
        };
        let images = EvaluatedImages {
            name: basis.name.to_owned(),
            purpose: basis.purpose,
            checked: basis.checked.cloned(),
            evaluated: evaluation.n,
            patients: evaluation.patients,
            unread: basis.unread,
        };
        let overall = KEY.iter().filter(|key| evaluation.overall.iter().any(|f| f.name == **key));
        let target = |(_, t): (usize, &TargetEvaluation)| Target {
            name: t.name.clone(),
            positives: t.positives,
            images: t.n,
            auroc: t.metric("auroc").into(),
            sensitivity: t.metric("sensitivity").into(),
            specificity: t.metric("specificity").into(),
            precision: t.metric("precision").into(),
        };
        Self {
            model,
            images,
            created: Local::now(),
            overall: overall.map(|key| (titled(key), evaluation.metric(key).into())).collect(),
            targets: groups_first(evaluation).into_iter().map(target).collect(),
            remarks: remarks(evaluation),
            charts: Charts::of(set, evaluation),
            tables: tables(basis),
            failures,
            wrong: wrong_images(set),
        }
    }
}

fn remarks(evaluation: &Evaluation) -> Vec<String> {
    let mut remarks: Vec<String> =
        evaluation.targets.iter().flat_map(|t| &t.remarks).map(|remark| format!("{remark}.")).collect();
    remarks.extend(evaluation.selective.iter().flat_map(|s| &s.remarks).map(|remark| format!("{remark}.")));
    remarks.extend(evaluation.known_classes().map(|sentence| format!("{sentence}.")));
    remarks
}

fn tables(basis: &Basis<'_>) -> Vec<Table> {
    let evaluation = basis.evaluation;
    let mut tables =
        vec![metrics(evaluation), counts(evaluation), operating(evaluation, basis.tuned), overall(evaluation)];
    tables.push(risk_coverage(evaluation, basis.tuned));
    let mut facts: Vec<&str> = evaluation.subgroups.iter().map(|s| s.fact.as_str()).collect();
    facts.dedup();
    tables.extend(facts.into_iter().map(|fact| subgroups(evaluation, fact)));
    tables
}

/// Every metric of every target.
fn metrics(evaluation: &Evaluation) -> Table {
    let names: Vec<&str> =
        evaluation.targets.first().map_or(Vec::new(), |t| t.metrics.iter().map(|f| f.name).collect());
    let row = |(_, t): (usize, &TargetEvaluation)| {
        let values = names.iter().map(|name| MetricValue::from(t.metric(name)).text());
        [t.name.clone(), format!("{} of {}", t.positives, t.n)].into_iter().chain(values).collect()
    };
    Table {
        title: "Metrics of each target".into(),
        note: format!(
            "At the operating threshold of the model; 95 % intervals in brackets, by drawing patients again. A dash: the images do not \
             allow the figure. {IF_CALIBRATED}"
        ),
        columns: ["Target", "Positive"].map(str::to_owned).into_iter().chain(names.iter().map(|n| titled(n))).collect(),
        rows: groups_first(evaluation).into_iter().map(row).collect(),
    }
}

fn counts(evaluation: &Evaluation) -> Table {
    let row = |(_, t): (usize, &TargetEvaluation)| {
        let c = t.counts;
        let counts = [c.true_positives, c.false_positives, c.true_negatives, c.false_negatives].map(|n| n.to_string());
        [t.name.clone(), short(t.threshold)].into_iter().chain(counts).collect()
    };
    Table {
        title: "Decisions at the operating threshold".into(),
        note: String::new(),
        columns: ["Target", "Threshold", "True positives", "False positives", "True negatives", "False negatives"]
            .map(str::to_owned)
            .to_vec(),
        rows: groups_first(evaluation).into_iter().map(row).collect(),
    }
}

fn operating(evaluation: &Evaluation, tuned: bool) -> Table {
    let figure = |value: Option<f64>| MetricValue::alone(value).text();
    let row = |name: &str, o: &Operating| {
        let c = o.counts;
        vec![
            name.to_owned(),
            o.rule.to_string(),
            short(o.threshold),
            figure(c.sensitivity()),
            figure(c.specificity()),
            figure(c.precision()),
            c.false_negatives.to_string(),
            c.false_positives.to_string(),
        ]
    };
    let note = if tuned {
        "Thresholds chosen on other images, evaluated on these."
    } else {
        "Thresholds chosen on these very images, so their metrics flatter."
    };
    let columns = ["Target", "Rule", "Threshold", "Sensitivity", "Specificity", "Precision", "Missed", "False alarms"];
    Table {
        title: "Further operating points".into(),
        note: note.into(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: groups_first(evaluation)
            .into_iter()
            .flat_map(|(_, t)| t.operating.iter().map(|o| row(&t.name, o)).collect::<Vec<_>>())
            .collect(),
    }
}

fn overall(evaluation: &Evaluation) -> Table {
    let row = |f: &MetricEstimate| vec![titled(f.name), MetricValue::from(f.estimate).text()];
    Table {
        title: "Metrics of all images".into(),
        note: format!(
            "Macro: the mean over the labels for which the figure is defined; micro: all decisions about labels together. {IF_CALIBRATED}"
        ),
        columns: vec!["Figure".into(), "Value (95 % interval)".into()],
        rows: evaluation.overall.iter().map(row).collect(),
    }
}

/// Area and coverage of every signal of every question.
fn risk_coverage(evaluation: &Evaluation, tuned: bool) -> Table {
    let all = || evaluation.selective.iter().flat_map(|question| question.signals.iter().map(move |s| (question, s)));
    let risks: Vec<f64> = all().next().map_or(Vec::new(), |(_, s)| s.at_risk.iter().map(|at| at.risk).collect());
    let row = |(question, signal): (&SelectiveEvaluation, &SignalEvaluation)| {
        let mut cells = vec![
            format!("{}, by {}", question.name, signal.signal.name()),
            format!("{} of {}", question.wrong, question.n),
            MetricValue::from(signal.aurc).text(),
            MetricValue::from(signal.e_aurc).text(),
        ];
        for at in &signal.at_risk {
            cells.extend([at.coverage, at.found].map(|estimate| MetricValue::from(estimate).text()));
        }
        cells
    };
    let on = if tuned { "other images and judged on these" } else { "these very images, so they flatter" };
    Table {
        title: "Risk and coverage".into(),
        note: format!(
            "Only the surest calls are made; the risk is the share of wrong ones among them. AURC: area under risk against coverage; E-AURC: \
             what it lies above that of an order with all errors last. Coverage at a risk: the largest share of calls among which the risk \
             stays below it by the upper end of its 95 % interval, a dash where no threshold shows that; thresholds chosen on {on}."
        ),
        columns: ["Question and signal", "Wrong", "AURC", "E-AURC"]
            .map(str::to_owned)
            .into_iter()
            .chain(risks.iter().flat_map(|risk| [format!("Coverage at {risk}"), "Risk found there".to_owned()]))
            .collect(),
        rows: all().map(row).collect(),
    }
}

fn subgroups(evaluation: &Evaluation, fact: &str) -> Table {
    let mut rows = Vec::new();
    for part in evaluation.subgroups.iter().filter(|s| s.fact == fact) {
        let dash = || "–".to_owned();
        let accuracy = MetricValue::from(part.accuracy).text();
        rows.push(vec![part.value.clone(), part.n.to_string(), accuracy, dash(), dash(), dash()]);
        for t in part.targets.iter().filter(|t| t.n > 0) {
            let values = ["auroc", "sensitivity", "specificity"].map(|name| named(&t.metrics, name).text());
            let cells = [format!("– {}", t.name), format!("{} of {}", t.positives, t.n), dash()];
            rows.push(cells.into_iter().chain(values).collect());
        }
    }
    Table {
        title: format!("By {fact}"),
        note: "Groups differ in how hard and how common their cases are, too: a difference asks a question, it does not answer it.".into(),
        columns: [&titled(fact), "Images", "Accuracy", "AUROC", "Sensitivity", "Specificity"].map(str::to_owned).to_vec(),
        rows,
    }
}

/// `macro auroc` as `Macro AUROC`.
fn titled(name: &str) -> String {
    let word = |word: &str| match word {
        "auroc" | "npv" | "f1" | "mcc" | "nll" | "ece" => word.to_uppercase(),
        "brier" => "Brier score".into(),
        "kappa" => "Cohen’s kappa".into(),
        _ => word.to_owned(),
    };
    let text = name.split(' ').map(word).collect::<Vec<_>>().join(" ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::errors::most_confident;
    use crate::evaluation::performance::EvaluationRequest;
    use crate::evaluation::predictions::{Prediction, Predictions, Target as Asked};
    use crate::evaluation::thresholds::Rule;
    use crate::figures::charts::sample::scores;
    use crate::model::manifest::Head;
    use crate::report::sample_case::MANIFEST;

    #[test]
    fn metrics_have_the_names_of_the_field() {
        assert_eq!(titled("macro auroc"), "Macro AUROC");
        assert_eq!(titled("adaptive ece if calibrated"), "Adaptive ECE if calibrated");
        assert_eq!(titled("average precision"), "Average precision");
        assert_eq!(titled("brier"), "Brier score");
    }

    /// Three classes and a group, of two sexes.
    fn set() -> Predictions {
        let (scored, truth) = scores(3, 60, 90, 0.9);
        let row = |(i, (p, ill)): (usize, (&f64, &bool))| {
            let viral = i % 3 == 0;
            let p = [1.0 - p, p * if viral { 0.3 } else { 0.7 }, p * if viral { 0.7 } else { 0.3 }];
            Prediction {
                image: format!("{}/{i}.png", if *ill { "PNEUMONIA" } else { "NORMAL" }),
                patient: format!("person{}", i / 2),
                truth: vec![Some(!ill), Some(*ill && !viral), Some(*ill && viral), Some(*ill)],
                probability: vec![p[0], p[1], p[2], p[1] + p[2]],
                says: vec![p[0] >= 0.5, p[1] >= 0.5, p[2] >= 0.5, p[1] + p[2] >= 0.62],
                logits: p.iter().map(|p| p.ln()).collect(),
                facts: [("sex".to_owned(), if i % 2 == 0 { "F" } else { "M" }.to_owned())].into(),
            }
        };
        let names = ["Normal", "Bacterial pneumonia", "Viral pneumonia", "Pneumonia"];
        Predictions {
            head: Head::Softmax,
            targets: names.iter().enumerate().map(|(i, n)| Asked { name: (*n).into(), group: i == 3 }).collect(),
            rows: scored.iter().zip(&truth).enumerate().map(row).collect(),
        }
    }

    #[test]
    fn the_pages_print_every_metric_of_the_evaluation() {
        let set = set();
        let manifest: Manifest = toml::from_str(MANIFEST).unwrap();
        let by = ["sex".to_owned()];
        let question = EvaluationRequest {
            thresholds: &[0.5, 0.5, 0.5, 0.62],
            rules: &[Rule::Youden, Rule::Sensitivity(0.95)],
            by: &by,
            risks: &[0.05, 0.2],
            ..EvaluationRequest::default()
        };
        let evaluation = Evaluation::of(&set, &question);
        let basis = Basis {
            manifest: &manifest,
            set: &set,
            evaluation: &evaluation,
            name: "made-up",
            purpose: Purpose::Validation,
            checked: None,
            tuned: false,
            unread: 0,
        };
        let report = EvaluationReport::of(&basis, Vec::new());
        assert_eq!(report.targets[0].name, "Pneumonia", "groups come first");
        assert!(!most_confident(&set, 12).is_empty() && report.wrong > 0);
        let all = crate::report::evaluation::tests::text(&report).join(" ").replace('\n', " ");
        for target in &evaluation.targets {
            for metric in &target.metrics {
                let text = MetricValue::from(metric.estimate).text();
                for part in text.split(' ') {
                    assert!(all.contains(part), "{} {}: {part}", target.name, metric.name);
                }
            }
        }
        for metric in &evaluation.overall {
            let text = MetricValue::from(metric.estimate).text();
            assert!(all.contains(&text), "{} {text}", metric.name);
        }
        for subgroup in &evaluation.subgroups {
            assert!(all.contains(&MetricValue::from(subgroup.accuracy).text()), "{}", subgroup.value);
        }
        for signal in evaluation.selective.iter().flat_map(|question| &question.signals) {
            let coverage = signal.at_risk.iter().flat_map(|at| [at.coverage, at.found]);
            for estimate in [signal.aurc, signal.e_aurc].into_iter().chain(coverage) {
                let text = MetricValue::from(estimate).text();
                for part in text.split(' ') {
                    assert!(all.contains(part), "{:?}: {part}", signal.signal);
                }
            }
        }
        let questions: Vec<&str> = report.charts.risk_coverage.iter().map(|question| question.name.as_str()).collect();
        assert_eq!(questions, ["Called class", "Pneumonia"]);
        for words in [
            "Risk and coverage",
            "sensitivity ≥ 0.95",
            "flatter it",
            "ECE if calibrated",
            "Called class",
            "By sex",
            "Subgroups: AUROC of Pneumonia",
        ] {
            assert!(all.contains(words), "{words} is missing");
        }
        assert_eq!(report.charts.confusion.as_ref().unwrap().counts, evaluation.confusion.as_ref().unwrap().0);
        let images: usize = report.charts.calibration[1].bins.iter().map(|b| b.images).sum();
        assert_eq!(images, 150);
    }
}
