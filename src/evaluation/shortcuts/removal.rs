//! How far the score moves when a region is taken out of the images, beside as much of their
//! inside.
//!
//! `|Δ|` is the absolute change of a target's probability. Its median and its 95th percentile over
//! the images stand for the usual image and for the worst ones, the difference of the means of
//! `|Δ|`, region less inside, for whether the region matters more than the patient. Intervals are
//! by patient (bootstrap).

use serde::Serialize;

use super::LEAST;
use super::regions::Region;
use crate::evaluation::bootstrap::{Bootstrap, Estimate};
use crate::stats::{mean, quantile};

/// A score moves little where 95 of 100 images stay within this.
pub const LITTLE: f64 = 0.05;

/// How far the score of a target moved in one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Whose image; empty where nobody knows.
    pub patient: String,
    /// `|Δ|` without the region, and without as much of the inside.
    pub region: f64,
    pub inside: f64,
    /// Share of the image that was taken out.
    pub share: f64,
}

/// Median and 95th percentile of `|Δ|`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Moved {
    pub median: Estimate,
    pub p95: Estimate,
    pub mean: Estimate,
}

/// A region and a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Removal {
    pub target: String,
    pub region: Region,
    /// Images that have the region.
    pub images: usize,
    pub patients: usize,
    /// Mean share of the image that was taken out.
    pub share: f64,
    pub without_region: Moved,
    pub without_inside: Moved,
    /// Mean `|Δ|` of the region less that of the inside.
    pub difference: Estimate,
}

impl Removal {
    /// From the changes of the images that have the region; `None` of fewer than [`LEAST`].
    #[must_use]
    pub fn of(target: &str, region: Region, changes: &[Change], seed: u64) -> Option<Self> {
        if changes.len() < LEAST {
            return None;
        }
        let whose: Vec<&str> = changes.iter().map(|change| change.patient.as_str()).collect();
        let bootstrap = Bootstrap::new(&whose, seed);
        let statistics = |drawn: &[usize]| {
            let of = |value: fn(&Change) -> f64| -> Vec<f64> {
                let mut values: Vec<f64> = drawn.iter().map(|i| value(&changes[*i])).collect();
                values.sort_by(f64::total_cmp);
                values
            };
            let (region, inside) = (of(|c| c.region), of(|c| c.inside));
            let means = [&region, &inside].map(|values| mean(values.iter().copied()).unwrap_or(f64::NAN));
            let three = |sorted: &[f64], mean: f64| [quantile(sorted, 0.5), quantile(sorted, 0.95), mean];
            let [r, i] = [three(&region, means[0]), three(&inside, means[1])];
            vec![Some(r[0]), Some(r[1]), Some(r[2]), Some(i[0]), Some(i[1]), Some(i[2]), Some(means[0] - means[1])]
        };
        let all: Vec<usize> = (0..changes.len()).collect();
        let values = statistics(&all);
        let intervals = bootstrap.intervals(statistics);
        let estimate = |k: usize| {
            let interval = intervals.get(k).copied().flatten();
            Estimate(values[k], interval.map(|i| i.0), interval.map(|i| i.1))
        };
        let moved = |k: usize| Moved { median: estimate(k), p95: estimate(k + 1), mean: estimate(k + 2) };
        Some(Self {
            target: target.to_owned(),
            region,
            images: changes.len(),
            patients: bootstrap.patients(),
            share: mean(changes.iter().map(|change| change.share)).unwrap_or(0.0),
            without_region: moved(0),
            without_inside: moved(3),
            difference: estimate(6),
        })
    }

    /// Whether the score moves more without the region than without as much of the inside.
    #[must_use]
    pub fn is_found(&self) -> bool {
        matches!(self.difference, Estimate(_, Some(low), _) if low > 0.0)
    }

    /// Whether 95 of 100 images stay within [`LITTLE`].
    #[must_use]
    pub fn is_little(&self) -> bool {
        matches!(self.without_region.p95, Estimate(Some(p95), ..) if p95 <= LITTLE)
    }

    /// What the row says, in a few words.
    #[must_use]
    pub fn in_words(&self) -> &'static str {
        match (self.is_found(), self.is_little()) {
            (true, false) => "moves the score more than as much of the inside",
            (true, true) => "moves the score a little, but more than as much of the inside",
            (false, true) => "moves the score little",
            (false, false) => "moves the score, not clearly more than as much of the inside",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 images of 50 patients.
    fn changes(region: impl Fn(usize) -> f64, inside: impl Fn(usize) -> f64) -> Vec<Change> {
        let of = |i: usize| Change { patient: format!("p{}", i / 2), region: region(i), inside: inside(i), share: 0.1 };
        (0..100).map(of).collect()
    }

    #[test]
    fn median_and_percentile_are_numpys() {
        // numpy.quantile(numpy.arange(100) / 100, [0.5, 0.95]) is [0.495, 0.9405], the mean 0.495.
        let found = Removal::of("t", Region::Corners, &changes(|i| i as f64 / 100.0, |_| 0.0), 7).unwrap();
        let Moved { median, p95, mean } = found.without_region;
        for (found, expected) in [(median, 0.495), (p95, 0.9405), (mean, 0.495)] {
            let Estimate(Some(value), Some(low), Some(high)) = found else { panic!("{found:?}") };
            assert!((value - expected).abs() < 1e-12 && low < value && value < high, "{found:?}");
        }
        assert_eq!((found.images, found.patients), (100, 50));
        assert!((found.share - 0.1).abs() < 1e-12 && found.is_found() && !found.is_little());
    }

    #[test]
    fn a_region_that_moves_the_score_no_more_than_the_inside_is_not_found() {
        let same = Removal::of("t", Region::Border, &changes(|i| i as f64 / 2000.0, |i| (99 - i) as f64 / 2000.0), 7);
        let same = same.unwrap();
        assert!(!same.is_found() && same.is_little(), "{same:?}");
        assert_eq!(same.in_words(), "moves the score little");
    }

    #[test]
    fn of_a_few_images_nothing_is_said() {
        let few = &changes(|_| 0.5, |_| 0.0)[..LEAST - 1];
        assert_eq!(Removal::of("t", Region::Markers, few, 7), None);
    }
}
