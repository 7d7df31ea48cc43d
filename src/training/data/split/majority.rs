//! Shares of the patients of exclusive classes: each patient counts for the class of most of their
//! images.

use std::collections::BTreeMap;

use rand::seq::SliceRandom as _;

use super::{Shares, Split};
use crate::training::data::sample::Sample;
use crate::training::data::truth;
use crate::training::random::{Purpose, stream};

/// The patients of each class, by the class of most of their images in `pool`.
pub(super) fn by_majority<'a>(samples: &'a [Sample], pool: &[usize], labels: usize) -> Vec<Vec<&'a str>> {
    let mut classes: Vec<Vec<&str>> = vec![Vec::new(); labels];
    for (patient, images) in of_patients(samples, pool) {
        let mut counts = vec![0_usize; labels];
        for i in images {
            for k in truth::present(&samples[i].truth) {
                counts[k] += 1;
            }
        }
        let majority = (0..labels).rev().max_by_key(|&k| counts[k]).unwrap_or(0);
        classes[majority].push(patient);
    }
    classes
}

/// Cuts the patients of each class into consecutive shares; their order is by the seed.
pub(super) fn majority(samples: &[Sample], pool: &[usize], labels: usize, shares: Shares, seed: u64) -> Split {
    let patients = of_patients(samples, pool);
    let mut split = Split::default();
    for (class, mut members) in by_majority(samples, pool, labels).into_iter().enumerate() {
        members.shuffle(&mut stream(seed, Purpose::Split, 0, class));
        let n = members.len() as f64;
        let test = members.len() - (shares.test * n).round() as usize;
        let from = ((shares.fold as f64 * shares.validation * n).round() as usize).min(test);
        let to = (((shares.fold + 1) as f64 * shares.validation * n).round() as usize).min(test);
        for (place, patient) in members.into_iter().enumerate() {
            let side = match place {
                p if p >= test => &mut split.test,
                p if (from..to).contains(&p) => &mut split.validation,
                _ => &mut split.training,
            };
            side.extend(&patients[patient]);
        }
    }
    split
}

/// The images of each patient among `pool`.
fn of_patients<'a>(samples: &'a [Sample], pool: &[usize]) -> BTreeMap<&'a str, Vec<usize>> {
    let mut patients: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &i in pool {
        patients.entry(&samples[i].patient).or_default().push(i);
    }
    patients
}
