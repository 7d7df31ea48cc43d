//! What masks and maps of several frames have in common (PS3.3 C.7.6.16, C.7.6.17): which image each
//! frame was made of, where it lies in the patient, and how the frames are told apart.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::context::Context;
use super::item::Item;
use crate::results::codes::{self, Code};
use crate::study::source_header::PlanePlace;

/// The image as what a frame was made of (C.7.6.16.2.6).
pub(super) fn derivation(context: &Context<'_>, by: &Code, words: &str, is_same_grid: bool) -> Item {
    let kept = if is_same_grid { "YES" } else { "NO" };
    let image = context.source.as_source().text(tags::SPATIAL_LOCATIONS_PRESERVED, VR::CS, kept);
    let derived = Item::new()
        .words(tags::DERIVATION_DESCRIPTION, VR::ST, words)
        .code(tags::DERIVATION_CODE_SEQUENCE, by)
        .items(tags::SOURCE_IMAGE_SEQUENCE, vec![image]);
    Item::new().items(tags::DERIVATION_IMAGE_SEQUENCE, vec![derived])
}

/// Pixel Measures and Plane Orientation of all frames.
pub(super) fn measures(place: &PlanePlace) -> Item {
    let measures = Item::new()
        .decimals(tags::PIXEL_SPACING, &place.spacing)
        .and(place.thickness, |item, mm| item.decimals(tags::SLICE_THICKNESS, &[mm]));
    let orientation = Item::new().decimals(tags::IMAGE_ORIENTATION_PATIENT, &place.orientation);
    Item::new()
        .items(tags::PIXEL_MEASURES_SEQUENCE, vec![measures])
        .items(tags::PLANE_ORIENTATION_SEQUENCE, vec![orientation])
}

/// Plane Position of a frame.
pub(super) fn position(place: &PlanePlace) -> Item {
    let position = Item::new().decimals(tags::IMAGE_POSITION_PATIENT, &place.position);
    Item::new().items(tags::PLANE_POSITION_SEQUENCE, vec![position])
}

/// The frame of reference of the object.
pub(super) fn frame_of_reference(context: &Context<'_>, place: &PlanePlace) -> Item {
    let indicator = context.source.header.text(tags::POSITION_REFERENCE_INDICATOR);
    Item::new().uid(tags::FRAME_OF_REFERENCE_UID, &place.frame_of_reference).words(
        tags::POSITION_REFERENCE_INDICATOR,
        VR::LO,
        if context.case.anonymize { "" } else { indicator },
    )
}

/// By which attribute the frames are told apart: `pointer` in the functional group `group`.
pub(super) fn dimension(context: &Context<'_>, name: &str, pointer: Tag, group: Tag) -> Item {
    let uid = context.uid("dimensions", name);
    let index = Item::new()
        .attribute(tags::DIMENSION_INDEX_POINTER, pointer)
        .attribute(tags::FUNCTIONAL_GROUP_POINTER, group)
        .uid(tags::DIMENSION_ORGANIZATION_UID, &uid)
        .words(tags::DIMENSION_DESCRIPTION_LABEL, VR::LO, name);
    Item::new()
        .items(tags::DIMENSION_ORGANIZATION_SEQUENCE, vec![Item::new().uid(tags::DIMENSION_ORGANIZATION_UID, &uid)])
        .items(tags::DIMENSION_INDEX_SEQUENCE, vec![index])
}

/// The place of a frame in that order, from 1.
pub(super) fn content(number: usize) -> Item {
    let content = Item::new().long(tags::DIMENSION_INDEX_VALUES, &[number as u32]);
    Item::new().items(tags::FRAME_CONTENT_SEQUENCE, vec![content])
}

/// The image, by its series (C.12.2).
pub(super) fn references(context: &Context<'_>) -> Item {
    let source = &context.source;
    let series = Item::new()
        .uid(tags::SERIES_INSTANCE_UID, &source.series_uid)
        .items(tags::REFERENCED_INSTANCE_SEQUENCE, vec![source.instance()]);
    Item::new().items(tags::REFERENCED_SERIES_SEQUENCE, vec![series])
}

/// The program or the model as the maker of a mask or map (PS3.3 table 10-19).
pub(super) fn algorithm(name: &str, version: &str, parameters: &[String]) -> Item {
    Item::new()
        .code(tags::ALGORITHM_FAMILY_CODE_SEQUENCE, &codes::ARTIFICIAL_INTELLIGENCE)
        .words(tags::ALGORITHM_NAME, VR::LO, name)
        .words(tags::ALGORITHM_VERSION, VR::LO, version)
        .words(tags::ALGORITHM_PARAMETERS, VR::LT, &parameters.join("\n"))
}
