//! Synthetic minority over-sampling (Chawla et al., JAIR 16, 2002): new members of the smaller
//! classes on the segments between a member and one of its `k` nearest neighbours of the same
//! class.
//!
//! In the feature space of a frozen backbone the points between two images are features that images
//! might have. Between the pixels of two images lies a double exposure, which is none: there it is
//! a kind of mix-up within a class, and what it gains is to be shown by trial. Neither adds a
//! patient, so intervals count the real ones only.

use rand::Rng;
use rayon::prelude::*;

use crate::imaging::Plane;
use crate::imaging::resample::resize;
use crate::training::data::pixels::Pixels;
use crate::training::data::sample::Sample;
use crate::training::random::{Purpose, stream};

/// Side at which images are compared.
const SIDE: usize = 32;

/// A point `share` of the way from member `from` to its neighbour `to`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blend {
    pub from: usize,
    pub to: usize,
    pub share: f32,
    pub class: usize,
}

impl Blend {
    /// The values between those of both members.
    pub fn values(&self, features: &[Vec<f32>]) -> Vec<f32> {
        let (a, b) = (&features[self.from], &features[self.to]);
        a.iter().zip(b).map(|(a, b)| a + self.share * (b - a)).collect()
    }

    /// The image between two images, values from 0 to 1.
    pub fn plane(&self, images: &[Pixels]) -> Plane {
        let (a, b) = (images[self.from].plane(), images[self.to].plane());
        let between = |(a, b): (&f32, &f32)| a + self.share * (b - a);
        Plane { values: a.values.iter().zip(&b.values).map(between).collect(), ..a }
    }
}

/// Points that bring every class of `classes` (one for each row of `features`) to the size of the
/// largest.
///
/// Neighbours are by Euclidean distance. A class of one member is repeated; one of fewer than `k +
/// 1` has fewer neighbours.
pub(crate) fn smote(features: &[Vec<f32>], classes: &[usize], k: usize, seed: u64) -> Vec<Blend> {
    let labels = classes.iter().max().map_or(0, |c| c + 1);
    let members: Vec<Vec<usize>> =
        (0..labels).map(|c| (0..classes.len()).filter(|&i| classes[i] == c).collect()).collect();
    let largest = members.iter().map(Vec::len).max().unwrap_or(0);
    let mut blends = Vec::new();
    for (class, members) in members.iter().enumerate().filter(|(_, m)| !m.is_empty() && m.len() < largest) {
        let neighbours = nearest(features, members, k.max(1));
        let mut rng = stream(seed, Purpose::Smote, 0, class);
        for _ in members.len()..largest {
            let place = rng.random_range(0..members.len());
            let share = rng.random::<f32>();
            let near = &neighbours[place];
            let to = if near.is_empty() { members[place] } else { near[rng.random_range(0..near.len())] };
            blends.push(Blend { from: members[place], to, share, class });
        }
    }
    blends
}

/// Synthetic images for the images `indices` of `dataset`: neighbours by their pixels, at a size at
/// which the placing of the body counts and noise does not.
pub(crate) fn on_pixels(samples: &[Sample], indices: &[usize], k: usize, seed: u64) -> Vec<Blend> {
    let exclusive: Vec<(usize, usize)> = indices.iter().filter_map(|&i| Some((i, samples[i].class()?))).collect();
    let small = |&(i, _): &(usize, usize)| resize(&samples[i].pixels.plane(), SIDE, SIDE).values;
    let features: Vec<Vec<f32>> = exclusive.par_iter().map(small).collect();
    let classes: Vec<usize> = exclusive.iter().map(|(_, class)| *class).collect();
    let blends = smote(&features, &classes, k, seed).into_iter();
    blends.map(|b| Blend { from: exclusive[b.from].0, to: exclusive[b.to].0, ..b }).collect()
}

/// The `k` nearest other members of each member, nearest first; the earlier of equals.
fn nearest(features: &[Vec<f32>], members: &[usize], k: usize) -> Vec<Vec<usize>> {
    let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(x - y).powi(2)).sum::<f64>();
    let of = |&i: &usize| {
        let mut others: Vec<(f64, usize)> =
            members.iter().filter(|&&j| j != i).map(|&j| (distance(&features[i], &features[j]), j)).collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        others.into_iter().take(k).map(|(_, j)| j).collect()
    };
    members.par_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::optim::loss::golden::numbers;

    fn golden() -> serde_json::Value {
        serde_json::from_str(include_str!("../../../tests/golden/data.json")).unwrap()
    }

    fn rows(value: &serde_json::Value) -> Vec<Vec<f32>> {
        value.as_array().unwrap().iter().map(numbers).collect()
    }

    fn whole(value: &serde_json::Value) -> Vec<usize> {
        value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect()
    }

    #[test]
    fn classes_come_out_of_equal_size_as_those_of_imbalanced_learn() {
        let golden = &golden()["smote"];
        let (features, classes) = (rows(&golden["features"]), whole(&golden["classes"]));
        let blends = smote(&features, &classes, 5, 1);
        let mut counts = [0; 3];
        classes.iter().chain(blends.iter().map(|b| &b.class)).for_each(|&c| counts[c] += 1);
        assert_eq!(counts.to_vec(), whole(&golden["counts"]));
    }

    #[test]
    fn neighbours_are_those_of_imbalanced_learn() {
        let golden = &golden()["smote"];
        let (features, classes) = (rows(&golden["features"]), whole(&golden["classes"]));
        let members: Vec<usize> = (0..classes.len()).filter(|&i| classes[i] == 2).collect();
        let found = nearest(&features, &members, 5);
        let theirs: Vec<Vec<usize>> = golden["neighbours"].as_array().unwrap().iter().map(whole).collect();
        assert_eq!(found, theirs);
    }

    #[test]
    fn every_synthetic_point_lies_between_a_member_and_one_of_its_neighbours() {
        let golden = &golden()["smote"];
        let (features, classes) = (rows(&golden["features"]), whole(&golden["classes"]));
        let members: Vec<usize> = (0..classes.len()).filter(|&i| classes[i] == 2).collect();
        let near = nearest(&features, &members, 5);
        for blend in smote(&features, &classes, 5, 1).iter().filter(|b| b.class == 2) {
            let place = members.iter().position(|&m| m == blend.from).unwrap();
            assert!(near[place].contains(&blend.to) && (0.0..1.0).contains(&blend.share));
            let values = blend.values(&features);
            for ((v, a), b) in values.iter().zip(&features[blend.from]).zip(&features[blend.to]) {
                assert!(*v >= a.min(*b) - 1e-6 && *v <= a.max(*b) + 1e-6);
            }
        }
    }

    #[test]
    fn synthetic_pictures_lie_between_two_of_their_class() {
        let sample = |grey: u8, class: usize| Sample {
            truth: crate::training::data::truth::one_hot(class, 2),
            pixels: Pixels::of_greys(2, &[grey; 4]),
            ..Sample::default()
        };
        let samples = [sample(10, 0), sample(90, 1), sample(11, 0), sample(50, 1), sample(12, 0)];
        let images: Vec<Pixels> = samples.iter().map(|s| s.pixels.clone()).collect();
        let blends = on_pixels(&samples, &[0, 1, 2, 3, 4], 5, 1);
        assert_eq!(blends.len(), 1);
        assert_eq!((blends[0].class, blends[0].from + blends[0].to), (1, 4));
        assert!(blends[0].plane(&images).values.iter().all(|v| (50.0..=90.0).contains(&(v * 255.0))));
    }

    #[test]
    fn a_class_of_one_is_repeated_and_an_even_set_stays() {
        let features = vec![vec![0.0], vec![1.0], vec![5.0]];
        let blends = smote(&features, &[0, 0, 1], 5, 1);
        assert_eq!(blends.len(), 1);
        assert_eq!(blends[0].values(&features), [5.0]);
        assert!(smote(&features[..2], &[0, 1], 5, 1).is_empty());
    }
}
