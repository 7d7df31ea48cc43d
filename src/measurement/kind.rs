//! The kinds of measurement, and the points that each is made of.

use serde::{Deserialize, Serialize};

use super::geometry::Point;
use super::region::Region;
use crate::limits;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Two ends.
    Length,
    /// The ends of the long axis, the ends of the short axis at right angles to it.
    Bidirectional,
    /// An end, the vertex, the other end.
    Angle,
    /// The ends of a line along an end plate, and of another one.
    Cobb,
    /// The ends of the midline, the borders of the heart, the borders of the thorax.
    Cardiothoracic,
    /// Two opposite corners.
    Rectangle,
    /// Two opposite corners of the box around it.
    Ellipse,
    /// Two opposite corners of the box around it, which is a square in millimetres.
    Circle,
    /// An outline; the last point is joined to the first.
    Freehand,
    /// The tip, and where its words stand.
    Arrow,
    Text,
    /// One pixel.
    Probe,
    /// The ends of a line whose length the reader knows.
    Calibration,
}

impl Kind {
    pub const ALL: [Self; 13] = [
        Self::Length,
        Self::Bidirectional,
        Self::Angle,
        Self::Cobb,
        Self::Cardiothoracic,
        Self::Rectangle,
        Self::Ellipse,
        Self::Circle,
        Self::Freehand,
        Self::Arrow,
        Self::Text,
        Self::Probe,
        Self::Calibration,
    ];

    /// Name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Length => "Length",
            Self::Bidirectional => "Long and short axis",
            Self::Angle => "Angle",
            Self::Cobb => "Cobb angle",
            Self::Cardiothoracic => "Cardiothoracic ratio",
            Self::Rectangle => "Rectangle",
            Self::Ellipse => "Ellipse",
            Self::Circle => "Circle",
            Self::Freehand => "Freehand region",
            Self::Arrow => "Arrow",
            Self::Text => "Text",
            Self::Probe => "Probe",
            Self::Calibration => "Calibration line",
        }
    }

    /// Fewest and most points.
    #[must_use]
    pub fn points(self) -> (usize, usize) {
        match self {
            Self::Text | Self::Probe => (1, 1),
            Self::Length | Self::Rectangle | Self::Ellipse | Self::Circle | Self::Arrow | Self::Calibration => (2, 2),
            Self::Angle => (3, 3),
            Self::Cobb | Self::Bidirectional => (4, 4),
            Self::Cardiothoracic => (6, 6),
            Self::Freehand => (3, limits::OUTLINE_POINTS),
        }
    }

    /// Whether it is a region with grey values inside.
    #[must_use]
    pub fn is_region(self) -> bool {
        matches!(self, Self::Rectangle | Self::Ellipse | Self::Circle | Self::Freehand)
    }

    /// Whether it is there for its words.
    #[must_use]
    pub fn is_note(self) -> bool {
        matches!(self, Self::Arrow | Self::Text)
    }

    /// The region that the points make; nothing where the kind is none, or points are missing.
    #[must_use]
    pub fn region(self, points: &[Point]) -> Option<Region> {
        let bounds = |a: Point, b: Point| [a[0].min(b[0]), a[1].min(b[1]), a[0].max(b[0]), a[1].max(b[1])];
        match (self, points) {
            (Self::Rectangle, [a, b]) => Some(Region::Rectangle(bounds(*a, *b))),
            (Self::Ellipse | Self::Circle, [a, b]) => Some(Region::Ellipse(bounds(*a, *b))),
            (Self::Freehand, [_, _, _, ..]) => Some(Region::Freehand(points.to_vec())),
            _ => None,
        }
    }

    /// The lines that are drawn of it, as runs of points.
    #[must_use]
    pub fn lines(self, points: &[Point]) -> Vec<Vec<Point>> {
        match (self, points) {
            (Self::Cobb | Self::Bidirectional, [a, b, c, d]) => vec![vec![*a, *b], vec![*c, *d]],
            (Self::Cobb | Self::Bidirectional, [a, b, rest @ ..]) => vec![vec![*a, *b], rest.to_vec()],
            (Self::Cardiothoracic, points) => points.chunks(2).map(<[Point]>::to_vec).collect(),
            (Self::Rectangle, [a, b]) => vec![vec![*a, [b[0], a[1]], *b, [a[0], b[1]], *a]],
            (Self::Ellipse | Self::Circle, [a, b]) => vec![ellipse(*a, *b)],
            (Self::Freehand, [first, _, ..]) => vec![points.iter().chain([first]).copied().collect()],
            _ => vec![points.to_vec()],
        }
    }
}

/// Points around an ellipse in the box between two corners, the first one again at the end.
fn ellipse(a: Point, b: Point) -> Vec<Point> {
    const POINTS: usize = 72;
    let (middle, half) = ([0, 1].map(|i| f64::midpoint(a[i], b[i])), [0, 1].map(|i| (b[i] - a[i]) / 2.0));
    let point = |i: usize| {
        let (s, c) = (std::f64::consts::TAU * i as f64 / POINTS as f64).sin_cos();
        [middle[0] + half[0] * c, middle[1] + half[1] * s]
    };
    (0..=POINTS).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_may_be_given_in_any_order() {
        let region = Kind::Rectangle.region(&[[9.0, 2.0], [1.0, 7.0]]).unwrap();
        assert_eq!(region, Region::Rectangle([1.0, 2.0, 9.0, 7.0]));
        assert_eq!(Kind::Length.region(&[[0.0, 0.0], [1.0, 1.0]]), None);
        assert_eq!(Kind::Freehand.region(&[[0.0, 0.0], [1.0, 1.0]]), None);
    }

    #[test]
    fn lines_of_a_half_made_one_are_drawn_too() {
        let points = [[0.0, 0.0], [1.0, 0.0], [0.0, 5.0], [1.0, 6.0], [2.0, 2.0]];
        assert_eq!(Kind::Cobb.lines(&points[..3]), [vec![points[0], points[1]], vec![points[2]]]);
        assert_eq!(Kind::Cardiothoracic.lines(&points).len(), 3);
        assert_eq!(Kind::Rectangle.lines(&points[..2])[0].len(), 5);
        assert_eq!(Kind::Angle.lines(&points[..2]), [points[..2].to_vec()]);
    }
}
