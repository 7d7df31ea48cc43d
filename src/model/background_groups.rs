//! Groups of alike images, and their means: a large background set summed up in a few images.
//!
//! K-means (Lloyd 1982) from seeded k-means++ centres (Arthur and Vassilvitskii 2007), on the
//! images' own values. A group's mean shows no single image any more, so it can be handed on where
//! images must not be.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::imaging::Plane;

/// Most rounds; a group that no image leaves ends it earlier.
const ROUNDS: usize = 30;

/// The means of at most `groups` groups of `planes`, which are all of one size, each with the
/// number of its images; the largest group first.
#[must_use]
pub fn means(planes: &[Plane], groups: usize, seed: u64) -> Vec<(Plane, f64)> {
    let Some(first) = planes.first() else { return Vec::new() };
    let (width, height) = (first.width, first.height);
    let mut centers = spread_out(planes, groups.clamp(1, planes.len()), seed);
    let mut member = vec![usize::MAX; planes.len()];
    for _ in 0..ROUNDS {
        let now: Vec<usize> = planes.par_iter().map(|p| nearest(&p.values, &centers).0).collect();
        if now == member {
            break;
        }
        member = now;
        centers = centers
            .par_iter()
            .enumerate()
            .map(|(k, old)| mean(planes, &member, k).map_or_else(|| old.clone(), |(mean, _)| mean))
            .collect();
    }
    let mut found: Vec<(Plane, f64)> = (0..centers.len())
        .filter_map(|k| mean(planes, &member, k))
        .map(|(values, count)| (Plane { width, height, values }, count as f64))
        .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found
}

/// Centres far from each other: each image is drawn by its squared distance to the centres so far.
fn spread_out(planes: &[Plane], groups: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut centers = vec![planes[random.random_range(0..planes.len())].values.clone()];
    while centers.len() < groups {
        let distances: Vec<f64> = planes.par_iter().map(|p| nearest(&p.values, &centers).1).collect();
        let total: f64 = distances.iter().sum();
        if total <= 0.0 {
            break;
        }
        let mut left = random.random::<f64>() * total;
        let next = distances.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        centers.push(planes[next.unwrap_or(planes.len() - 1)].values.clone());
    }
    centers
}

/// The nearest centre and the squared distance to it.
fn nearest(values: &[f32], centers: &[Vec<f32>]) -> (usize, f64) {
    let distance =
        |center: &Vec<f32>| -> f64 { values.iter().zip(center).map(|(a, b)| f64::from((a - b) * (a - b))).sum() };
    let mut best = (0, f64::INFINITY);
    for (k, center) in centers.iter().enumerate() {
        let d = distance(center);
        if d < best.1 {
            best = (k, d);
        }
    }
    best
}

/// The mean of a group and how many it has; `None` for an empty one.
fn mean(planes: &[Plane], member: &[usize], group: usize) -> Option<(Vec<f32>, usize)> {
    let mut sum = vec![0f64; planes.first()?.values.len()];
    let mut count = 0;
    for (plane, _) in planes.iter().zip(member).filter(|(_, m)| **m == group) {
        sum.iter_mut().zip(&plane.values).for_each(|(s, v)| *s += f64::from(*v));
        count += 1;
    }
    (count > 0).then(|| (sum.into_iter().map(|s| (s / count as f64) as f32).collect(), count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_that_lie_apart_become_their_means() {
        let plane = |v: f32| Plane { width: 2, height: 1, values: vec![v, -v] };
        let planes: Vec<Plane> = [0.0, 0.2, 0.1, 9.0, 9.2].map(plane).to_vec();
        let found = means(&planes, 2, 7);
        assert_eq!(found.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [3.0, 2.0]);
        assert!((found[0].0.values[0] - 0.1).abs() < 1e-6 && (found[1].0.values[1] + 9.1).abs() < 1e-5);
    }

    #[test]
    fn there_are_no_more_groups_than_different_pictures() {
        let same = vec![Plane::filled(2, 2, 1.0); 4];
        assert_eq!(means(&same, 3, 7), [(Plane::filled(2, 2, 1.0), 4.0)]);
        assert!(means(&[], 3, 7).is_empty());
    }
}
