//! Batches, made ahead of the trainer on threads of their own.
//!
//! Thread `t` of `T` makes the batches `t, t + T, …` and puts them into its own bounded channel; the trainer takes
//! from the channels in turn. So the order never depends on which thread was quicker.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use crossbeam_channel::{Receiver, bounded};
use rand::Rng;
use rand_distr::{Beta, Distribution};

use super::augment::augment;
use super::config::{Augment, Config, Sampling};
use super::dataset::Dataset;
use super::pixels::Pixels;
use super::random::{Purpose, stream};
use super::smote::Blend;
use super::{Error, Result, sampling, truth};
use crate::imaging::Plane;
use crate::network::manifest::Input;
use crate::network::preprocess;

/// Batches that each thread keeps ready.
const AHEAD: usize = 3;

/// What batches are made of.
pub struct Recipe {
    pub pictures: Vec<Pixels>,
    /// Synthetic pictures, numbered on from the last real one; all are shown in every epoch.
    pub blends: Vec<Blend>,
    pub sampling: Sampling,
    /// Truth of each picture, then of each synthetic one: see [`super::truth`].
    pub truth: Vec<Vec<f32>>,
    pub classes: usize,
    /// The network's input at the size of this phase.
    pub input: Input,
    pub augment: Augment,
    pub batch: usize,
    pub seed: u64,
}

/// Network input `(n, 1, size, size)` with its truth `(n, classes)`: probabilities, NaN where unknown.
pub struct Batch {
    pub n: usize,
    pub pixels: Vec<f32>,
    pub truth: Vec<f32>,
}

impl Recipe {
    /// Everything that batches of `size` are made of.
    pub fn of(config: &Config, dataset: &Dataset, blends: &[Blend], size: usize) -> Arc<Self> {
        let labels = config.labels.len();
        let synthetic = blends.iter().map(|b| truth::one_hot(b.class, labels));
        Arc::new(Self {
            pictures: dataset.at_size(size, &config.input),
            blends: blends.to_vec(),
            sampling: config.balance.sampling,
            truth: dataset.samples.iter().map(|s| s.truth.clone()).chain(synthetic).collect(),
            classes: labels,
            input: Input { width: size, height: size, ..config.input.clone() },
            augment: config.augment.clone(),
            batch: config.optimization.batch,
            seed: config.seed,
        })
    }

    /// The pictures `indices`, and the synthetic ones, in the order of `epoch`.
    pub fn order(&self, indices: &[usize], epoch: usize) -> Vec<Vec<usize>> {
        self.order_of(indices, self.blends.len(), &self.truth, epoch)
    }

    /// The members `indices` and `synthetic` more, which are numbered on from the last picture, in the order of `epoch`; a
    /// last batch of fewer than half is left out.
    pub fn order_of(&self, indices: &[usize], synthetic: usize, truth: &[Vec<f32>], epoch: usize) -> Vec<Vec<usize>> {
        let synthetic = self.pictures.len()..self.pictures.len() + synthetic;
        let all: Vec<usize> = indices.iter().copied().chain(synthetic).collect();
        let order = sampling::order(self.sampling, &all, truth, self.seed, epoch);
        let mut batches: Vec<Vec<usize>> = order.chunks(self.batch).map(<[usize]>::to_vec).collect();
        if batches.len() > 1 && batches.last().is_some_and(|b| b.len() * 2 < self.batch) {
            batches.pop();
        }
        batches
    }

    /// Augmented and normalised batch number `place` of `epoch`.
    fn make(&self, members: &[usize], epoch: usize, place: usize) -> Batch {
        let pixels = self.input.width * self.input.height;
        let mut batch = Batch {
            n: members.len(),
            pixels: Vec::with_capacity(members.len() * pixels),
            truth: Vec::with_capacity(members.len() * self.classes),
        };
        for &i in members {
            let mut plane = self.variant(i, epoch);
            preprocess::normalize(&mut plane, &self.input, (0.0, 1.0));
            batch.pixels.extend(plane.values);
            batch.truth.extend(&self.truth[i]);
        }
        let mut rng = stream(self.seed, Purpose::MixUp, epoch, place);
        if rng.random::<f32>() < self.augment.mixup
            && let Ok(beta) = Beta::new(self.augment.mixup_alpha.max(0.01), self.augment.mixup_alpha.max(0.01))
        {
            let share: f32 = beta.sample(&mut rng);
            batch.pixels = mixed(&batch.pixels, pixels, share);
            batch.truth = mixed(&batch.truth, self.classes, share);
        }
        batch
    }

    /// A picture, or the mixture of two that a synthetic one is, values from 0 to 1.
    fn plane(&self, i: usize) -> Plane {
        match i.checked_sub(self.pictures.len()) {
            None => self.pictures[i].plane(),
            Some(k) => self.blends[k].plane(&self.pictures),
        }
    }

    /// Picture `i` as `epoch` changes it, values from 0 to 1.
    pub fn variant(&self, i: usize, epoch: usize) -> Plane {
        let mut rng = stream(self.seed, Purpose::Augment, epoch, i);
        augment(&self.plane(i), &self.input, &self.augment, &mut rng)
    }

    /// Planes as the network takes them: `(n, channels, height, width)`, every channel with the same grey values.
    pub fn tensor(&self, planes: Vec<f32>, n: usize, device: &Device) -> candle_core::Result<Tensor> {
        let (h, w) = (self.input.height, self.input.width);
        let x = Tensor::from_vec(planes, (n, 1, h, w), device)?;
        if self.input.channels == 1 { Ok(x) } else { x.expand((n, self.input.channels, h, w))?.contiguous() }
    }

    /// Pictures as the network sees them at prediction: no augmentation.
    pub fn plain(&self, members: &[usize]) -> Vec<f32> {
        use rayon::prelude::*;
        let planes: Vec<Vec<f32>> = members
            .par_iter()
            .map(|&i| {
                if let Some(picture) = self.pictures.get(i) {
                    picture.input(&self.input).values
                } else {
                    let mut plane = self.plane(i);
                    preprocess::normalize(&mut plane, &self.input, (0.0, 1.0));
                    plane.values
                }
            })
            .collect();
        planes.concat()
    }
}

/// Mix-up (Zhang et al., ICLR 2018): each row becomes `share` of itself and the rest of its successor. What is
/// unknown of either is unknown of the mixture.
fn mixed(rows: &[f32], width: usize, share: f32) -> Vec<f32> {
    let n = rows.len();
    (0..n).map(|i| share * rows[i] + (1.0 - share) * rows[(i + width) % n]).collect()
}

/// The batches of one epoch, in order.
pub struct Loader {
    channels: Vec<Receiver<Batch>>,
    next: usize,
    left: usize,
}

impl Loader {
    /// Starts `threads` threads on the batches of `epoch`; they end with the loader.
    pub fn start(recipe: &Arc<Recipe>, order: Vec<Vec<usize>>, epoch: usize, threads: usize) -> Result<Self> {
        let left = order.len();
        let order = Arc::new(order);
        let mut channels = Vec::new();
        for first in 0..threads {
            let (sender, receiver) = bounded(AHEAD);
            let (recipe, order) = (Arc::clone(recipe), Arc::clone(&order));
            let work = move || {
                for place in (first..order.len()).step_by(threads) {
                    if sender.send(recipe.make(&order[place], epoch, place)).is_err() {
                        return;
                    }
                }
            };
            std::thread::Builder::new().name(format!("loader-{first}")).spawn(work).map_err(|_| Error::Loader)?;
            channels.push(receiver);
        }
        Ok(Self { channels, next: 0, left })
    }

    /// The next batch; `None` at the end of the epoch.
    pub fn next_batch(&mut self) -> Result<Option<Batch>> {
        if self.left == 0 {
            return Ok(None);
        }
        let batch = self.channels[self.next].recv().map_err(|_| Error::Loader)?;
        self.next = (self.next + 1) % self.channels.len();
        self.left -= 1;
        Ok(Some(batch))
    }
}
