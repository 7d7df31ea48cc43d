//! Training, validation, calibration and test, apart by patient.
//!
//! Images of one patient are alike in ways that no other patient shares; a split by file lets a network
//! recognise patients and flatters every figure. What decides, in this order: a split file, the parts that the data
//! themselves give (a column, an archive), shares. Shares of exclusive classes: patients are grouped by their
//! majority class, shuffled by the seed, and cut into consecutive shares of as nearly equal numbers of patients as can
//! be: share `fold` validates, the last one is for tests. Shares of findings that may coincide: see [`super::stratify`]. Who
//! calibrates is taken out of training at the end: see [`super::calibration_part`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rand::seq::SliceRandom;

use super::config::Config;
use super::data::Part;
use super::dataset::Sample;
use super::random::{Purpose, stream};
use super::trainer::Options;
use super::{Error, Result, calibration_part, split_file, stratify, truth};
use crate::network::manifest::Head;

/// Numbers of samples, each list in rising order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    pub training: Vec<usize>,
    pub validation: Vec<usize>,
    /// Empty where none is set apart: the validation part calibrates then.
    pub calibration: Vec<usize>,
    pub test: Vec<usize>,
    /// Why nobody calibrates apart, where that was wanted.
    pub no_calibration: Option<String>,
    /// What should be known of this split, in sentences.
    pub remarks: Vec<String>,
}

/// Shares of the patients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    pub validation: f64,
    pub test: f64,
    /// Which of the shares validates.
    pub fold: usize,
}

impl Split {
    /// The samples of a part.
    pub fn part(&self, part: Part) -> &[usize] {
        match part {
            Part::Training => &self.training,
            Part::Validation => &self.validation,
            Part::Calibration => &self.calibration,
            Part::Test => &self.test,
        }
    }

    /// The part of a sample.
    pub fn of(&self, sample: usize) -> Option<Part> {
        Part::ALL.into_iter().find(|p| self.part(*p).binary_search(&sample).is_ok())
    }

    pub(super) fn push(&mut self, part: Part, sample: usize) {
        match part {
            Part::Training => self.training.push(sample),
            Part::Validation => self.validation.push(sample),
            Part::Calibration => self.calibration.push(sample),
            Part::Test => self.test.push(sample),
        }
    }

    pub(super) fn sort(&mut self) {
        self.training.sort_unstable();
        self.validation.sort_unstable();
        self.calibration.sort_unstable();
        self.test.sort_unstable();
    }
}

/// The split of a run: one that goes on keeps the split that it began with, however patients would be recognised today.
pub fn of_run(config: &Config, samples: &[Sample], options: &Options) -> Result<Split> {
    let kept = std::path::absolute(options.out.join(split_file::FILE)).ok().filter(|path| path.is_file());
    match kept.filter(|_| options.resume) {
        Some(path) => {
            let mut own = config.clone();
            own.data.split = Some(path);
            of_config(&own, samples, &options.data)
        }
        None => of_config(config, samples, &options.data),
    }
}

/// The split of a configuration, whose files lie below `root`.
pub fn of_config(config: &Config, samples: &[Sample], root: &Path) -> Result<Split> {
    let labels = config.labels.len();
    let data = &config.data;
    let mut given: Vec<Option<Part>> = samples.iter().map(|s| s.part).collect();
    let mut remarks = Vec::new();
    if let Some(file) = &data.split {
        given = split_file::read(&root.join(file), samples, &mut remarks)?;
    }
    let shares = Shares { validation: data.validation, test: data.test, fold: data.fold };
    let mut split = if given.contains(&Some(Part::Validation)) || data.split.is_some() {
        let mut split = Split::default();
        for (i, part) in given.iter().enumerate() {
            match part {
                Some(part) => split.push(*part, i),
                // A sample that a split file does not know takes no part; where only some rows say, the rest learn.
                None if data.split.is_none() => split.push(Part::Training, i),
                None => {}
            }
        }
        split
    } else {
        // A test and a calibration part that the data give stay; the rest is shared out.
        let stays = |i: usize| matches!(given[i], Some(Part::Test | Part::Calibration));
        let pool: Vec<usize> = (0..samples.len()).filter(|&i| !stays(i)).collect();
        let own = given.contains(&Some(Part::Test));
        let shares = Shares { test: if own { 0.0 } else { shares.test }, ..shares };
        let mut split = if config.head == Head::Softmax {
            majority(samples, &pool, labels, shares, config.seed)
        } else {
            stratify::iterative(samples, &pool, labels, shares, config.seed)
        };
        if own {
            split.test = (0..samples.len()).filter(|&i| given[i] == Some(Part::Test)).collect();
        }
        split.calibration = (0..samples.len()).filter(|&i| given[i] == Some(Part::Calibration)).collect();
        split
    };
    split.remarks = remarks;
    split.sort();
    if data.split.is_none() && split.calibration.is_empty() {
        calibration_part::set_apart(&mut split, samples, config);
    }
    complete(&mut split, samples, config)?;
    Ok(split)
}

/// Splits `samples` so that no patient stands on both sides and the classes keep their shares.
pub fn by_patient(samples: &[Sample], labels: usize, share: f64, fold: usize, seed: u64) -> Result<Split> {
    let pool: Vec<usize> = (0..samples.len()).collect();
    let mut split = majority(samples, &pool, labels, Shares { validation: share, test: 0.0, fold }, seed);
    split.sort();
    match lacking(&split, samples, labels).first() {
        Some((k, part)) => Err(Error::Split(words_of_lack(&format!("number {}", k + 1), *part))),
        None => Ok(split),
    }
}

/// The images of each patient among `pool`.
fn of_patients<'a>(samples: &'a [Sample], pool: &[usize]) -> BTreeMap<&'a str, Vec<usize>> {
    let mut patients: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &i in pool {
        patients.entry(&samples[i].patient).or_default().push(i);
    }
    patients
}

/// The patients of each class, by the class of most of their images in `pool`.
pub fn by_majority<'a>(samples: &'a [Sample], pool: &[usize], labels: usize) -> Vec<Vec<&'a str>> {
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

fn majority(samples: &[Sample], pool: &[usize], labels: usize, shares: Shares, seed: u64) -> Split {
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

/// Labels without an image in training or validation.
fn lacking(split: &Split, samples: &[Sample], labels: usize) -> Vec<(usize, Part)> {
    let has = |part: Part, k: usize| split.part(part).iter().any(|&i| samples[i].truth[k] > 0.5);
    let sides = [Part::Training, Part::Validation].into_iter();
    sides.flat_map(|p| (0..labels).map(move |k| (k, p))).filter(|(k, p)| !has(*p, *k)).collect()
}

fn words_of_lack(label: &str, part: Part) -> String {
    format!(
        "label {label} has no image in the {} part; it needs more patients or another validation share",
        part.name()
    )
}

/// Refuses a split that cannot train, and remarks on what makes its figures weak.
fn complete(split: &mut Split, samples: &[Sample], config: &Config) -> Result<()> {
    for part in [Part::Training, Part::Validation] {
        if split.part(part).is_empty() {
            return Err(Error::Split(format!("the {} part has no image", part.name())));
        }
    }
    for (k, part) in lacking(split, samples, config.labels.len()) {
        let words = words_of_lack(&format!("\"{}\"", config.labels[k].name), part);
        // Independent findings can be learnt without one of them; exclusive classes cannot.
        if config.head == Head::Softmax {
            return Err(Error::Split(words));
        }
        split.remarks.push(words);
    }
    let shared = shared_patients(split, samples);
    if let Some(first) = shared.first() {
        split.remarks.push(format!(
            "{} patients stand in more than one part, \"{first}\" among them: the figures will flatter",
            shared.len()
        ));
    }
    Ok(())
}

/// Patients with images in more than one part, in rising order.
pub fn shared_patients(split: &Split, samples: &[Sample]) -> Vec<String> {
    let mut parts: BTreeMap<&str, BTreeSet<Part>> = BTreeMap::new();
    for part in Part::ALL {
        for &i in split.part(part) {
            parts.entry(&samples[i].patient).or_default().insert(part);
        }
    }
    parts.into_iter().filter(|(_, p)| p.len() > 1).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::pixels::Pixels;
    use super::*;

    fn samples() -> Vec<Sample> {
        let picture = Pixels::of_greys(1, &[0]);
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
