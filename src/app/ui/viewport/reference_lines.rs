//! Where the slices of other places cross this one.

use egui::{Painter, Stroke};

use super::on_screen;
use super::placement::Placement;
use crate::app::state::State;
use crate::app::ui::theme::Tokens;

/// Draws the lines, that of the active place brighter.
pub(super) fn paint(painter: &Painter, state: &State, tokens: &Tokens, placement: &Placement) {
    for line in state.reference_lines() {
        let ends = line.ends.map(|[x, y]| on_screen(placement, [x as f32, y as f32]));
        let color = if line.active { tokens.image_chosen } else { tokens.accent.gamma_multiply(0.8) };
        painter.line_segment(ends, Stroke::new(3.0, tokens.image_shadow));
        painter.line_segment(ends, Stroke::new(1.2, color));
    }
}
