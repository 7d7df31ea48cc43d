//! The lens of the magnifier: what lies under the pointer, larger, with what lies over the image.

use std::sync::Arc;

use egui::{Pos2, Rect, Stroke, StrokeKind, Ui, Vec2};

use super::placement::Placement;
use super::{ViewCaches, image, map, missing, superimposed};
use crate::app::state::measuring::Tool;
use crate::app::state::{Content, MOST_PANES, PaneIndex, State};
use crate::app::ui::theme;
use crate::study::Frame;

/// Side of the lens, points.
const SIDE: f32 = 208.0;
/// How many times as large.
const TIMES: f32 = 3.0;

/// Draws the lens where the pointer is over the view and the magnifier is in hand.
pub(super) fn paint(
    ui: &Ui,
    state: &State,
    caches: &mut ViewCaches,
    frame: &Arc<Frame>,
    (pane, content): (PaneIndex, Content),
    placement: &Placement,
    rect: Rect,
) {
    let Some(at) = pointer(ui, rect).filter(|_| state.measuring.tool == Tool::Magnifier) else { return };
    let lens = Rect::from_center_size(at, Vec2::splat(SIDE)).intersect(rect);
    let painter = ui.painter_at(lens);
    let tokens = theme::tokens(state.preferences.theme);
    painter.rect_filled(lens, 0.0, tokens.image_ground);
    let closer = placement.magnified(at.into(), TIMES);
    image::paint(&painter, state, &mut caches.image, frame, (pane, MOST_PANES + pane), &closer, lens);
    superimposed::paint(&painter, state, &mut caches.superimposed, frame, &closer, lens);
    if state.heat_map && !state.overlays_hidden {
        map::paint(&painter, state, &mut caches.map, frame, pane, content, &closer);
    }
    missing::paint(&painter, frame, &closer, lens, &tokens);
    painter.rect_stroke(lens, 0.0, Stroke::new(1.0, tokens.image_text), StrokeKind::Inside);
}

fn pointer(ui: &Ui, rect: Rect) -> Option<Pos2> {
    ui.input(|i| i.pointer.hover_pos()).filter(|at| rect.contains(*at))
}
