//! The image itself as a Secondary Capture, where it came from no DICOM file: what results refer to
//! must be there.
//!
//! It holds no time of its making, so that the same image always becomes the same object. Values
//! that are whole numbers are kept exactly; others are rounded to 65,536 steps, and that is said.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::context::Context;
use super::grey_steps::{self, Steps};
use super::item::Item;
use super::source::Source;
use super::{ObjectKind, ResultObject};
use crate::imaging::PixelData;
use crate::results::ResultsError;

/// The image of a case.
pub(super) fn object(context: &Context<'_>) -> Result<ResultObject, ResultsError> {
    let frame = &context.case.frame;
    let source = &context.source;
    let burned_in = source.burned_in();
    let plane = &frame.pixels.plane;
    let (pixels, remark) = pixels(&frame.pixels);
    let item = context
        .patient_and_study()
        .with(&context.equipment(false))
        .text(tags::MODALITY, VR::CS, "OT")
        .uid(tags::SERIES_INSTANCE_UID, &source.series_uid)
        .text(tags::SERIES_NUMBER, VR::IS, "9000")
        .text(tags::SERIES_DESCRIPTION, VR::LO, "Image that results refer to")
        .text(tags::LATERALITY, VR::CS, source.side())
        .text(tags::CONVERSION_TYPE, VR::CS, "WSD")
        .text(tags::IMAGE_TYPE, VR::CS, "DERIVED\\SECONDARY")
        .text(tags::INSTANCE_NUMBER, VR::IS, "1")
        .text(tags::PATIENT_ORIENTATION, VR::CS, source.sides())
        .and(burned_in, |item, value| item.text(tags::BURNED_IN_ANNOTATION, VR::CS, value))
        .with(&source.lossy())
        .words(tags::DERIVATION_DESCRIPTION, VR::ST, remark)
        .with(&Source::aspect(context.case))
        .number(tags::ROWS, plane.height as u16)
        .number(tags::COLUMNS, plane.width as u16)
        .number(tags::PIXEL_REPRESENTATION, 0)
        .with(&pixels);
    context.finished(ObjectKind::SourceImage, item)
}

/// The pixels with what tells how they are stored, and a remark on how they were made.
fn pixels(pixels: &PixelData) -> (Item, &'static str) {
    if let Some(colour) = &pixels.color {
        let mut bytes = colour.as_raw().clone();
        if !bytes.len().is_multiple_of(2) {
            bytes.push(0);
        }
        let item = stored(8, "RGB").number(tags::SAMPLES_PER_PIXEL, 3).number(tags::PLANAR_CONFIGURATION, 0).bytes(
            tags::PIXEL_DATA,
            VR::OB,
            bytes,
        );
        return (item, "Colours of a file that is no DICOM object.");
    }
    let values = &pixels.plane.values;
    let Steps { low, high, step, whole } = Steps::of(pixels);
    let level = |value: f32| if value.is_finite() { ((value - low) / step).round() } else { 0.0 };
    let interpretation = if pixels.inverted { "MONOCHROME1" } else { "MONOCHROME2" };
    let grey = if whole && low == 0.0 && high <= f32::from(u8::MAX) {
        let mut bytes: Vec<u8> = values.iter().map(|value| level(*value) as u8).collect();
        if !bytes.len().is_multiple_of(2) {
            bytes.push(0);
        }
        stored(8, interpretation).bytes(tags::PIXEL_DATA, VR::OB, bytes)
    } else {
        let words = values.iter().map(|value| level(*value) as u16).collect();
        stored(16, interpretation).shorts(tags::PIXEL_DATA, words)
    };
    let item = grey.number(tags::SAMPLES_PER_PIXEL, 1);
    let item = item.with(&grey_steps::rescale(pixels));
    let rounded = "Grey values of a file that is no DICOM object, rounded to 65,536 steps.";
    (item, if whole { "Grey values of a file that is no DICOM object." } else { rounded })
}

fn stored(bits: u16, interpretation: &str) -> Item {
    Item::new()
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, interpretation)
        .number(tags::BITS_ALLOCATED, bits)
        .number(tags::BITS_STORED, bits)
        .number(tags::HIGH_BIT, bits - 1)
}

#[cfg(test)]
mod tests {
    use dicom_core::Tag;

    use super::*;
    use crate::imaging::Plane;

    fn made(values: Vec<f32>) -> (Item, &'static str) {
        let plane = Plane { width: values.len(), height: 1, values };
        pixels(&PixelData::grey(plane, (0.0, 1.0)))
    }

    fn number(item: &Item, tag: Tag) -> f64 {
        item.object().element(tag).unwrap().to_float64().unwrap()
    }

    #[test]
    fn whole_numbers_are_kept_and_others_rounded_with_a_remark() {
        let (bytes, remark) = made(vec![0.0, 17.0, 255.0]);
        let of = |item: &Item| item.object().element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned();
        assert_eq!((of(&bytes), remark.contains("rounded")), (vec![0, 17, 255, 0], false));
        let (words, _) = made(vec![-1024.0, 3071.0]);
        assert_eq!((number(&words, tags::RESCALE_INTERCEPT), number(&words, tags::RESCALE_SLOPE)), (-1024.0, 1.0));
        assert_eq!(of(&words), [0, 0, 0xFF, 0x0F]);
        let (floats, remark) = made(vec![0.0, 0.25, f32::NAN, 1.0]);
        assert!(remark.contains("rounded"));
        let step = number(&floats, tags::RESCALE_SLOPE);
        assert!((step * 65_535.0 - 1.0).abs() < 1e-6, "{step}");
    }
}
