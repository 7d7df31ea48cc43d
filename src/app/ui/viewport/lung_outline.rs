//! The lines around the lungs, where a mask tells where they lie.

use egui::{Painter, Pos2, Shape, Stroke};

use super::placement::Placement;
use crate::app::ui::theme::Tokens;
use crate::engine::lungs::Lungs;

/// Draws the lines.
pub(super) fn paint(painter: &Painter, tokens: &Tokens, lungs: &Lungs, placement: &Placement) {
    for line in &lungs.outline {
        let mut points: Vec<Pos2> = line.points.iter().map(|p| super::on_screen(placement, *p)).collect();
        if line.closed {
            points.extend(points.first().copied());
        }
        for stroke in [Stroke::new(2.5, tokens.image_shadow), Stroke::new(1.2, tokens.accent)] {
            painter.add(Shape::line(points.clone(), stroke));
        }
    }
}
