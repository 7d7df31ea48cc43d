//! The map over the film: a texture of its own, and contour lines.
//!
//! Colour, opacity and threshold only make the texture again; the attribution is never touched. Lines of what speaks against are dashed.

use std::sync::Arc;

use egui::{ColorImage, Painter, Pos2, Shape, Stroke, TextureOptions};

use crate::explain::scale;
use crate::imaging::contour::{Contour, contours};
use crate::imaging::overlay::{Area, OverlayStyle};
use crate::study::Frame;

use super::super::state::{Content, PaneIndex, State};
use super::super::theme::{self, Tokens};
use super::super::view::Placement;
use super::patches;
use super::pictures::{Pictures, Texture};
use super::source::{Source, shared_top};

/// Longer side of a map's texture; the graphics card enlarges it to the screen.
const SIDE: usize = 256;
/// Longer side of the map that contours are drawn from.
const CONTOUR_SIDE: usize = 112;
/// Values that contours are drawn at, of the scaled map.
pub const LEVELS: [f32; 3] = [0.25, 0.5, 0.75];

/// What a map's texture is made of.
#[derive(Clone, PartialEq)]
pub struct MapKey {
    source: Source,
    /// Top of the shared scale; `None` when each class has its own.
    top: Option<f32>,
    style: OverlayStyle,
    size: [usize; 2],
}

/// What a map on the picture, and its contours, are made of.
#[derive(Clone, PartialEq)]
pub struct PlacedKey {
    source: Source,
    top: Option<f32>,
    size: [usize; 2],
}

/// A line of one value.
pub struct Line {
    /// Image pixels.
    points: Vec<[f32; 2]>,
    closed: bool,
    /// Of a value below zero.
    against: bool,
}

pub(super) type Contours = Arc<Vec<Line>>;

/// Draws the map of `content`, if it is there.
pub fn paint(
    painter: &Painter,
    state: &State,
    pictures: &mut Pictures,
    frame: &Frame,
    pane: PaneIndex,
    content: Content,
    placement: &Placement,
) {
    let Some(source) = Source::of(state, content) else { return };
    let Some(model) = state.model_info() else { return };
    let top = shared_top(state, pictures, content);
    let (w, h) = (frame.plane.width, frame.plane.height);
    let area = scale::area(&model.manifest.input, w, h);
    let key = MapKey { source, top, style: state.style(pane).clone(), size: fitted(w, h, SIDE) };
    let texture = match pictures.maps.get(&key) {
        Some(texture) => {
            // Keep the map for the next change of colours.
            let _ = pictures.placed.get(&PlacedKey { source: key.source.clone(), top, size: key.size });
            texture
        }
        None => make(painter.ctx(), pictures, key.clone(), area),
    };
    painter.add(super::quad(placement, texture.id(), [0.0, 0.0], [w as f32, h as f32]));
    let tokens = theme::tokens(state.settings.theme);
    if let Source::One(map) = &key.source
        && let Some(superpixels) = map.superpixels.as_ref().filter(|_| state.settings.superpixels)
    {
        patches::paint(painter, pictures, superpixels, area, [w, h], placement, tokens.film_text.gamma_multiply(0.6));
    }
    if state.style(pane).contours {
        let key = PlacedKey { source: key.source, top, size: [w, h] };
        paint_contours(painter, &tokens, pictures, key, area, placement);
    }
}

/// `width` × `height` made small: the longer side is `side`.
fn fitted(width: usize, height: usize, side: usize) -> [usize; 2] {
    let longer = width.max(height).max(1);
    [(width * side / longer).max(1), (height * side / longer).max(1)]
}

fn make(ctx: &egui::Context, pictures: &mut Pictures, key: MapKey, area: Area) -> Texture {
    let placed = PlacedKey { source: key.source.clone(), top: key.top, size: key.size };
    let plane = pictures.placed.get(&placed).unwrap_or_else(|| {
        let plane = Arc::new(key.source.values(key.top, area, key.size));
        pictures.placed.put(placed, plane.clone());
        plane
    });
    let picture = key.source.picture(&plane, area, &key.style);
    let image = ColorImage::from_rgba_unmultiplied(key.size, picture.as_raw());
    let texture = pictures.texture(ctx, image, TextureOptions::LINEAR);
    pictures.maps.put(key, texture.clone());
    texture
}

fn paint_contours(
    painter: &Painter,
    tokens: &Tokens,
    pictures: &mut Pictures,
    key: PlacedKey,
    area: Area,
    placement: &Placement,
) {
    let lines = pictures.contours.get(&key).unwrap_or_else(|| {
        let [w, h] = key.size;
        let plane = key.source.values(key.top, area, fitted(w, h, CONTOUR_SIDE));
        let levels: Vec<f32> =
            if key.source.is_signed() { LEVELS.iter().flat_map(|l| [-l, *l]).collect() } else { LEVELS.to_vec() };
        let line = |c: Contour| Line { points: c.points, closed: c.closed, against: c.level < 0.0 };
        let lines: Contours = Arc::new(contours(&plane, &levels, w, h).into_iter().map(line).collect());
        pictures.contours.put(key, lines.clone());
        lines
    });
    for line in lines.iter() {
        let mut points: Vec<Pos2> = line.points.iter().map(|p| super::on_screen(placement, *p)).collect();
        if line.closed {
            points.extend(points.first().copied());
        }
        for stroke in [Stroke::new(2.5, tokens.film_shadow), Stroke::new(1.0, tokens.film_text)] {
            if line.against {
                painter.extend(Shape::dashed_line(&points, stroke, 5.0, 4.0));
            } else {
                painter.add(Shape::line(points.clone(), stroke));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn textures_keep_the_shape_of_the_image() {
        assert_eq!(fitted(3000, 1500, 448), [448, 224]);
        assert_eq!(fitted(1, 5000, 448), [1, 448]);
    }
}
