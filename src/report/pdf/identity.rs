//! Whose image it is: the head of the report, patient, study and acquisition.

use crate::figures::layout::{Block, pairs};
use crate::fonts::attribute;
use crate::language::{date_and_time, decimal, dicom_date, digits, said, text, tr};
use crate::measurement::calibration::Calibration;
use crate::report::case::CaseReport;
use crate::report::pages::title;
use crate::report::redact;
use crate::study::{Spacing, SpacingProvenance, readable_name};

/// Title of the report and the day it was made.
pub(super) fn head(case: &CaseReport, width: f32) -> Block {
    title(text!("Case report"), text!("What an image classifier saw, and how sure it was"), case.created, width)
}

/// Whose report it is, for the pages behind the first.
pub(super) fn running_head(case: &CaseReport) -> String {
    let meta = redact::metadata(case);
    let made = date_and_time(case.created);
    let patient = if case.anonymize { text!("anonymised").to_owned() } else { readable_name(&meta.patient_name) };
    joined(" · ", &[text!("Case report").to_owned(), patient, meta.patient_id, made])
}

/// Patient, study and acquisition.
pub(super) fn who(case: &CaseReport, width: f32) -> Block {
    let meta = redact::metadata(case);
    let frame = &case.frame;
    let mut left = Vec::new();
    if case.anonymize {
        left.push((
            text!("Patient"),
            text!("Anonymised: name, identifiers, dates, institution and physicians are left out").to_owned(),
        ));
    }
    left.push((text!("Patient"), attribute(&readable_name(&meta.patient_name))));
    left.push((text!("ID"), attribute(&meta.patient_id)));
    left.push((
        if meta.birth_date.is_empty() { text!("Age, sex") } else { text!("Born") },
        joined(", ", &[dicom_date(&meta.birth_date), age(&meta.age), sex(&meta.sex)]),
    ));
    left.push((text!("Institution"), attribute(&meta.institution)));
    left.push((text!("Referred by"), attribute(&readable_name(&meta.referring_physician))));

    let size = format!("{} × {} px", frame.pixels.plane.width, frame.pixels.plane.height);
    let spacing = spacing(case);
    let kvp = if meta.kvp.is_empty() { String::new() } else { format!("{} kV", decimal(meta.kvp.clone())) };
    let series = if meta.series_number.is_empty() { String::new() } else { tr!("series {}", meta.series_number) };
    let image = if meta.instance_number.is_empty() { String::new() } else { tr!("image {}", meta.instance_number) };
    let mut right = vec![
        (
            text!("Study"),
            joined(
                ", ",
                &[joined(" ", &[dicom_date(&meta.study_date), time(&meta.study_time)]), meta.study_description.clone()],
            ),
        ),
        (text!("Series"), joined(", ", &[meta.series_description.clone(), series, image])),
        (
            text!("Image"),
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
        (text!("Device"), joined(", ", &[joined(" ", &[meta.manufacturer.clone(), meta.model_name.clone()]), kvp])),
        (text!("Accession"), attribute(&meta.accession_number)),
        (text!("Matrix"), joined(", ", &[size, spacing])),
        (text!("Compression"), attribute(&said(&meta.lossy))),
    ];
    if frame.entry.frames > 1 {
        right.push((text!("Frame"), tr!("{} of {}", frame.index + 1, frame.entry.frames)));
    }
    if !case.anonymize && meta.patient_name.is_empty() && meta.patient_id.is_empty() {
        let name = frame.entry.path.file_name().map(|name| name.to_string_lossy().into_owned());
        left.insert(0, (text!("File"), attribute(&name.unwrap_or_default())));
    }
    left.retain(|(_, value)| !value.is_empty());
    right.retain(|(_, value)| !value.is_empty());
    let column = (width - 16.0) / 2.0;
    let mut block = pairs(&left, 50.0, column);
    block.put(column + 16.0, 0.0, &pairs(&right, 54.0, column));
    block
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
        "F" => text!("female").into(),
        "M" => text!("male").into(),
        "O" => text!("sex" => "other").into(),
        other => other.to_owned(),
    }
}

/// `066Y` as `66 years`.
fn age(text: &str) -> String {
    let text = text.trim();
    let (number, more) = text.strip_suffix('+').map_or((text, false), |rest| (rest, true));
    let Some((number, unit)) = number.char_indices().last().map(|(at, unit)| (&number[..at], unit)) else {
        return String::new();
    };
    let Ok(n) = number.parse::<usize>() else { return text.to_owned() };
    let age = match unit {
        'Y' => tr!("1 year" | "{n} years" % n),
        'M' => tr!("1 month" | "{n} months" % n),
        'W' => tr!("1 week" | "{n} weeks" % n),
        'D' => tr!("1 day" | "{n} days" % n),
        _ => return text.to_owned(),
    };
    if more { tr!("{age} or more", age) } else { age }
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
            SpacingProvenance::AtDetector => text!("mm at detector"),
            SpacingProvenance::ByReader => text!("mm calibrated by the reader"),
        };
        let [row, column] = [s.row_mm, s.column_mm].map(|side| digits(side, 3));
        if (s.row_mm - s.column_mm).abs() < 1e-6 { format!("{row} {at}") } else { format!("{row} × {column} {at}") }
    };
    let of_file = case.frame.spacing.map_or_else(|| text!("no pixel spacing").to_owned(), words);
    let by_reader = Calibration::among(&case.measurements).and_then(|line| line.spacing(&case.frame));
    by_reader.map_or_else(
        || of_file.clone(),
        |spacing| tr!("{spacing} (file: {of_file})", spacing = words(spacing), of_file),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_ages_are_written_for_people() {
        assert_eq!(time("114512.33"), "11:45");
        assert_eq!(age("066Y"), "66 years");
        assert_eq!(age("003M"), "3 months");
        assert_eq!(age("001Y"), "1 year");
        assert_eq!(crate::language::within("de", || age("090Y+")), "90 Jahre oder mehr");
        assert_eq!(age("090Y+"), "90 years or more");
        assert_eq!(age("old"), "old");
    }
}
