//! How good the weights at hand are: the network on the validation images, at the end of each epoch
//! and of the run.

use std::time::Instant;

use super::Run;
use super::pass::Pass;
use crate::training::Result;
use crate::training::batch::recipe::BatchRecipe;
use crate::training::config::Criterion;
use crate::training::event::{HistoryRow, ImagePreview};
use crate::training::run::features::Features;
use crate::training::run::validation::{Scores, targets};
use crate::training::run::{preview, validation};

impl Run<'_> {
    /// Validates the averaged weights (or the weights, without an average) at the size of the
    /// phase.
    pub(super) fn validate(&mut self, pass: &Pass, started: Instant) -> Result<(HistoryRow, Vec<ImagePreview>)> {
        // Settling the norms changes even weights that are not averaged.
        let own = self.parameters.values()?;
        if let Some(mean) = &self.average {
            self.parameters.assign(mean)?;
        }
        let scores = self.score(&self.recipe)?;
        let (config, device) = (self.config, &self.options.device);
        let previews = preview::read(&self.network, &self.recipe, self.dataset, &self.shown, config, device)?;
        self.parameters.assign(&own)?;
        let row = HistoryRow {
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
        Ok((row, previews))
    }

    /// Keeps the averaged weights when `row` is the best of the last phase; tells whether it is.
    pub(super) fn keep_if_best(&mut self, row: &HistoryRow) -> Result<bool> {
        if row.epoch <= self.config.last_phase() {
            return Ok(false);
        }
        let figure = match self.config.optimization.criterion {
            Criterion::Loss => -row.validation_loss,
            Criterion::Auroc => row.mean_auroc(),
            Criterion::Last => row.epoch as f64,
        };
        if !figure.is_finite() {
            return Err(self.diverged(figure as f32));
        }
        let best = self.state.best.is_none_or(|(_, before)| figure > before);
        if best {
            self.state.best = Some((row.epoch, figure));
            self.best = Some(match &self.average {
                Some(mean) => mean.clone(),
                None => self.parameters.values()?,
            });
        }
        self.stopped_early = self.has_waited();
        Ok(best)
    }

    /// No better epoch came for as long as the configuration waits.
    pub(super) fn has_waited(&self) -> bool {
        let patience = self.config.optimization.patience;
        patience > 0 && self.state.best.is_some_and(|(epoch, _)| self.state.epoch >= epoch + patience)
    }

    /// Settles the norms of the weights at hand, and runs them on the validation images.
    fn score(&self, recipe: &BatchRecipe) -> Result<Scores> {
        let (head, device, validation) = (self.config.head, &self.options.device, &self.split.validation);
        self.settle(recipe)?;
        match self.features_of(recipe) {
            Some(features) => validation::score_features(&self.network, features, recipe, validation, head, device),
            None => validation::score(&self.network, recipe, validation, head, device),
        }
    }

    /// The features that stand for the images of `recipe`.
    fn features_of(&self, recipe: &BatchRecipe) -> Option<&Features> {
        self.features.as_ref().filter(|f| f.size == recipe.input.width)
    }

    /// Settles the norms of the weights at hand. Those of a frozen backbone keep theirs, and
    /// without batch norm there is nothing to settle.
    pub(super) fn settle(&self, recipe: &BatchRecipe) -> Result<()> {
        if self.features_of(recipe).is_none() && self.parameters.iter().any(|p| !p.trained) {
            let mut batches = recipe.order(&self.split.training, 0);
            batches.truncate(self.config.optimization.norm_batches);
            let frozen = self.reach.frozen;
            validation::settle_norms(&self.network, frozen, recipe, &batches, &self.options.device)?;
        }
        Ok(())
    }
}
