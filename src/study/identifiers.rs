//! Names, numbers and places of a data set: what tells whose image it is, who worked on it, and
//! where.
//!
//! They stand in attributes of their own, and people type them into others: "Mr Miller, seen by Dr
//! Smith". Whoever leaves an attribute out looks for its words in what is kept ([`Struck`]).
//! Persons are found by their value representation (PN) wherever they stand, numbers and places by
//! the tables below, which follow PS3.15 Table E.1-1. What a text says without such a word ("the
//! mayor of our town") no search finds.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::dataset::{Dataset, Value};
use super::text::{CharacterSets, readable_name};
use super::vocabulary;

/// Most identifiers that are kept of one image, and longest one, in characters: what a header shows
/// of a patient is far below, and a folder of images keeps them all.
const KEPT: (usize, usize) = (200, 1000);

/// Numbers and names of things that lead to a patient; retired ones stand as numbers here.
const NUMBERS: [Tag; 31] = [
    tags::ACCESSION_NUMBER,
    tags::STATION_NAME,
    tags::STATION_AE_TITLE,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    Tag(0x0010, 0x1000),
    Tag(0x0010, 0x1090),
    Tag(0x0010, 0x1050),
    tags::PATIENT_TELEPHONE_NUMBERS,
    tags::PATIENT_TELECOM_INFORMATION,
    tags::REFERRING_PHYSICIAN_TELEPHONE_NUMBERS,
    tags::CLINICAL_TRIAL_SUBJECT_ID,
    tags::CLINICAL_TRIAL_SUBJECT_READING_ID,
    tags::STUDY_ID,
    tags::DEVICE_SERIAL_NUMBER,
    tags::DETECTOR_ID,
    tags::ADMISSION_ID,
    tags::SERVICE_EPISODE_ID,
    tags::SCHEDULED_PROCEDURE_STEP_ID,
    tags::PERFORMED_PROCEDURE_STEP_ID,
    tags::PERFORMED_STATION_NAME,
    tags::PERFORMED_STATION_AE_TITLE,
    tags::REQUESTED_PROCEDURE_ID,
    tags::PERSON_TELEPHONE_NUMBERS,
    tags::PERSON_TELECOM_INFORMATION,
    tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    Tag(0x0040, 0x1006),
    Tag(0x0040, 0x1007),
    Tag(0x0040, 0x2006),
    Tag(0x0040, 0x2007),
];
/// Hospitals, departments and addresses.
const PLACES: [Tag; 17] = [
    tags::INSTITUTION_NAME,
    tags::INSTITUTION_ADDRESS,
    tags::REFERRING_PHYSICIAN_ADDRESS,
    tags::INSTITUTIONAL_DEPARTMENT_NAME,
    tags::PATIENT_ADDRESS,
    tags::CLINICAL_TRIAL_SPONSOR_NAME,
    tags::CLINICAL_TRIAL_SITE_NAME,
    tags::CLINICAL_TRIAL_COORDINATING_CENTER_NAME,
    tags::CLINICAL_TRIAL_PROTOCOL_ETHICS_COMMITTEE_NAME,
    tags::REQUESTING_SERVICE,
    tags::CURRENT_PATIENT_LOCATION,
    tags::PATIENT_INSTITUTION_RESIDENCE,
    tags::PERFORMED_LOCATION,
    tags::PERSON_ADDRESS,
    tags::VERIFYING_ORGANIZATION,
    Tag(0x0032, 0x1020),
    tags::ORDER_ENTERER_LOCATION,
];
/// Persons whose names are no person names by their representation.
const NAMES: [Tag; 2] = [tags::NAME_TO_USE, tags::CAMERA_OWNER_NAME];

/// Words of hospitals and addresses that say nothing of which one it is, in lower case.
const COMMON: [&str; 44] = [
    "hospital",
    "hospitals",
    "clinic",
    "clinics",
    "clinical",
    "center",
    "centre",
    "medical",
    "medicine",
    "university",
    "general",
    "regional",
    "national",
    "department",
    "institute",
    "institut",
    "institution",
    "radiology",
    "radiologie",
    "radiologia",
    "imaging",
    "diagnostic",
    "diagnostics",
    "nuclear",
    "emergency",
    "intensive",
    "surgery",
    "internal",
    "pediatric",
    "paediatric",
    "pediatrics",
    "health",
    "healthcare",
    "klinik",
    "klinikum",
    "krankenhaus",
    "universitätsklinikum",
    "abteilung",
    "strasse",
    "straße",
    "street",
    "avenue",
    "hôpital",
    "ospedale",
];

/// What an identifier tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Person,
    Number,
    Place,
    /// A date of birth, or another day of the patient's.
    Day,
}

impl Kind {
    /// The kind of what an attribute holds; `None` where it is no identifier.
    pub(super) fn of(tag: Tag, vr: VR) -> Option<Self> {
        match vr {
            VR::PN => Some(Self::Person),
            _ if NAMES.contains(&tag) => Some(Self::Person),
            _ if NUMBERS.contains(&tag) => Some(Self::Number),
            _ if PLACES.contains(&tag) => Some(Self::Place),
            VR::DA if tag == tags::PATIENT_BIRTH_DATE => Some(Self::Day),
            _ => None,
        }
    }
}

/// Names, numbers and places of one image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identifiers(Vec<(Kind, Box<str>)>);

impl Identifiers {
    /// All of a data set, those in sequences too, as far as they are few and short.
    pub(super) fn of(dataset: &Dataset, sets: &CharacterSets) -> Self {
        let mut found = Self::default();
        each(dataset, sets, &mut |_, kind, text| {
            if found.0.len() < KEPT.0 && text.chars().nth(KEPT.1).is_none() {
                found.add(kind, &text);
            }
        });
        found
    }

    /// Adds one, unless it is there.
    pub fn add(&mut self, kind: Kind, text: &str) {
        let text = text.trim();
        if !text.is_empty() && !self.0.iter().any(|(k, known)| *k == kind && **known == *text) {
            self.0.push((kind, text.into()));
        }
    }

    /// Names of two letters, which are looked for as words only.
    pub fn short_names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(kind, _)| *kind == Kind::Person).flat_map(|(_, name)| two_letters(name))
    }

    /// The words to look for, longest first.
    #[must_use]
    pub fn struck(&self) -> Vec<String> {
        let mut words: Vec<String> = self.0.iter().flat_map(|(kind, text)| Struck::of(*kind, text)).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.dedup();
        words
    }
}

/// The words of an identifier that are looked for in what is kept.
pub struct Struck;

impl Struck {
    /// The whole, as it stands and as people write it, and its parts. What has one or two letters
    /// is no identity and would be found in every sentence; of other scripts than those that spell,
    /// one character may be a name, and two are.
    #[must_use]
    pub fn of(kind: Kind, text: &str) -> Vec<String> {
        let text = text.trim();
        let mut words = vec![text.to_owned()];
        match kind {
            Kind::Person => {
                words.push(readable_name(text));
                words.extend(text.split('=').map(str::to_owned));
                words.extend(text.split(['^', '=', ',', ' ', '(', ')', '\\']).map(str::to_owned));
            }
            Kind::Number => words.extend(text.split('\\').map(|part| part.trim().to_owned())),
            Kind::Place => {
                words.extend(text.split(['\n', '\r', '\\']).map(|line| line.trim().to_owned()));
                let parts = text.split(|c: char| !c.is_alphanumeric() && c != '-');
                words.extend(parts.filter(|part| part.chars().count() > 4 && !is_common(part)).map(str::to_owned));
            }
            Kind::Day => words.extend(spellings(text)),
        }
        words.retain(|word| is_telling(kind, word));
        words.sort();
        words.dedup();
        words
    }
}

/// The parts of a person name that have two letters.
pub fn two_letters(person_name: &str) -> impl Iterator<Item = &str> {
    person_name.split(['^', '=', ',', ' ', '(', ')']).filter(|name| name.chars().count() == 2)
}

/// Whether a word tells nothing of which place it is. Institutions are called like makers of
/// devices, and like what they look at.
fn is_common(word: &str) -> bool {
    let word: String = word.chars().flat_map(char::to_lowercase).collect();
    COMMON.contains(&word.as_str()) || vocabulary::knows(&word)
}

/// Whether a word may be looked for: long enough to be somebody's.
fn is_telling(kind: Kind, word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphanumeric()).count();
    let ideographs = word.chars().filter(|c| *c >= '\u{2E80}').count();
    match kind {
        Kind::Person => letters > 2 || ideographs > 1,
        // Three figures are the size of an image, and four of them often a year or a detector's.
        Kind::Number => letters > 4 || (letters > 2 && word.chars().any(char::is_alphabetic)),
        Kind::Place => letters > 3 && !is_common(word),
        Kind::Day => letters > 5,
    }
}

/// Every identifier of a data set with its tag, those in sequences too.
pub(super) fn each(dataset: &Dataset, sets: &CharacterSets, found: &mut dyn FnMut(Tag, Kind, String)) {
    let own = dataset.get(tags::SPECIFIC_CHARACTER_SET).map(|_| dataset.character_sets());
    let sets = own.as_ref().unwrap_or(sets);
    for (tag, element) in &dataset.elements {
        match &element.value {
            Value::Items(items) => items.iter().for_each(|item| each(item, sets, found)),
            Value::Bytes(bytes) => {
                if let Some(kind) = Kind::of(*tag, element.vr) {
                    found(*tag, kind, sets.decode(bytes));
                }
            }
            Value::Stored { .. } | Value::Fragments { .. } => {}
        }
    }
}

/// How people write a DICOM date (`19600229`), longest first: day, month or year in front, with and
/// without leading zeros and century.
#[must_use]
pub fn spellings(date: &str) -> Vec<String> {
    let date = date.trim();
    if date.len() != 8 || !date.bytes().all(|b| b.is_ascii_digit()) {
        return Vec::new();
    }
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    let mut all = Vec::new();
    for with in ['.', '/', '-'] {
        for (month, day) in [(month, day), (month.trim_start_matches('0'), day.trim_start_matches('0'))] {
            all.push(format!("{year}{with}{month}{with}{day}"));
            for year in [year, &year[2..]] {
                all.push(format!("{day}{with}{month}{with}{year}"));
                all.push(format!("{month}{with}{day}{with}{year}"));
            }
        }
        all.push(format!("{day}{with} {month}{with} {year}"));
    }
    all.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_as_a_whole_and_in_its_parts() {
        let words = Struck::of(Kind::Person, "Doe^Jane Marie^^Dr");
        for word in ["Doe^Jane Marie^^Dr", "Doe Jane Marie Dr", "Doe", "Jane", "Marie"] {
            assert!(words.iter().any(|w| w == word), "{word} is not among {words:?}");
        }
        assert!(!words.iter().any(|w| w == "Dr"), "two letters are no identity: {words:?}");
        assert!(Struck::of(Kind::Person, "Yamada^Tarou=山田^太郎").contains(&"太郎".to_owned()));
    }

    #[test]
    fn of_a_hospital_only_the_words_are_looked_for_that_tell_which_one() {
        let words = Struck::of(Kind::Place, "Katharinenhospital, Department of Radiology");
        assert!(words.contains(&"Katharinenhospital".to_owned()), "{words:?}");
        assert!(!words.iter().any(|w| w == "Radiology" || w == "Department"), "{words:?}");
        assert_eq!(Struck::of(Kind::Place, "Radiology"), [""; 0]);
        // The words of a report on a chest stay in a report from a chest clinic.
        assert_eq!(Struck::of(Kind::Place, "Chest Clinic"), ["Chest Clinic"]);
    }

    #[test]
    fn numbers_that_any_image_may_hold_are_not_looked_for() {
        assert_eq!(Struck::of(Kind::Number, "512"), [""; 0]);
        assert_eq!(Struck::of(Kind::Number, "A17"), ["A17"]);
        assert_eq!(Struck::of(Kind::Number, "MRN-4711\\4711000"), ["4711000", "MRN-4711", "MRN-4711\\4711000"]);
    }

    #[test]
    fn an_identifier_is_kept_once() {
        let mut known = Identifiers::default();
        for _ in 0..2 {
            known.add(Kind::Person, " Doe^Jane ");
        }
        assert_eq!(known.0.len(), 1);
        assert!(known.struck().contains(&"Doe^Jane".to_owned()));
    }
}
