//! A plot that is looked at: it takes no zoom, drag or scroll, and wears the colours of the theme.

use egui::{AsIdSalt, Sense, Ui, Vec2};
use egui_plot::Plot;

use crate::app::ui::theme::Tokens;

/// A plot of `size` points called `id`, for curves, axes and marks to be added.
pub(crate) fn still_plot<'a>(ui: &mut Ui, id: impl AsIdSalt, size: Vec2, tokens: &Tokens) -> Plot<'a> {
    let visuals = ui.visuals_mut();
    visuals.extreme_bg_color = tokens.panel;
    visuals.override_text_color = Some(tokens.muted);
    Plot::new(id)
        .width(size.x)
        .height(size.y)
        .sense(Sense::hover())
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .show_x(false)
        .show_y(false)
        .grid_color(tokens.line)
}
