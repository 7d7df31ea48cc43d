//! One pass over the training images: from a batch to a step of the optimizer.

use std::time::{Duration, Instant};

use rand::RngCore as _;

use super::Run;
use crate::network::Mode;
use crate::training::Result;
use crate::training::batch::recipe::Batch;
use crate::training::event::{Event, StepProgress};
use crate::training::optim::average::average;
use crate::training::optim::schedule::Schedule;
use crate::training::random::{Purpose, stream};
use crate::training::run::eta::Eta;

/// What one pass over the training images came to.
#[derive(Default)]
pub(super) struct Pass {
    pub training_loss: f64,
    pub learning_rate: f64,
    pub images: usize,
    pub images_per_second: f64,
    /// It was stopped before its end.
    pub interrupted: bool,
}

impl Run<'_> {
    /// One pass over the training images.
    pub(super) fn epoch(&mut self, eta: &mut Eta) -> Result<Pass> {
        let epoch = self.state.epoch;
        let order = self.order();
        let steps = order.len();
        let schedule = self.schedule(steps);
        let mut supply = self.supply(order)?;
        let shares = self.shares();
        let (started, mut rested) = (Instant::now(), Duration::ZERO);
        let (mut pass, mut sum, mut step) = (Pass::default(), 0.0, 0);
        while let Some(batch) = self.next_batch(&mut supply)? {
            rested += self.rest();
            if self.is_over() {
                pass.interrupted = self.control.is_stopped();
                break;
            }
            pass.learning_rate = schedule.rate(self.state.step);
            let n = batch.n;
            let value = self.take_step(batch, step, pass.learning_rate, &shares)?;
            self.state.step += 1;
            step += 1;
            pass.images += n;
            sum += f64::from(value) * n as f64;
            let seconds = (started.elapsed().saturating_sub(rested)).as_secs_f64().max(1e-9);
            eta.add(n, self.recipe.input.width, seconds);
            pass.images_per_second = pass.images as f64 / seconds;
            (self.observer)(Event::Step(StepProgress {
                epoch: epoch + 1,
                epochs: self.config.epochs(),
                step,
                steps,
                loss: value,
                learning_rate: pass.learning_rate,
                images_per_second: pass.images_per_second,
                seconds_left: eta.seconds(self.work_left(pass.images)),
            }));
        }
        eta.end_of_epoch();
        pass.training_loss = sum / pass.images.max(1) as f64;
        Ok(pass)
    }

    /// Of each tensor, the share of the learning rate that it trains at; `None` stands still.
    pub(super) fn shares(&self) -> Vec<Option<f64>> {
        self.placing.stage_of.iter().map(|&stage| self.reach.shares[stage]).collect()
    }

    /// One step on a batch, number `step` of the epoch, at this learning rate; the loss before it.
    pub(super) fn take_step(
        &mut self,
        batch: Batch,
        step: usize,
        learning_rate: f64,
        shares: &[Option<f64>],
    ) -> Result<f32> {
        let Batch { n, pixels, truth, lungs } = batch;
        let seed = stream(self.config.seed, Purpose::Dropout, self.state.epoch, step).next_u64();
        let record = self.record(n, pixels, Mode::Training { seed })?;
        let loss = self.objective.loss(&record.logits, &truth)?;
        let evidence = match (&self.evidence, record.kept()) {
            (Some(evidence), Some(maps)) => Some(evidence.loss(maps, &truth, &lungs)?),
            _ => None,
        };
        let value = loss.value + evidence.as_ref().map_or(0.0, |e| e.value as f32);
        if !value.is_finite() {
            return Err(self.diverged(value));
        }
        let rate = |i: usize| shares[i].map(|share| share * learning_rate);
        let gradients = record.back_adding(&loss.gradient, evidence.as_ref().map(|e| &e.gradient))?;
        let norm = self.optimizer.step(&self.parameters, &gradients, &rate)?;
        if !norm.is_finite() {
            return Err(self.diverged(norm as f32));
        }
        if let Some(mean) = &mut self.average {
            average(mean, &self.parameters, self.config.optimization.average_decay, self.state.step)?;
        }
        Ok(value)
    }

    /// Waits while the run is paused.
    fn rest(&self) -> Duration {
        let waited = self.control.wait(&|| (self.observer)(Event::Paused));
        if waited.is_some() && !self.control.is_stopped() {
            (self.observer)(Event::Resumed);
        }
        waited.unwrap_or_default()
    }

    fn schedule(&self, steps_an_epoch: usize) -> Schedule {
        let o = &self.config.optimization;
        Schedule {
            kind: o.schedule,
            peak: o.learning_rate,
            warmup: o.warmup_epochs * steps_an_epoch as f64,
            steps: (steps_an_epoch * self.config.epochs()) as u64,
            steps_an_epoch: steps_an_epoch as u64,
            final_share: o.final_share,
            every: o.step_epochs,
            factor: o.factor,
            plateau: self.state.plateau.share,
        }
    }

    /// Pixels still to be trained on when `images` of the current epoch are done.
    pub(super) fn work_left(&self, images: usize) -> f64 {
        let epoch = |e: usize| {
            let n = self.split.training.len();
            let n = if e == self.state.epoch { n.saturating_sub(images) } else { n };
            n as f64 * (self.config.size_at(e) as f64).powi(2)
        };
        (self.state.epoch..self.config.epochs()).map(epoch).sum()
    }
}
