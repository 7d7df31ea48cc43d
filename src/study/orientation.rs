//! Which side of the patient lies at which side of the image (PS3.3 C.7.6.1.1.1, C.7.6.2.1.1).
//!
//! Cross-sections give the directions of their rows and columns as cosines, projections give them as
//! letters. Where the file gives neither there are no letters: nothing is derived from the view or
//! the modality.

use dicom_dictionary_std::tags;
use serde::Serialize;

use super::dataset::Dataset;
use super::functional_groups::FunctionalGroups;

/// Components of a direction smaller than this are left out of the letters (about 12°).
const OBLIQUE: f64 = 0.2;

/// Letters at the four sides of the image as it lies in the file; empty where they are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Orientation {
    pub left: String,
    pub right: String,
    pub top: String,
    pub bottom: String,
}

impl Orientation {
    /// What the object, or the frame's functional groups, say of it.
    pub(super) fn read(dataset: &Dataset, groups: FunctionalGroups<'_>) -> Option<Self> {
        let quadruped = dataset.code(tags::ANATOMICAL_ORIENTATION_TYPE) == "QUADRUPED";
        let cosines = groups.item_or_object(tags::PLANE_ORIENTATION_SEQUENCE).numbers(tags::IMAGE_ORIENTATION_PATIENT);
        if let Ok(cosines) = <[f64; 6]>::try_from(cosines)
            && !quadruped
            && let Some(found) = Self::of_cosines(cosines)
        {
            return Some(found);
        }
        let source = groups.item_or_object(tags::PATIENT_ORIENTATION_IN_FRAME_SEQUENCE);
        match source.codes(tags::PATIENT_ORIENTATION).as_slice() {
            [row, column, ..] if quadruped => Self::of_terms(row, column),
            [row, column, ..] => Self::of_letters(row, column),
            _ => None,
        }
    }

    /// From Patient Orientation of a human: the sides that rows and columns run to.
    fn of_letters(row: &str, column: &str) -> Option<Self> {
        let sound = |text: &str| (1..=3).contains(&text.len()) && text.chars().all(|c| "LRAPHF".contains(c));
        if !sound(row) || !sound(column) {
            return None;
        }
        Some(Self { left: opposite(row), right: row.into(), top: opposite(column), bottom: column.into() })
    }

    /// The same of a quadruped, whose terms have no opposites by their letters.
    fn of_terms(row: &str, column: &str) -> Option<Self> {
        let sound = |text: &str| (1..=8).contains(&text.len()) && text.chars().all(|c| c.is_ascii_uppercase());
        (sound(row) && sound(column)).then(|| Self { right: row.into(), bottom: column.into(), ..Self::default() })
    }

    /// From the direction cosines of rows and columns: x runs to the left of the patient, y to the
    /// back, z to the head.
    fn of_cosines(cosines: [f64; 6]) -> Option<Self> {
        let [a, b, c, d, e, f] = cosines;
        let unit = |v: [f64; 3]| (v.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 0.05;
        let upright = (a * d + b * e + c * f).abs() < 0.05;
        if !unit([a, b, c]) || !unit([d, e, f]) || !upright {
            return None;
        }
        Self::of_letters(&letters([a, b, c]), &letters([d, e, f]))
    }
}

/// The letters of a direction, the one that it runs along most first.
fn letters([x, y, z]: [f64; 3]) -> String {
    let mut axes = [(x, 'L', 'R'), (y, 'P', 'A'), (z, 'H', 'F')];
    axes.sort_by(|(a, ..), (b, ..)| b.abs().total_cmp(&a.abs()));
    let shown = axes.into_iter().filter(|(size, ..)| size.abs() > OBLIQUE);
    shown.map(|(size, ahead, behind)| if size > 0.0 { ahead } else { behind }).collect()
}

/// The letters of the other side.
fn opposite(letters: &str) -> String {
    let other = |c| match c {
        'L' => 'R',
        'R' => 'L',
        'A' => 'P',
        'P' => 'A',
        'H' => 'F',
        _ => 'H',
    };
    letters.chars().map(other).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dicom_core::{Tag, VR};

    use super::*;
    use crate::study::dataset::{Element, Value};

    fn sides(elements: &[(Tag, &str)]) -> Option<[String; 4]> {
        let element = |text: &str| Element { vr: VR::CS, big_endian: false, value: Value::Bytes(text.into()) };
        let elements: BTreeMap<_, _> = elements.iter().map(|(tag, text)| (*tag, element(text))).collect();
        let dataset = Dataset { elements };
        let found = Orientation::read(&dataset, FunctionalGroups::of(&dataset, 0))?;
        Some([found.left, found.right, found.top, found.bottom])
    }

    fn words(sides: [&str; 4]) -> [String; 4] {
        sides.map(str::to_owned)
    }

    #[test]
    fn a_chest_film_names_the_sides_that_its_rows_and_columns_run_to() {
        assert_eq!(sides(&[(tags::PATIENT_ORIENTATION, "L\\F")]), Some(words(["R", "L", "H", "F"])));
        assert_eq!(sides(&[(tags::PATIENT_ORIENTATION, "A\\FR")]), Some(words(["P", "A", "HL", "FR"])));
    }

    #[test]
    fn slices_give_their_sides_by_cosines_the_main_one_first() {
        let axial = (tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0");
        assert_eq!(sides(&[axial]), Some(words(["R", "L", "A", "P"])));
        let oblique = (tags::IMAGE_ORIENTATION_PATIENT, "0.8\\0.6\\0\\0\\0\\-1");
        assert_eq!(sides(&[oblique]), Some(words(["RA", "LP", "H", "F"])));
        let tilted = (tags::IMAGE_ORIENTATION_PATIENT, "0.995\\0.0998\\0\\0\\0\\-1");
        assert_eq!(sides(&[tilted]), Some(words(["R", "L", "H", "F"])));
        assert_eq!(sides(&[axial, (tags::PATIENT_ORIENTATION, "R\\F")]), Some(words(["R", "L", "A", "P"])));
    }

    #[test]
    fn what_cannot_be_a_direction_has_no_letters() {
        assert_eq!(sides(&[]), None);
        assert_eq!(sides(&[(tags::PATIENT_ORIENTATION, "\\")]), None);
        assert_eq!(sides(&[(tags::PATIENT_ORIENTATION, "L")]), None);
        assert_eq!(sides(&[(tags::PATIENT_ORIENTATION, "LEFT\\FOOT")]), None);
        assert_eq!(sides(&[(tags::IMAGE_ORIENTATION_PATIENT, "0\\0\\0\\0\\0\\0")]), None);
        assert_eq!(sides(&[(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\1\\0\\0")]), None);
    }

    #[test]
    fn terms_of_quadrupeds_stand_where_the_file_has_them_and_nowhere_else() {
        let animal = (tags::ANATOMICAL_ORIENTATION_TYPE, "QUADRUPED");
        assert_eq!(sides(&[animal, (tags::PATIENT_ORIENTATION, "CD\\V")]), Some(words(["", "CD", "", "V"])));
    }
}
