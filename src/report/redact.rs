//! What an anonymised report may say.
//!
//! An allow list, not a block list: of the attributes of the file only those that describe how the image was made are
//! kept (after PS3.15 Annex E, Basic Profile, with the patient's sex and age kept and ages from 90 years pooled). Free
//! texts that reach the report by another way (warnings, reasons) are searched for what was left out. Names burned into
//! the pixels are not removed: the warning about burned-in annotation stands among the reservations.

use super::case::CaseReport;
use crate::study::{Metadata, readable_name};

/// Stands where something was taken out of a text.
pub const REMOVED: &str = "[removed]";

/// The attributes that the report shows.
pub fn metadata(case: &CaseReport) -> Metadata {
    let meta = &case.frame.entry.meta;
    if !case.anonymize {
        return meta.clone();
    }
    let kept = |text: &str| clean(case, text);
    Metadata {
        sex: kept(&meta.sex),
        age: pooled(&kept(&meta.age)),
        modality: kept(&meta.modality),
        body_part: kept(&meta.body_part),
        view_position: kept(&meta.view_position),
        laterality: kept(&meta.laterality),
        manufacturer: kept(&meta.manufacturer),
        model_name: kept(&meta.model_name),
        kvp: kept(&meta.kvp),
        transfer_syntax: kept(&meta.transfer_syntax),
        lossy: kept(&meta.lossy),
        sop_class_uid: kept(&meta.sop_class_uid),
        ..Metadata::default()
    }
}

/// The text without anything that was left out; unchanged when the report is not anonymised.
pub fn clean(case: &CaseReport, text: &str) -> String {
    if !case.anonymize {
        return text.to_owned();
    }
    let mut text = text.to_owned();
    for secret in secrets(case) {
        text = without(&text, &secret);
    }
    text
}

/// What must not appear, longest first so that parts do not break up the whole.
///
/// Descriptions and bare file stems are not among them: they are ordinary words ("chest"), and nothing quotes them.
fn secrets(case: &CaseReport) -> Vec<String> {
    let entry = &case.frame.entry;
    let meta = &entry.meta;
    let mut secrets: Vec<String> = [
        &meta.patient_name,
        &meta.patient_id,
        &meta.birth_date,
        &meta.accession_number,
        &meta.institution,
        &meta.referring_physician,
        &meta.study_date,
        &entry.identity.study_uid,
        &entry.identity.series_uid,
        &entry.identity.sop_instance_uid,
    ]
    .map(Clone::clone)
    .to_vec();
    secrets.push(entry.path.display().to_string());
    secrets.extend(entry.path.file_name().map(|name| name.to_string_lossy().into_owned()));
    for name in [&meta.patient_name, &meta.referring_physician] {
        secrets.extend(name.split(['^', '=', ',', ' ', '(', ')']).map(str::to_owned));
        secrets.push(readable_name(name));
    }
    // Two letters are no identity, and would be found in every sentence.
    secrets.retain(|secret| secret.trim().chars().count() > 2);
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    secrets
}

/// Every occurrence of `secret` replaced, without regard to the case of ASCII letters.
fn without(text: &str, secret: &str) -> String {
    let (lower, secret) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    let mut out = String::new();
    let mut from = 0;
    for (at, found) in lower.match_indices(&secret) {
        out.push_str(&text[from..at]);
        out.push_str(REMOVED);
        from = at + found.len();
    }
    out + &text[from..]
}

/// DICOM ages (`066Y`): 90 years and more are one group.
fn pooled(age: &str) -> String {
    match age.strip_suffix('Y').map(str::parse::<u32>) {
        Some(Ok(years)) if years >= 90 => "090Y+".into(),
        _ => age.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_is_taken_out_without_regard_to_case() {
        assert_eq!(without("Doe, DOE and a doe", "doe"), "[removed], [removed] and a [removed]");
        assert_eq!(without("Größe", "doe"), "Größe");
        assert_eq!(without("Müller war da", "MüLLER"), "[removed] war da");
    }

    #[test]
    fn high_ages_are_pooled() {
        assert_eq!(pooled("097Y"), "090Y+");
        assert_eq!(pooled("066Y"), "066Y");
        assert_eq!(pooled("003M"), "003M");
    }
}
