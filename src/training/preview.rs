//! What the network makes of a few validation images after each epoch: a curve says how much is right, these say why.

use candle_core::{Device, Tensor};

use super::config::Config;
use super::dataset::Dataset;
use super::event::Reading;
use super::loader::Recipe;
use super::{truth, validation};
use crate::evaluation::metrics::argmax;
use crate::explain::{Attribution, Method, Scoring, Subject, cam};
use crate::imaging::Plane;
use crate::imaging::resample::resize;
use crate::network::{Mode, Network};

/// Longest side of a thumbnail, pixels.
pub const SIDE: usize = 192;

/// Chooses `count` of the images `from`: those with each label in turn, then those with none.
pub fn choose(dataset: &Dataset, from: &[usize], labels: usize, count: usize) -> Vec<usize> {
    let mut kinds = vec![Vec::new(); labels + 1];
    for &i in from {
        kinds[truth::present(&dataset.samples[i].truth).next().unwrap_or(labels)].push(i);
    }
    let longest = kinds.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|row| kinds.iter().filter_map(move |own| own.get(row).copied())).take(count).collect()
}

/// Reads the images `chosen` with the weights at hand; heat maps are taken from the target layer of `config`.
pub fn read(
    network: &Network,
    recipe: &Recipe,
    dataset: &Dataset,
    chosen: &[usize],
    config: &Config,
    device: &Device,
) -> candle_core::Result<Vec<Reading>> {
    let stages = network.stages.len();
    let target = network.stage(&config.target_layer).unwrap_or(0);
    let mut readings = Vec::with_capacity(chosen.len());
    for &i in chosen {
        let x = recipe.tensor(recipe.plain(&[i]), 1, device)?;
        let activation = network.forward_range(0..target + 1, &x, Mode::Inference)?.detach();
        let logits = network.forward_range(target + 1..stages, &activation, Mode::Inference)?.detach();
        let logits = logits.flatten_all()?.to_vec1::<f32>()?;
        let probabilities = validation::probabilities(config.head, &logits, 1.0);
        let predicted = argmax(&probabilities);
        readings.push(Reading {
            name: dataset.samples[i].name.clone(),
            thumbnail: thumbnail(&recipe.pictures[i].plane()),
            truth: dataset.samples[i].truth.clone(),
            probabilities: probabilities.iter().map(|p| *p as f32).collect(),
            predicted,
            heat_map: heat_map(network, target, &activation, &logits, predicted),
        });
    }
    Ok(readings)
}

/// A map that cannot be made (a network that diverges, a layer that the score does not depend on) is none: the run goes on.
fn heat_map(network: &Network, stage: usize, activation: &Tensor, logits: &[f32], class: usize) -> Option<Attribution> {
    let target = cam::Target { network, stage, activation, logits, scoring: &Scoring::of_classes() };
    cam::explain(&target, &[Subject::class(class)], &[Method::GradCam]).ok()?.pop()
}

fn thumbnail(picture: &Plane) -> Plane {
    let longest = picture.width.max(picture.height);
    if longest <= SIDE {
        return picture.clone();
    }
    resize(picture, (picture.width * SIDE / longest).max(1), (picture.height * SIDE / longest).max(1))
}
