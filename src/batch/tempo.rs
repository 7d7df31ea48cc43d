//! How fast a run is, and how long it will take: over the last minute, for shares of an archive differ.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What the pace is taken over.
const WINDOW: Duration = Duration::from_mins(1);
/// Looks that are kept of it.
const LOOKS: usize = 64;

/// Counts files as they are done.
#[derive(Debug)]
pub struct Tempo {
    begun: Instant,
    looks: VecDeque<(Instant, u64)>,
}

impl Tempo {
    /// Begins now.
    #[must_use]
    pub fn begin(now: Instant) -> Self {
        Self { begun: now, looks: VecDeque::from([(now, 0)]) }
    }

    /// So many images were computed by now.
    pub fn look(&mut self, now: Instant, computed: u64) {
        while self.looks.len() >= LOOKS
            || (self.looks.len() > 1 && self.looks.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW))
        {
            self.looks.pop_front();
        }
        self.looks.push_back((now, computed));
    }

    /// Images a second over the last minute; `None` before there is anything to say.
    #[must_use]
    pub fn pace(&self) -> Option<f64> {
        let ((first, before), (last, after)) = (self.looks.front()?, self.looks.back()?);
        pace(last.duration_since(*first), after.saturating_sub(*before))
    }

    /// Images a second over all.
    #[must_use]
    pub fn overall(&self, now: Instant, computed: u64) -> Option<f64> {
        pace(now.duration_since(self.begun), computed)
    }

    /// How long so many more will take.
    #[must_use]
    pub fn left(&self, images: u64) -> Option<Duration> {
        let seconds = images as f64 / self.pace().filter(|pace| *pace > 0.0)?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

fn pace(time: Duration, images: u64) -> Option<f64> {
    let seconds = time.as_secs_f64();
    (seconds > 0.0 && images > 0).then(|| images as f64 / seconds)
}

/// A time in words: `3 s`, `12 min`, `5 h 20 min`, `3 days`.
#[must_use]
pub fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5_999 => format!("{} min", (seconds + 30) / 60),
        6_000..=172_799 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_minute() {
        let begun = Instant::now();
        let mut tempo = Tempo::begin(begun);
        assert_eq!((tempo.pace(), tempo.left(5)), (None, None));
        let at = |seconds: u64| begun + Duration::from_secs(seconds);
        for seconds in 1..=100 {
            tempo.look(at(seconds), 10 * seconds);
        }
        for seconds in 101..=200 {
            tempo.look(at(seconds), 1000 + 40 * (seconds - 100));
        }
        assert!((tempo.pace().unwrap() - 40.0).abs() < 1e-9);
        assert_eq!(tempo.left(80), Some(Duration::from_secs(2)));
        assert!((tempo.overall(at(200), 5000).unwrap() - 25.0).abs() < 1e-9);
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let of = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!([of(7), of(720), of(19_200), of(259_200)], ["7 s", "12 min", "5 h 20 min", "3 days"]);
    }
}
