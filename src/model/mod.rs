//! A model as people choose it: weights with a manifest that says what goes in and what comes out,
//! an input gate, the population that it was measured on, and what a labelled set says about its
//! probabilities.
//!
//! [`crate::network`] below knows tensors alone; everything that uses a model (sampling, maps,
//! training, the viewer) stands above. There is one way from pixels to logits,
//! [`Model::input_tensor`] and [`crate::network::Network::forward`], and one from logits to
//! probabilities, [`output_head::OutputHead`].

pub mod background;
pub mod background_groups;
pub mod cache;
pub mod calibration;
pub mod candidate_model;
pub mod cascading_randomization;
pub mod catalogue;
pub mod conformal;
pub mod export;
pub mod fetch;
pub mod fits;
pub mod gallery;
pub mod gate;
pub mod import;
pub mod joint;
pub mod labels;
pub mod lungs;
pub mod manifest;
pub mod output_head;
pub mod population;
mod precheck;
pub mod preprocess;
pub mod prevalence;
pub mod refusal;
pub mod registry;
pub mod source;
pub mod study_calibration;
pub mod study_pool;

use std::sync::Arc;

use candle_core::{Device, Tensor};

use self::background::Background;
use self::calibration::{Calibration, CalibrationError};
use self::gate::Gate;
use self::manifest::{Manifest, Normalization};
use self::population::detector::{Detector, DetectorError};
use self::preprocess::{channels, to_input};
use crate::imaging::Plane;
use crate::network::{Mode, Network, Result};

/// A model as people choose it: manifest, network with its weights, gate.
pub struct Model {
    pub manifest: crate::model::Manifest,
    pub network: Network,
    /// SHA-256 of `weights.safetensors`, lower-case hex.
    pub sha256: String,
    /// What it was loaded by: a name, or a folder.
    pub origin: String,
    pub device: Device,
    pub gate: Option<Gate>,
    /// Ordinary images, for explanations that compare with them.
    pub background: Option<crate::model::Background>,
    /// What a labelled set says about its probabilities, or why there is nothing to say.
    pub calibration: std::result::Result<Calibration, CalibrationError>,
    /// Tells images unlike those that it was measured on, or why there is none that could.
    pub detector: std::result::Result<Detector, DetectorError>,
    /// Further models with the same labels, to be asked beside it.
    pub ensemble: Vec<Arc<Model>>,
}

impl Model {
    /// What black in the image becomes in an input of this model, one value a channel: the low end
    /// of the value range where it is fixed, else the darkest value of the image itself.
    pub fn black(&self, input: &Tensor) -> crate::network::Result<Vec<f32>> {
        let spec = &self.manifest.input;
        if spec.normalization == Normalization::Fixed {
            let of = |values: &[f32], c: usize, none: f32| values.get(c).or(values.first()).copied().unwrap_or(none);
            let low = spec.value_range[0];
            return Ok((0..spec.channels).map(|c| (low - of(&spec.mean, c, 0.0)) / of(&spec.sd, c, 1.0)).collect());
        }
        input.flatten_from(2)?.min(2)?.get(0)?.to_vec1()
    }

    /// The input of a polarity-corrected plane of modality values, channel by channel; `range` as
    /// in [`to_input`].
    #[must_use]
    pub fn input_values(&self, plane: &Plane, range: (f32, f32)) -> Vec<f32> {
        let input = &self.manifest.input;
        channels(&to_input(plane, input, range), input)
    }

    /// The input tensor `(N, C, H, W)` of `count` images' [`Self::input_values`], laid one behind
    /// the other.
    pub fn input_batch(&self, values: Vec<f32>, count: usize) -> Result<Tensor> {
        let input = &self.manifest.input;
        Tensor::from_vec(values, (count, input.channels, input.height, input.width), &self.device)
    }

    /// The input tensor `(1, C, H, W)` of one image.
    pub fn input_tensor(&self, plane: &Plane, range: (f32, f32)) -> Result<Tensor> {
        self.input_batch(self.input_values(plane, range), 1)
    }

    /// Logits `(N, K)` of an input `(N, C, H, W)` with dropout off.
    pub fn logits(&self, input: &Tensor) -> crate::network::Result<Tensor> {
        self.network.forward(input, Mode::Inference)
    }

    /// Number of the stage that heat maps are taken from by default.
    pub fn target_stage(&self) -> usize {
        self.network.stage(&self.manifest.target_layer).expect("the manifest was checked against the network")
    }
}
