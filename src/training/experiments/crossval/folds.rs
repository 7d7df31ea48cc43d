//! Which patients are held out when, and what makes that impossible, said before anything is
//! trained.

use std::collections::BTreeSet;
use std::path::Path;

use super::MOST;
use crate::model::manifest::Head;
use crate::training::config::Config;
use crate::training::data::dataset::Dataset;
use crate::training::data::part::SplitPart;
use crate::training::data::sample::Sample;
use crate::training::data::split;
use crate::training::{Error, Result};

/// The images that take part: all but those of a test part.
pub(super) fn pool(config: &Config, mut dataset: Dataset, root: &Path) -> Result<(Dataset, Vec<String>)> {
    let mut remarks = Vec::new();
    let data = &config.data;
    let own = dataset.samples.iter().any(|s| s.part == Some(SplitPart::Test));
    if data.split.is_some() || data.test > 0.0 || own {
        let split = split::make::of_config(config, &dataset.samples, root)?;
        let before = dataset.samples.len();
        let kept = |i: usize| {
            matches!(split.of(i), Some(SplitPart::Training | SplitPart::Validation | SplitPart::Calibration))
        };
        let mut number = 0..;
        dataset.samples.retain(|_| number.next().is_some_and(kept));
        remarks
            .push(format!("{} images of the test part are kept away from every fold", before - dataset.samples.len()));
    }
    dataset.samples.iter_mut().for_each(|s| s.part = None);
    Ok((dataset, remarks))
}

/// Leaves of `[data]` what shares out the images that are not held out. A fold's model is evaluated
/// and thrown away: nothing calibrates it apart.
pub(super) fn own_shares(config: &mut Config) {
    (config.data.split, config.data.test, config.data.calibration) = (None, 0.0, 0.0);
}

/// Marks the samples `held`, which [`split::make::of_config`] then leaves alone.
pub(super) fn hold_out(samples: &mut [Sample], held: &[usize]) {
    samples.iter_mut().for_each(|s| s.part = None);
    held.iter().for_each(|&i| samples[i].part = Some(SplitPart::Test));
}

/// The samples of each fold; refuses folds that could not be trained or evaluated, and remarks on
/// weak ones.
pub(super) fn deal(
    config: &Config,
    folds: usize,
    samples: &mut [Sample],
    root: &Path,
    remarks: &mut Vec<String>,
) -> Result<Vec<Vec<usize>>> {
    if !(2..=MOST).contains(&folds) {
        return Err(Error::Split(format!("{folds} folds were asked for; there can be 2 to {MOST}")));
    }
    for (k, label) in config.labels.iter().enumerate() {
        let having = samples.iter().filter(|s| s.truth.get(k).is_some_and(|t| *t > 0.5));
        let patients = having.map(|s| s.patient.as_str()).collect::<BTreeSet<_>>().len();
        if patients < folds {
            let words = format!(
                "\"{}\" has {patients} patient{}, so that not every one of {folds} folds can hold one",
                label.name,
                if patients == 1 { "" } else { "s" }
            );
            if config.head == Head::Softmax {
                let fewer = if patients > 1 { format!("--folds {patients} or fewer, ") } else { String::new() };
                return Err(Error::Split(format!(
                    "{words}, and a fold without a class can be neither judged nor learnt from; take {fewer}more \
                     patients of it, or leave the class out"
                )));
            }
            remarks.push(format!("{words}; its metrics are means over the folds that do"));
        }
    }
    let mut own = config.clone();
    own_shares(&mut own);
    let mut all = Vec::new();
    for k in 0..folds {
        let mut outer = own.clone();
        (outer.data.validation, outer.data.fold) = (1.0 / folds as f64, k);
        samples.iter_mut().for_each(|s| s.part = None);
        let held = split::make::of_config(&outer, samples, root).map_err(|e| in_fold(k, folds, &e))?.validation;
        hold_out(samples, &held);
        split::make::of_config(&own, samples, root).map_err(|e| in_fold(k, folds, &e))?;
        all.push(held);
    }
    Ok(all)
}

/// The error of a split as one of fold `k`.
fn in_fold(k: usize, folds: usize, error: &Error) -> Error {
    let reason = match error {
        Error::Split(reason) => reason.clone(),
        other => other.to_string(),
    };
    Error::Split(format!(
        "fold {} of {folds} cannot be made: {reason}. Take fewer folds, a larger `validation` under [data], or leave out \
         classes of few patients",
        k + 1
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::truth;

    fn config(head: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        let text = format!(
            "head = \"{head}\"\nsize = 32\n[data]\nfolders = [\".\"]\nvalidation = 0.25\n[architecture]\n\
             family = \"custom-cnn\"\n[optimization]\n[[labels]]\nname = \"A\"\n[[labels]]\nname = \"B\"\n"
        );
        std::fs::write(&path, text).unwrap();
        Config::read(&path).unwrap()
    }

    /// Patients with two images each; the last `rare` of them have B.
    fn samples(patients: usize, rare: usize) -> Vec<Sample> {
        let of = |i: usize| Sample {
            key: format!("{i}.png"),
            patient: format!("p{}", i / 2),
            truth: truth::one_hot(usize::from(i / 2 >= patients - rare), 2),
            ..Sample::default()
        };
        (0..2 * patients).map(of).collect()
    }

    fn dealt(head: &str, mut samples: Vec<Sample>, folds: usize) -> Result<(Vec<Vec<usize>>, Vec<String>)> {
        let mut remarks = Vec::new();
        let all = deal(&config(head), folds, &mut samples, Path::new("."), &mut remarks)?;
        Ok((all, remarks))
    }

    #[test]
    fn every_patient_is_held_out_once_and_as_a_whole() {
        for head in ["softmax", "sigmoid"] {
            let (folds, _) = dealt(head, samples(30, 12), 5).unwrap();
            let mut all: Vec<usize> = folds.concat();
            all.sort_unstable();
            assert_eq!(all, (0..60).collect::<Vec<_>>(), "{head}");
            for fold in folds {
                let positives = fold.iter().filter(|i| **i >= 36).count();
                assert!(fold.len() % 2 == 0 && (2..=8).contains(&positives), "{head}: {fold:?}");
            }
        }
    }

    #[test]
    fn a_class_of_fewer_patients_than_folds_is_said_with_what_to_do() {
        let said = dealt("softmax", samples(30, 3), 5).unwrap_err().to_string();
        assert!(said.contains("\"B\" has 3 patients") && said.contains("--folds 3 or fewer"), "{said}");
        let (_, remarks) = dealt("sigmoid", samples(30, 3), 5).unwrap();
        assert!(remarks[0].contains("\"B\" has 3 patients"), "{remarks:?}");
        assert!(dealt("softmax", samples(30, 12), 1).unwrap_err().to_string().contains("2 to 50"));
    }

    #[test]
    fn what_is_left_must_be_enough_to_choose_by() {
        // Two patients of B are left beside each fold, and a quarter of two rounds to one; of one
        // there is none.
        assert!(dealt("softmax", samples(30, 3), 3).is_ok());
        let said = dealt("softmax", samples(30, 2), 2).unwrap_err().to_string();
        assert!(said.contains("fold 1 of 2 cannot be made") && said.contains("larger `validation`"), "{said}");
    }

    #[test]
    fn a_test_part_takes_no_part() {
        let mut samples = samples(20, 8);
        samples[..4].iter_mut().for_each(|s| s.part = Some(SplitPart::Test));
        let dataset = Dataset { samples, warnings: Vec::new() };
        let (left, remarks) = pool(&config("softmax"), dataset, Path::new(".")).unwrap();
        assert_eq!(left.samples.len(), 36);
        assert!(left.samples.iter().all(|s| s.part.is_none() && s.patient != "p0"));
        assert!(remarks[0].starts_with("4 images of the test part"));
    }
}
