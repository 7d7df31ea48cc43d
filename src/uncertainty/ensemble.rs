//! An ensemble: several models with the same labels on one image (Lakshminarayanan, Pritzel and Blundell 2017).
//!
//! Each sample is one model's answer, through its own preprocessing and temperature; the first is the model in use. Labels are
//! matched by name, whatever their order. The groups are those of the model in use.
//!
//! What it does not do: no model weighs more than another, and a handful of models makes coarse intervals. Members that learnt
//! from the same images are wrong together.

use std::sync::Arc;

use super::Posterior;
use super::readout::Readout;
use super::source::{Sampling, SamplingError, Source};
use super::test_time::forward;
use crate::imaging::Plane;
use crate::network::Model;
use crate::network::manifest::Manifest;

/// Asks one model after the other.
pub struct Sampler<'a> {
    model: &'a Model,
    readout: &'a Readout,
    plane: &'a Plane,
    range: (f32, f32),
    samples: Vec<Vec<f32>>,
}

/// For each label of `ours` its place among the labels of `theirs`; a sentence where they do not say the same.
///
/// # Errors
/// When heads or labels differ.
pub fn places(ours: &Manifest, theirs: &Manifest) -> Result<Vec<usize>, String> {
    let names = |m: &Manifest| m.labels.iter().map(|l| l.name.as_str()).collect::<Vec<_>>().join(", ");
    let refuse = || format!("{} tells {}, but {} tells {}.", ours.name, names(ours), theirs.name, names(theirs));
    if ours.head != theirs.head || ours.labels.len() != theirs.labels.len() {
        return Err(refuse());
    }
    let place = |name: &str| theirs.labels.iter().position(|l| l.name == name);
    ours.labels.iter().map(|l| place(&l.name).ok_or_else(refuse)).collect()
}

impl<'a> Sampler<'a> {
    /// Asks `model` and the others of its ensemble about `plane`, whose stored bits span `range`.
    #[must_use]
    pub fn new(model: &'a Model, plane: &'a Plane, range: (f32, f32), readout: &'a Readout) -> Self {
        Self { model, readout, plane, range, samples: Vec::new() }
    }

    fn member(&self, number: usize) -> Option<&Model> {
        match number.checked_sub(1) {
            None => Some(self.model),
            Some(other) => self.model.ensemble.get(other).map(Arc::as_ref),
        }
    }
}

impl Sampling for Sampler<'_> {
    fn done(&self) -> usize {
        self.samples.len()
    }

    fn total(&self) -> usize {
        1 + self.model.ensemble.len()
    }

    fn advance(&mut self, stop: &dyn Fn() -> bool) -> Result<bool, SamplingError> {
        let sample = self.samples.len();
        let Some(member) = self.member(sample) else { return Ok(false) };
        let places = places(&self.model.manifest, &member.manifest).map_err(SamplingError::Ensemble)?;
        let logits = forward(&member.network, member.input_tensor(self.plane, self.range)?, stop)?;
        let own = Readout::new(&member.manifest).labels(logits.first().map_or(&[][..], Vec::as_slice));
        let probabilities: Vec<f32> = places.iter().map(|&k| own.get(k).copied().unwrap_or(f32::NAN)).collect();
        if probabilities.iter().any(|p| !p.is_finite()) {
            return Err(SamplingError::NotFinite { sample });
        }
        self.samples.push(probabilities);
        Ok(true)
    }

    fn posterior(&self) -> Posterior {
        Posterior::of(&self.samples, self.readout, Source::Ensemble, 0)
    }
}
