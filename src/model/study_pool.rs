//! How the scores of the images of a study become one score of the study.
//!
//! A model that scores slices or views one by one says nothing of the patient yet. With `p_i` the
//! probability of a finding on image `i` of `n`:
//!
//! ```text
//! maximum    max_i p_i
//! top-k      the mean of the k highest p_i (of all of them where n < k)
//! noisy-or   1 − Π_i (1 − p_i)
//! ```
//!
//! The noisy-or (Pearl 1988) would be the probability that at least one image shows the finding if
//! the images erred independently; neighbouring slices do not, so it is a score and no probability.
//! All three rise with the number of images even where none shows the finding, the noisy-or most:
//! a threshold that was chosen on single images calls too many studies, which is why a study has
//! thresholds of its own ([`super::study_calibration`]).
//!
//! A label that says *nothing found* holds for a study only if it holds for every image: it is
//! pooled as its contrary, `1 − pool(1 − p_i)`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits;

/// A rule that makes one score of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StudyPool {
    #[default]
    Maximum,
    /// The mean of so many of the highest.
    TopMean(usize),
    NoisyOr,
}

/// A text that names no pool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” names no way to pool the images of a study; write maximum, noisy-or or top-3 (the mean of the 3 highest)"
)]
pub struct UnknownPool(String);

impl StudyPool {
    /// The score of a study from those of its images, 0–1; `None` without images.
    #[must_use]
    pub fn score(self, images: &[f64]) -> Option<f64> {
        let highest = images.iter().copied().reduce(f64::max)?;
        Some(match self {
            Self::Maximum => highest,
            Self::TopMean(k) => {
                let mut sorted = images.to_vec();
                sorted.sort_unstable_by(|a, b| b.total_cmp(a));
                sorted.truncate(k.max(1));
                sorted.iter().sum::<f64>() / sorted.len() as f64
            }
            Self::NoisyOr => 1.0 - images.iter().map(|p| 1.0 - p).product::<f64>(),
        })
    }

    /// The same of a label that says *nothing found*.
    #[must_use]
    pub fn score_of_nothing(self, images: &[f64]) -> Option<f64> {
        let contrary: Vec<f64> = images.iter().map(|p| 1.0 - p).collect();
        self.score(&contrary).map(|score| 1.0 - score)
    }

    /// In words for a reader: `mean of the 3 highest`.
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Self::Maximum => "maximum".into(),
            Self::TopMean(k) => format!("mean of the {k} highest"),
            Self::NoisyOr => "noisy-or".into(),
        }
    }
}

impl fmt::Display for StudyPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Maximum => f.write_str("maximum"),
            Self::TopMean(k) => write!(f, "top-{k}"),
            Self::NoisyOr => f.write_str("noisy-or"),
        }
    }
}

impl FromStr for StudyPool {
    type Err = UnknownPool;

    fn from_str(text: &str) -> Result<Self, UnknownPool> {
        let k = || text.strip_prefix("top-")?.parse::<usize>().ok().filter(|k| (1..=limits::STUDY_TOP).contains(k));
        match text {
            "maximum" => Ok(Self::Maximum),
            "noisy-or" => Ok(Self::NoisyOr),
            _ => k().map(Self::TopMean).ok_or_else(|| UnknownPool(text.to_owned())),
        }
    }
}

impl TryFrom<String> for StudyPool {
    type Error = UnknownPool;

    fn try_from(text: String) -> Result<Self, UnknownPool> {
        text.parse()
    }
}

impl From<StudyPool> for String {
    fn from(pool: StudyPool) -> Self {
        pool.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| (a - b).abs() < 1e-12)
    }

    #[test]
    fn the_pools_of_three_images_are_those_of_the_formulas() {
        let images = [0.2, 0.9, 0.5];
        assert!(near(StudyPool::Maximum.score(&images), 0.9));
        assert!(near(StudyPool::TopMean(2).score(&images), 0.7));
        assert!(near(StudyPool::TopMean(10).score(&images), 1.6 / 3.0));
        // 1 − 0.8 · 0.1 · 0.5
        assert!(near(StudyPool::NoisyOr.score(&images), 0.96));
        assert_eq!(StudyPool::NoisyOr.score(&[]), None);
        for pool in [StudyPool::Maximum, StudyPool::TopMean(3), StudyPool::NoisyOr] {
            assert!(near(pool.score(&[0.3]), 0.3), "one image is its own study");
            assert!(near(pool.score_of_nothing(&[0.3]), 0.3));
        }
    }

    #[test]
    fn nothing_found_holds_for_a_study_as_far_as_it_does_for_every_image() {
        assert!(near(StudyPool::Maximum.score_of_nothing(&[0.9, 0.4, 0.8]), 0.4));
        assert!(near(StudyPool::TopMean(2).score_of_nothing(&[0.9, 0.4, 0.8]), 0.6));
        assert!(near(StudyPool::NoisyOr.score_of_nothing(&[0.5, 0.5]), 0.25));
    }

    #[test]
    fn names_are_read_again_and_others_refused() {
        for pool in [StudyPool::Maximum, StudyPool::TopMean(3), StudyPool::NoisyOr] {
            assert_eq!(pool.to_string().parse(), Ok(pool));
        }
        for wrong in ["max", "top-0", "top-", "top-99999999", ""] {
            assert!(wrong.parse::<StudyPool>().unwrap_err().to_string().contains("top-3"), "{wrong}");
        }
    }
}
