//! The sidecar: everything that is needed to check the printed numbers by machine, and to compute
//! them again.

pub mod beside;
mod of_case;
pub mod prior;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use self::beside::{SimilarRecord, StudyRecord};
use self::prior::PriorRecord;
use super::case::{OverlayStyle, Paper};
use super::feedback::FeedbackRecord;
use super::impression::Impression;
use super::key_images::KeyImagesRecord;
use super::measurements::MeasurementRecord;
use super::on_screen::OnScreenRecord;
use super::suggestions::Suggestion;
use super::what_if::ChangeRecord;
use crate::engine::conformal::Conformal;
use crate::engine::lungs::FieldsSource;
use crate::engine::prevalence::AtPrevalence;
use crate::engine::{AnalysisOptions, Member, Timing};
use crate::explain::evidence_shares::EvidenceShares;
use crate::explain::faithfulness::Faithfulness;
use crate::explain::{Evidence, Method, Residual};
use crate::imaging::Window;
use crate::model::gate::GateVerdict;
use crate::model::manifest::{Head, Input};
use crate::model::population::PopulationVerdict;
use crate::study::{Metadata, Spacing};
use crate::uncertainty::{SampleSource, Summary};

/// Says what kind of file it is.
pub const FORMAT: &str = "pellucid case report";
/// Counts up when fields change their meaning.
pub const FORMAT_VERSION: u32 = 1;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    pub format: String,
    pub format_version: u32,
    pub notice: String,
    /// RFC 3339.
    pub created: String,
    pub anonymized: bool,
    pub software: Software,
    pub source: SourceRecord,
    pub image: Metadata,
    pub model: ModelRecord,
    /// How the model came to score the image; empty in reports of before there was a choice.
    #[serde(default)]
    pub chosen_because: String,
    pub options: AnalysisOptions,
    pub display: Display,
    pub gate: Option<GateVerdict>,
    pub scored: bool,
    pub stochastic: bool,
    pub labels: Vec<ScoreRecord>,
    pub groups: Vec<ScoreRecord>,
    pub uncertainty: Option<Uncertainty>,
    /// The printed maps at the layer's own resolution, before any post-processing.
    pub maps: Vec<MapRecord>,
    /// What tells where the lungs lie; nothing where that is not known, and in reports of before
    /// 0.7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lungs: Option<FieldsSource>,
    /// Similar cases of a gallery, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub similar: Option<SimilarRecord>,
    /// The study that the image belongs to, judged as one; nothing where nobody asked, and where it
    /// has one image only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub study: Option<StudyRecord>,
    /// The prior beside it; nothing where none stood there, and in reports of before 0.7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<PriorRecord>,
    /// How faithful one of them is, where that was asked; [`super::verify`] names it as not
    /// checked.
    #[serde(default, rename = "trust")]
    pub faithfulness: Option<FaithfulnessRecord>,
    pub suggestions: Vec<Suggestion>,
    pub warnings: Vec<String>,
    pub timing_ms: Timing,
    /// What the reader wrote; nothing where nothing was written, and in reports of before it was
    /// asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impression: Option<Impression>,
    /// What the reader said of the findings; nothing where nothing was said, and in reports of before
    /// 0.7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<FeedbackRecord>,
    /// What the reader measured; nothing in reports of before 0.7.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<MeasurementRecord>,
    /// The reader's key images; nothing where none is known, and in reports of before 0.7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_images: Option<KeyImagesRecord>,
    /// What the reader asked of changed images; nothing in reports of before 0.7.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what_if: Vec<ChangeRecord>,
    /// Present, absent or undecided at a stated error rate; `None` where nothing can be said, and
    /// in reports of before there was this.
    #[serde(default)]
    pub conformal: Option<Conformal>,
    /// Whether the image belongs to the population of the model; nothing where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<PopulationVerdict>,
    /// Predictive values at the prevalences that the reader stated; nothing where none was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prevalence: Vec<AtPrevalence>,
    /// Error rate that the states were asked for at; nothing in reports of before 0.6.
    #[serde(default, rename = "risk")]
    pub error_rate: Option<f64>,
    /// Nothing in reports of before 0.6.
    #[serde(default)]
    pub size: Option<Size>,
    /// SHA-256 of the PDF that the JSON was written with; nothing in reports of before 0.6.
    #[serde(default)]
    pub pdf_sha256: Option<String>,
}

/// What the file says of its pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Size {
    pub columns: usize,
    pub rows: usize,
    /// Of the whole object.
    pub frames: u32,
    pub spacing: Option<Spacing>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Software {
    pub name: String,
    pub version: String,
    pub commit: String,
}

/// Where the image came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRecord {
    /// Absolute path; `None` in an anonymised report.
    pub path: Option<PathBuf>,
    /// SHA-256 of the file; `None` in an anonymised report.
    pub sha256: Option<String>,
    pub sop_instance_uid: Option<String>,
    /// Number of the frame, from 0.
    pub frame: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    pub name: String,
    pub version: String,
    /// SHA-256 of the weights.
    pub sha256: String,
    pub device: String,
    pub preprocessing: Input,
    pub head: Head,
    pub temperature: f32,
}

/// How the printed images look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Display {
    pub classes: Vec<String>,
    pub method: Method,
    pub layer: String,
    pub window: Window,
    pub inverted_by_reader: bool,
    pub overlay: OverlayStyle,
    pub paper: Paper,
    /// Code of the language of the pages; nothing where it is English, and in reports of before 0.7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// False where it is the window that the image opens with.
    #[serde(default)]
    pub window_by_reader: bool,
    /// What else of the screen the print follows; nothing where it is as the image opens, and in
    /// reports of before 0.7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_screen: Option<OnScreenRecord>,
}

/// A label or a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRecord {
    pub label: String,
    pub logit: Option<f32>,
    pub probability: f32,
    pub threshold: f32,
    #[serde(flatten)]
    pub summary: Option<Summary>,
}

/// Nats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Uncertainty {
    pub predictive_entropy: f32,
    pub mutual_information: f32,
    pub max_entropy: f32,
    pub samples: usize,
    pub seed: u64,
    /// What differed from sample to sample.
    #[serde(default)]
    pub source: SampleSource,
    /// Further models of an ensemble.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
}

/// A raw map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapRecord {
    pub label: String,
    pub method: Method,
    pub layer: String,
    pub logit: f32,
    pub evidence: Evidence,
    /// What a map that should add up to a difference of scores adds up to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residual: Option<Residual>,
    pub width: usize,
    pub height: usize,
    /// Where the evidence lies; only where it is known where the lungs lie, and there is evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lungs: Option<EvidenceShares>,
    /// Row by row.
    pub values: Vec<f32>,
}

/// How faithful a map is to the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaithfulnessRecord {
    pub label: String,
    pub method: Method,
    pub layer: String,
    /// False where it was stopped before everything was measured.
    pub whole: bool,
    #[serde(flatten)]
    pub found: Faithfulness,
}
