//! The report of a judgement: every figure of it in a table, the ones that matter on the first page.

use chrono::Local;

use super::super::charts::input::{Charts, Figure, short};
use super::super::charts::{groups_first, named};
use super::{Case, EvaluationReport, Images, Judged, Purpose, Table, Target};
use crate::evaluation::exposure::Exposure;
use crate::evaluation::failures::wrong_images;
use crate::evaluation::judgement::Judgement;
use crate::evaluation::predictions::Predictions;
use crate::network::manifest::Manifest;

/// Figures of the whole on the first page.
const KEY: [&str; 10] = [
    "accuracy",
    "balanced accuracy",
    "all labels right",
    "macro auroc",
    "macro average precision",
    "macro f1",
    "mcc",
    "kappa",
    "ece",
    "brier",
];

/// What a report is made from.
#[derive(Clone, Copy)]
pub struct Basis<'a> {
    pub manifest: &'a Manifest,
    pub set: &'a Predictions,
    pub judgement: &'a Judgement,
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
    /// The report of a judgement, dated now; `failures` are the [cases](super::cases) of the gallery.
    #[must_use]
    pub fn of(basis: &Basis<'_>, failures: Vec<Case>) -> Self {
        let Basis { manifest, set, judgement, .. } = *basis;
        let training = &manifest.training;
        let model = Judged {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            description: manifest.description.clone(),
            sha256: manifest.weights_sha256.clone(),
            training: format!("{} images, {}", training.images, training.population),
            limits: manifest.limits.clone(),
        };
        let images = Images {
            name: basis.name.to_owned(),
            purpose: basis.purpose,
            checked: basis.checked.cloned(),
            judged: judgement.n,
            patients: judgement.patients,
            unread: basis.unread,
        };
        let whole = KEY.iter().filter(|key| judgement.whole.iter().any(|f| f.name == **key));
        let target = |(_, t): (usize, &crate::evaluation::judgement::TargetJudgement)| Target {
            name: t.name.clone(),
            positives: t.positives,
            images: t.n,
            auroc: t.figure("auroc").into(),
            sensitivity: t.figure("sensitivity").into(),
            specificity: t.figure("specificity").into(),
            precision: t.figure("precision").into(),
        };
        Self {
            model,
            images,
            created: Local::now(),
            whole: whole.map(|key| (titled(key), judgement.figure(key).into())).collect(),
            targets: groups_first(judgement).into_iter().map(target).collect(),
            remarks: remarks(judgement),
            charts: Charts::of(set, judgement),
            tables: tables(basis),
            failures,
            wrong: wrong_images(set),
        }
    }
}

fn remarks(judgement: &Judgement) -> Vec<String> {
    let mut remarks: Vec<String> =
        judgement.targets.iter().flat_map(|t| &t.remarks).map(|remark| format!("{remark}.")).collect();
    remarks.extend(judgement.known_classes().map(|sentence| format!("{sentence}.")));
    remarks
}

fn tables(basis: &Basis<'_>) -> Vec<Table> {
    let judgement = basis.judgement;
    let mut tables = vec![figures(judgement), counts(judgement), operating(judgement, basis.tuned), whole(judgement)];
    let mut facts: Vec<&str> = judgement.subgroups.iter().map(|s| s.fact.as_str()).collect();
    facts.dedup();
    tables.extend(facts.into_iter().map(|fact| subgroups(judgement, fact)));
    tables
}

/// Every figure of every target.
fn figures(judgement: &Judgement) -> Table {
    let names: Vec<&str> = judgement.targets.first().map_or(Vec::new(), |t| t.figures.iter().map(|f| f.name).collect());
    let row = |(_, t): (usize, &crate::evaluation::judgement::TargetJudgement)| {
        let values = names.iter().map(|name| Figure::from(t.figure(name)).text());
        [t.name.clone(), format!("{} of {}", t.positives, t.n)].into_iter().chain(values).collect()
    };
    Table {
        title: "Figures of each target".into(),
        note: "At the operating threshold of the model; 95 % intervals in brackets, by drawing patients again. A dash: the images do not \
               allow the figure."
            .into(),
        columns: ["Target", "Positive"].map(str::to_owned).into_iter().chain(names.iter().map(|n| titled(n))).collect(),
        rows: groups_first(judgement).into_iter().map(row).collect(),
    }
}

fn counts(judgement: &Judgement) -> Table {
    let row = |(_, t): (usize, &crate::evaluation::judgement::TargetJudgement)| {
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
        rows: groups_first(judgement).into_iter().map(row).collect(),
    }
}

fn operating(judgement: &Judgement, tuned: bool) -> Table {
    let figure = |value: Option<f64>| Figure::alone(value).text();
    let row = |name: &str, o: &crate::evaluation::thresholds::Operating| {
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
        "Thresholds chosen on other images, judged on these."
    } else {
        "Thresholds chosen on these very images, so their figures flatter."
    };
    let columns = ["Target", "Rule", "Threshold", "Sensitivity", "Specificity", "Precision", "Missed", "False alarms"];
    Table {
        title: "Further operating points".into(),
        note: note.into(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: groups_first(judgement)
            .into_iter()
            .flat_map(|(_, t)| t.operating.iter().map(|o| row(&t.name, o)).collect::<Vec<_>>())
            .collect(),
    }
}

fn whole(judgement: &Judgement) -> Table {
    let row = |f: &crate::evaluation::judgement::Figure| vec![titled(f.name), Figure::from(f.estimate).text()];
    Table {
        title: "Figures of all images".into(),
        note: "Macro: the mean over the labels for which the figure is defined; micro: all decisions about labels together.".into(),
        columns: vec!["Figure".into(), "Value (95 % interval)".into()],
        rows: judgement.whole.iter().map(row).collect(),
    }
}

fn subgroups(judgement: &Judgement, fact: &str) -> Table {
    let mut rows = Vec::new();
    for part in judgement.subgroups.iter().filter(|s| s.fact == fact) {
        let dash = || "–".to_owned();
        let accuracy = Figure::from(part.accuracy).text();
        rows.push(vec![part.value.clone(), part.n.to_string(), accuracy, dash(), dash(), dash()]);
        for t in part.targets.iter().filter(|t| t.n > 0) {
            let figures = ["auroc", "sensitivity", "specificity"].map(|name| named(&t.figures, name).text());
            let cells = [format!("– {}", t.name), format!("{} of {}", t.positives, t.n), dash()];
            rows.push(cells.into_iter().chain(figures).collect());
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
    use crate::evaluation::failures::most_confident;
    use crate::evaluation::judgement::Question;
    use crate::evaluation::predictions::{Prediction, Predictions, Target as Asked};
    use crate::evaluation::thresholds::Rule;
    use crate::network::manifest::Head;
    use crate::report::charts::sample::scores;
    use crate::report::sample_case::MANIFEST;

    #[test]
    fn figures_have_the_names_of_the_field() {
        assert_eq!(titled("macro auroc"), "Macro AUROC");
        assert_eq!(titled("adaptive ece"), "Adaptive ECE");
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
    fn the_pages_print_every_figure_of_the_judgement() {
        let set = set();
        let manifest: Manifest = toml::from_str(MANIFEST).unwrap();
        let by = ["sex".to_owned()];
        let question = Question {
            thresholds: &[0.5, 0.5, 0.5, 0.62],
            rules: &[Rule::Youden, Rule::Sensitivity(0.95)],
            by: &by,
            ..Question::default()
        };
        let judgement = Judgement::of(&set, &question);
        let basis = Basis {
            manifest: &manifest,
            set: &set,
            judgement: &judgement,
            name: "made-up",
            purpose: Purpose::Validation,
            checked: None,
            tuned: false,
            unread: 0,
        };
        let report = EvaluationReport::of(&basis, Vec::new());
        assert_eq!(report.targets[0].name, "Pneumonia", "groups come first");
        assert!(!most_confident(&set, 12).is_empty() && report.wrong > 0);
        let all = super::super::tests::text(&report).join(" ").replace('\n', " ");
        for target in &judgement.targets {
            for figure in &target.figures {
                let text = Figure::from(figure.estimate).text();
                for part in text.split(' ') {
                    assert!(all.contains(part), "{} {}: {part}", target.name, figure.name);
                }
            }
        }
        for figure in &judgement.whole {
            let text = Figure::from(figure.estimate).text();
            assert!(all.contains(&text), "{} {text}", figure.name);
        }
        for subgroup in &judgement.subgroups {
            assert!(all.contains(&Figure::from(subgroup.accuracy).text()), "{}", subgroup.value);
        }
        for words in ["sensitivity ≥ 0.95", "flatter it", "Called class", "By sex", "Subgroups: AUROC of Pneumonia"] {
            assert!(all.contains(words), "{words} is missing");
        }
        assert_eq!(report.charts.confusion.as_ref().unwrap().counts, judgement.confusion.as_ref().unwrap().0);
        let images: usize = report.charts.calibration[1].bins.iter().map(|b| b.images).sum();
        assert_eq!(images, 150);
    }
}
