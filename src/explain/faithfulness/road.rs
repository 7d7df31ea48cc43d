//! ROAD: remove and debias (Rong et al. 2022).
//!
//! A hole of one grey is itself a sign: the network may read the shape of what was removed. ROAD
//! therefore fills holes with what the surroundings suggest plus a little noise, so that nothing
//! but the missing detail is felt. Removed are the most relevant pixels (`MoRF`) and, for
//! comparison, the least relevant (`LeRF`); of the scores at several percentiles,
//!
//! ```text
//! ROAD = (mean of LeRF − mean of MoRF) / 2        the higher the better; 0 for a map that means nothing
//! ```
//!
//! as `ROADCombined` of the `grad-cam` package. As there, percentile `q` of the map keeps what lies
//! below it, so `100 − q` per cent are removed, more where values are equal. For the least relevant
//! the map is turned over (the package takes `1 − map`, in which small values of an unscaled map
//! would be lost). A constant map removes everything both ways and gets 0; the package gets no
//! answer, for there is nothing left to fill from (here: the mean of the image).

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::join;

use super::filling::Holes;
use super::input_image::InputImage;
use super::{FaithfulnessError, Score, fitted, scores};
use crate::imaging::Plane;

/// Percentiles of the map at which pixels are removed.
pub const PERCENTILES: [f64; 4] = [20.0, 40.0, 60.0, 80.0];
/// Standard deviation of the noise on filled pixels, in the units of the normalised image, as in
/// the package.
pub const NOISE: f64 = 0.01;

/// Scores after removal at each percentile.
#[derive(Clone, Debug, PartialEq)]
pub struct Road {
    pub combined: f64,
    /// `[percentile, score]` with the most relevant pixels removed.
    pub most: Vec<[f64; 2]>,
    /// `[percentile, score]` with the least relevant pixels removed.
    pub least: Vec<[f64; 2]>,
}

/// Removes by the map at each percentile (0–100), both ways. Two evaluations for each, handed over
/// in pairs.
pub fn road<E: From<FaithfulnessError>>(
    picture: &InputImage,
    map: &Plane,
    percentiles: &[f64],
    noise: f64,
    seed: u64,
    score: &mut Score<E>,
) -> Result<Road, E> {
    let map = fitted(map, picture)?.values;
    let turned: Vec<f32> = map.iter().map(|v| -v).collect();
    let mut road = Road { combined: 0.0, most: Vec::new(), least: Vec::new() };
    for (i, q) in percentiles.iter().enumerate() {
        let removed = |map: &[f32], way| {
            let seed = seed.wrapping_add(2 * i as u64 + way);
            imputed(picture, &below(map, *q), noise, seed)
        };
        let (most, least) = join(|| removed(&map, 0), || removed(&turned, 1));
        let pair = scores([most, least].into_iter(), score)?;
        road.most.push([*q, pair[0]]);
        road.least.push([*q, pair[1]]);
        road.combined += (pair[1] - pair[0]) / 2.0 / percentiles.len() as f64;
    }
    Ok(road)
}

/// Where the map lies below its percentile `q` (0–100), by linear interpolation as
/// `numpy.percentile`: what is kept. Nothing of a map without pixels.
#[must_use]
pub fn below(map: &[f32], q: f64) -> Vec<bool> {
    if map.is_empty() {
        return Vec::new();
    }
    let mut sorted = map.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = (q / 100.0).clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let low = at.floor() as usize;
    let (a, b) = (f64::from(sorted[low]), f64::from(sorted[(low + 1).min(sorted.len() - 1)]));
    let threshold = a + (b - a) * (at - low as f64);
    map.iter().map(|v| f64::from(*v) < threshold).collect()
}

/// The image with everything filled in that is not kept, noise of this standard deviation on what
/// is new.
///
/// An image whose shape and mask do not agree comes back as it is.
#[must_use]
pub fn imputed(picture: &InputImage, keep: &[bool], noise: f64, seed: u64) -> InputImage {
    if picture.checked().is_err() || keep.len() != picture.pixels() {
        return picture.clone();
    }
    let holes = Holes::new(keep, picture.width);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut filled = picture.clone();
    for plane in filled.values.chunks_mut(picture.pixels()) {
        holes.fill(plane);
        if noise > 0.0 {
            for value in plane.iter_mut().zip(keep).filter(|(_, keep)| !**keep).map(|(v, _)| v) {
                let normal: f64 = StandardNormal.sample(&mut random);
                *value += (normal * noise) as f32;
            }
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::faithfulness::testing::{Stop, left_quarter, picture, right_map, wrong_map};

    /// The mean of the pixels weighted by `1 + x − y` over 100.
    fn weighted(pictures: &[InputImage]) -> Vec<f64> {
        let of = |p: &InputImage| {
            let weight = |i: usize| (1.0 + (i % p.width) as f64 - (i / p.width) as f64) / 100.0;
            p.values.iter().enumerate().map(|(i, v)| weight(i) * f64::from(*v)).sum()
        };
        pictures.iter().map(of).collect()
    }

    /// `PerturbationConfidenceMetric(RemoveMostRelevantFirst(q, NoisyLinearImputer(noise=0)))(image, map, …, return_diff=False)`
    /// of grad-cam 1.5.7, the same of `RemoveLeastRelevantFirst`, and half the difference of their
    /// means, which is `ROADCombined`. The image is `((7x² + 3y + xy) mod 11)/10` of 9 × 8 pixels,
    /// the map `((3x + 5y²) mod 13)/12`, the score [`weighted`].
    #[test]
    fn road_matches_grad_cam() {
        let plane = |f: fn(usize, usize) -> f32| (0..72).map(|i| f(i % 9, i / 9)).collect();
        let values = plane(|x, y| ((7 * x * x + 3 * y + x * y) % 11) as f32 / 10.0);
        let picture = InputImage { channels: 1, width: 9, height: 8, values };
        let map = Plane { width: 9, height: 8, values: plane(|x, y| ((3 * x + 5 * y * y) % 13) as f32 / 12.0) };
        let mut score = |pictures: &[InputImage]| Ok::<_, Stop>(weighted(pictures));
        let road = road(&picture, &map, &PERCENTILES, 0.0, 0, &mut score).unwrap();
        let most = [0.363_921_08, 0.742_366_79, 0.780_469_42, 0.696_101_78];
        let least = [0.470_996_29, 0.566_964_33, 0.665_066_90, 0.735_460_46];
        for (points, expected) in [(&road.most, most), (&road.least, least)] {
            for (point, score) in points.iter().zip(expected) {
                assert!((point[1] - score).abs() < 1e-5, "{points:?}");
            }
        }
        assert!((road.combined + 0.018_046_39).abs() < 1e-5, "{}", road.combined);
    }

    #[test]
    fn the_map_that_marks_what_counts_is_above_its_opposite() {
        let of = |map: &Plane| road(&picture(), map, &PERCENTILES, NOISE, 3, &mut left_quarter).unwrap().combined;
        assert!(of(&right_map()) > 0.05, "{}", of(&right_map()));
        assert!((of(&right_map()) + of(&wrong_map())).abs() < 0.05);
    }

    #[test]
    fn a_constant_map_means_nothing() {
        for value in [0.0, 0.7] {
            let constant = Plane::filled(1, 1, value);
            let road = road(&picture(), &constant, &PERCENTILES, 0.0, 0, &mut left_quarter).unwrap();
            assert_eq!(road.combined, 0.0);
        }
        let one = InputImage { channels: 1, width: 1, height: 1, values: vec![2.0] };
        let mut same = |p: &[InputImage]| Ok::<_, Stop>(vec![f64::from(p[0].values[0]); p.len()]);
        assert_eq!(road(&one, &Plane::filled(7, 7, 1.0), &[20.0], 0.0, 0, &mut same).unwrap().combined, 0.0);
    }

    #[test]
    fn noise_lies_on_what_is_new_only_and_its_seed_makes_it_again() {
        let keep: Vec<bool> = (0..192).map(|i| i % 3 > 0).collect();
        let (clean, noisy) = (imputed(&picture(), &keep, 0.0, 1), imputed(&picture(), &keep, 0.5, 1));
        assert_eq!(noisy, imputed(&picture(), &keep, 0.5, 1));
        for (i, (a, b)) in clean.values.iter().zip(&noisy.values).enumerate() {
            assert_eq!(keep[i], a == b);
        }
    }

    #[test]
    fn cancelling_stops_at_the_first_pair() {
        let mut calls = 0;
        let mut score = |_: &[InputImage]| {
            calls += 1;
            Err::<Vec<f64>, Stop>(Stop::Cancelled)
        };
        assert_eq!(road(&picture(), &right_map(), &PERCENTILES, 0.0, 0, &mut score), Err(Stop::Cancelled));
        assert_eq!(calls, 1);
    }
}
