//! How the image is to be seen with its results: the window of the report, lines around the evidence
//! and the lungs, and what the reader measured, as a Grayscale Softcopy Presentation State (PS3.3
//! A.33.1, C.10.5, C.11).
//!
//! The lines are drawn over the image itself, whose pixels are not touched. A state replaces the
//! modality transform of its image (PS3.4 N.2.1), so that the image's own must stand in it; where that
//! is a table, or the image has colours, there is no state.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::context::Context;
use super::drawn::{Layer, layers};
use super::item::Item;
use super::{LeftOut, ObjectKind, ResultObject};
use crate::imaging::WindowFunction;
use crate::results::ResultsError;

/// Most points of one line: Graphic Data has a length of 16 bits.
const POINTS: usize = 4000;

/// The state of a case, or why there is none.
pub(super) fn object(context: &Context<'_>) -> Result<Result<ResultObject, LeftOut>, ResultsError> {
    let pixels = &context.case.frame.pixels;
    let source = &context.source;
    let left_out = |reason: &str| Ok(Err(LeftOut { kind: ObjectKind::PresentationState, reason: reason.to_owned() }));
    if pixels.color.is_some() {
        return left_out("the image has colours, and such a state is for grey values");
    }
    if source.header.has_modality_table && pixels.intensity.is_none() {
        return left_out("a table makes the grey values of the image, which the state would have to repeat");
    }
    if !source.is_known_transform {
        return left_out("the file of the image could not be read again for its rescale");
    }
    let (width, height) = (pixels.plane.width as i32, pixels.plane.height as i32);
    let images = || vec![source.reference()];
    let layers = layers(context);
    let inverted = pixels.inverted != context.case.inverted_by_reader;
    let series =
        Item::new().uid(tags::SERIES_INSTANCE_UID, &source.series_uid).items(tags::REFERENCED_IMAGE_SEQUENCE, images());
    let area = Item::new()
        .items(tags::REFERENCED_IMAGE_SEQUENCE, images())
        .signed(tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER, &[1, 1])
        .signed(tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER, &[width, height])
        .text(tags::PRESENTATION_SIZE_MODE, VR::CS, "SCALE TO FIT")
        .text(tags::PRESENTATION_PIXEL_ASPECT_RATIO, VR::IS, &aspect(context));
    let item = context
        .result(ObjectKind::PresentationState, "PR", "contours and measurements")
        .text(tags::LATERALITY, VR::CS, source.side())
        .text(tags::INSTANCE_NUMBER, VR::IS, "1")
        .text(tags::CONTENT_LABEL, VR::CS, "PELLUCID")
        .words(tags::CONTENT_DESCRIPTION, VR::LO, &context.marked("contours and measurements, research use only"))
        .text(tags::CONTENT_CREATOR_NAME, VR::PN, "Pellucid^")
        .text(tags::PRESENTATION_CREATION_DATE, VR::DA, &context.date())
        .text(tags::PRESENTATION_CREATION_TIME, VR::TM, &context.time())
        .items(tags::REFERENCED_SERIES_SEQUENCE, vec![series])
        .items(tags::DISPLAYED_AREA_SELECTION_SEQUENCE, vec![area])
        .with(&source.rescale(context.case))
        .items(tags::SOFTCOPY_VOILUT_SEQUENCE, vec![window(context).items(tags::REFERENCED_IMAGE_SEQUENCE, images())])
        .text(tags::PRESENTATION_LUT_SHAPE, VR::CS, if inverted { "INVERSE" } else { "IDENTITY" })
        .items(tags::GRAPHIC_ANNOTATION_SEQUENCE, layers.iter().map(|layer| annotation(layer, images())).collect())
        .items(tags::GRAPHIC_LAYER_SEQUENCE, (1..).zip(&layers).map(|(n, layer)| described(n, layer)).collect());
    Ok(Ok(context.finished(ObjectKind::PresentationState, item)?))
}

/// Height over width of a pixel, as whole numbers.
fn aspect(context: &Context<'_>) -> String {
    let aspect = f64::from(context.case.frame.display.pixel_aspect);
    if (aspect - 1.0).abs() < 0.001 { "1\\1".into() } else { format!("{}\\1000", (aspect * 1000.0).round()) }
}

fn window(context: &Context<'_>) -> Item {
    let window = context.case.window;
    let function = match window.function {
        WindowFunction::Linear => "LINEAR",
        WindowFunction::LinearExact => "LINEAR_EXACT",
        WindowFunction::Sigmoid => "SIGMOID",
    };
    Item::new()
        .decimals(tags::WINDOW_CENTER, &[f64::from(window.center)])
        .decimals(tags::WINDOW_WIDTH, &[f64::from(window.width)])
        .text(tags::WINDOW_CENTER_WIDTH_EXPLANATION, VR::LO, "Window of the report")
        .text(tags::VOILUT_FUNCTION, VR::CS, function)
}

fn described(number: usize, layer: &Layer) -> Item {
    Item::new()
        .text(tags::GRAPHIC_LAYER, VR::CS, layer.name)
        .text(tags::GRAPHIC_LAYER_ORDER, VR::IS, &number.to_string())
        .words(tags::GRAPHIC_LAYER_DESCRIPTION, VR::LO, &layer.description)
}

fn annotation(layer: &Layer, images: Vec<Item>) -> Item {
    let item = Item::new().items(tags::REFERENCED_IMAGE_SEQUENCE, images).text(tags::GRAPHIC_LAYER, VR::CS, layer.name);
    let lines: Vec<Item> = layer.lines.iter().flat_map(|line| lines(line)).collect();
    let texts: Vec<Item> = layer.texts.iter().map(|(at, words)| text(*at, words)).collect();
    // Each is of type 1C: where it is, it has items.
    let item = if texts.is_empty() { item } else { item.items(tags::TEXT_OBJECT_SEQUENCE, texts) };
    if lines.is_empty() { item } else { item.items(tags::GRAPHIC_OBJECT_SEQUENCE, lines) }
}

/// A line in pieces that fit, each beginning where the one before ends.
fn lines(points: &[[f32; 2]]) -> Vec<Item> {
    let mut pieces = Vec::new();
    let mut rest = points;
    while rest.len() > POINTS {
        pieces.push(&rest[..POINTS]);
        rest = &rest[POINTS - 1..];
    }
    pieces.push(rest);
    pieces.into_iter().map(line).collect()
}

fn line(points: &[[f32; 2]]) -> Item {
    let kind = if points.len() == 1 { "POINT" } else { "POLYLINE" };
    Item::new()
        .text(tags::GRAPHIC_ANNOTATION_UNITS, VR::CS, "PIXEL")
        .number(tags::GRAPHIC_DIMENSIONS, 2)
        .number(tags::NUMBER_OF_GRAPHIC_POINTS, points.len() as u16)
        .floats(tags::GRAPHIC_DATA, VR::FL, points.as_flattened())
        .text(tags::GRAPHIC_TYPE, VR::CS, kind)
        .and((points.len() > 1).then_some("N"), |item, no| item.text(tags::GRAPHIC_FILLED, VR::CS, no))
}

/// Words at a point of the image; at none, in the upper left corner of what is displayed.
fn text(at: Option<[f32; 2]>, words: &str) -> Item {
    let item = Item::new().words(tags::UNFORMATTED_TEXT_VALUE, VR::ST, words);
    match at {
        Some(point) => item
            .text(tags::ANCHOR_POINT_ANNOTATION_UNITS, VR::CS, "PIXEL")
            .floats(tags::ANCHOR_POINT, VR::FL, &point)
            .text(tags::ANCHOR_POINT_VISIBILITY, VR::CS, "N"),
        None => item
            .text(tags::BOUNDING_BOX_ANNOTATION_UNITS, VR::CS, "DISPLAY")
            .floats(tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER, VR::FL, &[0.01, 0.01])
            .floats(tags::BOUNDING_BOX_BOTTOM_RIGHT_HAND_CORNER, VR::FL, &[0.99, 0.12])
            .text(tags::BOUNDING_BOX_TEXT_HORIZONTAL_JUSTIFICATION, VR::CS, "LEFT"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_into_pieces_that_join() {
        let points: Vec<[f32; 2]> = (0..9000).map(|i| [i as f32, 0.5]).collect();
        let pieces = lines(&points);
        let ends: Vec<(f32, f32, u16)> = pieces
            .iter()
            .map(|piece| {
                let data = piece.object().element(tags::GRAPHIC_DATA).unwrap().to_multi_float32().unwrap();
                let count = piece.object().element(tags::NUMBER_OF_GRAPHIC_POINTS).unwrap().to_int().unwrap();
                (data[0], data[data.len() - 2], count)
            })
            .collect();
        assert_eq!(ends, [(0.0, 3999.0, 4000), (3999.0, 7998.0, 4000), (7998.0, 8999.0, 1002)]);
    }
}
