//! The sums for people.

use std::fmt::Write as _;

use crate::cli::table::{Column, row};
use crate::evaluation::faithfulness::no_rank::RandomizationCounts;
use crate::evaluation::faithfulness::summary::FEW;
use crate::evaluation::faithfulness::{FaithfulnessSummary, MethodSummary};
use crate::explain::faithfulness::measure::{Better, Measure};

/// Columns of the overview, and of the block of a method.
const OVERVIEW: [Column; 6] =
    [Column::Right(4), Column::Left(24), Column::Right(18), Column::Right(10), Column::Right(13), Column::Right(22)];
const BLOCK: [Column; 5] =
    [Column::Left(28), Column::Right(20), Column::Right(24), Column::Right(24), Column::Right(10)];

/// The table for people; `what` is what the maps explain.
pub(super) fn text(model: &str, what: &str, summary: &FaithfulnessSummary) -> String {
    let FaithfulnessSummary { images, patients, .. } = summary;
    let header = ["rank", "method", "better than a blob", "mean place", "randomisation", "sensitivity"];
    let mut text = format!(
        "Maps of {what} by {model}, on {images} images of {patients} patients (as far as told apart)\n\n{}\n",
        row(&OVERVIEW, header)
    );
    for method in &summary.standings {
        let _ = writeln!(text, "{}", overview(method));
    }
    for method in summary.standings.iter().filter(|s| !s.measures.is_empty()) {
        block(&mut text, method);
    }
    let _ = writeln!(text);
    for sentence in summary.conclusions() {
        let _ = writeln!(text, "{sentence}");
    }
    text.trim_end().to_owned()
}

fn overview(method: &MethodSummary) -> String {
    let dash = || "–".to_owned();
    let rank = method.rank.map_or_else(dash, |r| r.to_string());
    let better = method.better_than_blob().map_or_else(dash, |n| format!("{n} of {}", Measure::ALL.len()));
    let place = method.place.filter(|_| method.patients >= FEW).map_or_else(dash, |p| format!("{p:.2}"));
    let checks = match method.checks {
        c if c.made() == 0 => "not checked".into(),
        c if c.decided() == 0 => "undecided".into(),
        c @ RandomizationCounts { passes, .. } => format!("passes {passes}/{}", c.decided()),
    };
    let no_rank = method.apart().map(|why| format!("  no rank: {}", why.words())).unwrap_or_default();
    let sensitivity = method.sensitivity.map_or_else(dash, |(mean, _)| mean.to_string());
    let cells = [rank, method.method.name().to_owned(), better, place, checks, sensitivity];
    row(&OVERVIEW, cells) + &no_rank
}

fn block(text: &mut String, method: &MethodSummary) {
    let unmarked = match method.silent {
        0 => String::new(),
        1 => ", 1 map marks no place more than another".into(),
        n => format!(", {n} maps mark no place more than another"),
    };
    let (name, images) = (method.method.name(), method.images);
    let _ = writeln!(text, "\n{name}, {images} images{unmarked}");
    let header = ["mean (95 %)", "map", "gain over a blob", "gain over a random map", "beats both"];
    let _ = writeln!(text, "{}", row(&BLOCK, header));
    for sum in &method.measures {
        let better = match sum.measure.better() {
            Better::Lower => "lower",
            Better::Higher => "higher",
        };
        let measure = format!("{} ({better})", sum.measure.name());
        let means = [sum.map, sum.over_blob, sum.over_random].map(|mean| mean.to_string());
        let beats = format!("{:.0} %", 100.0 * sum.beats_both);
        let _ = writeln!(text, "{}", row(&BLOCK, [measure].into_iter().chain(means).chain([beats])));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::faithfulness::{ImageResult, MapResult, MeasureReading, RandomizationEnd};
    use crate::explain::Method;
    use crate::explain::faithfulness::randomization::Outcome;

    fn result(number: usize) -> ImageResult {
        let reading = |measure: Measure| {
            let control = if measure.better() == Better::Lower { 0.75 } else { 0.25 };
            MeasureReading { measure, map: 0.5, blob: control, random: control, beats_both: true }
        };
        let randomization = Some(RandomizationEnd { outcome: Outcome::Passes, spearman: Some(0.125), ssim: None });
        let map = MapResult { measures: Measure::ALL.map(reading).to_vec(), sensitivity: Some(0.5), randomization };
        ImageResult {
            image: format!("{number}.png"),
            patient: "p, 1".into(),
            subject: "Mass".into(),
            probability: 0.5,
            checked: true,
            maps: vec![Some(map)],
        }
    }

    #[test]
    fn a_rank_that_is_not_known_is_a_dash() {
        let one = text("toy", "Mass", &FaithfulnessSummary::of(&[result(0)], &[Method::GradCam]));
        assert!(one.contains("   –  Grad-CAM") && one.contains("passes 1/1"), "{one}");
        let results: Vec<ImageResult> = (0..6).map(|i| ImageResult { patient: String::new(), ..result(i) }).collect();
        let six = text("toy", "Mass", &FaithfulnessSummary::of(&results, &[Method::GradCam]));
        assert!(six.contains("   1  Grad-CAM") && six.contains("4 of 4") && six.contains("passes 6/6"), "{six}");
        assert!(six.contains("Deletion (lower)") && six.contains("100 %"), "{six}");
    }
}
