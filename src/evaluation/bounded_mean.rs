//! The mean of values between two bounds, with an interval that has a width even where no resample
//! differs.

use super::bootstrap::{Bootstrap, Mean};
use super::proportion;

/// The mean of `values` between `lowest` and `highest`, whose interval has a width where no
/// resample differs: that of a share ([`proportion`]), as wide as values between these two allow.
pub(super) fn bounded_mean(values: &[f64], [lowest, highest]: [f64; 2], bootstrap: &Bootstrap) -> Mean {
    let mean = bootstrap.mean(values);
    // Hits and misses are a share to begin with; a difference of them is none.
    let hits = lowest == 0.0 && values.iter().all(|v| *v == 0.0 || *v == 1.0);
    if mean.low.is_none() || !(hits || mean.low == mean.high) {
        return mean;
    }
    let width = highest - lowest;
    let parts: Vec<f64> = values.iter().map(|v| (v - lowest) / width).collect();
    let share = proportion::of_groups(&parts, bootstrap.groups());
    Mean { low: share.map(|s| lowest + width * s.low), high: share.map(|s| lowest + width * s.high), ..mean }
}
