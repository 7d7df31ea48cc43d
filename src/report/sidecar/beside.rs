//! What a sidecar holds of images beside that of the report: the study that it belongs to, and
//! similar cases.
//!
//! Similar cases are images of other patients: neither their files nor their UIDs are written down,
//! only a digest by which the same image is known again, and not even that in an anonymised report.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::engine::Score;
use crate::engine::similar::{Similar, SimilarCase, SimilarCases, how_to_make};
use crate::engine::study_members::{LeftOut, Member};
use crate::engine::study_result::StudyResult;
use crate::files::sha256;
use crate::language::{said, text, tr};
use crate::report::case::CaseReport;
use crate::report::redact;
use crate::study::unit::GroupedBy;
use crate::wording::similar;

/// The study that the image belongs to, judged as one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyRecord {
    pub grouped_by: GroupedBy,
    /// UID or patient; nothing in an anonymised report.
    pub name: Option<String>,
    pub result: StudyResult,
    /// The images that the model scored.
    pub images: Vec<StudyImageRecord>,
    pub left_out: Vec<LeftOutRecord>,
    /// How many were scored by other models.
    pub by_others: usize,
}

/// A scored image of the study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyImageRecord {
    /// Absolute path; nothing in an anonymised report.
    pub path: Option<PathBuf>,
    /// Labels, then groups.
    pub scores: Vec<ImageScore>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageScore {
    pub label: String,
    pub probability: f32,
}

/// An image of the study that takes no part; nothing of it in an anonymised report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutRecord {
    pub path: Option<PathBuf>,
    pub reason: Option<String>,
}

/// What a gallery says of the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimilarRecord {
    /// How many were asked for.
    pub asked: usize,
    /// Why there are none, in a sentence.
    pub none_because: Option<String>,
    /// Nothing where there is none that can be used.
    pub gallery: Option<GalleryRecord>,
    /// Nearest first.
    pub cases: Vec<SimilarCaseRecord>,
    pub remarks: Vec<String>,
}

/// The gallery that was looked into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GalleryRecord {
    /// SHA-256 of its features.
    pub sha256: String,
    pub images: usize,
    /// Day on which it was made.
    pub made: String,
    pub measured: usize,
    /// Distance of the nearest image of another patient.
    pub nearest: Option<f32>,
    pub median: Option<f32>,
    pub edge: Option<f32>,
}

/// A similar case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimilarCaseRecord {
    pub label: String,
    pub distance: f32,
    pub farther: f64,
    /// SHA-256 of its UID; nothing in an anonymised report.
    pub image: Option<String>,
}

impl StudyRecord {
    pub(super) fn of(case: &CaseReport) -> Option<Self> {
        let study = case.study.as_ref()?;
        let path = |path: PathBuf| (!case.anonymize).then(|| std::path::absolute(&path).unwrap_or(path));
        let score = |score: &Score| ImageScore { label: score.label.clone(), probability: score.probability };
        let image = |member: &Member| StudyImageRecord {
            path: path(member.path.clone()),
            scores: member.labels.iter().chain(&member.groups).map(score).collect(),
        };
        let left_out = |image: &LeftOut| LeftOutRecord {
            path: path(image.image.clone().into()),
            reason: (!case.anonymize).then(|| image.reason.clone()),
        };
        let clean = |text: &Option<String>| text.as_ref().map(|text| redact::clean(case, text));
        let result = StudyResult { no_states: clean(&study.result.no_states), ..study.result.clone() };
        Some(Self {
            grouped_by: study.key.by,
            name: (!case.anonymize).then(|| study.key.name.clone()),
            result,
            images: study.members.iter().map(image).collect(),
            left_out: study.left_out.iter().map(left_out).collect(),
            by_others: study.by_others,
        })
    }
}

impl SimilarRecord {
    pub(super) fn of(case: &CaseReport) -> Option<Self> {
        let section = case.similar.as_ref()?;
        let found = match &section.found {
            Similar::Cases(found) => Some(found),
            Similar::NoGallery | Similar::Unusable(_) => None,
        };
        let gallery = |found: &SimilarCases| GalleryRecord {
            sha256: found.gallery_sha256.clone(),
            images: found.images,
            made: found.made.clone(),
            measured: found.measured,
            nearest: found.nearest,
            median: found.median,
            edge: found.edge,
        };
        let similar = |one: &SimilarCase| SimilarCaseRecord {
            label: one.label.clone(),
            distance: one.distance,
            farther: one.farther,
            image: (!case.anonymize).then(|| sha256(one.uid.as_bytes())),
        };
        Some(Self {
            asked: section.asked,
            none_because: none_because(case),
            gallery: found.map(gallery),
            cases: found.map_or_else(Vec::new, |found| found.cases.iter().map(similar).collect()),
            remarks: found.map_or_else(Vec::new, |found| found.remarks.clone()),
        })
    }
}

/// Why there are no similar cases, where they were asked for, in the language of the thread.
pub(in crate::report) fn none_because(case: &CaseReport) -> Option<String> {
    match &case.similar.as_ref()?.found {
        Similar::NoGallery => Some(tr!(
            "This model has no gallery; `{command}` makes one of images of your own.",
            command = how_to_make(&case.model.manifest.name)
        )),
        // The reason may name a folder.
        Similar::Unusable(_) if case.anonymize => Some(text!("The gallery of this model cannot be used.").into()),
        Similar::Unusable(reason) => Some(tr!("No similar case: {reason}.", reason = said(reason))),
        Similar::Cases(found) => similar::none(found),
    }
}
