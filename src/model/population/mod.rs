//! The population that a model was measured on, and whether an image belongs to it.
//!
//! Scores, thresholds and conformal states were measured on images of certain patients. What is
//! said of them says nothing of others: of an adult, a model that learnt from children may be sure
//! and wrong. So the population is data of the manifest (`[population]`), and a verdict on each
//! image says whether it belongs: by the age that the file states, and by the distance of the
//! image's features from those of the images that the model learnt from. Outside, states are
//! withheld; scores and maps stay visible, marked.

pub mod age;
pub mod covariance;
pub mod detector;
pub mod features;
pub mod lookalikes;
pub mod neighbours;
pub mod outside;
pub mod vim;

use std::fmt;

use serde::{Deserialize, Serialize};

use self::age::Years;
use self::outside::Outside;
use crate::model::fits::{Against, Fits, FitsError};
use crate::study::Metadata;

/// `[population]` of a manifest: the patients and images that a model was measured on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// Whom it was measured on, for sentences: "children of 1 to 5 years".
    pub patients: String,
    /// Ages in years, first and last included; `None` where the set does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ages: Option<[f32; 2]>,
    /// Values of View Position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
    /// Values of Modality.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modalities: Vec<String>,
    /// Where the images come from, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// Whether one image belongs to the population.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PopulationVerdict {
    /// True unless something speaks against it.
    pub inside: bool,
    /// Why it is outside, one sentence for the reader; empty inside.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What must hold for the states to hold, where it cannot be known: "the patient is 1–5 years
    /// old".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Distance from the population in the detector's features; `None` without a detector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<f32>,
    /// Distances above it are outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
}

/// What a file's attributes say of its patient and image.
#[derive(Clone, Debug, PartialEq)]
enum Stated {
    /// Nothing speaks against the population, and nothing that it asks for is missing.
    Fits,
    /// The file is silent on what must hold, in words: "the patient is 1–5 years old".
    Unless(String),
    /// Something contradicts the population.
    Contradicts(Outside),
}

/// What of a population cannot be meant.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PopulationError {
    #[error("population.patients is empty; say in words whom the model was measured on")]
    NoPatients,
    #[error("population.ages is {youngest} to {oldest}; it must rise within 0–{} years, like [1, 5]", age::OLDEST)]
    Ages { youngest: f32, oldest: f32 },
    #[error(transparent)]
    Attribute(#[from] FitsError),
}

impl Population {
    /// Whether all of it can be meant.
    ///
    /// # Errors
    /// A sentence about the first thing that cannot.
    pub fn check(&self) -> Result<(), PopulationError> {
        if self.patients.trim().is_empty() {
            return Err(PopulationError::NoPatients);
        }
        if let Some([youngest, oldest]) = self.ages
            && !(youngest >= 0.0 && youngest <= oldest && oldest <= age::OLDEST)
        {
            return Err(PopulationError::Ages { youngest, oldest });
        }
        self.attributes().check().map_err(|error| error.of_table("population").into())
    }

    /// Modality and view as a manifest's `[fits]` has them, which knows how files write them.
    fn attributes(&self) -> Fits {
        Fits { modalities: self.modalities.clone(), body_parts: Vec::new(), views: self.views.clone() }
    }

    /// What the file says, ages first.
    fn stated(&self, meta: &Metadata) -> Stated {
        let unless = match self.ages {
            Some(ages) => match self.age_stated(ages, meta) {
                Stated::Fits => None,
                Stated::Unless(condition) => Some(condition),
                contradicts @ Stated::Contradicts(_) => return contradicts,
            },
            None => None,
        };
        if let Some(Against { what, wanted }) = self.attributes().statement(meta).against {
            return Stated::Contradicts(Outside::Attribute { what, wanted });
        }
        unless.map_or(Stated::Fits, Stated::Unless)
    }

    /// What the file says of the age. Where Patient's Age and the date of birth disagree, either
    /// may be the wrong one: both must lie inside.
    fn age_stated(&self, ages: [f32; 2], meta: &Metadata) -> Stated {
        let known = age::at_study(meta);
        let [youngest, oldest] = ages;
        // A year counts as reached until the next birthday.
        let outside = known.iter().find(|Years(years)| *years < youngest || *years >= oldest.floor() + 1.0);
        match outside {
            Some(years) => {
                Stated::Contradicts(Outside::Age { age: age::in_words(*years), patients: self.patients.clone() })
            }
            None if known.is_empty() => Stated::Unless(format!("the patient is {}", range_in_words(ages))),
            None => Stated::Fits,
        }
    }
}

impl fmt::Display for Population {
    /// "children of 1 to 5 years; view AP; modality CR, DX; one hospital in Guangzhou"
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.patients)?;
        for (what, values) in [("view", &self.views), ("modality", &self.modalities)] {
            if !values.is_empty() {
                write!(f, "; {what} {}", values.join(", "))?;
            }
        }
        if self.source.is_empty() { Ok(()) } else { write!(f, "; {}", self.source) }
    }
}

/// "1–5 years old", as a state's condition ends.
fn range_in_words([youngest, oldest]: [f32; 2]) -> String {
    match (youngest, oldest) {
        (youngest, oldest) if youngest == oldest => format!("{youngest} years old"),
        (0.0, oldest) => format!("at most {oldest} years old"),
        (youngest, oldest) if oldest >= 100.0 => format!("at least {youngest} years old"),
        (youngest, oldest) => format!("{youngest}–{oldest} years old"),
    }
}

/// How far an image lies from the population, as the detector measures it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Familiarity {
    pub distance: f32,
    /// Distances above it are outside.
    pub threshold: f32,
}

impl PopulationVerdict {
    /// The verdict on an image: on what its file says, then on its distance from the population.
    /// `None` where neither a population is stated nor a detector could look.
    #[must_use]
    pub fn of(population: Option<&Population>, meta: &Metadata, seen: Option<Familiarity>) -> Option<Self> {
        let stated = population.map(|p| p.stated(meta));
        if stated.is_none() && seen.is_none() {
            return None;
        }
        let familiar = seen.is_none_or(|s| s.distance <= s.threshold);
        let (inside, reason, condition) = match stated {
            Some(Stated::Contradicts(outside)) => (false, outside.to_string(), None),
            _ if !familiar => {
                let unlike =
                    population.map_or(Outside::UnlikeAll, |p| Outside::Unlike { patients: p.patients.clone() });
                (false, unlike.to_string(), None)
            }
            Some(Stated::Unless(condition)) => (true, String::new(), Some(condition)),
            Some(Stated::Fits) | None => (true, String::new(), None),
        };
        let (distance, threshold) = seen.map(|s| (s.distance, s.threshold)).unzip();
        Some(Self { inside, reason, condition, distance, threshold })
    }

    /// What the reader should know of it, in a sentence; `None` where nothing is to be said.
    #[must_use]
    pub fn reservation(&self) -> Option<String> {
        match &self.condition {
            _ if !self.inside => Some(self.reason.clone()),
            Some(condition) => {
                Some(format!("What is said of the image holds only if {condition}; its file does not tell."))
            }
            None => None,
        }
    }
}

/// What scikit-learn and numpy make of the same rows: `tests/golden/population.py`.
#[cfg(test)]
pub(crate) mod golden {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct Golden {
        pub train: Vec<Vec<f32>>,
        pub test: Vec<Vec<f32>>,
        pub shrinkage: f64,
        pub mahalanobis: Vec<f32>,
        pub fifth_nearest: Vec<f32>,
        pub weight: Vec<Vec<f32>>,
        pub bias: Vec<f32>,
        pub train_logits: Vec<Vec<f32>>,
        pub test_logits: Vec<Vec<f32>>,
        pub alpha: f32,
        pub vim: Vec<f32>,
    }

    pub(crate) fn read() -> Golden {
        serde_json::from_str(include_str!("../../../tests/golden/population.json")).expect("the golden file is sound")
    }

    pub(crate) fn assert_close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() <= 1e-4 * e.abs().max(1.0), "{found:?} {expected:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn children() -> Population {
        Population {
            patients: "children of 1 to 5 years".into(),
            ages: Some([1.0, 5.0]),
            views: vec!["AP".into()],
            modalities: vec!["DX".into(), "CR".into()],
            source: "one hospital".into(),
        }
    }

    fn meta(age: &str) -> Metadata {
        Metadata { age: age.into(), ..Metadata::default() }
    }

    fn judged(meta: &Metadata, distance: f32) -> PopulationVerdict {
        PopulationVerdict::of(Some(&children()), meta, Some(Familiarity { distance, threshold: 1.0 })).unwrap()
    }

    #[test]
    fn an_age_outside_the_range_is_outside_whatever_the_image_looks_like() {
        let verdict = judged(&meta("055Y"), 0.2);
        assert!(!verdict.inside && verdict.condition.is_none());
        assert_eq!(
            verdict.reason,
            "The patient is 55 years old; this model was measured on children of 1 to 5 years only."
        );
        for (age, inside) in
            [("001Y", true), ("011M", false), ("005Y", true), ("006Y", false), ("71M", true), ("72M", false)]
        {
            assert_eq!(judged(&meta(age), 0.2).inside, inside, "{age}");
        }
    }

    #[test]
    fn ages_that_disagree_must_both_lie_inside() {
        let mut meta = meta("003Y");
        (meta.birth_date, meta.study_date) = ("19700101".into(), "20230101".into());
        assert!(judged(&meta, 0.2).reason.contains("53 years old"));
        meta.birth_date = "20200101".into();
        assert!(judged(&meta, 0.2).inside);
    }

    #[test]
    fn an_age_that_is_not_stated_is_a_condition() {
        for age in ["", "unknown"] {
            let verdict = judged(&meta(age), 0.2);
            assert_eq!(verdict.condition.as_deref(), Some("the patient is 1–5 years old"));
            assert!(verdict.inside && verdict.reason.is_empty());
        }
        assert_eq!(judged(&meta("003Y"), 0.2).condition, None);
        let words = [[0.0, 5.0], [18.0, 120.0], [5.0, 5.0], [0.5, 2.0]].map(range_in_words);
        assert_eq!(words, ["at most 5 years old", "at least 18 years old", "5 years old", "0.5–2 years old"]);
    }

    #[test]
    fn view_and_modality_that_contradict_are_outside() {
        let with = |modality: &str, view: &str| Metadata {
            modality: modality.into(),
            view_position: view.into(),
            ..meta("003Y")
        };
        let verdict = judged(&with("DX", "PA"), 0.2);
        assert_eq!(verdict.reason, "The file says view PA; this model was measured on AP only.");
        assert!(judged(&with("CT", ""), 0.2).reason.contains("modality CT"));
        for (modality, view) in [("DX", "AP"), ("", ""), ("OT", ""), ("CR", "SWIM")] {
            assert!(judged(&with(modality, view), 0.2).inside, "{modality} {view}");
        }
    }

    #[test]
    fn an_image_far_from_the_population_is_outside_even_where_its_file_fits() {
        let verdict = judged(&meta("003Y"), 1.01);
        assert!(!verdict.inside);
        assert_eq!(
            verdict.reason,
            "The image is unlike those that this model was measured on: children of 1 to 5 years."
        );
        assert_eq!((verdict.distance, verdict.threshold), (Some(1.01), Some(1.0)));
        assert!(judged(&meta("003Y"), 1.0).inside);
        assert!(!judged(&meta("003Y"), f32::NAN).inside, "what cannot be measured is not inside");
    }

    #[test]
    fn nothing_is_said_where_nothing_is_known() {
        assert_eq!(PopulationVerdict::of(None, &meta("055Y"), None), None);
        let silent = Population { patients: "adults".into(), ..Population::default() };
        let verdict = PopulationVerdict::of(Some(&silent), &meta("055Y"), None).unwrap();
        assert!(verdict.inside && verdict.condition.is_none() && verdict.reservation().is_none());
    }

    #[test]
    fn a_population_that_cannot_be_meant_is_refused_in_a_sentence() {
        let wrong = |change: fn(&mut Population)| {
            let mut population = children();
            change(&mut population);
            population.check().unwrap_err().to_string()
        };
        assert!(wrong(|p| p.ages = Some([5.0, 1.0])).contains("must rise"));
        assert!(wrong(|p| p.ages = Some([f32::NAN, 1.0])).contains("must rise"));
        assert!(wrong(|p| p.patients.clear()).contains("population.patients"));
        assert!(wrong(|p| p.views = vec!["a p".into()]).contains("population.views"));
        assert_eq!(children().check(), Ok(()));
    }
}
