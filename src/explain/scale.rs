//! From raw map to overlay: ReLU → scale to 0–1 → bilinear to the image, as the `grad-cam` package does it.
//!
//! Pure functions on a finished [`Attribution`]: switching scale or size never causes a new computation. Maps side by side
//! share one scale by default ([`shared_max`]), or a class with hardly any evidence looks as hot as the winner.

use super::{Attribution, Evidence};
use crate::imaging::Plane;

/// Keeps the division of an empty map defined, as in the `grad-cam` package.
const EPSILON: f32 = 1e-7;

/// What counts as 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// The map's own maximum (min-max of the map after ReLU).
    PerClass,
    /// A maximum common to several maps, see [`shared_max`].
    Shared { max: f32 },
}

/// The map at its own resolution, scaled to 0–1. All zeros when there is no positive evidence.
#[must_use]
pub fn scaled(attribution: &Attribution, scale: Scale) -> Plane {
    let raw = &attribution.raw;
    if attribution.evidence == Evidence::NonePositive {
        return Plane::filled(raw.width, raw.height, 0.0);
    }
    let mut values: Vec<f32> = raw.values.iter().map(|v| v.max(0.0)).collect();
    match scale {
        Scale::PerClass => min_max(&mut values),
        Scale::Shared { max } => {
            for v in &mut values {
                *v = (*v / (max + EPSILON)).min(1.0);
            }
        }
    }
    Plane { width: raw.width, height: raw.height, values }
}

/// Largest positive value of the maps: what [`Scale::Shared`] takes. 0 when none holds positive evidence.
#[must_use]
pub fn shared_max<'a>(attributions: impl IntoIterator<Item = &'a Attribution>) -> f32 {
    attributions.into_iter().flat_map(|a| a.raw.values.iter().copied()).fold(0.0, f32::max)
}

fn min_max(values: &mut [f32]) {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for v in values {
        *v = (*v - low) / (high - low + EPSILON);
    }
}

/// The map at `width × height`, 0–1: scaled, resized with half-pixel centres and, on its own scale, stretched to 0–1
/// again (interpolation lowers a peak; the `grad-cam` package stretches after it, too).
#[must_use]
pub fn overlay(attribution: &Attribution, scale: Scale, width: usize, height: usize) -> Plane {
    let mut map = bilinear(&scaled(attribution, scale), width, height);
    if scale == Scale::PerClass && attribution.evidence == Evidence::Positive {
        min_max(&mut map.values);
    }
    map
}

/// Bilinear interpolation between half-pixel centres (`align_corners = False` in PyTorch), edges repeated.
fn bilinear(map: &Plane, width: usize, height: usize) -> Plane {
    let steps = |from: usize, to: usize| -> Vec<(usize, usize, f32)> {
        (0..to)
            .map(|i| {
                let at = ((i as f32 + 0.5) * from as f32 / to as f32 - 0.5).clamp(0.0, from as f32 - 1.0);
                let low = at as usize;
                (low, (low + 1).min(from - 1), at - low as f32)
            })
            .collect()
    };
    let columns = steps(map.width, width);
    let mut values = Vec::with_capacity(width * height);
    for (top, bottom, down) in steps(map.height, height) {
        for &(left, right, along) in &columns {
            let upper = map.at(left, top) * (1.0 - along) + map.at(right, top) * along;
            let lower = map.at(left, bottom) * (1.0 - along) + map.at(right, bottom) * along;
            values.push(upper * (1.0 - down) + lower * down);
        }
    }
    Plane { width, height, values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Method;

    fn map(values: [f32; 4]) -> Attribution {
        let evidence = if values.iter().any(|v| *v > 0.0) { Evidence::Positive } else { Evidence::NonePositive };
        Attribution {
            method: Method::GradCam,
            class: 0,
            layer: "stage4".into(),
            logit: 1.0,
            raw: Plane { width: 2, height: 2, values: values.to_vec() },
            evidence,
        }
    }

    #[test]
    fn per_class_stretches_the_positive_part_to_one() {
        let plane = scaled(&map([-3.0, 0.0, 1.0, 2.0]), Scale::PerClass);
        for (value, expected) in plane.values.iter().zip([0.0, 0.0, 0.5, 1.0]) {
            assert!((value - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn on_a_shared_scale_the_weaker_class_stays_weak() {
        let (strong, weak) = (map([0.0, 0.0, 0.0, 4.0]), map([0.0, 0.0, 1.0, 0.0]));
        let max = shared_max([&strong, &weak]);
        assert_eq!(max, 4.0);
        assert!((scaled(&weak, Scale::Shared { max }).at(0, 1) - 0.25).abs() < 1e-6);
        assert!((overlay(&strong, Scale::Shared { max }, 2, 2).at(1, 1) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn without_positive_evidence_every_scale_gives_zeros() {
        let nothing = map([-1.0, -2.0, 0.0, -1.0]);
        for scale in [Scale::PerClass, Scale::Shared { max: 0.0 }] {
            assert_eq!(overlay(&nothing, scale, 3, 5), Plane::filled(3, 5, 0.0));
        }
    }

    #[test]
    fn upsampling_uses_half_pixel_centres_and_ends_at_zero_and_one() {
        let plane = overlay(&map([0.0, 1.0, 0.0, 1.0]), Scale::PerClass, 4, 1);
        for (value, expected) in plane.values.iter().zip([0.0, 0.25, 0.75, 1.0]) {
            assert!((value - expected).abs() < 1e-5, "{:?}", plane.values);
        }
        let plane = overlay(&map([4.0, 0.0, 0.0, 0.0]), Scale::PerClass, 3, 3);
        assert!((plane.at(0, 0) - 1.0).abs() < 1e-6);
    }
}
