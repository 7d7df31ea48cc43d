//! Steps with a learning rate that rises from one to the next, for the rate finder.

use super::Run;
use super::supply::Supply;
use crate::training::event::{Event, StepProgress};
use crate::training::{Error, Result};

impl Run<'_> {
    /// A step at each of `rates`, over as many epochs as that takes.
    pub(super) fn sweep(mut self, rates: &[f64], enough: &dyn Fn(&[f64]) -> bool) -> Result<Vec<(f64, f64)>> {
        let (mut found, mut losses): (Vec<(f64, f64)>, Vec<f64>) = (Vec::new(), Vec::new());
        self.obtain_features()?;
        let shares = self.shares();
        let mut supply: Option<Supply> = None;
        let mut in_epoch = 0;
        while found.len() < rates.len() && !self.control.is_stopped() {
            let batch = match &mut supply {
                Some(supply) => self.next_batch(supply)?,
                None => None,
            };
            let Some(batch) = batch else {
                // The next epoch; the first one begins as any run does.
                self.state.epoch += usize::from(supply.is_some());
                let order = self.order();
                supply = Some(self.supply(order)?);
                in_epoch = 0;
                continue;
            };
            let rate = rates[found.len()];
            let loss = match self.take_step(batch, in_epoch, rate, &shares) {
                Ok(loss) => f64::from(loss),
                Err(Error::Diverged { .. }) => break,
                Err(error) => return Err(error),
            };
            self.state.step += 1;
            in_epoch += 1;
            found.push((rate, loss));
            losses.push(loss);
            (self.observer)(Event::Step(StepProgress {
                epoch: 1,
                epochs: 1,
                step: found.len(),
                steps: rates.len(),
                loss: loss as f32,
                learning_rate: rate,
                images_per_second: 0.0,
                seconds_left: 0.0,
            }));
            if enough(&losses) {
                break;
            }
        }
        Ok(found)
    }
}
