//! Minimum, maximum, mean and percentiles of a plane, without its padding.
//!
//! Padding (Pixel Padding Value and its range limit) and numbers that are not finite are background
//! and take no part.

use super::Plane;

/// Whole-number ranges up to this width are counted in a histogram, which is exact for them.
const HISTOGRAM_BINS: f32 = 65_536.0;

/// What [`statistics`] found; all zero for a plane without a single value that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    pub min: f32,
    pub max: f32,
    pub mean: f64,
    /// Standard deviation of the population.
    pub sd: f64,
    pub count: usize,
}

/// Whether a value counts: finite, and no padding (an inclusive range).
#[must_use]
pub fn counts(value: f32, padding: Option<(f32, f32)>) -> bool {
    value.is_finite() && padding.is_none_or(|(low, high)| value < low || value > high)
}

/// Range, mean and spread of the values that count.
#[must_use]
pub fn statistics(plane: &Plane, padding: Option<(f32, f32)>) -> Statistics {
    let (mut min, mut max, mut sum, mut squares, mut count) = (f32::INFINITY, f32::NEG_INFINITY, 0.0, 0.0, 0_usize);
    // Sums are taken about the first value, so that large offsets do not eat the digits of the
    // variance.
    let mut origin = None;
    for &value in plane.values.iter().filter(|v| counts(**v, padding)) {
        let origin = *origin.get_or_insert(f64::from(value));
        let from_origin = f64::from(value) - origin;
        min = min.min(value);
        max = max.max(value);
        sum += from_origin;
        squares += from_origin * from_origin;
        count += 1;
    }
    let Some(origin) = origin else { return Statistics::default() };
    let n = count as f64;
    let mean = sum / n;
    Statistics { min, max, mean: origin + mean, sd: (squares / n - mean * mean).max(0.0).sqrt(), count }
}

/// The values below which the given fractions (0–1) of the plane lie, by nearest rank; `None`
/// without values.
#[must_use]
pub fn percentiles(plane: &Plane, padding: Option<(f32, f32)>, fractions: &[f64]) -> Option<Vec<f32>> {
    let stats = statistics(plane, padding);
    if stats.count == 0 {
        return None;
    }
    let ranks = fractions.iter().map(|f| (f.clamp(0.0, 1.0) * (stats.count - 1) as f64).round() as usize);
    let counted = plane.values.iter().copied().filter(|v| counts(*v, padding));
    let whole_numbers = stats.max - stats.min < HISTOGRAM_BINS && plane.values.iter().all(|v| v.fract() == 0.0);
    if whole_numbers {
        let mut histogram = vec![0_usize; (stats.max - stats.min) as usize + 1];
        counted.for_each(|v| histogram[(v - stats.min) as usize] += 1);
        let value_at = |rank: usize| {
            let mut below = 0;
            histogram.iter().position(|n| {
                below += n;
                below > rank
            })
        };
        return Some(ranks.map(|rank| value_at(rank).map_or(stats.max, |bin| stats.min + bin as f32)).collect());
    }
    let mut values: Vec<f32> = counted.collect();
    Some(ranks.map(|rank| *values.select_nth_unstable_by(rank, f32::total_cmp).1).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[f32]) -> Plane {
        Plane { width: values.len(), height: 1, values: values.to_vec() }
    }

    #[test]
    fn padding_and_not_a_number_take_no_part() {
        let plane = row(&[-2000.0, -2000.0, 1.0, 3.0, f32::NAN]);
        let s = statistics(&plane, Some((-2000.0, -2000.0)));
        assert_eq!((s.min, s.max, s.mean, s.sd, s.count), (1.0, 3.0, 2.0, 1.0, 2));
        assert_eq!(percentiles(&plane, Some((-2000.0, -2000.0)), &[0.0, 1.0]), Some(vec![1.0, 3.0]));
    }

    #[test]
    fn a_plane_of_padding_only_has_no_percentiles() {
        assert_eq!(statistics(&row(&[0.0, 0.0]), Some((0.0, 0.0))), Statistics::default());
        assert_eq!(percentiles(&row(&[0.0]), Some((0.0, 0.0)), &[0.5]), None);
    }

    #[test]
    fn the_histogram_and_the_selection_agree() {
        let whole: Vec<f32> = (0..1000).map(|i| ((i * 7919) % 1000) as f32).collect();
        let halves: Vec<f32> = whole.iter().map(|v| v / 2.0 + 0.25).collect();
        let fractions = [0.0, 0.001, 0.25, 0.5, 0.999, 1.0];
        let a = percentiles(&row(&whole), None, &fractions).unwrap();
        let b = percentiles(&row(&halves), None, &fractions).unwrap();
        assert_eq!(a, vec![0.0, 1.0, 250.0, 500.0, 998.0, 999.0]);
        assert_eq!(a.iter().map(|v| v / 2.0 + 0.25).collect::<Vec<_>>(), b);
    }
}
