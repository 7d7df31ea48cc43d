//! What batches are made of, and how a batch is made: order, augmentation, normalisation, mix-up.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use rand::Rng;
use rand_distr::{Beta, Distribution};

use super::augment::augment;
use super::placing::Placing;
use super::sampling;
use super::smote::Blend;
use super::surroundings::{self, Window};
use crate::imaging::Plane;
use crate::model::manifest::Input;
use crate::model::preprocess;
use crate::training::config::{Augment, Config, EpochSampling};
use crate::training::data::dataset::Dataset;
use crate::training::data::lung_cover::LungCover;
use crate::training::data::pixels::Pixels;
use crate::training::data::truth;
use crate::training::random::{Purpose, stream};

/// Side of the grid on which a batch says where lungs lie.
const LUNG_SIDE: usize = 56;

/// What batches are made of.
pub struct BatchRecipe {
    pub images: Vec<Pixels>,
    /// Where the lungs of each image lie, for the changes that ask for it.
    lungs: Vec<Option<Arc<LungCover>>>,
    /// Whether the loss needs to know where the lungs of an augmented image lie.
    asks_where_lungs_lie: bool,
    /// Synthetic images, numbered on from the last real one; all are shown in every epoch.
    pub blends: Vec<Blend>,
    pub sampling: EpochSampling,
    /// Truth of each image, then of each synthetic one: see [`crate::training::data::truth`].
    pub truth: Vec<Vec<f32>>,
    pub classes: usize,
    /// The network's input at the size of this phase.
    pub input: Input,
    pub augment: Augment,
    pub batch: usize,
    pub seed: u64,
}

/// Network input `(n, 1, size, size)` with its truth `(n, classes)`: probabilities, NaN where
/// unknown.
pub struct Batch {
    pub n: usize,
    pub pixels: Vec<f32>,
    pub truth: Vec<f32>,
    /// Coverage by lung of each image as it is shown, where the loss asks for it and lungs were
    /// found; of no image of a batch that is mixed up.
    pub lungs: Vec<Option<Plane>>,
}

impl BatchRecipe {
    /// Everything that batches of `size` are made of.
    pub fn of(config: &Config, dataset: &Dataset, blends: &[Blend], size: usize) -> Arc<Self> {
        let labels = config.labels.len();
        let synthetic = blends.iter().map(|b| truth::one_hot(b.class, labels));
        Arc::new(Self {
            images: dataset.at_size(size, &config.input),
            lungs: dataset.samples.iter().map(|s| s.lungs.clone()).collect(),
            asks_where_lungs_lie: config.optimization.lung_evidence > 0.0,
            blends: blends.to_vec(),
            sampling: config.balance.sampling,
            truth: dataset.samples.iter().map(|s| s.truth.clone()).chain(synthetic).collect(),
            classes: labels,
            input: Input {
                width: size,
                height: size,
                // The same share of a smaller image.
                smoothing: config.input.smoothing * size as f32 / config.input.width as f32,
                ..config.input.clone()
            },
            augment: config.augment.clone(),
            batch: config.optimization.batch,
            seed: config.seed,
        })
    }

    /// The images `indices`, and the synthetic ones, in the order of `epoch`.
    pub fn order(&self, indices: &[usize], epoch: usize) -> Vec<Vec<usize>> {
        self.order_of(indices, self.blends.len(), &self.truth, epoch)
    }

    /// The members `indices` and `synthetic` more, which are numbered on from the last image, in
    /// the order of `epoch`; a last batch of fewer than half is left out.
    pub fn order_of(&self, indices: &[usize], synthetic: usize, truth: &[Vec<f32>], epoch: usize) -> Vec<Vec<usize>> {
        let synthetic = self.images.len()..self.images.len() + synthetic;
        let all: Vec<usize> = indices.iter().copied().chain(synthetic).collect();
        let order = sampling::order(self.sampling, &all, truth, self.seed, epoch);
        let mut batches: Vec<Vec<usize>> = order.chunks(self.batch).map(<[usize]>::to_vec).collect();
        if batches.len() > 1 && batches.last().is_some_and(|b| b.len() * 2 < self.batch) {
            batches.pop();
        }
        batches
    }

    /// Augmented and normalised batch number `place` of `epoch`.
    pub(super) fn make(&self, members: &[usize], epoch: usize, place: usize) -> Batch {
        let pixels = self.input.width * self.input.height;
        let mut batch = Batch {
            n: members.len(),
            pixels: Vec::with_capacity(members.len() * pixels),
            truth: Vec::with_capacity(members.len() * self.classes),
            lungs: Vec::with_capacity(members.len()),
        };
        for &i in members {
            let (mut plane, placing) = self.changed(i, epoch);
            preprocess::normalize(&mut plane, &self.input, (0.0, 1.0));
            batch.pixels.extend(plane.values);
            batch.truth.extend(&self.truth[i]);
            let lungs = self.lungs.get(i).and_then(Option::as_deref).filter(|_| self.asks_where_lungs_lie);
            batch.lungs.push(lungs.map(|lungs| placing.apply(&lungs.plane(), LUNG_SIDE)));
        }
        let mut rng = stream(self.seed, Purpose::MixUp, epoch, place);
        if rng.random::<f32>() < self.augment.mixup
            && let Ok(beta) = Beta::new(self.augment.mixup_alpha.max(0.01), self.augment.mixup_alpha.max(0.01))
        {
            let share: f32 = beta.sample(&mut rng);
            batch.pixels = mixed(&batch.pixels, pixels, share);
            batch.truth = mixed(&batch.truth, self.classes, share);
            batch.lungs.fill(None);
        }
        batch
    }

    /// An image, or the mixture of two that a synthetic one is, values from 0 to 1.
    fn plane(&self, i: usize) -> Plane {
        match i.checked_sub(self.images.len()) {
            None => self.images[i].plane(),
            Some(k) => self.blends[k].plane(&self.images),
        }
    }

    /// Replaces the surroundings of the lungs of image `i`, or finds a window on them, as `epoch`
    /// will have it.
    fn surround(&self, plane: &mut Plane, i: usize, epoch: usize) -> Window {
        let Some(lungs) = self.lungs.get(i).and_then(Option::as_deref) else { return surroundings::WHOLE };
        let mut rng = stream(self.seed, Purpose::Surroundings, epoch, i);
        let (replaced, cropped) = (rng.random::<f32>(), rng.random::<f32>());
        if replaced < self.augment.surroundings {
            let other = rng.random_range(0..self.images.len());
            surroundings::replace(plane, lungs, || self.images[other].plane(), &mut rng);
        }
        if cropped < self.augment.lung_crop { surroundings::crop(lungs, &mut rng) } else { surroundings::WHOLE }
    }

    /// Picture `i` as `epoch` changes it, values from 0 to 1.
    pub fn variant(&self, i: usize, epoch: usize) -> Plane {
        self.changed(i, epoch).0
    }

    /// The same, and how it was placed.
    fn changed(&self, i: usize, epoch: usize) -> (Plane, Placing) {
        let mut rng = stream(self.seed, Purpose::Augment, epoch, i);
        let mut plane = self.plane(i);
        let window = self.surround(&mut plane, i, epoch);
        augment(&plane, window, &self.input, &self.augment, &mut rng)
    }

    /// Planes as the network takes them: `(n, channels, height, width)`, every channel with the
    /// same grey values by its own mean and deviation.
    pub fn tensor(&self, planes: Vec<f32>, n: usize, device: &Device) -> candle_core::Result<Tensor> {
        let (c, h, w) = (self.input.channels, self.input.height, self.input.width);
        let of_image =
            |values: &[f32]| preprocess::channels(&Plane { width: w, height: h, values: values.to_vec() }, &self.input);
        let values = if c == 1 { planes } else { planes.chunks_exact(h * w).flat_map(of_image).collect() };
        Tensor::from_vec(values, (n, c, h, w), device)
    }

    /// Images as the network sees them at prediction: no augmentation.
    pub fn plain(&self, members: &[usize]) -> Vec<f32> {
        use rayon::prelude::*;
        let planes: Vec<Vec<f32>> = members
            .par_iter()
            .map(|&i| {
                if let Some(image) = self.images.get(i) {
                    image.input(&self.input).values
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

/// Mix-up (Zhang et al., ICLR 2018): each row becomes `share` of itself and the rest of its
/// successor. What is unknown of either is unknown of the mixture.
fn mixed(rows: &[f32], width: usize, share: f32) -> Vec<f32> {
    let n = rows.len();
    (0..n).map(|i| share * rows[i] + (1.0 - share) * rows[(i + width) % n]).collect()
}
