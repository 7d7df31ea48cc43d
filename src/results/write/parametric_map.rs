//! The values of the maps, as they came from the model, as Parametric Maps of 32-bit floating point
//! numbers (PS3.3 A.75, C.8.32): a frame for each class and method, an object for each size of maps.
//!
//! Frames have the map's own resolution, and lie in the patient by the image's place and the part of
//! it that the network saw: cell `(i, j)` of `w × h` cells over a part of the image that begins at
//! `(l, t)` and is `W × H` pixels large has its centre at pixel `(l + (i + ½) W/w, t + (j + ½) H/h)`.
//! So no value is interpolated. An image without a place in the patient has no Parametric Map, since
//! the object needs one (table A.75-2) and none is invented.

use std::collections::BTreeMap;
use std::sync::Arc;

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::context::Context;
use super::item::Item;
use super::{LeftOut, ObjectKind, ResultObject, frames};
use crate::explain::Attribution;
use crate::explain::scale::area;
use crate::imaging::overlay::Area;
use crate::results::ResultsError;
use crate::results::codes::{self, Code};
use crate::study::source_header::PlanePlace;

/// The maps of a case, or why there are none.
pub(super) fn objects(context: &Context<'_>) -> Result<Result<Vec<ResultObject>, LeftOut>, ResultsError> {
    let case = context.case;
    let left_out = |reason: &str| Ok(Err(LeftOut { kind: ObjectKind::ParametricMap, reason: reason.to_owned() }));
    // A pass over an image that was refused, unless the reader asked for it, leaves no maps.
    let maps = case.analysis.attributions.iter().filter(|map| case.analysis.scored && map.class().is_some());
    let mut sizes: BTreeMap<(usize, usize), Vec<&Arc<Attribution>>> = BTreeMap::new();
    for map in maps {
        sizes.entry((map.raw.width, map.raw.height)).or_default().push(map);
    }
    sizes.retain(|(width, height), _| width * height > 0 && u16::try_from(*width.max(height)).is_ok());
    if sizes.is_empty() {
        return left_out("there are no maps");
    }
    let Some(place) = &context.source.header.plane else {
        return left_out(
            "the file does not say where the image lies in the patient, and none is invented; \
             Secondary Capture and presentation state hold the map",
        );
    };
    let objects = (1..).zip(sizes.values()).map(|(number, maps)| object(context, place, number, maps));
    Ok(Ok(objects.collect::<Result<_, _>>()?))
}

fn object(
    context: &Context<'_>,
    place: &PlanePlace,
    number: usize,
    maps: &[&Arc<Attribution>],
) -> Result<ResultObject, ResultsError> {
    let plane = &context.case.frame.pixels.plane;
    let seen = area(&context.case.model.manifest.input, plane.width, plane.height);
    let (width, height) = (maps[0].raw.width, maps[0].raw.height);
    let own = placed(place, seen, [plane.width, plane.height], [width, height]);
    let words = "Map of what moved the score of a model, at the resolution of the map.";
    let derivation = frames::derivation(context, &codes::EXPLANATION, words, false);
    let frame_type = Item::new().text(tags::FRAME_TYPE, VR::CS, IMAGE_TYPE);
    let identity = Item::new().decimals(tags::RESCALE_INTERCEPT, &[0.0]).decimals(tags::RESCALE_SLOPE, &[1.0]).text(
        tags::RESCALE_TYPE,
        VR::LO,
        "US",
    );
    let shared = frames::measures(&own)
        .items(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, vec![identity])
        .with(&frames::position(&own))
        .with(&derivation)
        .items(tags::PARAMETRIC_MAP_FRAME_TYPE_SEQUENCE, vec![frame_type]);
    let frame = |(n, map): (usize, &&Arc<Attribution>)| {
        frames::content(n)
            .with(&window(map))
            .items(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE, vec![mapping(context, n, map)])
    };
    let values: Vec<f32> = maps.iter().flat_map(|map| &map.raw.values).copied().collect();
    let per_frame = (1..).zip(maps).map(frame).collect();
    let item = context
        .result(ObjectKind::ParametricMap, "OT", "maps")
        .with(&frames::frame_of_reference(context, place))
        .text(tags::LATERALITY, VR::CS, context.source.side())
        .text(tags::INSTANCE_NUMBER, VR::IS, &number.to_string())
        .text(tags::IMAGE_TYPE, VR::CS, IMAGE_TYPE)
        .text(tags::CONTENT_LABEL, VR::CS, "PELLUCID")
        .words(tags::CONTENT_DESCRIPTION, VR::LO, &context.marked("what moved the score, research use only"))
        .text(tags::CONTENT_CREATOR_NAME, VR::PN, "Pellucid^")
        .text(tags::CONTENT_QUALIFICATION, VR::CS, "RESEARCH")
        .text(tags::BURNED_IN_ANNOTATION, VR::CS, "NO")
        .text(tags::RECOGNIZABLE_VISUAL_FEATURES, VR::CS, "NO")
        .text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, if context.source.is_lossy { "01" } else { "00" })
        .text(tags::PRESENTATION_LUT_SHAPE, VR::CS, "IDENTITY")
        .number(tags::SAMPLES_PER_PIXEL, 1)
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2")
        .text(tags::NUMBER_OF_FRAMES, VR::IS, &maps.len().to_string())
        .number(tags::ROWS, height as u16)
        .number(tags::COLUMNS, width as u16)
        .number(tags::BITS_ALLOCATED, 32)
        .items(tags::ACQUISITION_CONTEXT_SEQUENCE, Vec::new())
        .with(&frames::dimension(context, "Map", tags::LUT_LABEL, tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE))
        .with(&frames::references(context))
        .items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared])
        .items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, per_frame)
        .floats(tags::FLOAT_PIXEL_DATA, VR::OF, &values);
    context.finished(ObjectKind::ParametricMap, item)
}

const IMAGE_TYPE: &str = "DERIVED\\PRIMARY\\OTHER\\QUANTITY";

/// Where a grid of cells lies that covers a part of an image.
fn placed(image: &PlanePlace, seen: Area, [columns, rows]: [usize; 2], [width, height]: [usize; 2]) -> PlanePlace {
    let along = |from: f32, to: f32, pixels: usize, cells: usize| {
        let (from, to) = (f64::from(from) * pixels as f64, f64::from(to) * pixels as f64);
        let cell = (to - from) / cells as f64;
        // From the centre of the first pixel to that of the first cell.
        (cell, from + 0.5 * cell - 0.5)
    };
    let (cell_x, first_x) = along(seen.left, seen.right, columns, width);
    let (cell_y, first_y) = along(seen.top, seen.bottom, rows, height);
    let [down, across] = image.spacing;
    let o = &image.orientation;
    let position = [0, 1, 2].map(|i| image.position[i] + o[i] * first_x * across + o[3 + i] * first_y * down);
    PlanePlace { position, spacing: [cell_y * down, cell_x * across], ..image.clone() }
}

/// A window from the lowest to the highest value, for viewers that show the map in greys.
fn window(map: &Attribution) -> Item {
    let finite = || map.raw.values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let (low, high) = if low < high { (f64::from(low), f64::from(high)) } else { (0.0, 1.0) };
    let window = Item::new()
        .decimals(tags::WINDOW_CENTER, &[f64::midpoint(low, high)])
        .decimals(tags::WINDOW_WIDTH, &[high - low])
        .text(tags::VOILUT_FUNCTION, VR::CS, "LINEAR_EXACT");
    Item::new().items(tags::FRAME_VOILUT_SEQUENCE, vec![window])
}

/// What the values of a frame are (C.7.6.16.2.11): what is stored is the value, without a unit.
fn mapping(context: &Context<'_>, number: usize, map: &Attribution) -> Item {
    let class = map.class().map(|class| context.case.class_name(class)).unwrap_or_default();
    let layer = if map.method.has_layer() { format!(", {}", map.layer) } else { String::new() };
    let finite = || map.raw.values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let code = |name: &Code, value: &Code| {
        Item::new()
            .text(tags::VALUE_TYPE, VR::CS, "CODE")
            .code(tags::CONCEPT_NAME_CODE_SEQUENCE, name)
            .code(tags::CONCEPT_CODE_SEQUENCE, value)
    };
    let mut quantity = vec![
        code(&codes::QUANTITY, &codes::ATTRIBUTION),
        code(&codes::MEASUREMENT_METHOD, &Code::method(map.method.key(), map.method.name())),
        code(&codes::MODEL_LABEL, &Code::label(&class)),
    ];
    if map.method.has_layer() {
        // The explanation may be too short for it.
        let layer = Item::new()
            .text(tags::VALUE_TYPE, VR::CS, "TEXT")
            .code(tags::CONCEPT_NAME_CODE_SEQUENCE, &codes::TARGET_LAYER)
            .words(tags::TEXT_VALUE, VR::UT, &map.layer);
        quantity.push(layer);
    }
    Item::new()
        .words(tags::LUT_LABEL, VR::SH, &format!("{number} {}", map.method.name()))
        .words(tags::LUT_EXPLANATION, VR::LO, &context.marked(&format!("{class}, {}{layer}", map.method.name())))
        .double(tags::DOUBLE_FLOAT_REAL_WORLD_VALUE_FIRST_VALUE_MAPPED, f64::from(low))
        .double(tags::DOUBLE_FLOAT_REAL_WORLD_VALUE_LAST_VALUE_MAPPED, f64::from(high))
        .double(tags::REAL_WORLD_VALUE_INTERCEPT, 0.0)
        .double(tags::REAL_WORLD_VALUE_SLOPE, 1.0)
        .code(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, &codes::NO_UNITS)
        .items(tags::QUANTITY_DEFINITION_SEQUENCE, quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_lie_where_the_network_looked() {
        let image = PlanePlace {
            frame_of_reference: "1.2.3".into(),
            orientation: [1.0, 0.0, 0.0, 0.0, 0.0, -1.0],
            position: [-100.0, 5.0, 200.0],
            spacing: [0.5, 0.25],
            thickness: None,
        };
        // Every cell covers 100 × 50 pixels.
        let whole = placed(&image, Area::WHOLE, [400, 200], [4, 4]);
        assert_eq!(whole.spacing, [25.0, 25.0]);
        assert_eq!(whole.position, [-100.0 + 49.5 * 0.25, 5.0, 200.0 - 24.5 * 0.5]);
        // The middle square of a wide image.
        let middle = placed(&image, Area { left: 0.25, top: 0.0, right: 0.75, bottom: 1.0 }, [400, 200], [200, 200]);
        assert_eq!((middle.spacing, middle.position), ([0.5, 0.25], [-75.0, 5.0, 200.0]));
        let own = placed(&image, Area::WHOLE, [400, 200], [400, 200]);
        assert_eq!(own, image);
    }
}
