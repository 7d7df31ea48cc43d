//! Forms of what a training says while it prepares and runs, as far as no error declares it; as
//! [`super::forms`], for tests and languages alone.

use crate::language::form;

/// Of configurations, patients, data that are left out, splits, calibration. A list of ways stands
/// before each way of its own.
const FORMS: &[&str] = &[
    form!("Scores images for: {labels}."),
    form!("Patients: {ways}, by file names ({words}) in {images}."),
    form!("Patients: {ways}, by the DICOM header in {images}."),
    form!("Patients: {ways}."),
    form!("{ways}, by file names ({words}) in {images}"),
    form!("{ways}, by the DICOM header in {images}"),
    form!("{ways}, by the table in {images}"),
    form!("by file names ({words}) in {images}"),
    form!("by the DICOM header in {images}"),
    form!("by the table in {images}"),
    form!("by the given pattern in {images}"),
    form!("not recognised"),
    form!("1 image counts as a patient of its own"),
    form!("{n} images count as patients of their own"),
    form!("No patient was recognised, so each of the {n} images counts as a patient of its own."),
    form!(
        "If some are of one patient, intervals are too narrow, and a split may put one patient on both sides: {how}."
    ),
    form!("{n} warnings about the data in all"),
    form!("{reason}, so it was left out"),
    form!("{n} files were left out, the first because {reason}"),
    form!("The lungs were outlined on {found} of {} images; the surroundings of the others stay as they are"),
    form!("{moved} images are near-duplicates of others and stay on their side of the split"),
    form!("{n} patients stand in more than one part, \"{first}\" among them: the metrics will flatter"),
    form!("label {label} has no image in the {part} part; it needs more patients or another validation share"),
    form!("the {part} part has no image"),
    form!("no part is set apart for calibration: {why}."),
    form!("The validation images calibrate, though they choose epoch, temperature and thresholds"),
    form!("The model has no calibration.toml: {why}"),
    form!("The model has no population detector: {why}"),
    form!("{n} images are not in {path} and take no part"),
    form!("{n} images of {path} are not in the data"),
    form!("neither a rule nor the folder name \"{name}\" gives it a label"),
    form!("no image bears the label \"{label}\"; {instead}"),
    form!("add images of it, or leave the label out"),
];

#[test]
fn forms_of_a_training_are_told_apart() {
    let mut forms = FORMS.to_vec();
    forms.sort_unstable();
    forms.dedup();
    assert_eq!(forms.len(), FORMS.len());
}

#[test]
fn how_patients_were_recognised_is_said_in_german() {
    use crate::study::patients::{PatientSource, Recognition};

    let sources =
        [PatientSource::Header, PatientSource::Name("IM-N"), PatientSource::Name("IM-N"), PatientSource::Nothing];
    let sentence = sources.into_iter().collect::<Recognition>().sentence();
    let german = crate::language::within("de", || crate::language::said(&sentence));
    let wanted = "Patienten: nach dem DICOM-Header bei 1 Bild, nach Dateinamen (IM-N) bei 2 Bildern; 1 Bild zählt als eigener Patient.";
    assert_eq!(german, wanted);
}
