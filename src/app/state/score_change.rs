//! How the scores of an image differ from those of its prior.
//!
//! ```text
//! change = probability now − probability before
//! ```
//!
//! Both from the pass with dropout off, by one and the same model. Only where both images were
//! accepted by the gate and lie within the population of that model; where one was refused or
//! withheld, it stays so, and why is said.
//!
//! The map of a change lies on both images: what raised the score now speaks for the change, what
//! raised it before against it. Of methods whose maps add up to the score it is exact, since the
//! score of an empty image is taken off on both sides.
//!
//! A change of the score is no change of the disease:
//! projection, exposure and depth of breath move scores too.

use super::hanging::{ChangePart, SlotIndex};
use super::{Layout, Phase, Results, State};
use crate::engine::ModelInfo;
use crate::engine::conformal::OUTSIDE;
use crate::explain::Method;
use crate::language::{decimal, text, tr, translated};

/// A label or group of both images.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreChange {
    pub name: String,
    pub group: bool,
    pub before: f32,
    pub now: f32,
}

impl ScoreChange {
    /// Probability now less probability before.
    #[must_use]
    pub fn change(&self) -> f32 {
        self.now - self.before
    }

    /// `0.80 → 0.31 (−0.49)`.
    #[must_use]
    pub fn words(&self) -> String {
        let probability = |value: f32| match value {
            ..0.005 => decimal("<0.01".to_owned()),
            0.995.. => decimal(">0.99".to_owned()),
            value => decimal(format!("{value:.2}")),
        };
        format!("{} → {} ({})", probability(self.before), probability(self.now), self.signed())
    }

    /// `−0.49`, with a true minus; what rounds to nothing has no sign.
    #[must_use]
    pub fn signed(&self) -> String {
        // Of the numbers as they are shown, so that the line adds up.
        let shown = |value: f32| (f64::from(value) * 100.0).round() as i64;
        match shown(self.now) - shown(self.before) {
            0 => decimal("0.00".into()),
            change => {
                let sign = if change < 0 { '−' } else { '+' };
                decimal(format!("{sign}{}.{:02}", change.abs() / 100, change.abs() % 100))
            }
        }
    }
}

/// The scores of two places.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub newer: SlotIndex,
    pub older: SlotIndex,
    /// Groups first; or why scores are not compared, a sentence.
    pub changes: Result<Vec<ScoreChange>, String>,
}

/// A place as it is compared.
struct Side<'a> {
    /// In a sentence: text!("the prior image").
    name: &'static str,
    results: &'a Results,
    model: Option<&'a ModelInfo>,
    hidden: bool,
}

impl State {
    /// The scores of the active image and of its prior, or of the image that it is the prior of;
    /// nothing where there is none of both in the grid, or no model at all.
    pub fn comparison(&self) -> Option<Comparison> {
        let (newer, older) = self.compared_slots()?;
        let changes =
            changes(&self.side(newer, text!("the current image"))?, &self.side(older, text!("the prior image"))?);
        Some(Comparison { newer, older, changes })
    }

    /// How the map of a place counts in the change of the score: that of the newer image for it, that
    /// of the prior against it. Nothing while maps are shown each by itself, and of other places.
    pub fn part_in_change(&self) -> Option<ChangePart> {
        if self.hanging.part.is_some() {
            return self.hanging.part;
        }
        self.part_of_slot(self.hanging.active)
    }

    /// The same of any place.
    pub(super) fn part_of_slot(&self, slot: SlotIndex) -> Option<ChangePart> {
        let shown = self.layout == Layout::Hanging && self.hanging.maps_of_change && tells_change(self.method);
        let compared = Some(self).filter(|_| shown).and_then(Self::comparison).filter(|both| both.changes.is_ok())?;
        match slot {
            slot if slot == compared.newer => Some(ChangePart::Now),
            slot if slot == compared.older => Some(ChangePart::Before),
            _ => None,
        }
    }

    fn side(&self, slot: SlotIndex, name: &'static str) -> Option<Side<'_>> {
        if slot == self.hanging.active {
            let (results, model, hidden) = (&self.results, self.model_info(), self.result_hidden());
            return Some(Side { name, results, model, hidden });
        }
        let image = self.hanging.slot(slot)?;
        let (results, model) = (&image.judged.results, image.judged.model.as_ref());
        let hidden = self.keeps_hidden(&(image.entry.key(), image.index), results);
        Some(Side { name, results, model, hidden })
    }
}

/// Whether maps by a method tell what spoke for or against a score. Those of sensitivity do not
/// (Saliency and its smoothed form), nor those that know no class or set it against others (Eigen-CAM,
/// Finer-CAM), that hardly depend on what the network learned (guided methods), or whose values have
/// no zero (RISE).
#[must_use]
pub fn tells_change(method: Method) -> bool {
    let evidence = method.is_signed() || method.is_cam() && method != Method::FinerCam;
    evidence && !method.knows_no_class() && method.fails_sanity_check().is_none()
}

fn changes(now: &Side<'_>, before: &Side<'_>) -> Result<Vec<ScoreChange>, String> {
    let model = standing(now)?;
    if model.sha256 != standing(before)?.sha256 {
        return Err(text!("The two images were scored by different models, so their scores are not compared.").into());
    }
    let rows = |before: &[crate::engine::Score], now: &[crate::engine::Score], group: bool| -> Vec<ScoreChange> {
        let both = now.iter().zip(before).filter(|(now, before)| now.label == before.label);
        both.map(|(now, before)| ScoreChange {
            name: now.label.clone(),
            group,
            before: before.probability,
            now: now.probability,
        })
        .collect()
    };
    let mut all = rows(&before.results.groups, &now.results.groups, true);
    all.extend(rows(&before.results.labels, &now.results.labels, false));
    Ok(all)
}

/// The model that scored an image which may be compared; else why it may not.
fn standing<'a>(side: &Side<'a>) -> Result<&'a ModelInfo, String> {
    let Side { name, results, .. } = side;
    if side.hidden {
        return Err(tr!("Scores are compared once your impression of {name} is written.", name));
    }
    let not_scored = |why: &str| Err(tr!("Not compared: {name} was not scored. {why}", name, why));
    match (&results.phase, &results.gate) {
        (Phase::Refused, Some(gate)) => return not_scored(&gate.reason),
        (Phase::Refused, None) => return not_scored(""),
        (Phase::Unfit, _) => return not_scored(text!("No model fits it.")),
        (Phase::Failed(reason), _) => return not_scored(reason),
        (_, Some(gate)) if !gate.accepted => {
            return Err(tr!("Not compared: the input gate refused {name}.", name));
        }
        _ => {}
    }
    if results.population.as_ref().is_some_and(|population| !population.inside) {
        return Err(tr!("Not compared: {name} is {}.", translated(OUTSIDE), name));
    }
    match side.model.filter(|_| !results.labels.is_empty()) {
        Some(model) => Ok(model),
        None if results.phase == Phase::Cancelled => Err(tr!("Not compared: scoring of {name} was stopped.", name)),
        None => Err(tr!("Scores are compared once {name} is scored.", name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_of_sensitivity_and_of_no_class_tell_no_change() {
        let telling: Vec<Method> = Method::ALL.into_iter().filter(|method| tells_change(*method)).collect();
        assert!([Method::GradCam, Method::IntegratedGradients, Method::Occlusion].iter().all(|m| telling.contains(m)));
        let silent = [Method::Saliency, Method::SmoothGrad, Method::EigenCam, Method::FinerCam, Method::Rise];
        assert!(silent.iter().all(|method| !telling.contains(method)));
    }

    #[test]
    fn a_change_is_that_of_the_numbers_that_are_shown() {
        let words = |before: f32, now: f32| ScoreChange { name: String::new(), group: true, before, now }.words();
        assert_eq!(words(0.8, 0.31), "0.80 → 0.31 (−0.49)");
        assert_eq!(words(0.104, 0.106), "0.10 → 0.11 (+0.01)");
        assert_eq!(words(0.501, 0.499), "0.50 → 0.50 (0.00)");
        assert_eq!(words(0.001, 0.999), "<0.01 → >0.99 (+1.00)");
    }
}
