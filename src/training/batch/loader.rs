//! Batches, made ahead of the trainer on threads of their own.
//!
//! Thread `t` of `T` makes the batches `t, t + T, …` and puts them into its own bounded channel;
//! the trainer takes from the channels in turn. So the order never depends on which thread was
//! quicker.

use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded};

use super::recipe::{Batch, BatchRecipe};
use crate::training::{Error, Result};

/// Batches that each thread keeps ready.
const AHEAD: usize = 3;

/// The batches of one epoch, in order.
pub(crate) struct Loader {
    channels: Vec<Receiver<Batch>>,
    next: usize,
    left: usize,
}

impl Loader {
    /// Starts `threads` threads on the batches of `epoch`; they end with the loader.
    pub(crate) fn start(
        recipe: &Arc<BatchRecipe>,
        order: Vec<Vec<usize>>,
        epoch: usize,
        threads: usize,
    ) -> Result<Self> {
        let left = order.len();
        let order = Arc::new(order);
        let mut channels = Vec::new();
        for first in 0..threads {
            let (sender, receiver) = bounded(AHEAD);
            let (recipe, order) = (Arc::clone(recipe), Arc::clone(&order));
            let work = move || {
                for place in (first..order.len()).step_by(threads) {
                    if sender.send(recipe.make(&order[place], epoch, place)).is_err() {
                        return;
                    }
                }
            };
            std::thread::Builder::new().name(format!("loader-{first}")).spawn(work).map_err(|_| Error::Loader)?;
            channels.push(receiver);
        }
        Ok(Self { channels, next: 0, left })
    }

    /// The next batch; `None` at the end of the epoch.
    pub(crate) fn next_batch(&mut self) -> Result<Option<Batch>> {
        if self.left == 0 {
            return Ok(None);
        }
        let batch = self.channels[self.next].recv().map_err(|_| Error::Loader)?;
        self.next = (self.next + 1) % self.channels.len();
        self.left -= 1;
        Ok(Some(batch))
    }
}
