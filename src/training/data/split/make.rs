//! The split of a run: by a file, by the parts that the data give, or by shares of the patients.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::majority::majority;
use super::{Shares, Split, calibration_part, processing, split_file, stratify};
use crate::model::manifest::Head;
use crate::training::config::{Config, ValidationBy};
use crate::training::data::part::SplitPart;
use crate::training::data::sample::Sample;
use crate::training::{Error, Result};

/// The split of a run whose files lie below `root` and whose folder is `out`: one that goes on
/// (`resume`) keeps the split that it began with, however patients would be recognised today.
pub fn of_run(config: &Config, samples: &[Sample], root: &Path, out: &Path, resume: bool) -> Result<Split> {
    let kept = std::path::absolute(out.join(split_file::FILE)).ok().filter(|path| path.is_file());
    match kept.filter(|_| resume) {
        Some(path) => {
            let mut own = config.clone();
            own.data.split = Some(path);
            of_config(&own, samples, root)
        }
        None => of_config(config, samples, root),
    }
}

/// The split of a configuration, whose files lie below `root`.
pub fn of_config(config: &Config, samples: &[Sample], root: &Path) -> Result<Split> {
    let labels = config.labels.len();
    let data = &config.data;
    let mut given: Vec<Option<SplitPart>> = samples.iter().map(|s| s.part).collect();
    let mut remarks = Vec::new();
    if let Some(file) = &data.split {
        given = split_file::read(&root.join(file), samples, &mut remarks)?;
    }
    let shares = Shares { validation: data.validation, test: data.test, fold: data.fold };
    let mut split = if given.contains(&Some(SplitPart::Validation)) || data.split.is_some() {
        let mut split = Split::default();
        for (i, part) in given.iter().enumerate() {
            match part {
                Some(part) => split.push(*part, i),
                // A sample that a split file does not know takes no part; where only some rows say,
                // the rest learn.
                None if data.split.is_none() => split.push(SplitPart::Training, i),
                None => {}
            }
        }
        split
    } else {
        // A test and a calibration part that the data give stay; the rest is shared out.
        let stays = |i: usize| matches!(given[i], Some(SplitPart::Test | SplitPart::Calibration));
        let pool: Vec<usize> = (0..samples.len()).filter(|&i| !stays(i)).collect();
        let own = given.contains(&Some(SplitPart::Test));
        let shares = Shares { test: if own { 0.0 } else { shares.test }, ..shares };
        let mut split = if data.validation_by == ValidationBy::Processing {
            let (split, sentence) = processing::hold_out(samples, &pool, shares, config.seed);
            remarks.push(sentence);
            split
        } else if config.head == Head::Softmax {
            majority(samples, &pool, labels, shares, config.seed)
        } else {
            stratify::iterative(samples, &pool, labels, shares, config.seed)
        };
        if own {
            split.test = (0..samples.len()).filter(|&i| given[i] == Some(SplitPart::Test)).collect();
        }
        split.calibration = (0..samples.len()).filter(|&i| given[i] == Some(SplitPart::Calibration)).collect();
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

/// Labels without an image in training or validation.
fn lacking(split: &Split, samples: &[Sample], labels: usize) -> Vec<(usize, SplitPart)> {
    let has = |part: SplitPart, k: usize| split.part(part).iter().any(|&i| samples[i].truth[k] > 0.5);
    let sides = [SplitPart::Training, SplitPart::Validation].into_iter();
    sides.flat_map(|p| (0..labels).map(move |k| (k, p))).filter(|(k, p)| !has(*p, *k)).collect()
}

fn words_of_lack(label: &str, part: SplitPart) -> String {
    format!(
        "label {label} has no image in the {} part; it needs more patients or another validation share",
        part.name()
    )
}

/// Refuses a split that cannot train, and remarks on what makes its metrics weak.
fn complete(split: &mut Split, samples: &[Sample], config: &Config) -> Result<()> {
    for part in [SplitPart::Training, SplitPart::Validation] {
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
            "{} patients stand in more than one part, \"{first}\" among them: the metrics will flatter",
            shared.len()
        ));
    }
    Ok(())
}

/// Patients with images in more than one part, in rising order.
pub fn shared_patients(split: &Split, samples: &[Sample]) -> Vec<String> {
    let mut parts: BTreeMap<&str, BTreeSet<SplitPart>> = BTreeMap::new();
    for part in SplitPart::ALL {
        for &i in split.part(part) {
            parts.entry(&samples[i].patient).or_default().insert(part);
        }
    }
    parts.into_iter().filter(|(_, p)| p.len() > 1).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::training::data::pixels::Pixels;
    use crate::training::data::truth;

    fn samples() -> Vec<Sample> {
        let pixels = Pixels::of_greys(1, &[0]);
        (0..400)
            .map(|i| Sample {
                name: format!("{i}.png"),
                truth: truth::one_hot(usize::from(i % 4 == 0), 2),
                patient: format!("patient {}", i / 4 * 2 + usize::from(i % 4 == 0)),
                pixels: pixels.clone(),
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
