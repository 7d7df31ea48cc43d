//! Lengths and angles between points of an image, in millimetres where the file supports them.
//!
//! Points are `[x, y]` in pixels of the image as it lies in its file: the outer corner of the first
//! pixel is `[0, 0]` and its centre `[0.5, 0.5]`. Turns, mirrors and zoom of a view change no point,
//! and so no measurement. A vector has `(Δx · column spacing, Δy · row spacing)`, so pixels that are
//! not square are measured in their true shape:
//!
//! ```text
//! length = √((Δx · c)² + (Δy · r)²)          c, r: Pixel Spacing of columns and rows, PS3.3 10.7.1
//! angle  = atan2(|u × v|, u · v)             0–180°
//! ```
//!
//! The Cobb angle (Cobb 1948, "Outline for the study of scoliosis", AAOS Instructional Course
//! Lectures 5: 261–275) is the angle between the end plates of the two vertebrae that are tilted
//! most. Each line is taken so that it crosses the line between their midpoints, the direction of
//! the spine, from the same side: so curves beyond 90° are measured, however the image is turned.
//!
//! Where the reader drew a line of known length, that is the spacing ([`super::calibration`]). No
//! spacing is ever guessed, and what lies at the detector is not scaled down to the patient: the
//! magnification is not known.

use serde::{Deserialize, Serialize};

use crate::study::{Spacing, SpacingProvenance};

/// `[x, y]` in pixels of the image.
pub type Point = [f64; 2];

/// What lengths are given in, with where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LengthUnit {
    /// Millimetres in the patient: a cross-section, or calibrated.
    Mm,
    /// Millimetres at the detector.
    MmAtDetector,
    /// Millimetres by a line of known length that the reader drew.
    MmByReader,
    /// Pixels: the file gives no spacing.
    Px,
    /// Widths of a pixel: the file gives no spacing, but says that pixels are not square.
    PixelWidths,
}

impl LengthUnit {
    /// Behind a length.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mm => "mm",
            Self::MmAtDetector => "mm (at detector)",
            Self::MmByReader => "mm (calibrated by the reader)",
            Self::Px => "px",
            Self::PixelWidths => "pixel widths",
        }
    }

    /// Behind an area.
    #[must_use]
    pub fn squared(self) -> &'static str {
        match self {
            Self::Mm => "mm²",
            Self::MmAtDetector => "mm² (at detector)",
            Self::MmByReader => "mm² (calibrated by the reader)",
            Self::Px => "px²",
            Self::PixelWidths => "pixel widths²",
        }
    }

    /// What must be known of a length in this unit.
    #[must_use]
    pub fn caution(self) -> Option<&'static str> {
        match self {
            Self::Mm => None,
            Self::MmAtDetector => Some("At the detector: larger than in the patient, by a magnification not known."),
            Self::MmByReader => Some("Calibrated by the reader: true in the plane of the line of known length alone."),
            Self::Px | Self::PixelWidths => Some("The file gives no spacing, so there are no millimetres."),
        }
    }
}

/// How long a pixel is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Width of a pixel.
    column: f64,
    /// Height of a pixel.
    row: f64,
    pub unit: LengthUnit,
}

impl Metric {
    /// Of square pixels without a spacing.
    pub const PIXELS: Self = Self { column: 1.0, row: 1.0, unit: LengthUnit::Px };

    /// The metric of an image with this spacing; `aspect` is the height of a pixel over its width
    /// where there is none.
    #[must_use]
    pub fn new(spacing: Option<Spacing>, aspect: f64) -> Self {
        match spacing {
            Some(Spacing { row_mm, column_mm, provenance }) => {
                let unit = match provenance {
                    SpacingProvenance::Calibrated => LengthUnit::Mm,
                    SpacingProvenance::AtDetector => LengthUnit::MmAtDetector,
                    SpacingProvenance::ByReader => LengthUnit::MmByReader,
                };
                Self { column: column_mm, row: row_mm, unit }
            }
            None if (aspect - 1.0).abs() < 1e-6 => Self { column: 1.0, row: 1.0, unit: LengthUnit::Px },
            None => Self { column: 1.0, row: aspect, unit: LengthUnit::PixelWidths },
        }
    }

    /// Width and height of a pixel, in [`Self::unit`].
    #[must_use]
    pub fn pixel(&self) -> [f64; 2] {
        [self.column, self.row]
    }

    /// The way from one point to another, to the right and down, in [`Self::unit`].
    #[must_use]
    pub fn way(&self, from: Point, to: Point) -> [f64; 2] {
        [(to[0] - from[0]) * self.column, (to[1] - from[1]) * self.row]
    }

    /// Distance of two points, in [`Self::unit`].
    #[must_use]
    pub fn length(&self, a: Point, b: Point) -> f64 {
        let [x, y] = self.way(a, b);
        x.hypot(y)
    }

    /// What a square pixel's area is to be multiplied by.
    #[must_use]
    pub fn pixel_area(&self) -> f64 {
        self.column * self.row
    }

    /// Angle at `vertex` between the ways to `a` and to `b`, in degrees from 0 to 180; nothing where
    /// one of them has no length.
    #[must_use]
    pub fn angle(&self, a: Point, vertex: Point, b: Point) -> Option<f64> {
        between(self.way(vertex, a), self.way(vertex, b))
    }

    /// Cobb angle of two lines along end plates, in degrees from 0 to 180; nothing where one of them
    /// has no length.
    #[must_use]
    pub fn cobb(&self, first: [Point; 2], second: [Point; 2]) -> Option<f64> {
        let middle = |[a, b]: [Point; 2]| [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])];
        let spine = self.way(middle(first), middle(second));
        let (u, v) = (self.way(first[0], first[1]), self.way(second[0], second[1]));
        if spine[0].hypot(spine[1]) < 1e-9 {
            // There is no direction of the spine: the smaller of the two angles.
            return between(u, v).map(|angle| angle.min(180.0 - angle));
        }
        let across = |way: [f64; 2]| if cross(spine, way) < 0.0 { way.map(|part| -part) } else { way };
        between(across(u), across(v))
    }
}

fn cross(u: [f64; 2], v: [f64; 2]) -> f64 {
    u[0] * v[1] - u[1] * v[0]
}

fn between(u: [f64; 2], v: [f64; 2]) -> Option<f64> {
    let long = |way: [f64; 2]| way[0].hypot(way[1]) > 1e-9;
    (long(u) && long(v)).then(|| cross(u, v).abs().atan2(u[0] * v[0] + u[1] * v[1]).to_degrees())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(row_mm: f64, column_mm: f64) -> Metric {
        Metric::new(Some(Spacing { row_mm, column_mm, provenance: SpacingProvenance::Calibrated }), 1.0)
    }

    fn close(a: Option<f64>, b: f64) {
        assert!((a.unwrap() - b).abs() < 1e-9, "{a:?} is not {b}");
    }

    #[test]
    fn a_length_takes_the_shape_of_pixels_into_account() {
        let metric = metric(2.0, 0.5);
        // 6 columns of 0.5 mm and 2 rows of 2 mm: 3, 4 and so 5.
        close(Some(metric.length([1.0, 1.0], [7.0, 3.0])), 5.0);
        close(Some(metric.length([0.0, 0.0], [10.0, 0.0])), 5.0);
        close(Some(metric.length([0.0, 0.0], [0.0, 10.0])), 20.0);
    }

    #[test]
    fn millimetres_carry_where_they_come_from_and_without_spacing_there_are_none() {
        let at = |provenance| Some(Spacing { row_mm: 0.1, column_mm: 0.1, provenance });
        let unit = |spacing, aspect| Metric::new(spacing, aspect).unit;
        assert_eq!(unit(at(SpacingProvenance::Calibrated), 1.0).name(), "mm");
        assert_eq!(unit(at(SpacingProvenance::AtDetector), 1.0).name(), "mm (at detector)");
        assert!(unit(at(SpacingProvenance::AtDetector), 1.0).caution().unwrap().contains("larger than in the patient"));
        assert_eq!(unit(None, 1.0), LengthUnit::Px);
        let uneven = Metric::new(None, 2.0);
        assert_eq!((uneven.unit, uneven.length([0.0, 0.0], [0.0, 3.0])), (LengthUnit::PixelWidths, 6.0));
    }

    #[test]
    fn an_angle_is_that_in_the_patient_where_pixels_are_not_square() {
        close(metric(1.0, 1.0).angle([10.0, 0.0], [0.0, 0.0], [0.0, 5.0]), 90.0);
        close(metric(1.0, 1.0).angle([10.0, 0.0], [0.0, 0.0], [4.0, 4.0]), 45.0);
        // Twice as high as wide: what looks like 1 to 2 on the pixels is 45°.
        close(metric(2.0, 1.0).angle([10.0, 0.0], [0.0, 0.0], [4.0, 2.0]), 45.0);
        close(metric(1.0, 1.0).angle([10.0, 0.0], [0.0, 0.0], [-3.0, 0.0]), 180.0);
        assert_eq!(metric(1.0, 1.0).angle([1.0, 1.0], [1.0, 1.0], [0.0, 0.0]), None);
    }

    /// A line of half-length 10 through a point, tilted by so many degrees.
    fn plate([x, y]: Point, tilt: f64, backwards: bool) -> [Point; 2] {
        let (s, c) = tilt.to_radians().sin_cos();
        let ends = [[x - 10.0 * c, y - 10.0 * s], [x + 10.0 * c, y + 10.0 * s]];
        if backwards { [ends[1], ends[0]] } else { ends }
    }

    #[test]
    fn a_cobb_angle_is_the_sum_of_the_tilts_whichever_way_its_lines_are_drawn() {
        let metric = metric(1.0, 1.0);
        for (upper, lower, angle) in [(12.0, -23.0, 35.0), (0.0, 0.0, 0.0), (20.0, 5.0, 15.0), (55.0, -50.0, 105.0)] {
            for backwards in [(false, false), (true, false), (false, true), (true, true)] {
                let first = plate([100.0, 50.0], upper, backwards.0);
                let second = plate([105.0, 250.0], lower, backwards.1);
                close(metric.cobb(first, second), angle);
                close(metric.cobb(second, first), angle);
                // Lying on its side, as a view or a film may show it.
                let turned = |[a, b]: [Point; 2]| [[-a[1], a[0]], [-b[1], b[0]]];
                close(metric.cobb(turned(first), turned(second)), angle);
            }
        }
    }

    #[test]
    fn cobb_lines_with_one_midpoint_have_the_smaller_angle() {
        close(metric(1.0, 1.0).cobb(plate([0.0, 0.0], 80.0, false), plate([0.0, 0.0], -80.0, false)), 20.0);
        assert_eq!(metric(1.0, 1.0).cobb([[0.0, 0.0]; 2], plate([0.0, 9.0], 0.0, false)), None);
    }
}
