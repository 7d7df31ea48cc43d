//! The figures of many maps: means with intervals by patient, gains over the control maps image by image, and the rank of the methods.
//!
//! **Gain**: the map's value minus the control map's on the same image, turned so that more is better. **Better than the blob** on a measure is a
//! method whose mean gain has an interval above 0. **Rank**: first by the number of measures on which a method is better than the
//! blob, then by its mean place: on each measure the methods stand in the order of their mean gains over the blob (the best is 1, equals
//! in three digits share the mean of their places), and the mean of the four places counts. Methods that are alike in both share a rank. Places go by gain
//! and not by value since a large map keeps the score without merit; the blob is as large as the map.
//!
//! **Without a rank**: a map that hardly changes when the model forgets what it learned shows the image and not the model, however well its measures
//! turn out by luck (Adebayo et al. 2018). So only methods that pass the randomisation check are ranked, and only they have places. The others
//! stand behind them with the [reason](Apart): they fail it on half of the checked images or more, are known to fail it, were not checked, or
//! have maps of which the check can say nothing.
//!
//! An image on which a map marks no place more than another has no value; it is in no mean, it is counted, and it counts as beaten.
//! With fewer than [`FEW`] patients there is no rank.

use serde_json::{Map, Value, json};

use super::{Case, Reading, Trial};
use crate::evaluation::bootstrap::{Bootstrap, Mean};
pub use crate::evaluation::localization::summary::FEW;
use crate::explain::Method;
use crate::explain::faithfulness::Measure;
use crate::explain::faithfulness::randomization::Outcome;

/// Seed of the intervals.
const SEED: u64 = 7;

/// One measure of one method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub measure: Measure,
    pub map: Mean,
    pub blob: Mean,
    pub random: Mean,
    /// Gains, image by image; more is better.
    pub over_blob: Mean,
    pub over_random: Mean,
    /// Share of images on which the map beats both rivals.
    pub beats_both: f64,
}

impl Line {
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

/// Randomisation checks by their outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    pub passes: usize,
    pub fails: usize,
    pub undecided: usize,
}

impl Checks {
    /// Checks that say something.
    #[must_use]
    pub fn decided(self) -> usize {
        self.passes + self.fails
    }

    /// All that were made.
    #[must_use]
    pub fn made(self) -> usize {
        self.decided() + self.undecided
    }
}

/// Why a method has no rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Apart {
    NotChecked,
    Undecided,
    KnownToFail,
    Fails,
    FewPatients,
}

impl Apart {
    /// Name in tables for machines.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::NotChecked => "not-checked",
            Self::Undecided => "check-undecided",
            Self::KnownToFail => "known-to-fail-the-check",
            Self::Fails => "fails-the-check",
            Self::FewPatients => "few-patients",
        }
    }

    /// The reason in a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NotChecked => "the randomisation check was not made",
            Self::Undecided => "the randomisation check can say nothing of it",
            Self::KnownToFail => "known to fail the randomisation check, and so few images do not clear it",
            Self::Fails => "fails the randomisation check",
            Self::FewPatients => "too few patients",
        }
    }
}

/// One method over all images.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub method: Method,
    /// Images with a map, and the patients of those on which it marks something.
    pub images: usize,
    pub patients: usize,
    /// Maps that mark no place more than another.
    pub silent: usize,
    /// In the order of [`Measure::ALL`]; empty where no map marks anything.
    pub lines: Vec<Line>,
    /// Mean place on the measures among the methods that are ranked.
    pub place: Option<f64>,
    /// `None` where the method stands [apart](Self::apart).
    pub rank: Option<usize>,
    /// Over the images on which it is known, and their number.
    pub sensitivity: Option<(Mean, usize)>,
    pub checks: Checks,
}

/// All methods over all images.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    pub images: usize,
    pub patients: usize,
    /// Images on which sensitivity and randomisation were asked for.
    pub checked: usize,
    /// By rank; those without one behind, by the reason.
    pub standings: Vec<Standing>,
}

impl Summary {
    /// Sums up `cases`, whose trials are those of `methods`, in this order.
    #[must_use]
    pub fn of(cases: &[Case], methods: &[Method]) -> Self {
        let patients = bootstrap(cases.iter()).patients();
        let standing = |(number, method): (usize, &Method)| Standing::of(cases, number, *method);
        let mut standings: Vec<Standing> = methods.iter().enumerate().map(standing).collect();
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
            "methods": self.standings.iter().map(Standing::to_json).collect::<Vec<_>>(),
            "conclusions": self.conclusions(),
        })
    }
}

/// Images of one patient are drawn together.
fn bootstrap<'a>(cases: impl Iterator<Item = &'a Case>) -> Bootstrap {
    let names: Vec<&str> = cases.map(|c| if c.patient.is_empty() { &c.image } else { &c.patient }.as_str()).collect();
    Bootstrap::new(&names, SEED)
}

impl Standing {
    fn of(cases: &[Case], number: usize, method: Method) -> Self {
        let trials: Vec<(&Case, &Trial)> =
            cases.iter().filter_map(|c| Some((c, c.trials.get(number)?.as_ref()?))).collect();
        let marking: Vec<&(&Case, &Trial)> = trials.iter().filter(|(_, t)| !t.readings.is_empty()).collect();
        let drawn = bootstrap(marking.iter().map(|(case, _)| *case));
        let line = |(m, measure): (usize, Measure)| {
            let readings: Vec<&Reading> = marking.iter().filter_map(|(_, t)| t.readings.get(m)).collect();
            let mean = |value: fn(&Reading) -> f64| drawn.mean(&readings.iter().map(|r| value(r)).collect::<Vec<_>>());
            let beaten = readings.iter().filter(|r| r.beats_both).count();
            Line {
                measure,
                map: mean(|r| r.map),
                blob: mean(|r| r.blob),
                random: mean(|r| r.random),
                over_blob: mean(Reading::over_blob),
                over_random: mean(Reading::over_random),
                beats_both: beaten as f64 / trials.len() as f64,
            }
        };
        let lines =
            if marking.is_empty() { Vec::new() } else { Measure::ALL.into_iter().enumerate().map(line).collect() };
        let known: Vec<(&Case, f64)> = trials.iter().filter_map(|(c, t)| Some((*c, t.sensitivity?))).collect();
        let sensitivity = (!known.is_empty()).then(|| {
            let values: Vec<f64> = known.iter().map(|(_, v)| *v).collect();
            (bootstrap(known.iter().map(|(case, _)| *case)).mean(&values), values.len())
        });
        let count = |outcome| trials.iter().filter(|(_, t)| t.forgotten.is_some_and(|f| f.outcome == outcome)).count();
        let (passes, fails, undecided) = (count(Outcome::Passes), count(Outcome::Fails), count(Outcome::Undecided));
        Self {
            method,
            images: trials.len(),
            patients: drawn.patients(),
            silent: trials.len() - marking.len(),
            lines,
            place: None,
            rank: None,
            sensitivity,
            checks: Checks { passes, fails, undecided },
        }
    }

    /// Why the method has no rank.
    #[must_use]
    pub fn apart(&self) -> Option<Apart> {
        let Checks { fails, .. } = self.checks;
        let decided = self.checks.decided();
        if self.patients < FEW {
            Some(Apart::FewPatients)
        } else if decided > 0 && 2 * fails >= decided {
            Some(Apart::Fails)
        } else if self.method.fails_sanity_check().is_some() {
            Some(Apart::KnownToFail)
        } else if decided > 0 {
            None
        } else if self.checks.made() > 0 {
            Some(Apart::Undecided)
        } else {
            Some(Apart::NotChecked)
        }
    }

    /// Measures on which the method is better than the blob; `None` where there are too few patients to say.
    #[must_use]
    pub fn better_than_blob(&self) -> Option<usize> {
        (self.patients >= FEW).then(|| self.lines.iter().filter(|l| l.is_better_than_blob()).count())
    }

    /// The same of the random map.
    #[must_use]
    pub fn better_than_random(&self) -> Option<usize> {
        (self.patients >= FEW).then(|| self.lines.iter().filter(|l| l.is_better_than_random()).count())
    }

    fn to_json(&self) -> Value {
        let line = |l: &Line| {
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
        let Checks { passes, fails, undecided } = self.checks;
        json!({
            "method": self.method.key(),
            "rank": self.rank,
            "measures_better_than_blob": self.better_than_blob(),
            "measures_better_than_random": self.better_than_random(),
            "mean_place": self.place,
            "images": self.images,
            "patients": self.patients,
            "maps_that_mark_nothing": self.silent,
            "measures": self.lines.iter().map(line).collect::<Map<_, _>>(),
            "sensitivity": self.sensitivity.map(|(mean, _)| mean),
            "randomization": { "passes": passes, "fails": fails, "undecided": undecided },
            "known_to_fail": self.method.fails_sanity_check().is_some(),
            "without_rank": self.apart().map(Apart::key),
        })
    }
}

/// The mean places of the methods that are ranked.
fn place(standings: &mut [Standing]) {
    let mut ranked: Vec<&mut Standing> = standings.iter_mut().filter(|s| s.apart().is_none()).collect();
    let mut sums = vec![0.0; ranked.len()];
    for m in 0..Measure::ALL.len() {
        // In the digits that are shown: maps that are the same but for rounding share their places.
        let digits = |s: &&mut Standing| Some((1e3 * s.lines.get(m)?.over_blob.mean).round());
        let values: Vec<Option<f64>> = ranked.iter().map(digits).collect();
        for (sum, own) in sums.iter_mut().zip(&values) {
            let Some(own) = own else { continue };
            let others = || values.iter().flatten();
            let (ahead, equal) = (others().filter(|v| *v > own).count(), others().filter(|v| *v == own).count());
            *sum += ahead as f64 + f64::midpoint(1.0, equal as f64);
        }
    }
    for (standing, sum) in ranked.iter_mut().zip(sums) {
        standing.place = Some(sum / Measure::ALL.len() as f64);
    }
}

/// Ranks the methods that have a place, and puts them in that order, the others behind.
fn rank(standings: &mut [Standing]) {
    let key = |s: &Standing| Some((s.better_than_blob()?, s.place?));
    let is_ahead = |a: (usize, f64), b: (usize, f64)| a.0 > b.0 || (a.0 == b.0 && a.1 < b.1);
    let keys: Vec<Option<(usize, f64)>> = standings.iter().map(key).collect();
    for (standing, own) in standings.iter_mut().zip(&keys) {
        standing.rank = own.map(|own| 1 + keys.iter().flatten().filter(|other| is_ahead(**other, own)).count());
    }
    standings.sort_by_key(|s| (s.rank.unwrap_or(usize::MAX), s.apart()));
}

#[cfg(test)]
mod tests {
    use super::super::testing::{case, checked, trial};
    use super::*;

    const METHODS: [Method; 3] = [Method::GradCam, Method::Saliency, Method::EigenCam];

    /// A map that passes the check.
    fn passing(leads: [f64; 4]) -> Trial {
        checked(trial(leads), Outcome::Passes)
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn means_and_gains_are_those_of_hand() {
        let cases: Vec<Case> = [0.1, 0.2, 0.3, 0.0]
            .into_iter()
            .enumerate()
            .map(|(i, lead)| case(i, vec![Some(trial([lead, -lead, lead, 0.0]))]))
            .collect();
        let standing = Summary::of(&cases, &METHODS[..1]).standings.remove(0);
        let [deletion, insertion, road, drop] = standing.lines[..] else { panic!("four measures") };
        assert!(near(deletion.map.mean, 0.5) && near(deletion.blob.mean, 0.65) && near(insertion.blob.mean, 0.65));
        assert!(near(deletion.over_blob.mean, 0.15) && near(insertion.over_blob.mean, -0.15));
        assert!(near(road.over_random.mean, 0.15) && near(drop.over_blob.mean, 0.0));
        assert!(near(deletion.beats_both, 0.75) && near(insertion.beats_both, 0.0));
        let (low, high) = deletion.over_blob.low.zip(deletion.over_blob.high).unwrap();
        assert!((0.0..0.15).contains(&low) && high > 0.15 && high <= 0.3, "{low} {high}");
    }

    #[test]
    fn methods_rank_by_the_blob_first_and_then_by_their_places() {
        let leads = [[0.1, 0.1, -0.1, -0.1], [0.1; 4], [0.0; 4]];
        let cases: Vec<Case> = (0..6).map(|i| case(i, leads.iter().map(|l| Some(passing(*l))).collect())).collect();
        let standings = Summary::of(&cases, &METHODS).standings;
        let told: Vec<_> = standings.iter().map(|s| (s.method, s.rank, s.better_than_blob(), s.place)).collect();
        assert_eq!(
            told,
            [
                (Method::Saliency, Some(1), Some(4), Some(1.25)),
                (Method::GradCam, Some(2), Some(2), Some(2.25)),
                (Method::EigenCam, Some(3), Some(0), Some(2.5)),
            ]
        );
    }

    #[test]
    fn alike_methods_share_a_rank_and_places_decide_between_those_that_the_blob_cannot_tell_apart() {
        let better = |mut t: Trial| {
            t.readings[0].map -= 0.2;
            t.readings[1].map += 0.2;
            t
        };
        let cases: Vec<Case> = (0..6)
            .map(|i| case(i, vec![Some(passing([0.1; 4])), Some(passing([0.1; 4])), Some(better(passing([0.1; 4])))]))
            .collect();
        let standings = Summary::of(&cases, &METHODS).standings;
        // On deletion and insertion the third method is first and the others share places 2 and 3.
        let told: Vec<_> = standings.iter().map(|s| (s.method, s.rank, s.place)).collect();
        assert_eq!(told[0], (Method::EigenCam, Some(1), Some(1.5)));
        assert_eq!(told[1], (Method::GradCam, Some(2), Some(2.25)));
        assert_eq!(told[2], (Method::Saliency, Some(2), Some(2.25)));
    }

    #[test]
    fn methods_that_differ_by_rounding_share_a_rank() {
        let cases: Vec<Case> =
            (0..6).map(|i| case(i, vec![Some(passing([0.1; 4])), Some(passing([0.1 + 1e-7; 4]))])).collect();
        let standings = Summary::of(&cases, &METHODS[..2]).standings;
        assert_eq!(standings.iter().map(|s| (s.rank, s.place)).collect::<Vec<_>>(), [(Some(1), Some(1.5)); 2]);
    }

    #[test]
    fn a_map_that_marks_nothing_is_in_no_mean_and_counts_as_beaten() {
        let nothing = Trial { readings: Vec::new(), sensitivity: None, forgotten: None };
        let cases: Vec<Case> = (0..8)
            .map(|i| {
                case(
                    i,
                    vec![Some(if i < 2 { nothing.clone() } else { passing([0.1; 4]) }), Some(nothing.clone()), None],
                )
            })
            .collect();
        let standings = Summary::of(&cases, &METHODS).standings;
        assert_eq!((standings[0].images, standings[0].silent, standings[0].patients), (8, 2, 6));
        assert!(near(standings[0].lines[0].over_blob.mean, 0.1) && near(standings[0].lines[0].beats_both, 0.75));
        assert_eq!((standings[1].silent, standings[1].rank, standings[1].lines.len()), (8, None, 0));
        assert_eq!((standings[2].images, standings[2].rank), (0, None));
    }

    #[test]
    fn images_of_one_patient_are_one_patient_and_few_patients_have_no_rank() {
        let mut cases: Vec<Case> = (0..8).map(|i| case(i, vec![Some(passing([0.1; 4]))])).collect();
        assert_eq!(Summary::of(&cases, &METHODS[..1]).patients, 8);
        cases.iter_mut().enumerate().for_each(|(i, c)| c.patient = format!("p{}", i % 4));
        let summary = Summary::of(&cases, &METHODS[..1]);
        let standing = &summary.standings[0];
        assert_eq!((summary.patients, standing.rank, standing.better_than_blob()), (4, None, None));
        assert_eq!(summary.to_json()["methods"][0]["rank"], Value::Null);
    }

    #[test]
    fn a_method_that_fails_the_randomisation_check_has_no_rank_whatever_its_measures() {
        let methods = [Method::Saliency, Method::GradCam, Method::GuidedBackprop, Method::Rise, Method::Occlusion];
        let of = |i: usize| {
            let outcome = if i < 3 { Outcome::Fails } else { Outcome::Passes };
            vec![
                Some(checked(trial([0.4; 4]), outcome)),
                Some(passing([0.1, 0.1, -0.1, -0.1])),
                Some(passing([0.4; 4])),
                Some(trial([0.4; 4])),
                Some(checked(trial([0.4; 4]), Outcome::Undecided)),
            ]
        };
        let cases: Vec<Case> = (0..6).map(|i| case(i, of(i))).collect();
        let summary = Summary::of(&cases, &methods);
        let told: Vec<_> = summary.standings.iter().map(|s| (s.method, s.rank, s.place, s.apart())).collect();
        assert_eq!(
            told,
            [
                (Method::GradCam, Some(1), Some(1.0), None),
                (Method::Rise, None, None, Some(Apart::NotChecked)),
                (Method::Occlusion, None, None, Some(Apart::Undecided)),
                (Method::GuidedBackprop, None, None, Some(Apart::KnownToFail)),
                (Method::Saliency, None, None, Some(Apart::Fails)),
            ]
        );
        let json = summary.to_json();
        assert_eq!(json["methods"][0]["without_rank"], Value::Null);
        assert_eq!(json["methods"][4]["without_rank"], "fails-the-check");
        assert_eq!(json["methods"][4]["rank"], Value::Null);
    }

    #[test]
    fn checks_are_counted_where_they_were_made() {
        let outcomes = [Outcome::Passes, Outcome::Fails, Outcome::Passes, Outcome::Undecided];
        let mut cases: Vec<Case> = (0..6).map(|i| case(i, vec![Some(trial([0.1; 4]))])).collect();
        for (i, outcome) in outcomes.into_iter().enumerate() {
            cases[i] = case(i, vec![Some(checked(trial([0.1; 4]), outcome))]);
        }
        let summary = Summary::of(&cases, &METHODS[..1]);
        assert_eq!(summary.checked, 4);
        let standing = &summary.standings[0];
        assert_eq!(standing.checks, Checks { passes: 2, fails: 1, undecided: 1 });
        assert_eq!(standing.sensitivity.map(|(mean, n)| (mean.mean, n)), Some((0.25, 4)));
        let json = summary.to_json();
        assert_eq!(
            json["methods"][0]["measures"]["deletion"]["gain_over_blob"]["low"].as_f64().map(|v| near(v, 0.1)),
            Some(true)
        );
        assert_eq!(json["methods"][0]["randomization"]["fails"], 1);
    }

    #[test]
    fn no_images_give_no_figures() {
        let summary = Summary::of(&[], &METHODS);
        assert_eq!((summary.images, summary.patients), (0, 0));
        assert!(summary.standings.iter().all(|s| s.lines.is_empty() && s.rank.is_none()));
    }
}
