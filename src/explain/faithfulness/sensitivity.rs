//! Maximum sensitivity (Yeh et al. 2019): how much the map changes when the image hardly does.
//!
//! ```text
//! max over ε of ‖Φ(x + ε) − Φ(x)‖ / ‖Φ(x)‖,   each value of ε uniform in −r … r
//! ```
//!
//! with the norm over all values of the map, as captum's `sensitivity_max`. The maximum over a few
//! drawn ε is a lower bound of the true one. A map that changes a lot under noise that no reader
//! would see explains the noise as much as the image.

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::input_image::InputImage;
use super::{FaithfulnessError, checked};
use crate::imaging::Plane;

/// Perturbations that are tried.
pub const SAMPLES: usize = 10;
/// Radius in the units of the normalised image, as in captum.
pub const RADIUS: f32 = 0.02;

/// The largest relative change of the map over `samples` perturbations within `radius`. One
/// explanation more than samples.
///
/// `None` when the map of the image itself is zero everywhere: a change relative to nothing has no
/// size. The map should be the raw one; scaled to 0–1, changes of strength would not be seen.
pub fn max_sensitivity<E: From<FaithfulnessError>>(
    picture: &InputImage,
    radius: f32,
    samples: usize,
    seed: u64,
    explain: &mut dyn FnMut(&InputImage) -> Result<Plane, E>,
) -> Result<Option<f64>, E> {
    picture.checked()?;
    let map = explain(picture)?;
    checked(&map)?;
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let size = norm(&mut map.values.iter().map(|v| f64::from(*v)));
    if size == 0.0 {
        return Ok(None);
    }
    // Far beyond any normalised value; the range of a draw must be finite.
    let radius = if radius.is_finite() { radius.abs().min(1e6) } else { 0.0 };
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut largest: f64 = 0.0;
    for _ in 0..samples {
        let values = picture.values.iter().map(|v| v + random.random_range(-radius..=radius)).collect();
        let other = explain(&InputImage { values, ..*picture })?;
        checked(&other)?;
        if (other.width, other.height) != (map.width, map.height) {
            return Err(FaithfulnessError::AnotherSize.into());
        }
        let change = norm(&mut map.values.iter().zip(&other.values).map(|(a, b)| f64::from(*a) - f64::from(*b)));
        largest = largest.max(change / size);
    }
    Ok(Some(largest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::faithfulness::testing::{Stop, picture, right_map};

    #[test]
    fn a_map_that_stays_has_no_sensitivity() {
        let mut explain = |_: &InputImage| Ok::<_, Stop>(right_map());
        assert_eq!(max_sensitivity(&picture(), 0.1, 5, 0, &mut explain), Ok(Some(0.0)));
    }

    #[test]
    fn the_largest_change_is_relative_to_the_map() {
        // The map is the image itself: ‖ε‖/‖x‖ is at most r·√n/‖x‖ and grows with r.
        let mut explain = |p: &InputImage| Ok::<_, Stop>(Plane { width: 16, height: 12, values: p.values.clone() });
        let norm = picture().values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        let bound = 0.1 * 192.0_f64.sqrt() / norm;
        let found = max_sensitivity(&picture(), 0.1, 20, 0, &mut explain).unwrap().unwrap();
        assert!(found < bound && found > 0.5 * bound, "{found} {bound}");
        let twice = max_sensitivity(&picture(), 0.2, 20, 0, &mut explain).unwrap().unwrap();
        assert!((twice / found - 2.0).abs() < 1e-3);
    }

    #[test]
    fn a_map_of_zeros_has_no_relative_change() {
        let mut explain = |_: &InputImage| Ok::<_, Stop>(Plane::filled(7, 7, 0.0));
        assert_eq!(max_sensitivity(&picture(), 0.1, 5, 0, &mut explain), Ok(None));
    }

    #[test]
    fn broken_maps_and_cancelling_are_errors() {
        let stops_at = |call: usize, broken: Result<Plane, Stop>| {
            let (mut calls, mut broken) = (0, Some(broken));
            let mut explain = |_: &InputImage| {
                calls += 1;
                if calls > call { broken.take().unwrap() } else { Ok(right_map()) }
            };
            max_sensitivity(&picture(), 0.1, 5, 0, &mut explain)
        };
        for call in 0..5 {
            assert_eq!(stops_at(call, Err(Stop::Cancelled)), Err(Stop::Cancelled));
            let nan = Ok(Plane::filled(16, 12, f32::NAN));
            assert_eq!(stops_at(call, nan), Err(FaithfulnessError::MapNotFinite.into()));
        }
        assert_eq!(stops_at(2, Ok(Plane::filled(2, 2, 1.0))), Err(FaithfulnessError::AnotherSize.into()));
    }
}
