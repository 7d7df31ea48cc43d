//! Millimetres, with where they come from (PS3.3 10.7, C.8.11.4, C.7.6.2).
//!
//! Pixel Spacing means the patient only in cross-sections and where a projection says that it was
//! calibrated; in other projections it is at best the spacing of the detector, and is kept as such.
//! No spacing is ever guessed.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::dataset::Dataset;
use super::{Spacing, SpacingProvenance};

/// Modalities whose images are projections: one millimetre at the detector is less in the patient.
const PROJECTIONS: [&str; 12] = ["CR", "DX", "MG", "RF", "XA", "IO", "PX", "RG", "DR", "XC", "OT", "SC"];

/// Spacing of one frame: `lookup` finds an attribute in the frame's functional groups or in the
/// object itself.
pub(super) fn spacing(dataset: &Dataset, measures: Option<&Dataset>) -> Option<Spacing> {
    let projection = PROJECTIONS.contains(&dataset.code(tags::MODALITY).as_str());
    let imager = pair(dataset, tags::IMAGER_PIXEL_SPACING);
    let of_frame = measures.and_then(|m| pair(m, tags::PIXEL_SPACING));
    if let Some((row_mm, column_mm)) = of_frame.or_else(|| pair(dataset, tags::PIXEL_SPACING)) {
        let declared = !dataset.code(tags::PIXEL_SPACING_CALIBRATION_TYPE).is_empty();
        // PS3.3 10.7.1.3: a Pixel Spacing that differs from Imager Pixel Spacing has been corrected
        // or calibrated.
        let corrected = imager.is_some_and(|(r, c)| (r - row_mm).abs() > 1e-6 || (c - column_mm).abs() > 1e-6);
        let provenance = if !projection || declared || corrected {
            SpacingProvenance::Calibrated
        } else {
            SpacingProvenance::AtDetector
        };
        return Some(Spacing { row_mm, column_mm, provenance });
    }
    let (row_mm, column_mm) = imager.or_else(|| pair(dataset, tags::NOMINAL_SCANNED_PIXEL_SPACING))?;
    Some(Spacing { row_mm, column_mm, provenance: SpacingProvenance::AtDetector })
}

fn pair(dataset: &Dataset, tag: Tag) -> Option<(f64, f64)> {
    let sound = |mm: &f64| mm.is_finite() && *mm > 0.0 && *mm < 1000.0;
    match dataset.numbers(tag)[..] {
        [row, column, ..] if sound(&row) && sound(&column) => Some((row, column)),
        _ => None,
    }
}

/// Position of an image along the normal of its plane in mm, with that normal; `None` without a
/// sound orientation. Each is taken from where it stands: the object, or the frame's functional
/// groups.
pub(super) fn position(orientation: &Dataset, position: &Dataset) -> Option<(f64, [f64; 3])> {
    let o = orientation.numbers(tags::IMAGE_ORIENTATION_PATIENT);
    let p = position.numbers(tags::IMAGE_POSITION_PATIENT);
    if o.len() != 6 || p.len() != 3 || o.iter().chain(&p).any(|v| !v.is_finite()) {
        return None;
    }
    let n = [o[1] * o[5] - o[2] * o[4], o[2] * o[3] - o[0] * o[5], o[0] * o[4] - o[1] * o[3]];
    let length = (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]).sqrt();
    (length > 0.5).then(|| {
        let n = n.map(|v| v / length);
        (n[0] * p[0] + n[1] * p[1] + n[2] * p[2], n)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dicom_core::VR;

    use super::*;
    use crate::study::dataset::{Element, Value};

    fn dataset(elements: &[(Tag, &str)]) -> Dataset {
        let element = |text: &str| Element { vr: VR::DS, big_endian: false, value: Value::Bytes(text.into()) };
        Dataset { elements: elements.iter().map(|(tag, text)| (*tag, element(text))).collect::<BTreeMap<_, _>>() }
    }

    fn provenance(elements: &[(Tag, &str)]) -> Option<SpacingProvenance> {
        spacing(&dataset(elements), None).map(|s| s.provenance)
    }

    #[test]
    fn pixel_spacing_of_a_cross_section_is_in_the_patient() {
        let ct = dataset(&[(tags::MODALITY, "CT"), (tags::PIXEL_SPACING, "0.5\\0.75")]);
        let expected = Spacing { row_mm: 0.5, column_mm: 0.75, provenance: SpacingProvenance::Calibrated };
        assert_eq!(spacing(&ct, None), Some(expected));
    }

    #[test]
    fn a_projection_is_at_the_detector_unless_it_says_that_it_was_calibrated() {
        use SpacingProvenance::{AtDetector, Calibrated};
        let dx = (tags::MODALITY, "DX");
        let spacing = (tags::PIXEL_SPACING, "0.14\\0.14");
        assert_eq!(provenance(&[dx, spacing]), Some(AtDetector));
        assert_eq!(provenance(&[dx, spacing, (tags::IMAGER_PIXEL_SPACING, "0.14\\0.14")]), Some(AtDetector));
        assert_eq!(provenance(&[dx, spacing, (tags::IMAGER_PIXEL_SPACING, "0.16\\0.16")]), Some(Calibrated));
        assert_eq!(provenance(&[dx, spacing, (tags::PIXEL_SPACING_CALIBRATION_TYPE, "FIDUCIAL")]), Some(Calibrated));
        assert_eq!(provenance(&[dx, (tags::IMAGER_PIXEL_SPACING, "0.14\\0.14")]), Some(AtDetector));
    }

    #[test]
    fn spacing_that_cannot_be_is_no_spacing() {
        for text in ["0\\0", "-1\\1", "0.5", "", "x\\y"] {
            assert_eq!(provenance(&[(tags::MODALITY, "CT"), (tags::PIXEL_SPACING, text)]), None, "{text}");
        }
    }

    #[test]
    fn position_is_taken_along_the_normal_of_the_slice() {
        let axial = dataset(&[
            (tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0"),
            (tags::IMAGE_POSITION_PATIENT, "-100\\-90\\42.5"),
        ]);
        assert_eq!(position(&axial, &axial), Some((42.5, [0.0, 0.0, 1.0])));
        let without = dataset(&[(tags::IMAGE_POSITION_PATIENT, "1\\2\\3")]);
        assert_eq!(position(&without, &without), None);
    }
}
