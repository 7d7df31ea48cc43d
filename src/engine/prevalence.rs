//! Predictive values of a model's thresholds at the prevalence that a reader states, for one image.
//!
//! Sensitivity and specificity are those of the calibration set, where it was judged at the model's
//! threshold, else those of the manifest. See [`crate::model::prevalence`] for the formulas and for
//! what they take for granted.

use serde::{Deserialize, Serialize};

use super::Score;
use super::conformal::OUTSIDE;
use crate::model::calibration::{Calibration, CalibrationError, Proportion};
use crate::model::gate::GateVerdict;
use crate::model::manifest::Manifest;
use crate::model::population::PopulationVerdict;
use crate::model::prevalence;

/// What the calls of one label or group are worth at a prevalence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AtPrevalence {
    pub label: String,
    /// As the reader stated it, 0–1.
    pub prevalence: f64,
    /// The image reaches the threshold.
    pub reached: bool,
    /// Of those who reach the threshold the share that has the finding; `None` with the others
    /// where nothing is known.
    pub ppv: Option<Proportion>,
    /// Of those who do not the share that does not have it.
    pub npv: Option<Proportion>,
    pub sensitivity: Option<Proportion>,
    pub specificity: Option<Proportion>,
    /// The images that both were measured on, in words.
    pub on: String,
    /// Why there are no values; empty where there are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// How often a threshold is right, and the images that tell.
struct Measured {
    sensitivity: Proportion,
    specificity: Proportion,
    on: String,
}

impl AtPrevalence {
    /// The values for an image with this `score`, by a model of `manifest`.
    #[must_use]
    pub fn of(
        manifest: &Manifest,
        calibration: &Result<Calibration, CalibrationError>,
        gate: Option<&GateVerdict>,
        population: Option<&PopulationVerdict>,
        score: &Score,
        prevalence: f64,
    ) -> Self {
        let name = &score.label;
        let (known, reason) = if population.is_some_and(|p| !p.inside) {
            (None, format!("The image is {OUTSIDE}; its sensitivity and specificity are those of others."))
        } else if gate.is_some_and(|g| !g.accepted) {
            (
                None,
                "The input gate refused this image: sensitivity and specificity are those of other images.".to_owned(),
            )
        } else {
            let known = measured(manifest, calibration, score);
            let reason = format!(
                "No sensitivity and specificity of “{name}” at its threshold are on record for this model. `pellucid evaluate DIR --calibrate FOLDER` measures them."
            );
            let reason = if known.is_some() { String::new() } else { reason };
            (known, reason)
        };
        let (se, sp) = known.as_ref().map(|m| (m.sensitivity, m.specificity)).unzip();
        let value = |of: fn(Proportion, Proportion, f64) -> Option<Proportion>| of(se?, sp?, prevalence);
        Self {
            label: name.clone(),
            prevalence,
            reached: score.probability >= score.threshold,
            ppv: value(prevalence::positive),
            npv: value(prevalence::negative),
            sensitivity: se,
            specificity: sp,
            on: known.map_or_else(String::new, |m| m.on),
            reason,
        }
    }

    /// What it means for this image, in a sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { label, prevalence, .. } = self;
        let at = format!("At a prevalence of {} of {label}", shown(*prevalence));
        if !self.reason.is_empty() {
            return format!("{at} nothing is known of its call. {}", self.reason);
        }
        let (side, has, value) = if self.reached {
            ("that reach its threshold", "have it (PPV)", self.ppv)
        } else {
            ("below its threshold", "do not have it (NPV)", self.npv)
        };
        match value {
            Some(v) => format!(
                "{at}, {} ({}–{}) of the images {side} {has}.",
                shown(v.value),
                shown(v.low).trim_end_matches(" %"),
                shown(v.high)
            ),
            None => format!("{at} no image lies {side}."),
        }
    }

    /// What the values rest on.
    #[must_use]
    pub fn ground(&self) -> Option<String> {
        let figure = |p: Proportion| format!("{:.3} ({:.3}–{:.3})", p.value, p.low, p.high);
        let (se, sp) = (figure(self.sensitivity?), figure(self.specificity?));
        Some(format!("Sensitivity {se}, specificity {sp}: {}.", self.on))
    }
}

/// A share as people write it, never quite all and never quite nothing: `17 %`, `0.4 %`, `>99.9 %`.
fn shown(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if p > 0.0 && p < 0.05 => "<0.1 %".into(),
        p if (99.95..100.0).contains(&p) => ">99.9 %".into(),
        p if (10.0..=90.0).contains(&p) => format!("{p:.0} %"),
        p => format!("{} %", (p * 10.0).round() / 10.0),
    }
}

fn measured(
    manifest: &Manifest,
    calibration: &Result<Calibration, CalibrationError>,
    score: &Score,
) -> Option<Measured> {
    if let Some((calibration, point)) =
        calibration.as_ref().ok().and_then(|c| Some((c, c.operating(&score.label, score.threshold)?)))
    {
        return Some(Measured {
            sensitivity: point.sensitivity,
            specificity: point.specificity,
            on: calibration.set_in_words(),
        });
    }
    let figure = |name: &str| {
        let found = manifest.metrics.iter().find(|m| m.target == score.label && m.name == name)?;
        let [value, low, high] = [found.value, found.low, found.high].map(f64::from);
        Some((Proportion { value, low: low.min(value), high: high.max(value) }, found.on.clone()))
    };
    let ((sensitivity, on), (specificity, _)) = (figure("sensitivity")?, figure("specificity")?);
    Some(Measured { sensitivity, specificity, on })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::calibration::OperatingPoint;
    use crate::model::calibration::tests::made;
    use crate::model::registry;

    fn score(probability: f32, threshold: f32) -> Score {
        Score { label: "Pneumonia".into(), logit: None, probability, threshold }
    }

    fn manifest() -> Manifest {
        registry::manifest("chest-xray").unwrap()
    }

    fn point() -> OperatingPoint {
        let sensitivity = Proportion { value: 0.9, low: 0.85, high: 0.94 };
        let specificity = Proportion { value: 0.95, low: 0.9, high: 0.98 };
        OperatingPoint { name: "Pneumonia".into(), threshold: 0.5, sensitivity, specificity }
    }

    #[test]
    fn a_call_is_worth_little_where_the_finding_is_rare() {
        let calibration = Ok(Calibration { operating: vec![point()], ..made(&manifest()) });
        let of = |p, share| AtPrevalence::of(&manifest(), &calibration, None, None, &score(p, 0.5), share);
        let found = of(0.97, 0.01);
        assert!((found.ppv.unwrap().value - 0.009 / (0.009 + 0.0495)).abs() < 1e-9);
        assert_eq!(
            found.in_words(),
            "At a prevalence of 1 % of Pneumonia, 15 % (7.9–32 %) of the images that reach its threshold have it (PPV)."
        );
        assert!(found.ground().unwrap().contains("Sensitivity 0.900 (0.850–0.940)"));
        assert!(found.ground().unwrap().contains("validation part"));
        assert!(of(0.1, 0.01).in_words().contains("of the images below its threshold do not have it (NPV)"));
    }

    #[test]
    fn without_figures_at_this_threshold_it_is_said() {
        let calibration = Ok(Calibration { operating: vec![point()], ..made(&manifest()) });
        let bare = Manifest { metrics: Vec::new(), ..manifest() };
        let none = AtPrevalence::of(&bare, &calibration, None, None, &score(0.97, 0.7), 0.1);
        assert!(none.ppv.is_none() && none.in_words().contains("No sensitivity and specificity of “Pneumonia”"));
        let of_manifest = AtPrevalence::of(&manifest(), &calibration, None, None, &score(0.97, 0.7), 0.1);
        assert!(of_manifest.ppv.is_some() && !of_manifest.on.is_empty());
    }

    #[test]
    fn of_an_image_from_elsewhere_nothing_is_said() {
        let outside = PopulationVerdict {
            inside: false,
            reason: "An adult.".into(),
            condition: None,
            distance: None,
            threshold: None,
        };
        let calibration = Ok(Calibration { operating: vec![point()], ..made(&manifest()) });
        let none = AtPrevalence::of(&manifest(), &calibration, None, Some(&outside), &score(0.97, 0.5), 0.1);
        assert!(none.ppv.is_none() && none.in_words().contains("outside the population"), "{}", none.in_words());
    }

    #[test]
    fn shares_are_never_shown_as_certain() {
        assert_eq!([0.17, 0.0004, 0.9999, 0.004, 0.953].map(shown), ["17 %", "<0.1 %", ">99.9 %", "0.4 %", "95.3 %"]);
    }
}
