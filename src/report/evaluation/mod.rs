//! The evaluation report: how good a model is, on paper, for someone who was not there.
//!
//! First what was judged and the figures that matter, with a plain word on what they mean; then the charts, the tables, and the
//! most confident errors with their heat maps. The report prints what it is given and judges nothing itself.

mod explained;
mod gallery;
mod of_judgement;
mod pages;
mod table;
mod words;

use std::path::Path;

use chrono::{DateTime, Local};

pub use explained::cases;
pub use gallery::Case;
pub use of_judgement::Basis;
pub use table::Table;

use super::charts::Charts;
use super::charts::input::Figure;
use super::{ReportError, file};
use crate::evaluation::exposure::Exposure;

/// What the images were to the model; figures mean something else in each case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Nobody said.
    #[default]
    Unknown,
    /// They chose the model, its thresholds or its temperature.
    Validation,
    /// They took no part in making it.
    Test,
}

/// The model that was judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    pub name: String,
    pub version: String,
    pub description: String,
    /// SHA-256 of the weights, lower-case hex.
    pub sha256: String,
    /// What it was trained on.
    pub training: String,
    /// Sentences on what it cannot know.
    pub limits: Vec<String>,
}

/// The images that it was judged on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Images {
    /// Name of the set: its folder.
    pub name: String,
    pub purpose: Purpose,
    /// How many of them made the model, where it keeps a record of them.
    pub checked: Option<Exposure>,
    pub judged: usize,
    /// Patients, as far as they can be told apart.
    pub patients: usize,
    /// Images that could not be read or scored.
    pub unread: usize,
}

/// One target on the first page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Target {
    pub name: String,
    pub positives: usize,
    pub images: usize,
    pub auroc: Figure,
    pub sensitivity: Figure,
    pub specificity: Figure,
    pub precision: Figure,
}

/// What the report prints.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationReport {
    pub model: Judged,
    pub images: Images,
    pub created: DateTime<Local>,
    /// Figures of the model as a whole: name and value.
    pub whole: Vec<(String, Figure)>,
    pub targets: Vec<Target>,
    /// What makes figures weak, in sentences.
    pub remarks: Vec<String>,
    pub charts: Charts,
    pub tables: Vec<Table>,
    /// The most confident errors, at most a dozen or two.
    pub failures: Vec<Case>,
    /// Images with at least one wrong call.
    pub wrong: usize,
}

impl std::str::FromStr for Purpose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "unknown" => Ok(Self::Unknown),
            "validation" => Ok(Self::Validation),
            "test" => Ok(Self::Test),
            _ => Err("write unknown, validation or test".into()),
        }
    }
}

impl EvaluationReport {
    /// The report as the bytes of a PDF.
    pub fn pdf(&self) -> Result<Vec<u8>, ReportError> {
        pages::pdf(self)
    }
}

/// Writes the report as a PDF; a file of this name is replaced.
pub fn write(path: &Path, report: &EvaluationReport) -> Result<(), ReportError> {
    file::write(path, &report.pdf()?)
}

#[cfg(test)]
mod tests;
