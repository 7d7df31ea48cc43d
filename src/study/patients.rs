//! Whose image a file is: by a pattern that the user gives, by a table, by the DICOM header, or by
//! the way in which public sets name their files.
//!
//! Images of one patient are alike. A split that tears them apart and an interval that counts them
//! singly both flatter, so every command recognises patients in the same way and says in which. Not
//! here: patients under several names, and files renamed by hand. Sets whose numbers begin anew in
//! each part (Kermany's `person1` of train and of test are two children) are one patient here.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// A way of naming files.
struct Naming {
    /// In words, with an example of a public set.
    words: &'static str,
    pattern: &'static str,
    /// Folders may be named so, too.
    folders: bool,
}

/// Namings that are recognised unless a pattern is given.
const USUAL: [Naming; 8] = [
    // Kermany et al., Cell 172 (2018): pneumonia, and normal.
    Naming { words: "personN", pattern: "^(person[0-9]+)(?:[^0-9]|$)", folders: false },
    Naming { words: "IM-N", pattern: "^((?:NORMAL2-)?IM-[0-9]+)", folders: false },
    // ChestX-ray14 of the NIH: 00000013_005.png.
    Naming { words: "eight digits of the NIH", pattern: "^([0-9]{8})_[0-9]{3}(?:[^0-9]|$)", folders: false },
    // CheXpert: patient00001/study1/view1_frontal.jpg.
    Naming { words: "patientN", pattern: "^(patient[-_]?[0-9]+)(?:[^0-9]|$)", folders: true },
    // MIMIC-CXR: p10/p10000032/s50414267/….
    Naming { words: "pN of MIMIC", pattern: "^(p[0-9]{8})$", folders: true },
    // The Brain Imaging Data Structure: sub-01/anat/sub-01_T1w.nii.
    Naming { words: "sub-N", pattern: "^(sub-[0-9A-Za-z]+)(?:_|$)", folders: true },
    Naming { words: "TCGA", pattern: "^(TCGA-[0-9A-Z]{2}-[0-9A-Z]{4})", folders: true },
    Naming { words: "phantom-N", pattern: "^(phantom-[0-9]+)(?:[^0-9]|$)", folders: false },
];

static PATTERNS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| USUAL.iter().filter_map(|n| Regex::new(n.pattern).ok()).collect());

/// A path below `root` with `/` between its parts, whatever the platform.
#[must_use]
pub fn key_of(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    parts.iter().filter(|p| *p != ".").map(AsRef::as_ref).collect::<Vec<&str>>().join("/")
}

/// What told whose an image is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PatientSource {
    /// A pattern of the user's.
    Pattern,
    /// A column of a table.
    Table,
    /// The Patient ID of a DICOM file.
    Header,
    /// The file's name, by one of the usual namings.
    Name(&'static str),
    /// Nothing: the image counts as a patient of its own.
    #[default]
    Nothing,
}

/// A pattern that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the patient pattern `{pattern}` does not parse: {source}")]
pub struct PatternError {
    pattern: String,
    source: regex::Error,
}

/// How patients are recognised.
#[derive(Clone, Debug, Default)]
pub struct Patients {
    /// Empty: by the usual namings.
    given: Vec<Regex>,
}

/// What is known of an image's patient before its file is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lead {
    /// By pattern or table, which come before the header.
    first: Option<(String, PatientSource)>,
    /// By name, where the header is silent.
    last: Option<(String, PatientSource)>,
}

impl Patients {
    /// By `patterns`, whose first group (or whole, without one) is the patient; by the usual
    /// namings where there are none.
    pub fn of<S: AsRef<str>>(patterns: &[S]) -> Result<Self, PatternError> {
        let parse = |pattern: &S| {
            let pattern = pattern.as_ref();
            Regex::new(pattern).map_err(|source| PatternError { pattern: pattern.to_owned(), source })
        };
        Ok(Self { given: patterns.iter().map(parse).collect::<Result<_, _>>()? })
    }

    /// The patterns that were given.
    #[must_use]
    pub fn patterns(&self) -> Vec<String> {
        self.given.iter().map(|pattern| pattern.as_str().to_owned()).collect()
    }

    /// What pattern, table or name tell of the image `key`, its path below the folder of the data
    /// with `/` between the parts. Patterns are looked for in `text`: the file's name, or what a
    /// table calls it.
    #[must_use]
    pub fn lead(&self, text: &str, key: &str, table: Option<&str>) -> Lead {
        let pattern = self.given.iter().find_map(|p| {
            let found = p.captures(text)?;
            found.get(1).or_else(|| found.get(0)).map(|m| (m.as_str().to_owned(), PatientSource::Pattern))
        });
        let table = || table.filter(|t| !t.is_empty()).map(|t| (t.to_owned(), PatientSource::Table));
        Lead { first: pattern.or_else(table), last: if self.given.is_empty() { by_name(key) } else { None } }
    }

    /// The patient of a file that belongs to no set, by its name and the Patient ID of its header.
    #[must_use]
    pub fn of_file(&self, path: &Path, patient_id: &str) -> Option<String> {
        let name = path.file_name()?.to_string_lossy();
        self.lead(&name, &key_of(Path::new(""), path), None).with_header(patient_id).0
    }
}

impl Lead {
    /// The patient that a table names.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        self.first.as_ref().filter(|(_, told)| *told == PatientSource::Table).map(|(patient, _)| patient.as_str())
    }

    /// Whose the image is, now that its header is known; an empty Patient ID tells nothing.
    #[must_use]
    pub fn with_header(&self, patient_id: &str) -> (Option<String>, PatientSource) {
        let header = || Some((patient_id.to_owned(), PatientSource::Header)).filter(|_| !patient_id.is_empty());
        let found = self.first.clone().or_else(header).or_else(|| self.last.clone());
        found.map_or((None, PatientSource::Nothing), |(patient, told)| (Some(patient), told))
    }
}

/// The patient by a usual naming of the file, else of the nearest folder.
fn by_name(key: &str) -> Option<(String, PatientSource)> {
    key.rsplit('/').enumerate().find_map(|(above, part)| {
        let fitting = USUAL.iter().zip(PATTERNS.iter()).filter(|(naming, _)| above == 0 || naming.folders);
        fitting.into_iter().find_map(|(naming, pattern)| {
            let patient = pattern.captures(part)?.get(1)?.as_str().to_owned();
            Some((patient, PatientSource::Name(naming.words)))
        })
    })
}

/// By what the patients of a set were recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recognition(BTreeMap<PatientSource, usize>);

impl FromIterator<PatientSource> for Recognition {
    fn from_iter<I: IntoIterator<Item = PatientSource>>(images: I) -> Self {
        let mut counts = BTreeMap::new();
        images.into_iter().for_each(|told| *counts.entry(told).or_default() += 1);
        Self(counts)
    }
}

impl Recognition {
    /// `Patients: by file names (personN) in 30 images, by the DICOM header in 2; 1 image counts as a patient of its own.`
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut ways: Vec<String> = Vec::new();
        for (told, n) in &self.0 {
            let images = if *n == 1 { "1 image".to_owned() } else { format!("{n} images") };
            match told {
                PatientSource::Pattern => ways.push(format!("by the given pattern in {images}")),
                PatientSource::Table => ways.push(format!("by the table in {images}")),
                PatientSource::Header => ways.push(format!("by the DICOM header in {images}")),
                PatientSource::Name(words) => ways.push(format!("by file names ({words}) in {images}")),
                PatientSource::Nothing => {}
            }
        }
        let alone = match self.alone() {
            0 => String::new(),
            1 => "1 image counts as a patient of its own".to_owned(),
            n => format!("{n} images count as patients of their own"),
        };
        match (ways.is_empty(), alone.is_empty()) {
            (true, _) => format!("Patients: not recognised; {alone}."),
            (_, true) => format!("Patients: {}.", ways.join(", ")),
            _ => format!("Patients: {}; {alone}.", ways.join(", ")),
        }
    }

    /// What follows where no patient at all was recognised; `how` says how to name them.
    #[must_use]
    pub fn warning(&self, how: &str) -> Option<String> {
        let all: usize = self.0.values().sum();
        (all > 1 && self.alone() == all).then(|| {
            format!(
                "No patient was recognised, so each of the {all} images counts as a patient of its own. If some are of one patient, \
                 intervals are too narrow, and a split may put one patient on both sides: {how}."
            )
        })
    }

    fn alone(&self) -> usize {
        self.0.get(&PatientSource::Nothing).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(key: &str) -> (Option<String>, PatientSource) {
        let name = key.rsplit('/').next().unwrap();
        Patients::default().lead(name, key, None).with_header("")
    }

    #[test]
    fn the_namings_of_public_sets_are_recognised() {
        assert_eq!(PATTERNS.len(), USUAL.len());
        for (key, patient) in [
            ("train/PNEUMONIA/person12_bacteria_46.jpeg", "person12"),
            ("train/NORMAL/IM-0115-0001.jpeg", "IM-0115"),
            ("val/NORMAL/NORMAL2-IM-1427-0001.jpeg", "NORMAL2-IM-1427"),
            ("images/00000013_005.png", "00000013"),
            ("train/patient00001/study1/view1_frontal.jpg", "patient00001"),
            ("files/p10/p10000032/s50414267/02aa804e.jpg", "p10000032"),
            ("sub-01/anat/sub-01_T1w.png", "sub-01"),
            ("glioma/TCGA-DU-5851_19950428_12.tif", "TCGA-DU-5851"),
            ("Normal/phantom-1007.png", "phantom-1007"),
        ] {
            assert_eq!(usual(key).0.as_deref(), Some(patient), "{key}");
        }
        for key in ["NORMAL/film.png", "persons/1.png", "p1/scan.png", "20240101_12.png", "IM.png"] {
            assert_eq!(usual(key), (None, PatientSource::Nothing), "{key}");
        }
    }

    #[test]
    fn a_pattern_comes_before_the_table_and_the_table_before_header_and_name() {
        let (name, key) = ("person1_case7.png", "a/person1_case7.png");
        let given = Patients::of(&["case([0-9]+)"]).unwrap();
        assert_eq!(given.lead(name, key, Some("T")).with_header("H"), (Some("7".into()), PatientSource::Pattern));
        let whole = Patients::of(&["case[0-9]+"]).unwrap();
        assert_eq!(whole.lead(name, key, None).with_header("H").0.as_deref(), Some("case7"));
        let other = Patients::of(&["^study"]).unwrap();
        // Who gives patterns of his own is not given others.
        assert_eq!(other.lead(name, key, None).with_header(""), (None, PatientSource::Nothing));
        assert_eq!(other.lead(name, key, Some("T")).with_header("H"), (Some("T".into()), PatientSource::Table));
        let usual = Patients::default();
        assert_eq!(usual.lead(name, key, Some("")).with_header("H"), (Some("H".into()), PatientSource::Header));
        assert_eq!(
            usual.lead(name, key, None).with_header(""),
            (Some("person1".into()), PatientSource::Name("personN"))
        );
        assert!(Patients::of(&["("]).unwrap_err().to_string().contains("`(` does not parse"));
    }

    #[test]
    fn it_is_said_how_patients_were_recognised_and_when_none_was() {
        let told = [
            PatientSource::Name("personN"),
            PatientSource::Nothing,
            PatientSource::Name("personN"),
            PatientSource::Header,
        ];
        let some: Recognition = told.into_iter().collect();
        assert_eq!(
            some.sentence(),
            "Patients: by the DICOM header in 1 image, by file names (personN) in 2 images; 1 image counts as a patient of its own."
        );
        assert_eq!(some.warning("x"), None);
        let none: Recognition = [PatientSource::Nothing; 3].into_iter().collect();
        assert_eq!(none.sentence(), "Patients: not recognised; 3 images count as patients of their own.");
        assert!(none.warning("name a pattern").unwrap().ends_with("both sides: name a pattern."));
    }
}
