//! Graphic annotations of presentation states (PS3.3 C.10.5): drawings and words, all brought to
//! pixels of the image.
//!
//! Curves become chains of short lines. Objects in other units than pixels and parts of the displayed
//! area (those of whole-slide images) are left out.

use std::f32::consts::TAU;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::limits;
use crate::printable::printable;

use super::dataset::Dataset;
use super::text::CharacterSets;

/// Lines that a circle or an ellipse is drawn with.
const ROUND: usize = 96;
/// Lines between two points of a curve.
const STEPS: usize = 8;
/// Longest text of an annotation, in characters.
const TEXT: usize = 1024;

/// Points joined by lines; a single point is a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    pub points: Vec<[f32; 2]>,
    pub filled: bool,
    /// The recommended colour of its layer, where the state has one.
    pub color: Option<[u8; 3]>,
}

/// Words at a place of the image.
#[derive(Clone, Debug, PartialEq)]
pub struct TextNote {
    pub text: String,
    /// Upper left corner of the words, or where there is no box for them, the point they are about.
    pub at: [f32; 2],
    /// The point that a line leads to.
    pub anchor: Option<[f32; 2]>,
    /// The recommended colour of its layer, where the state has one.
    pub color: Option<[u8; 3]>,
}

/// What a presentation state draws over an image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Annotations {
    pub drawings: Vec<Drawing>,
    pub texts: Vec<TextNote>,
    /// Some objects were left out.
    pub incomplete: bool,
}

/// How the displayed area of a presentation state lies on the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DisplayedArea {
    /// Upper left and lower right corner in pixels of the image.
    pub area: [[f32; 2]; 2],
    /// Quarter turns clockwise, before the mirror.
    pub turns: u8,
    pub mirrored: bool,
    /// Height of a pixel over its width.
    pub aspect: f32,
}

impl DisplayedArea {
    /// A point in parts of the area, as it is displayed, in pixels of the image.
    fn on_image(&self, [u, v]: [f32; 2]) -> [f32; 2] {
        let u = if self.mirrored { 1.0 - u } else { u };
        let [s, t] = match self.turns % 4 {
            0 => [u, v],
            1 => [v, 1.0 - u],
            2 => [1.0 - u, 1.0 - v],
            _ => [1.0 - v, u],
        };
        let [[x0, y0], [x1, y1]] = self.area;
        [x0 + s * (x1 - x0), y0 + t * (y1 - y0)]
    }

    fn points(&self, item: &Dataset, units: Tag, data: Tag) -> Option<Vec<[f32; 2]>> {
        let numbers = item.numbers(data);
        let points = numbers.as_chunks().0.iter().map(|[x, y]| [*x as f32, *y as f32]);
        let points: Vec<[f32; 2]> = match item.code(units).as_str() {
            "PIXEL" => points.collect(),
            "DISPLAY" => points.map(|point| self.on_image(point)).collect(),
            _ => return None,
        };
        let sound = points.iter().flatten().all(|v| v.abs() < 1e6);
        (sound && !points.is_empty()).then_some(points)
    }
}

impl Annotations {
    /// Adds the objects of one item of the Graphic Annotation Sequence, in the colour of its layer.
    pub(super) fn add(&mut self, item: &Dataset, area: &DisplayedArea, sets: &CharacterSets, color: Option<[u8; 3]>) {
        let mut points: usize = self.drawings.iter().map(|drawing| drawing.points.len()).sum();
        for object in item.items(tags::GRAPHIC_OBJECT_SEQUENCE) {
            let drawn = drawing(object, area).map(|drawing| Drawing { color, ..drawing }).filter(|drawing| {
                points += drawing.points.len();
                points <= limits::ANNOTATION_POINTS && self.drawings.len() < limits::ANNOTATIONS
            });
            self.incomplete |= drawn.is_none();
            self.drawings.extend(drawn);
        }
        for object in item.items(tags::TEXT_OBJECT_SEQUENCE) {
            let note = text_note(object, area, sets)
                .map(|note| TextNote { color, ..note })
                .filter(|_| self.texts.len() < limits::ANNOTATIONS);
            self.incomplete |= note.is_none();
            self.texts.extend(note);
        }
    }
}

fn drawing(object: &Dataset, area: &DisplayedArea) -> Option<Drawing> {
    let points = area.points(object, tags::GRAPHIC_ANNOTATION_UNITS, tags::GRAPHIC_DATA)?;
    if points.len() > limits::ANNOTATION_POINTS / STEPS {
        return None;
    }
    let points = match (object.code(tags::GRAPHIC_TYPE).as_str(), points.as_slice()) {
        ("POINT", [point, ..]) => vec![*point],
        ("POLYLINE", [_, _, ..]) => points,
        ("INTERPOLATED", [_, _, ..]) => curve(&points),
        ("CIRCLE", [center, rim, ..]) => {
            // A circle on the screen, whatever the shape of the pixels.
            let radius = (rim[0] - center[0]).hypot((rim[1] - center[1]) * area.aspect);
            ellipse(*center, [radius, 0.0], [0.0, radius / area.aspect])
        }
        ("ELLIPSE", [a, b, c, d, ..]) => {
            let middle = [0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1])];
            let half = |p: &[f32; 2], q: &[f32; 2]| [0.5 * (q[0] - p[0]), 0.5 * (q[1] - p[1])];
            ellipse(middle, half(a, b), half(c, d))
        }
        _ => return None,
    };
    Some(Drawing { points, filled: object.code(tags::GRAPHIC_FILLED) == "Y", color: None })
}

/// An ellipse with these half axes, or any two conjugate ones, as a closed chain of short lines.
#[must_use]
pub fn ellipse(center: [f32; 2], a: [f32; 2], b: [f32; 2]) -> Vec<[f32; 2]> {
    let at = |i: usize| {
        let (sin, cos) = (TAU * i as f32 / ROUND as f32).sin_cos();
        [center[0] + cos * a[0] + sin * b[0], center[1] + cos * a[1] + sin * b[1]]
    };
    (0..=ROUND).map(at).collect()
}

/// A smooth curve through the points (Catmull–Rom; the standard leaves the kind open).
fn curve(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let mut out = Vec::with_capacity(points.len() * STEPS);
    for (i, pair) in points.windows(2).enumerate() {
        let [b, c] = [pair[0], pair[1]];
        let a = i.checked_sub(1).and_then(|before| points.get(before)).copied().unwrap_or(b);
        let d = points.get(i + 2).copied().unwrap_or(c);
        let blend = |k: usize, t: f32| {
            let (p, q, r, s) = (a[k], b[k], c[k], d[k]);
            q + 0.5 * t * (r - p + t * (2.0 * p - 5.0 * q + 4.0 * r - s + t * (3.0 * (q - r) + s - p)))
        };
        out.extend((0..STEPS).map(|step| step as f32 / STEPS as f32).map(|t| [blend(0, t), blend(1, t)]));
    }
    out.extend(points.last().copied());
    out
}

fn text_note(object: &Dataset, area: &DisplayedArea, sets: &CharacterSets) -> Option<TextNote> {
    let raw = object.text(tags::UNFORMATTED_TEXT_VALUE, sets);
    let lines = raw.lines().map(|line| printable(line).into_owned()).collect::<Vec<_>>().join("\n");
    let text: String = lines.trim().chars().take(TEXT).collect();
    let point = |units, data| area.points(object, units, data).and_then(|points| points.first().copied());
    let corner = point(tags::BOUNDING_BOX_ANNOTATION_UNITS, tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER);
    let anchor = point(tags::ANCHOR_POINT_ANNOTATION_UNITS, tags::ANCHOR_POINT);
    let at = corner.or(anchor).filter(|_| !text.is_empty())?;
    let leads = object.code(tags::ANCHOR_POINT_VISIBILITY) == "Y" && corner.is_some();
    Some(TextNote { text, at, anchor: anchor.filter(|_| leads), color: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(turns: u8, mirrored: bool) -> DisplayedArea {
        DisplayedArea { area: [[0.0, 0.0], [40.0, 20.0]], turns, mirrored, aspect: 1.0 }
    }

    #[test]
    fn parts_of_the_displayed_area_lie_where_the_turned_image_shows_them() {
        let corner = [0.0, 0.0];
        assert_eq!(area(0, false).on_image(corner), [0.0, 0.0]);
        assert_eq!(area(0, true).on_image(corner), [40.0, 0.0]);
        // Turned to the right, the lower left corner of the image is at the upper left.
        assert_eq!(area(1, false).on_image(corner), [0.0, 20.0]);
        assert_eq!(area(2, false).on_image(corner), [40.0, 20.0]);
        assert_eq!(area(3, false).on_image(corner), [40.0, 0.0]);
        assert_eq!(area(1, true).on_image(corner), [0.0, 0.0]);
    }

    #[test]
    fn a_curve_goes_through_its_points() {
        let points = [[0.0, 0.0], [10.0, 5.0], [20.0, 0.0]];
        let curve = curve(&points);
        assert!(points.iter().all(|p| curve.contains(p)) && curve.len() == 2 * STEPS + 1, "{curve:?}");
    }

    #[test]
    fn an_ellipse_has_its_axes() {
        let points = ellipse([5.0, 5.0], [3.0, 0.0], [0.0, 1.0]);
        let ends = points.iter().map(|p| p[0]).fold([f32::MAX, f32::MIN], |[a, b], x| [a.min(x), b.max(x)]);
        assert!((ends[0] - 2.0).abs() < 1e-4 && (ends[1] - 8.0).abs() < 1e-4, "{ends:?}");
        assert_eq!(points.len(), ROUND + 1);
    }
}
