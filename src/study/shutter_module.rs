//! Display Shutter and Bitmap Display Shutter (PS3.3 C.7.6.11, C.7.6.15), of an image or of a
//! presentation state.
//!
//! Collimators (C.8.7.3) are not shutters: they say what the beam left out, and close nothing.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::imaging::shutter::{Shutter, Shutters};
use crate::limits;

use super::dataset::Dataset;
use super::dicom::Dicom;
use super::overlay_planes::OverlayGroup;

/// The shutters that `source` declares: the object, or an item of its functional groups. `aspect` is
/// the height of a pixel over its width.
pub(super) fn read(dicom: &Dicom, source: &Dataset, index: u32, aspect: f32, warnings: &mut Vec<String>) -> Shutters {
    let mut shutters = Shutters { shapes: Vec::new(), grey: grey(source) };
    for name in source.codes(tags::SHUTTER_SHAPE) {
        let shape = match name.as_str() {
            "RECTANGULAR" => rectangle(source),
            "CIRCULAR" => circle(source, aspect),
            "POLYGONAL" => polygon(source),
            "BITMAP" => bitmap(dicom, source, index),
            "" => continue,
            _ => None,
        };
        match shape {
            Some(shape) => shutters.shapes.push(shape),
            None => warnings.push("A display shutter of the file is not sound and was not applied.".into()),
        }
    }
    shutters
}

/// Shutter Presentation Value: a P-value of 16 bits.
fn grey(source: &Dataset) -> u8 {
    let value = source.integer(tags::SHUTTER_PRESENTATION_VALUE).unwrap_or(0).clamp(0, 65_535);
    (value as f32 / 65_535.0 * 255.0).round() as u8
}

fn number(source: &Dataset, tag: Tag) -> Option<f32> {
    source.number(tag).map(|v| v as f32).filter(|v| v.abs() < 1e6)
}

/// Edges are the first and last columns and rows that are seen, counted from 1.
fn rectangle(source: &Dataset) -> Option<Shutter> {
    let left = number(source, tags::SHUTTER_LEFT_VERTICAL_EDGE)? - 1.0;
    let right = number(source, tags::SHUTTER_RIGHT_VERTICAL_EDGE)?;
    let top = number(source, tags::SHUTTER_UPPER_HORIZONTAL_EDGE)? - 1.0;
    let bottom = number(source, tags::SHUTTER_LOWER_HORIZONTAL_EDGE)?;
    (left < right && top < bottom).then_some(Shutter::Rectangle { left, top, right, bottom })
}

/// The radius is a number of pixels along a row; a circle on the screen is an ellipse of pixels that
/// are not square.
fn circle(source: &Dataset, aspect: f32) -> Option<Shutter> {
    let [row, column, ..] = source.numbers(tags::CENTER_OF_CIRCULAR_SHUTTER)[..] else { return None };
    let radius = number(source, tags::RADIUS_OF_CIRCULAR_SHUTTER).filter(|radius| *radius > 0.0)?;
    let center = [column as f32 - 0.5, row as f32 - 0.5];
    let sound = center.iter().all(|v| v.abs() < 1e6);
    sound.then_some(Shutter::Ellipse { center, radius: [radius, radius / aspect] })
}

fn polygon(source: &Dataset) -> Option<Shutter> {
    let numbers = source.numbers(tags::VERTICES_OF_THE_POLYGONAL_SHUTTER);
    let points: Vec<[f32; 2]> =
        numbers.as_chunks().0.iter().map(|[row, column]| [*column as f32 - 0.5, *row as f32 - 0.5]).collect();
    let sound = points.iter().flatten().all(|v| v.abs() < 1e6);
    (sound && (3..=limits::SHUTTER_VERTICES).contains(&points.len())).then_some(Shutter::Polygon(points))
}

fn bitmap(dicom: &Dicom, source: &Dataset, index: u32) -> Option<Shutter> {
    let group = u16::try_from(source.integer(tags::SHUTTER_OVERLAY_GROUP)?).ok()?;
    let plane = OverlayGroup::one(dicom, group)?.plane(index, None).ok()??;
    Some(Shutter::Bitmap(plane))
}

/// The overlay group that is a bitmap shutter and no overlay, if there is one.
pub(super) fn bitmap_group(source: &Dataset) -> Option<u16> {
    let is_bitmap = source.codes(tags::SHUTTER_SHAPE).iter().any(|shape| shape == "BITMAP");
    if is_bitmap { u16::try_from(source.integer(tags::SHUTTER_OVERLAY_GROUP)?).ok() } else { None }
}
