//! Training and validation, apart by patient.
//!
//! Images of one patient are alike in ways that no other patient shares; a split by file lets a network
//! recognise patients and flatters every figure. Patients are grouped by their majority class, shuffled by the
//! seed, and cut into consecutive shares of as nearly equal numbers of patients as can be: share `fold` validates.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;

use super::dataset::Sample;
use super::random::{Purpose, stream};
use super::{Error, Result, truth};

/// Numbers of samples, each list in rising order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    pub training: Vec<usize>,
    pub validation: Vec<usize>,
}

/// Splits `samples` so that no patient stands on both sides and the classes keep their shares.
pub fn by_patient(samples: &[Sample], labels: usize, share: f64, fold: usize, seed: u64) -> Result<Split> {
    let mut patients: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, sample) in samples.iter().enumerate() {
        patients.entry(&sample.patient).or_default().push(i);
    }
    let mut classes: Vec<Vec<&str>> = vec![Vec::new(); labels];
    for (patient, images) in &patients {
        let mut counts = vec![0_usize; labels];
        for &i in images {
            for k in truth::present(&samples[i].truth) {
                counts[k] += 1;
            }
        }
        let majority = (0..labels).rev().max_by_key(|&k| counts[k]).unwrap_or(0);
        classes[majority].push(patient);
    }
    let mut split = Split { training: Vec::new(), validation: Vec::new() };
    for (class, mut members) in classes.into_iter().enumerate() {
        members.shuffle(&mut stream(seed, Purpose::Split, 0, class));
        let n = members.len() as f64;
        let from = ((fold as f64 * share * n).round() as usize).min(members.len());
        let to = (((fold + 1) as f64 * share * n).round() as usize).min(members.len());
        for (place, patient) in members.into_iter().enumerate() {
            let side = if (from..to).contains(&place) { &mut split.validation } else { &mut split.training };
            side.extend(&patients[patient]);
        }
    }
    split.training.sort_unstable();
    split.validation.sort_unstable();
    for (side, name) in [(&split.training, "training"), (&split.validation, "validation")] {
        let missing = (0..labels).find(|&k| !side.iter().any(|&i| samples[i].truth[k] > 0.5));
        if let Some(k) = missing {
            return Err(Error::Split(format!(
                "label number {} has no image in the {name} part; it needs more patients or another validation share",
                k + 1
            )));
        }
    }
    Ok(split)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::dataset::Picture;
    use super::*;

    fn samples() -> Vec<Sample> {
        let picture = Picture { size: 1, greys: vec![0] };
        (0..400)
            .map(|i| Sample {
                name: format!("{i}.png"),
                truth: truth::one_hot(usize::from(i % 4 == 0), 2),
                patient: format!("patient {}", i / 4 * 2 + usize::from(i % 4 == 0)),
                picture: picture.clone(),
                ..Sample::default()
            })
            .collect()
    }

    fn patients(samples: &[Sample], side: &[usize]) -> BTreeSet<String> {
        side.iter().map(|&i| samples[i].patient.clone()).collect()
    }

    #[test]
    fn no_patient_stands_on_both_sides() {
        let samples = samples();
        let split = by_patient(&samples, 2, 0.2, 0, 7).unwrap();
        assert!(patients(&samples, &split.training).is_disjoint(&patients(&samples, &split.validation)));
        assert_eq!(split.training.len() + split.validation.len(), samples.len());
    }

    #[test]
    fn classes_keep_their_shares() {
        let samples = samples();
        let split = by_patient(&samples, 2, 0.2, 0, 7).unwrap();
        let positives = split.validation.iter().filter(|&&i| samples[i].truth[1] == 1.0).count();
        assert_eq!((positives, split.validation.len()), (20, 80));
    }

    #[test]
    fn folds_cover_every_patient_once() {
        let samples = samples();
        let mut seen: Vec<usize> =
            (0..5).flat_map(|fold| by_patient(&samples, 2, 0.2, fold, 7).unwrap().validation).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..samples.len()).collect::<Vec<_>>());
    }

    #[test]
    fn the_seed_decides_the_split() {
        let samples = samples();
        assert_eq!(by_patient(&samples, 2, 0.2, 0, 7).unwrap(), by_patient(&samples, 2, 0.2, 0, 7).unwrap());
        assert_ne!(by_patient(&samples, 2, 0.2, 0, 7).unwrap(), by_patient(&samples, 2, 0.2, 0, 8).unwrap());
    }

    #[test]
    fn a_class_without_validation_images_is_an_error_in_words() {
        let mut samples = samples();
        samples.truncate(4);
        let words = by_patient(&samples, 2, 0.1, 0, 7).unwrap_err().to_string();
        assert!(words.contains("needs more patients"), "{words}");
    }
}
