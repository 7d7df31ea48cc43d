//! The figures of many maps: means with intervals by patient, gains over the control maps image by
//! image, and the rank of the methods.
//!
//! **Gain**: the map's value minus the control map's on the same image, turned so that more is
//! better. **Better than the blob** on a measure is a method whose mean gain has an interval
//! above 0. **Rank**: first by the number of measures on which a method is better than the blob,
//! then by its mean place: on each measure the methods stand in the order of their mean gains over
//! the blob (the best is 1, equals in three digits share the mean of their places), and the mean of
//! the four places counts. Methods that are alike in both share a rank. Places go by gain, not by
//! value, since a large map keeps the score without merit; the blob is as large as the map.
//!
//! **Without a rank**: a map that hardly changes when the model forgets what it learned shows the
//! image and not the model, however well its measures turn out by luck (Adebayo et al. 2018). So
//! only methods that pass the randomisation check are ranked, and only they have places. The others
//! stand behind them with the [reason](NoRank): they fail it on half of the checked images or more,
//! are known to fail it, were not checked, or have maps of which the check can say nothing.
//!
//! An image on which a map marks no place more than another has no value; it is in no mean, it is
//! counted, and it counts as beaten. With fewer than [`FEW`] patients there is no rank.

mod ranking;

use serde_json::{Map, Value, json};

use super::no_rank::{NoRank, RandomizationCounts};
use super::{ImageResult, MapResult, MeasureReading};
use crate::evaluation::bootstrap::{Bootstrap, Mean};
pub use crate::evaluation::localization::summary::FEW;
use crate::explain::Method;
use crate::explain::faithfulness::measure::Measure;
use crate::explain::faithfulness::randomization::Outcome;

use self::ranking::{place, rank};

/// Seed of the intervals.
const SEED: u64 = 7;

/// One measure of one method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasureSummary {
    pub measure: Measure,
    pub map: Mean,
    pub blob: Mean,
    pub random: Mean,
    /// Gains, image by image; more is better.
    pub over_blob: Mean,
    pub over_random: Mean,
    /// Share of images on which the map beats both control maps.
    pub beats_both: f64,
}

impl MeasureSummary {
    /// Whether the interval of the gain over the blob lies above 0.
    #[must_use]
    pub fn is_better_than_blob(&self) -> bool {
        self.over_blob.low.is_some_and(|low| low > 0.0)
    }

    /// Whether that of the gain over the random map does.
    #[must_use]
    pub fn is_better_than_random(&self) -> bool {
        self.over_random.low.is_some_and(|low| low > 0.0)
    }
}

/// One method over all images.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodSummary {
    pub method: Method,
    /// Images with a map, and the patients of those on which it marks something.
    pub images: usize,
    pub patients: usize,
    /// Maps that mark no place more than another.
    pub silent: usize,
    /// In the order of [`Measure::ALL`]; empty where no map marks anything.
    pub measures: Vec<MeasureSummary>,
    /// Mean place on the measures among the methods that are ranked.
    pub place: Option<f64>,
    /// `None` where the method stands [apart](Self::apart).
    pub rank: Option<usize>,
    /// Over the images on which it is known, and their number.
    pub sensitivity: Option<(Mean, usize)>,
    pub checks: RandomizationCounts,
}

/// All methods over all images.
#[derive(Clone, Debug, PartialEq)]
pub struct FaithfulnessSummary {
    pub images: usize,
    pub patients: usize,
    /// Images on which sensitivity and randomisation were asked for.
    pub checked: usize,
    /// By rank; those without one behind, by the reason.
    pub standings: Vec<MethodSummary>,
}

impl FaithfulnessSummary {
    /// Sums up `cases`, whose maps are those of `methods`, in this order.
    #[must_use]
    pub fn of(cases: &[ImageResult], methods: &[Method]) -> Self {
        let patients = bootstrap(cases.iter()).patients();
        let standing = |(number, method): (usize, &Method)| MethodSummary::of(cases, number, *method);
        let mut standings: Vec<MethodSummary> = methods.iter().enumerate().map(standing).collect();
        place(&mut standings);
        rank(&mut standings);
        Self { images: cases.len(), patients, checked: cases.iter().filter(|c| c.checked).count(), standings }
    }

    /// Everything as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "images": self.images,
            "patients": self.patients,
            "checked_images": self.checked,
            "methods": self.standings.iter().map(MethodSummary::to_json).collect::<Vec<_>>(),
            "conclusions": self.conclusions(),
        })
    }
}

/// Images of one patient are drawn together.
fn bootstrap<'a>(cases: impl Iterator<Item = &'a ImageResult>) -> Bootstrap {
    let names: Vec<&str> = cases.map(|c| if c.patient.is_empty() { &c.image } else { &c.patient }.as_str()).collect();
    Bootstrap::new(&names, SEED)
}

impl MethodSummary {
    fn of(cases: &[ImageResult], number: usize, method: Method) -> Self {
        let maps: Vec<(&ImageResult, &MapResult)> =
            cases.iter().filter_map(|c| Some((c, c.maps.get(number)?.as_ref()?))).collect();
        let marking: Vec<&(&ImageResult, &MapResult)> = maps.iter().filter(|(_, t)| !t.measures.is_empty()).collect();
        let drawn = bootstrap(marking.iter().map(|(case, _)| *case));
        let line = |(m, measure): (usize, Measure)| {
            let measures: Vec<&MeasureReading> = marking.iter().filter_map(|(_, t)| t.measures.get(m)).collect();
            let mean =
                |value: fn(&MeasureReading) -> f64| drawn.mean(&measures.iter().map(|r| value(r)).collect::<Vec<_>>());
            let beaten = measures.iter().filter(|r| r.beats_both).count();
            MeasureSummary {
                measure,
                map: mean(|r| r.map),
                blob: mean(|r| r.blob),
                random: mean(|r| r.random),
                over_blob: mean(MeasureReading::over_blob),
                over_random: mean(MeasureReading::over_random),
                beats_both: beaten as f64 / maps.len() as f64,
            }
        };
        let measures =
            if marking.is_empty() { Vec::new() } else { Measure::ALL.into_iter().enumerate().map(line).collect() };
        let known: Vec<(&ImageResult, f64)> = maps.iter().filter_map(|(c, t)| Some((*c, t.sensitivity?))).collect();
        let sensitivity = (!known.is_empty()).then(|| {
            let values: Vec<f64> = known.iter().map(|(_, v)| *v).collect();
            (bootstrap(known.iter().map(|(case, _)| *case)).mean(&values), values.len())
        });
        let count =
            |outcome| maps.iter().filter(|(_, t)| t.randomization.is_some_and(|f| f.outcome == outcome)).count();
        let (passes, fails, undecided) = (count(Outcome::Passes), count(Outcome::Fails), count(Outcome::Undecided));
        Self {
            method,
            images: maps.len(),
            patients: drawn.patients(),
            silent: maps.len() - marking.len(),
            measures,
            place: None,
            rank: None,
            sensitivity,
            checks: RandomizationCounts { passes, fails, undecided },
        }
    }

    /// Why the method has no rank.
    #[must_use]
    pub fn apart(&self) -> Option<NoRank> {
        let RandomizationCounts { fails, .. } = self.checks;
        let decided = self.checks.decided();
        if self.patients < FEW {
            Some(NoRank::FewPatients)
        } else if decided > 0 && 2 * fails >= decided {
            Some(NoRank::Fails)
        } else if self.method.fails_sanity_check().is_some() {
            Some(NoRank::KnownToFail)
        } else if decided > 0 {
            None
        } else if self.checks.made() > 0 {
            Some(NoRank::Undecided)
        } else {
            Some(NoRank::NotChecked)
        }
    }

    /// Measures on which the method is better than the blob; `None` where there are too few
    /// patients to say.
    #[must_use]
    pub fn better_than_blob(&self) -> Option<usize> {
        (self.patients >= FEW).then(|| self.measures.iter().filter(|l| l.is_better_than_blob()).count())
    }

    /// The same of the random map.
    #[must_use]
    pub fn better_than_random(&self) -> Option<usize> {
        (self.patients >= FEW).then(|| self.measures.iter().filter(|l| l.is_better_than_random()).count())
    }

    fn to_json(&self) -> Value {
        let line = |l: &MeasureSummary| {
            let figures = json!({
                "better": l.measure.better(),
                "map": l.map,
                "centred_blob": l.blob,
                "random_map": l.random,
                "gain_over_blob": l.over_blob,
                "gain_over_random": l.over_random,
                "beats_both": l.beats_both,
            });
            (l.measure.key().to_owned(), figures)
        };
        let RandomizationCounts { passes, fails, undecided } = self.checks;
        json!({
            "method": self.method.key(),
            "rank": self.rank,
            "measures_better_than_blob": self.better_than_blob(),
            "measures_better_than_random": self.better_than_random(),
            "mean_place": self.place,
            "images": self.images,
            "patients": self.patients,
            "maps_that_mark_nothing": self.silent,
            "measures": self.measures.iter().map(line).collect::<Map<_, _>>(),
            "sensitivity": self.sensitivity.map(|(mean, _)| mean),
            "randomization": { "passes": passes, "fails": fails, "undecided": undecided },
            "known_to_fail": self.method.fails_sanity_check().is_some(),
            "without_rank": self.apart().map(NoRank::key),
        })
    }
}

#[cfg(test)]
mod tests;
