//! What a map must beat: maps that know nothing of the image.
//!
//! A Gaussian in the centre of the image is right surprisingly often, for findings lie where lungs
//! are (Tatler 2007 on the central bias). So that only the place differs, the blob is as large as
//! the map: above half its maximum it covers the same area. With a standard deviation of `s` times
//! the sides of the image, that is an ellipse of `2π ln 2 · s²` of the image.
//!
//! For the place alone, the control map is the same blob elsewhere. For the network's scores it is
//! a map of random values on the map's own coarse grid, as smooth as the map and as rich in detail:
//! what is taken away by it is as scattered.

use std::f64::consts::{LN_2, PI};

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::imaging::{Plane, bilinear};

/// Area of the blob that stands against a map which shows nothing, as a share of the image.
pub const AREA: f64 = 0.1;

/// The share of the image on which a map is above half its maximum; [`AREA`] when nothing of it is
/// positive.
#[must_use]
pub fn area(map: &Plane) -> f64 {
    let top = map.values.iter().copied().fold(0.0, f32::max);
    if top <= 0.0 {
        return AREA;
    }
    map.values.iter().filter(|v| **v > top / 2.0).count() as f64 / map.values.len() as f64
}

/// Uniform random values between 0 and 1 on a grid of `columns × rows`, bilinear to
/// `width × height`.
#[must_use]
pub fn random(columns: usize, rows: usize, width: usize, height: usize, seed: u64) -> Plane {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let values = (0..columns * rows).map(|_| random.random()).collect();
    bilinear(&Plane { width: columns, height: rows, values }, width, height)
}

/// A Gaussian of 1 at `center` (fractions of the sides) that is above ½ on `area` of the image,
/// where it lies on it.
#[must_use]
pub fn blob(width: usize, height: usize, center: (f64, f64), area: f64) -> Plane {
    let spread = (area.clamp(1e-4, 1.0) / (2.0 * PI * LN_2)).sqrt();
    let falloff = |n: usize, center: f64| -> Vec<f64> {
        let distance = |i: usize| ((i as f64 + 0.5) / n as f64 - center) / spread;
        (0..n).map(|i| (-0.5 * distance(i).powi(2)).exp()).collect()
    };
    let (across, down) = (falloff(width, center.0), falloff(height, center.1));
    let values = down.iter().flat_map(|d| across.iter().map(move |a| (a * d) as f32)).collect();
    Plane { width, height, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blob_is_as_large_as_asked() {
        for (width, height, area) in [(200, 200, 0.1), (300, 150, 0.3)] {
            let blob = blob(width, height, (0.5, 0.5), area);
            let above = blob.values.iter().filter(|v| **v > 0.5).count() as f64 / (width * height) as f64;
            assert!((above - area).abs() < 0.005, "{above} {area}");
        }
    }

    #[test]
    fn the_area_of_a_map_is_that_above_half_its_maximum() {
        let map = Plane { width: 4, height: 1, values: vec![-8.0, 1.0, 3.0, 4.0] };
        assert_eq!(area(&map), 0.5);
        assert_eq!(area(&Plane::filled(3, 3, 0.0)), AREA);
        assert_eq!(area(&Plane::default()), AREA);
        assert_eq!(area(&Plane::filled(3, 3, 1.0)), 1.0);
    }

    #[test]
    fn the_random_map_is_smooth_and_its_seed_makes_it_again() {
        let map = random(7, 7, 224, 224, 4);
        assert_eq!(map, random(7, 7, 224, 224, 4));
        assert_ne!(map, random(7, 7, 224, 224, 5));
        let steps = map.values.windows(2).enumerate().filter(|(i, _)| (i + 1) % 224 != 0);
        assert!(steps.map(|(_, w)| (w[0] - w[1]).abs()).fold(0.0, f32::max) <= 1.0 / 32.0 + 1e-6);
        assert_eq!(random(1, 1, 3, 2, 0).values.len(), 6);
    }

    #[test]
    fn the_top_of_the_blob_is_where_it_was_put() {
        let blob = blob(10, 20, (0.25, 0.875), 0.05);
        let top = blob.values.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
        assert_eq!((top % 10, top / 10), (2, 17));
    }
}
