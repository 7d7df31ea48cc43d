//! What the model says of an image, as the JSON line of the contract, and as text ([`text`]).

mod cells;
mod similar;
mod text;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use self::similar::SimilarRecord;
use super::Usage;
use super::session::{Analyzed, stated};
use crate::engine::conformal::Conformal;
use crate::engine::lungs::FieldsSource;
use crate::engine::model_selection::choice::Opinion;
use crate::engine::prevalence::AtPrevalence;
use crate::engine::{Analysis, Score, Timing};
use crate::explain::anatomical_regions::AnatomicalRegions;
use crate::explain::evidence_shares::EvidenceShares;
use crate::explain::stability::MapStability;
use crate::explain::{Attribution, Evidence, MethodSettings};
use crate::imaging::lung_fields::LungRegion;
use crate::model::Model;
use crate::model::gate::GateVerdict;
use crate::model::population::PopulationVerdict;
use crate::model::prevalence::Stated;
use crate::study::Frame;
use crate::uncertainty::{SampleSource, Summary};

/// One image; the fields and their order are a stable contract.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    image: String,
    sop_instance_uid: &'a str,
    /// Of an image with several frames, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<u32>,
    /// `null` when no model fits.
    model: Option<ModelId<'a>>,
    chosen_because: &'a str,
    gate: Gate<'a>,
    predictions: Vec<ScoreRow<'a>>,
    groups: Vec<ScoreRow<'a>>,
    predictive_entropy: Option<f32>,
    mutual_information: Option<f32>,
    samples: usize,
    seed: u64,
    warnings: Vec<&'a str>,
    timing_ms: Timing,
    /// Of `explain`, and of `predict` where it is known where the lungs lie.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    maps: Vec<MapRecord<'a>>,
    /// What tells where the lungs lie; only where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    lungs: Option<&'a FieldsSource>,
    /// What differed from sample to sample; `null` without samples.
    uncertainty: Option<SampleSource>,
    /// Present, absent or undecided at a stated error rate; `null` where nothing can be said.
    conformal: Option<Conformal>,
    /// Why nothing can be said.
    #[serde(skip)]
    no_states: Option<String>,
    /// Whether the image belongs to the population of the model; `null` where nothing is known of
    /// it, or nothing was scored.
    population: Option<&'a PopulationVerdict>,
    /// What each model says of the image, where one was to be chosen.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    gates: &'a [Opinion],
    /// Predictive values; only where a prevalence was stated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prevalence: Vec<AtPrevalence>,
    /// The user's own images that are most like it; only where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    similar: Option<SimilarRecord<'a>>,
    #[serde(skip)]
    analyzed: &'a Analyzed,
    /// The file that this one is a copy of, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_of: Option<String>,
}

#[derive(Debug, Serialize)]
struct ModelId<'a> {
    name: &'a str,
    sha256: &'a str,
}

/// `score` is `null` for a model without a gate, and where its network was not asked. When no model fits it is the
/// highest of all gates.
#[derive(Debug, Serialize)]
struct Gate<'a> {
    accepted: bool,
    score: Option<f32>,
    reason: Cow<'a, str>,
}

/// A label or a group. Groups have no logit; without samples there is no distribution.
#[derive(Debug, Serialize)]
struct ScoreRow<'a> {
    label: &'a str,
    logit: Option<f32>,
    probability: f32,
    mean: Option<f32>,
    sd: Option<f32>,
    p05: Option<f32>,
    p95: Option<f32>,
    #[serde(skip)]
    threshold: f32,
}

/// A heat map in numbers.
#[derive(Debug, Serialize)]
struct MapRecord<'a> {
    label: String,
    method: &'static str,
    layer: &'a str,
    width: usize,
    height: usize,
    minimum: f32,
    maximum: f32,
    /// False: no positive evidence for this class anywhere.
    evidence: bool,
    /// Column and row of the maximum in the raw map.
    peak: [usize; 2],
    /// Runs of the network beside the pass that everything starts from, shared by all maps.
    evaluations: usize,
    /// Of methods in which chance plays a part.
    seed: Option<u64>,
    /// What the map should add up to, does, and lacks; `null` for methods that promise nothing of
    /// the kind.
    additivity: Option<Additivity>,
    /// `null` unless asked for.
    stability: Option<Stability>,
    /// How much of the evidence lies in the lungs; only where it is known where they lie, and there
    /// is evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    lungs: Option<EvidenceShares>,
    /// The value of each region of the chest, in units of the score; only where values were given
    /// to regions.
    #[serde(skip_serializing_if = "Option::is_none")]
    regions: Option<BTreeMap<&'static str, f64>>,
}

/// Completeness or additivity of a map, in units of the score.
#[derive(Debug, Serialize)]
struct Additivity {
    expected: f64,
    found: f64,
    residual: f64,
}

/// How stable a map is over dropout samples.
#[derive(Debug, Serialize)]
struct Stability {
    samples: usize,
    /// 0–1, see [`MapStability::mean_stability`]; `null` for a map that shows nothing.
    mean: Option<f64>,
    /// The largest standard deviation of a place.
    largest_sd: f32,
}

/// The number of a frame among several, from 1.
fn number_of(frame: &Frame) -> Option<u32> {
    (frame.entry.frames > 1).then_some(frame.index + 1)
}

impl<'a> Record<'a> {
    /// The record of one image, with its conformal states at `error_rate`.
    pub(super) fn new(path: &Path, analyzed: &'a Analyzed, error_rate: f64) -> Self {
        match &analyzed.outcome {
            Some((model, analysis)) => Self::of(path, analyzed, model, analysis, error_rate),
            None => Self::unfit(path, analyzed),
        }
    }

    fn unfit(path: &Path, analyzed: &'a Analyzed) -> Self {
        let Analyzed { frame, choice, .. } = analyzed;
        // What the gates make of an image that is not all there says nothing of the image.
        let gate = match frame.scorable() {
            Ok(()) => Gate { accepted: false, score: choice.score, reason: choice.because.as_str().into() },
            Err(reason) => Gate { accepted: false, score: None, reason: reason.to_string().into() },
        };
        Self {
            image: path.display().to_string(),
            sop_instance_uid: &frame.entry.identity.sop_instance_uid,
            frame: number_of(frame),
            model: None,
            chosen_because: &choice.because,
            gate,
            predictions: Vec::new(),
            groups: Vec::new(),
            predictive_entropy: None,
            mutual_information: None,
            samples: 0,
            seed: 0,
            warnings: frame.warnings.iter().map(String::as_str).collect(),
            timing_ms: Timing::default(),
            maps: Vec::new(),
            lungs: None,
            uncertainty: None,
            conformal: None,
            prevalence: Vec::new(),
            no_states: None,
            population: None,
            gates: &choice.opinions,
            similar: analyzed.similar.as_ref().map(|similar| SimilarRecord::of(similar, analyzed)),
            analyzed,
            copy_of: None,
        }
    }

    fn of(path: &Path, analyzed: &'a Analyzed, model: &'a Model, analysis: &'a Analysis, error_rate: f64) -> Self {
        let Analyzed { frame, choice, .. } = analyzed;
        let posterior = analysis.posterior.as_ref();
        let mut warnings: Vec<&str> = Vec::new();
        for warning in frame.warnings.iter().chain(&analysis.warnings) {
            if !warnings.contains(&warning.as_str()) {
                warnings.push(warning);
            }
        }
        let gate = analysis.gate.as_ref();
        let states = Conformal::of(
            &model.manifest,
            &model.calibration,
            gate,
            analysis.population.as_ref(),
            &analysis.labels,
            &analysis.groups,
            error_rate,
        );
        Self {
            image: path.display().to_string(),
            sop_instance_uid: &frame.entry.identity.sop_instance_uid,
            frame: number_of(frame),
            model: Some(ModelId { name: &model.manifest.name, sha256: &model.sha256 }),
            chosen_because: &choice.because,
            gate: Gate {
                accepted: gate.is_none_or(|g| g.accepted),
                score: gate.and_then(GateVerdict::number),
                reason: gate.map_or("This model has no input gate.".into(), |g| g.reason.as_str().into()),
            },
            predictions: rows(&analysis.labels, posterior.map(|p| p.labels.as_slice())),
            groups: rows(&analysis.groups, posterior.map(|p| p.groups.as_slice())),
            predictive_entropy: posterior.map(|p| p.predictive_entropy),
            mutual_information: posterior.map(|p| p.mutual_information),
            samples: posterior.map_or(0, |p| p.samples.len()),
            seed: analysis.options.seed,
            warnings,
            timing_ms: analysis.timing,
            maps: Vec::new(),
            lungs: analyzed.lungs.found().map(|lungs| &lungs.source),
            uncertainty: posterior.map(|p| p.source),
            no_states: states.as_ref().err().filter(|_| analysis.scored).map(ToString::to_string),
            conformal: states.ok().filter(|_| analysis.scored),
            population: analysis.population.as_ref(),
            gates: &choice.opinions,
            prevalence: Vec::new(),
            similar: analyzed.similar.as_ref().map(|similar| SimilarRecord::of(similar, analyzed)),
            analyzed,
            copy_of: None,
        }
    }

    /// The same with predictive values at the prevalences that were stated.
    pub(super) fn at(mut self, prevalences: &[Stated]) -> Result<Self, Usage> {
        let Some((model, analysis)) = self.analyzed.outcome.as_ref().filter(|(_, analysis)| analysis.scored) else {
            return Ok(self);
        };
        let (gate, population) = (analysis.gate.as_ref(), analysis.population.as_ref());
        for (name, share) in stated(prevalences, &model.manifest)? {
            let score = analysis.labels.iter().chain(&analysis.groups).find(|s| s.label == name);
            let of = |s| AtPrevalence::of(&model.manifest, &model.calibration, gate, population, s, share);
            self.prevalence.extend(score.map(of));
        }
        Ok(self)
    }

    /// The same for a file that is a copy of another one, byte for byte.
    #[must_use]
    pub(super) fn of_a_copy(mut self, original: Option<&Path>) -> Self {
        self.copy_of = original.map(|path| path.display().to_string());
        self
    }

    /// Why the image is outside the population of the model, where it is.
    fn outside(&self) -> Option<&str> {
        let (_, analysis) = self.analyzed.outcome.as_ref()?;
        analysis.population.as_ref().filter(|p| !p.inside).map(|p| p.reason.as_str())
    }

    /// The same with the heat maps that were made.
    #[must_use]
    pub(super) fn with_maps(mut self, model: &'a Model, maps: &[&'a Attribution], settings: &MethodSettings) -> Self {
        let lungs = self.analyzed.lungs.found();
        let shares = |map: &Attribution| lungs.and_then(|l| EvidenceShares::of(map, &model.manifest.input, &l.fields));
        self.maps =
            maps.iter().map(|map| MapRecord { lungs: shares(map), ..map_record(model, map, settings) }).collect();
        self
    }

    /// The same with the values of the regions that the maps were made over, in the place of shares
    /// of their area; `maps` are those of [`Self::with_maps`].
    #[must_use]
    pub(super) fn by_region(mut self, model: &Model, maps: &[&Attribution]) -> Self {
        let Some(lungs) = self.analyzed.lungs.found() else { return self };
        let regions = AnatomicalRegions::of(&lungs.fields, &model.manifest.input);
        for (record, map) in self.maps.iter_mut().zip(maps) {
            let values = LungRegion::ALL.into_iter().zip(regions.values(map));
            record.regions = Some(values.filter_map(|(region, value)| Some((region.key(), value?))).collect());
            record.lungs = None;
        }
        self
    }

    /// The same with what is known of the stability of the maps, which are in the same order.
    #[must_use]
    pub(super) fn with_stability(mut self, stabilities: &[Arc<MapStability>]) -> Self {
        for (map, found) in self.maps.iter_mut().zip(stabilities) {
            map.stability = Some(Stability {
                samples: found.samples,
                mean: found.mean_stability(),
                largest_sd: found.sd.values.iter().copied().fold(0.0, f32::max),
            });
        }
        self
    }
}

fn rows<'a>(scores: &'a [Score], summaries: Option<&[Summary]>) -> Vec<ScoreRow<'a>> {
    scores
        .iter()
        .enumerate()
        .map(|(i, score)| {
            let summary = summaries.and_then(|s| s.get(i));
            ScoreRow {
                label: &score.label,
                logit: score.logit,
                probability: score.probability,
                mean: summary.map(|s| s.mean),
                sd: summary.map(|s| s.sd),
                p05: summary.map(|s| s.p05),
                p95: summary.map(|s| s.p95),
                threshold: score.threshold,
            }
        })
        .collect()
}

fn map_record<'a>(model: &'a Model, map: &'a Attribution, settings: &MethodSettings) -> MapRecord<'a> {
    let values = &map.raw.values;
    let peak = (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0);
    let width = map.raw.width.max(1);
    MapRecord {
        label: map.subject.name(&model.manifest),
        method: map.method.key(),
        layer: &map.layer,
        width: map.raw.width,
        height: map.raw.height,
        minimum: values.iter().copied().fold(f32::INFINITY, f32::min),
        maximum: values.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        evidence: map.evidence == Evidence::Positive,
        peak: [peak % width, peak / width],
        evaluations: map.evaluations,
        seed: map.method.is_random().then_some(settings.seed),
        additivity: map.residual.map(|r| Additivity { expected: r.expected, found: r.found, residual: r.value() }),
        stability: None,
        lungs: None,
        regions: None,
    }
}
