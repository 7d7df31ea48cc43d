//! A model as far as it must be known before it is chosen: the studies that it is meant for, and its input gate.
//!
//! Both are small; the network with its weights is loaded once the model is chosen.

use super::fits::Fits;
use super::{GateVerdict, Model, Result};
use crate::imaging::Plane;
use crate::study::Metadata;
use crate::uncertainty::gate::{Gate, GateError};
use crate::uncertainty::population::features::Features;
use crate::uncertainty::population::{Population, PopulationVerdict};

/// A model that may be chosen.
pub struct Candidate {
    /// Name in the registry.
    pub name: String,
    pub fits: Fits,
    pub gate: Option<Gate>,
}

impl Model {
    /// The population that the manifest states, or an older gate file in its place.
    pub fn population(&self) -> Option<Population> {
        self.manifest.population.clone().or_else(|| self.gate.as_ref().and_then(Gate::population))
    }

    /// Whether an image belongs to the population that the model was measured on: by what its file says, and by the distance of its
    /// features, which are asked for only where there is a detector.
    ///
    /// # Errors
    /// When a network cannot be run.
    pub fn judge_population(
        &self,
        meta: &Metadata,
        plane: &Plane,
        features: impl FnOnce() -> Result<Features>,
    ) -> Result<Option<PopulationVerdict>> {
        let seen = match &self.detector {
            Ok(detector) => Some(detector.look(&features()?, plane)?),
            Err(_) => None,
        };
        Ok(PopulationVerdict::of(self.population().as_ref(), meta, seen))
    }

    /// The verdict that stands before every score: on what the file says, then on the image (a polarity-corrected plane of
    /// modality values). `None` where the model has no gate and the file says nothing against it.
    ///
    /// # Errors
    /// When the gate's network cannot be run.
    pub fn judge(&self, plane: &Plane, meta: &Metadata) -> Result<Option<GateVerdict>, GateError> {
        if let Some(against) = self.manifest.fits.heard(meta).against {
            let threshold = self.gate.as_ref().map_or(0.5, |gate| gate.settings().threshold);
            let reason = against.sentence();
            return Ok(Some(GateVerdict { accepted: false, score: 0.0, threshold, reason, warnings: Vec::new() }));
        }
        self.gate.as_ref().map(|gate| gate.judge(plane)).transpose()
    }
}
