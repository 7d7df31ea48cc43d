//! MC dropout (Gal and Ghahramani 2016): the part of the network behind its first dropout, run `T`
//! times.
//!
//! What comes before the first active dropout is the same in every pass, so it is run once (by the
//! caller) and only the rest is repeated, many samples as one batch. Row `i` of a batch uses the
//! mask of sample `first + i`, so the numbers do not depend on how samples are batched. The batch
//! size depends on the network alone, never on the machine's speed.
//!
//! What it does not do: a network without an active dropout has no posterior. [`McDropout::new`] is
//! then not to be called; [`Network::first_stochastic`] tells.

use candle_core::Tensor;

use super::Posterior;
use super::sampling::{BATCH_VALUES, SampleSource, Sampler, SamplingError};
use crate::model::output_head::OutputHead;
use crate::network::{Mode, Network};

/// Most samples of one batch: few enough that bars move while they arrive.
const BATCH: usize = 20;

/// Draws samples batch by batch.
pub struct McDropout<'a> {
    network: &'a Network,
    /// Input of `stage`, `(1, …)`.
    activation: Tensor,
    stage: usize,
    readout: &'a OutputHead,
    /// Samples asked for.
    total: usize,
    seed: u64,
    batch: usize,
    samples: Vec<Vec<f32>>,
}

impl<'a> McDropout<'a> {
    /// Samples the stages from `stage` on, whose input for one image is `activation` `(1, …)`.
    #[must_use]
    pub fn new(
        network: &'a Network,
        stage: usize,
        activation: &Tensor,
        readout: &'a OutputHead,
        total: usize,
        seed: u64,
    ) -> Self {
        let batch = (BATCH_VALUES / activation.elem_count().max(1)).clamp(1, BATCH);
        Self { network, activation: activation.detach(), stage, readout, total, seed, batch, samples: Vec::new() }
    }

    /// The same with batches of `batch` samples.
    #[must_use]
    pub fn with_batch(self, batch: usize) -> Self {
        Self { batch: batch.max(1), ..self }
    }
}

impl Sampler for McDropout<'_> {
    fn done(&self) -> usize {
        self.samples.len()
    }

    fn total(&self) -> usize {
        self.total
    }

    /// A batch is short (see [`BATCH_VALUES`]), so `stop` is asked by the caller between batches
    /// only.
    fn advance(&mut self, _stop: &dyn Fn() -> bool) -> Result<bool, SamplingError> {
        let first = self.samples.len();
        let rows = self.batch.min(self.total - first);
        if rows == 0 {
            return Ok(false);
        }
        let mut shape = self.activation.dims().to_vec();
        shape[0] = rows;
        let x = self.activation.expand(shape)?.contiguous()?;
        let stages = self.stage..self.network.stages.len();
        let logits = self.network.forward_range(stages, &x, Mode::Sampling { seed: self.seed, first })?;
        for logits in logits.to_vec2::<f32>()? {
            let probabilities = self.readout.labels(&logits);
            if probabilities.iter().any(|p| !p.is_finite()) {
                return Err(SamplingError::NotFinite { sample: self.samples.len() });
            }
            self.samples.push(probabilities);
        }
        Ok(true)
    }

    fn posterior(&self) -> Posterior {
        Posterior::of(&self.samples, self.readout, SampleSource::McDropout, self.seed)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::model::manifest::Head;
    use crate::network::layout::Layout;
    use crate::network::{Layer, Result, Stage};
    use crate::uncertainty::Summary;

    /// A dropout of this rate whose masks depend on the seed and the number of the sample.
    struct Dropout(f32);
    impl Layer for Dropout {
        fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
            let Mode::Sampling { seed, first } = mode else { return Ok(x.clone()) };
            let (n, f) = x.dims2()?;
            let mut mask = Vec::with_capacity(n * f);
            for i in first..first + n {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(i as u64);
                mask.extend((0..f).map(|_| if rng.random::<f32>() < self.0 { 0.0 } else { 1.0 / (1.0 - self.0) }));
            }
            x * Tensor::from_vec(mask, (n, f), x.device())?
        }
    }

    /// Sums of thirds of the features.
    struct Thirds;
    impl Layer for Thirds {
        fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
            let (n, f) = x.dims2()?;
            x.reshape((n, 3, f / 3))?.sum(2)
        }
    }

    fn network(rate: f32) -> Network {
        let stage =
            |name: &str, stochastic, layer| Stage { name: name.into(), layout: Layout::Vector, stochastic, layer };
        Network {
            stages: vec![
                stage("dropout", rate > 0.0, Box::new(Dropout(rate)) as Box<dyn Layer>),
                stage("head", false, Box::new(Thirds)),
            ],
        }
    }

    fn features() -> Tensor {
        let values: Vec<f32> = (0..30).map(|i| (i as f32 * 0.7).sin() * 0.4).collect();
        Tensor::from_vec(values, (1, 30), &Device::Cpu).unwrap()
    }

    fn readout() -> OutputHead {
        OutputHead { head: Head::Softmax, temperature: 1.5, groups: vec![vec![1, 2]] }
    }

    fn draw(rate: f32, seed: u64, batch: usize) -> Posterior {
        let (network, readout) = (network(rate), readout());
        let mut sampler = McDropout::new(&network, 0, &features(), &readout, 50, seed).with_batch(batch);
        while sampler.advance(&|| false).unwrap() {}
        assert_eq!(sampler.done(), 50);
        sampler.posterior()
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers_however_samples_are_batched() {
        let whole = draw(0.4, 7, 50);
        for batch in [1, 7, 20] {
            assert_eq!(draw(0.4, 7, batch), whole);
        }
        assert_ne!(draw(0.4, 8, 50).samples, whole.samples);
    }

    #[test]
    fn as_the_rate_falls_the_mean_becomes_the_probability() {
        let logits = network(0.0).forward(&features(), Mode::Inference).unwrap().to_vec2::<f32>().unwrap();
        let probabilities = readout().labels(&logits[0]);
        let distance = |rate| {
            let p = draw(rate, 7, 20);
            p.labels.iter().zip(&probabilities).map(|(s, p)| (s.mean - p).abs()).fold(0.0, f32::max)
        };
        assert!(distance(0.5) > distance(0.001));
        assert!(distance(0.001) < 2e-3);
    }

    #[test]
    fn groups_are_summed_in_each_sample_and_not_afterwards() {
        let p = draw(0.5, 7, 20);
        let sums: Vec<f32> = p.samples.iter().map(|s| s[1] + s[2]).collect();
        assert_eq!(p.groups, [Summary::of(&sums)]);
        assert!(
            p.groups[0].sd < p.labels[1].sd + p.labels[2].sd,
            "members that exclude each other do not add their spread"
        );
    }

    #[test]
    fn mutual_information_is_never_negative_and_grows_with_the_rate() {
        assert!(draw(1e-6, 7, 20).mutual_information >= 0.0);
        assert!(draw(0.5, 7, 20).mutual_information > draw(0.05, 7, 20).mutual_information);
        assert_eq!(draw(0.5, 7, 20).max_entropy, 3f32.ln());
    }

    #[test]
    fn partial_posteriors_hold_the_samples_so_far() {
        let (network, readout) = (network(0.4), readout());
        let mut sampler = McDropout::new(&network, 0, &features(), &readout, 25, 7);
        assert!(sampler.advance(&|| false).unwrap());
        assert_eq!(sampler.posterior().samples.len(), 20);
        assert!(sampler.advance(&|| false).unwrap());
        assert_eq!(sampler.posterior().samples.len(), 25);
        assert!(!sampler.advance(&|| false).unwrap());
    }

    #[test]
    fn not_finite_samples_are_an_error() {
        let (network, readout) = (network(0.4), readout());
        let features = Tensor::full(f32::NAN, (1, 30), &Device::Cpu).unwrap();
        let error = McDropout::new(&network, 0, &features, &readout, 5, 7).advance(&|| false).unwrap_err();
        assert!(matches!(error, SamplingError::NotFinite { sample: 0 }));
    }
}
