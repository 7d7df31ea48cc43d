//! One file as a result, whatever its kind.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::document::Document;
use super::kind::ResultKind;
use super::parametric_map::ParametricMap;
use super::presentation::Presentation;
use super::reference::{Reference, distinct};
use super::segmentation::Segmentation;
use super::structured_report::StructuredReport;
use super::{ReadError, multi_frame};
use crate::panic_guard::guarded;
use crate::study::StudyError;
use crate::study::dicom::Dicom;

/// A result, without its pixels or its document.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ReadObject {
    StructuredReport(StructuredReport),
    Segmentation(Segmentation),
    ParametricMap(ParametricMap),
    Document(Document),
    Presentation(Presentation),
}

/// Reads the result in a file.
///
/// # Errors
/// When the file cannot be read, is no result, or a part is missing without which it says nothing.
pub fn read(path: &Path) -> Result<ReadObject, ReadError> {
    guarded(|| ReadObject::of(&Dicom::open(path)?)).map_err(StudyError::from)?
}

impl ReadObject {
    pub(super) fn of(dicom: &Dicom) -> Result<Self, ReadError> {
        match ResultKind::of_class(&dicom.sop_class()) {
            Some(ResultKind::StructuredReport) => StructuredReport::read(dicom).map(Self::StructuredReport),
            Some(ResultKind::Segmentation) => Segmentation::read(dicom).map(Self::Segmentation),
            Some(ResultKind::ParametricMap) => Ok(Self::ParametricMap(ParametricMap::read(dicom))),
            Some(ResultKind::Document) => Document::read(dicom).map(Self::Document),
            Some(ResultKind::Presentation) => Ok(Self::Presentation(Presentation::read(dicom))),
            None => Err(ReadError::NotAResult(dicom.kind())),
        }
    }

    /// Every object that it names.
    #[must_use]
    pub fn references(&self) -> Vec<Reference> {
        let of_frames = |named: &multi_frame::NamedImages, mut sources: Vec<&Arc<Vec<Reference>>>| {
            let mut known: HashSet<&str> = named.images.iter().map(|one| one.sop_instance_uid.as_str()).collect();
            // Frames may share their sources: what thousands of them share is looked through once.
            let mut lists = HashSet::new();
            sources.retain(|list| lists.insert(Arc::as_ptr(list)));
            let of_frames = sources.into_iter().flat_map(|list| list.iter());
            let more: Vec<Reference> = of_frames.filter(|one| known.insert(&one.sop_instance_uid)).cloned().collect();
            distinct([named.images.clone(), more].concat())
        };
        match self {
            Self::StructuredReport(report) => report.references.clone(),
            Self::Document(document) => document.references.clone(),
            Self::Presentation(one) => one.references.clone(),
            Self::Segmentation(one) => of_frames(&one.named, one.frames.iter().map(|f| &f.frame.sources).collect()),
            Self::ParametricMap(one) => of_frames(&one.named, one.frames.iter().map(|f| &f.frame.sources).collect()),
        }
    }

    /// What it is called in a list.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::StructuredReport(report) => &report.title,
            Self::Segmentation(one) => one.title(),
            Self::ParametricMap(one) => one.title(),
            Self::Document(document) => &document.title,
            Self::Presentation(one) => &one.label,
        }
    }
}
