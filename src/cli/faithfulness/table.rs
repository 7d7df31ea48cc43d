//! The figures for people, and a table of every map for machines.

use std::fmt::Write as _;

use anyhow::anyhow;

use crate::evaluation::faithfulness::summary::{Checks, FEW};
use crate::evaluation::faithfulness::{Case, Standing, Summary, Trial};
use crate::explain::Method;
use crate::explain::faithfulness::{Better, Measure};

/// The table for people; `what` is what the maps explain.
pub fn text(model: &str, what: &str, summary: &Summary) -> String {
    let Summary { images, patients, .. } = summary;
    let mut text = format!(
        "Maps of {what} by {model}, on {images} images of {patients} patients (as far as told apart)\n\n{:>4}  {:24}  {:>18}  {:>10}  {:>13}  \
         {:>22}\n",
        "rank", "method", "better than a blob", "mean place", "randomisation", "sensitivity"
    );
    for standing in &summary.standings {
        let _ = writeln!(text, "{}", overview(standing));
    }
    for standing in summary.standings.iter().filter(|s| !s.lines.is_empty()) {
        block(&mut text, standing);
    }
    let _ = writeln!(text);
    for sentence in summary.conclusions() {
        let _ = writeln!(text, "{sentence}");
    }
    text.trim_end().to_owned()
}

fn overview(standing: &Standing) -> String {
    let dash = || "–".to_owned();
    let rank = standing.rank.map_or_else(dash, |r| r.to_string());
    let better = standing.better_than_blob().map_or_else(dash, |n| format!("{n} of {}", Measure::ALL.len()));
    let place = standing.place.filter(|_| standing.patients >= FEW).map_or_else(dash, |p| format!("{p:.2}"));
    let checks = match standing.checks {
        c if c.made() == 0 => "not checked".into(),
        c if c.decided() == 0 => "undecided".into(),
        c @ Checks { passes, .. } => format!("passes {passes}/{}", c.decided()),
    };
    let apart = standing.apart().map(|why| format!("  no rank: {}", why.words())).unwrap_or_default();
    let sensitivity = standing.sensitivity.map_or_else(dash, |(mean, _)| mean.to_string());
    let name = standing.method.name();
    format!("{rank:>4}  {name:24}  {better:>18}  {place:>10}  {checks:>13}  {sensitivity:>22}{apart}")
}

fn block(text: &mut String, standing: &Standing) {
    let silent = match standing.silent {
        0 => String::new(),
        1 => ", 1 map marks no place more than another".into(),
        n => format!(", {n} maps mark no place more than another"),
    };
    let (name, images) = (standing.method.name(), standing.images);
    let _ = writeln!(text, "\n{name}, {images} images{silent}");
    let _ = writeln!(
        text,
        "{:28}  {:>20}  {:>24}  {:>24}  {:>10}",
        "mean (95 %)", "map", "gain over a blob", "gain over a random map", "beats both"
    );
    for line in &standing.lines {
        let better = match line.measure.better() {
            Better::Lower => "lower",
            Better::Higher => "higher",
        };
        let measure = format!("{} ({better})", line.measure.name());
        let _ = writeln!(
            text,
            "{measure:28}  {:>20}  {:>24}  {:>24}  {:>8.0} %",
            line.map,
            line.over_blob,
            line.over_random,
            100.0 * line.beats_both
        );
    }
}

/// A row for each image, method and measure; sensitivity and the end of the randomisation check have no control maps.
pub fn csv(cases: &[Case], methods: &[Method]) -> anyhow::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["image", "patient", "class", "probability", "method", "measure", "map", "blob", "random"])?;
    for case in cases {
        for (method, trial) in methods.iter().zip(&case.trials) {
            let Some(trial) = trial else { continue };
            for (measure, values) in rows(trial) {
                let head = [&case.image, &case.patient, &case.subject, &case.probability.to_string()];
                let head = head.into_iter().map(String::as_str).chain([method.key(), measure]);
                let values = values.map(|v| v.map(|v| v.to_string()).unwrap_or_default());
                table.write_record(head.chain(values.iter().map(String::as_str)))?;
            }
        }
    }
    table.into_inner().map_err(|e| anyhow!("the table of maps could not be written: {e}"))
}

/// What is known of a map: names, and values of the map and its control maps.
fn rows(trial: &Trial) -> Vec<(&'static str, [Option<f64>; 3])> {
    let measured = trial.readings.iter().map(|r| (r.measure.key(), [Some(r.map), Some(r.blob), Some(r.random)]));
    let alone = [
        ("sensitivity", trial.sensitivity),
        ("randomization_spearman", trial.forgotten.and_then(|f| f.spearman)),
        ("randomization_ssim", trial.forgotten.and_then(|f| f.ssim)),
    ];
    let alone = alone.into_iter().filter(|(_, value)| value.is_some()).map(|(name, value)| (name, [value, None, None]));
    measured.chain(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::faithfulness::{Forgotten, Reading};
    use crate::explain::faithfulness::randomization::Outcome;

    fn case(number: usize) -> Case {
        let reading = |measure: Measure| {
            let rival = if measure.better() == Better::Lower { 0.75 } else { 0.25 };
            Reading { measure, map: 0.5, blob: rival, random: rival, beats_both: true }
        };
        let forgotten = Forgotten { outcome: Outcome::Passes, spearman: Some(0.125), ssim: None };
        let readings = Measure::ALL.map(reading).to_vec();
        let trial = Trial { readings, sensitivity: Some(0.5), forgotten: Some(forgotten) };
        let image = format!("{number}.png");
        Case {
            image,
            patient: "p, 1".into(),
            subject: "Mass".into(),
            probability: 0.5,
            checked: true,
            trials: vec![Some(trial)],
        }
    }

    #[test]
    fn every_measure_is_a_row_and_what_is_not_known_an_empty_cell() {
        let table = String::from_utf8(csv(&[case(0)], &[Method::GradCam]).unwrap()).unwrap();
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows.len(), 1 + 4 + 2);
        assert_eq!(rows[1], "0.png,\"p, 1\",Mass,0.5,grad-cam,deletion,0.5,0.75,0.75");
        assert_eq!(rows[5], "0.png,\"p, 1\",Mass,0.5,grad-cam,sensitivity,0.5,,");
        assert_eq!(rows[6], "0.png,\"p, 1\",Mass,0.5,grad-cam,randomization_spearman,0.125,,");
    }

    #[test]
    fn a_rank_that_is_not_known_is_a_dash() {
        let one = text("toy", "Mass", &Summary::of(&[case(0)], &[Method::GradCam]));
        assert!(one.contains("   –  Grad-CAM") && one.contains("passes 1/1"), "{one}");
        let cases: Vec<Case> = (0..6).map(|i| Case { patient: String::new(), ..case(i) }).collect();
        let six = text("toy", "Mass", &Summary::of(&cases, &[Method::GradCam]));
        assert!(six.contains("   1  Grad-CAM") && six.contains("4 of 4") && six.contains("passes 6/6"), "{six}");
        assert!(six.contains("Deletion (lower)") && six.contains("100 %"), "{six}");
    }
}
