//! Test-time augmentation: the network on `T` variations of one image.
//!
//! Each sample is the whole way of an image, from its grey values through the preprocessing of the
//! manifest to probabilities, with dropout off; only the [variation] differs. Sample 0 is the image
//! as it is. Following Wang et al. (Neurocomputing 2019), who call what is seen this way aleatoric.
//!
//! What it does not do: the spread is variability under presentation of this image. A model can be
//! steady under every shift and wrong all the same.

use candle_core::Tensor;

use super::sampling::{BATCH_VALUES, SampleSource, Sampler, SamplingError};
use super::variation::Variation;
use super::{Posterior, variation};
use crate::imaging::Plane;
use crate::model::Model;
use crate::model::output_head::OutputHead;
use crate::network::{Mode, Network};

/// Most images of one batch.
const BATCH: usize = 8;

/// Draws samples batch by batch.
pub struct TestTime<'a> {
    model: &'a Model,
    readout: &'a OutputHead,
    /// Polarity-corrected modality values.
    whole: &'a Plane,
    /// The same, no larger than is of use.
    reduced: Plane,
    /// Span that the stored bits can take.
    range: (f32, f32),
    total: usize,
    seed: u64,
    batch: usize,
    samples: Vec<Vec<f32>>,
}

impl<'a> TestTime<'a> {
    /// Samples `total` variations of `plane`, whose stored bits span `range`.
    #[must_use]
    pub fn new(
        model: &'a Model,
        plane: &'a Plane,
        range: (f32, f32),
        readout: &'a OutputHead,
        total: usize,
        seed: u64,
    ) -> Self {
        let input = &model.manifest.input;
        let values = input.channels * input.width * input.height;
        let batch = (BATCH_VALUES / values.max(1)).clamp(1, BATCH);
        let reduced = variation::reduced(plane, input.width, input.height);
        Self { model, readout, whole: plane, reduced, range, total, seed, batch, samples: Vec::new() }
    }

    /// The network's input for one sample, `(1, C, H, W)`.
    fn input(&self, number: usize) -> candle_core::Result<Tensor> {
        if number == 0 {
            return self.model.input_tensor(self.whole, self.range);
        }
        let varied = Variation::drawn(self.seed, number).apply(&self.reduced);
        self.model.input_tensor(&varied, self.range)
    }
}

/// Logits of the whole network, asking between stages whether to stop.
pub(super) fn forward(network: &Network, x: Tensor, stop: &dyn Fn() -> bool) -> Result<Vec<Vec<f32>>, SamplingError> {
    let mut x = x;
    for stage in &network.stages {
        if stop() {
            return Err(SamplingError::Stopped);
        }
        x = stage.layer.forward(&x, Mode::Inference)?;
    }
    Ok(x.to_vec2::<f32>()?)
}

impl Sampler for TestTime<'_> {
    fn done(&self) -> usize {
        self.samples.len()
    }

    fn total(&self) -> usize {
        self.total
    }

    fn advance(&mut self, stop: &dyn Fn() -> bool) -> Result<bool, SamplingError> {
        let first = self.samples.len();
        let rows = first..self.total.min(first + self.batch);
        if rows.is_empty() {
            return Ok(false);
        }
        let mut inputs = Vec::with_capacity(rows.len());
        for number in rows {
            if stop() {
                return Err(SamplingError::Stopped);
            }
            inputs.push(self.input(number)?);
        }
        for logits in forward(&self.model.network, Tensor::cat(&inputs, 0)?, stop)? {
            let probabilities = self.readout.labels(&logits);
            if probabilities.iter().any(|p| !p.is_finite()) {
                return Err(SamplingError::NotFinite { sample: self.samples.len() });
            }
            self.samples.push(probabilities);
        }
        Ok(true)
    }

    fn posterior(&self) -> Posterior {
        Posterior::of(&self.samples, self.readout, SampleSource::TestTime, self.seed)
    }
}
