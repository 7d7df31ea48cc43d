//! A spacing by a line of known length that the reader drew: a ball, a ruler, a catheter.
//!
//! ```text
//! width of a pixel = known length / √(Δx² + (Δy · a)²)          a: height of a pixel over its width
//! ```
//!
//! Pixels keep the shape that the file gives them. The spacing that comes of it is said to be the
//! reader's wherever a length stands ([`SpacingProvenance::ByReader`]): it holds in the plane of the
//! line, since a projection magnifies what lies farther from the detector more. Of several lines the
//! one that was drawn last counts; a line without a length changes nothing.

use super::geometry::{Metric, Point};
use super::{Kind, Measurement};
use crate::study::{Frame, Spacing, SpacingProvenance};

/// Longest known length, millimetres.
const LONGEST: f64 = 5000.0;

/// A line of known length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    line: [Point; 2],
    mm: f64,
}

/// Whether something can be so many millimetres long.
#[must_use]
pub fn is_known_length(mm: f64) -> bool {
    mm > 0.0 && mm <= LONGEST
}

/// The spacing of a frame: that of the reader's calibration where there is one, else that of its
/// file.
#[must_use]
pub fn spacing(frame: &Frame, calibration: Option<Calibration>) -> Option<Spacing> {
    calibration.and_then(|line| line.spacing(frame)).or(frame.spacing)
}

/// How long the pixels of a frame are, by the reader's calibration where there is one.
#[must_use]
pub fn metric(frame: &Frame, calibration: Option<Calibration>) -> Metric {
    Metric::new(spacing(frame, calibration), f64::from(frame.display.pixel_aspect))
}

impl Calibration {
    /// The calibration of an image among its measurements.
    #[must_use]
    pub fn among(measurements: &[Measurement]) -> Option<Self> {
        measurements.iter().rev().find_map(|one| match (one.kind, one.points.as_slice(), one.known_mm) {
            (Kind::Calibration, [a, b], Some(mm)) if is_known_length(mm) => Some(Self { line: [*a, *b], mm }),
            _ => None,
        })
    }

    /// The spacing of a frame by this line; nothing where the line has no length on it.
    #[must_use]
    pub fn spacing(&self, frame: &Frame) -> Option<Spacing> {
        let of_file = frame.spacing.map(|spacing| spacing.row_mm / spacing.column_mm);
        let aspect = of_file.unwrap_or_else(|| f64::from(frame.display.pixel_aspect));
        let [a, b] = self.line;
        let widths = Metric::new(None, aspect).length(a, b);
        let column_mm = self.mm / widths;
        let sound = widths > 1e-6 && column_mm.is_finite() && aspect.is_finite() && aspect > 0.0;
        let provenance = SpacingProvenance::ByReader;
        sound.then_some(Spacing { row_mm: column_mm * aspect, column_mm, provenance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Words;
    use crate::measurement::measured::tests::frame;

    fn line(id: u64, to: Point, known_mm: Option<f64>) -> Measurement {
        let points = vec![[10.0, 10.0], to];
        Measurement { id, kind: Kind::Calibration, points, name: Words::default(), thorax_proposed: false, known_mm }
    }

    #[test]
    fn pixels_keep_their_shape_and_get_the_length_of_the_line() {
        // Rows of 1 mm and columns of 0.5 mm by the file: pixels twice as high as wide.
        let frame = frame(Some(SpacingProvenance::AtDetector), "");
        let found = |to, mm| Calibration::among(&[line(1, to, Some(mm))]).unwrap().spacing(&frame).unwrap();
        let across = found([30.0, 10.0], 8.0);
        assert!((across.column_mm - 0.4).abs() < 1e-12 && (across.row_mm - 0.8).abs() < 1e-12);
        assert_eq!(across.provenance, SpacingProvenance::ByReader);
        // 6 columns and 4 rows are 10 widths of a pixel.
        assert!((found([16.0, 14.0], 5.0).column_mm - 0.5).abs() < 1e-12);
        assert_eq!(Calibration::among(&[line(1, [10.0, 10.0], Some(5.0))]).unwrap().spacing(&frame), None);
    }

    #[test]
    fn the_last_line_with_a_length_counts() {
        let lines = [line(1, [20.0, 10.0], Some(5.0)), line(2, [30.0, 10.0], Some(9.0)), line(3, [40.0, 10.0], None)];
        assert_eq!(Calibration::among(&lines).unwrap().mm, 9.0);
        assert_eq!(Calibration::among(&lines[2..]), None);
        assert_eq!(Calibration::among(&[]), None);
    }
}
