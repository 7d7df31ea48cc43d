//! Questions on how certain the result on screen is: conformal states, prevalence, and whether the
//! image belongs to the population that the model was measured on.

use super::State;
use crate::engine::conformal::{Conformal, NoStates};
use crate::engine::prevalence::AtPrevalence;
use crate::model::prevalence;

impl State {
    /// The label or group whose prevalence can be stated: the one that the model is about, else the
    /// chosen one.
    pub fn prevalence_of(&self) -> Option<&str> {
        let manifest = &self.model_info()?.manifest;
        let chosen = || self.labels().get(self.selected).map(|l| l.name.as_str());
        prevalence::only(manifest).or_else(chosen)
    }

    /// The prevalence that the reader stated of it.
    pub fn prevalence(&self) -> Option<(String, f64)> {
        let name = self.prevalence_of()?;
        Some((name.to_owned(), *self.preferences.prevalences.get(name)?))
    }

    /// What a call is worth at that prevalence; `None` before the image is scored, or where none
    /// was stated.
    pub fn at_prevalence(&self) -> Option<AtPrevalence> {
        let (name, share) = self.prevalence()?;
        let (info, results) = (self.model_info()?, &self.results);
        let score = results.labels.iter().chain(&results.groups).find(|s| s.label == name)?;
        let (gate, population) = (results.gate.as_ref(), results.population.as_ref());
        Some(AtPrevalence::of(&info.manifest, &info.calibration, gate, population, score, share))
    }

    /// Why the image on screen is outside the population that the model was measured on, where it
    /// is.
    pub fn outside(&self) -> Option<&str> {
        self.results.population.as_ref().filter(|p| !p.inside).map(|p| p.reason.as_str())
    }

    /// Present, absent or undecided for each label and group of the image on screen; `None` before
    /// it is scored.
    pub fn conformal(&self) -> Option<Result<Conformal, NoStates>> {
        let info = self.model_info()?;
        let results = &self.results;
        let (gate, population) = (results.gate.as_ref(), results.population.as_ref());
        (!results.labels.is_empty()).then(|| {
            Conformal::of(
                &info.manifest,
                &info.calibration,
                gate,
                population,
                &results.labels,
                &results.groups,
                self.preferences.error_rate,
            )
        })
    }
}
