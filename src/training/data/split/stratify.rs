//! Iterative stratification for findings that may coincide (Sechidis, Tsoumakas, Vlahavas, ECML
//! 2011), by patient.
//!
//! Every part wants its share of the images of every finding. The finding with the fewest patients
//! left is given out first, each of its patients to the part that still wants most images of it;
//! ties go to the part that wants most images at all, then to chance. With one image a patient this
//! is the published algorithm; with several, a patient goes as a whole and counts with all its
//! images. Patients without any finding come last.

use std::collections::BTreeMap;

use rand::Rng;
use rand::seq::SliceRandom;

use super::{Shares, Split};
use crate::training::data::sample::Sample;
use crate::training::data::truth;
use crate::training::random::{Purpose, stream};

/// Splits the samples `pool` by `shares`; with the same seed the folds are disjoint.
pub(super) fn iterative(samples: &[Sample], pool: &[usize], labels: usize, shares: Shares, seed: u64) -> Split {
    let mut patients: BTreeMap<&str, Patient> = BTreeMap::new();
    for &i in pool {
        let patient = patients.entry(&samples[i].patient).or_insert_with(|| Patient::new(labels));
        patient.images.push(i);
        truth::present(&samples[i].truth).for_each(|k| patient.counts[k] += 1);
    }
    // Test first, then as many validation parts as fit, then the rest: validation part `fold`
    // validates.
    let folds = (((1.0 - shares.test) / shares.validation + 1e-9) as usize).max(shares.fold + 1);
    let mut wanted = vec![shares.test];
    wanted.extend(vec![shares.validation; folds]);
    wanted.push((1.0 - wanted.iter().sum::<f64>()).max(0.0));
    let patients: Vec<Patient> = patients.into_values().collect();
    let part = distribute(&patients, labels, &wanted, seed);
    let mut split = Split::default();
    for (patient, part) in patients.iter().zip(part) {
        let side = match part {
            0 => &mut split.test,
            p if p == shares.fold + 1 => &mut split.validation,
            _ => &mut split.training,
        };
        side.extend(&patient.images);
    }
    split
}

/// A patient with the number of images that have each finding.
struct Patient {
    images: Vec<usize>,
    counts: Vec<usize>,
}

impl Patient {
    fn new(labels: usize) -> Self {
        Self { images: Vec::new(), counts: vec![0; labels] }
    }
}

/// The part of each patient, for parts that want `wanted` shares of everything.
fn distribute(patients: &[Patient], labels: usize, wanted: &[f64], seed: u64) -> Vec<usize> {
    let mut rng = stream(seed, Purpose::Split, 1, 0);
    let images: usize = patients.iter().map(|p| p.images.len()).sum();
    let mut of_all: Vec<f64> = wanted.iter().map(|w| w * images as f64).collect();
    let total = |k: usize| patients.iter().map(|p| p.counts[k]).sum::<usize>() as f64;
    let mut of_label: Vec<Vec<f64>> = (0..labels).map(|k| wanted.iter().map(|w| w * total(k)).collect()).collect();
    let mut left: Vec<usize> = (0..patients.len()).collect();
    left.shuffle(&mut rng);
    let mut part = vec![usize::MAX; patients.len()];
    while !left.is_empty() {
        let having = |k: usize| left.iter().filter(|&&p| patients[p].counts[k] > 0).count();
        let rarest = (0..labels).map(|k| (having(k), k)).filter(|(n, _)| *n > 0).min();
        let mut now: Vec<usize> = match rarest {
            Some((_, k)) => left.iter().copied().filter(|&p| patients[p].counts[k] > 0).collect(),
            None => left.clone(),
        };
        // Large patients first: what is left over can then still be evened out.
        now.sort_by_key(|&p| {
            std::cmp::Reverse(rarest.map_or(patients[p].images.len(), |(_, k)| patients[p].counts[k]))
        });
        for &p in &now {
            let desire = |j: usize| (rarest.map_or(0.0, |(_, k)| of_label[k][j]), of_all[j]);
            let higher = |a: (f64, f64), b: (f64, f64)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
            let open = || (0..wanted.len()).filter(|&j| wanted[j] > 1e-9);
            let Some(top) = open().map(desire).max_by(|a, b| higher(*a, *b)) else { break };
            let equals: Vec<usize> = open().filter(|&j| desire(j) == top).collect();
            let chosen = equals[rng.random_range(0..equals.len())];
            part[p] = chosen;
            of_all[chosen] -= patients[p].images.len() as f64;
            for (k, n) in patients[p].counts.iter().enumerate() {
                of_label[k][chosen] -= *n as f64;
            }
        }
        left.retain(|&p| part[p] == usize::MAX);
    }
    part
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// 600 patients with one to four images and four findings of 40, 20, 8 and 3 %, which coincide.
    fn samples() -> Vec<Sample> {
        let mut rng = stream(11, Purpose::Split, 9, 9);
        let mut samples = Vec::new();
        for patient in 0..600 {
            for _ in 0..rng.random_range(1..=4) {
                let truth = [0.4, 0.2, 0.08, 0.03].map(|p| f32::from(u8::from(rng.random::<f64>() < p))).to_vec();
                samples.push(Sample { truth, patient: format!("p{patient}"), ..Sample::default() });
            }
        }
        samples
    }

    fn split(samples: &[Sample], fold: usize) -> Split {
        let pool: Vec<usize> = (0..samples.len()).collect();
        iterative(samples, &pool, 4, Shares { validation: 0.15, test: 0.15, fold }, 3)
    }

    #[test]
    fn every_finding_keeps_its_share_in_every_part() {
        let samples = samples();
        let split = split(&samples, 0);
        for k in 0..4 {
            let count = |side: &[usize]| side.iter().filter(|&&i| samples[i].truth[k] == 1.0).count() as f64;
            let all = count(&split.training) + count(&split.validation) + count(&split.test);
            for (side, share) in [(&split.training, 0.7), (&split.validation, 0.15), (&split.test, 0.15)] {
                // Within three images of what is wanted, however rare the finding is.
                assert!((count(side) - share * all).abs() <= 3.0, "finding {k}: {} of {all}", count(side));
            }
        }
        let n = samples.len() as f64;
        assert!((split.test.len() as f64 - 0.15 * n).abs() < 0.01 * n, "{} of {n}", split.test.len());
    }

    #[test]
    fn no_patient_stands_in_two_parts_and_none_is_lost() {
        let samples = samples();
        let split = split(&samples, 1);
        let of = |side: &[usize]| side.iter().map(|&i| samples[i].patient.clone()).collect::<BTreeSet<_>>();
        let (a, b, c) = (of(&split.training), of(&split.validation), of(&split.test));
        assert!(a.is_disjoint(&b) && a.is_disjoint(&c) && b.is_disjoint(&c));
        assert_eq!(split.training.len() + split.validation.len() + split.test.len(), samples.len());
    }

    #[test]
    fn folds_share_the_test_part_and_nothing_else() {
        let samples = samples();
        let (first, second) = (split(&samples, 0), split(&samples, 1));
        assert_eq!(first.test, second.test);
        assert!(first.validation.iter().all(|i| !second.validation.contains(i)));
        assert_eq!(first, split(&samples, 0));
    }

    #[test]
    fn without_any_finding_the_shares_are_kept_all_the_same() {
        let mut samples = samples();
        samples.iter_mut().for_each(|s| s.truth = vec![0.0; 4]);
        let n = samples.len() as f64;
        assert!((split(&samples, 0).validation.len() as f64 - 0.15 * n).abs() < 4.0);
    }
}
