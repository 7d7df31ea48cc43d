//! The plane of a slice in the patient, and where the planes of two slices cross.
//!
//! ```text
//! P(x, y) = S + X · (x − ½) · c + Y · (y − ½) · r          PS3.3 C.7.6.2.1.1
//! ```
//!
//! with Image Position S (the centre of the first pixel), the directions X of a row and Y of a column
//! (Image Orientation), the spacing of columns c and rows r, and x and y in pixels from the outer
//! corner of the first one. Another slice is the rectangle of its corners; where the four edges of
//! that rectangle go through a plane, the slice crosses it. Only slices with one Frame of Reference
//! UID lie in the same coordinates (C.7.4.1); nothing here registers others.

use dicom_dictionary_std::tags;

use super::Spacing;
use super::dataset::Dataset;
use super::functional_groups::FunctionalGroups;

/// Cosine of the angle below which planes count as parallel: they cross nowhere that could be shown.
const PARALLEL: f64 = 0.999;

type Vector = [f64; 3];

/// Where a slice lies in the patient.
#[derive(Clone, Debug, PartialEq)]
pub struct SlicePlane {
    /// The centre of the first pixel, mm.
    position: Vector,
    /// Along a row, of length 1.
    across: Vector,
    /// Along a column, of length 1.
    down: Vector,
    /// mm between columns and between rows.
    spacing: [f64; 2],
    frame_of_reference: String,
}

impl SlicePlane {
    /// What the frame's functional groups, or the object, say; nothing where something of it is
    /// missing or cannot be.
    pub(super) fn read(dataset: &Dataset, groups: FunctionalGroups<'_>, spacing: Option<Spacing>) -> Option<Self> {
        let o = groups.item_or_object(tags::PLANE_ORIENTATION_SEQUENCE).numbers(tags::IMAGE_ORIENTATION_PATIENT);
        let p = groups.item_or_object(tags::PLANE_POSITION_SEQUENCE).numbers(tags::IMAGE_POSITION_PATIENT);
        let (o, p) = (<[f64; 6]>::try_from(&o[..]).ok()?, <Vector>::try_from(&p[..]).ok()?);
        let frame_of_reference = dataset.code(tags::FRAME_OF_REFERENCE_UID);
        let (across, down) = (unit([o[0], o[1], o[2]])?, unit([o[3], o[4], o[5]])?);
        let spacing = spacing.map(|spacing| [spacing.column_mm, spacing.row_mm])?;
        let sound = p.iter().all(|v| v.is_finite()) && dot(across, down).abs() < 0.01 && !frame_of_reference.is_empty();
        sound.then_some(Self { position: p, across, down, spacing, frame_of_reference })
    }

    /// Where a slice of `[columns, rows]` pixels crosses this plane: two points in pixels of this
    /// plane. Nothing where it does not, where both are parallel, and where they do not lie in the
    /// same coordinates.
    #[must_use]
    pub fn crossing(&self, other: &Self, [columns, rows]: [usize; 2]) -> Option<[[f64; 2]; 2]> {
        let normal = cross(self.across, self.down);
        let parallel = dot(normal, cross(other.across, other.down)).abs() > PARALLEL;
        if parallel || self.frame_of_reference != other.frame_of_reference {
            return None;
        }
        let (w, h) = (columns as f64, rows as f64);
        let corners = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]].map(|corner| other.point(corner));
        let heights = corners.map(|corner| dot(normal, minus(corner, self.position)));
        let mut ends = Vec::new();
        for (i, j) in [(0, 1), (1, 2), (2, 3), (3, 0)] {
            let (a, b) = (heights[i], heights[j]);
            // A corner that lies in the plane belongs to one of its edges.
            if (a >= 0.0) != (b >= 0.0) {
                let part = a / (a - b);
                let [x, y, z] = [0, 1, 2].map(|k| corners[i][k] + part * (corners[j][k] - corners[i][k]));
                ends.push(self.pixel([x, y, z]));
            }
        }
        <[[f64; 2]; 2]>::try_from(ends).ok()
    }

    /// The place in the patient of a point in pixels.
    fn point(&self, [x, y]: [f64; 2]) -> Vector {
        let (x, y) = ((x - 0.5) * self.spacing[0], (y - 0.5) * self.spacing[1]);
        [0, 1, 2].map(|i| self.position[i] + x * self.across[i] + y * self.down[i])
    }

    /// The point in pixels below or above a place in the patient.
    fn pixel(&self, place: Vector) -> [f64; 2] {
        let way = minus(place, self.position);
        [dot(way, self.across) / self.spacing[0] + 0.5, dot(way, self.down) / self.spacing[1] + 0.5]
    }
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn minus(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn unit(v: Vector) -> Option<Vector> {
    let length = dot(v, v).sqrt();
    (0.9..=1.1).contains(&length).then(|| v.map(|part| part / length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slices of 1 × 2 mm pixels.
    fn plane(position: Vector, across: Vector, down: Vector) -> SlicePlane {
        SlicePlane { position, across, down, spacing: [1.0, 2.0], frame_of_reference: "1.2.3".into() }
    }

    #[test]
    fn an_axial_slice_crosses_a_coronal_one_in_a_row() {
        // Axial at z = 40, from x, y = −50; coronal at y = 10, rows downwards from z = 100.
        let axial = plane([-50.0, -50.0, 40.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
        let coronal = plane([-50.0, 10.0, 100.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]);
        let [a, b] = coronal.crossing(&axial, [100, 60]).unwrap();
        // 60 mm below the first row are 30 rows of 2 mm.
        assert!((a[1] - 30.5).abs() < 1e-9 && (b[1] - 30.5).abs() < 1e-9, "{a:?} {b:?}");
        let mut ends = [a[0], b[0]];
        ends.sort_by(f64::total_cmp);
        assert!(ends[0].abs() < 1e-9 && (ends[1] - 100.0).abs() < 1e-9, "{ends:?}");
        let [a, b] = axial.crossing(&coronal, [100, 80]).unwrap();
        assert!((a[1] - 30.5).abs() < 1e-9 && (b[1] - 30.5).abs() < 1e-9);
    }

    #[test]
    fn an_oblique_slice_crosses_where_it_goes_through() {
        let s = std::f64::consts::FRAC_1_SQRT_2;
        let axial = plane([0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
        // Its columns rise by 45°: 10 rows of 2 mm from the plane on are 20/√2 mm along y.
        let oblique = plane([0.0, 20.0 - 20.0 * s, -20.0 * s], [1.0, 0.0, 0.0], [0.0, s, s]);
        let [a, b] = axial.crossing(&oblique, [64, 64]).unwrap();
        assert!((a[1] - 10.5).abs() < 1e-9 && (b[1] - 10.5).abs() < 1e-9, "{a:?} {b:?}");
    }

    #[test]
    fn parallel_slices_those_that_end_before_and_those_of_another_patient_cross_nowhere() {
        let axial = plane([0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
        let above = SlicePlane { position: [0.0, 0.0, 5.0], ..axial.clone() };
        assert_eq!(axial.crossing(&above, [64, 64]), None);
        let coronal = plane([0.0, 10.0, 100.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]);
        assert_eq!(axial.crossing(&coronal, [64, 20]), None, "40 mm of it do not reach 100 mm down");
        let other = SlicePlane { frame_of_reference: "9.9".into(), ..coronal };
        assert_eq!(axial.crossing(&other, [64, 64]), None);
    }
}
