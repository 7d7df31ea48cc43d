//! The measures for people, and a table of every region for machines.

use std::fmt::Write as _;

use crate::cli::table::{self, Column, row};
use crate::evaluation::localization::Measure;
use crate::evaluation::localization::marked_region::grid;
use crate::evaluation::localization::summary::{LocalizationSummary, MethodSummary, RegionResult};
use crate::explain::Method;

const COLUMNS: [Column; 5] =
    [Column::Left(17), Column::Right(20), Column::Right(20), Column::Right(20), Column::Right(22)];

/// The table for people.
pub(super) fn text(model: &str, summary: &LocalizationSummary) -> String {
    let LocalizationSummary { regions, images, patients, .. } = summary;
    let mut text = format!(
        "Heat maps of {model} on {regions} marked regions in {images} images of {patients} patients (as far as told apart)\n"
    );
    for method in &summary.all {
        block(&mut text, method);
    }
    if let Some(first) = summary.where_said.first() {
        let _ = writeln!(text, "\nOf the {regions} findings the model says {}; on those:", first.regions);
        for method in &summary.where_said {
            let _ = writeln!(text, "  {}", short(method));
        }
    }
    for (finding, methods) in &summary.findings {
        let _ = writeln!(text, "\n{finding}, {} regions", methods.first().map_or(0, |s| s.regions));
        for method in methods {
            let _ = writeln!(text, "  {}", short(method));
        }
    }
    let _ = writeln!(text);
    for method in &summary.all {
        let _ = writeln!(text, "{}", method.verdict());
    }
    text.trim_end().to_owned()
}

fn block(text: &mut String, method: &MethodSummary) {
    let misses = match method.silent {
        0 => String::new(),
        1 => ", 1 map shows no evidence and counts as a miss".into(),
        n => format!(", {n} maps show no evidence and count as misses"),
    };
    let _ = writeln!(text, "\n{}{misses}", method.method.name());
    let header = ["mean (95 %)", "map", "centred blob", "random blob", "map − centred"];
    let _ = writeln!(text, "{}", row(&COLUMNS, header));
    for sum in &method.measures {
        let means = [sum.map, sum.centred, sum.random, sum.gain].map(|mean| mean.to_string());
        let _ = writeln!(text, "{}", row(&COLUMNS, [sum.measure.name()].into_iter().chain(means)));
    }
}

/// One line: the measures that a paper would name first.
fn short(method: &MethodSummary) -> String {
    let chosen = [Measure::Pointing, Measure::IouOtsu, Measure::PixelAp];
    let sums = method.measures.iter().filter(|l| chosen.contains(&l.measure));
    let values: Vec<String> = sums.map(|l| format!("{} {}", l.measure.name(), l.map)).collect();
    format!("{}: {}", method.method.name(), values.join(", "))
}

/// A row for each region and method; `x` and `y` are the pixel of the image that the map points at.
pub(super) fn csv(results: &[RegionResult], methods: &[Method], measures: &[Measure]) -> csv::Result<Vec<u8>> {
    let mut header: Vec<String> = [
        "image",
        "patient",
        "finding",
        "probability",
        "says",
        "marks",
        "share",
        "method",
        "evidence",
        "x",
        "y",
        "otsu",
        "area",
        "parts",
        "box_iou",
        "box_iobb",
    ]
    .map(str::to_owned)
    .to_vec();
    for kind in ["", "centred_", "random_"] {
        header.extend(measures.iter().map(|m| format!("{kind}{}", m.key())));
    }
    header.extend(["part_iou", "part_both"].map(str::to_owned));
    let mut rows = Vec::new();
    for result in results {
        let (across, down) = grid(result.size);
        for (method, map) in methods.iter().zip(&result.maps) {
            let found = &map.measured;
            let pixel =
                |at: usize, of: usize, whole: usize| ((at as f64 + 0.5) * whole as f64 / of as f64).floor().to_string();
            let (x, y) = found.point.map_or_else(Default::default, |(x, y)| {
                (pixel(x, across, result.size.0), pixel(y, down, result.size.1))
            });
            let mut row = vec![
                result.image.clone(),
                result.patient.clone(),
                result.finding.clone(),
                result.probability.to_string(),
                u8::from(result.says).to_string(),
                result.marks.to_string(),
                result.share.to_string(),
                method.key().to_owned(),
                u8::from(found.point.is_some()).to_string(),
                x,
                y,
                found.otsu.to_string(),
                found.area.to_string(),
                found.parts.to_string(),
                found.box_iou.to_string(),
                found.box_iobb.to_string(),
            ];
            row.extend([&map.map, &map.centred, &map.random].into_iter().flatten().map(f64::to_string));
            row.extend([found.part_iou, found.part_both].map(|share| share.to_string()));
            rows.push(row);
        }
    }
    table::csv(header, rows)
}
