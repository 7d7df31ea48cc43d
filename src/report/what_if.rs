//! The reader's questions about a changed image as a report files them: what was taken away or
//! altered, the scores before and after, and what as much area at random places changes.
//!
//! What was changed is the reader's; the scores are computed again by verification, of the same
//! change of the same image.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::cancel::CancelToken;
use crate::engine::what_if::alteration::Alteration;
use crate::engine::what_if::filling::Filling;
use crate::engine::what_if::runs::Runs;
use crate::engine::what_if::{
    Canvas, Change, Removal, ScoreChange, WhatIf, WhatIfError, beside_random_places, what_if,
};
use crate::engine::{Analysis, AnalysisOptions};
use crate::measurement::Words;
use crate::model::Model;
use crate::model::population::PopulationVerdict;
use crate::study::Frame;

/// One change and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// Numbered from 1, as it is printed.
    pub number: u64,
    /// What the reader called it.
    #[serde(default)]
    pub name: Words,
    /// The pixels that were taken away: the first pixel and the length of each run, row by row.
    #[serde(default, skip_serializing_if = "Runs::is_empty")]
    pub taken: Runs,
    /// What was put in their place.
    #[serde(default)]
    pub filling: Filling,
    /// Of ROAD's noise and of the random places.
    pub seed: u64,
    #[serde(default, skip_serializing_if = "Alteration::is_none")]
    pub alteration: Alteration,
    /// Random places that were compared.
    pub random_places: usize,
    /// Share of the image that was taken away.
    pub share: f64,
    /// Why the input gate refuses the changed image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Why its scores do not count: it is outside the model's population.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<String>,
    /// Groups first.
    pub changes: Vec<ScoreChange>,
}

impl ChangeRecord {
    /// What is filed of a change.
    #[must_use]
    pub fn of(number: u64, name: Words, change: &Change, found: &WhatIf) -> Self {
        let removal = change.removal.as_ref();
        let analysis = &found.analysis;
        let refused = analysis.gate.as_ref().filter(|gate| !gate.accepted && !analysis.scored);
        Self {
            number,
            name,
            taken: removal.map_or_else(Runs::default, |removal| Runs::of(&removal.taken)),
            filling: removal.map_or_else(Filling::default, |removal| removal.filling),
            seed: removal.map_or(0, |removal| removal.seed),
            alteration: change.alteration,
            random_places: found.changes.first().map_or(0, |change| change.random.len()),
            share: found.share,
            refused: refused.map(|gate| gate.reason.clone()),
            reservation: analysis.population.as_ref().and_then(PopulationVerdict::reservation),
            changes: found.changes.clone(),
        }
    }

    /// The same change of `frame`, asked again.
    ///
    /// # Errors
    /// When the change is none of this image, or the network cannot be run.
    pub fn again(&self, model: &Model, frame: &Frame, before: &Analysis) -> Result<Self, WhatIfError> {
        let expected = frame.pixels.plane.values.len();
        let taken = || self.taken.taken(expected).ok_or(WhatIfError::OtherImage);
        let removal = if self.taken.is_empty() {
            None
        } else {
            Some(Removal { taken: Arc::new(taken()?), filling: self.filling, seed: self.seed })
        };
        let change = Change { removal, alteration: self.alteration };
        let options = AnalysisOptions {
            methods: Vec::new(),
            samples: 0,
            force: before.options.force,
            ..AnalysisOptions::default()
        };
        let cancel = CancelToken::default();
        let canvas = Canvas { frame, copy: &OnceLock::new() };
        let mut found = what_if(model, canvas, before, &change, &options, &cancel)?;
        beside_random_places(&mut found, model, canvas, &change, self.random_places, &cancel, &mut |_| ())?;
        Ok(Self::of(self.number, self.name.clone(), &change, &found))
    }
}
