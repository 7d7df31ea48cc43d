//! Several images by one model with one pass of the network: the same scores as one by one, for less.
//!
//! What belongs to each image alone (its gate, its place among the population, its samples) is
//! [`analyze_with`]'s, which every other analysis goes through too; shared is only the forward pass,
//! whose results are handed to it as already known. What must be done before the pass can be done on
//! another thread than the pass ([`Prepared::of`]), image by image.
//!
//! What it does not do: maps. A shared pass keeps no activations for them.

use super::analysis::analyze_with;
use super::pass::{Known, Pass};
use super::{Analysis, AnalysisOptions, EngineError};
use crate::cancel::CancelToken;
use crate::model::Model;
use crate::study::{Frame, Unscorable};

/// An image whose gate was asked, with what the network is fed with.
pub struct Prepared {
    pub frame: Frame,
    known: Known,
    /// `None` where the network will not be run: the gate refused the image, or it is not all there.
    input: Option<Vec<f32>>,
}

impl Prepared {
    /// Asks the gate, unless that is known, and makes the network's input.
    ///
    /// # Errors
    /// When the gate cannot be run.
    pub fn of(model: &Model, frame: Frame, mut known: Known, force: bool) -> Result<Self, EngineError> {
        let may_be_scored = match frame.scorable() {
            Ok(()) => true,
            Err(Unscorable::Incomplete(_)) => force,
            Err(Unscorable::NotFinite { .. }) => false,
        };
        if frame.pixels.plane.values.is_empty() || !may_be_scored {
            return Ok(Self { frame, known, input: None });
        }
        let plane = frame.pixels.model_values();
        if frame.scorable().is_ok() && known.gate.is_none() {
            known.gate = model.judge(&frame, &plane)?;
        }
        let is_let_through = force || known.gate.as_ref().is_none_or(|gate| gate.accepted);
        let input = is_let_through.then(|| model.input_values(&plane, frame.pixels.value_range));
        drop(plane);
        Ok(Self { frame, known, input })
    }

    /// Bytes that it holds, about.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let colour = self.frame.pixels.color.as_ref().map_or(0, |picture| picture.as_raw().len());
        let input = self.input.as_ref().map_or(0, Vec::len);
        (4 * (self.frame.pixels.plane.values.len() + input) + colour) as u64
    }
}

/// Analyses images that were prepared for `model`, each as [`analyze_with`] does; maps are left out.
pub fn analyze_together(
    model: &Model,
    images: &mut [Prepared],
    options: &AnalysisOptions,
    cancel: &CancelToken,
) -> Vec<Result<Analysis, EngineError>> {
    let options = AnalysisOptions { methods: Vec::new(), ..options.clone() };
    let inputs: Vec<(usize, Vec<f32>)> =
        images.iter_mut().enumerate().filter_map(|(number, image)| Some((number, image.input.take()?))).collect();
    // Of a single image, and where the shared pass fails, the analysis runs its own.
    if inputs.len() > 1 {
        let values: Vec<&[f32]> = inputs.iter().map(|(_, values)| values.as_slice()).collect();
        if let Ok(passes) = Pass::run_together(model, &values, cancel) {
            for ((number, _), pass) in inputs.iter().zip(passes) {
                images[*number].known.pass = pass.ok();
            }
        }
    }
    let mut analyzed = Vec::with_capacity(images.len());
    for Prepared { frame, known, .. } in images {
        analyzed.push(analyze_with(model, frame, known, &options, cancel, &mut |_| ()));
        known.pass = None;
    }
    analyzed
}
