//! `[data]`: where images lie, how they are labelled, whose they are, and which of them validate
//! and test.

use std::path::PathBuf;

use serde::Deserialize;

use super::fault::{Check, ConfigFault, within};
use crate::model::manifest::Label;

/// Where images lie, how they are labelled and whose they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Folders that hold one folder a class.
    #[serde(default)]
    pub folders: Vec<PathBuf>,
    /// A table of images with their labels.
    #[serde(default)]
    pub csv: Option<Table>,
    /// Archives of the form of `MedMNIST`: `train_images`, `train_labels`, `val_…`, `test_…`.
    #[serde(default)]
    pub npz: Vec<PathBuf>,
    /// Rules by file name; the first that fits wins over the folder's name.
    #[serde(default, rename = "label_rule")]
    pub label_rules: Vec<LabelRule>,
    /// Regular expressions on the file name (the path, in a table); the first group of the first
    /// that fits names the patient. A file that none fits belongs to the patient that the table or
    /// its DICOM header names; where no expression is given, to the one that its name tells as
    /// those of public sets do ([`crate::study::patients`]); else to one of its own.
    #[serde(default)]
    pub patient: Vec<String>,
    /// Near-duplicates stay on one side of the split, like images of one patient.
    /// `keep_kin_together` is the old name.
    #[serde(default, alias = "keep_kin_together")]
    pub group_near_duplicates: bool,
    /// Share of the patients of each class that is kept for validation.
    #[serde(default = "eighth")]
    pub validation: f64,
    /// How patients come to the validation part.
    #[serde(default)]
    pub validation_by: ValidationBy,
    /// Which share: 0 is the first, 1 the next … for folds.
    #[serde(default)]
    pub fold: usize,
    /// Share of the patients of each class that is kept away from training and validation.
    #[serde(default)]
    pub test: f64,
    /// Share of the patients of each class that calibrates the finished model, and neither learns
    /// nor validates.
    #[serde(default = "tenth")]
    pub calibration: f64,
    /// A table of `image,patient,split` that decides instead of the shares: see
    /// [`crate::training::data::split::split_file`].
    #[serde(default)]
    pub split: Option<PathBuf>,
}

/// How patients come to the validation part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValidationBy {
    /// By chance, each class by its share.
    #[default]
    Chance,
    /// By how their images were processed: a stand-in for images from elsewhere
    /// ([`crate::training::data::split::processing`]).
    Processing,
}

/// A table of images: one row an image, one column with all its labels or one column a label.
///
/// Columns that are not named here are looked for by the names that public sets give them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub file: PathBuf,
    /// Folders below which the images lie, at any depth; the table's own folder if none is named.
    #[serde(default)]
    pub images: Vec<PathBuf>,
    /// Column of the file name or path.
    #[serde(default)]
    pub image: Option<String>,
    /// Column of the label string; without it every label has a column of its name.
    #[serde(default)]
    pub labels: Option<String>,
    /// Between the labels of a string.
    #[serde(default = "bar")]
    pub separator: String,
    /// Word for an image without findings.
    #[serde(default = "no_finding")]
    pub none: String,
    /// What −1 in the column of a label means.
    #[serde(default)]
    pub uncertain: Uncertain,
    /// What an empty cell in the column of a label means.
    #[serde(default)]
    pub blank: Blank,
    /// What becomes of an image with a finding that may include a label which it does not have.
    #[serde(default)]
    pub ambiguous: Ambiguous,
    #[serde(default)]
    pub patient: Option<String>,
    /// Column that says `train`, `val` or `test`.
    #[serde(default)]
    pub split: Option<String>,
    #[serde(default)]
    pub age: Option<String>,
    #[serde(default)]
    pub sex: Option<String>,
    #[serde(default)]
    pub view: Option<String>,
    /// Only images of these views (`PA`, `Frontal` …); all if none is named.
    #[serde(default)]
    pub views: Vec<String>,
}

impl Table {
    /// A table whose columns have the names of public sets; its images lie below `images`.
    pub fn of(file: PathBuf, images: Vec<PathBuf>) -> Self {
        Self {
            file,
            images,
            image: None,
            labels: None,
            separator: bar(),
            none: no_finding(),
            uncertain: Uncertain::default(),
            blank: Blank::default(),
            ambiguous: Ambiguous::default(),
            patient: None,
            split: None,
            age: None,
            sex: None,
            view: None,
            views: Vec::new(),
        }
    }
}

/// What an uncertain label counts as (Irvin et al., AAAI 2019).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Uncertain {
    Ones,
    Zeros,
    /// Unknown: no part of loss and metrics.
    #[default]
    Ignore,
}

/// What an empty cell counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blank {
    #[default]
    Absent,
    Unknown,
}

/// What becomes of an image with a finding that may include a label which it does not have: see
/// [`crate::evaluation::vocabulary`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ambiguous {
    /// It counts as without the label, and is told.
    #[default]
    Keep,
    LeaveOut,
}

/// A word that is no policy for ambiguous images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write keep or leave-out")]
pub struct UnknownPolicy;

impl std::str::FromStr for Ambiguous {
    type Err = UnknownPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        match text {
            "keep" => Ok(Self::Keep),
            "leave-out" => Ok(Self::LeaveOut),
            _ => Err(UnknownPolicy),
        }
    }
}

fn bar() -> String {
    "|".into()
}

fn no_finding() -> String {
    "No Finding".into()
}

fn eighth() -> f64 {
    0.125
}

fn tenth() -> f64 {
    0.1
}

/// A file whose name contains a piece of text has a label.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRule {
    pub contains: String,
    pub label: String,
}

impl Data {
    /// Rules that name no label, patterns that name no patient, shares that leave nothing to learn
    /// from.
    pub(super) fn check(&self, labels: &[Label]) -> Check {
        if self.folders.is_empty() && self.csv.is_none() && self.npz.is_empty() {
            return Err(ConfigFault::NoData);
        }
        if self.csv.as_ref().is_some_and(|t| t.separator.is_empty()) {
            return Err(ConfigFault::NoSeparator);
        }
        for rule in &self.label_rules {
            if !labels.iter().any(|l| l.name == rule.label) {
                return Err(ConfigFault::Rule(rule.label.clone()));
            }
        }
        for pattern in &self.patient {
            let regex = regex::Regex::new(pattern).map_err(ConfigFault::Pattern)?;
            if regex.captures_len() < 2 {
                return Err(ConfigFault::PatternWithoutGroup(pattern.clone()));
            }
        }
        within("validation", self.validation, 0.01, 0.9)?;
        within("test", self.test, 0.0, 0.9)?;
        within("calibration", self.calibration, 0.0, 0.9)?;
        if self.validation + self.test > 0.95 {
            return Err(ConfigFault::SharesOfTwo);
        }
        if self.validation + self.test + self.calibration > 0.95 {
            return Err(ConfigFault::SharesOfThree);
        }
        within("fold", self.fold as f64, 0.0, ((1.0 - self.test) / self.validation).round() - 1.0)
    }
}
