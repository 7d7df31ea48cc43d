//! The pages: what was evaluated, how well, what that means; charts; tables; errors; limits.

use super::table::Table;
use super::{EvaluationReport, gallery, words};
use crate::evaluation::purpose::Purpose;
use crate::figures::charts::input::MetricValue;
use crate::figures::charts::{
    Chart, calibration, confusion, forest, histogram, precision_recall, risk_coverage, roc, share_histogram,
};
use crate::figures::layout::{BODY, Block, CAPTION, HEADING, list, pairs, paragraph};
use crate::report::case::Paper;
use crate::report::charts::Charts;
use crate::report::pages::{Flow, Sheet, section, title};
use crate::report::pdf::document::{EmbeddedImage, Imprint, printed};
use crate::report::{NOT_A_DEVICE, ReportError};

const COLUMN: f32 = 74.0;
/// Most targets of one chart on a page.
const CURVES: usize = 16;
const DIAGRAMS: usize = 12;
/// The same of those with legends of their own.
const RISKS: usize = 8;
/// Most reservations that are printed.
const REMARKS: usize = 30;
/// Targets on the first page; the tables behind have all.
const FIRST: usize = 8;

/// The report as the bytes of a PDF.
pub(super) fn pdf(report: &EvaluationReport) -> Result<Vec<u8>, ReportError> {
    let (pages, images) = composed(report);
    let model = &report.model;
    let imprint = Imprint {
        title: "Evaluation report",
        subject: format!("Research use: {} {}", model.name, model.version),
        created: report.created,
        paper: Paper::A4,
    };
    printed(&imprint, &pages, images)
}

/// The pages, each one block in page coordinates, and the images that they name.
pub(super) fn composed(report: &EvaluationReport) -> (Vec<Block>, Vec<EmbeddedImage>) {
    let sheet = Sheet::of(Paper::A4);
    let width = sheet.width;
    let inner = width - COLUMN;
    let mut flow = Flow::new(sheet);
    flow.add(&head(report, width), false);
    flow.add(&section("What was evaluated", &evaluated(report, inner), COLUMN), true);
    flow.add(&section("How well", &key(report, inner), COLUMN), true);
    flow.add(&section("What it means", &paragraph(&words::meaning(report), BODY, inner), COLUMN), true);
    if !report.remarks.is_empty() {
        let remarks = list(report.remarks.iter().take(REMARKS).map(String::as_str), BODY, inner);
        flow.add(&section("Reservations", &remarks, COLUMN), true);
    }
    for chart in charts(&report.charts) {
        flow.add(chart.block(), true);
    }
    for part in report.tables.iter().filter(|t| !t.rows.is_empty()).flat_map(|table| table.parts(width)) {
        flow.add_rows(&part.head, &part.rows);
    }
    let mut images = Vec::new();
    let mut opening = paragraph("Most confident errors", HEADING, width);
    opening.stack(1.0, &paragraph(&words::gallery(report), CAPTION, width));
    opening.height += 5.0;
    flow.add_rows(&opening, &gallery::rows(&report.failures, width, &mut images));
    let limits: Vec<&str> = report.model.limits.iter().map(String::as_str).chain([NOT_A_DEVICE]).collect();
    flow.add(&section("What it cannot know", &list(limits, BODY, inner), COLUMN), true);

    let model = format!("{} {}", report.model.name, report.model.version);
    let made = report.created.format("%Y-%m-%d %H:%M");
    let running = format!("Evaluation report · {model} · {} · {made}", report.images.name);
    (flow.framed(&format!("model {model}"), &running), images)
}

/// Title of the report and the day it was made.
fn head(report: &EvaluationReport, width: f32) -> Block {
    title("Evaluation report", "How well an image classifier does, and how sure that is", report.created, width)
}

fn evaluated(report: &EvaluationReport, width: f32) -> Block {
    let (model, images) = (&report.model, &report.images);
    let purpose = match images.purpose {
        Purpose::Unknown => "",
        Purpose::Validation => ", validation",
        Purpose::Test => ", test",
    };
    let mut counts = format!(
        "{}, of {} as far as they can be told apart",
        counted(images.evaluated, "image"),
        counted(images.patients, "patient")
    );
    if images.unread > 0 {
        counts = format!("{counts}; {} could not be read or scored and took no part", counted(images.unread, "image"));
    }
    let mut rows = vec![
        ("Model", format!("{} {}. {}", model.name, model.version, model.description)),
        ("Weights", format!("SHA-256 {}", model.sha256)),
        ("Trained on", model.training.clone()),
        ("Data set", format!("{}{purpose}", images.name)),
        ("Images", counts),
        ("Software", format!("Pellucid {}, commit {}", crate::VERSION, crate::COMMIT)),
    ];
    rows.retain(|(_, value)| !value.is_empty());
    pairs(&rows, 50.0, width)
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The metrics that matter: of all images, and of each target.
fn key(report: &EvaluationReport, width: f32) -> Block {
    let mut block = Block::default();
    let overall = Table {
        columns: vec!["All images".into(), "Value (95 %)".into()],
        rows: report.overall.iter().map(|(name, figure)| vec![name.clone(), figure.text()]).collect(),
        ..Table::default()
    };
    let targets = Table {
        columns: ["Target", "Positive", "AUROC", "Sensitivity", "Specificity", "Precision"].map(str::to_owned).to_vec(),
        rows: report
            .targets
            .iter()
            .take(FIRST)
            .map(|t| {
                let positive = format!("{} of {}", t.positives, t.images);
                let figures = [t.auroc, t.sensitivity, t.specificity, t.precision].map(MetricValue::text);
                [t.name.clone(), positive].into_iter().chain(figures).collect()
            })
            .collect(),
        ..Table::default()
    };
    for table in [overall, targets].iter().filter(|table| !table.rows.is_empty()) {
        for part in table.parts(width) {
            block.stack(7.0, &part.head);
            part.rows.iter().for_each(|row| block.stack(0.0, row));
        }
    }
    if report.targets.len() > FIRST {
        let more = format!("{} more targets stand in the tables below.", report.targets.len() - FIRST);
        block.stack(3.0, &paragraph(&more, CAPTION, width));
    }
    if block.height == 0.0 {
        block = paragraph("There are no metrics: no image with a known truth was evaluated.", BODY, width);
    }
    block
}

/// The charts of the report, in parts that fit a page.
fn charts(charts: &Charts) -> Vec<Chart> {
    let mut drawn = in_parts(&charts.roc, CURVES, roc);
    drawn.extend(in_parts(&charts.precision_recall, CURVES, precision_recall));
    drawn.extend(in_parts(&charts.calibration, DIAGRAMS, calibration));
    drawn.push(confusion(charts.confusion.as_ref()));
    drawn.extend(in_parts(&charts.histograms, CURVES, histogram));
    drawn.extend(in_parts(&charts.risk_coverage, RISKS, risk_coverage));
    if !charts.evidence.is_empty() {
        drawn.extend(in_parts(&charts.evidence, CURVES, share_histogram));
    }
    drawn.extend(charts.subgroups.iter().map(forest));
    drawn
}

/// Parts of equal size, at most `most` each; an empty list is drawn once, as the sentence that says
/// so.
fn in_parts<T>(all: &[T], most: usize, draw: fn(&[T]) -> Chart) -> Vec<Chart> {
    if all.is_empty() {
        return vec![draw(all)];
    }
    let parts = all.len().div_ceil(most);
    all.chunks(all.len().div_ceil(parts)).map(draw).collect()
}
