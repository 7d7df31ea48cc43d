//! Images that are shown beside the analysed one: a prior, another view. Each is analysed as the
//! reader's own image is, with maps and without samples, behind everything that is asked of that one.
//!
//! What is known of the last few is kept, so that a map by another method needs no second pass. An
//! image that was interrupted is tried again.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use super::analysis::analyze_with;
use super::model_selection::{Choice, Library, ModelSelector, Selected, SelectionError};
use super::pass::Known;
use super::{AnalysisOptions, BesideImage, BesideOutcome, EngineError, ModelInfo};
use crate::cancel::CancelToken;
use crate::explain::{Output, Subject};
use crate::model::Model;
use crate::panic_guard::guarded;
use crate::study::Frame;

/// Images of which activations are kept.
const KEPT: usize = 2;

/// Images that wait; the one that runs stays the first until it is done.
#[derive(Default)]
pub(super) struct BesideQueue {
    waiting: VecDeque<BesideImage>,
    running: Option<(BesideImage, CancelToken)>,
}

impl BesideQueue {
    /// These from now on; what runs and is not among them is stopped.
    pub(super) fn replace(&mut self, images: &[BesideImage]) {
        self.waiting = images.iter().cloned().collect();
        if let Some((running, cancel)) = &self.running
            && !images.contains(running)
        {
            cancel.cancel();
        }
    }

    /// The next one, once a model is there.
    pub(super) fn begin(&self, ready: bool) -> Option<BesideImage> {
        self.waiting.front().filter(|_| ready).cloned()
    }

    /// It is stopped by this token.
    pub(super) fn runs_with(&mut self, cancel: &CancelToken) {
        self.running = self.waiting.front().map(|image| (image.clone(), cancel.clone()));
    }

    /// Nothing runs.
    pub(super) fn rests(&mut self) {
        self.running = None;
    }

    /// An image need not be analysed again.
    pub(super) fn done(&mut self, image: &BesideImage) {
        self.waiting.retain(|waiting| waiting != image);
    }
}

/// An image with its pass.
struct Last {
    /// Weak: an image that is closed is let go.
    frame: Weak<Frame>,
    choice: Arc<Choice>,
    known: Known,
}

/// What the worker keeps of such images.
#[derive(Default)]
pub(super) struct BesideWorker {
    /// Newest last.
    last: VecDeque<Last>,
}

/// Why an image was not analysed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl BesideWorker {
    /// What became of an image; nothing where it was interrupted.
    pub(super) fn analyze<L: Library>(
        &mut self,
        image: &BesideImage,
        selector: &mut ModelSelector<L>,
        cancel: &CancelToken,
    ) -> Option<BesideOutcome> {
        match guarded(|| self.outcome(image, selector, cancel)) {
            Ok(Ok(outcome)) => Some(outcome),
            Ok(Err(Failure::Engine(EngineError::Cancelled))) => None,
            Ok(Err(failure)) => Some(BesideOutcome::Failed { reason: failure.to_string() }),
            Err(panicked) => {
                self.last.clear();
                Some(BesideOutcome::Failed { reason: format!("The analysis broke off. {panicked}") })
            }
        }
    }

    fn outcome<L: Library>(
        &mut self,
        BesideImage { frame, options }: &BesideImage,
        selector: &mut ModelSelector<L>,
        cancel: &CancelToken,
    ) -> Result<BesideOutcome, Failure> {
        self.last.retain(|last| last.frame.strong_count() > 0);
        let at = self.last.iter().position(|last| last.frame.as_ptr() == Arc::as_ptr(frame));
        let before = at.and_then(|at| self.last.remove(at));
        let Selected { choice, model } = match &before {
            Some(last) => selector.selected(last.choice.clone())?,
            None => selector.select(frame, false)?,
        };
        let Some(model) = model else { return Ok(BesideOutcome::Unfit { choice }) };
        let known = before.map(|last| last.known);
        let mut known = known.unwrap_or_else(|| Known::of_choice(&choice));
        let options = suited(options, &model);
        let analyzed = analyze_with(&model, frame, &mut known, &options, cancel, &mut |_| {});
        self.last.push_back(Last { frame: Arc::downgrade(frame), choice: choice.clone(), known });
        if self.last.len() > KEPT {
            self.last.pop_front();
        }
        let mut analysis = analyzed?;
        analysis.chosen_because.clone_from(&choice.because);
        let model = Box::new(ModelInfo::of(&model));
        Ok(BesideOutcome::Analyzed { choice, model, analysis: Box::new(analysis) })
    }
}

/// What a model has of the layers and subjects that were asked for: it may be another one than that
/// of the image beside.
fn suited(options: &AnalysisOptions, model: &Model) -> AnalysisOptions {
    let mut suited = options.clone();
    let stages = model.network.spatial_stages();
    suited.layers.retain(|layer| stages.contains(&layer.as_str()));
    let has = |output: &Output| match output {
        Output::Class(class) => *class < model.manifest.labels.len(),
        Output::Group(group) => *group < model.manifest.groups.len(),
    };
    suited.subjects.retain(|subject| match subject {
        Subject::One(output) => has(output),
        Subject::Difference(a, b) => has(a) && has(b),
    });
    suited
}
