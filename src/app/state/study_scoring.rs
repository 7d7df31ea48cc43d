//! One result for the study of the image on screen: which images belong to it, how far they are
//! judged, and what comes of them.
//!
//! The same images and the same pooling as `predict --by study`
//! ([`crate::engine::study_members`]). Where the model was calibrated on whole series, it is the
//! series.

use std::sync::Arc;

use super::State;
use crate::engine::study_members::{Member, StudyMembers};
use crate::engine::study_result::{StudyResult, StudyScore};
use crate::evaluation::truth::normal_label;
use crate::language::{digits, tr, translated};
use crate::model::conformal;
use crate::study::ImageEntry;
use crate::study::unit::{Unit, UnitKey};
use crate::wording::study_pool;

/// The study of the image on screen.
#[derive(Clone, Debug)]
pub struct StudyScoring {
    pub unit: Unit,
    pub key: UnitKey,
    /// Its images in the order of the list, two at least.
    pub images: Arc<Vec<Arc<ImageEntry>>>,
    pub progress: StudyProgress,
}

/// How far its images are judged.
#[derive(Clone, Debug)]
pub enum StudyProgress {
    /// Until the reader asks for it.
    Waiting,
    Running {
        done: usize,
    },
    Judged(Arc<StudyMembers>),
}

impl StudyScoring {
    /// In capitals, as a heading.
    #[must_use]
    pub fn heading(&self) -> String {
        translated(self.key.whole(self.unit)).to_uppercase()
    }

    /// The images that were judged.
    #[must_use]
    pub fn members(&self) -> Option<&Arc<StudyMembers>> {
        match &self.progress {
            StudyProgress::Judged(members) => Some(members),
            StudyProgress::Waiting | StudyProgress::Running { .. } => None,
        }
    }

    /// The image of the list that a judged one is.
    #[must_use]
    pub fn entry(&self, member: &Member) -> Option<&Arc<ImageEntry>> {
        self.images.iter().find(|image| image.path == member.path)
    }

    /// Whether it is one of the study's images.
    #[must_use]
    pub fn holds(&self, image: &ImageEntry) -> bool {
        self.images.iter().any(|own| own.path == image.path && own.identity == image.identity)
    }
}

impl State {
    /// The result of the study by the model in use, with the images that it pools; nothing until all
    /// of them are judged, and where the model scored none.
    #[must_use]
    pub fn study_result(&self) -> Option<(StudyResult, &[Member])> {
        let scoring = self.results.study.as_ref()?;
        let (members, model) = (scoring.members()?, self.model_info()?);
        let result = members.result(&model.sha256, scoring.unit, self.preferences.error_rate, normal_label)?;
        Some((result, members.scored_by(&model.sha256)))
    }

    /// The result in short lines: a name, its score with three figures and its state.
    #[must_use]
    pub fn study_lines(&self) -> Vec<String> {
        let Some((result, _)) = self.study_result() else { return Vec::new() };
        let state = |state: conformal::State| format!(", {}", translated(state.word()));
        let line = |score: &StudyScore| {
            format!("{} {}{}", score.label, digits(score.score, 3), score.state.map(state).unwrap_or_default())
        };
        let images = tr!("1 image" | "{n} images" % result.images);
        let heading = tr!("{}, pooled by the {}:", images, study_pool::rule(&result));
        std::iter::once(heading).chain(result.groups_first().map(line)).collect()
    }
}
