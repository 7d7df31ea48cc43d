//! What a reader can ask about how sure a result is: where samples come from, at which risk, and how well the model is
//! calibrated. No egui here.

use crate::engine::conformal::{Conformal, NoStates};
use crate::engine::prevalence::AtPrevalence;
use crate::uncertainty::Source;
use crate::uncertainty::conformal::RISKS;
use crate::uncertainty::prevalence;

use super::command::{Group, Info};
use super::effect::Effect;
use super::state::State;
use super::update::analyze;

/// What a reader asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SureCommand {
    /// Draws samples from here on.
    SetSource(Source),
    /// Risk of the conformal states.
    SetRisk(f64),
    /// Share of the patients who have the finding that the model is about; nothing where it is not stated.
    SetPrevalence(Option<f64>),
    /// The window on calibration.
    ToggleReliability,
    /// Label or group number so many of the calibration in that window.
    ShowTarget(usize),
}

impl SureCommand {
    /// Label, tooltip, key and group.
    pub fn info(&self) -> Info {
        let (label, tooltip, key) = match self {
            Self::SetSource(_) => {
                ("Source of samples", "What differs from sample to sample, and so what the bars are doubt about", "")
            }
            Self::SetRisk(_) => {
                ("Risk", "At most about this share of images like the calibration images is called wrongly", "")
            }
            Self::SetPrevalence(_) => (
                "Prevalence",
                "How many of your patients have this finding: what the model's call is then worth. Empty at 0",
                "",
            ),
            Self::ToggleReliability => (
                "How well calibrated?",
                "Shows whether this model's probabilities mean what they say, on which images that was measured",
                "Ctrl+J",
            ),
            Self::ShowTarget(_) => ("Show", "Shows the reliability of this label or group", ""),
        };
        Info { label, tooltip, key, group: Group::Findings }
    }
}

/// Carries out a command.
pub fn apply(state: &mut State, command: SureCommand) -> Vec<Effect> {
    match command {
        SureCommand::SetSource(source) => {
            state.options.source = source;
            state.options.samples = source.usual_samples();
            return analyze(state);
        }
        SureCommand::SetRisk(risk) if RISKS.contains(&risk) => {
            state.settings.risk = risk;
            return vec![Effect::SaveSettings];
        }
        SureCommand::SetPrevalence(share) => {
            let Some(name) = state.prevalence_of().map(str::to_owned) else { return Vec::new() };
            match share.filter(|s| *s > 0.0 && *s < 1.0) {
                Some(share) => state.settings.prevalences.insert(name, share),
                None => state.settings.prevalences.remove(&name),
            };
            return vec![Effect::SaveSettings];
        }
        SureCommand::SetRisk(_) => {}
        SureCommand::ToggleReliability => {
            state.reliability = if state.reliability.is_none() { Some(first_target(state)) } else { None };
        }
        SureCommand::ShowTarget(target) => state.reliability = Some(target),
    }
    Vec::new()
}

/// The target that the window opens with: the class on screen.
fn first_target(state: &State) -> usize {
    let name = state.label(state.selected);
    let calibration = state.model_info().and_then(|info| info.calibration.as_ref().as_ref().ok());
    calibration.and_then(|c| c.targets.iter().position(|t| t.name == name)).unwrap_or(0)
}

impl State {
    /// The label or group whose prevalence can be stated: the one that the model is about, else the chosen one.
    pub fn prevalence_of(&self) -> Option<&str> {
        let manifest = &self.model_info()?.manifest;
        let chosen = || self.labels().get(self.selected).map(|l| l.name.as_str());
        prevalence::only(manifest).or_else(chosen)
    }

    /// The prevalence that the reader stated of it.
    pub fn prevalence(&self) -> Option<(String, f64)> {
        let name = self.prevalence_of()?;
        Some((name.to_owned(), *self.settings.prevalences.get(name)?))
    }

    /// What a call is worth at that prevalence; `None` before the image is scored, or where none was stated.
    pub fn at_prevalence(&self) -> Option<AtPrevalence> {
        let (name, share) = self.prevalence()?;
        let (info, results) = (self.model_info()?, &self.results);
        let score = results.labels.iter().chain(&results.groups).find(|s| s.label == name)?;
        let (gate, population) = (results.gate.as_ref(), results.population.as_ref());
        Some(AtPrevalence::of(&info.manifest, &info.calibration, gate, population, score, share))
    }

    /// Why the image on screen is outside the population that the model was measured on, where it is.
    pub fn outside(&self) -> Option<&str> {
        self.results.population.as_ref().filter(|p| !p.inside).map(|p| p.reason.as_str())
    }

    /// Present, absent or undecided for each label and group of the image on screen; `None` before it is scored.
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
                self.settings.risk,
            )
        })
    }
}
