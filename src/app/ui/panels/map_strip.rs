//! The few controls of the map that are used all the time: shown or not, opacity, threshold. They
//! stand at the foot of the panel, in reach at every size of the window.

use egui::{Align, Layout, Slider, Ui};

use crate::app::command::{Command, OverlayCommand, shown_key};
use crate::app::state::State;
use crate::app::state::tour::TourStep;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::tour;
use crate::app::ui::widgets::controls;
use crate::language::{text, tr};

/// Room of the names at the left.
const NAMES: f32 = 80.0;

/// Draws the controls.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let style = state.overlay();
    let mut out = Vec::new();
    let top = ui.cursor().min;
    ui.spacing_mut().item_spacing.y = 2.0;
    controls::rule(ui, &tokens);
    ui.horizontal(|ui| {
        controls::tick_box(ui, OverlayCommand::ToggleHeatMap, state.heat_map, &tokens, &mut out);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let title = crate::app::ui::viewport::corners::title_of_map(state);
            controls::elided(ui, theme::caption(title, &tokens));
        });
    });
    let mut opacity = (style.opacity * 100.0).round();
    let keys = [OverlayCommand::LessOpacity, OverlayCommand::MoreOpacity].map(|c| c.info().key);
    let hint = hint(OverlayCommand::SetOpacity(0.0).info().tooltip, &keys);
    if percent(ui, &mut opacity, text!("Opacity"), &hint, &tokens) {
        out.push(OverlayCommand::SetOpacity(opacity / 100.0).into());
    }
    let mut threshold = (style.threshold * 100.0).round();
    let keys = [OverlayCommand::LowerThreshold, OverlayCommand::RaiseThreshold].map(|c| c.info().key);
    let hint = self::hint(OverlayCommand::SetThreshold(0.0).info().tooltip, &keys);
    if percent(ui, &mut threshold, text!("Threshold"), &hint, &tokens) {
        out.push(OverlayCommand::SetThreshold(threshold / 100.0).into());
    }
    tour::mark(
        ui,
        state,
        TourStep::Opacity,
        egui::Rect::from_two_pos(top, ui.cursor().min + egui::vec2(ui.available_width(), 0.0)),
    );
    out
}

/// A tooltip with the keys that go down and up.
pub(super) fn hint(tooltip: &str, keys: &[std::borrow::Cow<'static, str>; 2]) -> String {
    if keys.iter().any(|key| key.is_empty()) {
        return tooltip.to_owned();
    }
    tr!("{} ({} and {})", tooltip, shown_key(&keys[0]), shown_key(&keys[1]))
}

/// A name and a slider from 0 to 100 %; true when it was moved.
fn percent(ui: &mut Ui, value: &mut f32, name: &str, hint: &str, tokens: &Tokens) -> bool {
    ui.horizontal(|ui| {
        let size = egui::vec2(NAMES, ui.spacing().interact_size.y);
        let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
        let font = egui::FontId::proportional(theme::TEXT);
        ui.painter().text(rect.left_center(), egui::Align2::LEFT_CENTER, name, font, tokens.muted);
        response.on_hover_text(hint);
        ui.spacing_mut().slider_width = (ui.available_width() - 72.0).max(48.0);
        let before = *value;
        let slider = Slider::new(value, 0.0..=100.0).suffix(" %").fixed_decimals(0).step_by(1.0);
        // The slider calls itself changed when it only rounds.
        ui.add(slider).accessible_name(name).on_hover_text(hint).changed() && *value != before
    })
    .inner
}
