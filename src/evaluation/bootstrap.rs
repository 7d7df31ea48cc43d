//! Intervals by resampling (Efron 1979, percentile method), seeded.
//!
//! Images of one patient are not independent: where patients are known whole patients are drawn,
//! and the interval is as wide as it should be.
//!
//! Resamples that do not differ say nothing: shares and areas at their border have the intervals of
//! [`super::proportion`].

use std::collections::BTreeMap;
use std::fmt;

use crate::stats::quantile;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Resamples of every interval that the program prints.
pub const RESAMPLES: usize = 1_000;

/// A figure with its 95 % interval; all `None` where the images do not allow it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Estimate(pub Option<f64>, pub Option<f64>, pub Option<f64>);

/// A mean with its 95 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Mean {
    pub mean: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl fmt::Display for Mean {
    /// `0.100 (0.050–0.200)`; a range that reaches below 0 is written with a word and not by a
    /// dash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mean, low, high } = self;
        let text = match (low, high) {
            (Some(low), Some(high)) if *low < 0.0 => format!("{mean:.3} ({low:.3} to {high:.3})"),
            (Some(low), Some(high)) => format!("{mean:.3} ({low:.3}–{high:.3})"),
            _ => format!("{mean:.3}"),
        };
        f.pad(&text)
    }
}

/// Draws patients with replacement.
pub struct Bootstrap {
    /// Indices of the images of each patient.
    patients: Vec<Vec<usize>>,
    resamples: usize,
    seed: u64,
}

impl Bootstrap {
    /// `patients` names the patient of each image, by any text; an empty text is a patient of its
    /// own.
    #[must_use]
    pub fn new(patients: &[&str], seed: u64) -> Self {
        Self { patients: by_patient(patients), resamples: RESAMPLES, seed }
    }

    /// Indices of the images of each patient.
    #[must_use]
    pub fn groups(&self) -> &[Vec<usize>] {
        &self.patients
    }

    /// Number of patients that are drawn from.
    #[must_use]
    pub fn patients(&self) -> usize {
        self.patients.len()
    }

    /// The mean of one value an image, in the order of the images; 0 without images.
    #[must_use]
    pub fn mean(&self, values: &[f64]) -> Mean {
        let mean = |drawn: &[usize]| Some(drawn.iter().map(|i| values[*i]).sum::<f64>() / drawn.len().max(1) as f64);
        let interval = self.interval(mean);
        let all: Vec<usize> = (0..values.len()).collect();
        Mean { mean: mean(&all).unwrap_or(0.0), low: interval.map(|i| i.0), high: interval.map(|i| i.1) }
    }

    /// The 95 % interval of `statistic`, which is given the indices of each resample.
    ///
    /// Resamples for which it is `None` (no positive image was drawn, say) are left out; `None`
    /// when more than half are.
    pub fn interval(&self, statistic: impl Fn(&[usize]) -> Option<f64>) -> Option<(f64, f64)> {
        self.intervals(|drawn| vec![statistic(drawn)]).pop().flatten()
    }

    /// The intervals of several statistics of the same resamples, in their order; empty without
    /// patients.
    pub fn intervals(&self, statistics: impl Fn(&[usize]) -> Vec<Option<f64>>) -> Vec<Option<(f64, f64)>> {
        if self.patients.is_empty() {
            return Vec::new();
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut drawn = Vec::new();
        let mut values: Vec<Vec<f64>> = Vec::new();
        for _ in 0..self.resamples {
            drawn.clear();
            for _ in 0..self.patients.len() {
                drawn.extend_from_slice(&self.patients[random.random_range(0..self.patients.len())]);
            }
            let figures = statistics(&drawn);
            values.resize_with(figures.len(), Vec::new);
            for (values, figure) in values.iter_mut().zip(figures) {
                values.extend(figure);
            }
        }
        let interval = |mut values: Vec<f64>| {
            values.sort_unstable_by(f64::total_cmp);
            (values.len() * 2 >= self.resamples).then(|| (quantile(&values, 0.025), quantile(&values, 0.975)))
        };
        values.into_iter().map(interval).collect()
    }
}

/// The indices of the images of each patient, named as [`Bootstrap::new`] has it.
#[must_use]
pub fn by_patient(names: &[&str]) -> Vec<Vec<usize>> {
    let mut known: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut alone = Vec::new();
    for (image, name) in names.iter().enumerate() {
        if name.is_empty() {
            alone.push(vec![image]);
        } else {
            known.entry(name).or_default().push(image);
        }
    }
    // In the order of their names, so that an interval does not hang on the order in which files
    // were listed.
    known.into_values().chain(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64]) -> impl Fn(&[usize]) -> Option<f64> + '_ {
        |drawn| Some(drawn.iter().map(|i| values[*i]).sum::<f64>() / drawn.len() as f64)
    }

    #[test]
    fn the_interval_of_a_mean_is_that_of_theory() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let (low, high) = Bootstrap::new(&[""; 400], 7).interval(mean(&values)).unwrap();
        // 0.5 ± 1.96 · 0.5 / 20
        assert!((low - 0.451).abs() < 0.008 && (high - 0.549).abs() < 0.008, "{low} {high}");
    }

    #[test]
    fn a_mean_comes_with_the_interval_of_its_resamples() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let bootstrap = Bootstrap::new(&[""; 400], 7);
        let found = bootstrap.mean(&values);
        assert_eq!((found.mean, found.low.zip(found.high)), (0.5, bootstrap.interval(mean(&values))));
        assert_eq!(Bootstrap::new(&[], 7).mean(&[]), Mean::default());
    }

    #[test]
    fn an_interval_below_zero_is_told_with_a_word() {
        let figure = |low, high| Mean { mean: 0.1, low, high };
        assert_eq!(figure(Some(0.05), Some(0.2)).to_string(), "0.100 (0.050–0.200)");
        assert_eq!(figure(Some(-0.05), Some(0.2)).to_string(), "0.100 (-0.050 to 0.200)");
        assert_eq!(format!("{:>7}", figure(None, None)), "  0.100");
    }

    #[test]
    fn images_of_one_patient_are_drawn_together() {
        let values: Vec<f64> = (0..400).map(|i| f64::from((i / 20) % 2)).collect();
        let names: Vec<String> = (0..400).map(|i| format!("p{}", i / 20)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let alone = Bootstrap::new(&[""; 400], 7).interval(mean(&values)).unwrap();
        let together = Bootstrap::new(&names, 7).interval(mean(&values)).unwrap();
        assert!(together.1 - together.0 > 3.0 * (alone.1 - alone.0), "{alone:?} {together:?}");
    }

    #[test]
    fn the_order_of_the_images_changes_no_interval() {
        let values: Vec<f64> = (0..60).map(|i| f64::from(i % 7)).collect();
        let names: Vec<String> = (0..60).map(|i| format!("p{}", i / 3)).collect();
        let interval = |order: &[usize]| {
            let names: Vec<&str> = order.iter().map(|i| names[*i].as_str()).collect();
            let values: Vec<f64> = order.iter().map(|i| values[*i]).collect();
            Bootstrap::new(&names, 7).interval(mean(&values)).unwrap()
        };
        let forward: Vec<usize> = (0..60).collect();
        let backward: Vec<usize> = (0..60).rev().collect();
        assert_eq!(interval(&forward), interval(&backward));
    }

    #[test]
    fn a_seed_gives_the_same_interval() {
        let values: Vec<f64> = (0..50).map(|i| f64::from(i).sqrt()).collect();
        let interval = |seed| Bootstrap::new(&[""; 50], seed).interval(mean(&values));
        assert_eq!(interval(3), interval(3));
        assert_ne!(interval(3), interval(4));
    }

    #[test]
    fn what_can_hardly_ever_be_computed_has_no_interval() {
        assert_eq!(Bootstrap::new(&["", ""], 7).interval(|_| None), None);
        assert_eq!(Bootstrap::new(&[], 7).interval(|_| Some(1.0)), None);
    }
}
