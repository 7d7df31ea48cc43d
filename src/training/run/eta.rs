//! How quick a run is and how long it will take: work is in proportion to images × size², pauses
//! left out.

/// Pixels a second.
#[derive(Default)]
pub(super) struct Eta {
    pixels: f64,
    seconds: f64,
    before: f64,
}

impl Eta {
    /// Counts `images` of `size` that were done when the epoch was `seconds_of_epoch` old.
    pub(super) fn add(&mut self, images: usize, size: usize, seconds_of_epoch: f64) {
        self.pixels += images as f64 * (size as f64).powi(2);
        self.seconds = self.before + seconds_of_epoch;
    }

    pub(super) fn end_of_epoch(&mut self) {
        self.before = self.seconds;
    }

    /// Time that so many pixels take.
    pub(super) fn seconds(&self, pixels: f64) -> f64 {
        if self.pixels > 0.0 { pixels * self.seconds / self.pixels } else { 0.0 }
    }
}
