//! A small network that was shown images of others beside those of the population ("outlier
//! exposure", Hendrycks et al., ICLR 2019).
//!
//! Distances in a classifier's features see what is odd to the classifier. Adults among children
//! are not: the classifier was never asked for age, and its features hardly hold it. Where images
//! of those who look alike are at hand, a network learns to tell them apart; on a coarse,
//! histogram-equalised copy, so that it cannot learn tone, noise or compression, and in many views,
//! so that it learns neither cut nor borders nor markers. Its distance is the difference of its two
//! logits, others against own.
//!
//! What it does not do: know those of whom it was shown none. Images of other kinds are left to the
//! distances and to the input gate.

use candle_core::{Device, Tensor};

use crate::imaging::Plane;
use crate::model::gate::input_of;
use crate::model::preprocess::to_input;
use crate::network::architecture::Architecture;
use crate::network::weights::{TensorFile, WeightError};
use crate::network::{Mode, Network};

/// Own and others, in the order of the logits.
pub const KINDS: usize = 2;

/// The network with the side of its square input.
pub struct Lookalikes {
    side: usize,
    network: Network,
    device: Device,
}

impl Lookalikes {
    /// The network of these tensors.
    ///
    /// # Errors
    /// When a tensor is missing, or of another shape.
    pub fn read(
        side: usize,
        architecture: &Architecture,
        tensors: &TensorFile,
        device: &Device,
    ) -> Result<Self, WeightError> {
        let network = architecture.folded(1, KINDS, tensors, device)?;
        Ok(Self { side, network, device: device.clone() })
    }

    /// How much more the image resembles others than the population, in logits; with its mirror
    /// image, so that no side counts.
    ///
    /// # Errors
    /// When the network cannot be run.
    pub fn distance(&self, plane: &Plane) -> candle_core::Result<f32> {
        let side = self.side;
        let seen = to_input(plane, &input_of(side), (0.0, 1.0)).values;
        let mirrored = seen.chunks_exact(side).flat_map(|row| row.iter().rev().copied());
        let both: Vec<f32> = seen.iter().copied().chain(mirrored).collect();
        let x = Tensor::from_vec(both, (2, 1, side, side), &self.device)?;
        let rows: Vec<Vec<f32>> = self.network.forward(&x, Mode::Inference)?.to_vec2()?;
        Ok(rows.iter().map(|row| (row[1] - row[0]) / 2.0).sum())
    }
}
