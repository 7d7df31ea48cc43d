//! The training of a gate's network: batches of drawn examples, cross entropy, a running average of
//! the weights.

use std::path::Path;

use candle_core::{Device, Tensor};
use candle_nn::VarMap;
use rayon::prelude::*;

use super::config::GateConfig;
use super::examples::Examples;
use super::settle::{GateOutcome, settle};
use crate::model::gate::{CLASSES, GateClass, input_of};
use crate::model::preprocess::to_input;
use crate::network::Mode;
use crate::training::event::{Event, Observer};
use crate::training::optim::average::average;
use crate::training::optim::loss::Objective;
use crate::training::optim::optimizer::{Optimizer, Rule};
use crate::training::optim::parameters::Parameters;
use crate::training::random::{Purpose, stream};
use crate::training::{Error, Result};

/// What a training begins with.
#[derive(Clone, Copy, Debug)]
pub enum GateStart<'a> {
    /// Random weights.
    Nothing,
    /// The weights of this gate file.
    Weights(&'a Path),
    /// The weights of this gate file, which stay: only distance and threshold are settled again.
    Settle(&'a Path),
}

/// Trains a gate on examples.
pub fn train(
    config: &GateConfig,
    examples: &Examples,
    start: GateStart,
    observer: Observer<'_>,
) -> Result<GateOutcome> {
    let device = Device::Cpu;
    let vars = VarMap::new();
    let network = config.architecture.trainable(1, CLASSES.len(), &vars, &device, config.seed)?;
    let parameters = Parameters::new(&vars);
    if let GateStart::Weights(path) | GateStart::Settle(path) = start {
        parameters.take_from(&candle_core::safetensors::load(path, &device)?)?;
    }
    if let GateStart::Settle(_) = start {
        return settle(config, examples, &network, &parameters);
    }
    let mut optimizer = Optimizer::new(&parameters, Rule::AdamW, config.weight_decay, 5.0);
    let mut running = parameters.values()?;
    let steps = (config.images_per_epoch / config.batch).max(1);
    let all = (steps * config.epochs) as f64;
    let objective = Objective::cross_entropy(vec![1.0; CLASSES.len()], 0.02);
    for epoch in 0..config.epochs {
        let started = std::time::Instant::now();
        let mut sum = 0.0;
        for step in 0..steps {
            let (x, targets) = batch(config, examples, epoch, step, &device)?;
            let pass = network.record(0, &x, Mode::Training { seed: (epoch * steps + step) as u64 }, false)?;
            let loss = objective.loss(&pass.logits, &targets)?;
            let value = loss.value;
            let done = (epoch * steps + step) as f64;
            if !value.is_finite() {
                let kept = "nothing".to_owned();
                return Err(Error::Diverged { loss: value, step: done as u64, epoch, kept });
            }
            let warm = ((done + 1.0) / 60.0).min(1.0);
            let rate = config.learning_rate * warm * 0.5 * (1.0 + (std::f64::consts::PI * done / all).cos());
            optimizer.step(&parameters, &pass.back(&loss.gradient)?, &|_| Some(rate))?;
            average(&mut running, &parameters, 0.995, (epoch * steps + step) as u64 + 1)?;
            sum += f64::from(value);
        }
        observer(Event::Fitting {
            done: epoch + 1,
            of: config.epochs,
            loss: sum / steps as f64,
            images_per_second: (steps * config.batch) as f64 / started.elapsed().as_secs_f64(),
        });
    }
    parameters.assign(&running)?;
    settle(config, examples, &network, &parameters)
}

/// Images and one-hot targets of a step.
fn batch(
    config: &GateConfig,
    examples: &Examples,
    epoch: usize,
    step: usize,
    device: &Device,
) -> Result<(Tensor, Vec<f32>)> {
    let (side, n) = (config.side, config.batch);
    let input = input_of(side);
    let made: Vec<(Vec<f32>, GateClass)> = (0..n)
        .into_par_iter()
        .map(|i| {
            let mut rng = stream(config.seed, Purpose::Augment, epoch, step * n + i);
            let source = examples.source(&mut rng);
            let plane = examples.draw(source, false, side, &mut rng);
            (to_input(&plane, &input, (0.0, 1.0)).values, source.seen())
        })
        .collect();
    let mut pixels = Vec::with_capacity(n * side * side);
    let mut targets = vec![0.0f32; n * CLASSES.len()];
    for (i, (values, seen)) in made.into_iter().enumerate() {
        pixels.extend(values);
        targets[i * CLASSES.len() + CLASSES.iter().position(|s| *s == seen).unwrap_or(0)] = 1.0;
    }
    Ok((Tensor::from_vec(pixels, (n, 1, side, side), device)?, targets))
}
