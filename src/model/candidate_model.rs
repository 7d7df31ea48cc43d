//! A model as far as it must be known before it is chosen: the studies that it is meant for, and
//! its input gate.
//!
//! Both are small; the network with its weights is loaded once the model is chosen. A model without
//! a gate scores what it is given, but for images in colour where it is meant for modalities that
//! have none.

use super::Model;
use super::fits::Fits;
use super::gate::GateVerdict;
use crate::imaging::Plane;
use crate::model::gate::{Gate, GateError};
use crate::model::population::features::Features;
use crate::model::population::{Population, PopulationVerdict};
use crate::model::precheck;
use crate::network::Result;
use crate::study::{Frame, Metadata};

/// Threshold in the verdicts of a model without a gate.
const NO_GATE: f32 = 0.5;

/// A model that may be chosen.
pub struct CandidateModel {
    /// Name in the registry.
    pub name: String,
    pub fits: Fits,
    pub gate: Option<Gate>,
}

impl CandidateModel {
    /// The verdict on the image alone, whatever the file says; `None` where there is no gate and
    /// nothing speaks against the image. `plane` holds the frame's polarity-corrected modality
    /// values.
    ///
    /// # Errors
    /// When the gate's network cannot be run.
    pub fn judge(&self, frame: &Frame, plane: &Plane) -> Result<Option<GateVerdict>, GateError> {
        on_image(&self.fits, self.gate.as_ref(), frame, plane)
    }
}

impl Model {
    /// The population that the manifest states, or an older gate file in its place.
    pub fn population(&self) -> Option<Population> {
        self.manifest.population.clone().or_else(|| self.gate.as_ref().and_then(Gate::population))
    }

    /// Whether an image belongs to the population that the model was measured on: by what its file
    /// says, and by the distance of its features, which are asked for only where there is a
    /// detector.
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

    /// The verdict that stands before every score: on what the file says, then on the image.
    /// `plane` holds the frame's polarity-corrected modality values. `None` where the model has no
    /// gate and nothing speaks against the image.
    ///
    /// # Errors
    /// When the gate's network cannot be run.
    pub fn judge(&self, frame: &Frame, plane: &Plane) -> Result<Option<GateVerdict>, GateError> {
        let (fits, gate) = (&self.manifest.fits, self.gate.as_ref());
        if let Some(against) = fits.statement(&frame.entry.meta).against {
            let threshold = gate.map_or(NO_GATE, |gate| gate.settings().threshold);
            return Ok(Some(GateVerdict::without_a_score(threshold, against.sentence())));
        }
        on_image(fits, gate, frame, plane)
    }
}

fn on_image(fits: &Fits, gate: Option<&Gate>, frame: &Frame, plane: &Plane) -> Result<Option<GateVerdict>, GateError> {
    let color = frame.pixels.color.as_deref();
    if let Some(gate) = gate {
        return gate.judge(plane, color).map(Some);
    }
    let against = || format!("this model is meant for {} only", fits.modalities.join(", "));
    let hue = color.filter(|_| fits.is_grey()).and_then(|picture| precheck::hue(picture, &against()));
    Ok(hue.map(|reason| GateVerdict::without_a_score(NO_GATE, reason.to_string())))
}
