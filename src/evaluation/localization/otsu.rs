//! The threshold that parts values into two classes with the largest variance between them (Otsu
//! 1979), over 256 bins.
//!
//! Held to `skimage.filters.threshold_otsu`, whose bins are those of `numpy.histogram`: a value on
//! an edge belongs to the upper bin, the largest to the last. The threshold is the centre of a bin;
//! what lies above it is the foreground.

/// Bins between the smallest and the largest value.
const BINS: usize = 256;

/// The threshold; the value itself where all are the same, `None` without values.
#[must_use]
pub(super) fn otsu(values: &[f64]) -> Option<f64> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.is_empty() || !(low.is_finite() && high.is_finite()) {
        return None;
    }
    if low == high {
        return Some(low);
    }
    let step = (high - low) / BINS as f64;
    let edge = |i: usize| if i == BINS { high } else { i as f64 * step + low };
    let mut counts = [0u64; BINS];
    for &v in values {
        // As numpy does it: by division, then put right where rounding has passed an edge.
        let mut bin = (((v - low) / (high - low) * BINS as f64) as usize).min(BINS - 1);
        if v < edge(bin) {
            bin -= 1;
        } else if bin + 1 < BINS && v >= edge(bin + 1) {
            bin += 1;
        }
        counts[bin] += 1;
    }
    let centers: Vec<f64> = (0..BINS).map(|i| f64::midpoint(edge(i), edge(i + 1))).collect();
    let all: f64 = values.len() as f64;
    let sum: f64 = counts.iter().zip(&centers).map(|(n, c)| *n as f64 * c).sum();
    let (mut below, mut sum_below) = (0.0, 0.0);
    let mut best = (f64::NEG_INFINITY, centers[0]);
    for i in 0..BINS - 1 {
        below += counts[i] as f64;
        sum_below += counts[i] as f64 * centers[i];
        let above = all - below;
        let between = below * above * (sum_below / below - (sum - sum_below) / above).powi(2);
        // Empty bins between the classes leave the variance as it is but for rounding: the first of
        // them is meant.
        if between > best.0 * (1.0 + 1e-12) {
            best = (between, centers[i]);
        }
    }
    Some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_heaps_are_parted() {
        let values: Vec<f64> = (0..100).map(|i| f64::from(i % 10) / 100.0 + if i < 70 { 0.0 } else { 0.8 }).collect();
        let threshold = otsu(&values).unwrap();
        assert!((0.08..0.8).contains(&threshold), "{threshold}");
    }

    #[test]
    fn one_value_is_its_own_threshold() {
        assert_eq!(otsu(&[0.25; 9]), Some(0.25));
        assert_eq!(otsu(&[]), None);
        assert_eq!(otsu(&[0.0, f64::INFINITY]), None);
    }
}
