//! What results of an image take over from its header: whose it is, the study it belongs to, how it
//! was made, and where it lies in the patient.
//!
//! Texts are decoded, and hold no character that acts. Of a file without a DICOM header (PNG, JPEG,
//! TIFF), and of one that is not there any more, only what was known of the image when it was
//! opened is there.

use std::collections::BTreeMap;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::dataset::Dataset;
use super::dicom::Dicom;
use super::functional_groups::FunctionalGroups;
use super::open::{Kind, kind_of};
use super::{Frame, StudyError};
use crate::panic_guard::guarded;
use crate::printable::printable;

/// Attributes whose text is kept.
const TEXTS: [Tag; 34] = [
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::PATIENT_AGE,
    tags::PATIENT_IDENTITY_REMOVED,
    tags::DEIDENTIFICATION_METHOD,
    tags::STUDY_INSTANCE_UID,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::STUDY_ID,
    tags::STUDY_DESCRIPTION,
    tags::ACCESSION_NUMBER,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::SERIES_INSTANCE_UID,
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::MODALITY,
    tags::MANUFACTURER,
    tags::MANUFACTURER_MODEL_NAME,
    tags::SOFTWARE_VERSIONS,
    tags::BODY_PART_EXAMINED,
    tags::LATERALITY,
    tags::IMAGE_LATERALITY,
    tags::VIEW_POSITION,
    tags::PATIENT_ORIENTATION,
    tags::BURNED_IN_ANNOTATION,
    tags::FRAME_OF_REFERENCE_UID,
    tags::POSITION_REFERENCE_INDICATOR,
    tags::RESCALE_INTERCEPT,
    tags::RESCALE_SLOPE,
    tags::RESCALE_TYPE,
    tags::LOSSY_IMAGE_COMPRESSION,
];

/// The header of an image, as far as results need it.
#[derive(Clone, Debug, Default)]
pub struct SourceHeader {
    texts: BTreeMap<Tag, String>,
    /// Where the frame lies, where its file says so completely.
    pub plane: Option<PlanePlace>,
    /// All of it is from the file, not only what was known of the image.
    pub is_read: bool,
    /// A table makes modality values of stored ones.
    pub has_modality_table: bool,
    /// The procedure that was done: code, scheme, meaning.
    pub procedure: Option<[String; 3]>,
}

/// Where the plane of an image lies in the patient, in mm (PS3.3 C.7.6.2).
#[derive(Clone, Debug, PartialEq)]
pub struct PlanePlace {
    pub frame_of_reference: String,
    /// Direction of rows and of columns.
    pub orientation: [f64; 6],
    /// Centre of the first pixel.
    pub position: [f64; 3],
    /// Between rows, between columns.
    pub spacing: [f64; 2],
    pub thickness: Option<f64>,
}

impl SourceHeader {
    /// The header of the file of a frame; what the frame knows of it where there is no other.
    #[must_use]
    pub fn of(frame: &Frame) -> Self {
        let entry = &frame.entry;
        let read = guarded(|| match kind_of(&entry.path)? {
            Kind::Dicom => Ok(Self::read(&Dicom::open(&entry.path)?, frame.index)),
            Kind::Raster(_) => Err(StudyError::NoPixels("picture".into())),
        });
        let uid = &entry.identity.sop_instance_uid;
        match read {
            // Another file may lie there now.
            Ok(Ok(header))
                if header.text(tags::SOP_INSTANCE_UID).is_empty() || header.text(tags::SOP_INSTANCE_UID) == uid =>
            {
                header
            }
            _ => Self::known(frame),
        }
    }

    /// A text; empty where the file has none.
    #[must_use]
    pub fn text(&self, tag: Tag) -> &str {
        self.texts.get(&tag).map_or("", String::as_str)
    }

    fn read(dicom: &Dicom, index: u32) -> Self {
        let dataset = &dicom.dataset;
        let groups = FunctionalGroups::of(dataset, index);
        let transform = groups.item_or_object(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
        let text = |tag: Tag| {
            let of = if [tags::RESCALE_INTERCEPT, tags::RESCALE_SLOPE, tags::RESCALE_TYPE].contains(&tag) {
                transform
            } else {
                dataset
            };
            printable(&of.text(tag, &dicom.sets)).into_owned()
        };
        let mut texts: BTreeMap<Tag, String> =
            TEXTS.into_iter().map(|tag| (tag, text(tag))).filter(|(_, text)| !text.is_empty()).collect();
        let class = dicom.sop_class();
        if !class.is_empty() {
            texts.insert(tags::SOP_CLASS_UID, class);
        }
        let identity = dicom.identity();
        if !identity.sop_instance_uid.is_empty() {
            texts.insert(tags::SOP_INSTANCE_UID, identity.sop_instance_uid);
        }
        let procedure = dataset.items(tags::PROCEDURE_CODE_SEQUENCE).first().and_then(|item| {
            let parts = [tags::CODE_VALUE, tags::CODING_SCHEME_DESIGNATOR, tags::CODE_MEANING];
            let parts = parts.map(|tag| printable(&item.text(tag, &dicom.sets)).into_owned());
            parts.iter().all(|part| !part.is_empty()).then_some(parts)
        });
        Self {
            texts,
            is_read: true,
            plane: PlanePlace::read(dataset, groups),
            has_modality_table: !dataset.items(tags::MODALITY_LUT_SEQUENCE).is_empty(),
            procedure,
        }
    }

    /// What was known of the image when it was opened.
    fn known(frame: &Frame) -> Self {
        let (meta, identity) = (&frame.entry.meta, &frame.entry.identity);
        let texts = [
            (tags::PATIENT_NAME, &meta.patient_name),
            (tags::PATIENT_ID, &meta.patient_id),
            (tags::ISSUER_OF_PATIENT_ID, &meta.patient_id_issuer),
            (tags::PATIENT_BIRTH_DATE, &meta.birth_date),
            (tags::PATIENT_SEX, &meta.sex),
            (tags::PATIENT_AGE, &meta.age),
            (tags::STUDY_INSTANCE_UID, &identity.study_uid),
            (tags::STUDY_DATE, &meta.study_date),
            (tags::STUDY_TIME, &meta.study_time),
            (tags::STUDY_DESCRIPTION, &meta.study_description),
            (tags::ACCESSION_NUMBER, &meta.accession_number),
            (tags::REFERRING_PHYSICIAN_NAME, &meta.referring_physician),
            (tags::SERIES_INSTANCE_UID, &identity.series_uid),
            (tags::SOP_CLASS_UID, &meta.sop_class_uid),
            (tags::SOP_INSTANCE_UID, &identity.sop_instance_uid),
            (tags::MODALITY, &meta.modality),
            (tags::MANUFACTURER, &meta.manufacturer),
            (tags::MANUFACTURER_MODEL_NAME, &meta.model_name),
            (tags::BODY_PART_EXAMINED, &meta.body_part),
            (tags::IMAGE_LATERALITY, &meta.laterality),
            (tags::VIEW_POSITION, &meta.view_position),
        ];
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        Self { texts: texts.map(|(tag, text)| (tag, text.clone())).collect(), ..Self::default() }
    }
}

impl PlanePlace {
    fn read(dataset: &Dataset, groups: FunctionalGroups<'_>) -> Option<Self> {
        let frame_of_reference = dataset.code(tags::FRAME_OF_REFERENCE_UID);
        let orientation = groups.item_or_object(tags::PLANE_ORIENTATION_SEQUENCE);
        let position = groups.item_or_object(tags::PLANE_POSITION_SEQUENCE);
        let measures = groups.item_or_object(tags::PIXEL_MEASURES_SEQUENCE);
        let orientation = numbers::<6>(orientation, tags::IMAGE_ORIENTATION_PATIENT)?;
        let [rows, columns] = [&orientation[..3], &orientation[3..]].map(|v| v.iter().map(|x| x * x).sum::<f64>());
        let sound = |length: f64| (length - 1.0).abs() < 0.02;
        if frame_of_reference.is_empty() || !sound(rows) || !sound(columns) {
            return None;
        }
        let thickness = measures.number(tags::SLICE_THICKNESS).filter(|mm| *mm > 0.0);
        let spacing = numbers::<2>(measures, tags::PIXEL_SPACING).filter(|mm| mm.iter().all(|mm| *mm > 0.0))?;
        let position = numbers::<3>(position, tags::IMAGE_POSITION_PATIENT)?;
        Some(Self { frame_of_reference, orientation, position, spacing, thickness })
    }
}

/// Exactly so many finite numbers.
fn numbers<const N: usize>(dataset: &Dataset, tag: Tag) -> Option<[f64; N]> {
    let numbers: [f64; N] = dataset.numbers(tag).try_into().ok()?;
    numbers.iter().all(|number| number.is_finite()).then_some(numbers)
}
