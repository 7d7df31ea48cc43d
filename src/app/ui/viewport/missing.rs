//! The mark across the part of the image that is not there, on top of everything and not to be
//! switched off.

use egui::{FontId, Painter, Pos2, Rect, Shape, Stroke, Vec2, pos2, vec2};

use super::on_screen;
use super::placement::Placement;
use crate::app::ui::theme::Tokens;
use crate::imaging::Missing;
use crate::language::{tr, translated};
use crate::study::Frame;

/// Points of the screen between two lines across missing rows.
const STEP: f32 = 18.0;
/// The same where detail is missing everywhere: wide, for the image is to be seen through it.
const WIDE: f32 = 90.0;
const SIZE: f32 = 13.0;
/// Words keep so far off the edges of the view, and of the upper and the lower edge so far that they keep
/// off the words in the corners and the letters of the sides.
const EDGE: f32 = 8.0;
const CORNERS: f32 = 76.0;

/// What the mark says.
pub(super) fn words(frame: &Frame) -> Option<String> {
    let rows = frame.pixels.plane.height;
    Some(match frame.pixels.missing? {
        missing @ Missing::Rows { from } => tr!("{} (row {} of {rows})", translated(missing.mark()), from + 1, rows),
        missing @ Missing::Detail => missing.mark().to_owned(),
    })
}

/// Draws the mark.
pub(super) fn paint(painter: &Painter, frame: &Frame, placement: &Placement, rect: Rect, tokens: &Tokens) {
    let (Some(missing), Some(words)) = (frame.pixels.missing, words(frame)) else { return };
    let (width, bottom) = (frame.pixels.plane.width as f32, frame.pixels.plane.height as f32);
    let top = missing.first_row() as f32;
    let stroke = Stroke::new(1.5, tokens.warning);
    let corners = [[0.0, top], [width, top], [width, bottom], [0.0, bottom]].map(|p| on_screen(placement, p));
    painter.add(Shape::closed_line(corners.to_vec(), stroke));
    let wide = if missing == Missing::Detail { WIDE } else { STEP };
    for line in lines(placement, [width, top, bottom], wide) {
        painter.line_segment(line, stroke);
    }
    let middle = Rect::from_points(&corners).intersect(rect);
    if middle.is_positive() {
        let room = (rect.width() - 2.0 * EDGE).max(1.0);
        let text = painter.layout(words, FontId::proportional(SIZE), tokens.image_text, room);
        let place = place(middle, rect, text.size());
        painter.rect_filled(place.expand(4.0), 3.0, tokens.image_ground);
        painter.galley(place.min, text, tokens.image_text);
    }
}

/// Where words of this size stand: in the middle of the part that is missing, and where that is narrow
/// and at an edge of the view, off the edge and the words there.
fn place(middle: Rect, view: Rect, size: Vec2) -> Rect {
    let inner = view.shrink2(vec2(EDGE, CORNERS.min(0.25 * view.height())));
    let least = inner.min + 0.5 * size;
    let most = (inner.max - 0.5 * size).max(least);
    Rect::from_center_size(middle.center().clamp(least, most), size)
}

/// Diagonals through the band between two rows of the image, so many points of the screen apart.
fn lines(placement: &Placement, [width, top, bottom]: [f32; 3], step: f32) -> Vec<[Pos2; 2]> {
    let (a, b) = (on_screen(placement, [0.0, 0.0]), on_screen(placement, [1.0, 0.0]));
    let (across, height) = ((b - a).length().max(1e-3), bottom - top);
    // However far the image is magnified, there are never more lines than a screen could show.
    let step = (step / across).max((width + height) / 400.0);
    let count = ((width + height) / step) as usize;
    (1..=count)
        .map(|i| {
            let x = i as f32 * step;
            let (high, low) =
                (pos2(x.min(width), top + (x - width).max(0.0)), pos2((x - height).max(0.0), top + x.min(height)));
            [on_screen(placement, [high.x, high.y]), on_screen(placement, [low.x, low.y])]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_stay_in_the_view_and_off_the_words_at_its_edge() {
        let view = Rect::from_min_size(pos2(100.0, 50.0), vec2(400.0, 300.0));
        let size = vec2(200.0, 16.0);
        let last_row = Rect::from_min_max(pos2(100.0, 346.0), view.max);
        let words = place(last_row, view, size);
        assert!(view.contains_rect(words) && words.bottom() <= view.bottom() - 75.0, "{words:?}");
        assert_eq!(place(view, view, size).center(), view.center());
        // Of a view that is smaller than the words, they begin where it begins.
        assert_eq!(place(view, Rect::from_min_size(view.min, vec2(90.0, 20.0)), size).left(), 108.0);
    }
}
