//! What a reader sees, for every viewer: the image under the map of a class in colours, "research use
//! only" burned in (PS3.3 A.8.1).
//!
//! The words that are burned in name no patient, so Burned In Annotation is what the image says of
//! itself, and is left out where it says nothing.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::context::Context;
use super::source::Source;
use super::{ObjectKind, ResultObject};
use crate::report::NOT_A_DEVICE;
use crate::report::overlay_image::{OverlayImage, overlay_images};
use crate::results::ResultsError;

/// An overlay for each class that has a map, else one that says why there is none.
pub(super) fn objects(context: &Context<'_>) -> Result<Vec<ResultObject>, ResultsError> {
    let images = overlay_images(context.case)?;
    images.into_iter().enumerate().map(|(i, image)| object(context, i + 1, image)).collect()
}

fn object(context: &Context<'_>, number: usize, picture: OverlayImage) -> Result<ResultObject, ResultsError> {
    let source = &context.source;
    let said = [Some(picture.title), context.reservation.clone(), Some(NOT_A_DEVICE.to_owned())];
    let said: Vec<String> = said.into_iter().flatten().collect();
    let derivation = format!(
        "Image through the window of the report, map of model {} as colours over it. {}",
        context.model_in_words(),
        said.join(" ")
    );
    let (width, height) = (picture.image.width() as u16, picture.image.height() as u16);
    let mut pixels = picture.image.into_raw();
    if !pixels.len().is_multiple_of(2) {
        pixels.push(0);
    }
    let burned_in = source.burned_in();
    let item = context
        .result(ObjectKind::SecondaryCapture, "OT", "heat map")
        .text(tags::LATERALITY, VR::CS, source.side())
        .text(tags::CONVERSION_TYPE, VR::CS, "WSD")
        .text(tags::IMAGE_TYPE, VR::CS, "DERIVED\\SECONDARY")
        .text(tags::INSTANCE_NUMBER, VR::IS, &number.to_string())
        .text(tags::PATIENT_ORIENTATION, VR::CS, source.sides())
        .and(burned_in, |item, value| item.text(tags::BURNED_IN_ANNOTATION, VR::CS, value))
        .with(&source.lossy())
        .words(tags::DERIVATION_DESCRIPTION, VR::ST, &derivation)
        .items(tags::SOURCE_IMAGE_SEQUENCE, vec![source.as_source()])
        .words(tags::IMAGE_COMMENTS, VR::LT, &said.join(" "))
        .with(&Source::aspect(context.case))
        .number(tags::SAMPLES_PER_PIXEL, 3)
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "RGB")
        .number(tags::PLANAR_CONFIGURATION, 0)
        .number(tags::ROWS, height)
        .number(tags::COLUMNS, width)
        .number(tags::BITS_ALLOCATED, 8)
        .number(tags::BITS_STORED, 8)
        .number(tags::HIGH_BIT, 7)
        .number(tags::PIXEL_REPRESENTATION, 0)
        .bytes(tags::PIXEL_DATA, VR::OB, pixels);
    context.finished(ObjectKind::SecondaryCapture, item)
}
