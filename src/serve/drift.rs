//! Drift: are the images that arrive like those that the model was calibrated on?
//!
//! Three things are watched over windows of [`WINDOW`] images that do not overlap, so that each test
//! is of images of its own:
//!
//! - **Scores.** The calibration set is known by its bins of equal size (`calibration.toml`): how many
//!   images, and their mean probability. Borders between bins are taken half way between the means of
//!   neighbours. Counts in these bins are compared by the population stability index
//!   `PSI = Σ (p − q) ln(p / q)` (Siddiqi 2006, Credit Risk Scorecards) and by Pearson's χ² of two
//!   samples; there is a notice where PSI exceeds [`LARGE`] and p lies below [`ALPHA`].
//! - **Refusals of the gate** and **images outside the population.** No calibration set says how many
//!   to expect, so the first window of this node is what later ones are compared with (two
//!   proportions, pooled, p below [`ALPHA`]). That window was looked at by nobody: where it was unlike
//!   what the model was made for, so is what later ones are compared with.
//!
//! A model is watched by its name and weights: others begin with a first window of their own. What was
//! seen stands in the journal with the results of each image, so that windows go on, and the first one
//! stays the first, when the process begins again.
//!
//! What it does not say: whether the model is wrong. Other patients, another scanner and another mix
//! of requests all move scores; only labelled images tell the difference.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF as _, Normal};

use crate::model::calibration::Calibration;

/// Images of a window.
pub const WINDOW: usize = 100;
/// A population stability index that is called large.
pub const LARGE: f64 = 0.25;
/// How rarely a test may be wrong.
pub const ALPHA: f64 = 0.001;

/// What a model made of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    pub model: String,
    /// SHA-256 of its weights.
    pub weights: String,
    /// Calibrated probabilities by label and group; none where the gate refused.
    pub scores: Vec<(String, f32)>,
    /// Whether the gate took the image; `None` where the model has none.
    pub is_accepted: Option<bool>,
    /// Whether it is outside the population; `None` where nothing is known of it.
    pub is_outside: Option<bool>,
}

/// Counts of yes among those that could be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Share {
    yes: usize,
    all: usize,
}

impl Share {
    fn count(&mut self, value: Option<bool>) {
        self.all += usize::from(value.is_some());
        self.yes += usize::from(value == Some(true));
    }

    fn value(self) -> f64 {
        self.yes as f64 / self.all.max(1) as f64
    }
}

/// Scores of a label on the calibration set.
#[derive(Clone, Debug, PartialEq)]
struct Reference {
    borders: Vec<f64>,
    counts: Vec<f64>,
    mean: f64,
}

impl Reference {
    fn of(bins: &[crate::model::calibration::Bin]) -> Option<Self> {
        let mut bins: Vec<_> = bins.iter().filter(|b| b.n > 0).collect();
        bins.sort_by(|a, b| a.said.total_cmp(&b.said));
        let all: usize = bins.iter().map(|b| b.n).sum();
        (bins.len() >= 2).then(|| Self {
            borders: bins.windows(2).map(|pair| f64::midpoint(pair[0].said, pair[1].said)).collect(),
            counts: bins.iter().map(|b| b.n as f64).collect(),
            mean: bins.iter().map(|b| b.n as f64 * b.said).sum::<f64>() / all as f64,
        })
    }

    fn bin(&self, score: f64) -> usize {
        self.borders.partition_point(|border| *border < score)
    }
}

#[derive(Debug, Default)]
struct Watched {
    images: usize,
    scores: HashMap<String, Vec<f64>>,
    refused: Share,
    outside: Share,
    /// The first window.
    first: Option<(Share, Share)>,
}

/// Watches what models make of the images that arrive.
#[derive(Debug, Default)]
pub struct Drift {
    /// By name and weights.
    models: HashMap<(String, String), Watched>,
    references: HashMap<String, Known>,
}

/// What is known of a model's calibration set.
#[derive(Debug)]
struct Known {
    set: String,
    images: usize,
    by_name: HashMap<String, Reference>,
}

impl Drift {
    /// Gives the calibration set of a model.
    pub fn know(&mut self, model: &str, calibration: &Calibration) {
        let reference = |t: &crate::model::calibration::Target| Some((t.name.clone(), Reference::of(&t.bins)?));
        let by_name = calibration.targets.iter().filter_map(reference).collect();
        let known = Known { set: calibration.set.clone(), images: calibration.images, by_name };
        self.references.insert(model.to_owned(), known);
    }

    /// Whether the calibration set of a model was given.
    #[must_use]
    pub fn knows(&self, model: &str) -> bool {
        self.references.contains_key(model)
    }

    /// Takes in an image; yields notices where a window ended and something moved.
    pub fn observe(&mut self, seen: &Observation) -> Vec<String> {
        let watched = self.models.entry((seen.model.clone(), seen.weights.clone())).or_default();
        watched.images += 1;
        watched.refused.count(seen.is_accepted.map(|accepted| !accepted));
        watched.outside.count(seen.is_outside);
        for (name, score) in &seen.scores {
            watched.scores.entry(name.clone()).or_default().push(f64::from(*score));
        }
        if watched.images < WINDOW {
            return Vec::new();
        }
        let window = std::mem::take(watched);
        let mut notices = Vec::new();
        if let Some(known) = self.references.get(&seen.model) {
            let mut names: Vec<&String> = window.scores.keys().collect();
            names.sort();
            for name in names {
                let reference = known.by_name.get(name);
                notices.extend(reference.and_then(|r| moved(&seen.model, name, &window.scores[name], r, known)));
            }
        }
        let now = (window.refused, window.outside);
        let first = window.first.unwrap_or(now);
        let kinds = [("refused by the gate", first.0, now.0), ("outside the population", first.1, now.1)];
        for (what, before, now) in kinds {
            notices.extend(changed(&seen.model, what, before, now));
        }
        watched.first = Some(first);
        notices
    }
}

/// A notice where scores lie otherwise than on the calibration set.
fn moved(model: &str, name: &str, scores: &[f64], reference: &Reference, known: &Known) -> Option<String> {
    let mut counts = vec![0.0_f64; reference.counts.len()];
    scores.iter().for_each(|score| counts[reference.bin(*score)] += 1.0);
    let (all, expected): (f64, f64) = (counts.iter().sum(), reference.counts.iter().sum());
    let (mut psi, mut chi) = (0.0, 0.0);
    for (found, known) in counts.iter().zip(&reference.counts) {
        // Half an image in empty bins, so that the logarithm is one.
        let (p, q) = (found.max(0.5) / all, known.max(0.5) / expected);
        psi += (p - q) * (p / q).ln();
        let pooled = (found + known) / (all + expected);
        if pooled > 0.0 {
            chi += (found - all * pooled).powi(2) / (all * pooled);
            chi += (known - expected * pooled).powi(2) / (expected * pooled);
        }
    }
    let p = 1.0 - ChiSquared::new((counts.len() - 1) as f64).ok()?.cdf(chi);
    let mean = scores.iter().sum::<f64>() / all;
    (psi > LARGE && p < ALPHA).then(|| {
        format!(
            "{model}: over the last {WINDOW} images the scores of {name} lie otherwise than on the calibration set \
             ({}, {} images): mean {mean:.2} instead of {:.2}, PSI {psi:.2}, chi-square p < {ALPHA}. Whether the model \
             errs more is not known: other patients, another scanner or another mix of requests move scores, too",
            known.set, known.images, reference.mean
        )
    })
}

/// A notice where a share is another one than in the first window.
fn changed(model: &str, what: &str, before: Share, now: Share) -> Option<String> {
    if before.all == 0 || now.all == 0 {
        return None;
    }
    let pooled = (before.yes + now.yes) as f64 / (before.all + now.all) as f64;
    let spread = (pooled * (1.0 - pooled) * (1.0 / before.all as f64 + 1.0 / now.all as f64)).sqrt();
    if spread <= 0.0 {
        return None;
    }
    let z = (now.value() - before.value()).abs() / spread;
    let p = 2.0 * (1.0 - Normal::standard().cdf(z));
    (p < ALPHA).then(|| {
        format!(
            "{model}: {} of the last {} images were {what}, and {} of the first {} that it was given here since the \
             journal began (p < {ALPHA}). The calibration set states no such share, so these first images are all that \
             there is to compare with; it is not known which of the two is usual",
            now.yes, now.all, before.yes, before.all
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::calibration::{Bin, Target};

    fn calibration() -> Calibration {
        // Scores spread evenly over 0–1, in ten bins.
        let bin = |i: usize| Bin { n: 50, said: 0.05 + 0.1 * i as f64, seen: 0.5, low: 0.4, high: 0.6 };
        let target = Target {
            name: "Pneumonia".into(),
            with: 250,
            without: 250,
            present_above: Vec::new(),
            absent_below: Vec::new(),
            ece: 0.0,
            brier: 0.0,
            bins: (0..10).map(bin).collect(),
        };
        Calibration {
            format: 2,
            model: "m".into(),
            weights_sha256: String::new(),
            temperature: 1.0,
            set: "set".into(),
            images: 500,
            patients: 400,
            date: String::new(),
            note: String::new(),
            risks: Vec::new(),
            targets: vec![target],
            operating: Vec::new(),
            study: None,
        }
    }

    fn seen(score: f32, outside: bool) -> Observation {
        Observation {
            model: "m".into(),
            weights: "w".into(),
            scores: vec![("Pneumonia".into(), score)],
            is_accepted: Some(true),
            is_outside: Some(outside),
        }
    }

    #[test]
    fn scores_as_on_the_calibration_set_give_no_notice() {
        let mut drift = Drift::default();
        drift.know("m", &calibration());
        for i in 0..5 * WINDOW {
            // A sequence that fills the interval evenly.
            let score = (i as f32 * 0.618_034).fract();
            assert!(drift.observe(&seen(score, i % 20 == 0)).is_empty(), "{i}");
        }
    }

    #[test]
    fn scores_that_moved_are_said_once_a_window_with_what_is_known() {
        let mut drift = Drift::default();
        drift.know("m", &calibration());
        let mut notices = Vec::new();
        for i in 0..2 * WINDOW {
            notices.extend(drift.observe(&seen(0.5 + 0.5 * (i as f32 * 0.618_034).fract(), false)));
        }
        assert_eq!(notices.len(), 2, "{notices:?}");
        assert!(
            notices[0].contains("mean 0.75 instead of 0.50") && notices[0].contains("is not known"),
            "{}",
            notices[0]
        );
    }

    #[test]
    fn other_weights_begin_with_a_first_window_of_their_own() {
        let mut drift = Drift::default();
        let mut notices = Vec::new();
        for i in 0..2 * WINDOW {
            let weights = if i < WINDOW { "w" } else { "x" };
            notices.extend(drift.observe(&Observation { weights: weights.into(), ..seen(0.5, i >= WINDOW) }));
        }
        assert!(notices.is_empty(), "{notices:?}");
    }

    #[test]
    fn a_share_is_compared_with_the_first_window_of_this_node() {
        let mut drift = Drift::default();
        let mut notices = Vec::new();
        for i in 0..3 * WINDOW {
            notices.extend(drift.observe(&seen(0.5, if i < WINDOW { i % 50 == 0 } else { i % 3 == 0 })));
        }
        assert_eq!(notices.len(), 2, "{notices:?}");
        assert!(notices[0].contains("33 of the last 100 images were outside"), "{}", notices[0]);
    }
}
