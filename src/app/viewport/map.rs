//! The map over the film: a texture of its own, and contour lines.
//!
//! Colour, opacity and threshold only make the texture again; the attribution is never touched.

use std::sync::Arc;

use egui::{ColorImage, Painter, Pos2, Shape, Stroke, TextureOptions};

use crate::explain::Attribution;
use crate::explain::scale::{self, Scale};
use crate::imaging::Plane;
use crate::imaging::contour::contours;
use crate::imaging::overlay::{self, Area, OverlayStyle};
use crate::study::Frame;

use super::super::state::{Content, State};
use super::super::theme;
use super::super::view::Placement;
use super::pictures::{Pictures, Texture};

/// Longer side of a map's texture; the graphics card enlarges it to the screen.
const SIDE: usize = 256;
/// Longer side of the map that contours are drawn from.
const CONTOUR_SIDE: usize = 112;
/// Values that contours are drawn at, of the scaled map.
pub const LEVELS: [f32; 3] = [0.25, 0.5, 0.75];

/// One attribution, or the difference of two. Held, so that an address cannot be taken by another one.
#[derive(Clone)]
enum Source {
    One(Arc<Attribution>),
    Difference(Arc<Attribution>, Arc<Attribution>),
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(a), Self::One(b)) => Arc::ptr_eq(a, b),
            (Self::Difference(a, b), Self::Difference(c, d)) => Arc::ptr_eq(a, c) && Arc::ptr_eq(b, d),
            _ => false,
        }
    }
}

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

/// Lines in image pixels, and whether they are closed.
pub(super) type Contours = Arc<Vec<(Vec<[f32; 2]>, bool)>>;

/// Draws the map of `content`, if it is there.
pub fn paint(
    painter: &Painter,
    state: &State,
    pictures: &mut Pictures,
    frame: &Frame,
    content: Content,
    placement: &Placement,
) {
    let Some(source) = source(state, content) else { return };
    let Some(model) = state.model_info() else { return };
    let top = top(state, content);
    let (w, h) = (frame.plane.width, frame.plane.height);
    let area = scale::area(&model.manifest.input, w, h);
    let key = MapKey { source, top, style: state.overlay().clone(), size: fitted(w, h, SIDE) };
    let texture = match pictures.maps.get(&key) {
        Some(texture) => {
            // Keep the map for the next change of colours.
            let _ = pictures.placed.get(&PlacedKey { source: key.source.clone(), top, size: key.size });
            texture
        }
        None => make(painter.ctx(), pictures, key.clone(), area),
    };
    painter.add(super::quad(placement, texture.id(), [0.0, 0.0], [w as f32, h as f32]));
    if state.overlay().contours {
        let key = PlacedKey { source: key.source, top, size: [w, h] };
        paint_contours(painter, state, pictures, key, area, placement);
    }
}

/// The value that the top of the colour bar stands for: of all classes, or of this one. `None` without a map.
pub fn bar_top(state: &State, content: Content) -> Option<f32> {
    let own = |a: &Arc<Attribution>| scale::shared_top([a.as_ref()]);
    match content {
        Content::Film => None,
        Content::Map(class) => state.attribution(class).map(|a| top(state, content).unwrap_or_else(|| own(a))),
        Content::Difference(a, b) => state.attribution(a).zip(state.attribution(b)).and_then(|_| top(state, content)),
    }
}

/// Top of the scale that the maps on screen share; `None` when each has its own. Differences always share one.
fn top(state: &State, content: Content) -> Option<f32> {
    let all = || (0..state.labels().len()).filter_map(|c| state.attribution(c)).map(AsRef::as_ref);
    match content {
        Content::Difference(..) => Some(scale::shared_top(all())),
        _ => state.overlay().shared_scale.then(|| scale::shared_top(all())),
    }
}

fn source(state: &State, content: Content) -> Option<Source> {
    match content {
        Content::Film => None,
        Content::Map(class) if state.without_evidence(class) => None,
        Content::Map(class) => state.attribution(class).cloned().map(Source::One),
        Content::Difference(a, b) => {
            Some(Source::Difference(state.attribution(a)?.clone(), state.attribution(b)?.clone()))
        }
    }
}

/// `width` × `height` made small: the longer side is `side`.
fn fitted(width: usize, height: usize, side: usize) -> [usize; 2] {
    let longer = width.max(height).max(1);
    [(width * side / longer).max(1), (height * side / longer).max(1)]
}

fn values(source: &Source, top: Option<f32>, area: Area, [width, height]: [usize; 2]) -> Plane {
    let scale = top.map_or(Scale::PerClass, |max| Scale::Shared { max });
    match source {
        Source::One(a) => scale::on_picture(a, scale, area, width, height),
        Source::Difference(a, b) => overlay::difference(
            &scale::on_picture(a, scale, area, width, height),
            &scale::on_picture(b, scale, area, width, height),
        ),
    }
}

fn make(ctx: &egui::Context, pictures: &mut Pictures, key: MapKey, area: Area) -> Texture {
    let placed = PlacedKey { source: key.source.clone(), top: key.top, size: key.size };
    let plane = pictures.placed.get(&placed).unwrap_or_else(|| {
        let plane = Arc::new(values(&key.source, key.top, area, key.size));
        pictures.placed.put(placed, plane.clone());
        plane
    });
    let picture = match key.source {
        Source::One(ref map) => scale::painted(&plane, map.method.is_signed(), &key.style),
        Source::Difference(..) => overlay::compose_difference(&plane, &key.style),
    };
    let image = ColorImage::from_rgba_unmultiplied(key.size, picture.as_raw());
    let texture = pictures.texture(ctx, image, TextureOptions::LINEAR);
    pictures.maps.put(key, texture.clone());
    texture
}

fn paint_contours(
    painter: &Painter,
    state: &State,
    pictures: &mut Pictures,
    key: PlacedKey,
    area: Area,
    placement: &Placement,
) {
    let lines = pictures.contours.get(&key).unwrap_or_else(|| {
        let [w, h] = key.size;
        let plane = values(&key.source, key.top, area, fitted(w, h, CONTOUR_SIDE));
        let levels: Vec<f32> = match key.source {
            Source::One(ref map) if !map.method.is_signed() => LEVELS.to_vec(),
            Source::One(_) | Source::Difference(..) => LEVELS.iter().flat_map(|l| [-l, *l]).collect(),
        };
        let lines: Contours =
            Arc::new(contours(&plane, &levels, w, h).into_iter().map(|c| (c.points, c.closed)).collect());
        pictures.contours.put(key, lines.clone());
        lines
    });
    let tokens = theme::tokens(state.settings.theme);
    for (points, closed) in lines.iter() {
        let points: Vec<Pos2> = points.iter().map(|p| super::on_screen(placement, *p)).collect();
        for stroke in [Stroke::new(2.5, tokens.film_shadow), Stroke::new(1.0, tokens.film_text)] {
            let points = points.clone();
            painter.add(if *closed { Shape::closed_line(points, stroke) } else { Shape::line(points, stroke) });
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
