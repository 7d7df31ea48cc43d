//! An ensemble: several models with the same labels on one image (Lakshminarayanan, Pritzel and
//! Blundell 2017).
//!
//! Each sample is one model's answer, through its own preprocessing and temperature; the first is
//! the model in use. Labels are matched by name, whatever their order. The groups are those of the
//! model in use.
//!
//! What it does not do: no model weighs more than another, and a handful of models makes coarse
//! intervals. Members that learnt from the same images are wrong together.

use std::sync::Arc;

use super::Posterior;
use super::sampling::{SampleSource, Sampler, SamplingError};
use super::test_time::forward;
use crate::imaging::Plane;
use crate::model::Model;
use crate::model::labels::places;
use crate::model::output_head::OutputHead;

/// Asks one model after the other.
pub struct Ensemble<'a> {
    model: &'a Model,
    readout: &'a OutputHead,
    plane: &'a Plane,
    range: (f32, f32),
    samples: Vec<Vec<f32>>,
}

impl<'a> Ensemble<'a> {
    /// Asks `model` and the others of its ensemble about `plane`, whose stored bits span `range`.
    #[must_use]
    pub fn new(model: &'a Model, plane: &'a Plane, range: (f32, f32), readout: &'a OutputHead) -> Self {
        Self { model, readout, plane, range, samples: Vec::new() }
    }

    fn member(&self, number: usize) -> Option<&Model> {
        match number.checked_sub(1) {
            None => Some(self.model),
            Some(other) => self.model.ensemble.get(other).map(Arc::as_ref),
        }
    }
}

impl Sampler for Ensemble<'_> {
    fn done(&self) -> usize {
        self.samples.len()
    }

    fn total(&self) -> usize {
        1 + self.model.ensemble.len()
    }

    fn advance(&mut self, stop: &dyn Fn() -> bool) -> Result<bool, SamplingError> {
        let sample = self.samples.len();
        let Some(member) = self.member(sample) else { return Ok(false) };
        let places = places(&self.model.manifest, &member.manifest)?;
        let logits = forward(&member.network, member.input_tensor(self.plane, self.range)?, stop)?;
        let own = OutputHead::new(&member.manifest).labels(logits.first().map_or(&[][..], Vec::as_slice));
        let probabilities: Vec<f32> = places.iter().map(|&k| own.get(k).copied().unwrap_or(f32::NAN)).collect();
        if probabilities.iter().any(|p| !p.is_finite()) {
            return Err(SamplingError::NotFinite { sample });
        }
        self.samples.push(probabilities);
        Ok(true)
    }

    fn posterior(&self) -> Posterior {
        Posterior::of(&self.samples, self.readout, SampleSource::Ensemble, 0)
    }
}
