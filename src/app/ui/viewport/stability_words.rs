//! The stability of a map in words.

use crate::explain::stability::MapStability;

/// How large the deviation is beside the map, in words.
pub(super) fn deviation(measured: &MapStability) -> String {
    let largest = |values: &[f32]| values.iter().copied().fold(0.0, f32::max);
    let (sd, top) = (largest(&measured.sd.values), largest(&measured.mean.values));
    if top > 0.0 {
        format!("deviation up to {:.0} % of the map's largest value", 100.0 * sd / top)
    } else {
        "deviation of a map that shows nothing".to_owned()
    }
}

/// Share of the explanation that stays as it is, in words.
pub(super) fn share(measured: &MapStability) -> String {
    let Some(share) = measured.mean_stability() else {
        return format!("nothing to see in the mean of {} samples", measured.samples);
    };
    let verdict = match share {
        s if s >= 0.8 => "stable under dropout",
        s if s >= 0.6 => "partly stable under dropout",
        _ => "unstable: it is another with another dropout mask",
    };
    format!("{verdict} ({share:.2} of 1, {} samples)", measured.samples)
}
