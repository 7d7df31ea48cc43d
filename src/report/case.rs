//! The case: everything that a report prints, gathered once, so that PDF and JSON say the same
//! numbers.

use std::sync::Arc;

use chrono::{DateTime, Local};
use serde::{Deserialize, Serialize};

use super::case_study::CaseStudy;
use super::impression::Impression;
use super::key_images::CaseKeyImages;
use super::on_screen::OnScreen;
use super::prior::CasePrior;
use super::what_if::ChangeRecord;
use crate::engine::conformal::{Conformal, NoStates};
use crate::engine::lungs::Lungs;
use crate::engine::map_request::MapFaithfulness;
use crate::engine::prevalence::AtPrevalence;
use crate::engine::similar::Similar;
use crate::engine::{Analysis, ModelInfo};
use crate::explain::evidence_shares::EvidenceShares;
use crate::explain::scale::{Scale, area, on_picture, shared_top, shows_something};
use crate::explain::{Attribution, Method};
use crate::feedback::CaseFeedback;
use crate::imaging::auto_window::initial_window;
pub use crate::imaging::overlay::OverlayStyle;
use crate::imaging::{Plane, Window};
use crate::language::{ENGLISH, tr};
use crate::measurement::Measurement;
use crate::model::conformal::RISK;
use crate::study::Frame;
use crate::uncertainty::Summary;

/// What the exporters take.
#[derive(Clone)]
pub struct CaseReport {
    pub frame: Arc<Frame>,
    pub analysis: Arc<Analysis>,
    pub model: ModelInfo,
    /// What the reader wrote, where the reader wrote something.
    pub impression: Option<Impression>,
    /// What the reader said of the model's findings, where the reader said something.
    pub feedback: Option<CaseFeedback>,
    /// Classes with a panel of their own, in this order (indices into the manifest's labels).
    pub classes: Vec<usize>,
    pub method: Method,
    pub layer: String,
    /// How faithful the map of one of the classes is to the model, where that was asked.
    pub faithfulness: Option<MapFaithfulness>,
    /// Where the lungs of the image lie, if that is known.
    pub lungs: Option<Arc<Lungs>>,
    /// Similar cases, where they were asked for.
    pub similar: Option<SimilarSection>,
    /// The study that the image belongs to, judged as one.
    pub study: Option<CaseStudy>,
    /// The prior that stands beside it.
    pub prior: Option<CasePrior>,
    /// What the reader measured on the image.
    pub measurements: Vec<Measurement>,
    /// The reader's key images; nothing where nobody knows of any.
    pub key_images: Option<CaseKeyImages>,
    /// What the reader asked of changed images.
    pub kept_changes: Vec<ChangeRecord>,
    /// The window of the printed image.
    pub window: Window,
    pub inverted_by_reader: bool,
    /// What else of the screen the print follows.
    pub on_screen: OnScreen,
    pub overlay: OverlayStyle,
    /// Leaves out name, id, birth date, accession number, institution and physician everywhere.
    pub anonymize: bool,
    pub paper: Paper,
    /// Code of the language of the printed pages and of the words in images.
    pub language: String,
    /// When the report was asked for.
    pub created: DateTime<Local>,
    /// Error rate of the conformal states.
    pub error_rate: f64,
    /// Labels or groups with the share of patients who have them, as the reader stated it.
    pub prevalences: Vec<(String, f64)>,
}

/// Similar cases, as they were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct SimilarSection {
    /// At most so many.
    pub asked: usize,
    pub found: Similar,
}

/// Sheet of the printed report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Paper {
    #[default]
    A4,
    Letter,
}

impl Paper {
    /// Width and height in points (1/72 inch).
    #[must_use]
    pub fn size(self) -> (f32, f32) {
        match self {
            Self::A4 => (595.276, 841.89),
            Self::Letter => (612.0, 792.0),
        }
    }
}

/// One line of the findings table: a label, or a group of labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub name: String,
    pub is_group: bool,
    /// True for a label that belongs to a group: it is printed below it.
    pub member: bool,
    pub logit: Option<f32>,
    /// Of the pass with dropout off, calibrated: the one number that threshold and states are
    /// about.
    pub probability: f32,
    pub threshold: f32,
    /// Over the samples, where there are any: their spread, and their mean as a detail.
    pub summary: Option<Summary>,
}

impl CaseReport {
    /// A report in English with the defaults of the viewer: the most probable class, the first method and
    /// layer of the analysis, and the window that the image opens with.
    #[must_use]
    pub fn new(frame: Arc<Frame>, analysis: Arc<Analysis>, model: ModelInfo) -> Self {
        let top = (0..analysis.labels.len())
            .max_by(|&a, &b| analysis.labels[a].probability.total_cmp(&analysis.labels[b].probability));
        let layer = analysis.options.layers.first().unwrap_or(&model.manifest.target_layer).clone();
        let method = analysis.options.methods.first().copied().unwrap_or(Method::GradCam);
        Self {
            window: initial_window(&frame.pixels),
            classes: top.into_iter().collect(),
            method,
            layer,
            faithfulness: None,
            lungs: None,
            similar: None,
            study: None,
            prior: None,
            measurements: Vec::new(),
            key_images: None,
            kept_changes: Vec::new(),
            frame,
            analysis,
            model,
            impression: None,
            feedback: None,
            inverted_by_reader: false,
            on_screen: OnScreen::default(),
            overlay: OverlayStyle::default(),
            anonymize: false,
            paper: Paper::default(),
            language: ENGLISH.to_owned(),
            created: Local::now(),
            error_rate: RISK,
            prevalences: Vec::new(),
        }
    }

    /// Present, absent or undecided at the report's error rate.
    ///
    /// # Errors
    /// The sentence that says why nothing can be said.
    pub fn conformal(&self) -> Result<Conformal, NoStates> {
        let Analysis { gate, population, labels, groups, .. } = self.analysis.as_ref();
        Conformal::of(
            &self.model.manifest,
            &self.model.calibration,
            gate.as_ref(),
            population.as_ref(),
            labels,
            groups,
            self.error_rate,
        )
    }

    /// What the calls are worth at the prevalences that the reader stated.
    #[must_use]
    pub fn at_prevalences(&self) -> Vec<AtPrevalence> {
        let Analysis { gate, population, labels, groups, .. } = self.analysis.as_ref();
        let (gate, population) = (gate.as_ref(), population.as_ref());
        let of = |(name, share): &(String, f64)| {
            let score = labels.iter().chain(groups).find(|s| s.label == *name)?;
            Some(AtPrevalence::of(&self.model.manifest, &self.model.calibration, gate, population, score, *share))
        };
        self.prevalences.iter().filter_map(of).collect()
    }

    /// Why the image is outside the population that the model was measured on; nothing where it is
    /// inside, or nobody looked.
    #[must_use]
    pub fn outside(&self) -> Option<&str> {
        self.analysis.population.as_ref().filter(|p| !p.inside).map(|p| p.reason.as_str())
    }

    /// Name of a class, or its number where the manifest has no such label.
    #[must_use]
    pub fn class_name(&self, class: usize) -> String {
        let label = self.model.manifest.labels.get(class);
        label.map_or_else(|| tr!("class {class}", class), |label| label.name.clone())
    }

    /// The map of a class by the method and at the layer of this report.
    #[must_use]
    pub fn attribution(&self, class: usize) -> Option<&Attribution> {
        self.analysis
            .attributions
            .iter()
            .map(Arc::as_ref)
            .find(|a| a.class() == Some(class) && a.method == self.method && a.layer == self.method.place(&self.layer))
    }

    /// Where the evidence of a class's map lies; nothing where it is not known where the lungs lie,
    /// or the map holds no evidence.
    #[must_use]
    pub fn evidence_shares(&self, class: usize) -> Option<EvidenceShares> {
        EvidenceShares::of(self.attribution(class)?, &self.model.manifest.input, &self.lungs.as_ref()?.fields)
    }

    /// The maps of the printed classes that hold evidence; they make the shared scale.
    pub fn maps(&self) -> impl Iterator<Item = &Attribution> {
        self.classes.iter().filter_map(|&class| self.attribution(class)).filter(|map| shows_something(map))
    }

    /// A map as it is printed at `width × height` pixels of the image: scaled to 0–1 (signed ones to
    /// −1–1), on the scale that the overlay asks for.
    #[must_use]
    pub fn scaled_map(&self, attribution: &Attribution, width: usize, height: usize) -> Plane {
        let shared = self.overlay.shared_scale && self.classes.len() > 1;
        let scale = if shared { Scale::Shared { max: shared_top(self.maps()) } } else { Scale::PerClass };
        self.map_by(attribution, scale, width, height)
    }

    /// A map on the image by this scale, `width × height`.
    pub(super) fn map_by(&self, attribution: &Attribution, scale: Scale, width: usize, height: usize) -> Plane {
        let plane = &self.frame.pixels.plane;
        let seen = area(&self.model.manifest.input, plane.width, plane.height);
        on_picture(attribution, scale, seen, width, height)
    }

    /// The table of findings: each group followed by its members, then the labels without a group.
    ///
    /// Empty when nothing was scored.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let (analysis, manifest) = (&self.analysis, &self.model.manifest);
        if !analysis.scored {
            return Vec::new();
        }
        let posterior = analysis.posterior.as_ref();
        let label = |i: usize, member: bool| {
            let score = &analysis.labels[i];
            Finding {
                name: score.label.clone(),
                is_group: false,
                member,
                logit: score.logit,
                probability: score.probability,
                threshold: score.threshold,
                summary: posterior.and_then(|p| p.labels.get(i)).cloned(),
            }
        };
        let mut findings = Vec::new();
        let mut printed = vec![false; analysis.labels.len()];
        for (g, score) in analysis.groups.iter().enumerate() {
            findings.push(Finding {
                name: score.label.clone(),
                is_group: true,
                member: false,
                logit: score.logit,
                probability: score.probability,
                threshold: score.threshold,
                summary: posterior.and_then(|p| p.groups.get(g)).cloned(),
            });
            let members = manifest.groups.iter().find(|group| group.name == score.label).map(|group| &group.members);
            for (i, of) in analysis.labels.iter().enumerate() {
                if !printed[i] && members.is_some_and(|names| names.contains(&of.label)) {
                    printed[i] = true;
                    findings.push(label(i, true));
                }
            }
        }
        findings.extend((0..printed.len()).filter(|&i| !printed[i]).map(|i| label(i, false)));
        findings
    }
}
