//! A validation part that differs from training in how its images were processed: a stand-in for
//! another hospital where only one is at hand.
//!
//! A model is chosen on validation patients of the same machines and habits, and then meets others.
//! Images are described by what processing leaves in them (quantiles of the grey values, noise,
//! sharpness, dark borders), standardised, and parted by k-means (Lloyd 1982, seeded as k-means++,
//! Arthur and Vassilvitskii 2007). One cluster validates, whole patients at a time, and the others
//! train. How far a metric falls from a validation part by chance tells how far the model leans on
//! processing.
//!
//! What it does not do: tell what other patients or another disease would change. Where classes were
//! processed differently, clusters hold different shares of them, which the run says.

use std::collections::BTreeMap;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{Shares, Split};
use crate::imaging::Plane;
use crate::training::data::sample::Sample;
use crate::training::random::{Purpose, stream};

/// Numbers that describe an image.
const TRAITS: usize = 8;
/// Passes of k-means; it stands still long before.
const PASSES: usize = 100;
/// Grey value, from 0 to 1, up to which a border counts as dark.
const DARK: f32 = 0.06;

type Traits = [f64; TRAITS];

/// Holds out the cluster `shares.fold` of as many as the validation share goes into the whole; and
/// a sentence on what it is.
pub(super) fn hold_out(samples: &[Sample], pool: &[usize], shares: Shares, seed: u64) -> (Split, String) {
    let mut patients: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, &i) in pool.iter().enumerate() {
        patients.entry(&samples[i].patient).or_default().push(place);
    }
    let count = (1.0 / shares.validation).round().max(2.0) as usize;
    let clusters = clusters(pool.par_iter().map(|&i| traits(&samples[i].pixels.plane())).collect(), count, seed);
    let mut split = Split::default();
    for images in patients.values() {
        // A patient's images stay together, in the cluster of most of them.
        let votes = |k: usize| images.iter().filter(|place| clusters[**place] == k).count();
        let own = (0..count).rev().max_by_key(|k| votes(*k)).unwrap_or(0);
        let side = if own == shares.fold % count { &mut split.validation } else { &mut split.training };
        side.extend(images.iter().map(|place| pool[*place]));
    }
    let sentence = format!(
        "validation is cluster {} of {count} by tone, noise, sharpness and borders: {} of {} images, processed unlike those \
         that train",
        shares.fold % count,
        split.validation.len(),
        pool.len()
    );
    (split, sentence)
}

/// What processing leaves in an image of values from 0 to 1.
fn traits(plane: &Plane) -> Traits {
    let (w, h) = (plane.width, plane.height);
    let mut sorted = plane.values.clone();
    sorted.sort_by(f32::total_cmp);
    let quantile = |share: f64| f64::from(sorted[((sorted.len() - 1) as f64 * share) as usize]);
    let mut grain: Vec<f32> = Vec::with_capacity(plane.values.len());
    let mut slope = 0.0;
    for y in 1..h.saturating_sub(1) {
        for x in 1..w.saturating_sub(1) {
            let (left, right, above, below) =
                (plane.at(x - 1, y), plane.at(x + 1, y), plane.at(x, y - 1), plane.at(x, y + 1));
            grain.push((plane.at(x, y) - 0.25 * (left + right + above + below)).abs());
            slope += f64::from((right - left).hypot(below - above));
        }
    }
    grain.sort_by(f32::total_cmp);
    let noise = grain.get(grain.len() / 2).map_or(0.0, |g| f64::from(*g));
    let dark_row = |y: usize| plane.values[y * w..(y + 1) * w].iter().all(|v| *v < DARK);
    let dark_column = |x: usize| (0..h).all(|y| plane.at(x, y) < DARK);
    let borders = (0..h).filter(|y| dark_row(*y)).count() + (0..w).filter(|x| dark_column(*x)).count();
    [
        quantile(0.05),
        quantile(0.25),
        quantile(0.5),
        quantile(0.75),
        quantile(0.95),
        (noise + 1e-4).ln(),
        (slope / grain.len().max(1) as f64 + 1e-4).ln(),
        borders as f64 / (w + h) as f64,
    ]
}

/// The cluster of each row, `count` at the most; they are numbered from dark to bright.
fn clusters(mut rows: Vec<Traits>, count: usize, seed: u64) -> Vec<usize> {
    standardise(&mut rows);
    let mut rng = stream(seed, Purpose::Split, 0, usize::MAX >> 24);
    let mut centres = seeds(&rows, count, &mut rng);
    let mut own = vec![usize::MAX; rows.len()];
    for _ in 0..PASSES {
        let next: Vec<usize> = rows.iter().map(|row| nearest(row, &centres).0).collect();
        if next == own {
            break;
        }
        own = next;
        for (k, centre) in centres.iter_mut().enumerate() {
            let members: Vec<&Traits> = rows.iter().zip(&own).filter(|(_, o)| **o == k).map(|(row, _)| row).collect();
            if !members.is_empty() {
                *centre = std::array::from_fn(|t| members.iter().map(|m| m[t]).sum::<f64>() / members.len() as f64);
            }
        }
    }
    // Number 2 is the median grey.
    let mut order: Vec<usize> = (0..centres.len()).collect();
    order.sort_by(|a, b| centres[*a][2].total_cmp(&centres[*b][2]));
    let mut place = vec![0; centres.len()];
    order.iter().enumerate().for_each(|(to, from)| place[*from] = to);
    own.into_iter().map(|k| place[k]).collect()
}

/// Every trait gets mean 0 and standard deviation 1.
fn standardise(rows: &mut [Traits]) {
    let n = rows.len().max(1) as f64;
    for t in 0..TRAITS {
        let mean = rows.iter().map(|r| r[t]).sum::<f64>() / n;
        let sd = (rows.iter().map(|r| (r[t] - mean).powi(2)).sum::<f64>() / n).sqrt().max(1e-9);
        rows.iter_mut().for_each(|r| r[t] = (r[t] - mean) / sd);
    }
}

/// First centres: each further one is drawn with a probability that grows with the square of the
/// distance to those that there are.
fn seeds(rows: &[Traits], count: usize, rng: &mut ChaCha8Rng) -> Vec<Traits> {
    let mut centres = Vec::new();
    if rows.is_empty() {
        return centres;
    }
    centres.push(rows[rng.random_range(0..rows.len())]);
    while centres.len() < count.min(rows.len()) {
        let distances: Vec<f64> = rows.iter().map(|row| nearest(row, &centres).1).collect();
        let mut left = rng.random::<f64>() * distances.iter().sum::<f64>();
        let drawn = distances.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        centres.push(rows[drawn.unwrap_or(rows.len() - 1)]);
    }
    centres
}

/// The nearest centre and the squared distance to it.
fn nearest(row: &Traits, centres: &[Traits]) -> (usize, f64) {
    let distance = |c: &Traits| row.iter().zip(c).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let all = centres.iter().map(distance).enumerate();
    all.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::pixels::Pixels;
    use crate::training::data::truth;

    /// Images of three machines: dark, bright, and bright with a wide dark border.
    fn samples() -> Vec<Sample> {
        let side = 24;
        let grey = |machine: usize, i: usize, n: usize| {
            let x = i % side;
            let border = machine == 2 && (x < 5 || x >= side - 5);
            let grain = (i * 31 + n * 17) % 9;
            if border { 0 } else { (40 + 90 * usize::from(machine > 0) + grain) as u8 }
        };
        let of = |n: usize| {
            let machine = n % 3;
            let greys: Vec<u8> = (0..side * side).map(|i| grey(machine, i, n)).collect();
            Sample {
                name: format!("{n}.png"),
                truth: truth::one_hot(n / 3 % 2, 2),
                patient: format!("patient {}", n / 6 * 3 + machine),
                pixels: Pixels::of_greys(side, &greys),
                ..Sample::default()
            }
        };
        (0..90).map(of).collect()
    }

    #[test]
    fn a_fold_is_one_machine_and_all_of_its_patients() {
        let (samples, pool) = (samples(), (0..90).collect::<Vec<_>>());
        let mut machines = Vec::new();
        for fold in 0..3 {
            let shares = Shares { validation: 1.0 / 3.0, test: 0.0, fold };
            let (split, sentence) = hold_out(&samples, &pool, shares, 5);
            assert_eq!((split.validation.len(), split.training.len()), (30, 60), "{sentence}");
            let machine = split.validation[0] % 3;
            assert!(split.validation.iter().all(|i| i % 3 == machine));
            assert!(sentence.contains(&format!("cluster {fold} of 3")) && sentence.contains("30 of 90"), "{sentence}");
            machines.push(machine);
        }
        machines.sort_unstable();
        assert_eq!(machines, [0, 1, 2]);
    }

    #[test]
    fn a_patient_of_two_machines_stays_whole() {
        let mut samples = samples();
        samples[0].patient = samples[1].patient.clone();
        let (split, _) =
            hold_out(&samples, &(0..90).collect::<Vec<_>>(), Shares { validation: 0.34, test: 0.0, fold: 0 }, 5);
        let together = |side: &[usize]| side.contains(&0) == side.contains(&1);
        assert!(together(&split.training) && together(&split.validation));
    }

    #[test]
    fn the_seed_decides_and_few_images_are_no_trouble() {
        let samples = samples();
        let shares = Shares { validation: 0.2, test: 0.0, fold: 1 };
        let of = |seed, n: usize| hold_out(&samples, &(0..n).collect::<Vec<_>>(), shares, seed).0;
        assert_eq!(of(3, 90), of(3, 90));
        assert_eq!(of(3, 2).training.len() + of(3, 2).validation.len(), 2);
    }
}
