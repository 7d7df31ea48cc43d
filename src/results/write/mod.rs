//! A case as DICOM objects of the study of its image (IHE AI Results): a structured report of the
//! findings, their maps and masks, and what a reader sees of them.
//!
//! | object | what it holds |
//! |---|---|
//! | Comprehensive SR | every label with probability, interval, state and threshold (TID 1500) |
//! | Parametric Map | the values of the maps, where the image has a place in the patient |
//! | Segmentation | lungs, and where the maps exceed the threshold of the overlay |
//! | Secondary Capture | the image under its maps, "research use only" burned in |
//! | Grayscale Softcopy Presentation State | contours, measurements and window on the image itself |
//! | Encapsulated PDF | the case report |
//! | Secondary Capture | the image itself, where it came from no DICOM file |
//!
//! All are built of [`crate::report::record`], so that every exporter says the same, and an
//! anonymised case is anonymous in every object. What an object cannot say of an image is not
//! invented: [`write()`] tells which ones were left out, and why.

mod context;
mod drawn;
mod encapsulated_pdf;
mod evidence;
mod files;
mod frames;
mod grey_steps;
mod item;
mod parametric_map;
mod presentation_state;
mod secondary_capture;
mod segmentation;
mod source;
mod source_image;
mod structured_report;

use dicom_dictionary_std::uids;
use dicom_object::{FileDicomObject, InMemDicomObject};

use self::context::Context;
pub use self::files::write_into;
use super::ResultsError;
use crate::report::CaseReport;
use crate::study::deidentify::Key;

/// What kind of object a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    /// The image itself, where it came from no DICOM file.
    SourceImage,
    ParametricMap,
    Segmentation,
    SecondaryCapture,
    PresentationState,
    EncapsulatedPdf,
    StructuredReport,
}

impl ObjectKind {
    pub const ALL: [Self; 7] = [
        Self::SourceImage,
        Self::ParametricMap,
        Self::Segmentation,
        Self::SecondaryCapture,
        Self::PresentationState,
        Self::EncapsulatedPdf,
        Self::StructuredReport,
    ];

    /// Name for people, as the standard calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SourceImage => "Secondary Capture of the image itself",
            Self::ParametricMap => "Parametric Map",
            Self::Segmentation => "Segmentation",
            Self::SecondaryCapture => "Secondary Capture",
            Self::PresentationState => "Grayscale Softcopy Presentation State",
            Self::EncapsulatedPdf => "Encapsulated PDF",
            Self::StructuredReport => "Structured Report",
        }
    }

    /// Short name, for files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::SourceImage => "image",
            Self::ParametricMap => "pm",
            Self::Segmentation => "seg",
            Self::SecondaryCapture => "sc",
            Self::PresentationState => "pr",
            Self::EncapsulatedPdf => "pdf",
            Self::StructuredReport => "sr",
        }
    }

    /// UID of its SOP class.
    #[must_use]
    pub fn sop_class_uid(self) -> &'static str {
        match self {
            Self::SourceImage | Self::SecondaryCapture => uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
            Self::ParametricMap => uids::PARAMETRIC_MAP_STORAGE,
            Self::Segmentation => uids::SEGMENTATION_STORAGE,
            Self::PresentationState => uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
            Self::EncapsulatedPdf => uids::ENCAPSULATED_PDF_STORAGE,
            Self::StructuredReport => uids::COMPREHENSIVE_SR_STORAGE,
        }
    }
}

/// A result as a DICOM object, explicit VR little endian, with file meta information.
#[derive(Clone, Debug)]
pub struct ResultObject {
    pub kind: ObjectKind,
    pub sop_class_uid: String,
    /// Derived from all of the content: the same UID means the same bytes.
    pub sop_instance_uid: String,
    pub series_instance_uid: String,
    pub study_instance_uid: String,
    pub object: FileDicomObject<InMemDicomObject>,
}

impl ResultObject {
    /// The whole file.
    ///
    /// # Errors
    /// [`ResultsError::Encode`], a fault of the program.
    pub fn bytes(&self) -> Result<Vec<u8>, ResultsError> {
        let mut bytes = Vec::new();
        let failed =
            |e: dicom_object::WriteError| ResultsError::Encode { kind: self.kind.name(), reason: e.to_string() };
        self.object.write_all(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// A name for the file: the kind and the UID, and nothing of the patient.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}_{}.dcm", self.kind.key(), self.sop_instance_uid)
    }
}

/// An object that was not made, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub kind: ObjectKind,
    /// A sentence.
    pub reason: String,
}

/// All objects of a case, those that others refer to first; the structured report is the last.
#[derive(Clone, Debug, Default)]
pub struct Written {
    pub objects: Vec<ResultObject>,
    pub left_out: Vec<LeftOut>,
}

/// How objects are made.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// Of an anonymised case: UIDs and pseudonyms follow from this key, as those of
    /// [`crate::study::deidentify`] do, so that results fit the de-identified image. Without one
    /// they follow from the results alone, and lead to no image.
    pub key: Option<Key>,
}

/// The objects of a case.
///
/// # Errors
/// When the PDF or an overlay cannot be made, or an object not be encoded.
pub fn objects(case: &CaseReport, options: &WriteOptions) -> Result<Vec<ResultObject>, ResultsError> {
    Ok(write(case, options)?.objects)
}

/// The same, with what was left out.
///
/// # Errors
/// As [`objects`].
pub fn write(case: &CaseReport, options: &WriteOptions) -> Result<Written, ResultsError> {
    let mut context = Context::of(case, options);
    let mut written = Written::default();
    if context.source.needs_copy {
        let image = source_image::object(&context)?;
        context.source.sop_instance_uid.clone_from(&image.sop_instance_uid);
        written.objects.push(image);
    }
    let context = &context;
    match parametric_map::objects(context)? {
        Ok(maps) => written.objects.extend(maps),
        Err(why) => written.left_out.push(why),
    }
    for one in [segmentation::object(context)?, presentation_state::object(context)?] {
        match one {
            Ok(object) => written.objects.push(object),
            Err(why) => written.left_out.push(why),
        }
    }
    written.objects.extend(secondary_capture::objects(context)?);
    written.objects.push(encapsulated_pdf::object(context)?);
    written.objects.push(structured_report::object(context)?);
    Ok(written)
}
