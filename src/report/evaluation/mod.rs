//! The evaluation report: how good a model is, on paper, for someone who was not there.
//!
//! First what was evaluated and the metrics that matter, with a plain word on what they mean; then
//! the charts, the tables, and the most confident errors with their heat maps. The report prints
//! what it is given and computes nothing itself.

pub mod average_maps;
mod content;
pub mod evidence;
mod gallery;
mod pages;
pub mod regions;
mod table;
mod words;

use std::path::Path;

use chrono::{DateTime, Local};

pub use content::Basis;
pub use gallery::{ErrorCase, Shown};
pub use table::Table;

use super::charts::Charts;
use super::{ReportError, file};
use crate::evaluation::exposure::Exposure;
use crate::evaluation::purpose::Purpose;
use crate::figures::charts::input::MetricValue;

/// The model that was evaluated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvaluatedModel {
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

/// The images that it was evaluated on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvaluatedImages {
    /// Name of the set: its folder.
    pub name: String,
    pub purpose: Purpose,
    /// How many of them made the model, where it keeps a record of them.
    pub checked: Option<Exposure>,
    pub evaluated: usize,
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
    pub auroc: MetricValue,
    pub sensitivity: MetricValue,
    pub specificity: MetricValue,
    pub precision: MetricValue,
}

/// What the report prints.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationReport {
    pub model: EvaluatedModel,
    pub images: EvaluatedImages,
    pub created: DateTime<Local>,
    /// Metrics of the model as a whole: name and value.
    pub overall: Vec<(String, MetricValue)>,
    pub targets: Vec<Target>,
    /// What makes metrics weak, in sentences.
    pub remarks: Vec<String>,
    pub charts: Charts,
    pub tables: Vec<Table>,
    /// The most confident errors, at most a dozen or two.
    pub failures: Vec<ErrorCase>,
    /// Images with at least one wrong call.
    pub wrong: usize,
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
