//! What a copy loses: JPEG at a low quality, a smaller size, few greys.
//!
//! Histogram equalisation spreads the greys of an even ground, and with them whatever a codec has
//! left there. A gate that has seen clean drawings alone takes their lossy copies for something
//! else.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::imaging::Plane;
use crate::imaging::resample::resize;
use crate::training::gate::canvas::{between, happens};
use crate::training::jpeg::jpeg;

/// A worse copy of a square image, at half its side.
pub(super) fn copy(plane: &Plane, rng: &mut ChaCha8Rng) -> Plane {
    let (side, half) = (plane.width, plane.width / 2);
    let mut plane = in_eight_bits(plane, rng);
    if happens(rng, 0.35) {
        let small = (side as f32 * between(rng, 0.3, 0.8)) as usize;
        plane = resize(&resize(&plane, small, small), side, side);
    }
    if happens(rng, 0.75) {
        let quality = rng.random_range(4..60);
        plane = jpeg(&plane, quality).unwrap_or(plane);
    }
    if happens(rng, 0.15) {
        let step = between(rng, 4.0, 24.0);
        plane.values.iter_mut().for_each(|v| *v = (*v / step).round() * step);
    }
    resize(&plane, half, half)
}

/// Greys of 0–255 that need not reach from end to end.
fn in_eight_bits(plane: &Plane, rng: &mut ChaCha8Rng) -> Plane {
    let (low, high) = plane.values.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    let (black, white) = (between(rng, 0.0, 60.0), between(rng, 150.0, 255.0));
    let grey = |v: &f32| black + (white - black) * (v - low) / (high - low).max(1e-9);
    Plane { values: plane.values.iter().map(grey).collect(), ..*plane }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_copy_is_half_as_wide_and_still_the_same_image() {
        let ramp = Plane { width: 64, height: 64, values: (0..4096).map(|i| (i % 64) as f32).collect() };
        for seed in 0..20 {
            let small = copy(&ramp, &mut ChaCha8Rng::seed_from_u64(seed));
            assert_eq!((small.width, small.height), (32, 32));
            assert!(small.at(2, 16) < small.at(16, 16) && small.at(16, 16) < small.at(29, 16), "seed {seed}");
        }
    }
}
