//! From an evaluated set to what is kept with the model: the cuts of the conformal states, the
//! reliability diagram, and how often the operating threshold is right, of each label and group.
//!
//! What a set is worth depends on what else it did to the model, which the note says. Images whose
//! truth about a target is unknown take no part in that target.

use std::collections::BTreeSet;

use super::calibration;
use super::calibration::Binning;
use super::performance::shares::Decisions;
use super::predictions::Predictions;
use crate::model::calibration::{Bin, Calibration, OperatingPoint, Proportion, Target};
use crate::model::conformal::{Cuts, RISKS};
use crate::model::manifest::Manifest;

/// What a calibration set was to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nobody said.
    Unknown,
    /// Held out from training, but it chose temperature, thresholds and epoch.
    Validation,
    /// Kept apart, by patient, for calibration alone.
    Calibration,
    /// It took no part in making the model.
    Apart,
}

impl Role {
    /// What follows from it, in sentences for the reader.
    #[must_use]
    pub fn note(self) -> &'static str {
        match self {
            Self::Unknown => "What part these images took in making the model is not known.",
            Self::Validation => {
                "These images were held out from training, but they chose the epoch, the temperature and the thresholds: the diagram flatters a little, and the stated risk holds nearly, not strictly."
            }
            Self::Calibration => {
                "These images were kept apart, by patient, for calibration: they chose neither weights nor epoch, temperature or thresholds."
            }
            Self::Apart => "These images took no part in making the model.",
        }
    }
}

/// Whether some target has images both with and without it, without which nothing can be
/// calibrated.
#[must_use]
pub fn has_both_kinds(set: &Predictions) -> bool {
    (0..set.targets.len()).any(|t| {
        let positive = set.known(t).positive;
        positive.contains(&true) && positive.contains(&false)
    })
}

/// What the model of `manifest` says of `set`, as it is kept with the model. `name` is the set's,
/// `date` the day.
#[must_use]
pub fn calibrate(manifest: &Manifest, set: &Predictions, name: &str, role: Role, date: &str) -> Calibration {
    // An image without a patient counts as its own.
    let patients: BTreeSet<&str> =
        set.rows.iter().map(|r| if r.patient.is_empty() { r.image.as_str() } else { r.patient.as_str() }).collect();
    Calibration {
        set: name.to_owned(),
        images: set.rows.len(),
        patients: patients.len(),
        date: date.to_owned(),
        note: role.note().to_owned(),
        targets: (0..set.targets.len()).map(|t| target(set, t)).collect(),
        operating: (0..set.targets.len()).filter_map(|t| operating(manifest, set, t)).collect(),
        ..Calibration::of(manifest)
    }
}

fn target(set: &Predictions, number: usize) -> Target {
    let known = set.known(number);
    let of = |kind: bool| -> Vec<f32> {
        let own = known.scores.iter().zip(&known.positive).filter(|(_, positive)| **positive == kind);
        own.map(|(score, _)| *score as f32).collect()
    };
    let (with, without) = (of(true), of(false));
    let cuts: Vec<Cuts> = RISKS.iter().map(|risk| Cuts::of(&with, &without, *risk)).collect();
    let patients: Vec<&str> = known.rows.iter().map(|&i| set.rows[i].patient.as_str()).collect();
    let bins = calibration::reliability_by_patient(&known.scores, &known.positive, &patients, Binning::EqualMass);
    let bin = |b: &calibration::Bin| {
        let (low, high) = b.interval();
        let [said, seen, low, high] = [b.confidence, b.observed, low, high].map(rounded);
        Bin { n: b.n, said, seen, low, high }
    };
    Target {
        name: set.targets[number].name.clone(),
        with: with.len(),
        without: without.len(),
        present_above: cuts.iter().map(|c| c.present_above).collect(),
        absent_below: cuts.iter().map(|c| c.absent_below).collect(),
        ece: rounded(calibration::error(&bins).unwrap_or(0.0)),
        brier: rounded(calibration::binary_brier(&known.scores, &known.positive).unwrap_or(0.0)),
        bins: bins.iter().map(bin).collect(),
    }
}

/// How often the manifest's threshold of a target is right; `None` without images of both kinds.
fn operating(manifest: &Manifest, set: &Predictions, number: usize) -> Option<OperatingPoint> {
    let name = &set.targets[number].name;
    let labels = manifest.labels.iter().map(|l| (&l.name, l.threshold));
    let (_, threshold) =
        labels.chain(manifest.groups.iter().map(|g| (&g.name, g.threshold))).find(|(n, _)| *n == name)?;
    let decisions = Decisions::at(f64::from(threshold), &set.known(number), set);
    let short = |p: Proportion| {
        let [value, low, high] = [p.value, p.low, p.high].map(rounded);
        Proportion { value, low, high }
    };
    let (sensitivity, specificity) = (short(decisions.sensitivity()?), short(decisions.specificity()?));
    Some(OperatingPoint { name: name.clone(), threshold, sensitivity, specificity })
}

/// Six decimals are enough for a diagram; cuts keep all of theirs.
fn rounded(value: f64) -> f64 {
    (value.clamp(0.0, 1.0) * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::golden::read;
    use crate::evaluation::predictions::{Prediction, Target as Asked};
    use crate::evaluation::truth::tests::chest;
    use crate::model::conformal::{RISK, Verdict};

    /// One finding, whose scores are those of the golden file.
    fn golden() -> Predictions {
        let golden = read().binary;
        let row = |(i, (score, positive)): (usize, (&f64, &bool))| Prediction {
            image: format!("{i}.png"),
            patient: if i % 3 == 0 { "one of many".into() } else { String::new() },
            truth: vec![Some(*positive)],
            probability: vec![*score],
            says: vec![*score >= 0.5],
            logits: vec![0.0],
            facts: std::collections::BTreeMap::new(),
        };
        Predictions {
            head: crate::model::manifest::Head::Sigmoid,
            targets: vec![Asked { name: "a".into(), group: false }],
            rows: golden.score.iter().zip(&golden.positive).enumerate().map(row).collect(),
        }
    }

    #[test]
    fn the_diagram_is_that_of_the_references() {
        let (golden, set) = (read().binary, golden());
        let made = calibrate(&chest(), &set, "golden", Role::Apart, "2026-11-20");
        let target = &made.targets[0];
        assert!((target.ece - golden.adaptive_ece).abs() < 1e-6);
        assert!((target.brier - read().binary_brier).abs() < 1e-6);
        assert_eq!(target.bins.iter().map(|b| b.n).sum::<usize>(), set.rows.len());
        assert!(target.bins.iter().all(|b| b.low <= b.seen && b.seen <= b.high));
        assert_eq!(target.with + target.without, set.rows.len());
        assert_eq!((made.images, made.patients), (set.rows.len(), 1 + set.rows.len() - set.rows.len().div_ceil(3)));
    }

    #[test]
    fn on_its_own_images_no_more_than_the_risk_are_called_wrongly() {
        let set = golden();
        let made = calibrate(&chest(), &set, "golden", Role::Validation, "2026-11-20");
        let cuts = made.cuts("a", RISK).unwrap();
        let verdict_of = |row: &Prediction| cuts.judge(row.probability[0] as f32);
        let of = |kind, verdict| {
            let own: Vec<_> = set.rows.iter().filter(|r| r.truth[0] == Some(kind)).collect();
            own.iter().filter(|r| verdict_of(r) == verdict).count() as f64 / own.len() as f64
        };
        assert!(of(true, Verdict::Absent) <= RISK && of(false, Verdict::Present) <= RISK);
        assert!(of(true, Verdict::Present) > 0.0);
        assert!(made.note.contains("temperature"));
    }

    #[test]
    fn how_often_the_threshold_is_right_is_kept_with_intervals_by_patient() {
        let mut set = golden();
        set.targets[0].name = "Normal".into();
        let made = calibrate(&chest(), &set, "golden", Role::Calibration, "2026-11-20");
        let threshold = chest().labels[0].threshold;
        let point = made.operating("Normal", threshold).unwrap();
        let of = |kind: bool| {
            let own: Vec<_> = set.rows.iter().filter(|r| r.truth[0] == Some(kind)).collect();
            own.iter().filter(|r| (r.probability[0] >= f64::from(threshold)) == kind).count() as f64 / own.len() as f64
        };
        assert!(
            (point.sensitivity.value - of(true)).abs() < 1e-6 && (point.specificity.value - of(false)).abs() < 1e-6
        );
        assert!(point.sensitivity.low < point.sensitivity.value && point.specificity.value < point.specificity.high);
        assert_eq!(made.operating("Normal", 0.123), None, "another threshold is right as often as nobody knows");
        assert!(made.note.contains("kept apart"));
    }

    #[test]
    fn what_no_image_knows_has_no_bins_and_no_cuts() {
        let mut set = golden();
        set.rows.iter_mut().for_each(|r| r.truth[0] = None);
        let made = calibrate(&chest(), &set, "golden", Role::Unknown, "2026-11-20");
        let target = &made.targets[0];
        assert!(target.bins.is_empty() && (target.with, target.without) == (0, 0));
        assert_eq!(made.cuts("a", RISK).unwrap().judge(0.99), Verdict::TooFew);
    }
}
