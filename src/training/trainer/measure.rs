//! How good the weights at hand are: the network on the validation images, at the end of each epoch and of the run.

use std::time::Instant;

use super::super::event::Reading;
use super::super::features::Features;
use super::super::journal::Row;
use super::super::loader::Recipe;
use super::super::validation::{self, Scores, targets};
use super::super::{Result, preview};
use super::{Pass, Run};

impl Run<'_> {
    /// Validates the averaged weights (or the weights, without an average) at the size of the phase.
    pub(super) fn validate(&mut self, pass: &Pass, started: Instant) -> Result<(Row, Vec<Reading>)> {
        // Settling the norms changes even weights that are not averaged.
        let own = self.parameters.values()?;
        if let Some(mean) = &self.average {
            self.parameters.assign(mean)?;
        }
        let scores = self.score(&self.recipe)?;
        let (config, device) = (self.config, &self.options.device);
        let readings = preview::read(&self.network, &self.recipe, self.dataset, &self.shown, config, device)?;
        self.parameters.assign(&own)?;
        let row = Row {
            epoch: self.state.epoch + 1,
            size: self.recipe.input.width,
            learning_rate: pass.learning_rate,
            training_loss: pass.training_loss,
            validation_loss: scores.loss(1.0),
            accuracy: scores.accuracy(),
            auroc: targets(self.config).into_iter().map(|(name, members)| (name, scores.auroc(&members))).collect(),
            images_per_second: pass.images_per_second,
            seconds: started.elapsed().as_secs_f64(),
        };
        Ok((row, readings))
    }

    /// Settles the norms of the weights at hand, and runs them on the validation images.
    fn score(&self, recipe: &Recipe) -> Result<Scores> {
        let (head, device, validation) = (self.config.head, &self.options.device, &self.split.validation);
        self.settle(recipe)?;
        match self.features_of(recipe) {
            Some(features) => validation::score_features(&self.network, features, recipe, validation, head, device),
            None => validation::score(&self.network, recipe, validation, head, device),
        }
    }

    /// The features that stand for the images of `recipe`.
    fn features_of(&self, recipe: &Recipe) -> Option<&Features> {
        self.features.as_ref().filter(|f| f.size == recipe.input.width)
    }

    /// Settles the norms of the weights at hand. Those of a frozen backbone keep theirs, and without batch norm there is nothing to settle.
    pub(super) fn settle(&self, recipe: &Recipe) -> Result<()> {
        if self.features_of(recipe).is_none() && self.parameters.iter().any(|p| !p.trained) {
            let mut batches = recipe.order(&self.split.training, 0);
            batches.truncate(self.config.optimization.norm_batches);
            let frozen = self.reach.frozen;
            validation::settle_norms(&self.network, frozen, recipe, &batches, &self.options.device)?;
        }
        Ok(())
    }
}
