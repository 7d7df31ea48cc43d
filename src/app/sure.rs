//! What a reader can ask about how sure a result is: where samples come from, at which risk, and how well the model is
//! calibrated. No egui here.

use crate::engine::conformal::{Conformal, NoStates};
use crate::uncertainty::Source;
use crate::uncertainty::conformal::RISKS;

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
