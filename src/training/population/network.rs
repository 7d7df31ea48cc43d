//! Training of the detector's own network on images of the population and of others
//! ([`Lookalikes`]).
//!
//! Both kinds are shown in the same many views ([`views`]: other
//! cuts, borders, markers, local contrast, noise), half of them mirrored, so that what tells them
//! apart is not how their archives cut, mark and store images. As many of either kind are shown.

use std::collections::HashMap;
use std::time::Instant;

use candle_core::{Device, Tensor};
use candle_nn::VarMap;
use rand::Rng as _;
use rayon::prelude::*;

use crate::model::gate::input_of;
use crate::model::population::lookalikes::{KINDS, Lookalikes};
use crate::model::preprocess::to_input;
use crate::network::Mode;
use crate::network::architecture::Architecture;
use crate::network::weights::TensorFile;
use crate::training::event::{Event, Observer};
use crate::training::gate::small_image::SmallImage;
use crate::training::gate::views;
use crate::training::optim::average::average;
use crate::training::optim::loss::Objective;
use crate::training::optim::optimizer::{Optimizer, Rule};
use crate::training::optim::parameters::Parameters;
use crate::training::random::{Purpose, stream};
use crate::training::{Error, Result};

/// Side of the network's input: shapes, no texture.
pub const SIDE: usize = 64;
const BATCH: usize = 48;
const WARM_UP: f64 = 100.0;
const LEARNING_RATE: f64 = 0.004;
const WEIGHT_DECAY: f64 = 0.02;
const SMOOTHING: f64 = 0.05;
/// Share of the images that are shown as they are.
const PLAIN: f32 = 0.15;
/// Steps between two events.
const EVERY: usize = 100;

/// The network's shape.
#[must_use]
pub fn architecture() -> Architecture {
    Architecture::compact(&[12, 20, 32, 64], &[1, 1, 1], &[1, 2, 2], 0.1)
}

/// How the network is trained.
#[derive(Clone, Copy, Debug)]
pub struct FittingSchedule {
    pub steps: usize,
    pub seed: u64,
}

impl Default for FittingSchedule {
    fn default() -> Self {
        Self { steps: 3_000, seed: 7 }
    }
}

/// A network that was trained, with its tensors.
pub struct Trained {
    pub lookalikes: Lookalikes,
    /// Names, shapes and values.
    pub tensors: Vec<(String, Vec<usize>, Vec<f32>)>,
}

/// Trains on images of the population and of others.
///
/// # Errors
/// When the training diverges.
pub fn train(
    own: &[&SmallImage],
    others: &[&SmallImage],
    schedule: FittingSchedule,
    observer: Observer<'_>,
) -> Result<Trained> {
    let FittingSchedule { steps, seed } = schedule;
    let device = Device::Cpu;
    let architecture = architecture();
    let vars = VarMap::new();
    let network = architecture.trainable(1, KINDS, &vars, &device, seed)?;
    let parameters = Parameters::new(&vars);
    let mut optimizer = Optimizer::new(&parameters, Rule::AdamW, WEIGHT_DECAY, 5.0);
    let mut running = parameters.values()?;
    let objective = Objective::cross_entropy(vec![1.0; KINDS], SMOOTHING);
    let (mut sum, mut since) = (0.0, Instant::now());
    for step in 0..steps {
        let (x, targets) = batch([own, others], seed, step, &device)?;
        let pass = network.record(0, &x, Mode::Training { seed: step as u64 }, false)?;
        let loss = objective.loss(&pass.logits, &targets)?;
        if !loss.value.is_finite() {
            return Err(Error::Diverged { loss: loss.value, step: step as u64, epoch: 0, kept: "nothing".into() });
        }
        let warm = ((step as f64 + 1.0) / WARM_UP).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / steps as f64).cos());
        optimizer.step(&parameters, &pass.back(&loss.gradient)?, &|_| Some(LEARNING_RATE * warm * cosine))?;
        average(&mut running, &parameters, 0.99, step as u64 + 1)?;
        sum += f64::from(loss.value);
        if (step + 1) % EVERY == 0 {
            observer(Event::Fitting {
                done: step + 1,
                of: steps,
                loss: sum / EVERY as f64,
                images_per_second: (EVERY * BATCH) as f64 / since.elapsed().as_secs_f64(),
            });
            (sum, since) = (0.0, Instant::now());
        }
    }
    let named = parameters.iter().zip(running).map(|(p, v)| (p.name.clone(), p.var.dims().to_vec(), v));
    let tensors: Vec<(String, Vec<usize>, Vec<f32>)> = named.collect();
    let mut loaded = HashMap::new();
    for (name, shape, values) in &tensors {
        loaded.insert(name.clone(), Tensor::from_slice(values, shape.as_slice(), &device)?);
    }
    let read = Lookalikes::read(SIDE, &architecture, &TensorFile::new(loaded), &device);
    let lookalikes = read.map_err(|e| Error::Data(e.to_string()))?;
    Ok(Trained { lookalikes, tensors })
}

/// Images and one-hot targets of a step, own and others in turn.
fn batch(kinds: [&[&SmallImage]; KINDS], seed: u64, step: usize, device: &Device) -> Result<(Tensor, Vec<f32>)> {
    let input = input_of(SIDE);
    let made: Vec<Vec<f32>> = (0..BATCH)
        .into_par_iter()
        .map(|i| {
            let mut rng = stream(seed, Purpose::Augment, 0, step * BATCH + i);
            let images = kinds[i % KINDS];
            let image = images[rng.random_range(0..images.len())];
            let mut plane = if rng.random::<f32>() < PLAIN {
                views::plain(image, SIDE)
            } else {
                views::upright(image, SIDE, &mut rng)
            };
            if rng.random::<bool>() {
                plane.values.chunks_exact_mut(SIDE).for_each(<[f32]>::reverse);
            }
            to_input(&plane, &input, (0.0, 1.0)).values
        })
        .collect();
    let mut targets = vec![0.0; BATCH * KINDS];
    (0..BATCH).for_each(|i| targets[i * KINDS + i % KINDS] = 1.0);
    Ok((Tensor::from_vec(made.concat(), (BATCH, 1, SIDE, SIDE), device)?, targets))
}
