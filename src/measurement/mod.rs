//! What a reader measures on an image: lengths, angles, the cardiothoracic ratio, regions with their
//! grey values and the evidence of a map inside, notes.
//!
//! Why a room of its own: viewer, report and command line print the same numbers, made in one place
//! of the same points ([`Measured::of`]), and a report can be checked by measuring again. A
//! [`Measurement`] is what the reader did, points and words; what it comes to is never kept with it
//! but measured anew.
//!
//! ```text
//! points ─► geometry ─► region ─► statistics ─┐
//!              ├────► calibration            ├─► measured ─► kept (a file) ─► store (the user's data folder)
//!              └────► cardiothoracic ─────────┘
//! ```
//!
//! What it does not do: find anything on an image. Only the width of the thorax may be proposed, and
//! is then said to be.

pub mod calibration;
pub mod cardiothoracic;
pub mod evidence_inside;
pub mod geometry;
pub mod identity;
pub mod kept;
pub mod kind;
pub mod measured;
pub mod region;
pub mod shape;
pub mod statistics;
pub mod store;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits;
pub use geometry::{Metric, Point};
pub use kind::Kind;
pub use measured::Measured;

/// Tells a measurement from all others of its image: microseconds since 1970 when it was made, or
/// more where two were made at once. Below 2⁵³, so that every reader of JSON has it right.
pub type MeasurementId = u64;

/// Words of the reader; what is printed for finding faults holds none of them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(pub String);

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} characters)", self.0.chars().count())
    }
}

/// One measurement as the reader made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    pub id: MeasurementId,
    pub kind: Kind,
    /// In pixels of the image; see [`geometry`].
    pub points: Vec<Point>,
    /// What the reader calls it, or what a note says.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub name: Words,
    /// The borders of the thorax are as the lung segmenter or a lung mask proposed them: the reader
    /// has not moved them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thorax_proposed: bool,
    /// Of a calibration line: its length in millimetres, where the reader has said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_mm: Option<f64>,
}

impl Words {
    /// Words, cut where there are too many.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.chars().take(limits::MEASUREMENT_NAME).collect())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }
}

/// What of a measurement is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handle {
    /// A place of [`Measurement::handles`].
    At(usize),
    /// All of it.
    Whole,
}

/// Why a measurement is not taken, as the second half of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeasurementError {
    #[error("a measurement ({kind}) has {points} points, which cannot be")]
    Points { kind: &'static str, points: usize },
    #[error("a measurement ({0}) has a point that lies nowhere near the image")]
    Place(&'static str),
    #[error("a name has {0} characters, and at most {most} are taken", most = limits::MEASUREMENT_NAME)]
    Name(usize),
    #[error("it holds {0} measurements, and at most {most} are taken", most = limits::MEASUREMENTS)]
    TooMany(usize),
    #[error("two measurements have one number")]
    Twice,
    #[error("a measurement has a number of 2^53 or more")]
    Number,
    #[error("a measurement has a known length of {0} mm, which cannot be")]
    Known(String),
}

/// Points farther from the image than this many of its sides are no points of it.
const NEAR: f64 = 4.0;

impl Measurement {
    /// The places that can be taken by hand: the points, and of rectangles, ellipses and circles all
    /// four corners of the box; none of an outline.
    #[must_use]
    pub fn handles(&self) -> Vec<Point> {
        match (self.kind, self.points.as_slice()) {
            (Kind::Rectangle | Kind::Ellipse | Kind::Circle, [a, b]) => vec![*a, *b, [b[0], a[1]], [a[0], b[1]]],
            (Kind::Freehand, _) => Vec::new(),
            (_, points) => points.to_vec(),
        }
    }

    /// The same with a handle at another place, or all of it moved so far that `from` lies at `to`;
    /// kept on an image of `width × height` with such pixels. A circle stays one, and the axes of a
    /// bidirectional measurement stay at right angles.
    #[must_use]
    pub fn moved(&self, handle: Handle, from: Point, to: Point, size: [usize; 2], metric: &Metric) -> Self {
        let mut moved = self.clone();
        let to = within(to, size);
        match (handle, self.kind, moved.points.as_mut_slice()) {
            (Handle::Whole, _, points) => {
                let way = within_all(points, [to[0] - from[0], to[1] - from[1]], size);
                points.iter_mut().for_each(|p| *p = rounded([p[0] + way[0], p[1] + way[1]]));
            }
            (Handle::At(_), Kind::Circle, [a, b]) => [*a, *b] = shape::circle(metric, shape::middle(*a, *b), to, size),
            (Handle::At(number), Kind::Bidirectional, [a, b, c, d]) => {
                [*a, *b, *c, *d] = shape::axes_moved(metric, [*a, *b, *c, *d], number, to, size);
            }
            (Handle::At(2), Kind::Rectangle | Kind::Ellipse, [a, b]) => (b[0], a[1]) = (to[0], to[1]),
            (Handle::At(3), Kind::Rectangle | Kind::Ellipse, [a, b]) => (a[0], b[1]) = (to[0], to[1]),
            (Handle::At(number), _, points) => {
                if let Some(point) = points.get_mut(number) {
                    *point = to;
                }
            }
        }
        if matches!(handle, Handle::Whole | Handle::At(4 | 5)) {
            moved.thorax_proposed = false;
        }
        moved
    }

    /// Whether it can be a measurement of an image of `width × height`.
    pub fn check(&self, [width, height]: [usize; 2]) -> Result<(), MeasurementError> {
        if self.id >= 1 << 53 {
            return Err(MeasurementError::Number);
        }
        let (kind, points) = (self.kind.name(), self.points.len());
        let (least, most) = self.kind.points();
        if !(least..=most).contains(&points) {
            return Err(MeasurementError::Points { kind, points });
        }
        let near = |at: f64, side: usize| at.is_finite() && at.abs() <= NEAR * side.max(1) as f64;
        if !self.points.iter().all(|[x, y]| near(*x, width) && near(*y, height)) {
            return Err(MeasurementError::Place(kind));
        }
        if let Some(mm) =
            self.known_mm.filter(|mm| !calibration::is_known_length(*mm) || self.kind != Kind::Calibration)
        {
            return Err(MeasurementError::Known(format!("{mm}")));
        }
        match self.name.0.chars().count() {
            long if long > limits::MEASUREMENT_NAME => Err(MeasurementError::Name(long)),
            _ => Ok(()),
        }
    }
}

/// Whether these can be the measurements of an image of `width × height`.
pub fn check(all: &[Measurement], size: [usize; 2]) -> Result<(), MeasurementError> {
    if all.len() > limits::MEASUREMENTS {
        return Err(MeasurementError::TooMany(all.len()));
    }
    let mut ids: Vec<MeasurementId> = all.iter().map(|one| one.id).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(MeasurementError::Twice);
    }
    all.iter().try_for_each(|one| one.check(size))
}

/// The nearest point of an image of `width × height`, to a hundredth of a pixel.
#[must_use]
pub fn within([x, y]: Point, [width, height]: [usize; 2]) -> Point {
    let on = |at: f64, side: usize| if at.is_finite() { at.clamp(0.0, side as f64) } else { 0.0 };
    rounded([on(x, width), on(y, height)])
}

fn rounded(point: Point) -> Point {
    point.map(|v| (v * 100.0).round() / 100.0)
}

/// The way that all points can go without leaving the image.
fn within_all(points: &[Point], way: [f64; 2], size: [usize; 2]) -> [f64; 2] {
    std::array::from_fn(|i| {
        let least = points.iter().map(|p| p[i]).fold(f64::INFINITY, f64::min);
        let most = points.iter().map(|p| p[i]).fold(f64::NEG_INFINITY, f64::max);
        way[i].clamp((-least).min(0.0), (size[i] as f64 - most).max(0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Spacing, SpacingProvenance};

    const SQUARE: Metric = Metric::PIXELS;

    fn measurement(kind: Kind, points: &[Point]) -> Measurement {
        Measurement {
            id: 1,
            kind,
            points: points.to_vec(),
            name: Words::default(),
            thorax_proposed: false,
            known_mm: None,
        }
    }

    #[test]
    fn every_corner_of_a_box_can_be_taken() {
        let region = measurement(Kind::Rectangle, &[[1.0, 2.0], [5.0, 6.0]]);
        let moved = |handle| region.moved(Handle::At(handle), [0.0, 0.0], [9.0, 8.0], [20, 20], &SQUARE).points;
        assert_eq!(region.handles(), [[1.0, 2.0], [5.0, 6.0], [5.0, 2.0], [1.0, 6.0]]);
        assert_eq!(moved(0), [[9.0, 8.0], [5.0, 6.0]]);
        assert_eq!(moved(1), [[1.0, 2.0], [9.0, 8.0]]);
        assert_eq!(moved(2), [[1.0, 8.0], [9.0, 6.0]]);
        assert_eq!(moved(3), [[9.0, 2.0], [5.0, 8.0]]);
    }

    #[test]
    fn what_is_moved_stays_on_the_image_and_keeps_its_shape() {
        let line = measurement(Kind::Length, &[[1.0, 2.0], [5.0, 6.0]]);
        assert_eq!(
            line.moved(Handle::Whole, [3.0, 4.0], [13.0, 4.0], [12, 12], &SQUARE).points,
            [[8.0, 2.0], [12.0, 6.0]]
        );
        assert_eq!(
            line.moved(Handle::Whole, [3.0, 4.0], [0.0, 0.0], [12, 12], &SQUARE).points,
            [[0.0, 0.0], [4.0, 4.0]]
        );
        assert_eq!(line.moved(Handle::At(1), [0.0, 0.0], [99.0, -3.0], [12, 12], &SQUARE).points[1], [12.0, 0.0]);
    }

    #[test]
    fn a_proposed_thorax_that_is_moved_is_the_reader_s() {
        let points = [[5.0, 0.0], [5.0, 9.0], [3.0, 5.0], [7.0, 5.0], [1.0, 6.0], [9.0, 6.0]];
        let ratio = Measurement { thorax_proposed: true, ..measurement(Kind::Cardiothoracic, &points) };
        let moved = |handle| ratio.moved(handle, [0.0, 0.0], [2.0, 2.0], [10, 10], &SQUARE).thorax_proposed;
        assert!(moved(Handle::At(2)) && !moved(Handle::At(4)) && !moved(Handle::At(5)) && !moved(Handle::Whole));
    }

    #[test]
    fn a_circle_stays_a_circle_and_axes_stay_at_right_angles() {
        let spacing = Spacing { row_mm: 2.0, column_mm: 1.0, provenance: SpacingProvenance::Calibrated };
        let metric = Metric::new(Some(spacing), 1.0);
        let circle = measurement(Kind::Circle, &[[40.0, 45.0], [60.0, 55.0]]);
        let moved = circle.moved(Handle::At(1), [60.0, 55.0], [70.0, 50.0], [100, 100], &metric).points;
        // The middle stays; 20 mm are 20 columns and 10 rows.
        assert_eq!(moved, [[30.0, 40.0], [70.0, 60.0]]);
        let axes = measurement(Kind::Bidirectional, &[[10.0, 50.0], [90.0, 50.0], [40.0, 45.0], [40.0, 60.0]]);
        for (handle, to) in [(0, [15.0, 30.0]), (1, [80.0, 70.0]), (2, [60.0, 30.0]), (3, [30.0, 80.0])] {
            let p = axes.moved(Handle::At(handle), [0.0, 0.0], to, [100, 100], &metric).points;
            let (u, v) = (metric.way(p[0], p[1]), metric.way(p[2], p[3]));
            let cosine = (u[0] * v[0] + u[1] * v[1]) / (u[0].hypot(u[1]) * v[0].hypot(v[1]));
            assert!(cosine.abs() < 0.005, "{handle}: {p:?}");
            assert!((p[handle][0] - to[0]).abs() < 0.02 && (p[handle][1] - to[1]).abs() < 0.02, "{handle}: {p:?}");
        }
    }

    #[test]
    fn a_known_length_belongs_to_a_calibration_line_and_can_be_one() {
        let line = |kind, known_mm| Measurement { known_mm, ..measurement(kind, &[[1.0, 1.0], [5.0, 1.0]]) };
        assert!(line(Kind::Calibration, Some(100.0)).check([10, 10]).is_ok());
        assert!(line(Kind::Calibration, None).check([10, 10]).is_ok());
        assert!(line(Kind::Length, Some(100.0)).check([10, 10]).is_err());
        for mm in [0.0, -1.0, f64::NAN, 1e9] {
            assert!(line(Kind::Calibration, Some(mm)).check([10, 10]).is_err(), "{mm}");
        }
    }

    #[test]
    fn what_cannot_be_a_measurement_is_refused() {
        let size = [10, 10];
        assert!(measurement(Kind::Length, &[[1.0, 1.0]]).check(size).unwrap_err().to_string().contains("1 points"));
        let far = measurement(Kind::Length, &[[1.0, 1.0], [1e9, 0.0]]);
        assert!(matches!(far.check(size), Err(MeasurementError::Place(_))));
        assert!(measurement(Kind::Probe, &[[f64::NAN, 0.0]]).check(size).is_err());
        let named = Measurement { name: Words("x".repeat(5000)), ..measurement(Kind::Probe, &[[1.0, 1.0]]) };
        assert_eq!(named.check(size), Err(MeasurementError::Name(5000)));
        let one = measurement(Kind::Probe, &[[1.0, 1.0]]);
        assert_eq!(check(&[one.clone(), one.clone()], size), Err(MeasurementError::Twice));
        let many: Vec<Measurement> = (0..5000).map(|id| Measurement { id, ..one.clone() }).collect();
        assert_eq!(check(&many, size), Err(MeasurementError::TooMany(5000)));
    }

    #[test]
    fn a_log_never_holds_the_words_of_a_note() {
        let note = Measurement { name: Words::new("Jane's scar"), ..measurement(Kind::Text, &[[1.0, 1.0]]) };
        let said = format!("{note:?}");
        assert!(!said.contains("Jane") && said.contains("11 characters"), "{said}");
    }
}
