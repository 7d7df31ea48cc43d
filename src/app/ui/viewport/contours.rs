//! Contour lines over a map. Lines of what speaks against are dashed.

use std::sync::Arc;

use egui::{Painter, Pos2, Shape, Stroke};

use super::map_source::PlacedKey;
use super::placement::Placement;
use crate::app::ui::made::Made;
use crate::app::ui::theme::Tokens;
use crate::imaging::contour::{Contour, contours};
use crate::imaging::overlay::Area;

/// Longer side of the map that contours are drawn from.
const SIDE: usize = 112;
/// Values that contours are drawn at, of the scaled map.
const LEVELS: [f32; 3] = [0.25, 0.5, 0.75];

/// A line of one value.
struct Line {
    /// Image pixels.
    points: Vec<[f32; 2]>,
    closed: bool,
    /// Of a value below zero.
    against: bool,
}

/// Lines that were found already.
#[derive(Default)]
pub(super) struct ContourCache(Made<PlacedKey, Arc<Vec<Line>>>);

impl ContourCache {
    /// At the end of every frame.
    pub(super) fn sweep(&mut self) {
        self.0.sweep();
    }
}

/// Draws the lines of a map.
pub(super) fn paint(
    painter: &Painter,
    tokens: &Tokens,
    cache: &mut ContourCache,
    key: PlacedKey,
    area: Area,
    placement: &Placement,
) {
    let lines = cache.0.get(&key).unwrap_or_else(|| {
        let lines = Arc::new(lines(&key, area));
        cache.0.put(key, lines.clone());
        lines
    });
    for line in lines.iter() {
        let mut points: Vec<Pos2> = line.points.iter().map(|p| super::on_screen(placement, *p)).collect();
        if line.closed {
            points.extend(points.first().copied());
        }
        for stroke in [Stroke::new(2.5, tokens.image_shadow), Stroke::new(1.0, tokens.image_text)] {
            if line.against {
                painter.extend(Shape::dashed_line(&points, stroke, 5.0, 4.0));
            } else {
                painter.add(Shape::line(points.clone(), stroke));
            }
        }
    }
}

fn lines(key: &PlacedKey, area: Area) -> Vec<Line> {
    let [w, h] = key.size;
    let plane = key.source.values(key.top, area, fitted(w, h, SIDE));
    let levels: Vec<f32> =
        if key.source.is_signed() { LEVELS.iter().flat_map(|l| [-l, *l]).collect() } else { LEVELS.to_vec() };
    let line = |c: Contour| Line { points: c.points, closed: c.closed, against: c.level < 0.0 };
    contours(&plane, &levels, w, h).into_iter().map(line).collect()
}

/// `width` × `height` made small: the longer side is `side`.
pub(super) fn fitted(width: usize, height: usize, side: usize) -> [usize; 2] {
    let longer = width.max(height).max(1);
    [(width * side / longer).max(1), (height * side / longer).max(1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_maps_keep_the_shape_of_the_image() {
        assert_eq!(fitted(3000, 1500, 448), [448, 224]);
        assert_eq!(fitted(1, 5000, 448), [1, 448]);
    }
}
