//! How far the score moves when a region is taken out of the images, beside as much of their
//! inside and of their lungs.
//!
//! `|Δ|` is the absolute change of a target's probability. Its median and its 95th percentile over
//! the images stand for the usual image and for the worst ones, the share of images that it leaves
//! within [`LITTLE`] for how many it matters to, the difference of the means of `|Δ|`, region less
//! the other, for whether the region matters more than the patient. Intervals are by patient: of
//! the share Wilson's, of the others by resampling.
//!
//! The lungs are compared over the images of which it is known where they lie, and whose lungs are
//! larger than the region.

use serde::Serialize;

use super::LEAST;
use super::regions::Region;
use crate::evaluation::bootstrap::{Bootstrap, Estimate};
use crate::evaluation::proportion;
use crate::stats::{mean, quantile};

/// A score moves little where it stays within this.
pub const LITTLE: f64 = 0.05;

/// How far the score of a target moved in one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Whose image; empty where nobody knows.
    pub patient: String,
    /// `|Δ|` without the region, and without as much of the inside.
    pub region: f64,
    pub inside: f64,
    /// The same without as much of the lungs, where that could be taken out.
    pub lungs: Option<f64>,
    /// Share of the image that was taken out.
    pub share: f64,
}

/// Median, 95th percentile and mean of `|Δ|`, and the share of images of which it is at most
/// [`LITTLE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Moved {
    pub median: Estimate,
    pub p95: Estimate,
    pub mean: Estimate,
    pub within: Estimate,
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
    /// `None` of fewer than [`LEAST`] images.
    pub lungs: Option<BesideLungs>,
}

/// As much of the lungs, over the images that allow it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BesideLungs {
    pub images: usize,
    pub patients: usize,
    pub without_lungs: Moved,
    /// Mean `|Δ|` of the region less that of the lungs, over the same images.
    pub difference: Estimate,
}

impl Removal {
    /// From the changes of the images that have the region; `None` of fewer than [`LEAST`].
    #[must_use]
    pub fn of(target: &str, region: Region, changes: &[Change], seed: u64) -> Option<Self> {
        if changes.len() < LEAST {
            return None;
        }
        let beside = Beside::of(changes, |change| Some(change.inside), seed);
        let lungs = Beside::of(changes, |change| change.lungs, seed);
        Some(Self {
            target: target.to_owned(),
            region,
            images: beside.images,
            patients: beside.patients,
            share: mean(changes.iter().map(|change| change.share)).unwrap_or(0.0),
            without_region: beside.region,
            without_inside: beside.other,
            difference: beside.difference,
            lungs: (lungs.images >= LEAST).then_some(BesideLungs {
                images: lungs.images,
                patients: lungs.patients,
                without_lungs: lungs.other,
                difference: lungs.difference,
            }),
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

/// A region beside something else of the same size, over the images that have both.
struct Beside {
    images: usize,
    patients: usize,
    region: Moved,
    other: Moved,
    difference: Estimate,
}

impl Beside {
    fn of(changes: &[Change], other: impl Fn(&Change) -> Option<f64>, seed: u64) -> Self {
        let both = changes.iter().filter_map(|change| Some((change.patient.as_str(), [change.region, other(change)?])));
        let (whose, pairs): (Vec<&str>, Vec<[f64; 2]>) = both.unzip();
        let bootstrap = Bootstrap::new(&whose, seed);
        let statistics = |drawn: &[usize]| {
            let [region, other] = [0, 1].map(|k| {
                let mut values: Vec<f64> = drawn.iter().map(|i| pairs[*i][k]).collect();
                values.sort_by(f64::total_cmp);
                let mean = mean(values.iter().copied()).unwrap_or(f64::NAN);
                [quantile(&values, 0.5), quantile(&values, 0.95), mean]
            });
            region.into_iter().chain(other).chain([region[2] - other[2]]).map(Some).collect()
        };
        let all: Vec<usize> = (0..pairs.len()).collect();
        let values: Vec<Option<f64>> = statistics(&all);
        let intervals = bootstrap.intervals(statistics);
        let estimate = |k: usize| {
            let interval = intervals.get(k).copied().flatten();
            Estimate(values[k], interval.map(|i| i.0), interval.map(|i| i.1))
        };
        let moved = |k: usize| {
            let within: Vec<f64> = pairs.iter().map(|pair| f64::from(u8::from(pair[k] <= LITTLE))).collect();
            let within = proportion::of(&within, &whose);
            let within = within.map(|p| Estimate(Some(p.value), Some(p.low), Some(p.high)));
            let first = 3 * k;
            let within = within.unwrap_or_default();
            Moved { median: estimate(first), p95: estimate(first + 1), mean: estimate(first + 2), within }
        };
        Self {
            images: pairs.len(),
            patients: bootstrap.patients(),
            region: moved(0),
            other: moved(1),
            difference: estimate(6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 images of 50 patients; of the first 60 the lungs are known, and move the score by 0.2.
    fn changes(region: impl Fn(usize) -> f64, inside: impl Fn(usize) -> f64) -> Vec<Change> {
        let of = |i: usize| Change {
            patient: format!("p{}", i / 2),
            region: region(i),
            inside: inside(i),
            lungs: (i < 60).then_some(0.2),
            share: 0.1,
        };
        (0..100).map(of).collect()
    }

    #[test]
    fn median_and_percentile_are_numpys() {
        // numpy.quantile(numpy.arange(100) / 100, [0.5, 0.95]) is [0.495, 0.9405], the mean 0.495.
        let found = Removal::of("t", Region::Corners, &changes(|i| i as f64 / 100.0, |_| 0.0), 7).unwrap();
        let Moved { median, p95, mean, .. } = found.without_region;
        for (found, expected) in [(median, 0.495), (p95, 0.9405), (mean, 0.495)] {
            let Estimate(Some(value), Some(low), Some(high)) = found else { panic!("{found:?}") };
            assert!((value - expected).abs() < 1e-12 && low < value && value < high, "{found:?}");
        }
        assert_eq!((found.images, found.patients), (100, 50));
        assert!((found.share - 0.1).abs() < 1e-12 && found.is_found() && !found.is_little());
    }

    #[test]
    fn the_share_of_images_that_hardly_move_has_an_interval_by_patient() {
        // Six of a hundred move by at most 0.05, of three patients.
        let found = Removal::of("t", Region::Corners, &changes(|i| i as f64 / 100.0, |_| 0.0), 7).unwrap();
        let Estimate(Some(share), Some(low), Some(high)) = found.without_region.within else { panic!("{found:?}") };
        assert!((share - 0.06).abs() < 1e-12 && low < share && share < high);
        // As many independent images would tell more.
        let alone: Vec<f64> = (0..100).map(|i| f64::from(u8::from(i < 6))).collect();
        let alone = proportion::of(&alone, &[""; 100]).unwrap();
        assert!(high - low > alone.high - alone.low);
        assert_eq!(found.without_inside.within.0, Some(1.0));
    }

    #[test]
    fn as_much_of_the_lungs_is_compared_over_the_images_whose_lungs_are_known() {
        let found = Removal::of("t", Region::Corners, &changes(|i| i as f64 / 100.0, |_| 0.0), 7).unwrap();
        let lungs = found.lungs.unwrap();
        assert_eq!((lungs.images, lungs.patients), (60, 30));
        assert_eq!((lungs.without_lungs.median.0, lungs.without_lungs.within.0), (Some(0.2), Some(0.0)));
        // The mean of 0, 0.01 … 0.59 is 0.295.
        assert!((lungs.difference.0.unwrap() - 0.095).abs() < 1e-12);
        let mut few = changes(|_| 0.5, |_| 0.0);
        few.iter_mut().skip(LEAST - 1).for_each(|change| change.lungs = None);
        assert_eq!(Removal::of("t", Region::Corners, &few, 7).unwrap().lungs, None);
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
