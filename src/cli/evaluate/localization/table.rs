//! The measures for people.

use std::fmt::Write as _;

use crate::cli::table::{Column, row};
use crate::evaluation::localization::Measure;
use crate::evaluation::localization::summary::{LocalizationSummary, MethodSummary};

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
