//! The sidecar: everything that is needed to judge the printed numbers by machine, and to compute them again.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::case::{CaseReport, Finding, OverlayStyle, Paper};
use super::file::Source;
use super::impression::Impression;
use super::pdf_text::NOT_A_DEVICE;
use super::redact;
use super::suggestions::{Said, suggestions};
use crate::engine::conformal::Conformal;
use crate::engine::explanation::Trusted;
use crate::engine::prevalence::AtPrevalence;
use crate::engine::{AnalysisOptions, Member, Timing};
use crate::explain::faithfulness::Trust;
use crate::explain::{Evidence, Method, Residual};
use crate::imaging::Window;
use crate::imaging::auto_window::initial_window;
use crate::network::GateVerdict;
use crate::network::manifest::{Head, Input};
use crate::study::{Metadata, Spacing};
use crate::uncertainty::population::PopulationVerdict;
use crate::uncertainty::{Source as SampleSource, Summary};

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
    /// How the model came to judge the image; empty in reports of before there was a choice.
    #[serde(default)]
    pub chosen_because: String,
    pub options: AnalysisOptions,
    pub display: Display,
    pub gate: Option<GateVerdict>,
    pub scored: bool,
    pub stochastic: bool,
    pub labels: Vec<Number>,
    pub groups: Vec<Number>,
    pub uncertainty: Option<Uncertainty>,
    /// The printed maps at the layer's own resolution, before any post-processing.
    pub maps: Vec<MapRecord>,
    /// How far one of them can be trusted, where that was asked; [`super::verify`] names it as not checked.
    #[serde(default)]
    pub trust: Option<TrustRecord>,
    pub suggestions: Vec<Said>,
    pub warnings: Vec<String>,
    pub timing_ms: Timing,
    /// What the reader wrote; nothing where nothing was written, and in reports of before it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impression: Option<Impression>,
    /// Present, absent or undecided at a stated risk; `None` where nothing can be said, and in reports of before there was this.
    #[serde(default)]
    pub conformal: Option<Conformal>,
    /// Whether the image belongs to the population of the model; nothing where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<PopulationVerdict>,
    /// Predictive values at the prevalences that the reader stated; nothing where none was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prevalence: Vec<AtPrevalence>,
    /// Risk that the states were asked for at; nothing in reports of before 0.6.
    #[serde(default)]
    pub risk: Option<f64>,
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
    /// SHA-256 of the file.
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

/// How the printed pictures look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Display {
    pub classes: Vec<String>,
    pub method: Method,
    pub layer: String,
    pub window: Window,
    pub inverted_by_reader: bool,
    pub overlay: OverlayStyle,
    pub paper: Paper,
    /// False where it is the window that the image opens with.
    #[serde(default)]
    pub window_by_reader: bool,
}

/// A label or a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Number {
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
    /// Row by row.
    pub values: Vec<f32>,
}

/// How far a map can be trusted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrustRecord {
    pub label: String,
    pub method: Method,
    pub layer: String,
    /// False where it was stopped before everything was measured.
    pub whole: bool,
    #[serde(flatten)]
    pub trust: Trust,
}

impl TrustRecord {
    fn of(case: &CaseReport, trusted: &Trusted) -> Self {
        let Trusted { method, subject, layer, trust, whole } = trusted.clone();
        Self { label: subject.name(&case.model.manifest), method, layer, whole, trust }
    }
}

impl Sidecar {
    /// The record of a case; anonymised when the case is.
    #[must_use]
    pub fn of(case: &CaseReport, source: &Source) -> Self {
        let (analysis, manifest) = (&case.analysis, &case.model.manifest);
        let identity = &case.frame.entry.identity;
        let findings = case.findings();
        let numbers = |groups: bool| findings.iter().filter(|f| f.is_group == groups).map(Number::of).collect();
        let mut gate = analysis.gate.clone();
        if let Some(gate) = &mut gate {
            gate.reason = redact::clean(case, &gate.reason);
            gate.warnings = gate.warnings.iter().map(|text| redact::clean(case, text)).collect();
        }
        let mut population = analysis.population.clone();
        if let Some(population) = &mut population {
            population.reason = redact::clean(case, &population.reason);
        }
        let mut conformal = case.conformal().ok().filter(|_| analysis.scored);
        for state in conformal.iter_mut().flat_map(|c| &mut c.states) {
            state.reason = redact::clean(case, &state.reason);
        }
        Self {
            format: FORMAT.into(),
            format_version: FORMAT_VERSION,
            notice: NOT_A_DEVICE.into(),
            created: case.created.to_rfc3339(),
            anonymized: case.anonymize,
            software: Software {
                name: "Pellucid".into(),
                version: crate::VERSION.into(),
                commit: crate::COMMIT.into(),
            },
            source: SourceRecord {
                path: source.path.clone(),
                sha256: source.sha256.clone(),
                sop_instance_uid: (!case.anonymize && !identity.sop_instance_uid.is_empty())
                    .then(|| identity.sop_instance_uid.clone()),
                frame: case.frame.index,
            },
            image: redact::metadata(case),
            model: ModelRecord {
                name: manifest.name.clone(),
                version: manifest.version.clone(),
                sha256: case.model.sha256.clone(),
                device: case.model.device.clone(),
                preprocessing: manifest.input.clone(),
                head: manifest.head,
                temperature: manifest.temperature,
            },
            chosen_because: redact::clean(case, &analysis.chosen_because),
            options: analysis.options.clone(),
            display: Display {
                classes: case.classes.iter().map(|&class| case.class_name(class)).collect(),
                method: case.method,
                layer: case.layer.clone(),
                window: case.window,
                inverted_by_reader: case.inverted_by_reader,
                overlay: case.overlay.clone(),
                paper: case.paper,
                window_by_reader: case.window != initial_window(&case.frame),
            },
            gate,
            scored: analysis.scored,
            stochastic: analysis.stochastic,
            labels: numbers(false),
            groups: numbers(true),
            uncertainty: analysis.posterior.as_ref().filter(|_| analysis.scored).map(|p| Uncertainty {
                predictive_entropy: p.predictive_entropy,
                mutual_information: p.mutual_information,
                max_entropy: p.max_entropy,
                samples: if p.samples.is_empty() { analysis.options.samples } else { p.samples.len() },
                seed: p.seed,
                source: p.source,
                members: if p.source == SampleSource::Ensemble { case.model.ensemble.clone() } else { Vec::new() },
            }),
            maps: case
                .classes
                .iter()
                .filter_map(|&class| Some((class, case.attribution(class)?)))
                .map(|(class, map)| MapRecord {
                    label: case.class_name(class),
                    method: map.method,
                    layer: map.layer.clone(),
                    logit: map.logit,
                    evidence: map.evidence,
                    residual: map.residual,
                    width: map.raw.width,
                    height: map.raw.height,
                    values: map.raw.values.clone(),
                })
                .collect(),
            trust: case.trust.as_ref().map(|trusted| TrustRecord::of(case, trusted)),
            suggestions: suggestions(case),
            warnings: case
                .frame
                .warnings
                .iter()
                .chain(&analysis.warnings)
                .map(|text| redact::clean(case, text))
                .chain(redact::caution(case).map(str::to_owned))
                .collect(),
            timing_ms: analysis.timing,
            impression: redact::impression(case),
            conformal,
            population,
            prevalence: if analysis.scored { case.at_prevalences() } else { Vec::new() },
            risk: Some(case.risk),
            size: Some(Size {
                columns: case.frame.plane.width,
                rows: case.frame.plane.height,
                frames: case.frame.entry.frames,
                spacing: case.frame.spacing,
            }),
            pdf_sha256: None,
        }
    }
}

impl Number {
    fn of(finding: &Finding) -> Self {
        Self {
            label: finding.name.clone(),
            logit: finding.logit,
            probability: finding.probability,
            threshold: finding.threshold,
            summary: finding.summary.clone(),
        }
    }
}
