//! Deletion and insertion (Petsiuk et al. 2018, RISE): the score as pixels go, or come back, in the
//! order of the map.
//!
//! Deletion begins with the image and replaces pixels by a baseline, those that the map marks most
//! first: the faster the score falls, the smaller the area under its curve. Insertion begins with a
//! blurred image and puts the true pixels back in the same order: the larger the area, the better.
//! The area is the trapezoidal mean of the score over the share of pixels.
//!
//! Pixels of equal value are put in random order by a seed: reading order would favour maps that
//! happen to leave the bottom of the image unmarked. So a constant map is judged as a random order.
//!
//! What is not here: the filling in of ROAD. A removed region leaves its outline, and a network may
//! react to that.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::input_image::InputImage;
use super::{FaithfulnessError, Score, fitted, scores};
use crate::imaging::Plane;

/// Steps of a curve: with 224 × 224 pixels each step changes eight rows' worth.
pub(super) const STEPS: usize = 28;

/// A score over the share of pixels that were changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curve {
    /// `[share of pixels, score]`, from 0 to 1.
    pub points: Vec<[f64; 2]>,
    /// Area under the curve: the mean score on the way.
    pub auc: f64,
}

/// The score as the pixels of the image give way to the baseline's. Lower areas are better.
/// `steps + 1` evaluations.
pub(super) fn deletion<E: From<FaithfulnessError>>(
    picture: &InputImage,
    baseline: &InputImage,
    map: &Plane,
    steps: usize,
    seed: u64,
    score: &mut Score<E>,
) -> Result<Curve, E> {
    let order = order(&fitted(map, picture)?, seed);
    picture.matched(baseline)?;
    curve(picture, baseline, &order, steps, score)
}

/// The score as the pixels of the image come back over `start`, a blurred one. Higher areas are
/// better. `steps + 1` evaluations.
pub(super) fn insertion<E: From<FaithfulnessError>>(
    picture: &InputImage,
    start: &InputImage,
    map: &Plane,
    steps: usize,
    seed: u64,
    score: &mut Score<E>,
) -> Result<Curve, E> {
    let order = order(&fitted(map, picture)?, seed);
    picture.matched(start)?;
    curve(start, picture, &order, steps, score)
}

/// Pixels from the highest value to the lowest.
fn order(map: &Plane, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..map.values.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    // Stable, so equal values stay shuffled; −0 and 0 are equal.
    order.sort_by(|i, j| map.values[*j].partial_cmp(&map.values[*i]).unwrap_or(std::cmp::Ordering::Equal));
    order
}

fn curve<E: From<FaithfulnessError>>(
    from: &InputImage,
    to: &InputImage,
    order: &[usize],
    steps: usize,
    score: &mut Score<E>,
) -> Result<Curve, E> {
    let steps = steps.max(1);
    let share = |k: usize| k as f64 / steps as f64;
    let changed = |k: usize| from.replaced(&order[..(share(k) * order.len() as f64).round() as usize], to);
    let scores = scores((0..=steps).map(changed), score)?;
    let points: Vec<[f64; 2]> = scores.iter().enumerate().map(|(k, s)| [share(k), *s]).collect();
    let auc = points.windows(2).map(|p| (p[1][0] - p[0][0]) * (p[0][1] + p[1][1]) / 2.0).sum();
    Ok(Curve { points, auc })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::faithfulness::testing::{Stop, black, left_quarter, picture, right_map, wrong_map};

    fn deleted(map: &Plane) -> Curve {
        deletion(&picture(), &black(), map, 4, 1, &mut left_quarter).unwrap()
    }

    #[test]
    fn the_map_that_marks_what_counts_deletes_first_and_inserts_first() {
        let right = deleted(&right_map());
        assert_eq!(right.points, [[0.0, 1.0], [0.25, 0.0], [0.5, 0.0], [0.75, 0.0], [1.0, 0.0]]);
        assert!((right.auc - 0.125).abs() < 1e-12);
        assert!((deleted(&wrong_map()).auc - 0.875).abs() < 1e-12);
        let inserted = |map: &Plane| insertion(&picture(), &black(), map, 4, 1, &mut left_quarter).unwrap().auc;
        assert!((inserted(&right_map()) - 0.875).abs() < 1e-12);
        assert!((inserted(&wrong_map()) - 0.125).abs() < 1e-12);
    }

    #[test]
    fn a_map_that_marks_nothing_is_a_random_order() {
        let flat = deleted(&Plane::filled(16, 12, 0.0));
        assert!((flat.auc - 0.5).abs() < 0.1, "{}", flat.auc);
        assert_eq!(flat, deleted(&Plane::filled(1, 1, 3.0)));
        let other = deletion(&picture(), &black(), &Plane::filled(1, 1, 3.0), 4, 2, &mut left_quarter).unwrap();
        assert_ne!(other, flat);
    }

    #[test]
    fn a_coarse_map_is_laid_on_the_picture() {
        let coarse = Plane { width: 4, height: 1, values: vec![1.0, 0.0, 0.0, 0.0] };
        assert!(deleted(&coarse).auc < 0.2);
    }

    #[test]
    fn the_ends_are_the_picture_and_the_baseline_in_every_channel() {
        let picture = InputImage { channels: 2, width: 2, height: 1, values: vec![1.0, 2.0, 3.0, 4.0] };
        let baseline = picture.filled(-1.0);
        let mut seen = Vec::new();
        let mut score = |pictures: &[InputImage]| {
            seen.extend(pictures.iter().map(|p| p.values.clone()));
            Ok::<_, Stop>(vec![0.5; pictures.len()])
        };
        let map = Plane { width: 2, height: 1, values: vec![0.0, 1.0] };
        deletion(&picture, &baseline, &map, 2, 0, &mut score).unwrap();
        assert_eq!(seen, [vec![1.0, 2.0, 3.0, 4.0], vec![1.0, -1.0, 3.0, -1.0], vec![-1.0; 4]]);
    }

    #[test]
    fn an_error_of_the_network_comes_back_at_once() {
        for fails_at in 0..3 {
            let mut calls = 0;
            let mut score = |pictures: &[InputImage]| {
                calls += 1;
                if calls > fails_at { Err(Stop::Cancelled) } else { left_quarter(pictures) }
            };
            let stopped = deletion(&picture(), &black(), &right_map(), 40, 0, &mut score);
            assert_eq!(stopped, Err(Stop::Cancelled));
            assert_eq!(calls, fails_at + 1);
        }
    }

    #[test]
    fn what_is_not_finite_is_an_error_and_never_a_figure() {
        let refused = |map: &Plane, score: &mut Score<Stop>| deletion(&picture(), &black(), map, 4, 0, score);
        let mut nan = |pictures: &[InputImage]| Ok(vec![f64::NAN; pictures.len()]);
        assert_eq!(refused(&right_map(), &mut nan), Err(FaithfulnessError::ScoreNotFinite.into()));
        let mut few = |_: &[InputImage]| Ok(Vec::new());
        assert!(matches!(refused(&right_map(), &mut few), Err(Stop::Faithfulness(FaithfulnessError::Scores { .. }))));
        let nan = Plane::filled(16, 12, f32::NAN);
        assert_eq!(refused(&nan, &mut left_quarter), Err(FaithfulnessError::MapNotFinite.into()));
        assert_eq!(refused(&Plane::default(), &mut left_quarter), Err(FaithfulnessError::EmptyMap.into()));
    }
}
