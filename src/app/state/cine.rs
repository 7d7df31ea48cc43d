//! A stack that plays.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How many times the speed of the file a stack can play.
pub const SPEEDS: [f32; 9] = [0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0, 8.0];
/// Images by which the rate is measured.
const MEASURED: usize = 30;

/// Whether and how a stack plays.
#[derive(Clone, Debug)]
pub struct Cine {
    pub playing: Option<Playing>,
    /// Times the speed of the file.
    pub speed: f32,
}

impl Default for Cine {
    fn default() -> Self {
        Self { playing: None, speed: 1.0 }
    }
}

/// A stack on its way.
#[derive(Clone, Debug)]
pub struct Playing {
    /// When the next image is due.
    pub due: Instant,
    /// Forth, or back where it sweeps.
    pub forth: bool,
    /// When the last images were shown.
    shown: VecDeque<Instant>,
}

impl Playing {
    /// The next image is due at `due`.
    pub fn new(due: Instant) -> Self {
        Self { due, forth: true, shown: VecDeque::new() }
    }

    /// An image was shown.
    pub fn note(&mut self, now: Instant) {
        self.shown.push_back(now);
        if self.shown.len() > MEASURED {
            self.shown.pop_front();
        }
    }

    /// Images a second that were shown of late; nothing before there are a few.
    #[must_use]
    pub fn rate(&self) -> Option<f32> {
        let (first, last) = (self.shown.front()?, self.shown.back()?);
        let time = last.duration_since(*first);
        (self.shown.len() > 4 && time > Duration::ZERO).then(|| (self.shown.len() - 1) as f32 / time.as_secs_f32())
    }
}

impl Cine {
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.playing.is_some()
    }

    /// The next faster or slower speed.
    #[must_use]
    pub fn next_speed(&self, faster: bool) -> f32 {
        let found = if faster {
            SPEEDS.into_iter().find(|speed| *speed > self.speed)
        } else {
            SPEEDS.into_iter().rev().find(|speed| *speed < self.speed)
        };
        found.unwrap_or(self.speed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_end_at_the_fastest_and_the_slowest() {
        let at = |speed| Cine { playing: None, speed };
        assert_eq!((at(1.0).next_speed(true), at(1.0).next_speed(false)), (1.5, 0.75));
        assert_eq!((at(8.0).next_speed(true), at(0.1).next_speed(false)), (8.0, 0.1));
    }

    #[test]
    fn the_rate_is_that_of_the_images_shown_of_late() {
        let start = Instant::now();
        let mut playing = Playing::new(start);
        assert_eq!(playing.rate(), None);
        for i in 0..100 {
            playing.note(start + Duration::from_millis(if i < 50 { 1000 * i } else { 50_000 + 40 * (i - 50) }));
        }
        assert!((playing.rate().unwrap() - 25.0).abs() < 0.1);
    }
}
