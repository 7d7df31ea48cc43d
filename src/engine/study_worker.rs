//! The images of the study on screen, judged one by one behind everything else.
//!
//! Each is analysed as `predict --by` does it: its first frame, by the model that was named or that
//! fits, without maps and samples. What is known of an image is kept for the next one of the same
//! study. An image that fails is left out with its reason; one that was interrupted is tried again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::analysis::analyze_with;
use super::model_selection::{Choice, Library, ModelSelector, Selected, SelectionError};
use super::pass::Known;
use super::study_members::{Judged, StudyMembers, options};
use super::{Analysis, AnalysisOptions, EngineError, Generation, ModelInfo};
use crate::cancel::CancelToken;
use crate::model::Model;
use crate::panic_guard::guarded;
use crate::study::{Frame, ImageEntry, StudyError, load};

/// Most images of which scores are kept beside those of a study.
const KEPT: usize = 4096;

/// A study to be judged.
#[derive(Clone)]
pub(super) struct StudyJob {
    pub generation: Generation,
    pub images: Arc<Vec<Arc<ImageEntry>>>,
}

/// What is known of images.
#[derive(Default)]
pub(super) struct StudyScores {
    /// By the key of the image.
    judged: HashMap<String, Judged>,
    models: Vec<Arc<ModelInfo>>,
}

/// Why an image of a study was not judged.
#[derive(Debug, thiserror::Error)]
enum NotJudged {
    #[error(transparent)]
    Study(#[from] StudyError),
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl StudyScores {
    pub(super) fn knows(&self, image: &ImageEntry) -> bool {
        self.judged.contains_key(&image.key())
    }

    /// All that is known of these images, in their order.
    pub(super) fn of(&self, images: &[Arc<ImageEntry>]) -> StudyMembers {
        images.iter().filter_map(|image| self.judged.get(&image.key())).cloned().collect()
    }

    /// Keeps what an analysis of the reader's found, where it is the analysis of a study too: of the
    /// first frame, and without insisting.
    pub(super) fn keep(
        &mut self,
        frame: &Frame,
        asked: &AnalysisOptions,
        choice: &Choice,
        model: &Model,
        analysis: &Analysis,
    ) {
        if self.judged.len() >= KEPT {
            self.judged.clear();
        }
        if frame.index == 0 && !asked.force {
            let info = self.info(model);
            let judged = Judged::of(&frame.entry.path, choice, Some((&info, analysis)));
            self.judged.insert(frame.entry.key(), judged);
        } else {
            // It may have been read anew from a file that has changed.
            self.judged.remove(&frame.entry.key());
        }
    }

    /// Judges the first image of the study that is not known, unless it is interrupted.
    pub(super) fn judge_next<L: Library>(
        &mut self,
        job: &StudyJob,
        selector: &mut ModelSelector<L>,
        cancel: &CancelToken,
    ) {
        if self.judged.len() >= KEPT {
            let wanted: HashSet<String> = job.images.iter().map(|image| image.key()).collect();
            self.judged.retain(|key, _| wanted.contains(key));
        }
        let Some(image) = job.images.iter().find(|image| !self.knows(image)) else { return };
        let judged = match guarded(|| self.judge(image, selector, cancel)) {
            Ok(Ok(judged)) => judged,
            Ok(Err(NotJudged::Engine(EngineError::Cancelled))) => return,
            Ok(Err(error)) => Judged::left_out(&image.path, &sentence(&error.to_string())),
            Err(panicked) => Judged::left_out(&image.path, &panicked.to_string()),
        };
        self.judged.insert(image.key(), judged);
    }

    fn judge<L: Library>(
        &mut self,
        image: &Arc<ImageEntry>,
        selector: &mut ModelSelector<L>,
        cancel: &CancelToken,
    ) -> Result<Judged, NotJudged> {
        let frame = load(image, 0)?;
        cancel.check().map_err(EngineError::from)?;
        let Selected { choice, model } = selector.select(&frame, false)?;
        let Some(model) = model else { return Ok(Judged::of(&image.path, &choice, None)) };
        let mut known = Known::of_choice(&choice);
        let analysis = analyze_with(&model, &frame, &mut known, &options(), cancel, &mut |_| {})?;
        let info = self.info(&model);
        Ok(Judged::of(&image.path, &choice, Some((&info, &analysis))))
    }

    /// What is known of a model, once for all of its images.
    fn info(&mut self, model: &Model) -> Arc<ModelInfo> {
        let known = self.models.iter().find(|info| info.sha256 == model.sha256).cloned();
        known.unwrap_or_else(|| {
            let info = Arc::new(ModelInfo::of(model));
            self.models.push(info.clone());
            info
        })
    }
}

/// An error as a sentence of its own.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>());
    let words = first.unwrap_or_default();
    if words.ends_with('.') { words } else { format!("{words}.") }
}
