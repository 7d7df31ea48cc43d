//! The sidecar of a case: what stands in it, and what an anonymised one leaves out.

use super::beside::{SimilarRecord, StudyRecord};
use super::prior;
use super::{
    Display, FORMAT, FORMAT_VERSION, FaithfulnessRecord, MapRecord, ModelRecord, ScoreRecord, Sidecar, Size, Software,
    SourceRecord, Uncertainty,
};
use crate::engine::map_request::MapFaithfulness;
use crate::imaging::auto_window::initial_window;
use crate::language::{ENGLISH, within};
use crate::report::case::{CaseReport, Finding};
use crate::report::image_file::ImageFile;
use crate::report::suggestions::suggestions;
use crate::report::{NOT_A_DEVICE, feedback, measurements, redact};
use crate::uncertainty::SampleSource;

impl Sidecar {
    /// The record of a case, in English; anonymised when the case is.
    #[must_use]
    pub fn of(case: &CaseReport, source: &ImageFile) -> Self {
        within(ENGLISH, || Self::in_english(case, source))
    }

    fn in_english(case: &CaseReport, source: &ImageFile) -> Self {
        let (analysis, manifest) = (&case.analysis, &case.model.manifest);
        let identity = &case.frame.entry.identity;
        let findings = case.findings();
        let numbers = |groups: bool| findings.iter().filter(|f| f.is_group == groups).map(ScoreRecord::of).collect();
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
                language: Some(case.language.clone()).filter(|code| code != ENGLISH),
                on_screen: redact::on_screen(case),
                window_by_reader: case.window != initial_window(&case.frame.pixels),
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
            maps: MapRecord::all(case),
            lungs: case
                .lungs
                .as_ref()
                .filter(|_| analysis.scored)
                .map(|lungs| if case.anonymize { lungs.source.without_names() } else { lungs.source.clone() }),
            similar: SimilarRecord::of(case),
            study: StudyRecord::of(case),
            prior: prior::record(case),
            faithfulness: case.faithfulness.as_ref().map(|found| FaithfulnessRecord::of(case, found)),
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
            feedback: feedback::record(case),
            measurements: measurements::records(case),
            key_images: redact::key_images(case),
            what_if: redact::kept_changes(case),
            conformal,
            population,
            prevalence: if analysis.scored { case.at_prevalences() } else { Vec::new() },
            error_rate: Some(case.error_rate),
            size: Some(Size {
                columns: case.frame.pixels.plane.width,
                rows: case.frame.pixels.plane.height,
                frames: case.frame.entry.frames,
                spacing: case.frame.spacing,
            }),
            pdf_sha256: None,
        }
    }
}

impl MapRecord {
    /// The maps of the printed classes.
    pub(super) fn all(case: &CaseReport) -> Vec<Self> {
        let record = |&class: &usize| {
            let map = case.attribution(class)?;
            Some(Self {
                label: case.class_name(class),
                method: map.method,
                layer: map.layer.clone(),
                logit: map.logit,
                evidence: map.evidence,
                residual: map.residual,
                width: map.raw.width,
                height: map.raw.height,
                lungs: case.evidence_shares(class),
                values: map.raw.values.clone(),
            })
        };
        case.classes.iter().filter_map(record).collect()
    }
}

impl ScoreRecord {
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

impl FaithfulnessRecord {
    fn of(case: &CaseReport, known: &MapFaithfulness) -> Self {
        let MapFaithfulness { method, subject, layer, measured: found, whole } = known.clone();
        Self { label: subject.name(&case.model.manifest), method, layer, whole, found }
    }
}
