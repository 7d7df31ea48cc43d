//! The stability of a map in words.

use crate::explain::stability::MapStability;
use crate::language::{decimal, text, tr};

/// How large the deviation is beside the map, in words.
pub(super) fn deviation(measured: &MapStability) -> String {
    let largest = |values: &[f32]| values.iter().copied().fold(0.0, f32::max);
    let (sd, top) = (largest(&measured.sd.values), largest(&measured.mean.values));
    if top > 0.0 {
        tr!("deviation up to {} % of the map's largest value", format!("{:.0}", 100.0 * sd / top))
    } else {
        text!("deviation of a map that shows nothing").to_owned()
    }
}

/// Share of the explanation that stays as it is, in words.
pub(super) fn share(measured: &MapStability) -> String {
    let Some(share) = measured.mean_stability() else {
        return tr!("nothing to see in the mean of {} samples", measured.samples);
    };
    let verdict = match share {
        s if s >= 0.8 => text!("stable under dropout"),
        s if s >= 0.6 => text!("partly stable under dropout"),
        _ => text!("unstable: it is another with another dropout mask"),
    };
    tr!("{verdict} ({share} of 1, {} samples)", measured.samples, verdict, share = decimal(format!("{share:.2}")))
}
