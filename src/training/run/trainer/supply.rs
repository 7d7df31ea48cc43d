//! What a step learns from: batches of images, or of the features that a frozen backbone makes of
//! them.

use super::{Event, Run};
use crate::network::{Mode, tape};
use crate::training::Result;
use crate::training::batch::loader::Loader;
use crate::training::batch::recipe::Batch;
use crate::training::config::Freeze;
use crate::training::run::features::Features;
use crate::training::run::{features, unfreezing};

/// Where batches come from.
pub(super) enum Supply {
    Images(Loader),
    Features(std::vec::IntoIter<Vec<usize>>),
}

impl Run<'_> {
    /// Members of the batches of this epoch.
    pub(super) fn order(&self) -> Vec<Vec<usize>> {
        match &self.features {
            Some(features) => features.order(&self.recipe, &self.split.training, self.state.epoch),
            None => self.recipe.order(&self.split.training, self.state.epoch),
        }
    }

    /// Batches of this epoch in the order `order`.
    pub(super) fn supply(&self, order: Vec<Vec<usize>>) -> Result<Supply> {
        let threads = self.config.optimization.loader_threads;
        Ok(match &self.features {
            Some(_) => Supply::Features(order.into_iter()),
            None => Supply::Images(Loader::start(&self.recipe, order, self.state.epoch, threads)?),
        })
    }

    /// Logits of a batch of images or of features.
    pub(super) fn record(&self, n: usize, values: Vec<f32>, mode: Mode) -> Result<tape::Pass<'_>> {
        let (frozen, device) = (self.reach.frozen, &self.options.device);
        let x = if self.features.is_some() {
            features::tensor(values, n, device)?
        } else {
            unfreezing::run_frozen(&self.network, frozen, &self.recipe.tensor(values, n, device)?)?
        };
        match self.evidence.as_ref().filter(|e| e.stage >= frozen) {
            Some(evidence) => Ok(self.network.record_keeping(frozen, &x, mode, evidence.stage)?),
            None => Ok(self.network.record(frozen, &x, mode, false)?),
        }
    }

    pub(super) fn next_batch(&self, supply: &mut Supply) -> Result<Option<Batch>> {
        match (supply, &self.features) {
            (Supply::Images(loader), _) => loader.next_batch(),
            (Supply::Features(order), Some(features)) => Ok(order.next().map(|members| Batch {
                n: members.len(),
                pixels: features.training(&members, self.state.epoch),
                truth: members.iter().flat_map(|&i| features.truth[i].iter().copied()).collect(),
                lungs: Vec::new(),
            })),
            (Supply::Features(_), None) => Ok(None),
        }
    }

    /// While the whole backbone stands still, its features stand for the images.
    pub(super) fn obtain_features(&mut self) -> Result<()> {
        let (frozen, size) = (self.reach.frozen, self.recipe.input.width);
        let first = unfreezing::reach(self.config, &self.network, &self.placing, 0).frozen;
        if self.config.transfer.freeze != Freeze::Backbone || frozen != first {
            self.features = None;
            return Ok(());
        }
        if self.features.as_ref().is_some_and(|f| f.size == size) {
            return Ok(());
        }
        let source = features::FeatureInputs {
            config: self.config,
            dataset: self.dataset,
            split: &self.split,
            network: &self.network,
            parameters: &self.parameters,
            frozen_tensors: &self.placing.frozen(&self.reach),
            recipe: &self.recipe,
            device: &self.options.device,
        };
        let done = |done, total| (self.observer)(Event::Features { done, total });
        self.features = Some(Features::obtain(&source, frozen, &self.options.out, &done)?);
        Ok(())
    }

    /// Values that are learnt in this epoch.
    pub(super) fn learnt(&self) -> usize {
        let frozen = self.placing.frozen(&self.reach);
        self.parameters.iter().zip(frozen).filter(|(p, f)| p.trained && !f).map(|(p, _)| p.var.elem_count()).sum()
    }
}
