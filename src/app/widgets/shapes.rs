//! Small signs drawn as shapes, because the embedded font has no glyph for them and shapes are crisp at every scale.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, Vec2, pos2, vec2};

/// Which way a triangle points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Left,
    Right,
    Down,
}

/// A filled triangle in the middle of `rect`, 8 points long at most.
pub fn triangle(painter: &Painter, rect: Rect, direction: Direction, color: Color32) {
    let c = rect.center();
    let (long, half) = (2.5, 4.0);
    let points = match direction {
        Direction::Left => vec![c + vec2(long, -half), c + vec2(long, half), c + vec2(-long, 0.0)],
        Direction::Right => vec![c + vec2(-long, half), c + vec2(-long, -half), c + vec2(long, 0.0)],
        Direction::Down => vec![c + vec2(-half, -long), c + vec2(half, -long), c + vec2(0.0, long)],
    };
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
}

/// A tick, for "passed".
pub fn tick(painter: &Painter, rect: Rect, color: Color32) {
    let c = rect.center();
    let points = vec![c + vec2(-4.5, 0.5), c + vec2(-1.5, 3.5), c + vec2(4.5, -3.5)];
    painter.add(Shape::line(points, Stroke::new(1.8, color)));
}

/// A triangle with an exclamation mark, for "mind this".
pub fn caution(painter: &Painter, rect: Rect, color: Color32) {
    let c = rect.center() + vec2(0.0, 0.5);
    let points = vec![c + vec2(0.0, -6.0), c + vec2(6.5, 5.5), c + vec2(-6.5, 5.5)];
    painter.add(Shape::closed_line(points, Stroke::new(1.4, color)));
    painter.line_segment([c + vec2(0.0, -2.0), c + vec2(0.0, 1.8)], Stroke::new(1.4, color));
    painter.circle_filled(c + vec2(0.0, 3.6), 0.9, color);
}

/// A cross, for "dismiss".
pub fn cross(painter: &Painter, rect: Rect, color: Color32) {
    let c = rect.center();
    let stroke = Stroke::new(1.4, color);
    painter.line_segment([c + Vec2::splat(-3.5), c + Vec2::splat(3.5)], stroke);
    painter.line_segment([c + vec2(-3.5, 3.5), c + vec2(3.5, -3.5)], stroke);
}

/// A radio mark: a ring, filled when chosen.
pub fn radio(painter: &Painter, center: Pos2, chosen: bool, ring: Color32, fill: Color32) {
    painter.circle_stroke(center, 5.0, Stroke::new(1.2, if chosen { fill } else { ring }));
    if chosen {
        painter.circle_filled(center, 2.8, fill);
    }
}

/// A film frame, for an image whose thumbnail is not there yet.
pub fn film(painter: &Painter, rect: Rect, color: Color32) {
    let middle = Rect::from_center_size(rect.center(), vec2(24.0, 30.0));
    painter.rect_stroke(middle, 2.0, Stroke::new(1.2, color), egui::StrokeKind::Inside);
    let y = middle.center().y;
    painter.line_segment([pos2(middle.left() + 6.0, y), pos2(middle.right() - 6.0, y)], Stroke::new(1.2, color));
}
