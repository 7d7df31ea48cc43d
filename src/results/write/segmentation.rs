//! Where the lungs lie, and where the evidence of each class of the report reaches the threshold of
//! the overlay, as a Segmentation (PS3.3 A.51, C.8.20).
//!
//! The masks have the pixels of the image. A Segmentation need not lie in a frame of reference where
//! each frame says which image it was made of (table A.51-2), so that radiographs have one too;
//! position and distances stand in it where the image has all of them, thickness included, and are
//! never invented.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::context::Context;
use super::evidence::Evidence;
use super::item::Item;
use super::structured_report::parameters;
use super::{LeftOut, ObjectKind, ResultObject, frames};
use crate::engine::lungs::FieldsSource;
use crate::imaging::lung_fields::LungRegion;
use crate::results::ResultsError;
use crate::results::codes::{self, Code, shortened};

/// A mask on its way to the object.
struct Segment {
    label: String,
    description: String,
    /// Set by a person, not by a program.
    is_manual: bool,
    category: Code,
    kind: Code,
    modifier: Code,
    algorithm: Item,
    mask: Vec<bool>,
}

/// The masks of a case, or why there are none.
pub(super) fn object(context: &Context<'_>) -> Result<Result<ResultObject, LeftOut>, ResultsError> {
    let mut segments = lungs(context);
    segments.extend(Evidence::of(context).iter().flat_map(|found| evidence(context, found)));
    segments.retain(|segment| segment.mask.contains(&true));
    if segments.is_empty() {
        let reason = "it is not known where lungs lie, and no map holds evidence at the threshold".to_owned();
        return Ok(Err(LeftOut { kind: ObjectKind::Segmentation, reason }));
    }
    let plane = &context.case.frame.pixels.plane;
    // A segmentation that lies in the patient must say how thick it is (table C.7.6.16-2); none is invented.
    let place = context.source.header.plane.as_ref().filter(|place| place.thickness.is_some());
    let derivation = frames::derivation(context, &codes::SEGMENTATION, "Outline on the pixels of the image.", true);
    let frame = |number: usize| {
        let segment = Item::new().number(tags::REFERENCED_SEGMENT_NUMBER, number as u16);
        let item =
            frames::content(number).items(tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![segment]).with(&derivation);
        item.and(place, |item, place| item.with(&frames::position(place)))
    };
    let shared = place.map_or_else(Item::new, frames::measures);
    let count = segments.len();
    let item = context
        .result(ObjectKind::Segmentation, "SEG", "segmentation")
        .and(place, |item, place| item.with(&frames::frame_of_reference(context, place)))
        .text(tags::INSTANCE_NUMBER, VR::IS, "1")
        .text(tags::IMAGE_TYPE, VR::CS, "DERIVED\\PRIMARY")
        .and(place.is_none().then(|| context.source.sides()), |item, sides| {
            item.text(tags::PATIENT_ORIENTATION, VR::CS, sides)
        })
        .text(tags::CONTENT_LABEL, VR::CS, "PELLUCID")
        .words(tags::CONTENT_DESCRIPTION, VR::LO, &context.marked("lungs and evidence, research use only"))
        .text(tags::CONTENT_CREATOR_NAME, VR::PN, "Pellucid^")
        .text(tags::SEGMENTATION_TYPE, VR::CS, "BINARY")
        .text(tags::SEGMENTS_OVERLAP, VR::CS, "YES")
        .text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, if context.source.is_lossy { "01" } else { "00" })
        .number(tags::SAMPLES_PER_PIXEL, 1)
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2")
        .text(tags::NUMBER_OF_FRAMES, VR::IS, &count.to_string())
        .number(tags::ROWS, plane.height as u16)
        .number(tags::COLUMNS, plane.width as u16)
        .number(tags::BITS_ALLOCATED, 1)
        .number(tags::BITS_STORED, 1)
        .number(tags::HIGH_BIT, 0)
        .number(tags::PIXEL_REPRESENTATION, 0)
        .with(&frames::dimension(
            context,
            "Segment",
            tags::REFERENCED_SEGMENT_NUMBER,
            tags::SEGMENT_IDENTIFICATION_SEQUENCE,
        ))
        .with(&frames::references(context))
        .items(
            tags::SEGMENT_SEQUENCE,
            (1..).zip(&segments).map(|(number, segment)| described(number, segment)).collect(),
        )
        .items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared])
        .items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, (1..=count).map(frame).collect())
        .bytes(tags::PIXEL_DATA, VR::OB, packed(segments.iter().map(|segment| segment.mask.as_slice())));
    Ok(Ok(context.finished(ObjectKind::Segmentation, item)?))
}

fn described(number: usize, segment: &Segment) -> Item {
    let kind =
        Item::of_code(&segment.kind).code(tags::SEGMENTED_PROPERTY_TYPE_MODIFIER_CODE_SEQUENCE, &segment.modifier);
    let item = Item::new()
        .number(tags::SEGMENT_NUMBER, number as u16)
        .words(tags::SEGMENT_LABEL, VR::LO, &segment.label)
        .words(tags::SEGMENT_DESCRIPTION, VR::ST, &segment.description)
        .code(tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, &segment.category)
        .items(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, vec![kind]);
    if segment.is_manual {
        return item.text(tags::SEGMENT_ALGORITHM_TYPE, VR::CS, "MANUAL");
    }
    let name = segment.algorithm.object().element(tags::ALGORITHM_NAME).ok().and_then(|name| name.to_str().ok());
    item.text(tags::SEGMENT_ALGORITHM_TYPE, VR::CS, "AUTOMATIC")
        .words(tags::SEGMENT_ALGORITHM_NAME, VR::LO, &name.unwrap_or_default())
        .items(tags::SEGMENTATION_ALGORITHM_IDENTIFICATION_SEQUENCE, vec![segment.algorithm.clone()])
}

/// The right and the left lung, where it is known where they lie.
fn lungs(context: &Context<'_>) -> Vec<Segment> {
    let Some(lungs) = &context.case.lungs else { return Vec::new() };
    let plane = &context.case.frame.pixels.plane;
    let regions = lungs.fields.on_grid(plane.width, plane.height);
    let algorithm = match &lungs.source {
        FieldsSource::Mask { .. } => Item::new(),
        FieldsSource::Segmenter { version, sha256, expected_dice } => {
            let known = [format!("weights SHA-256: {sha256}"), format!("expected Dice: {expected_dice}")];
            frames::algorithm("Pellucid lung segmenter", version, &known)
        }
    };
    let segment = |label: &str, side: Code, is_of: fn(LungRegion) -> bool| Segment {
        label: label.to_owned(),
        description: lungs.source.without_names().in_words(),
        is_manual: matches!(lungs.source, FieldsSource::Mask { .. }),
        category: codes::ANATOMICAL_STRUCTURE,
        kind: codes::LUNG,
        modifier: side,
        algorithm: algorithm.clone(),
        mask: regions.iter().map(|region| is_of(*region)).collect(),
    };
    vec![
        segment("Right lung", codes::RIGHT, LungRegion::is_right),
        segment("Left lung", codes::LEFT, LungRegion::is_left),
    ]
}

/// What speaks for a class, and where the map tells it what speaks against it.
fn evidence(context: &Context<'_>, found: &Evidence) -> Vec<Segment> {
    let model = &context.record.model;
    let said = |words: &str| match &context.reservation {
        Some(reservation) => format!("{words} {reservation}"),
        None => words.to_owned(),
    };
    let segment = |words: &str, kind: Code, mask: Vec<bool>| Segment {
        label: shortened(&context.marked(&format!("{words} {}, {}", found.class, found.method))),
        description: said(&format!("{words} {}. What moved the score of a model, no finding.", found.title)),
        is_manual: false,
        category: codes::SPATIAL_CONCEPT,
        kind,
        modifier: Code::label(&found.class),
        algorithm: frames::algorithm(&model.name, &model.version, &parameters(context)),
        mask,
    };
    let mut segments = vec![segment("Evidence for", codes::EVIDENCE_FOR, found.inside())];
    if found.is_signed {
        segments.push(segment("Evidence against", codes::EVIDENCE_AGAINST, found.against()));
    }
    segments
}

/// Bits of all frames, one behind the other without a gap, the first one lowest (PS3.5 8.1.1).
fn packed<'a>(masks: impl Iterator<Item = &'a [bool]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, bit) in masks.flatten().enumerate() {
        if at % 8 == 0 {
            bytes.push(0);
        }
        bytes[at / 8] |= u8::from(*bit) << (at % 8);
    }
    if !bytes.len().is_multiple_of(2) {
        bytes.push(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_a_frame_follow_those_of_the_frame_before() {
        let (a, b) = ([true, false, true], [true, true, true, false, false, true, true]);
        assert_eq!(packed([a.as_slice(), b.as_slice()].into_iter()), [0b0011_1101, 0b0000_0011]);
        assert_eq!(packed([[true].as_slice()].into_iter()), [1, 0]);
    }
}
