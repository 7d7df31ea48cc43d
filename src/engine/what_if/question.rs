//! What the viewer asks of the worker while a reader changes the image: quick answers that follow the
//! hand, and the whole one when it rests.

use std::sync::Arc;

use super::{Canvas, Change, WhatIf, WhatIfError, beside_random_places, what_if};
use crate::cancel::CancelToken;
use crate::engine::{Analysis, AnalysisOptions, EngineError};
use crate::explain::{Method, Subject};
use crate::model::Model;

/// A changed image about which the model is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Counts up; answers carry it.
    pub number: u64,
    pub change: Change,
    /// Of the image as it is, by the model that is asked.
    pub before: Arc<Analysis>,
    /// Which map of the changed image is wanted: of what, by which method, at which layer.
    pub map: Option<(Subject, Method, String)>,
    /// Random places to compare with; none while the hand moves.
    pub draws: usize,
}

/// What came of a question, so far.
#[derive(Clone, Debug)]
pub struct Answer {
    pub number: u64,
    pub change: Change,
    pub found: WhatIf,
    /// Random places that were compared, and how many are wanted.
    pub drawn: (usize, usize),
}

impl Question {
    /// Asks `model` about the image; `told` hears the scores first, then of random places.
    ///
    /// # Errors
    /// As [`what_if`].
    pub fn asked(
        &self,
        model: &Model,
        canvas: Canvas<'_>,
        cancel: &CancelToken,
        told: &mut dyn FnMut(Answer),
    ) -> Result<(), WhatIfError> {
        let mut found = what_if(model, canvas, &self.before, &self.change, &self.options(), cancel)?;
        let answer = |found: &WhatIf| Answer {
            number: self.number,
            change: self.change.clone(),
            found: found.clone(),
            drawn: (found.changes.first().map_or(0, |change| change.random.len()), self.draws),
        };
        told(answer(&found));
        let mut each = |found: &WhatIf| told(answer(found));
        beside_random_places(&mut found, model, canvas, &self.change, self.draws, cancel, &mut each)
    }

    fn options(&self) -> AnalysisOptions {
        let before = &self.before.options;
        let nothing =
            AnalysisOptions { methods: Vec::new(), samples: 0, force: before.force, ..AnalysisOptions::default() };
        match &self.map {
            None => nothing,
            Some((subject, method, layer)) => AnalysisOptions {
                layers: vec![layer.clone()],
                methods: vec![*method],
                subjects: vec![*subject],
                explanation: before.explanation,
                ..nothing
            },
        }
    }
}

impl WhatIfError {
    /// True where the question was replaced by a newer one.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Engine(EngineError::Cancelled))
    }
}
