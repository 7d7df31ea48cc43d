//! Whether the maps of a model can be believed: the measures of [`crate::explain::faithfulness`] over many images.
//!
//! On one image a map may beat a centred blob by luck. Over many, the gain of a method is a mean with an interval by patient, and the methods
//! can be ranked for this model. [`summary`] makes the figures, [`words`] says what they allow to say.
//!
//! What is not here: the maps and the network. Nor ground truth: a map can be faithful to a network that looks at the wrong place
//! ([`super::localization`] asks that).

pub mod summary;
mod words;

pub use summary::{Line, Standing, Summary};

use crate::explain::faithfulness::randomization::Outcome;
use crate::explain::faithfulness::verdict::beats;
use crate::explain::faithfulness::{Better, Figure, Measure, Trust};

/// One measure of one map, beside its control maps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub measure: Measure,
    pub map: f64,
    /// The centred blob that is as large as the map.
    pub blob: f64,
    /// The random map that is as coarse.
    pub random: f64,
    /// Better than both by more than [`crate::explain::faithfulness::verdict::MARGIN`].
    pub beats_both: bool,
}

impl Reading {
    fn of(figure: &Figure) -> Self {
        let Figure { measure, map, blob, random, .. } = figure;
        let beats_both = beats(figure) == (true, true);
        Self { measure: *measure, map: map.value, blob: blob.value, random: random.value, beats_both }
    }

    /// How much better the map is than the blob; below 0 where it is worse, whichever way the measure goes.
    #[must_use]
    pub fn over_blob(&self) -> f64 {
        gain(self.measure, self.map, self.blob)
    }

    /// How much better it is than the random map.
    #[must_use]
    pub fn over_random(&self) -> f64 {
        gain(self.measure, self.map, self.random)
    }
}

fn gain(measure: Measure, map: f64, control: f64) -> f64 {
    match measure.better() {
        Better::Lower => control - map,
        Better::Higher => map - control,
    }
}

/// The end of a randomisation check: the map of a network that has forgotten everything, beside that of the trained one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forgotten {
    pub outcome: Outcome,
    /// `None` where not one step could be made.
    pub spearman: Option<f64>,
    pub ssim: Option<f64>,
}

/// One method's map of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// In the order of [`Measure::ALL`]; empty when the map marks no place more than another.
    pub readings: Vec<Reading>,
    pub sensitivity: Option<f64>,
    pub forgotten: Option<Forgotten>,
}

impl Trial {
    /// What is kept of a judgement.
    #[must_use]
    pub fn of(trust: &Trust) -> Self {
        let forgotten = trust.randomization.as_ref().map(|r| {
            let last = r.steps.last();
            Forgotten { outcome: r.outcome, spearman: last.map(|s| s.spearman), ssim: last.map(|s| s.ssim) }
        });
        Self { readings: trust.measures.iter().map(Reading::of).collect(), sensitivity: trust.sensitivity, forgotten }
    }
}

/// One image.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The image's path below the folder.
    pub image: String,
    /// Empty where nobody knows.
    pub patient: String,
    /// What the maps explain, and what the model says of it.
    pub subject: String,
    pub probability: f64,
    /// Whether sensitivity and randomisation were asked for.
    pub checked: bool,
    /// One a method; `None` where there is no map.
    pub trials: Vec<Option<Trial>>,
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A map of which each measure has this lead over the blob; the random map is as good as the blob.
    pub fn trial(leads: [f64; 4]) -> Trial {
        let reading = |(measure, lead): (Measure, f64)| {
            let control = if measure.better() == Better::Lower { 0.5 + lead } else { 0.5 - lead };
            Reading { measure, map: 0.5, blob: control, random: control, beats_both: lead > 0.01 }
        };
        let readings = Measure::ALL.into_iter().zip(leads).map(reading).collect();
        Trial { readings, sensitivity: None, forgotten: None }
    }

    pub fn checked(trial: Trial, outcome: Outcome) -> Trial {
        let forgotten = Some(Forgotten { outcome, spearman: Some(0.1), ssim: Some(0.2) });
        Trial { sensitivity: Some(0.25), forgotten, ..trial }
    }

    /// An image whose patient nobody knows.
    pub fn case(number: usize, trials: Vec<Option<Trial>>) -> Case {
        let checked = trials.iter().flatten().any(|t| t.forgotten.is_some());
        let image = format!("{number}.png");
        Case { image, patient: String::new(), subject: "Mass".into(), probability: 0.9, checked, trials }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::faithfulness::panel::Reading as Value;
    use crate::explain::faithfulness::randomization::{Randomization, Step};

    fn figure(measure: Measure, map: f64, blob: f64, random: f64) -> Figure {
        let value = |value| Value { value, curve: Vec::new() };
        Figure { measure, better: measure.better(), map: value(map), blob: value(blob), random: value(random) }
    }

    #[test]
    fn a_gain_is_positive_where_the_map_is_better_whichever_way_the_measure_goes() {
        let lower = Reading::of(&figure(Measure::Deletion, 0.2, 0.5, 0.1));
        assert!((lower.over_blob() - 0.3).abs() < 1e-12 && (lower.over_random() + 0.1).abs() < 1e-12);
        assert!(!lower.beats_both);
        let higher = Reading::of(&figure(Measure::Insertion, 0.6, 0.5, 0.1));
        assert!((higher.over_blob() - 0.1).abs() < 1e-12 && (higher.over_random() - 0.5).abs() < 1e-12);
        assert!(higher.beats_both);
    }

    #[test]
    fn of_a_randomisation_check_its_end_is_kept() {
        let step = |spearman| Step { stage: "s".into(), spearman, ssim: spearman / 2.0 };
        let check = Randomization { steps: vec![step(0.9), step(0.2)], outcome: Outcome::Passes };
        let trial = Trial::of(&Trust::new(vec![figure(Measure::Road, 0.2, 0.1, 0.1)], Some(0.5), Some(check)));
        assert_eq!((trial.readings.len(), trial.sensitivity), (1, Some(0.5)));
        let end = Forgotten { outcome: Outcome::Passes, spearman: Some(0.2), ssim: Some(0.1) };
        assert_eq!(trial.forgotten, Some(end));
    }
}
