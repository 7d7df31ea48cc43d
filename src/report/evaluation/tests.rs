//! What the evaluation report must hold, whatever it looks like.

use chrono::TimeZone as _;
use image::{Rgb, RgbImage};

use super::*;
use crate::figures::charts::sample::long_name;
use crate::report::charts::tests::charts;

/// The text of each page, as a reader's search finds it.
pub(super) fn text(report: &EvaluationReport) -> Vec<String> {
    let bytes = report.pdf().unwrap();
    let document =
        printpdf::PdfDocument::parse(&bytes, &printpdf::PdfParseOptions::default(), &mut Vec::new()).unwrap();
    document.extract_text().into_iter().map(|chunks| chunks.join("\n")).collect()
}

/// A grey disc, and a warm spot upon it.
fn image(warm: bool) -> RgbImage {
    RgbImage::from_fn(90, 70, |x, y| {
        let (dx, dy) = (x as f32 - 45.0, y as f32 - 35.0);
        let grey = if dx.hypot(dy) < 30.0 { 150 } else { 30 };
        if warm && (dx - 10.0).hypot(dy) < 12.0 { Rgb([230, 140, 20]) } else { Rgb([grey; 3]) }
    })
}

fn error_case(i: usize) -> ErrorCase {
    let alarm = i.is_multiple_of(2);
    ErrorCase {
        image: format!("PNEUMONIA/session-{i}/person{i}_bacteria_{i}-with-a-rather-long-file-name.jpeg"),
        truth: if alarm { "Normal".into() } else { long_name(1) },
        call: format!("{} ({})", long_name(1), if alarm { "false positive" } else { "false negative" }),
        probability: if alarm { 0.987 - 0.01 * i as f64 } else { 0.013 + 0.01 * i as f64 },
        threshold: Some(0.62),
        original: (i != 5).then(|| image(false)),
        overlay: (i != 5 && i != 3).then(|| image(true)),
        note: match i {
            5 => "The image could not be read again: the file is not there".into(),
            3 => "No positive evidence for it".into(),
            _ => format!("Grad-CAM of {}", long_name(1)),
        },
    }
}

fn report(n: usize) -> EvaluationReport {
    let charts = charts(n, 400);
    let figure = |i: usize| MetricValue::new(0.911 - 0.01 * i as f64, 0.871 - 0.01 * i as f64, 0.942 - 0.01 * i as f64);
    let targets: Vec<Target> = charts
        .roc
        .iter()
        .enumerate()
        .map(|(i, c)| Target {
            name: c.name.clone(),
            positives: c.positives,
            images: c.images(),
            auroc: c.area,
            sensitivity: figure(i),
            specificity: figure(i + 1),
            precision: figure(i + 2),
        })
        .collect();
    let columns = [
        "Target",
        "AUROC",
        "Average precision",
        "Accuracy",
        "Sensitivity",
        "Specificity",
        "Precision",
        "NPV",
        "F1",
        "MCC",
        "Brier",
        "ECE",
    ];
    let row = |i: usize| {
        std::iter::once(long_name(i + 1)).chain((1..columns.len()).map(|k| figure(i + k).text())).collect::<Vec<_>>()
    };
    EvaluationReport {
        model: EvaluatedModel {
            name: "chest-xray".into(),
            version: "1.0".into(),
            description: "Tells normal from bacterial and viral pneumonia in frontal chest radiographs of children."
                .into(),
            sha256: "3f9c2a7d5b1e4c6088aa91d2f4b7e3c05d6e7f8091a2b3c4d5e6f708192a3b4c".into(),
            training: "5232 images, children of one to five years, one hospital in Guangzhou".into(),
            limits: vec!["Never validated for adults, lateral views or other machines.".into()],
        },
        images: EvaluatedImages {
            name: "kermany-test".into(),
            purpose: Purpose::Test,
            checked: None,
            evaluated: 624,
            patients: 409,
            unread: 2,
        },
        created: Local.with_ymd_and_hms(2026, 11, 21, 16, 30, 0).unwrap(),
        overall: ["Accuracy", "Macro AUROC", "Matthews’ correlation", "ECE"]
            .iter()
            .enumerate()
            .map(|(i, name)| ((*name).to_owned(), figure(i)))
            .collect(),
        targets,
        remarks: vec![format!("{}: no image has it, so AUROC, sensitivity and precision are unknown.", long_name(3))],
        charts,
        tables: vec![Table {
            title: "Metrics of each target".into(),
            note: "95 % intervals below the values.".into(),
            columns: columns.map(str::to_owned).to_vec(),
            rows: (0..n).map(row).collect(),
        }],
        failures: (0..12).map(error_case).collect(),
        wrong: 41,
    }
}

/// What a page prints must lie on it, and not over the footer.
fn assert_on_the_page(report: &EvaluationReport) {
    use crate::figures::layout::Shape;
    let (pages, _) = pages::composed(report);
    for (number, page) in pages.iter().enumerate() {
        for shape in &page.shapes {
            let (right, bottom, what) = match shape {
                Shape::Text { x, y, style, text } => (x + style.width(text), *y, text.clone()),
                Shape::Fill { x, y, width, height, .. } | Shape::Picture { x, y, width, height, .. } => {
                    (x + width, y + height, "a picture".into())
                }
                Shape::Line { points, .. } | Shape::Polygon { points, .. } => {
                    let most = |k: usize| points.iter().map(|p| p[k]).fold(0.0, f32::max);
                    (most(0), most(1), "a line".into())
                }
            };
            let line = what == "a line" && (bottom - 811.14).abs() < 0.1;
            let footer = line || what.starts_with("Pellucid ") || what.starts_with("Page ");
            assert!(right <= 547.3 + 1.0, "page {}: {what} reaches {right}", number + 1);
            assert!(bottom <= 803.0 || footer, "page {}: {what} reaches down to {bottom}", number + 1);
        }
    }
}

#[test]
fn the_pages_say_the_numbers_that_they_were_given() {
    let report = report(3);
    let pages = text(&report);
    let all = pages.join("\n").replace('\n', " ");
    for words in [
        "Evaluation report",
        "chest-xray 1.0",
        "kermany-test, test",
        "624 images, of 409 patients",
        "2 images could not be read",
        "0.911 (0.871–0.942)",
        "Not a medical device",
        "ROC curves",
        "Calibration",
        "Confusion matrix",
        "Most confident errors",
        "41 images have a wrong call; the 12 shown",
        "Grad-CAM of",
        "could not be read again",
        "0.987, threshold 0.620",
        "they may identify a patient",
        "kept aside",
    ] {
        assert!(all.contains(words), "{words} is missing in\n{all}");
    }
    for curve in &report.charts.roc {
        assert!(all.contains(&curve.name));
        assert_eq!(all.contains(&format!("AUROC {}", curve.area.text())), curve.area.value.is_some());
    }
    assert!(pages[0].contains("What it means") && pages[0].contains("Sensitivity"), "{}", pages[0]);
    // Every figure of the table, its interval below it.
    for cell in report.tables[0].rows.iter().flatten().skip(1).step_by(13) {
        let (value, interval) = cell.split_once(' ').unwrap();
        assert!(all.contains(value) && all.contains(interval), "{cell}");
    }
}

#[test]
fn no_page_overflows_with_fifteen_targets_of_forty_letters() {
    for n in [1, 3, 15] {
        assert_on_the_page(&report(n));
    }
    let pages = text(&report(15));
    assert!(pages.iter().any(|page| page.contains(&long_name(15))));
    assert!(pages[0].contains("7 more targets stand in the tables below."));
}

#[test]
fn what_the_images_were_decides_what_the_figures_mean() {
    let said = |purpose| {
        let mut report = report(1);
        report.images.purpose = purpose;
        words::meaning(&report)
    };
    assert!(said(Purpose::Validation).contains("the metrics flatter it"));
    assert!(said(Purpose::Unknown).contains("cannot know whether"));
    assert!(said(Purpose::Test).contains("25.0 % of the images show Interstitial lung disease"));
}

#[test]
fn a_report_of_nothing_is_sentences() {
    let empty = EvaluationReport {
        model: EvaluatedModel::default(),
        images: EvaluatedImages::default(),
        created: Local.with_ymd_and_hms(2026, 11, 21, 16, 30, 0).unwrap(),
        overall: vec![("Accuracy".into(), MetricValue::alone(Some(f64::NAN)))],
        targets: Vec::new(),
        remarks: Vec::new(),
        charts: Charts::default(),
        tables: vec![Table::default()],
        failures: Vec::new(),
        wrong: 0,
    };
    assert_on_the_page(&empty);
    let all = text(&empty).join("\n").replace('\n', " ");
    assert!(all.contains("There is no target to draw.") && all.contains("No image has a wrong call."), "{all}");
    assert!(all.contains("Accuracy –"), "{all}");
}

#[test]
fn a_wide_table_goes_on_in_a_second_one_with_its_names() {
    let report = report(2);
    let parts = report.tables[0].parts(499.0);
    assert!(parts.len() > 1, "eleven columns of intervals do not fit");
    let narrow = Table {
        columns: vec!["A".into(), "B".into()],
        rows: vec![vec!["x".into(), "0.5 (0.4–0.6)".into()]],
        ..Table::default()
    };
    assert_eq!(narrow.parts(499.0).len(), 1);
}

#[test]
fn the_file_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evaluation.pdf");
    write(&path, &report(1)).unwrap();
    assert!(std::fs::read(&path).unwrap().starts_with(b"%PDF-1.7"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let said = write(&folder.path().join("no/such.pdf"), &report(1)).unwrap_err().to_string();
    assert!(said.contains("choose a folder that you may write to"), "{said}");
}

/// `PELLUCID_LOOK=folder cargo test --lib pages_to_look_at -- --ignored`
#[test]
#[ignore = "writes reports for the eyes into the folder PELLUCID_LOOK"]
fn pages_to_look_at() {
    let folder = std::path::PathBuf::from(std::env::var("PELLUCID_LOOK").expect("PELLUCID_LOOK names a folder"));
    for n in [3, 15] {
        let path = folder.join(format!("evaluation-{n}.pdf"));
        write(&path, &report(n)).unwrap();
        assert!(path.is_file());
    }
}
