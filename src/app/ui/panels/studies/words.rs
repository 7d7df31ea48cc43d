//! Patients, studies and series in words.

use chrono::NaiveDate;

use crate::fonts::attribute;
use crate::language::{self, text, tr};
use crate::study::{ImageEntry, Patient, Series, Study, readable_name};

/// Name and number; only a number in the list where nobody is to be named.
pub(super) fn patient(patient: &Patient, number: usize, anonymous: bool) -> String {
    if anonymous {
        return tr!("Patient {}", number + 1);
    }
    let (name, id) = (attribute(&readable_name(&patient.name)), attribute(patient.id.trim()));
    match (name.as_str(), id.as_str()) {
        ("", "") => text!("Without a name").into(),
        ("", _) => id,
        (_, "") => name,
        _ => format!("{name} · {id}"),
    }
}

/// Description and date.
pub(super) fn study(study: &Study, anonymous: bool) -> String {
    let date = if anonymous { String::new() } else { date(&study.date) };
    let parts = [study.description.trim(), &date].map(attribute);
    let parts: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    if parts.is_empty() { text!("Study").into() } else { parts.join(" · ") }
}

/// Modality, description and how many images.
pub(super) fn series(series: &Series) -> String {
    format!("{} · {}", series_name(series), images(series.images.len()))
}

/// Modality and description.
pub(super) fn series_name(series: &Series) -> String {
    let (modality, description) = (attribute(series.modality.trim()), attribute(series.description.trim()));
    match (modality.as_str(), description.as_str()) {
        ("", "") => text!("Series").to_owned(),
        ("", name) | (name, "") => name.to_owned(),
        (modality, name) => format!("{modality} · {name}"),
    }
}

/// The file's name, or the kind of an object without pixels; only a number where no file is to be
/// named.
pub(super) fn image(entry: &ImageEntry, number: usize, anonymous: bool) -> String {
    match (anonymous, entry.has_pixels) {
        (true, true) => tr!("Image {}", number),
        // Behind its kind stands the title of a document, which may name somebody.
        (true, false) => entry.title.split(": ").next().unwrap_or_default().to_owned(),
        (false, _) => entry.title.clone(),
    }
}

/// `1 image`, `2 images`.
pub(super) fn images(count: usize) -> String {
    tr!("1 image" | "{n} images" % count)
}

/// `20261120` → `2026-11-20`; anything else as it is.
fn date(written: &str) -> String {
    let digits = written.len() == 8 && written.bytes().all(|b| b.is_ascii_digit());
    if let Ok(day) = NaiveDate::parse_from_str(written, "%Y%m%d")
        && digits
    {
        return language::date(day);
    }
    if digits { format!("{}-{}-{}", &written[..4], &written[4..6], &written[6..]) } else { written.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dicom_date_is_written_with_dashes_and_other_words_are_left_alone() {
        assert_eq!(date("20261120"), "2026-11-20");
        assert_eq!(date("about 1990"), "about 1990");
    }

    #[test]
    fn a_patient_is_named_without_carets_and_not_at_all_when_anonymous() {
        let patient = Patient { id: "17".into(), name: "DOE^JANE".into(), studies: Vec::new() };
        assert_eq!(self::patient(&patient, 0, false), "DOE JANE · 17");
        assert_eq!(self::patient(&patient, 0, true), "Patient 1");
    }
}
