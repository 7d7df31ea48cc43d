//! Windows that open over the screen: as large as it leaves room for, and in its middle.

use egui::{Pos2, Ui, Vec2, vec2};

/// What stays free on both sides together, and the least that a window is wide and high.
const AROUND: Vec2 = vec2(128.0, 140.0);
const LEAST: Vec2 = vec2(320.0, 240.0);
/// Title and edges, which stand around what a window holds.
const EDGES: Vec2 = vec2(24.0, 64.0);

/// Size of what a window holds, up to `most`, and where the window stands until a reader moves it.
pub(in crate::app::ui) fn in_the_middle(ui: &Ui, most: Vec2) -> (Vec2, Pos2) {
    let room = ui.ctx().content_rect();
    let size = (room.size() - AROUND).min(most).max(LEAST);
    let free = (room.size() - size - EDGES).max(Vec2::ZERO);
    (size, room.min + free / 2.0)
}
