//! Carries out what is asked of the findings: another class, another analysis, another model.

use super::effect::Effect;
use super::{analysis, model_changes, preferences, study, study_scoring};
use crate::app::command::FindingsCommand;
use crate::app::state::{Model, Phase, ShownImage, State};

pub(super) fn apply(state: &mut State, command: FindingsCommand) -> Vec<Effect> {
    use FindingsCommand as F;
    match command {
        F::PreviousClass => step_class(state, -1),
        F::NextClass => step_class(state, 1),
        F::SelectClass(class) => select(state, class),
        F::TickClass(class) => match state.ticked.iter().position(|c| *c == class) {
            Some(at) => drop(state.ticked.remove(at)),
            None if class < state.labels().len() => state.ticked.push(class),
            None => {}
        },
        F::SwapCompared => {
            let (a, b) = state.compared();
            state.ticked.retain(|c| *c != a && *c != b);
            state.ticked.splice(0..0, [b, a]);
        }
        F::ShowAnyway => {
            if state.results.phase == Phase::Refused {
                state.options.force = true;
                state.stack.mapless = false;
                return analysis::analyze(state);
            }
        }
        F::Cancel => return analysis::cancel(state),
        F::Retry => return retry(state),
        F::SetSamples(samples) => {
            state.options.samples = samples;
            return analysis::analyze(state);
        }
        F::SetSeed(seed) => {
            state.options.seed = seed;
            state.options.explanation.seed = seed;
            return analysis::analyze(state);
        }
        F::SetModel(name) => return analysis::choose_model(state, name),
        F::PickModel => return analysis::choose_automatically(state),
        F::ToggleSimilarInReport => return preferences::change(state, |p| p.similar_in_report ^= true),
        F::ScoreStudy => return study_scoring::ask(state),
        F::CompareModels => return model_changes::compare(state),
        F::CloseComparison => return model_changes::close(state),
        F::StopStudy => return study_scoring::stop(state),
    }
    Vec::new()
}

/// What failed is tried once more: the model, the image, or the analysis.
fn retry(state: &mut State) -> Vec<Effect> {
    if let Model::Failed { name, .. } = &state.model {
        let name = name.clone();
        return if state.automatic {
            analysis::choose_automatically(state)
        } else {
            analysis::choose_model(state, name)
        };
    }
    match &state.image {
        ShownImage::Failed { .. } => study::reload(state),
        _ => analysis::analyze(state),
    }
}

fn step_class(state: &mut State, by: i64) {
    let n = state.labels().len() as i64;
    if n > 0 {
        select(state, (state.selected as i64 + by).rem_euclid(n) as usize);
    }
}

fn select(state: &mut State, class: usize) {
    if class < state.labels().len() {
        state.selected = class;
        state.selected_group = None;
        state.chosen = true;
        // Who clicks on a class wants to see its map.
        state.heat_map = true;
    }
}
