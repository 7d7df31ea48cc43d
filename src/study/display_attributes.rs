//! What a file says of showing its image beyond greys and colours: the shape of its pixels, the sides
//! of the patient, the mark of the side, the unit of its values, overlays and shutters, the place
//! of a slice.
//!
//! None of it reaches a model.

use dicom_dictionary_std::tags;

use crate::imaging::overlay_plane::OverlayPlane;
use crate::imaging::shutter::Shutters;
use crate::printable::printable;

use super::Spacing;
use super::dataset::Dataset;
use super::dicom::Dicom;
use super::functional_groups::FunctionalGroups;
use super::orientation::Orientation;
use super::overlay_planes::{self, HighBits};
use super::shutter_module;
use super::slice_plane::SlicePlane;
use super::slice_position::SlicePosition;

/// Shapes of pixels beyond this, either way, are taken for errors of the file.
const LONGEST_PIXEL: f64 = 20.0;

/// What a file says of showing its image, beside windows and polarity.
#[derive(Clone, Debug, PartialEq)]
pub struct DisplayAttributes {
    /// Height of a pixel over its width; 1 where the file says nothing of it.
    pub pixel_aspect: f32,
    /// Sides of the patient at the sides of the image.
    pub orientation: Option<Orientation>,
    /// Side and view as a marker on the radiograph would say them: "R MLO". Empty where the file does not.
    pub side_mark: String,
    pub overlays: Vec<OverlayPlane>,
    pub shutters: Shutters,
    /// Where it lies along the normal of its plane.
    pub slice: Option<SlicePosition>,
    /// Where its plane lies in the patient.
    pub plane: Option<SlicePlane>,
    /// Unit of the modality values: "HU", "OD" … Empty where the file does not say, or says that
    /// there is none.
    pub value_unit: String,
}

impl Default for DisplayAttributes {
    fn default() -> Self {
        Self {
            pixel_aspect: 1.0,
            orientation: None,
            side_mark: String::new(),
            overlays: Vec::new(),
            shutters: Shutters::default(),
            slice: None,
            plane: None,
            value_unit: String::new(),
        }
    }
}

impl DisplayAttributes {
    /// Those of frame `index` (from 0).
    pub(super) fn read(
        dicom: &Dicom,
        index: u32,
        spacing: Option<Spacing>,
        high_bits: Option<&HighBits<'_>>,
        warnings: &mut Vec<String>,
    ) -> Self {
        let dataset = &dicom.dataset;
        let groups = FunctionalGroups::of(dataset, index);
        let pixel_aspect = pixel_aspect(dataset, spacing, warnings);
        let shutter_source = groups.item_or_object(tags::FRAME_DISPLAY_SHUTTER_SEQUENCE);
        Self {
            pixel_aspect,
            orientation: Orientation::read(dataset, groups),
            side_mark: side_mark(dataset, groups),
            overlays: overlay_planes::read(dicom, index, high_bits, warnings),
            shutters: shutter_module::read(dicom, shutter_source, index, pixel_aspect, warnings),
            slice: SlicePosition::read(dataset, groups),
            plane: SlicePlane::read(dataset, groups, spacing),
            value_unit: value_unit(dataset, groups),
        }
    }
}

/// From the spacing, else from Pixel Aspect Ratio (PS3.3 C.7.6.3.1.7).
fn pixel_aspect(dataset: &Dataset, spacing: Option<Spacing>, warnings: &mut Vec<String>) -> f32 {
    let ratio = match (spacing, &dataset.numbers(tags::PIXEL_ASPECT_RATIO)[..]) {
        (Some(spacing), _) => spacing.row_mm / spacing.column_mm,
        (None, [vertical, horizontal, ..]) if *vertical > 0.0 && *horizontal > 0.0 => vertical / horizontal,
        _ => return 1.0,
    };
    if !(1.0 / LONGEST_PIXEL..=LONGEST_PIXEL).contains(&ratio) {
        warnings
            .push(format!("The file says that pixels are {ratio:.3} times as high as wide; they are shown square."));
        return 1.0;
    }
    if (ratio - 1.0).abs() > 0.01 {
        warnings.push(format!(
            "Pixels are not square (height to width {ratio:.3}): the image is shown in its true shape, and a model \
             is given the pixels as they are."
        ));
    }
    ratio as f32
}

/// Rescale Type, or Modality LUT Type where a LUT stands in the place of a rescale (PS3.3 C.11.1.1.2);
/// of a slice of CT that says nothing and has a rescale, Hounsfield units (C.8.2.1.1.2).
fn value_unit(dataset: &Dataset, groups: FunctionalGroups<'_>) -> String {
    let unit = if let Some(lut) = dataset.items(tags::MODALITY_LUT_SEQUENCE).first() {
        lut.code(tags::MODALITY_LUT_TYPE)
    } else {
        let transform = groups.item_or_object(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
        let said = transform.code(tags::RESCALE_TYPE);
        let ct = dataset.code(tags::MODALITY) == "CT" && transform.number(tags::RESCALE_SLOPE).is_some();
        let localizer = dataset.codes(tags::IMAGE_TYPE).iter().any(|word| word == "LOCALIZER");
        if said.is_empty() && ct && !localizer { "HU".into() } else { said }
    };
    // "US": unspecified. A unit stands behind numbers: what is long is none.
    if unit == "US" || unit.chars().count() > 16 { String::new() } else { printable(&unit).into_owned() }
}

/// Side, and of mammograms the view. Laterality of a series counts where the image has none.
fn side_mark(dataset: &Dataset, groups: FunctionalGroups<'_>) -> String {
    let anatomy = groups.item_or_object(tags::FRAME_ANATOMY_SEQUENCE);
    let sides =
        [dataset.code(tags::IMAGE_LATERALITY), anatomy.code(tags::FRAME_LATERALITY), dataset.code(tags::LATERALITY)];
    let side = sides.into_iter().find(|side| ["L", "R", "B"].contains(&side.as_str())).unwrap_or_default();
    let view = if dataset.code(tags::MODALITY) == "MG" { mammographic_view(dataset) } else { String::new() };
    [side, view].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// View Position, else the abbreviation of the coded view (PS3.16 CID 4014).
fn mammographic_view(dataset: &Dataset) -> String {
    let position = dataset.code(tags::VIEW_POSITION);
    if !position.is_empty() {
        return position.chars().take(16).collect();
    }
    let Some(view) = dataset.items(tags::VIEW_CODE_SEQUENCE).first() else { return String::new() };
    match view.code(tags::CODE_MEANING).to_lowercase().replace('-', " ").as_str() {
        "medio lateral" | "medial lateral" => "ML",
        "medio lateral oblique" | "medial lateral oblique" => "MLO",
        "latero medial" => "LM",
        "latero medial oblique" => "LMO",
        "cranio caudal" => "CC",
        "caudo cranial (from below)" | "caudo cranial" => "FB",
        "cranio caudal exaggerated laterally" => "XCCL",
        "cranio caudal exaggerated medially" => "XCCM",
        "superolateral to inferomedial oblique" => "SIO",
        "inferomedial to superolateral oblique" => "ISO",
        _ => "",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dicom_core::{Tag, VR};

    use super::*;
    use crate::study::dataset::{Element, Value};

    fn dataset(elements: &[(Tag, &str)]) -> Dataset {
        let element = |text: &str| Element { vr: VR::CS, big_endian: false, value: Value::Bytes(text.into()) };
        Dataset { elements: elements.iter().map(|(tag, text)| (*tag, element(text))).collect::<BTreeMap<_, _>>() }
    }

    fn mark(elements: &[(Tag, &str)]) -> String {
        let dataset = dataset(elements);
        side_mark(&dataset, FunctionalGroups::of(&dataset, 0))
    }

    #[test]
    fn a_mammogram_is_marked_with_side_and_view() {
        let image = [(tags::MODALITY, "MG"), (tags::IMAGE_LATERALITY, "R"), (tags::VIEW_POSITION, "MLO")];
        assert_eq!(mark(&image), "R MLO");
        assert_eq!(mark(&image[..2]), "R");
        assert_eq!(mark(&image[..1]), "");
    }

    #[test]
    fn a_chest_has_no_side_and_a_hand_has_one() {
        assert_eq!(mark(&[(tags::MODALITY, "DX"), (tags::IMAGE_LATERALITY, "U"), (tags::VIEW_POSITION, "PA")]), "");
        assert_eq!(mark(&[(tags::MODALITY, "DX"), (tags::LATERALITY, "L"), (tags::VIEW_POSITION, "PA")]), "L");
    }

    #[test]
    fn the_shape_of_a_pixel_is_that_of_the_spacing_or_of_the_aspect_ratio() {
        let ratio = dataset(&[(tags::PIXEL_ASPECT_RATIO, "4\\3")]);
        let mut warnings = Vec::new();
        assert!((pixel_aspect(&ratio, None, &mut warnings) - 4.0 / 3.0).abs() < 1e-6);
        assert!(warnings[0].contains("true shape"), "{warnings:?}");
        let provenance = crate::study::SpacingProvenance::Calibrated;
        let spacing = Spacing { row_mm: 1.0, column_mm: 0.5, provenance };
        assert_eq!(pixel_aspect(&ratio, Some(spacing), &mut warnings), 2.0);
        assert_eq!(pixel_aspect(&dataset(&[]), None, &mut Vec::new()), 1.0);
    }

    #[test]
    fn a_shape_that_no_pixel_has_is_not_believed() {
        for text in ["1000\\1", "1\\1000", "0\\1", "-1\\1", "x"] {
            assert_eq!(
                pixel_aspect(&dataset(&[(tags::PIXEL_ASPECT_RATIO, text)]), None, &mut Vec::new()),
                1.0,
                "{text}"
            );
        }
    }
}
