//! Whose image it is: the head of the report, patient, study and acquisition.

use crate::figures::layout::{Block, pairs};
use crate::fonts::attribute;
use crate::measurement::calibration::Calibration;
use crate::report::case::CaseReport;
use crate::report::pages::title;
use crate::report::redact;
use crate::study::{Spacing, SpacingProvenance, readable_name};

/// Title of the report and the day it was made.
pub(super) fn head(case: &CaseReport, width: f32) -> Block {
    title("Case report", "What an image classifier saw, and how sure it was", case.created, width)
}

/// Whose report it is, for the pages behind the first.
pub(super) fn running_head(case: &CaseReport) -> String {
    let meta = redact::metadata(case);
    let made = case.created.format("%Y-%m-%d %H:%M").to_string();
    let patient = if case.anonymize { "anonymised".to_owned() } else { readable_name(&meta.patient_name) };
    joined(" · ", &["Case report".to_owned(), patient, meta.patient_id, made])
}

/// Patient, study and acquisition.
pub(super) fn who(case: &CaseReport, width: f32) -> Block {
    let meta = redact::metadata(case);
    let frame = &case.frame;
    let mut left = Vec::new();
    if case.anonymize {
        left.push((
            "Patient",
            "Anonymised: name, identifiers, dates, institution and physicians are left out".to_owned(),
        ));
    }
    left.push(("Patient", attribute(&readable_name(&meta.patient_name))));
    left.push(("ID", attribute(&meta.patient_id)));
    left.push((
        if meta.birth_date.is_empty() { "Age, sex" } else { "Born" },
        joined(", ", &[date(&meta.birth_date), age(&meta.age), sex(&meta.sex)]),
    ));
    left.push(("Institution", attribute(&meta.institution)));
    left.push(("Referred by", attribute(&readable_name(&meta.referring_physician))));

    let size = format!("{} × {} px", frame.pixels.plane.width, frame.pixels.plane.height);
    let spacing = spacing(case);
    let kvp = if meta.kvp.is_empty() { String::new() } else { format!("{} kV", meta.kvp) };
    let number = |word: &str, n: &str| if n.is_empty() { String::new() } else { format!("{word} {n}") };
    let mut right = vec![
        (
            "Study",
            joined(
                ", ",
                &[joined(" ", &[date(&meta.study_date), time(&meta.study_time)]), meta.study_description.clone()],
            ),
        ),
        (
            "Series",
            joined(
                ", ",
                &[
                    meta.series_description.clone(),
                    number("series", &meta.series_number),
                    number("image", &meta.instance_number),
                ],
            ),
        ),
        (
            "Image",
            joined(
                ", ",
                &[
                    meta.modality.clone(),
                    meta.body_part.to_lowercase(),
                    meta.view_position.clone(),
                    meta.laterality.clone(),
                ],
            ),
        ),
        ("Device", joined(", ", &[joined(" ", &[meta.manufacturer.clone(), meta.model_name.clone()]), kvp])),
        ("Accession", attribute(&meta.accession_number)),
        ("Matrix", joined(", ", &[size, spacing])),
        ("Compression", attribute(&meta.lossy)),
    ];
    if frame.entry.frames > 1 {
        right.push(("Frame", format!("{} of {}", frame.index + 1, frame.entry.frames)));
    }
    if !case.anonymize && meta.patient_name.is_empty() && meta.patient_id.is_empty() {
        let name = frame.entry.path.file_name().map(|name| name.to_string_lossy().into_owned());
        left.insert(0, ("File", attribute(&name.unwrap_or_default())));
    }
    left.retain(|(_, value)| !value.is_empty());
    right.retain(|(_, value)| !value.is_empty());
    let column = (width - 16.0) / 2.0;
    let mut block = pairs(&left, 50.0, column);
    block.put(column + 16.0, 0.0, &pairs(&right, 54.0, column));
    block
}

/// `20261120` as `2026-11-20`; anything else as it is.
pub(super) fn date(text: &str) -> String {
    let text = text.trim();
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])
    } else {
        text.to_owned()
    }
}

/// `114512.33` as `11:45`.
fn time(text: &str) -> String {
    let text = text.trim();
    match text.get(..4) {
        Some(start) if start.bytes().all(|b| b.is_ascii_digit()) => format!("{}:{}", &start[..2], &start[2..]),
        _ => text.to_owned(),
    }
}

fn sex(text: &str) -> String {
    match text.trim() {
        "F" => "female".into(),
        "M" => "male".into(),
        "O" => "other".into(),
        other => other.to_owned(),
    }
}

/// `066Y` as `66 years`.
fn age(text: &str) -> String {
    let text = text.trim();
    let (number, more) = text.strip_suffix('+').map_or((text, ""), |rest| (rest, " or more"));
    let unit = match number.chars().last() {
        Some('Y') => "years",
        Some('M') => "months",
        Some('W') => "weeks",
        Some('D') => "days",
        _ => return text.to_owned(),
    };
    match number[..number.len() - 1].parse::<u32>() {
        Ok(n) => format!("{n} {unit}{more}"),
        Err(_) => text.to_owned(),
    }
}

/// The parts that are not empty.
pub(super) fn joined<const N: usize>(with: &str, parts: &[String; N]) -> String {
    let filled = parts.iter().filter(|part| !part.trim().is_empty());
    filled.map(|part| attribute(part)).collect::<Vec<_>>().join(with)
}

/// The spacing that lengths are measured by, and that of the file where the reader calibrated.
fn spacing(case: &CaseReport) -> String {
    let words = |s: Spacing| {
        let at = match s.provenance {
            SpacingProvenance::Calibrated => "mm",
            SpacingProvenance::AtDetector => "mm at detector",
            SpacingProvenance::ByReader => "mm calibrated by the reader",
        };
        if (s.row_mm - s.column_mm).abs() < 1e-6 {
            format!("{:.3} {at}", s.row_mm)
        } else {
            format!("{:.3} × {:.3} {at}", s.row_mm, s.column_mm)
        }
    };
    let of_file = case.frame.spacing.map_or_else(|| "no pixel spacing".to_owned(), words);
    let by_reader = Calibration::among(&case.measurements).and_then(|line| line.spacing(&case.frame));
    by_reader.map_or_else(|| of_file.clone(), |spacing| format!("{} (file: {of_file})", words(spacing)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_ages_are_written_for_people() {
        assert_eq!(date("20261120"), "2026-11-20");
        assert_eq!(date("2026"), "2026");
        assert_eq!(time("114512.33"), "11:45");
        assert_eq!(age("066Y"), "66 years");
        assert_eq!(age("003M"), "3 months");
        assert_eq!(age("090Y+"), "90 years or more");
        assert_eq!(age("old"), "old");
    }
}
