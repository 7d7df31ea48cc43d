//! What the network makes of a few validation images after each epoch: a curve says how much is
//! right, these say why.

use candle_core::{Device, Tensor};

use crate::evaluation::confusion::argmax;
use crate::explain::{Attribution, Method, Scoring, Subject, cam};
use crate::imaging::Plane;
use crate::imaging::resample::resize;
use crate::model::output_head;
use crate::network::{Mode, Network};
use crate::training::batch::recipe::BatchRecipe;
use crate::training::config::Config;
use crate::training::data::dataset::Dataset;
use crate::training::data::truth;
use crate::training::event::ImagePreview;

/// Longest side of a thumbnail, pixels.
pub(crate) const SIDE: usize = 192;

/// Chooses `count` of the images `from`: those with each label in turn, then those with none.
pub(crate) fn choose(dataset: &Dataset, from: &[usize], labels: usize, count: usize) -> Vec<usize> {
    let mut kinds = vec![Vec::new(); labels + 1];
    for &i in from {
        kinds[truth::present(&dataset.samples[i].truth).next().unwrap_or(labels)].push(i);
    }
    let longest = kinds.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|row| kinds.iter().filter_map(move |own| own.get(row).copied())).take(count).collect()
}

/// Reads the images `chosen` with the weights at hand; heat maps are taken from the target layer of
/// `config`.
pub(crate) fn read(
    network: &Network,
    recipe: &BatchRecipe,
    dataset: &Dataset,
    chosen: &[usize],
    config: &Config,
    device: &Device,
) -> candle_core::Result<Vec<ImagePreview>> {
    let stages = network.stages.len();
    let target = network.stage(&config.target_layer).unwrap_or(0);
    let mut previews = Vec::with_capacity(chosen.len());
    for &i in chosen {
        let x = recipe.tensor(recipe.plain(&[i]), 1, device)?;
        let size = (x.dim(3)?, x.dim(2)?);
        let activation = network.forward_range(0..target + 1, &x, Mode::Inference)?.detach();
        let logits = network.forward_range(target + 1..stages, &activation, Mode::Inference)?.detach();
        let logits = logits.flatten_all()?.to_vec1::<f32>()?;
        let probabilities = output_head::probabilities(config.head, &logits, 1.0);
        let predicted = argmax(&probabilities);
        previews.push(ImagePreview {
            name: dataset.samples[i].name.clone(),
            thumbnail: thumbnail(&recipe.images[i].plane()),
            truth: dataset.samples[i].truth.clone(),
            probabilities: probabilities.iter().map(|p| *p as f32).collect(),
            predicted,
            heat_map: heat_map(network, target, &activation, size, &logits, predicted),
        });
    }
    Ok(previews)
}

/// A map that cannot be made (a network that diverges, a layer that the score does not depend on)
/// is none: the run goes on.
fn heat_map(
    network: &Network,
    stage: usize,
    activation: &Tensor,
    size: (usize, usize),
    logits: &[f32],
    class: usize,
) -> Option<Attribution> {
    let target = cam::Target { network, stage, activation, size, logits, scoring: &Scoring::of_classes() };
    cam::explain(&target, &[Subject::class(class)], &[Method::GradCam]).ok()?.pop()
}

fn thumbnail(image: &Plane) -> Plane {
    let longest = image.width.max(image.height);
    if longest <= SIDE {
        return image.clone();
    }
    resize(image, (image.width * SIDE / longest).max(1), (image.height * SIDE / longest).max(1))
}
