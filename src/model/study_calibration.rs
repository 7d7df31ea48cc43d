//! What a labelled set says of the pooled scores of whole studies or series, kept in
//! `calibration.toml` as `[study]`: the pool, thresholds and the cuts of the conformal states.
//!
//! A cut on the score of one image at an error rate of 10 % is wrong of one healthy slice in ten,
//! and so of nearly every healthy study of thirty slices. The cuts here were made of pooled scores
//! of studies, one a study, so the promise of [`super::conformal`] is one about studies. It is
//! about studies like those that were measured: the numbers of images of the middle nine tenths of
//! them are kept, and nothing is said of a study with more or fewer.

use serde::{Deserialize, Serialize};

use super::conformal::{self, Cuts};
use super::study_pool::StudyPool;
use crate::study::unit::Unit;

/// `[study]` of a calibration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudyCalibration {
    /// What was pooled: the images of a study or of a series.
    pub unit: Unit,
    pub pool: StudyPool,
    /// How many studies or series there were.
    pub units: usize,
    /// Numbers of images of a unit for which it holds, the first and the last included.
    pub images: [usize; 2],
    /// How the pool was chosen, and what that does to the promise.
    pub note: String,
    /// Labels, then groups.
    pub targets: Vec<StudyTarget>,
}

/// A label or a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudyTarget {
    pub name: String,
    /// Units that are known to show it, and known not to.
    pub with: usize,
    pub without: usize,
    /// Pooled score from which it is called; `None` without units of both kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
    /// Area under the ROC curve of the pooled score, 0–1; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auroc: Option<f64>,
    /// Cuts of [`Cuts::present_above`] and [`Cuts::absent_below`], one a risk of the calibration.
    pub present_above: Vec<f32>,
    pub absent_below: Vec<f32>,
}

impl StudyCalibration {
    /// Whether it can be meant: of these targets, with cuts at so many risks.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn check<'a>(&self, names: impl Iterator<Item = &'a String>, risks: usize) -> Result<(), String> {
        let [fewest, most] = self.images;
        if fewest == 0 || fewest > most {
            return Err("the numbers of images in its [study] must rise from 1".into());
        }
        for name in names {
            let Some(target) = self.target(name) else {
                return Err(format!("its [study] says nothing about “{name}”"));
            };
            let unit = |value: &f32| (0.0..=1.0).contains(value);
            let cuts = [&target.present_above, &target.absent_below];
            if !cuts.iter().all(|cuts| cuts.len() == risks && cuts.iter().all(unit)) {
                return Err(format!("“{name}” of its [study] needs one cut between 0 and 1 for each risk"));
            }
            let falling = target.present_above.is_sorted_by(|a, b| a >= b);
            if !falling || !target.absent_below.is_sorted_by(|a, b| a <= b) {
                return Err(format!(
                    "the cuts of “{name}” in its [study] must not leave less undecided at a smaller error rate"
                ));
            }
            if !target.threshold.iter().all(unit) || !target.auroc.iter().all(|area| (0.0..=1.0).contains(area)) {
                return Err(format!("threshold and area of “{name}” in its [study] must lie in 0–1"));
            }
        }
        Ok(())
    }

    /// What is known of a label or a group.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&StudyTarget> {
        self.targets.iter().find(|target| target.name == name)
    }

    /// Whether it holds for a unit of so many images.
    #[must_use]
    pub fn holds_for(&self, images: usize) -> bool {
        (self.images[0]..=self.images[1]).contains(&images)
    }

    /// The numbers of images for which it holds: `1 image`, `12 to 40 images`.
    #[must_use]
    pub fn images_in_words(&self) -> String {
        match self.images {
            [1, 1] => "1 image".into(),
            [fewest, most] if fewest == most => format!("{most} images"),
            [fewest, most] => format!("{fewest} to {most} images"),
        }
    }
}

impl StudyTarget {
    /// The cuts at each of the risks.
    #[must_use]
    pub fn cuts(&self, risks: &[f64]) -> Vec<Cuts> {
        let cuts = self.present_above.iter().zip(&self.absent_below).zip(risks);
        let of = |((present_above, absent_below), risk): ((&f32, &f32), &f64)| Cuts {
            present_above: *present_above,
            absent_below: *absent_below,
            enough: self.with.min(self.without) >= conformal::fewest(*risk),
        };
        cuts.map(of).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::manifest::Manifest;

    /// Of studies of two to five images of a model of `manifest`, with cuts at 0.4 and 0.8.
    pub(crate) fn made(manifest: &Manifest) -> StudyCalibration {
        let names = manifest.labels.iter().map(|l| &l.name).chain(manifest.groups.iter().map(|g| &g.name));
        let target = |name: &String| StudyTarget {
            name: name.clone(),
            with: 40,
            without: 60,
            threshold: Some(0.7),
            auroc: Some(0.9),
            present_above: vec![0.8; conformal::RISKS.len()],
            absent_below: vec![0.4; conformal::RISKS.len()],
        };
        StudyCalibration {
            unit: Unit::Study,
            pool: StudyPool::TopMean(2),
            units: 100,
            images: [2, 5],
            note: "made up".into(),
            targets: names.map(target).collect(),
        }
    }

    #[test]
    fn it_holds_for_the_numbers_of_images_that_were_measured() {
        let names = ["a".to_owned()];
        let mut study = StudyCalibration {
            targets: vec![StudyTarget {
                name: "a".into(),
                with: 9,
                without: 99,
                threshold: None,
                auroc: None,
                present_above: vec![0.9, 0.8],
                absent_below: vec![0.1, 0.2],
            }],
            unit: Unit::Series,
            pool: StudyPool::NoisyOr,
            units: 108,
            images: [2, 5],
            note: String::new(),
        };
        assert_eq!([1, 2, 5, 6].map(|n| study.holds_for(n)), [false, true, true, false]);
        assert_eq!(study.images_in_words(), "2 to 5 images");
        assert_eq!(study.check(names.iter(), 2), Ok(()));
        let enough: Vec<bool> = study.targets[0].cuts(&[0.05, 0.1]).iter().map(|cuts| cuts.enough).collect();
        assert_eq!(enough, [false, true], "nine studies are enough at 10 %, not at 5 %");
        assert!(study.check(names.iter(), 3).unwrap_err().contains("one cut"));
        assert!(study.check(["b".to_owned()].iter(), 2).unwrap_err().contains("nothing about “b”"));
        study.targets[0].present_above = vec![0.8, 0.9];
        assert!(study.check(names.iter(), 2).unwrap_err().contains("less undecided"));
        study.images = [5, 2];
        assert!(study.check(names.iter(), 2).unwrap_err().contains("must rise"));
    }
}
