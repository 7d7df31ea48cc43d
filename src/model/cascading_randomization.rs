//! A model that forgets, stage by stage from the top: for the randomisation check of explanations
//! (Adebayo et al. 2018).
//!
//! From one stage on, to the logits, every tensor is drawn anew as if for training (see
//! [`crate::network::init`]); the stages before keep what they learned. Batch norms start as the
//! identity, also those that training starts silent, and so does layer scale: a silent branch would
//! not be random but absent.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use candle_nn::VarMap;

use crate::files::sha256;
use crate::model::registry::ModelError;
use crate::model::{Model, registry};
use crate::network::Network;
use crate::network::architecture::Architecture;
use crate::network::weights::{TensorFile, WeightError};

/// Networks that have forgotten more and more.
pub struct CascadingRandomization {
    architecture: Architecture,
    channels: usize,
    classes: usize,
    device: Device,
    trained: TensorFile,
    fresh: HashMap<String, Tensor>,
    /// Names of tensors with the stage that each belongs to.
    tensors: Vec<(String, Vec<usize>, String)>,
    /// Stages with tensors, last first.
    stages: Vec<String>,
}

impl CascadingRandomization {
    /// Reads the weights of `model` again and draws others from `seed`.
    ///
    /// # Errors
    /// When the weights are not there any more, or are others by now.
    pub fn of(model: &Model, seed: u64) -> Result<Self, ModelError> {
        let name = &model.origin;
        let bytes = registry::weights(name)?;
        let found = sha256(&bytes);
        if found != model.sha256 {
            let stated = model.sha256.clone();
            return Err(ModelError::WrongHash { model: name.clone(), found, stated });
        }
        let unusable = |source: WeightError| ModelError::Weights { model: name.clone(), source };
        let trained = TensorFile::parse(&bytes).map_err(unusable)?;
        let manifest = &model.manifest;
        let (channels, classes) = (manifest.input.channels, manifest.labels.len());
        let whole = || Self::new(&manifest.architecture, channels, classes, trained, &model.device, seed);
        whole().map_err(unusable)
    }

    /// The same with weights at hand.
    ///
    /// # Errors
    /// When the architecture cannot be built.
    pub fn new(
        architecture: &Architecture,
        channels: usize,
        classes: usize,
        trained: TensorFile,
        device: &Device,
        seed: u64,
    ) -> Result<Self, WeightError> {
        let vars = VarMap::new();
        architecture.trainable(channels, classes, &vars, &Device::Cpu, seed)?;
        let mut fresh = HashMap::new();
        for (name, var) in vars.data().lock().expect("nobody panics while holding the variables").iter() {
            let tensor = var.as_tensor().detach();
            // Factors of norms have one dimension; those of layer scale begin all but silent.
            let norm = name.ends_with(".weight") && tensor.rank() == 1;
            let factor = norm || name.ends_with("layer_scale") || name.contains(".layer_scale_");
            fresh.insert(name.clone(), if factor { tensor.ones_like()? } else { tensor });
        }
        let listed = architecture.listed(channels, classes)?;
        let mut stages: Vec<String> = Vec::new();
        for tensor in &listed {
            if stages.last() != Some(&tensor.stage) {
                stages.push(tensor.stage.clone());
            }
        }
        stages.reverse();
        let tensors = listed.into_iter().map(|t| (t.name, t.shape, t.stage)).collect();
        Ok(Self {
            architecture: architecture.clone(),
            channels,
            classes,
            device: device.clone(),
            trained,
            fresh,
            tensors,
            stages,
        })
    }

    /// Names of the stages that can be forgotten, last first.
    #[must_use]
    pub fn stages(&self) -> &[String] {
        &self.stages
    }

    /// The network that has forgotten the first `count` of [`Self::stages`].
    ///
    /// # Errors
    /// When the trained weights do not fit their architecture.
    pub fn network(&self, count: usize) -> Result<Network, WeightError> {
        let forgotten = &self.stages[..count.min(self.stages.len())];
        let mut mixed = HashMap::new();
        for (name, shape, stage) in &self.tensors {
            let fresh = self.fresh.get(name).filter(|_| forgotten.contains(stage));
            let tensor = match fresh {
                Some(tensor) => tensor.clone(),
                None => self.trained.get(name, shape, &Device::Cpu)?,
            };
            mixed.insert(name.clone(), tensor);
        }
        self.architecture.folded(self.channels, self.classes, &TensorFile::new(mixed), &self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Mode;

    fn weights(architecture: &Architecture) -> TensorFile {
        let vars = VarMap::new();
        architecture.trainable(1, 3, &vars, &Device::Cpu, 99).unwrap();
        let tensors = vars.data().lock().unwrap().iter().map(|(n, v)| (n.clone(), v.as_tensor().clone())).collect();
        TensorFile::new(tensors)
    }

    #[test]
    fn stages_are_forgotten_from_the_logits_to_the_pixels() {
        let architecture = Architecture::compact(&[4, 4, 6], &[1, 1], &[1, 2], 0.0);
        let cascade =
            CascadingRandomization::new(&architecture, 1, 3, weights(&architecture), &Device::Cpu, 7).unwrap();
        assert_eq!(cascade.stages(), ["head", "stage2", "stage1", "stem"]);
        let x = Tensor::ones((1, 1, 32, 32), candle_core::DType::F32, &Device::Cpu).unwrap();
        let trained = architecture.folded(1, 3, &weights(&architecture), &Device::Cpu).unwrap();
        let outputs = |network: &Network| -> Vec<Vec<f32>> {
            let of =
                |i| network.forward_range(0..i, &x, Mode::Inference).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            (1..=network.stages.len()).map(of).collect()
        };
        let before = outputs(&trained);
        assert_eq!(outputs(&cascade.network(0).unwrap()), before);
        // The head alone: everything before it is as it was.
        let after = outputs(&cascade.network(1).unwrap());
        assert_eq!(after[..after.len() - 1], before[..before.len() - 1]);
        assert_ne!(after.last(), before.last());
        assert_ne!(outputs(&cascade.network(4).unwrap())[0], before[0]);
    }
}
