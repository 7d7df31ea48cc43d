//! The figures for people, and a table of every region for machines.

use std::fmt::Write as _;

use anyhow::anyhow;

use super::grid;
use crate::evaluation::localization::Measure;
use crate::evaluation::localization::summary::{Case, Standing, Summary};
use crate::explain::Method;

/// The table for people.
pub fn text(model: &str, summary: &Summary) -> String {
    let Summary { regions, images, patients, .. } = summary;
    let mut text = format!(
        "Heat maps of {model} on {regions} marked regions in {images} images of {patients} patients (as far as told apart)\n"
    );
    for standing in &summary.all {
        block(&mut text, standing);
    }
    if let Some(said) = summary.said.first() {
        let _ = writeln!(text, "\nOf the {regions} findings the model says {}; on those:", said.regions);
        for standing in &summary.said {
            let _ = writeln!(text, "  {}", short(standing));
        }
    }
    for (finding, standings) in &summary.findings {
        let _ = writeln!(text, "\n{finding}, {} regions", standings.first().map_or(0, |s| s.regions));
        for standing in standings {
            let _ = writeln!(text, "  {}", short(standing));
        }
    }
    let _ = writeln!(text);
    for standing in &summary.all {
        let _ = writeln!(text, "{}", standing.verdict());
    }
    text.trim_end().to_owned()
}

fn block(text: &mut String, standing: &Standing) {
    let silent = match standing.silent {
        0 => String::new(),
        1 => ", 1 map shows no evidence and counts as a miss".into(),
        n => format!(", {n} maps show no evidence and count as misses"),
    };
    let _ = writeln!(text, "\n{}{silent}", standing.method.name());
    let _ = writeln!(
        text,
        "{:17}  {:>20}  {:>20}  {:>20}  {:>22}",
        "mean (95 %)", "map", "centred blob", "random blob", "map − centred"
    );
    for line in &standing.lines {
        let _ = writeln!(
            text,
            "{:17}  {:>20}  {:>20}  {:>20}  {:>22}",
            line.measure.name(),
            line.map,
            line.centred,
            line.random,
            line.gain
        );
    }
}

/// One line: the measures that a paper would name first.
fn short(standing: &Standing) -> String {
    let chosen = [Measure::Pointing, Measure::IouOtsu, Measure::PixelAp];
    let lines = standing.lines.iter().filter(|l| chosen.contains(&l.measure));
    let figures: Vec<String> = lines.map(|l| format!("{} {}", l.measure.name(), l.map)).collect();
    format!("{}: {}", standing.method.name(), figures.join(", "))
}

/// A row for each region and method; `x` and `y` are the pixel of the image that the map points at.
pub fn csv(cases: &[Case], methods: &[Method], measures: &[Measure]) -> anyhow::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
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
    table.write_record(&header)?;
    for case in cases {
        let (across, down) = grid(case.size);
        for (method, trial) in methods.iter().zip(&case.trials) {
            let found = &trial.measured;
            let pixel =
                |at: usize, of: usize, whole: usize| ((at as f64 + 0.5) * whole as f64 / of as f64).floor().to_string();
            let (x, y) = found
                .point
                .map_or_else(Default::default, |(x, y)| (pixel(x, across, case.size.0), pixel(y, down, case.size.1)));
            let mut row = vec![
                case.image.clone(),
                case.patient.clone(),
                case.finding.clone(),
                case.probability.to_string(),
                u8::from(case.says).to_string(),
                case.marks.to_string(),
                case.share.to_string(),
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
            row.extend([&trial.map, &trial.centred, &trial.random].into_iter().flatten().map(f64::to_string));
            row.extend([found.part_iou, found.part_both].map(|share| share.to_string()));
            table.write_record(&row)?;
        }
    }
    table.into_inner().map_err(|e| anyhow!("the table of regions could not be written: {e}"))
}
