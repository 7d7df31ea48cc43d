//! Where a plane of pixels lies in the patient (PS3.3 C.7.6.2, C.7.6.16.2.1–4), and how the cells of
//! one plane lie on another.
//!
//! With the position `S` of the first pixel's centre, directions `X` (along a row) and `Y` (down a
//! column) and distances `Δx`, `Δy`, pixel `(i, j)` lies at `S + X Δx i + Y Δy j` (C.7.6.2.1.1).

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::Serialize;

use super::code::shortened;
use crate::imaging::laid::Affine;
use crate::study::dataset::Dataset;
use crate::study::functional_groups::FunctionalGroups;

/// Cosine of the angle up to which two planes count as parallel: 0.6°.
const PARALLEL: f64 = 0.999_95;

/// A vector in the patient, mm: to the left, to the back, to the head.
pub(super) type Vector = [f64; 3];

/// Where a plane of pixels lies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanePlace {
    pub frame_of_reference: String,
    /// Centre of the first pixel.
    pub position: Vector,
    /// Direction in which the column number grows, of length 1.
    pub row: Vector,
    /// Direction in which the row number grows.
    pub column: Vector,
    /// Distance of neighbouring rows, and of neighbouring columns.
    pub spacing: [f64; 2],
    /// Distance to the next slice, or the thickness of this one.
    pub thickness: Option<f64>,
}

impl PlanePlace {
    /// Where frame `index` of an object lies; nothing where a part of that is missing or not sound.
    pub(super) fn of(dataset: &Dataset, index: u32) -> Option<Self> {
        let groups = FunctionalGroups::of(dataset, index);
        let orientation = groups.item_or_object(tags::PLANE_ORIENTATION_SEQUENCE);
        let position = groups.item_or_object(tags::PLANE_POSITION_SEQUENCE);
        let measures = groups.item_or_object(tags::PIXEL_MEASURES_SEQUENCE);
        let sound = |values: &[f64]| values.iter().all(|v| v.is_finite() && v.abs() < 1e7);
        let cosines = orientation.numbers(tags::IMAGE_ORIENTATION_PATIENT);
        let position: Vector = position.numbers(tags::IMAGE_POSITION_PATIENT).try_into().ok()?;
        let [a, b, c, d, e, f] = <[f64; 6]>::try_from(cosines).ok()?;
        let [row_mm, column_mm, ..] = measures.numbers(tags::PIXEL_SPACING)[..] else { return None };
        let frame_of_reference = shortened(&dataset.code(tags::FRAME_OF_REFERENCE_UID), 64);
        if !sound(&[a, b, c, d, e, f]) || !sound(&position) || frame_of_reference.is_empty() {
            return None;
        }
        let (row, column) = (unit([a, b, c])?, unit([d, e, f])?);
        let upright = dot(row, column).abs() < 1e-3;
        let fits = |mm: f64| mm.is_finite() && mm > 0.0 && mm < 1000.0;
        let millimetres = |tag: Tag| measures.number(tag).map(f64::abs).filter(|mm| fits(*mm));
        (upright && fits(row_mm) && fits(column_mm)).then(|| Self {
            frame_of_reference,
            position,
            row,
            column,
            spacing: [row_mm, column_mm],
            thickness: millimetres(tags::SPACING_BETWEEN_SLICES).or_else(|| millimetres(tags::SLICE_THICKNESS)),
        })
    }

    /// Direction from slice to slice.
    fn normal(&self) -> Vector {
        let ([a, b, c], [d, e, f]) = (self.row, self.column);
        [b * f - c * e, c * d - a * f, a * e - b * d]
    }

    /// Whether two planes are parallel, from whichever side they are seen.
    pub(super) fn is_parallel_to(&self, other: &Self) -> bool {
        dot(self.normal(), other.normal()).abs() > PARALLEL
    }

    /// How far another plane lies from this one along its normal, mm.
    pub(super) fn distance_to(&self, other: &Self) -> f64 {
        dot(self.normal(), minus(other.position, self.position)).abs()
    }

    /// How far a point of the patient lies from this plane, on the side of its normal, mm.
    pub(super) fn height_of(&self, point: Vector) -> f64 {
        dot(self.normal(), minus(point, self.position))
    }

    /// Where a point of the patient lies on this plane, seen along its normal, in pixels: the corner of
    /// the first one is (0, 0).
    pub(super) fn pixel_at(&self, point: Vector) -> [f64; 2] {
        let way = minus(point, self.position);
        let [down, across] = self.spacing;
        [dot(self.row, way) / across + 0.5, dot(self.column, way) / down + 0.5]
    }

    /// From pixels of `image` to cells of this plane; both are parallel.
    pub(super) fn cells_of(&self, image: &Self) -> Affine {
        let start = minus(image.position, self.position);
        let [down, across] = image.spacing;
        // The centre of a first pixel is at (0.5, 0.5) of either.
        let along = |direction: Vector, mm: f64| {
            let by_x = dot(direction, image.row) * across / mm;
            let by_y = dot(direction, image.column) * down / mm;
            [by_x, by_y, dot(direction, start) / mm + 0.5 - 0.5 * (by_x + by_y)]
        };
        Affine { x: along(self.row, self.spacing[1]), y: along(self.column, self.spacing[0]) }
    }
}

fn dot([a, b, c]: Vector, [d, e, f]: Vector) -> f64 {
    a * d + b * e + c * f
}

fn minus([a, b, c]: Vector, [d, e, f]: Vector) -> Vector {
    [a - d, b - e, c - f]
}

/// The direction of a vector whose length is 1 as far as decimals of a file go.
fn unit(v: Vector) -> Option<Vector> {
    let length = dot(v, v).sqrt();
    ((length - 1.0).abs() < 0.01).then(|| v.map(|x| x / length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(position: Vector, row: Vector, column: Vector, spacing: [f64; 2]) -> PlanePlace {
        PlanePlace { frame_of_reference: "1".into(), position, row, column, spacing, thickness: None }
    }

    const X: Vector = [1.0, 0.0, 0.0];
    const Y: Vector = [0.0, 1.0, 0.0];

    #[test]
    fn cells_lie_on_pixels_by_their_millimetres() {
        let image = plane([-10.0, -20.0, 5.0], X, Y, [0.5, 0.25]);
        assert_eq!(image.cells_of(&image), Affine::IDENTITY);
        // Cells of 1 mm whose first centre is 2 mm to the left (patient) and 1 mm to the back.
        let coarse = plane([-8.0, -19.0, 5.0], X, Y, [1.0, 1.0]);
        let to_cells = coarse.cells_of(&image);
        // Pixel (8, 2) has its centre at x −10 + 8 · 0.25 = −8, y −20 + 2 · 0.5 = −19.
        assert_eq!(to_cells.at([8.5, 2.5]), [0.5, 0.5]);
        assert_eq!(to_cells.at([12.5, 4.5]), [1.5, 1.5]);
    }

    #[test]
    fn a_grid_that_is_turned_or_mirrored_still_lies_where_it_was_measured() {
        let image = plane([0.0, 0.0, 0.0], X, Y, [1.0, 1.0]);
        let turned = plane([3.0, 0.0, 0.0], Y, [-1.0, 0.0, 0.0], [1.0, 1.0]);
        assert!(image.is_parallel_to(&turned));
        // Pixel (3, 0) is the first cell, (3, 2) the third of its first row.
        assert_eq!(turned.cells_of(&image).at([3.5, 0.5]), [0.5, 0.5]);
        assert_eq!(turned.cells_of(&image).at([3.5, 2.5]), [2.5, 0.5]);
    }

    #[test]
    fn a_point_of_the_patient_lies_on_the_pixel_whose_centre_it_is() {
        let image = plane([-10.0, -20.0, 5.0], X, Y, [0.5, 0.25]);
        assert_eq!(image.pixel_at([-10.0, -20.0, 5.0]), [0.5, 0.5]);
        assert_eq!(image.pixel_at([-9.0, -18.0, 7.0]), [4.5, 4.5], "4 columns of 0.25 mm, 4 rows of 0.5 mm");
        assert_eq!(image.height_of([0.0, 0.0, 3.5]), -1.5);
    }

    #[test]
    fn distance_counts_along_the_normal() {
        let image = plane([0.0, 0.0, 10.0], X, Y, [1.0, 1.0]);
        let other = plane([50.0, -3.0, 12.5], X, Y, [1.0, 1.0]);
        assert_eq!(image.distance_to(&other), 2.5);
        let coronal = plane([0.0, 0.0, 0.0], X, [0.0, 0.0, -1.0], [1.0, 1.0]);
        assert!(!image.is_parallel_to(&coronal));
    }
}
