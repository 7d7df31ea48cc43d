//! The population detector of a model that a training run has made, of the run's own images.

use std::path::Path;

use candle_core::Device;

use super::images::{Member, MemberParts};
use super::make::make;
use super::network::FittingSchedule;
use crate::model::population::detector::DETECTOR;
use crate::model::population::features;
use crate::model::{Model, registry};
use crate::training::batch::recipe::BatchRecipe;
use crate::training::config::Config;
use crate::training::data::dataset::Dataset;
use crate::training::data::split::Split;
use crate::training::gate::small_image::SmallImage;
use crate::training::{Error, Result};

/// Most training images that measures are fitted to.
const MOST: usize = 2_000;
/// Images of one forward pass.
const BATCH: usize = 32;

/// Leaves the detector in the model's folder: fitted to training images, its edge from one half of
/// the calibration part's patients (of the validation part's, where there is none) and its metrics
/// from the other.
///
/// # Errors
/// When there are too few images. A detector of earlier weights is gone then.
pub fn leave(folder: &Path, config: &Config, dataset: &Dataset, split: &Split, device: &Device) -> Result<()> {
    let path = folder.join(DETECTOR);
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::Write { path, reason: e.to_string() });
        }
        _ => {}
    }
    let model = registry::load(&folder.to_string_lossy(), device).map_err(|e| Error::Model(Box::new(e)))?;
    let step = split.training.len().div_ceil(MOST).max(1);
    let fit: Vec<usize> = split.training.iter().step_by(step).copied().collect();
    let recipe = BatchRecipe::of(config, dataset, &[], config.input.width);
    let members = |indices: &[usize]| members(&model, &recipe, dataset, indices, device);
    let kept_aside = if split.calibration.is_empty() { &split.validation } else { &split.calibration };
    let parts = MemberParts::of_training(members(&fit)?, members(kept_aside)?);
    let made = make(&model, &parts, &[], FittingSchedule::default(), &|_| ())?;
    crate::training::run_files::write_whole(&path, &made.bytes)
}

fn members(
    model: &Model,
    recipe: &BatchRecipe,
    dataset: &Dataset,
    indices: &[usize],
    device: &Device,
) -> Result<Vec<Member>> {
    let mut members = Vec::with_capacity(indices.len());
    for batch in indices.chunks(BATCH) {
        let x = recipe.tensor(recipe.plain(batch), batch.len(), device)?;
        let (_, features) = features::run(&model.network, &x)?;
        members.extend(batch.iter().zip(features).map(|(&i, features)| Member {
            patient: dataset.samples[i].patient.clone(),
            features,
            image: SmallImage::default(),
        }));
    }
    Ok(members)
}
