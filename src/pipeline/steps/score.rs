//! The test part scored by the finished model: every metric with its interval, the charts, the
//! report, and the most confident errors.

use super::{Context, part};
use crate::evaluation::exposure;
use crate::evaluation::performance::{Evaluation, EvaluationRequest};
use crate::evaluation::population::PopulationCounts;
use crate::evaluation::purpose::Purpose;
use crate::evaluation::scoring;
use crate::evaluation::temperature::Recalibration;
use crate::figures::charts::input::MetricValue;
use crate::model::manifest::Head;
use crate::pipeline::section::Section;
use crate::pipeline::step::Step;
use crate::pipeline::{PipelineError, Result, files};
use crate::report::charts;
use crate::report::evaluation::{self as report, Basis, ErrorCase, EvaluationReport, Shown, Table};
use crate::training::data::part::SplitPart;

/// What the model said of every image.
pub(super) const PREDICTIONS: &str = "predictions.csv";
/// Facts whose values are evaluated apart.
const BY: [&str; 4] = ["age", "sex", "view", "site"];
/// Errors in the report.
const ERRORS: usize = 12;

pub(super) fn run(context: &Context<'_>) -> Result<Section> {
    let model = context.model()?;
    let manifest = &model.manifest;
    let images = part::images(context, &model, SplitPart::Test)?;
    let scored = part::scored(context, &model, &images, SplitPart::Test)?;
    let checked = exposure::of_model(&model.origin, manifest, &scored.inputs).ok();
    if let Some(shared) = checked.as_ref().filter(|e| e.shared() > 0) {
        return Err(PipelineError::Exposed(shared.sentence()));
    }
    let others = part::images(context, &model, SplitPart::Validation)?;
    let tuning = part::scored(context, &model, &others, SplitPart::Validation)?.set;
    let set = &scored.set;
    let thresholds = scoring::targets(manifest).1;
    let population = PopulationCounts::of(set);
    let by: Vec<String> = BY.iter().map(|fact| (*fact).to_owned()).chain(population.apart()).collect();
    let request =
        EvaluationRequest { thresholds: &thresholds, tuning: Some(&tuning), by: &by, ..EvaluationRequest::default() };
    let evaluation = Evaluation::of(set, &request);
    let mut json = evaluation.to_json();
    json["model"] = serde_json::json!({
        "name": manifest.name, "version": manifest.version, "weights_sha256": manifest.weights_sha256,
    });
    json["population"] = serde_json::json!(population);
    json["recalibrated"] = serde_json::json!(Recalibration::of(manifest, set, &tuning).ok());
    json["exposure"] = serde_json::json!(checked);
    json["failed"] = serde_json::json!(scored.failures.len());
    files::write(&context.file(Step::Score, PREDICTIONS), &set.to_csv()?)?;
    files::write_json(&context.file(Step::Score, "judgement.json"), &json)?;
    let root = context.root();
    let names: Vec<String> = set.rows.iter().map(|row| row.image.clone()).collect();
    let shown = Shown { dir: &root, files: &names, thresholds: &thresholds };
    let basis = Basis {
        manifest,
        set,
        evaluation: &evaluation,
        name: "the test part",
        purpose: Purpose::Test,
        checked: checked.as_ref(),
        tuned: true,
        unread: scored.failures.len(),
    };
    let report = EvaluationReport::of(&basis, ErrorCase::of_set(&model, set, &shown, ERRORS));
    let folder = context.file(Step::Score, "");
    charts::write_all(&folder, &report.charts)?;
    report::write(&folder.join("report.pdf"), &report)?;
    let mut section = section(&report, &evaluation, manifest.head);
    section.remarks.extend(population.remark());
    if let Some(from) = &context.pipeline.config.transfer.start_from {
        section.remarks.push(format!(
            "The weights began as those of {from}; whether these images took part in making those was not checked."
        ));
    }
    Ok(section)
}

fn section(report: &EvaluationReport, evaluation: &Evaluation, head: Head) -> Section {
    let mut section = Section::titled("The test part");
    let value = |name: &str| MetricValue::from(evaluation.metric(name)).text();
    let (n, patients) = (evaluation.n, evaluation.patients);
    let area = match evaluation.targets.len() {
        1 => MetricValue::from(evaluation.targets[0].metric("auroc")).text(),
        _ => value("macro auroc"),
    };
    section.in_card = true;
    // Of findings on their own it is the share of right decisions, however many each image has.
    let of = if head == Head::Sigmoid { " over all labels" } else { "" };
    section.verdict.push(format!(
        "On {n} images of {patients} patients that took no part in this training: accuracy{of} {}, mean area under the ROC \
         curve {area} (95 % intervals by patient in brackets).",
        value("accuracy")
    ));
    let checked = report.images.checked.as_ref().map(|exposure| format!("Checked: {}.", exposure.sentence()));
    section.sentences.extend(checked);
    section.tables.push(Table {
        title: "As a whole".into(),
        note: String::new(),
        columns: vec!["Metric".into(), "Value (95 %)".into()],
        rows: report.overall.iter().map(|(name, value)| vec![name.clone(), value.text()]).collect(),
    });
    let row = |t: &report::Target| {
        let values = [t.auroc, t.sensitivity, t.specificity, t.precision].map(MetricValue::text);
        [t.name.clone(), format!("{} of {}", t.positives, t.images)].into_iter().chain(values).collect()
    };
    section.tables.push(Table {
        title: "By class".into(),
        note: "Sensitivity, specificity and precision at the threshold of the model.".into(),
        columns: ["Class", "Images with it", "AUROC", "Sensitivity", "Specificity", "Precision"]
            .map(str::to_owned)
            .to_vec(),
        rows: report.targets.iter().map(row).collect(),
    });
    let charts = ["roc.svg", "confusion.svg", "histogram.svg"].into_iter();
    let drawn = charts.filter(|chart| *chart != "confusion.svg" || report.charts.confusion.is_some());
    section.charts.extend(drawn.map(|chart| format!("{}/{chart}", Step::Score.folder())));
    section.link("the report (PDF)", Step::Score, "report.pdf");
    section.link("what the model said of every image", Step::Score, PREDICTIONS);
    section.link("every metric (JSON)", Step::Score, "judgement.json");
    section.remarks.extend(report.remarks.iter().cloned());
    section
}
