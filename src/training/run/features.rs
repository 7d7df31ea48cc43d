//! Features of a frozen backbone: computed once, kept on disk beside the checkpoint, and all that
//! the head needs to train.
//!
//! The file is used again as long as weights, images, size and variants are the same: its key is a
//! hash of them. Augmentation cannot reach features that are already there, so a number of
//! augmented variants of each training image is kept instead, and epochs take them in turn; without
//! variants the plain images are learnt. Synthetic members of the smaller classes lie between the
//! features of real ones: see [`crate::training::batch::smote`].

use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use safetensors::tensor::SafeTensors;
use sha2::{Digest, Sha256};

use super::unfreezing::run_frozen;
use crate::files::writing::Access;
use crate::files::{hex, read_regular};
use crate::limits;
use crate::network::Network;
use crate::training::batch::loader::Loader;
use crate::training::batch::recipe::BatchRecipe;
use crate::training::batch::smote;
use crate::training::batch::smote::Blend;
use crate::training::config::{Config, Smote};
use crate::training::data::dataset::Dataset;
use crate::training::data::split::Split;
use crate::training::data::truth;
use crate::training::optim::parameters::{Parameters, read};
use crate::training::tensor_file::write_tensors;
use crate::training::{Error, Result};

/// Name of the file in the run's folder.
pub(super) const FILE: &str = "features.safetensors";
/// Images of one forward pass.
const BATCH: usize = 16;

/// What the frozen stages make of the images.
pub(super) struct Features {
    /// Stages that are behind these features.
    pub frozen: usize,
    /// Side of the images.
    pub size: usize,
    /// Values of a feature vector.
    pub width: usize,
    /// Of the plain images, training then validation, by number of the sample.
    plain: Vec<Vec<f32>>,
    /// Of augmented variants of the training images, by number of the sample.
    variants: Vec<Vec<Vec<f32>>>,
    /// Synthetic members, numbered on from the last sample.
    blends: Vec<Blend>,
    /// Truth of each sample, then of each synthetic member.
    pub truth: Vec<Vec<f32>>,
}

/// What features are made from.
pub(super) struct FeatureInputs<'a> {
    pub config: &'a Config,
    pub dataset: &'a Dataset,
    pub split: &'a Split,
    pub network: &'a Network,
    pub parameters: &'a Parameters,
    /// Of each tensor, whether it belongs to a frozen stage.
    pub frozen_tensors: &'a [bool],
    pub recipe: &'a Arc<BatchRecipe>,
    pub device: &'a Device,
}

impl Features {
    /// Those kept in `folder` if they are of the same weights and images, else new ones, which are
    /// then kept there.
    pub(super) fn obtain(
        source: &FeatureInputs<'_>,
        frozen: usize,
        folder: &Path,
        done: &dyn Fn(usize, usize),
    ) -> Result<Self> {
        let key = key(source, frozen)?;
        let path = folder.join(FILE);
        let size = source.recipe.input.width;
        let kept =
            read_regular(&path, limits::FEATURE_BYTES).ok().and_then(|bytes| Self::parse(&bytes, source, frozen, &key));
        if let Some(kept) = kept {
            return Ok(kept.balanced(source));
        }
        let samples = source.dataset.samples.len();
        let mut features = Self {
            frozen,
            size,
            width: 0,
            plain: vec![Vec::new(); samples],
            variants: Vec::new(),
            blends: Vec::new(),
            truth: Vec::new(),
        };
        let (training, variants) = (&source.split.training, source.config.transfer.variants);
        let all: Vec<usize> = training.iter().chain(&source.split.validation).copied().collect();
        let total = all.len() + variants * training.len();
        for members in all.chunks(BATCH) {
            let rows = source.rows(source.recipe.plain(members), members.len(), frozen)?;
            for (&i, row) in members.iter().zip(rows) {
                features.plain[i] = row;
            }
            done(features.plain.iter().filter(|r| !r.is_empty()).count(), total);
        }
        for variant in 0..variants {
            let mut rows = vec![Vec::new(); samples];
            let batches: Vec<Vec<usize>> = training.chunks(BATCH).map(<[usize]>::to_vec).collect();
            let threads = source.config.optimization.loader_threads;
            let mut loader = Loader::start(source.recipe, batches.clone(), variant, threads)?;
            for members in batches {
                let Some(batch) = loader.next_batch()? else { break };
                for (i, row) in members.into_iter().zip(source.rows(batch.pixels, batch.n, frozen)?) {
                    rows[i] = row;
                }
            }
            features.variants.push(rows);
            done(all.len() + (variant + 1) * training.len(), total);
        }
        features.width = features.plain.iter().map(Vec::len).max().unwrap_or(0);
        features.save(&path, key)?;
        Ok(features.balanced(source))
    }

    /// With truth, and with synthetic members of the smaller classes where the configuration asks
    /// for them.
    fn balanced(mut self, source: &FeatureInputs<'_>) -> Self {
        let (samples, balance) = (&source.dataset.samples, &source.config.balance);
        self.truth = samples.iter().map(|s| s.truth.clone()).collect();
        if balance.smote == Smote::Features {
            let known: Vec<(usize, usize)> =
                source.split.training.iter().filter_map(|&i| Some((i, truth::class(&samples[i].truth)?))).collect();
            let rows: Vec<Vec<f32>> = known.iter().map(|(i, _)| self.plain[*i].clone()).collect();
            let classes: Vec<usize> = known.iter().map(|(_, class)| *class).collect();
            let blends = smote::smote(&rows, &classes, balance.neighbours, source.config.seed).into_iter();
            self.blends = blends.map(|b| Blend { from: known[b.from].0, to: known[b.to].0, ..b }).collect();
            let labels = source.config.labels.len();
            self.truth.extend(self.blends.iter().map(|b| truth::one_hot(b.class, labels)));
        }
        self
    }

    /// Members of the batches of `epoch`, the synthetic ones among them.
    pub(super) fn order(&self, recipe: &BatchRecipe, training: &[usize], epoch: usize) -> Vec<Vec<usize>> {
        recipe.order_of(training, self.blends.len(), &self.truth, epoch)
    }

    /// Rows of `members` for `epoch`: of the plain images, or of the variant whose turn it is.
    pub(super) fn training(&self, members: &[usize], epoch: usize) -> Vec<f32> {
        let rows = if self.variants.is_empty() { &self.plain } else { &self.variants[epoch % self.variants.len()] };
        let row = |&i: &usize| match i.checked_sub(rows.len()) {
            None => rows[i].clone(),
            Some(k) => self.blends[k].values(rows),
        };
        members.iter().flat_map(row).collect()
    }

    /// Rows of the plain images `members`.
    pub(super) fn plain(&self, members: &[usize]) -> Vec<f32> {
        members.iter().flat_map(|&i| self.plain[i].iter().copied()).collect()
    }

    fn save(&self, path: &Path, key: String) -> Result<()> {
        let sets: Vec<Vec<f32>> =
            std::iter::once(&self.plain).chain(&self.variants).map(|rows| rows.concat()).collect();
        let shape = |values: &[f32]| vec![values.len() / self.width.max(1), self.width];
        let tensors = sets.iter().enumerate().map(|(i, values)| (name(i), shape(values), values.as_slice()));
        // Features of patients' images, which a model that is handed on does not need.
        write_tensors(path, Access::Private, tensors.collect(), key)
    }

    /// `None` for a file of other weights or images, or a broken one: it is then made again.
    fn parse(bytes: &[u8], source: &FeatureInputs<'_>, frozen: usize, key: &str) -> Option<Self> {
        let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
        if header.metadata().as_ref()?.get("state")? != key {
            return None;
        }
        let file = SafeTensors::deserialize(bytes).ok()?;
        let samples = source.dataset.samples.len();
        let training = &source.split.training;
        let mut all: Vec<usize> = training.iter().chain(&source.split.validation).copied().collect();
        all.sort_unstable();
        let width = *file.tensor(&name(0)).ok()?.shape().get(1)?;
        let set = |number: usize, members: &[usize]| -> Option<Vec<Vec<f32>>> {
            let view = file.tensor(&name(number)).ok()?;
            (view.shape() == [members.len(), width]).then_some(())?;
            let (words, _) = view.data().as_chunks::<4>();
            let mut rows = vec![Vec::new(); samples];
            for (&i, row) in members.iter().zip(words.chunks_exact(width.max(1))) {
                rows[i] = row.iter().map(|w| f32::from_le_bytes(*w)).collect();
            }
            Some(rows)
        };
        let variants = (1..=source.config.transfer.variants).map(|v| set(v, training)).collect::<Option<_>>()?;
        Some(Self {
            frozen,
            size: source.recipe.input.width,
            width,
            plain: set(0, &all)?,
            variants,
            blends: Vec::new(),
            truth: Vec::new(),
        })
    }
}

impl FeatureInputs<'_> {
    fn rows(&self, pixels: Vec<f32>, n: usize, frozen: usize) -> Result<Vec<Vec<f32>>> {
        let x = self.recipe.tensor(pixels, n, self.device)?;
        let features = run_frozen(self.network, frozen, &x)?;
        if features.dims().len() != 2 {
            let stage = self.network.stages.get(frozen).map_or("", |s| s.name.as_str());
            return Err(Error::Start {
                from: self.config.transfer.start_from.clone().unwrap_or_default(),
                reason: format!("the stages before {stage} yield maps, not a feature vector; use `train_from`"),
            });
        }
        Ok(features.to_vec2::<f32>()?)
    }
}

/// Set 0 holds the plain images, the others a variant each. Rows stand in the order of the sample
/// numbers.
fn name(set: usize) -> String {
    if set == 0 { "plain".into() } else { format!("variant.{}", set - 1) }
}

/// Hash of all that decides the features.
fn key(source: &FeatureInputs<'_>, frozen: usize) -> Result<String> {
    let mut hash = Sha256::new();
    let (config, recipe) = (source.config, source.recipe);
    let augment =
        if config.transfer.variants > 0 { format!("{:?}{}", config.augment, config.seed) } else { String::new() };
    hash.update(format!("{frozen}{:?}{:?}{}{augment}", config.architecture, recipe.input, config.transfer.variants));
    hash.update(format!("{:?}", source.split));
    for (p, _) in source.parameters.iter().zip(source.frozen_tensors).filter(|(_, frozen)| **frozen) {
        hash.update(&p.name);
        read(p.var.as_tensor(), |values| values.iter().for_each(|v| hash.update(v.to_le_bytes())))?;
    }
    for (sample, image) in source.dataset.samples.iter().zip(&recipe.images) {
        hash.update(&sample.name);
        image.values().iter().for_each(|v| hash.update(v.to_le_bytes()));
    }
    Ok(hex(&hash.finalize()))
}

/// A batch of feature rows as the stages behind them take it.
pub(super) fn tensor(rows: Vec<f32>, n: usize, device: &Device) -> candle_core::Result<Tensor> {
    let width = rows.len() / n.max(1);
    Tensor::from_vec(rows, (n, width), device)
}
