//! Measurements on the image: lines and handles, and beside them what they come to, where no other
//! words stand.

pub(in crate::app::ui) mod crosshair;
mod hit;
mod labels;
pub(super) mod pointer;
mod prompt;

use egui::{Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

use super::pen;
use super::placement::Placement;
use crate::app::state::measuring::Tool;
use crate::app::state::{Content, State};
use crate::app::ui::measured_values::{self, ValuesCache};
use crate::app::ui::theme::{self, Tokens};
use crate::fonts::attribute;
use crate::language::said;
use crate::measurement::{Kind, Measurement, Point, Words, shape};
use crate::wording::measured;

/// Half the side of a handle.
const HANDLE: f32 = 3.0;
/// Length of the head of an arrow.
const HEAD: f32 = 9.0;
/// Half the width of the cross of a probe.
const PROBE: f32 = 5.0;
/// Width of the bar of the colours with its numbers, at the right of a view with a map.
const COLOR_BAR: f32 = 46.0;
/// A view lower than this has lines only.
const LOW: f32 = 160.0;

/// Where a point of the image lies on the screen.
fn on_screen(placement: &Placement, [x, y]: Point) -> Pos2 {
    super::on_screen(placement, [x as f32, y as f32])
}

/// The measurements of the image, and last the one that is being made.
fn all(state: &State) -> Vec<Measurement> {
    if !state.measuring.shown {
        return Vec::new();
    }
    let mut all = state.measurements().to_vec();
    all.extend(half_made(state));
    all
}

/// The measurement that is being made, with the place of the pointer as its next point.
fn half_made(state: &State) -> Option<Measurement> {
    let draft = state.measuring.draft.as_ref()?;
    let mut points = draft.points.clone();
    if draft.kind != Kind::Freehand {
        points.extend(draft.next);
        points.truncate(draft.kind.points().1);
    }
    if let Some((frame, metric)) = state.frame().zip(state.metric()) {
        let plane = &frame.pixels.plane;
        points = shape::drawn(draft.kind, &points, [plane.width, plane.height], &metric);
    }
    let name = Words::default();
    Some(Measurement { id: 0, kind: draft.kind, points, name, thorax_proposed: false, known_mm: None })
}

/// Draws the lines, and the handles of the chosen one.
pub(super) fn paint_lines(painter: &Painter, state: &State, placement: &Placement) {
    let tokens = theme::tokens(state.preferences.theme);
    for one in all(state) {
        let chosen = state.measuring.selected == Some(one.id) || one.id == 0;
        let color = if chosen { tokens.image_chosen } else { tokens.image_mark };
        for (width, color) in [(3.0, tokens.image_shadow), (1.4, color)] {
            draw(painter, &one, placement, Stroke::new(width, color));
        }
        if chosen {
            handles(painter, &one, placement, &tokens);
        }
    }
}

fn draw(painter: &Painter, one: &Measurement, placement: &Placement, stroke: Stroke) {
    for line in one.kind.lines(&one.points) {
        let points: Vec<Pos2> = line.iter().map(|point| on_screen(placement, *point)).collect();
        painter.add(Shape::line(points, stroke));
    }
    let points: Vec<Pos2> = one.points.iter().map(|point| on_screen(placement, *point)).collect();
    match (one.kind, points.as_slice()) {
        (Kind::Arrow, [tip, end]) => {
            let way = (*end - *tip).normalized() * HEAD;
            for turned in [
                vec2(0.9 * way.x - 0.45 * way.y, 0.45 * way.x + 0.9 * way.y),
                vec2(0.9 * way.x + 0.45 * way.y, -0.45 * way.x + 0.9 * way.y),
            ] {
                painter.line_segment([*tip, *tip + turned], stroke);
            }
        }
        (Kind::Calibration, [a, b]) => {
            // Strokes at its ends, as on a ruler.
            let way = (*b - *a).normalized() * PROBE;
            for end in [a, b] {
                painter.line_segment([*end - vec2(-way.y, way.x), *end + vec2(-way.y, way.x)], stroke);
            }
        }
        (Kind::Probe | Kind::Text | Kind::Circle, [at]) => {
            painter.line_segment([*at - vec2(PROBE, 0.0), *at + vec2(PROBE, 0.0)], stroke);
            painter.line_segment([*at - vec2(0.0, PROBE), *at + vec2(0.0, PROBE)], stroke);
        }
        _ => {}
    }
}

fn handles(painter: &Painter, one: &Measurement, placement: &Placement, tokens: &Tokens) {
    for handle in one.handles() {
        let square = Rect::from_center_size(on_screen(placement, handle), egui::Vec2::splat(2.0 * HANDLE));
        painter.rect_filled(square.expand(1.0), 0.0, tokens.image_shadow);
        painter.rect_filled(square, 0.0, tokens.image_chosen);
    }
}

/// Writes what the measurements come to, away from the words that stand in `taken`, and on the first
/// view what the tool in hand waits for.
pub(super) fn paint_labels(
    painter: &Painter,
    state: &State,
    cache: &mut ValuesCache,
    content: Content,
    placement: &Placement,
    (rect, first): (Rect, bool),
    mut taken: Vec<Rect>,
) {
    let tokens = theme::tokens(state.preferences.theme);
    let room = rect.shrink(6.0);
    if first && let Some(words) = prompt::words(state) {
        // Beside the bar of the colours: a line that is too wide for that runs over two.
        let lines = pen::wrapped(painter, &words, (room.width() - 2.0 * COLOR_BAR).max(120.0).min(room.width()));
        let at = Rect::from_center_size(pos2(rect.center().x, rect.bottom() - 24.0), egui::Vec2::ZERO);
        if let Some(place) = labels::place(pen::size(painter, &lines, room.width()), at, room, &taken) {
            taken.push(place);
            pen::lines(painter, &tokens, place, &lines, tokens.image_mark);
        }
    }
    if rect.height() < LOW {
        return;
    }
    for one in all(state) {
        let points: Vec<Pos2> = one.points.iter().map(|point| on_screen(placement, *point)).collect();
        let around = Rect::from_points(&points);
        if points.is_empty() || !around.intersects(rect) {
            continue;
        }
        let chosen = state.measuring.selected == Some(one.id) || one.id == 0;
        let lines = lines(state, cache, content, &one, chosen);
        write(painter, &tokens, &lines, around.intersect(rect), room, &mut taken, chosen);
    }
}

/// Lines of a label, the first of which are shut in a box of their own.
fn write(
    painter: &Painter,
    tokens: &Tokens,
    lines: &[String],
    around: Rect,
    room: Rect,
    taken: &mut Vec<Rect>,
    chosen: bool,
) {
    let size = pen::size(painter, lines, room.width());
    let Some(place) = labels::place(size, around, room, taken) else { return };
    taken.push(place);
    let away = around.distance_to_pos(place.center()) - 0.5 * place.size().max_elem();
    if away > 24.0 {
        let line = [around.clamp(place.center()), place.clamp(around.center())];
        painter.line_segment(line, Stroke::new(1.0, tokens.image_mark.gamma_multiply(0.6)));
    }
    let color = if chosen { tokens.image_chosen } else { tokens.image_mark };
    pen::lines(painter, tokens, place, lines, color);
}

/// What stands beside a measurement: all of it beside the chosen one, of the others the first line.
fn lines(state: &State, cache: &mut ValuesCache, content: Content, one: &Measurement, chosen: bool) -> Vec<String> {
    let mut lines = Vec::new();
    // Words of the reader may name somebody.
    if !one.name.is_empty() && !state.preferences.anonymize {
        lines.extend(one.name.0.lines().take(if one.kind.is_note() { 8 } else { 1 }).map(attribute));
    }
    let Some(values) = cache.of(state, measured_values::map_of(state, content), one) else { return lines };
    let all = measured::lines(&values.measured);
    let shown = if chosen { all.len() } else { 1 };
    lines.extend(all.into_iter().take(shown));
    if chosen {
        lines.extend(values.evidence.map(|inside| measured::evidence(&inside)));
        if matches!(one.kind, Kind::Cardiothoracic | Kind::Calibration) {
            lines.extend(values.measured.cautions.iter().map(|caution| said(caution)));
        }
    }
    lines
}

/// The pointer over a view with a tool in hand.
pub(super) fn is_tool_in_hand(state: &State) -> bool {
    matches!(state.measuring.tool, Tool::Measure(_))
}
