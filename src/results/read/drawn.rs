//! What reports draw, on the image that it was drawn on.
//!
//! Points on an image count columns and rows from the outer corner of the first pixel, which is
//! `0\0`; the far corner of the last one is `Columns\Rows` (PS3.3 C.18.6.1.1). Points in the patient
//! are drawn on a slice when they lie in it: in its frame of reference, and no farther from its plane
//! than half its thickness. Shapes (C.18.6.1.2, C.18.9.1.2): POINT and MULTIPOINT are points, POLYLINE and
//! POLYGON lines; a CIRCLE is told by its centre and a point of its rim, an ELLIPSE by the ends of its
//! axes. An ELLIPSOID is not drawn, and said not to be where it reaches the slice.
//!
//! What was drawn on another image or frame is not drawn here.

use std::sync::Arc;

use super::geometry::PlanePlace;
use super::graphics::ReportGraphic;
use super::item::Graphic;
use super::key::LayerKey;
use super::placing::{Image, SAME, THIN};
use crate::limits;
use crate::study::{Drawing, ellipse};

/// Coordinates beyond this are no place on an image, in pixels or millimetres.
const FARTHEST: f32 = 1e6;

/// So many drawings back it is looked whether one is a repetition.
const REPEATED: usize = 8;

/// The graphics of one finding that lie on an image.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingGraphics {
    pub key: LayerKey,
    /// What the finding is called.
    pub name: String,
    /// The report that it is of.
    pub of: String,
    /// What was found, and what was measured.
    pub details: Vec<String>,
    /// In pixels of the image; the corner of the first one is (0, 0).
    pub drawings: Vec<Drawing>,
}

/// What became of the graphics of a report.
#[derive(Default)]
pub(super) struct DrawnOn {
    pub graphics: Vec<FindingGraphics>,
    /// On this image, but of a kind or with points that cannot be drawn.
    pub not_drawn: usize,
    /// On this image, but too much.
    pub no_room: usize,
}

/// The graphics on an image, of at most so many points, which are counted down.
pub(super) fn drawn_on(
    graphics: &[ReportGraphic],
    image: &Image,
    (uid, of): (&str, &str),
    points: &mut usize,
) -> DrawnOn {
    let mut found = DrawnOn::default();
    let mut last = None;
    let mut count = 0;
    for one in graphics {
        let drawings = match on_image(one, image) {
            OnImage::Drawn(drawings) => drawings,
            OnImage::NotDrawn => {
                found.not_drawn += 1;
                continue;
            }
            OnImage::Elsewhere => continue,
        };
        // Graphics of one finding stand behind each other.
        let is_same = last.as_ref().is_some_and(|finding| Arc::ptr_eq(finding, &one.finding));
        let known = found.graphics.last_mut().filter(|_| is_same);
        // A region is repeated by each of the numbers that were measured in it.
        if known.as_ref().is_some_and(|known| {
            drawings.iter().all(|one| known.drawings.iter().rev().take(REPEATED).any(|other| other == one))
        }) {
            continue;
        }
        let needed = drawings.iter().map(|drawing| drawing.points.len()).sum();
        let has_room = known.is_some() || count < limits::LAYERS;
        let Some(rest) = points.checked_sub(needed).filter(|_| has_room) else {
            found.no_room += 1;
            continue;
        };
        *points = rest;
        if let Some(known) = known {
            known.drawings.extend(drawings);
            continue;
        }
        count += 1;
        last = Some(Arc::clone(&one.finding));
        found.graphics.push(FindingGraphics {
            key: LayerKey { object: uid.to_owned(), part: format!("finding {}", one.finding.item) },
            name: one.finding.name.clone(),
            of: of.to_owned(),
            details: one.finding.details.clone(),
            drawings,
        });
    }
    found
}

/// Whether a graphic lies on an image.
enum OnImage {
    Drawn(Vec<Drawing>),
    NotDrawn,
    Elsewhere,
}

fn on_image(one: &ReportGraphic, image: &Image) -> OnImage {
    let graphic = &one.graphic;
    if graphic.is_in_patient {
        return match image.place.as_ref().filter(|place| place.frame_of_reference == graphic.frame_of_reference) {
            Some(place) => in_patient(graphic, place),
            None => OnImage::Elsewhere,
        };
    }
    if !one.images.iter().any(|named| named.names(&image.sop_instance_uid, image.index)) {
        return OnImage::Elsewhere;
    }
    let points: Vec<[f32; 2]> = graphic.points.iter().map(|[x, y, _]| [*x, *y]).collect();
    if graphic.is_of_tiles || !points.iter().flatten().all(|v| v.abs() < FARTHEST) {
        return OnImage::NotDrawn;
    }
    shape(&graphic.shape, &points, image.pixel_aspect).map_or(OnImage::NotDrawn, OnImage::Drawn)
}

/// Points in the patient as far as they lie in the slice.
fn in_patient(graphic: &Graphic, place: &PlanePlace) -> OnImage {
    if !graphic.points.iter().flatten().all(|v| v.abs() < FARTHEST) {
        // Where it lies cannot be known.
        return OnImage::Elsewhere;
    }
    let reach = (0.5 * place.thickness.unwrap_or(THIN)).max(SAME);
    let all = graphic.points.iter().map(|point| point.map(f64::from));
    let placed: Vec<(f64, [f32; 2])> =
        all.map(|point| (place.height_of(point), place.pixel_at(point).map(|v| v as f32))).collect();
    let within: Vec<[f32; 2]> =
        placed.iter().filter(|(height, _)| height.abs() <= reach).map(|(_, pixel)| *pixel).collect();
    let is_whole = within.len() == placed.len();
    match graphic.shape.as_str() {
        _ if within.is_empty() && graphic.shape != "ELLIPSOID" => OnImage::Elsewhere,
        "POINT" | "MULTIPOINT" => shape(&graphic.shape, &within, 1.0).map_or(OnImage::NotDrawn, OnImage::Drawn),
        "ELLIPSOID" => {
            let heights = || placed.iter().map(|(height, _)| *height);
            let reaches = heights().any(|height| height <= reach) && heights().any(|height| height >= -reach);
            if reaches { OnImage::NotDrawn } else { OnImage::Elsewhere }
        }
        // What goes through the slice has no outline in it.
        _ if !is_whole => OnImage::Elsewhere,
        // It is told by its centre on an image only.
        "CIRCLE" => OnImage::NotDrawn,
        _ => shape(&graphic.shape, &within, 1.0).map_or(OnImage::NotDrawn, OnImage::Drawn),
    }
}

/// A shape as points and lines; nothing where it has too few points, or is of no kind that is known.
fn shape(kind: &str, points: &[[f32; 2]], aspect: f32) -> Option<Vec<Drawing>> {
    let drawing = |points: Vec<[f32; 2]>| Drawing { points, filled: false, color: None };
    Some(match (kind, points) {
        ("POINT", [point, ..]) => vec![drawing(vec![*point])],
        ("MULTIPOINT", [_, ..]) => points.iter().map(|point| drawing(vec![*point])).collect(),
        ("POLYLINE" | "POLYGON", [_, _, ..]) => vec![drawing(points.to_vec())],
        ("CIRCLE", [center, rim, ..]) => {
            // A circle in the patient, whatever the shape of the pixels.
            let radius = (rim[0] - center[0]).hypot((rim[1] - center[1]) * aspect);
            vec![drawing(ellipse(*center, [radius, 0.0], [0.0, radius / aspect]))]
        }
        ("ELLIPSE", [a, b, c, d, ..]) => {
            let half = |p: &[f32; 2], q: &[f32; 2]| [0.5 * (q[0] - p[0]), 0.5 * (q[1] - p[1])];
            let middle = [0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1])];
            vec![drawing(ellipse(middle, half(a, b), half(c, d)))]
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [[f32; 2]; 4] = [[2.0, 5.0], [8.0, 5.0], [5.0, 4.0], [5.0, 6.0]];

    fn points(kind: &str, of: &[[f32; 2]]) -> Option<Vec<Vec<[f32; 2]>>> {
        shape(kind, of, 1.0).map(|all| all.into_iter().map(|drawing| drawing.points).collect())
    }

    fn extent(of: &[[f32; 2]]) -> [f32; 4] {
        let start = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
        of.iter().fold(start, |[l, t, r, b], [x, y]| [l.min(*x), t.min(*y), r.max(*x), b.max(*y)])
    }

    fn is_close(a: [f32; 4], b: [f32; 4]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4)
    }

    #[test]
    fn shapes_are_told_by_their_points() {
        assert_eq!(points("POINT", &SQUARE), Some(vec![vec![[2.0, 5.0]]]));
        assert_eq!(points("MULTIPOINT", &SQUARE[..2]), Some(vec![vec![[2.0, 5.0]], vec![[8.0, 5.0]]]));
        assert_eq!(points("POLYLINE", &SQUARE[..3]), Some(vec![SQUARE[..3].to_vec()]));
        let circle = points("CIRCLE", &[[5.0, 5.0], [5.0, 8.0]]).unwrap();
        assert!(is_close(extent(&circle[0]), [2.0, 2.0, 8.0, 8.0]), "{circle:?}");
        let ellipse = points("ELLIPSE", &SQUARE).unwrap();
        assert!(is_close(extent(&ellipse[0]), [2.0, 4.0, 8.0, 6.0]), "{ellipse:?}");
        for (kind, few) in [("POLYLINE", 1), ("CIRCLE", 1), ("ELLIPSE", 3), ("POINT", 0), ("SPIRAL", 4)] {
            assert_eq!(points(kind, &SQUARE[..few]), None, "{kind}");
        }
    }

    #[test]
    fn a_circle_is_round_in_the_patient_where_pixels_are_not_square() {
        // Pixels twice as high as they are wide.
        let circle = &shape("CIRCLE", &[[5.0, 5.0], [9.0, 5.0]], 2.0).unwrap()[0];
        assert!(is_close(extent(&circle.points), [1.0, 3.0, 9.0, 7.0]));
    }
}
