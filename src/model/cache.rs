//! Models that have been loaded are kept, so that going back and forth between them reads no
//! weights again.
//!
//! What is kept is given out only while its manifest says the same: a model that was trained or
//! imported again under its name is loaded anew.

use std::sync::Arc;

use candle_core::Device;

use super::candidate_model::CandidateModel;
use super::labels::{OtherLabels, places};
use super::registry::ModelError;
use super::{Model, registry};
use crate::model::population::detector::Detector;
use crate::network::device::{DeviceChoice, DeviceError};
use crate::panic_guard::guarded;

/// Most models that are kept; the one that was asked for longest ago goes first.
const KEPT: usize = 4;

/// Why a model is not given out.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Model(Box<ModelError>),
    #[error("The models of the ensemble must tell the same labels apart: {0}")]
    Ensemble(#[from] OtherLabels),
}

impl From<ModelError> for CacheError {
    fn from(error: ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}

/// Loaded models, on one device.
pub struct ModelCache {
    choice: DeviceChoice,
    device: Option<Device>,
    /// Last asked for last.
    kept: Vec<(String, Arc<Model>)>,
    /// Models to be asked beside whichever has their labels.
    others: Vec<Arc<Model>>,
}

impl ModelCache {
    /// An empty cache; the device is opened with the first model.
    #[must_use]
    pub fn new(choice: DeviceChoice) -> Self {
        Self { choice, device: None, kept: Vec::new(), others: Vec::new() }
    }

    /// The same with an ensemble: the models called `names` are asked beside every model that has
    /// their labels.
    ///
    /// # Errors
    /// When one cannot be loaded, or they differ in their labels.
    pub fn with_ensemble(mut self, names: &[String]) -> Result<Self, CacheError> {
        let device = self.device()?;
        let others: Result<Vec<_>, ModelError> =
            names.iter().map(|name| registry::load(name, &device).map(Arc::new)).collect();
        self.others = others?;
        if let [first, rest @ ..] = self.others.as_slice() {
            let apart = rest.iter().find_map(|other| places(&first.manifest, &other.manifest).err());
            apart.map_or(Ok(()), |sentence| Err(CacheError::Ensemble(sentence)))?;
        }
        Ok(self)
    }

    /// The members that can be asked beside `model`: those with its labels, and other weights.
    fn ensemble_of(&self, model: &Model) -> Vec<Arc<Model>> {
        let fits =
            |other: &&Arc<Model>| other.sha256 != model.sha256 && places(&model.manifest, &other.manifest).is_ok();
        self.others.iter().filter(fits).cloned().collect()
    }

    fn device(&mut self) -> Result<Device, DeviceError> {
        if let Some(device) = &self.device {
            return Ok(device.clone());
        }
        Ok(self.device.insert(self.choice.open()?).clone())
    }

    /// The model called `name` (embedded, the user's, or a folder).
    ///
    /// # Errors
    /// As [`registry::load`], and when the device cannot be used.
    pub fn load(&mut self, name: &str) -> Result<Arc<Model>, CacheError> {
        let device = self.device()?;
        let kept = self.kept.iter().position(|(known, _)| known == name).map(|at| self.kept.remove(at).1);
        let model = match kept {
            Some(model)
                if model.manifest == registry::manifest(name)?
                    && model.calibration == registry::calibration(name)?
                    && model.detector.as_ref().ok().map(Detector::sha256)
                        == registry::detector_sha256(name)?.as_deref() =>
            {
                model
            }
            _ => {
                let mut model = registry::load(name, &device)?;
                model.ensemble = self.ensemble_of(&model);
                Arc::new(model)
            }
        };
        if self.kept.len() >= KEPT {
            self.kept.remove(0);
        }
        self.kept.push((name.to_owned(), model.clone()));
        Ok(model)
    }

    /// All installed models, as far as they must be known to choose one. Models that cannot be used
    /// are left out.
    ///
    /// # Errors
    /// When the device cannot be used.
    pub fn candidates(&mut self) -> Result<Vec<CandidateModel>, CacheError> {
        let device = self.device()?;
        let read = registry::list().into_iter().filter_map(|(name, _)| {
            match guarded(|| registry::candidate(&name, &device)) {
                Ok(Ok(candidate)) => return Some(candidate),
                Ok(Err(error)) => log::warn!("{name} is not chosen for any study: {error}"),
                Err(error) => log::warn!("{name} is not chosen for any study: {error}"),
            }
            None
        });
        Ok(read.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_was_loaded_is_given_out_again() {
        let mut cache = ModelCache::new(DeviceChoice::Cpu);
        let first = cache.load(registry::DEFAULT).unwrap();
        assert!(Arc::ptr_eq(&first, &cache.load(registry::DEFAULT).unwrap()));
    }

    #[test]
    fn every_embedded_model_can_be_chosen() {
        let candidates = ModelCache::new(DeviceChoice::Cpu).candidates().unwrap();
        let chest = candidates.iter().find(|c| c.name == registry::DEFAULT).unwrap();
        assert!(chest.gate.is_some() && chest.fits.modalities.contains(&"DX".to_owned()));
    }
}
