//! Carries out what is asked of the overlay: opacity, threshold, colours, contours, and the panel
//! on faithfulness.

use super::effect::Effect;
use super::{faithfulness, maps, preferences};
use crate::app::command::OverlayCommand;
use crate::app::state::State;
use crate::imaging::colormap::ColorMap;

/// Step of the opacity and threshold keys.
const STEP: f32 = 0.05;

pub(super) fn apply(state: &mut State, command: OverlayCommand) -> Vec<Effect> {
    use OverlayCommand as O;
    match command {
        O::ToggleHeatMap => {
            state.heat_map ^= true;
            let shown = state.heat_map;
            return preferences::change(state, |p| p.heat_map = shown);
        }
        O::HideOverlays(hidden) => state.overlays_hidden = hidden,
        O::NextMethod => maps::choose_next(state),
        O::SetMethod(method) => maps::choose(state, method),
        O::SetLayer(layer) => state.layer = layer,
        O::SetOpacity(value) => return maps::style(state, |s| s.opacity = part(value)),
        O::LessOpacity => return maps::style(state, |s| s.opacity = part(s.opacity - STEP)),
        O::MoreOpacity => return maps::style(state, |s| s.opacity = part(s.opacity + STEP)),
        O::SetThreshold(value) => return maps::style(state, |s| s.threshold = part(value)),
        O::LowerThreshold => return maps::style(state, |s| s.threshold = part(s.threshold - STEP)),
        O::RaiseThreshold => return maps::style(state, |s| s.threshold = part(s.threshold + STEP)),
        O::NextColormap => {
            let maps = ColorMap::SEQUENTIAL;
            let at = maps.iter().position(|m| *m == state.overlay().map()).unwrap_or(0);
            return maps::style(state, |s| s.colormap = maps[(at + 1) % maps.len()].key().into());
        }
        O::SetColormap(key) => return maps::style(state, |s| s.colormap = key),
        O::ToggleContours => return maps::style(state, |s| s.contours ^= true),
        O::ToggleLungs => return preferences::change(state, |p| p.lung_outline ^= true),
        O::ToggleSharedScale => return share_scale(state),
        O::ToggleFaithfulness => faithfulness::toggle(state),
        O::EvaluateAgain => faithfulness::again(state),
    }
    Vec::new()
}

fn part(value: f32) -> f32 {
    value.clamp(0.0, 1.0)
}

/// One scale is shared by all views or by none, whatever styles they have.
fn share_scale(state: &mut State) -> Vec<Effect> {
    let shared = !state.preferences.overlay.shared_scale;
    state.display.styles.iter_mut().for_each(|style| style.shared_scale = shared);
    preferences::change(state, |p| p.overlay.shared_scale = shared)
}
