//! Which image is a prior of another one: of the same patient, of the same kind, of an earlier day.
//!
//! The patient is told by Patient ID (0010,0020), and by its issuer and the birth date where both
//! files have them; never by name. The kind is the modality (CR, DX and RG are all radiographs),
//! and body part, view and laterality where both files say them; PA and AP are both frontal. The
//! day is the Study Date: where one is missing, or both are the same, nothing is called prior.
//! View Code Sequence, descriptions and the time of day are not asked.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::State;
use crate::language::tr;
use crate::study::{ImageEntry, Metadata};
use crate::wording::span::{in_days, in_months, in_years_and_months};

/// Why no prior of an image is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPrior {
    #[error("its file has no Patient ID, and names do not tell patients apart")]
    NoPatientId,
    #[error("its file has no Study Date")]
    NoDate,
    #[error("no earlier image of this patient and kind is open")]
    NoneOpen,
}

/// The day of a study, where its file gives one.
#[must_use]
pub fn day(meta: &Metadata) -> Option<NaiveDate> {
    let date = meta.study_date.trim();
    let digits = date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| NaiveDate::parse_from_str(date, "%Y%m%d").ok()).flatten()
}

/// `12 months earlier`, `3 days earlier`, `2 years 4 months earlier`.
#[must_use]
pub fn earlier(now: NaiveDate, before: NaiveDate) -> String {
    let days = (now - before).num_days();
    let begun = 12 * (now.year() - before.year()) + now.month() as i32 - before.month() as i32;
    let months = begun - i32::from(now.day() < before.day());
    let span = match months {
        ..1 => in_days(days),
        1..24 => in_months(months.into()),
        _ => in_years_and_months(months.into()),
    };
    tr!("{span} earlier", span)
}

/// Whether two files are of one patient for certain.
#[must_use]
pub fn same_patient(a: &Metadata, b: &Metadata) -> bool {
    let id = a.patient_id.trim();
    !id.is_empty()
        && id == b.patient_id.trim()
        && agree(&a.patient_id_issuer, &b.patient_id_issuer) != Some(false)
        && agree(&a.birth_date, &b.birth_date) != Some(false)
}

/// Whether both say the same; nothing where one is silent.
fn agree(a: &str, b: &str) -> Option<bool> {
    let (a, b) = (a.trim(), b.trim());
    (!a.is_empty() && !b.is_empty()).then(|| a.eq_ignore_ascii_case(b))
}

/// From where a radiograph was taken, as far as it matters for a comparison.
#[must_use]
pub fn view_family(view: &str) -> String {
    match view.trim().to_ascii_uppercase().as_str() {
        "PA" | "AP" => "FRONTAL".into(),
        "LL" | "RL" | "LAT" | "LATERAL" => "LATERAL".into(),
        other => other.to_owned(),
    }
}

fn modality_family(modality: &str) -> String {
    match modality.trim().to_ascii_uppercase().as_str() {
        "CR" | "DX" | "RG" => "radiograph".into(),
        other => other.to_owned(),
    }
}

/// How well two images can be compared; nothing where something speaks against it. More of what
/// both say comes before less.
fn likeness(a: &ImageEntry, b: &ImageEntry) -> Option<(bool, bool, bool)> {
    let (x, y) = (&a.meta, &b.meta);
    let modality = modality_family(&x.modality);
    if modality.is_empty() || modality != modality_family(&y.modality) {
        return None;
    }
    let part = agree(&x.body_part, &y.body_part);
    let view = agree(&view_family(&x.view_position), &view_family(&y.view_position));
    let side = match (x.laterality.trim(), y.laterality.trim()) {
        // Unpaired is no side.
        ("U", _) | (_, "U") => None,
        (a, b) => agree(a, b),
    };
    let against = [part, view, side].contains(&Some(false));
    let exact = agree(&x.view_position, &y.view_position) == Some(true);
    (!against).then_some((part == Some(true), view == Some(true), exact))
}

/// What both say of their body part, the day, what both say of their view and its family, the series.
type Rank = (bool, NaiveDate, bool, bool, bool);

/// Whether `other` is a prior of an image.
#[must_use]
pub fn is_prior(of: &ImageEntry, other: &ImageEntry) -> bool {
    let days = day(&of.meta).zip(day(&other.meta));
    days.is_some_and(|(now, before)| before < now)
        && same_patient(&of.meta, &other.meta)
        && likeness(of, other).is_some()
}

impl State {
    /// The prior of an image among those that are open: the latest of an earlier day. What says the
    /// same body part comes before what is silent on it, and of one day the same view before others.
    ///
    /// # Errors
    /// Why none is known.
    pub fn prior_of(&self, image: &ImageEntry) -> Result<Arc<ImageEntry>, NoPrior> {
        if image.meta.patient_id.trim().is_empty() {
            return Err(NoPrior::NoPatientId);
        }
        if day(&image.meta).is_none() {
            return Err(NoPrior::NoDate);
        }
        let mut best: Option<(Rank, &Arc<ImageEntry>)> = None;
        for other in self.images.iter().filter(|other| is_prior(image, other)) {
            let (Some((part, view, exact)), Some(day)) = (likeness(image, other), day(&other.meta)) else { continue };
            let series = agree(&image.meta.series_description, &other.meta.series_description) == Some(true);
            let rank = (part, day, view, exact, series);
            // The first of equals: they stand in the order of their series.
            if best.is_none_or(|(known, _)| rank > known) {
                best = Some((rank, other));
            }
        }
        best.map(|(_, prior)| prior.clone()).ok_or(NoPrior::NoneOpen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap()
    }

    #[test]
    fn a_span_is_told_in_the_largest_whole_units() {
        let now = date("2026-11-20");
        let spans = [
            ("2025-11-20", "12 months earlier"),
            ("2025-11-21", "11 months earlier"),
            ("2026-11-19", "1 day earlier"),
            ("2026-10-21", "30 days earlier"),
            ("2024-11-20", "2 years earlier"),
            ("2022-07-01", "4 years 4 months earlier"),
        ];
        for (before, words) in spans {
            assert_eq!(earlier(now, date(before)), words);
        }
    }

    #[test]
    fn a_number_of_another_hospital_and_another_birth_date_are_another_patient() {
        let meta = |id: &str, issuer: &str, birth: &str| Metadata {
            patient_name: "DOE^JANE".into(),
            patient_id: id.into(),
            patient_id_issuer: issuer.into(),
            birth_date: birth.into(),
            ..Metadata::default()
        };
        let one = meta("17", "A", "19600229");
        assert!(same_patient(&one, &meta("17 ", "", "")));
        assert!(!same_patient(&one, &meta("17", "B", "19600229")));
        assert!(!same_patient(&one, &meta("17", "A", "19600301")));
        // The same name without a number is nobody for certain.
        assert!(!same_patient(&meta("", "", ""), &meta("", "", "")));
    }
}
