//! Minimum, maximum, mean and percentiles of a plane, without its padding.
//!
//! Padding (Pixel Padding Value and its range limit) and numbers that are not finite are background
//! and take no part.

use rayon::prelude::*;

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
///
/// Values are counted, not sorted: whole numbers in a histogram, others by the upper half of their
/// bits and then, among those that share it, by the lower half. Both are exact.
#[must_use]
pub fn percentiles(plane: &Plane, padding: Option<(f32, f32)>, fractions: &[f64]) -> Option<Vec<f32>> {
    let extent = Extent::of(plane, padding);
    if extent.count == 0 {
        return None;
    }
    let ranks = fractions.iter().map(|f| (f.clamp(0.0, 1.0) * (extent.count - 1) as f64).round() as usize);
    if extent.whole && extent.max - extent.min < HISTOGRAM_BINS {
        let bins = (extent.max - extent.min) as usize + 1;
        let histogram = histogram(plane, padding, bins, |v| Some((v - extent.min) as i32 as usize));
        return Some(ranks.map(|rank| extent.min + ranked(&histogram, rank).0 as f32).collect());
    }
    let upper = histogram(plane, padding, HALF, |v| Some((ordered(v) >> 16) as usize));
    let value_at = |rank: usize| {
        let (bin, before) = ranked(&upper, rank);
        let of_bin = |v: f32| (ordered(v) >> 16 == bin as u32).then(|| (ordered(v) & 0xFFFF) as usize);
        let lower = histogram(plane, padding, HALF, of_bin);
        disordered((bin as u32) << 16 | ranked(&lower, rank - before).0 as u32)
    };
    Some(ranks.map(value_at).collect())
}

/// Values of half the bits of a number.
const HALF: usize = 1 << 16;
/// Values that one thread looks at in one go.
const CHUNK: usize = 1 << 16;
/// Values that are looked at side by side.
const LANES: usize = 8;
/// Histograms that one thread counts in by turns.
const WAYS: usize = 4;

/// What is asked of the values that count before they are ranked.
#[derive(Clone, Copy)]
struct Extent {
    min: f32,
    max: f32,
    count: usize,
    /// Every value of the plane is a whole number.
    whole: bool,
}

impl Extent {
    fn of(plane: &Plane, padding: Option<(f32, f32)>) -> Self {
        let nothing = Self { min: f32::INFINITY, max: f32::NEG_INFINITY, count: 0, whole: true };
        let of_chunk = |values: &[f32]| {
            // A lane each, so that the compiler may take several values at once.
            let (lanes, rest) = values.as_chunks::<LANES>();
            let mut all = [nothing; LANES];
            lanes.iter().for_each(|values| all.iter_mut().zip(values).for_each(|(lane, v)| lane.add(*v, padding)));
            rest.iter().for_each(|v| all[0].add(*v, padding));
            all.into_iter().fold(nothing, Self::and)
        };
        plane.values.par_chunks(CHUNK).map(of_chunk).reduce(|| nothing, Self::and)
    }

    fn add(&mut self, v: f32, padding: Option<(f32, f32)>) {
        // Whole numbers beyond those of 32 bits take the other way, which is exact as well.
        self.whole &= (v as i32) as f32 == v;
        let counts = counts(v, padding);
        self.min = self.min.min(if counts { v } else { f32::INFINITY });
        self.max = self.max.max(if counts { v } else { f32::NEG_INFINITY });
        self.count += usize::from(counts);
    }

    fn and(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            count: self.count + other.count,
            whole: self.whole && other.whole,
        }
    }
}

fn both(mut a: Vec<u32>, b: Vec<u32>) -> Vec<u32> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}

/// How many of the values that count fall into each bin.
fn histogram(
    plane: &Plane,
    padding: Option<(f32, f32)>,
    bins: usize,
    bin: impl Fn(f32) -> Option<usize> + Sync,
) -> Vec<u32> {
    // Neighbours are alike: counted side by side, none waits for the one before in the same bin.
    let of_share = |values: &[f32]| {
        let mut beside: [Vec<u32>; WAYS] = std::array::from_fn(|_| vec![0; bins]);
        for values in values.chunks(WAYS) {
            for (histogram, v) in beside.iter_mut().zip(values) {
                if counts(*v, padding)
                    && let Some(count) = bin(*v).and_then(|bin| histogram.get_mut(bin))
                {
                    *count += 1;
                }
            }
        }
        beside.into_iter().reduce(both).unwrap_or_default()
    };
    // Histograms for each thread, not for each chunk.
    let share = plane.values.len().div_ceil(rayon::current_num_threads().max(1)).max(CHUNK);
    plane.values.par_chunks(share).map(of_share).reduce(|| vec![0; bins], both)
}

/// The bin that holds the value of this rank, and how many lie in the bins before it.
fn ranked(histogram: &[u32], rank: usize) -> (usize, usize) {
    let mut before = 0;
    for (bin, count) in histogram.iter().enumerate() {
        if before + *count as usize > rank {
            return (bin, before);
        }
        before += *count as usize;
    }
    (histogram.len().saturating_sub(1), before)
}

/// Bits that rise with the value, as [`f32::total_cmp`] orders them.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn disordered(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
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

    #[test]
    fn whole_numbers_beyond_32_bits_are_ranked_as_others_are() {
        let values: Vec<f32> = (0..40).map(|i| 3.0e9 + 256.0 * ((i * 7) % 40) as f32).collect();
        let ends = percentiles(&row(&values), None, &[0.0, 0.5, 1.0]).unwrap();
        assert_eq!(ends, [3.0e9, 3.0e9 + 256.0 * 20.0, 3.0e9 + 256.0 * 39.0]);
    }

    #[test]
    fn counting_ranks_as_sorting_does() {
        let mut seed = 1_u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed
        };
        for spread in [1.0e-3_f32, 1.0, 3.7e6] {
            let values: Vec<f32> =
                (0..200_001).map(|_| (random() as f32 / u32::MAX as f32 - 0.4) * spread).chain([-0.0, 0.0]).collect();
            let mut sorted = values.clone();
            sorted.sort_unstable_by(f32::total_cmp);
            let fractions = [0.0, 0.001, 0.3, 0.4, 0.5, 0.999, 1.0];
            let expected: Vec<f32> =
                fractions.iter().map(|f| sorted[(f * (sorted.len() - 1) as f64).round() as usize]).collect();
            assert_eq!(percentiles(&row(&values), None, &fractions).unwrap(), expected, "{spread}");
        }
    }
}
