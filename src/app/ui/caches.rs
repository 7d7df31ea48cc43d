//! What the painters have made for the screen: each keeps its own, this only brings them together.

use super::measured_values::ValuesCache;
use super::panels::lungs::SharesCache;
use super::panels::training::samples::CardCache;
use super::viewport::ViewCaches;

/// The caches of all painters.
#[derive(Default)]
pub struct Caches {
    /// Of the views of the reading room.
    pub views: ViewCaches,
    /// Shares of evidence of the shown map.
    pub shares: SharesCache,
    /// Of the list of measurements.
    pub values: ValuesCache,
    /// Of the samples of a training run.
    pub cards: CardCache,
}

impl Caches {
    /// At the start of every frame: takes in what threads have made.
    pub fn receive(&mut self) {
        self.views.receive();
    }

    /// At the end of every frame: forgets what it did not ask for.
    pub fn sweep(&mut self) {
        self.views.sweep();
        self.shares.sweep();
        self.values.sweep();
        self.cards.sweep();
    }

    /// How many textures were made, for tests and benches.
    pub fn made(&self) -> u64 {
        self.views.made() + self.cards.made()
    }
}
