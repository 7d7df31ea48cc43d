//! Every image of a set whose lungs are known, through the model with maps of every target, one
//! after the other: maps of a whole set are too large to keep.
//!
//! An image that the input gate refuses takes part all the same and is noted, as it does in every
//! figure of an evaluation.

use std::sync::Arc;

use super::{Call, TargetMap};
use crate::cancel::{CancelToken, Cancelled};
use crate::engine::analysis::analyze_with;
use crate::engine::lungs::{self, FieldsSource, LungSearch, Lungs};
use crate::engine::pass::Known;
use crate::engine::{Analysis, AnalysisOptions, EngineError};
use crate::evaluation::scoring::{ImageFailure, LabelledImage};
use crate::explain::evidence_shares::EvidenceShares;
use crate::explain::{Attribution, Method, Output, Subject};
use crate::model::Model;
use crate::printable::with_causes;
use crate::study::lung_masks::{LungMaskError, LungMasks};
use crate::study::patients::Patients;
use crate::study::{Frame, StudyError, Unscorable, open_image};

/// Why an image takes no part.
#[derive(Debug, thiserror::Error)]
enum NotMapped {
    #[error("{}", with_causes(.0))]
    Study(#[from] StudyError),
    #[error(transparent)]
    Unscorable(#[from] Unscorable),
    #[error("{}", with_causes(.0))]
    Mask(#[from] LungMaskError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What is asked of every image.
pub struct AnatomyRun<'a> {
    pub model: &'a Model,
    pub patients: &'a Patients,
    pub masks: Option<&'a LungMasks>,
    /// Of the maps; their subjects are the model's targets.
    pub method: Method,
    /// The model's own where there is none.
    pub layer: Option<String>,
}

/// An image with its maps.
pub struct MappedImage<'a> {
    pub file: &'a LabelledImage,
    /// Empty where nobody knows.
    pub patient: String,
    pub frame: &'a Frame,
    pub lungs: &'a Lungs,
    pub analysis: &'a Analysis,
    /// What was computed on the way, for whoever asks more of the image.
    pub known: &'a mut Known,
}

/// Which images took no part, and which are noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnatomyNotes {
    /// Images that took part.
    pub images: usize,
    /// Those of them whose lungs a mask says; those of the others the program has outlined.
    pub with_mask: usize,
    /// Images whose lungs nobody knows.
    pub without_lungs: Vec<String>,
    /// Images that the input gate refuses; they took part all the same.
    pub refused: Vec<String>,
    pub failures: Vec<ImageFailure>,
}

impl AnatomyNotes {
    /// What the lungs are known from, a sentence.
    #[must_use]
    pub fn sources(&self) -> String {
        match (self.with_mask, self.images - self.with_mask) {
            (_, 0) => "The lungs are those of the masks.".into(),
            (0, _) => "The lungs are as the program outlines them.".into(),
            (masks, others) => format!(
                "The lungs of {masks} images are those of the masks, those of the other {others} are as the program outlines \
                 them."
            ),
        }
    }
}

/// What is known on the way.
pub enum AnatomyProgress<'a> {
    /// One more image is done.
    Done,
    Failed(&'a ImageFailure),
}

impl AnatomyRun<'_> {
    /// Shows every image to `seen`, in the order of the files.
    ///
    /// # Errors
    /// [`Cancelled`] when somebody asked to stop; what fails in one image is noted, and the others
    /// go on.
    pub fn run(
        &self,
        files: &[LabelledImage],
        cancel: &CancelToken,
        seen: &mut dyn FnMut(&mut MappedImage<'_>) -> Result<(), EngineError>,
        progress: &mut dyn FnMut(AnatomyProgress<'_>),
    ) -> Result<AnatomyNotes, Cancelled> {
        let mut notes = AnatomyNotes::default();
        for file in files {
            cancel.check()?;
            if let Err(reason) = self.image(file, &mut notes, cancel, seen) {
                cancel.check()?;
                let failure = ImageFailure { path: file.path.clone(), reason: reason.to_string() };
                progress(AnatomyProgress::Failed(&failure));
                notes.failures.push(failure);
            }
            progress(AnatomyProgress::Done);
        }
        Ok(notes)
    }

    fn image(
        &self,
        file: &LabelledImage,
        notes: &mut AnatomyNotes,
        cancel: &CancelToken,
        seen: &mut dyn FnMut(&mut MappedImage<'_>) -> Result<(), EngineError>,
    ) -> Result<(), NotMapped> {
        let frame = open_image(&file.path)?;
        frame.scorable()?;
        let LungSearch::Found(lungs) = lungs::of_frame(&frame, self.masks)? else {
            notes.without_lungs.push(file.image.clone());
            return Ok(());
        };
        let options = AnalysisOptions {
            layers: self.layer.iter().cloned().collect(),
            methods: vec![self.method],
            subjects: targets(self.model),
            samples: 0,
            force: true,
            ..AnalysisOptions::default()
        };
        let mut known = Known::default();
        let analysis = analyze_with(self.model, &frame, &mut known, &options, cancel, &mut |_| {})?;
        if analysis.gate.as_ref().is_some_and(|g| !g.accepted) {
            notes.refused.push(file.image.clone());
        }
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        let patient = self.patients.lead(&name, &file.image, file.patient.as_deref());
        let patient = patient.with_header(&frame.entry.meta.patient_id).0.unwrap_or_default();
        let (frame, lungs, analysis, known) = (&frame, &lungs, &analysis, &mut known);
        seen(&mut MappedImage { file, patient, frame, lungs, analysis, known })?;
        notes.images += 1;
        notes.with_mask += usize::from(matches!(lungs.source, FieldsSource::Mask { .. }));
        Ok(())
    }
}

/// What maps are made of: every label, then every group.
#[must_use]
pub fn targets(model: &Model) -> Vec<Subject> {
    let groups = (0..model.manifest.groups.len()).map(|g| Subject::One(Output::Group(g)));
    Subject::classes(model.manifest.labels.len()).into_iter().chain(groups).collect()
}

impl MappedImage<'_> {
    /// The map of a target, if it was made.
    #[must_use]
    pub fn map(&self, model: &Model, target: usize) -> Option<&Arc<Attribution>> {
        let subject = *targets(model).get(target)?;
        self.analysis.attributions.iter().find(|map| map.subject == subject)
    }

    /// What is kept of the map of each target.
    #[must_use]
    pub fn target_maps(&self, model: &Model) -> Vec<TargetMap> {
        let scores = self.analysis.labels.iter().chain(&self.analysis.groups);
        let of = |(target, score): (usize, &crate::engine::Score)| {
            let map = self.map(model, target)?;
            let truth = self.file.truth.get(target).copied().flatten();
            Some(TargetMap {
                image: self.file.image.clone(),
                patient: self.patient.clone(),
                target,
                call: Call::of(score.probability >= score.threshold, truth),
                probability: f64::from(score.probability),
                shares: EvidenceShares::of(map, &model.manifest.input, &self.lungs.fields),
            })
        };
        scores.enumerate().filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::AnatomyNotes;

    #[test]
    fn what_the_lungs_are_known_from_is_said() {
        let said = |images, with_mask| AnatomyNotes { images, with_mask, ..AnatomyNotes::default() }.sources();
        assert_eq!(said(4, 4), "The lungs are those of the masks.");
        assert_eq!(said(4, 0), "The lungs are as the program outlines them.");
        assert!(said(156, 13).starts_with("The lungs of 13 images are those of the masks, those of the other 143 are"));
    }
}
