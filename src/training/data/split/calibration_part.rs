//! The part that calibrates: patients who chose nothing about the model.
//!
//! Epoch, temperature and thresholds are chosen on the validation part, so its images are a little
//! too well explained, and a conformal state that rests on them keeps its stated risk nearly, not
//! strictly. So `[data] calibration` sets patients apart that neither learn nor validate: of each
//! class this share, and at least as many patients as states at the usual risk take. They leave the
//! training part; validation and test parts stay as they would be without them.
//!
//! **Too few patients.** Where that would be more than a quarter of the patients of a class that
//! learn (and more than was asked for), no part is set apart: they are of more use for learning.
//! The validation part then calibrates, and the note of the calibration says what it chose. A split
//! file decides for itself: its `calibration` rows calibrate, and without any the validation rows
//! do.

use std::collections::BTreeSet;

use rand::seq::SliceRandom;

use super::majority::by_majority;
use super::{Shares, Split, stratify};
use crate::evaluation::calibrate::Role;
use crate::model::calibration::percent;
use crate::model::conformal::{RISK, fewest};
use crate::model::manifest::Head;
use crate::training::config::Config;
use crate::training::data::sample::Sample;
use crate::training::random::{Purpose, stream};

/// The images that calibrate the finished model, and what they were to it.
#[derive(Clone, Copy, Debug)]
pub struct CalibrationPart<'a> {
    pub images: &'a [usize],
    pub patients: usize,
    pub role: Role,
}

impl<'a> CalibrationPart<'a> {
    /// Those of a split: the part that was set apart, else the validation part.
    #[must_use]
    pub fn of(split: &'a Split, samples: &[Sample]) -> Self {
        let (images, role) = if split.calibration.is_empty() {
            (&split.validation, Role::Validation)
        } else {
            (&split.calibration, Role::Calibration)
        };
        Self { images, patients: patients(images, samples).len(), role }
    }

    /// Name of the part.
    #[must_use]
    pub fn name(&self) -> &'static str {
        if self.role == Role::Calibration { "calibration" } else { "validation" }
    }

    /// What the card says of it.
    #[must_use]
    pub fn in_words(&self) -> String {
        format!(
            "Calibration set of conformal states and reliability diagram (`calibration.toml`): the {} part, {} images of {} patients. {}",
            self.name(),
            self.images.len(),
            self.patients,
            self.role.note()
        )
    }
}

/// Why no part is set apart.
#[derive(Debug, thiserror::Error)]
enum TooFewPatients {
    #[error(
        "\"{label}\" has {learning} patients to learn from, and states at an error rate of {} take {} that do not",
        percent(RISK),
        fewest(RISK)
    )]
    OfClass { label: String, learning: usize },
    #[error("there are {learning} patients to learn from, and states at an error rate of {} take {} that do not", percent(RISK), 2 * fewest(RISK))]
    InAll { learning: usize },
}

/// Moves patients of the training part to the calibration part, where there are enough of them;
/// else the split says why not.
pub fn set_apart(split: &mut Split, samples: &[Sample], config: &Config) {
    let share = config.data.calibration;
    if share <= 0.0 {
        return;
    }
    let all = samples.iter().map(|s| s.patient.as_str()).collect::<BTreeSet<_>>().len();
    let chosen = match config.head {
        Head::Softmax => of_classes(split, samples, config, share),
        Head::Sigmoid => of_findings(split, samples, config, share, all),
    };
    match chosen {
        Ok(chosen) => {
            let (apart, rest) = split.training.iter().partition(|&&i| chosen.contains(samples[i].patient.as_str()));
            (split.calibration, split.training) = (apart, rest);
        }
        Err(why) => {
            split.no_calibration = Some(format!(
                "no part is set apart for calibration: {why}. The validation images calibrate, though they choose epoch, temperature and thresholds"
            ));
        }
    }
}

/// How many of `learning` patients calibrate where `wanted` would by their share; `None` where they
/// are too few.
fn enough(wanted: usize, kinds: usize, learning: usize) -> Option<usize> {
    let least = kinds * fewest(RISK);
    (wanted >= least || 4 * least <= learning).then(|| wanted.max(least))
}

/// Patients of exclusive classes, class by class.
fn of_classes<'a>(
    split: &Split,
    samples: &'a [Sample],
    config: &Config,
    share: f64,
) -> Result<BTreeSet<&'a str>, TooFewPatients> {
    let parts = [&split.training, &split.validation, &split.test];
    let everywhere: Vec<usize> = parts.into_iter().flatten().copied().collect();
    let asked = by_majority(samples, &everywhere, config.labels.len());
    let mut chosen = BTreeSet::new();
    for (class, mut members) in by_majority(samples, &split.training, config.labels.len()).into_iter().enumerate() {
        let wanted = (share * asked[class].len() as f64).round() as usize;
        let label = &config.labels[class].name;
        let n = enough(wanted, 1, members.len())
            .ok_or_else(|| TooFewPatients::OfClass { label: label.clone(), learning: members.len() })?;
        members.shuffle(&mut stream(config.seed, Purpose::Split, 2, class));
        chosen.extend(members.into_iter().take(n));
    }
    Ok(chosen)
}

/// Patients of findings that may coincide, stratified.
fn of_findings<'a>(
    split: &Split,
    samples: &'a [Sample],
    config: &Config,
    share: f64,
    all: usize,
) -> Result<BTreeSet<&'a str>, TooFewPatients> {
    let learning = patients(&split.training, samples).len();
    let wanted = (share * all as f64).round() as usize;
    let n = enough(wanted, 2, learning).ok_or(TooFewPatients::InAll { learning })?;
    let shares = Shares { validation: n as f64 / learning.max(1) as f64, test: 0.0, fold: 0 };
    let apart = stratify::iterative(samples, &split.training, config.labels.len(), shares, config.seed).validation;
    Ok(patients(&apart, samples))
}

fn patients<'a>(images: &[usize], samples: &'a [Sample]) -> BTreeSet<&'a str> {
    images.iter().map(|&i| samples[i].patient.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::split;
    use crate::training::data::truth;
    use std::path::Path;

    fn config(head: &str, data: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        let text = format!(
            "head = \"{head}\"\nsize = 32\nseed = 3\n[data]\nfolders = [\".\"]\nvalidation = 0.2\n{data}\n[architecture]\n\
             family = \"custom-cnn\"\n[optimization]\n[[labels]]\nname = \"A\"\n[[labels]]\nname = \"B\"\n"
        );
        std::fs::write(&path, text).unwrap();
        Config::read(&path).unwrap()
    }

    /// Patients with two images each; every third has B.
    fn samples(patients: usize) -> Vec<Sample> {
        let of = |i: usize| Sample {
            key: format!("{i}.png"),
            patient: format!("p{}", i / 2),
            truth: truth::one_hot(usize::from((i / 2).is_multiple_of(3)), 2),
            ..Sample::default()
        };
        (0..2 * patients).map(of).collect()
    }

    fn parted(head: &str, data: &str, patients: usize) -> (Split, Vec<Sample>) {
        let samples = samples(patients);
        (split::make::of_config(&config(head, data), &samples, Path::new(".")).unwrap(), samples)
    }

    #[test]
    fn patients_who_chose_nothing_calibrate() {
        for head in ["softmax", "sigmoid"] {
            let (split, samples) = parted(head, "", 300);
            let parts = [&split.training, &split.validation, &split.calibration];
            let whose = parts.map(|part| patients(part, &samples));
            assert!(whose[0].is_disjoint(&whose[2]) && whose[1].is_disjoint(&whose[2]), "{head}");
            assert_eq!(parts.map(Vec::len).iter().sum::<usize>(), samples.len());
            assert!((29..=31).contains(&whose[2].len()), "{head}: {}", whose[2].len());
            let b = split.calibration.iter().filter(|&&i| samples[i].truth[1] > 0.5).count();
            assert!((19..=21).contains(&b), "{head}: of 60 images a third has B, {b}");
            let part = CalibrationPart::of(&split, &samples);
            assert!(part.in_words().contains("chose neither weights nor epoch"), "{}", part.in_words());
        }
    }

    #[test]
    fn validation_stays_what_it_is_without_a_calibration_part() {
        for head in ["softmax", "sigmoid"] {
            let (with, without) = (parted(head, "", 300).0, parted(head, "calibration = 0.0", 300).0);
            assert_eq!(with.validation, without.validation, "{head}");
            assert!(without.calibration.is_empty() && without.no_calibration.is_none());
        }
    }

    #[test]
    fn a_class_of_few_patients_gives_as_many_as_states_take_or_none_and_a_remark() {
        // 120 patients have 40 of B, 32 of them learn: nine of those would be more than a quarter.
        let (split, samples) = parted("softmax", "", 120);
        assert!(split.calibration.is_empty());
        let why = split.no_calibration.as_ref().unwrap();
        assert!(why.contains("\"B\" has 32 patients to learn from"), "{why}");
        let part = CalibrationPart::of(&split, &samples);
        assert_eq!((part.images, part.role), (split.validation.as_slice(), Role::Validation));
        // Of 150 there are 50, and 40 learn.
        let (split, samples) = parted("softmax", "", 150);
        let b = |i: &&usize| samples[**i].truth[1] > 0.5;
        assert_eq!(split.calibration.iter().filter(b).count(), 18, "nine patients");
        // Who asks for more gets it.
        assert_eq!(parted("softmax", "calibration = 0.3", 120).0.calibration.len(), 2 * (12 + 24));
        assert!(parted("sigmoid", "", 60).0.calibration.is_empty());
    }
}
