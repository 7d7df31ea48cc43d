//! Phantom files: DICOM, 8-bit PNG, and the mask; each is written whole or not at all. Nobody is in
//! them, so they may be handed on.

use std::path::{Path, PathBuf};

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use image::{GrayImage, ImageFormat};
use sha2::{Digest as _, Sha256};

use super::{Age, Lung, Phantom, PhantomRecipe, lung_fields};
use crate::files::writing;
use crate::study::IMPLEMENTATION_CLASS_UID;

/// Why a phantom could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PhantomFileError {
    #[error("The file {path} could not be written: {source}. Choose a folder that exists and may be written to.", path = path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("The image for {path} could not be encoded: {source}.", path = path.display())]
    Encode { path: PathBuf, source: image::ImageError },
    #[error("The DICOM object for {path} could not be built: {reason}.", path = path.display())]
    Dicom { path: PathBuf, reason: String },
}

/// The image in 8 bits: the 12-bit values without their last four.
#[must_use]
pub fn picture(phantom: &Phantom) -> GrayImage {
    let values = phantom.plane.values.iter().map(|v| (*v as u16 >> 4) as u8).collect();
    GrayImage::from_raw(phantom.plane.width as u32, phantom.plane.height as u32, values).unwrap_or_default()
}

/// The mask: 255 inside an opacity, 0 elsewhere.
#[must_use]
pub fn mask_image(phantom: &Phantom) -> GrayImage {
    let values = phantom.mask.iter().map(|inside| if *inside { 255 } else { 0 }).collect();
    GrayImage::from_raw(phantom.plane.width as u32, phantom.plane.height as u32, values).unwrap_or_default()
}

/// Writes the image as an 8-bit grey PNG.
pub fn write_png(path: &Path, phantom: &Phantom) -> Result<(), PhantomFileError> {
    write_picture(path, &picture(phantom))
}

/// Writes the mask as an 8-bit grey PNG.
pub fn write_mask(path: &Path, phantom: &Phantom) -> Result<(), PhantomFileError> {
    write_picture(path, &mask_image(phantom))
}

/// Writes where the lungs of a recipe lie as an 8-bit grey PNG: 255 lung, 0 elsewhere.
pub fn write_lungs(path: &Path, recipe: &PhantomRecipe) -> Result<(), PhantomFileError> {
    let inside = |lung: Option<Lung>| if lung.is_some() { 255 } else { 0 };
    let values: Vec<u8> = lung_fields(recipe).into_iter().map(inside).collect();
    let side = values.len().isqrt() as u32;
    write_picture(path, &GrayImage::from_raw(side, side, values).unwrap_or_default())
}

fn write_picture(path: &Path, picture: &GrayImage) -> Result<(), PhantomFileError> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|source| PhantomFileError::Encode { path: path.to_owned(), source })?;
    write_bytes(path, bytes.get_ref())
}

fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), PhantomFileError> {
    let failed = |source| PhantomFileError::Write { path: path.to_owned(), source };
    writing::shared(path, bytes).map_err(failed)
}

/// Writes the image as a Digital X-Ray Image, For Presentation (PS3.3 A.26), explicit VR little
/// endian.
///
/// UIDs are `2.25.` and a hash of the recipe, so that a recipe always gives the same object.
pub fn write_dicom(path: &Path, phantom: &Phantom, recipe: &PhantomRecipe) -> Result<(), PhantomFileError> {
    let failed = |reason: String| PhantomFileError::Dicom { path: path.to_owned(), reason };
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .media_storage_sop_class_uid(uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION)
        .media_storage_sop_instance_uid(uid(recipe, "instance"))
        .implementation_class_uid(IMPLEMENTATION_CLASS_UID)
        .implementation_version_name("PELLUCID");
    let object = dataset(phantom, recipe).with_meta(meta).map_err(|e| failed(e.to_string()))?;
    let mut bytes = Vec::new();
    object.write_all(&mut bytes).map_err(|e| failed(e.to_string()))?;
    write_bytes(path, &bytes)
}

/// A UID below `2.25` (PS3.5 B.2): the first 128 bits of a hash, shaped as a UUID of version 8.
fn uid(recipe: &PhantomRecipe, what: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"pellucid phantom 1\0");
    hash.update(what.as_bytes());
    hash.update([0]);
    // The Debug form of a recipe names every field that makes it what it is.
    hash.update(format!("{recipe:?}").as_bytes());
    let digest = hash.finalize();
    let mut number = digest.iter().take(16).fold(0u128, |n, byte| n << 8 | u128::from(*byte));
    number = number & !(0xF << 76) | 0x8 << 76;
    number = number & !(0x3 << 62) | 0x2 << 62;
    format!("2.25.{number}")
}

fn text(vr: VR, tag: Tag, value: &str) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, vr, PrimitiveValue::from(value))
}

fn number(tag: Tag, value: u16) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, VR::US, PrimitiveValue::from(value))
}

fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, VR::SQ, DataSetSequence::from(items))
}

/// A coded concept.
fn code(value: &str, scheme: &str, meaning: &str) -> Vec<DataElement<InMemDicomObject>> {
    vec![
        text(VR::SH, tags::CODE_VALUE, value),
        text(VR::SH, tags::CODING_SCHEME_DESIGNATOR, scheme),
        text(VR::LO, tags::CODE_MEANING, meaning),
    ]
}

fn item(elements: Vec<DataElement<InMemDicomObject>>) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(elements)
}

fn dataset(phantom: &Phantom, recipe: &PhantomRecipe) -> InMemDicomObject {
    let side = phantom.plane.width as u16;
    let spacing = format!("{0:.5}\\{0:.5}", phantom.spacing_mm);
    let (age, birth) = match recipe.age {
        Age::Child => ("003Y", "20230101"),
        Age::Adult => ("045Y", "19810101"),
    };
    let opacities: Vec<String> = recipe
        .opacities
        .iter()
        .map(|o| format!("{:?} {:?} {:?}, size {}, density {}", o.lung, o.zone, o.kind, o.size, o.density))
        .collect();
    let opacities = if opacities.is_empty() { "none".to_owned() } else { opacities.join("; ") };
    let comment = format!("Computed phantom, not a patient. Seed {}. Opacities: {opacities}.", recipe.seed);
    let mut view = code("399348003", "SCT", "antero-posterior");
    view.push(sequence(tags::VIEW_MODIFIER_CODE_SEQUENCE, vec![]));
    let pixels: Vec<u16> = phantom.plane.values.iter().map(|v| *v as u16).collect();
    item(vec![
        text(VR::CS, tags::SPECIFIC_CHARACTER_SET, "ISO_IR 100"),
        text(VR::CS, tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\"),
        text(VR::UI, tags::SOP_CLASS_UID, uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION),
        text(VR::UI, tags::SOP_INSTANCE_UID, &uid(recipe, "instance")),
        text(VR::DA, tags::STUDY_DATE, "20260101"),
        text(VR::DA, tags::SERIES_DATE, "20260101"),
        text(VR::DA, tags::ACQUISITION_DATE, "20260101"),
        text(VR::DA, tags::CONTENT_DATE, "20260101"),
        text(VR::TM, tags::STUDY_TIME, "120000"),
        text(VR::TM, tags::SERIES_TIME, "120000"),
        text(VR::TM, tags::ACQUISITION_TIME, "120000"),
        text(VR::TM, tags::CONTENT_TIME, "120000"),
        text(VR::SH, tags::ACCESSION_NUMBER, ""),
        text(VR::CS, tags::MODALITY, "DX"),
        text(VR::CS, tags::PRESENTATION_INTENT_TYPE, "FOR PRESENTATION"),
        text(VR::LO, tags::MANUFACTURER, "Pellucid"),
        text(VR::LO, tags::INSTITUTION_NAME, "Pellucid phantom"),
        text(VR::PN, tags::REFERRING_PHYSICIAN_NAME, ""),
        text(VR::LO, tags::STUDY_DESCRIPTION, "PHANTOM chest radiograph"),
        text(VR::LO, tags::SERIES_DESCRIPTION, "Phantom chest AP"),
        text(VR::LO, tags::MANUFACTURER_MODEL_NAME, "Pellucid phantom"),
        sequence(tags::ANATOMIC_REGION_SEQUENCE, vec![item(code("51185008", "SCT", "Chest"))]),
        text(VR::PN, tags::PATIENT_NAME, "PHANTOM^PELLUCID"),
        text(VR::LO, tags::PATIENT_ID, &format!("PHANTOM-{}", recipe.seed)),
        text(VR::DA, tags::PATIENT_BIRTH_DATE, birth),
        text(VR::CS, tags::PATIENT_SEX, "O"),
        text(VR::AS, tags::PATIENT_AGE, age),
        text(VR::CS, tags::BODY_PART_EXAMINED, "CHEST"),
        text(VR::LO, tags::DEVICE_SERIAL_NUMBER, "0"),
        text(VR::LO, tags::SOFTWARE_VERSIONS, crate::VERSION),
        text(VR::DS, tags::IMAGER_PIXEL_SPACING, &spacing),
        text(VR::CS, tags::POSITIONER_TYPE, "NONE"),
        text(VR::CS, tags::DETECTOR_TYPE, "DIRECT"),
        text(VR::LT, tags::DETECTOR_DESCRIPTION, "computed"),
        text(VR::CS, tags::VIEW_POSITION, "AP"),
        text(VR::UI, tags::STUDY_INSTANCE_UID, &uid(recipe, "study")),
        text(VR::UI, tags::SERIES_INSTANCE_UID, &uid(recipe, "series")),
        text(VR::SH, tags::STUDY_ID, "PHANTOM"),
        text(VR::IS, tags::SERIES_NUMBER, "1"),
        text(VR::IS, tags::INSTANCE_NUMBER, "1"),
        text(VR::CS, tags::PATIENT_ORIENTATION, "L\\F"),
        text(VR::CS, tags::IMAGE_LATERALITY, "U"),
        text(VR::LT, tags::IMAGE_COMMENTS, &comment),
        number(tags::SAMPLES_PER_PIXEL, 1),
        text(VR::CS, tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2"),
        number(tags::ROWS, side),
        number(tags::COLUMNS, side),
        number(tags::BITS_ALLOCATED, 16),
        number(tags::BITS_STORED, 12),
        number(tags::HIGH_BIT, 11),
        number(tags::PIXEL_REPRESENTATION, 0),
        text(VR::CS, tags::BURNED_IN_ANNOTATION, "NO"),
        text(VR::CS, tags::PIXEL_INTENSITY_RELATIONSHIP, "LOG"),
        DataElement::new(tags::PIXEL_INTENSITY_RELATIONSHIP_SIGN, VR::SS, PrimitiveValue::from(-1i16)),
        text(VR::DS, tags::WINDOW_CENTER, "2048"),
        text(VR::DS, tags::WINDOW_WIDTH, "4096"),
        text(VR::DS, tags::RESCALE_INTERCEPT, "0"),
        text(VR::DS, tags::RESCALE_SLOPE, "1"),
        text(VR::LO, tags::RESCALE_TYPE, "US"),
        text(VR::CS, tags::LOSSY_IMAGE_COMPRESSION, "00"),
        text(VR::CS, tags::PRESENTATION_LUT_SHAPE, "IDENTITY"),
        sequence(tags::ACQUISITION_CONTEXT_SEQUENCE, vec![]),
        sequence(tags::VIEW_CODE_SEQUENCE, vec![item(view)]),
        DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels.into())),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phantom::render;

    #[test]
    fn the_dicom_file_is_a_readable_dx_image_that_says_it_is_a_phantom() {
        let recipe = PhantomRecipe { size: 32, ..PhantomRecipe::default() };
        let phantom = render(&recipe);
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one.dcm"), folder.path().join("two.dcm"));
        write_dicom(&one, &phantom, &recipe).unwrap();
        write_dicom(&two, &phantom, &recipe).unwrap();
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
        let object = dicom_object::open_file(&one).unwrap();
        let string = |tag| object.element(tag).unwrap().to_str().unwrap().into_owned();
        assert_eq!(string(tags::PATIENT_NAME), "PHANTOM^PELLUCID");
        assert!(string(tags::IMAGE_COMMENTS).contains("phantom"));
        assert!(string(tags::SOP_INSTANCE_UID).len() <= 64);
        let pixels = object.element(tags::PIXEL_DATA).unwrap().uint16_slice().unwrap().to_vec();
        assert!(pixels.iter().zip(&phantom.plane.values).all(|(p, v)| f32::from(*p) == *v));
        assert_eq!(pixels.len(), 32 * 32);
    }

    #[test]
    fn uids_differ_by_recipe_and_by_purpose() {
        let one = PhantomRecipe::default();
        let other = PhantomRecipe { seed: 2, ..one.clone() };
        assert_eq!(uid(&one, "study"), uid(&one, "study"));
        assert_ne!(uid(&one, "study"), uid(&other, "study"));
        assert_ne!(uid(&one, "study"), uid(&one, "series"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_said_in_a_sentence() {
        let recipe = PhantomRecipe { size: 16, ..PhantomRecipe::default() };
        let error = write_png(Path::new("/nowhere/at/all.png"), &render(&recipe)).unwrap_err();
        assert!(error.to_string().contains("could not be written"));
    }
}
