//! How faithful the maps of a model are to it: the measures of [`crate::explain::faithfulness`]
//! over many images.
//!
//! On one image a map may beat a centred blob by luck. Over many, the gain of a method is a mean
//! with an interval by patient, and the methods can be ranked for this model. [`run`] measures the
//! maps of the images one by one, [`summary`] sums up, [`words`] says what the sums allow to say.
//!
//! What is not here: ground truth. A map can be faithful to a network that looks at the wrong place
//! ([`super::localization`] asks that).

pub mod no_rank;
pub mod run;
pub mod summary;
pub mod table;
mod words;

pub use summary::{FaithfulnessSummary, MeasureSummary, MethodSummary};

use crate::explain::faithfulness::Faithfulness;
use crate::explain::faithfulness::measure::{Better, Measure, Measured};
use crate::explain::faithfulness::randomization::Outcome;
use crate::explain::faithfulness::verdict::beats;

/// One measure of one map, beside its control maps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasureReading {
    pub measure: Measure,
    pub map: f64,
    /// The centred blob that is as large as the map.
    pub blob: f64,
    /// The random map that is as coarse.
    pub random: f64,
    /// Better than both by more than [`crate::explain::faithfulness::verdict::MARGIN`].
    pub beats_both: bool,
}

impl MeasureReading {
    fn of(figure: &Measured) -> Self {
        let Measured { measure, map, blob, random, .. } = figure;
        let beats_both = beats(figure) == (true, true);
        Self { measure: *measure, map: map.value, blob: blob.value, random: random.value, beats_both }
    }

    /// How much better the map is than the blob; below 0 where it is worse, whichever way the
    /// measure goes.
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

/// The end of a randomisation check: the map of a network that has forgotten everything, beside
/// that of the trained one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomizationEnd {
    pub outcome: Outcome,
    /// `None` where not one step could be made.
    pub spearman: Option<f64>,
    pub ssim: Option<f64>,
}

/// One method's map of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct MapResult {
    /// In the order of [`Measure::ALL`]; empty when the map marks no place more than another.
    pub measures: Vec<MeasureReading>,
    pub sensitivity: Option<f64>,
    pub randomization: Option<RandomizationEnd>,
}

impl MapResult {
    /// What is kept of a measurement.
    #[must_use]
    pub fn of(found: &Faithfulness) -> Self {
        let randomization = found.randomization.as_ref().map(|r| {
            let last = r.steps.last();
            RandomizationEnd { outcome: r.outcome, spearman: last.map(|s| s.spearman), ssim: last.map(|s| s.ssim) }
        });
        Self {
            measures: found.measures.iter().map(MeasureReading::of).collect(),
            sensitivity: found.sensitivity,
            randomization,
        }
    }
}

/// One image.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageResult {
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
    pub maps: Vec<Option<MapResult>>,
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A map of which each measure has this lead over the blob; the random map is as good as the
    /// blob.
    pub(crate) fn trial(leads: [f64; 4]) -> MapResult {
        let reading = |(measure, lead): (Measure, f64)| {
            let control = if measure.better() == Better::Lower { 0.5 + lead } else { 0.5 - lead };
            MeasureReading { measure, map: 0.5, blob: control, random: control, beats_both: lead > 0.01 }
        };
        let measures = Measure::ALL.into_iter().zip(leads).map(reading).collect();
        MapResult { measures, sensitivity: None, randomization: None }
    }

    pub(crate) fn checked(trial: MapResult, outcome: Outcome) -> MapResult {
        let randomization = Some(RandomizationEnd { outcome, spearman: Some(0.1), ssim: Some(0.2) });
        MapResult { sensitivity: Some(0.25), randomization, ..trial }
    }

    /// An image whose patient nobody knows.
    pub(crate) fn case(number: usize, maps: Vec<Option<MapResult>>) -> ImageResult {
        let checked = maps.iter().flatten().any(|t| t.randomization.is_some());
        let image = format!("{number}.png");
        ImageResult { image, patient: String::new(), subject: "Mass".into(), probability: 0.9, checked, maps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::faithfulness::measure::Measurement as Value;
    use crate::explain::faithfulness::randomization::{Randomization, RandomizedStage};

    fn figure(measure: Measure, map: f64, blob: f64, random: f64) -> Measured {
        let value = |value| Value { value, curve: Vec::new() };
        Measured { measure, better: measure.better(), map: value(map), blob: value(blob), random: value(random) }
    }

    #[test]
    fn a_gain_is_positive_where_the_map_is_better_whichever_way_the_measure_goes() {
        let lower = MeasureReading::of(&figure(Measure::Deletion, 0.2, 0.5, 0.1));
        assert!((lower.over_blob() - 0.3).abs() < 1e-12 && (lower.over_random() + 0.1).abs() < 1e-12);
        assert!(!lower.beats_both);
        let higher = MeasureReading::of(&figure(Measure::Insertion, 0.6, 0.5, 0.1));
        assert!((higher.over_blob() - 0.1).abs() < 1e-12 && (higher.over_random() - 0.5).abs() < 1e-12);
        assert!(higher.beats_both);
    }

    #[test]
    fn of_a_randomisation_check_its_end_is_kept() {
        let step = |spearman| RandomizedStage { stage: "s".into(), spearman, ssim: spearman / 2.0 };
        let check = Randomization { steps: vec![step(0.9), step(0.2)], outcome: Outcome::Passes };
        let trial =
            MapResult::of(&Faithfulness::new(vec![figure(Measure::Road, 0.2, 0.1, 0.1)], Some(0.5), Some(check)));
        assert_eq!((trial.measures.len(), trial.sensitivity), (1, Some(0.5)));
        let end = RandomizationEnd { outcome: Outcome::Passes, spearman: Some(0.2), ssim: Some(0.1) };
        assert_eq!(trial.randomization, Some(end));
    }
}
