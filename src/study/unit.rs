//! Which images are judged as one: those of a study, or of a series.
//!
//! DICOM files say so by Study Instance UID and Series Instance UID. Pictures say nothing of the
//! kind: where their names tell the patient, as those of public sets do, the images of a patient
//! are one study and one series; an image of which nobody knows whose it is stands alone.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::patients::Patients;
use super::{Identity, ImageEntry};

/// What is judged as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    Study,
    Series,
}

/// By what images were found to belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupedBy {
    /// Study or Series Instance UID.
    Uid,
    /// The patient, where the file has no such UID.
    Patient,
    /// Nothing: the image stands alone.
    Nothing,
}

/// Which images belong together: those of equal keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitKey {
    pub by: GroupedBy,
    /// UID, patient, or the file's path.
    pub name: String,
}

/// A word that names no unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write study or series")]
pub struct UnknownUnit;

impl Unit {
    /// Name on the command line, in files and in sentences.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Study => "study",
            Self::Series => "series",
        }
    }

    /// Several of them: `studies`.
    #[must_use]
    pub fn several(self) -> &'static str {
        match self {
            Self::Study => "studies",
            Self::Series => "series",
        }
    }

    /// What a listed image belongs to, its patient recognised as `patients` has it.
    #[must_use]
    pub fn of(self, entry: &ImageEntry, patients: &Patients) -> UnitKey {
        self.key(&entry.identity, patients.of_file(&entry.path, &entry.meta.patient_id).as_deref(), &entry.path)
    }

    /// What an image belongs to.
    #[must_use]
    pub fn key(self, identity: &Identity, patient: Option<&str>, path: &Path) -> UnitKey {
        let uid = match self {
            Self::Study => &identity.study_uid,
            Self::Series => &identity.series_uid,
        };
        let (by, name) = match patient.filter(|patient| !patient.is_empty()) {
            _ if !uid.is_empty() => (GroupedBy::Uid, uid.clone()),
            Some(patient) => (GroupedBy::Patient, patient.to_owned()),
            None => (GroupedBy::Nothing, path.display().to_string()),
        };
        UnitKey { by, name }
    }
}

impl std::str::FromStr for Unit {
    type Err = UnknownUnit;

    fn from_str(text: &str) -> Result<Self, UnknownUnit> {
        [Self::Study, Self::Series].into_iter().find(|unit| unit.name() == text).ok_or(UnknownUnit)
    }
}

impl UnitKey {
    /// All of it, as a heading that names nobody: `Whole study`.
    #[must_use]
    pub fn whole(&self, unit: Unit) -> &'static str {
        match (self.by, unit) {
            (GroupedBy::Uid, Unit::Study) => "Whole study",
            (GroupedBy::Uid, Unit::Series) => "Whole series",
            (GroupedBy::Patient, _) => "All images of the patient",
            (GroupedBy::Nothing, _) => "This image",
        }
    }

    /// As a heading: `Study 1.2.3`, `Patient person7`, `Image a.png`.
    #[must_use]
    pub fn in_words(&self, unit: Unit) -> String {
        let what = match (self.by, unit) {
            (GroupedBy::Uid, Unit::Study) => "Study",
            (GroupedBy::Uid, Unit::Series) => "Series",
            (GroupedBy::Patient, _) => "Patient",
            (GroupedBy::Nothing, _) => "Image",
        };
        format!("{what} {}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_come_before_the_patient_and_an_image_without_either_stands_alone() {
        let identity = |study: &str, series: &str| Identity {
            study_uid: study.into(),
            series_uid: series.into(),
            sop_instance_uid: String::new(),
        };
        let path = Path::new("set/person7_2.png");
        let key = |unit: Unit, identity: &Identity, patient| unit.key(identity, patient, path);
        let (study, series) = (Unit::Study, Unit::Series);
        assert_eq!(key(study, &identity("1.2", "1.2.3"), Some("p")).in_words(study), "Study 1.2");
        assert_eq!(key(series, &identity("1.2", "1.2.3"), Some("p")).in_words(series), "Series 1.2.3");
        assert_eq!(key(study, &identity("", ""), Some("person7")).in_words(study), "Patient person7");
        assert_eq!(key(series, &identity("", ""), Some("")).in_words(series), "Image set/person7_2.png");
        assert_eq!(key(series, &identity("", ""), Some("p")).whole(series), "All images of the patient");
        assert_eq!(key(series, &identity("1.2", "1.2.3"), None).whole(series), "Whole series");
        assert_eq!("series".parse(), Ok(Unit::Series));
        assert!("patient".parse::<Unit>().is_err());
    }
}
