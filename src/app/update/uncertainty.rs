//! Carries out what is asked about the uncertainty of a result.

use super::effect::Effect;
use super::{analysis, preferences};
use crate::app::command::UncertaintyCommand;
use crate::app::state::State;
use crate::model::conformal::RISKS;

pub(super) fn apply(state: &mut State, command: UncertaintyCommand) -> Vec<Effect> {
    use UncertaintyCommand as U;
    match command {
        U::SetSource(source) => {
            state.options.source = source;
            state.options.samples = source.usual_samples();
            return analysis::analyze(state);
        }
        U::SetErrorRate(rate) if RISKS.contains(&rate) => {
            return preferences::change(state, |p| p.error_rate = rate);
        }
        U::SetErrorRate(_) => {}
        U::SetPrevalence(share) => {
            let Some(name) = state.prevalence_of().map(str::to_owned) else { return Vec::new() };
            return preferences::change(state, |p| {
                match share.filter(|s| *s > 0.0 && *s < 1.0) {
                    Some(share) => p.prevalences.insert(name, share),
                    None => p.prevalences.remove(&name),
                };
            });
        }
        U::ToggleReliability => {
            state.reliability = if state.reliability.is_none() { Some(first_target(state)) } else { None };
        }
        U::ShowTarget(target) => state.reliability = Some(target),
    }
    Vec::new()
}

/// The target that the window opens with: the class on screen.
fn first_target(state: &State) -> usize {
    let name = state.label(state.selected);
    let calibration = state.model_info().and_then(|info| info.calibration.as_ref().as_ref().ok());
    calibration.and_then(|c| c.targets.iter().position(|t| t.name == name)).unwrap_or(0)
}
