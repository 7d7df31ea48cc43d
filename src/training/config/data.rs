//! `[data]`: where images lie, how they are labelled, whose they are, and which of them validate.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Check, within};
use crate::network::manifest::Label;

/// Where images lie, how they are labelled and whose they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Folders that hold one folder a class.
    pub folders: Vec<PathBuf>,
    /// Rules by file name; the first that fits wins over the folder's name.
    #[serde(default, rename = "label_rule")]
    pub label_rules: Vec<LabelRule>,
    /// Regular expressions on the file name; the first group of the first that fits names the patient.
    /// A file that none fits is a patient of its own.
    #[serde(default)]
    pub patient: Vec<String>,
    /// Share of the patients of each class that is kept for validation.
    #[serde(default = "eighth")]
    pub validation: f64,
    /// Which share: 0 is the first, 1 the next … for folds.
    #[serde(default)]
    pub fold: usize,
}

fn eighth() -> f64 {
    0.125
}

/// A file whose name contains a piece of text has a label.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRule {
    pub contains: String,
    pub label: String,
}

impl Data {
    /// Rules that name no label, patterns that name no patient, shares that leave nothing to learn from.
    pub(super) fn check(&self, labels: &[Label]) -> Check {
        for rule in &self.label_rules {
            if !labels.iter().any(|l| l.name == rule.label) {
                return Err(format!("a label rule names \"{}\", which is none of the labels", rule.label));
            }
        }
        for pattern in &self.patient {
            let regex = regex::Regex::new(pattern).map_err(|e| format!("a patient pattern does not parse: {e}"))?;
            if regex.captures_len() < 2 {
                return Err(format!("the patient pattern `{pattern}` has no group in brackets that names the patient"));
            }
        }
        within("validation", self.validation, 0.01, 0.9)?;
        within("fold", self.fold as f64, 0.0, (1.0 / self.validation).round() - 1.0)
    }
}
