//! Documents in an envelope (PS3.3 A.45, C.24): a PDF, or another file that the desktop can open.
//!
//! The document itself is not looked into; it is taken out as it is, at most
//! [`crate::limits::DOCUMENT_BYTES`] of it.

use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::Serialize;

use super::ReadError;
use super::code::{Code, shortened};
use super::item::moment;
use super::reference::Reference;
use super::structured_report::equipment;
use crate::limits;
use crate::panic_guard::guarded;
use crate::study::StudyError;
use crate::study::dataset::Value;
use crate::study::dicom::Dicom;

/// A document, without its bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    pub object: String,
    pub title: String,
    /// What it is: a code of the file.
    pub concept: Option<Code>,
    pub media_type: String,
    pub bytes: u64,
    pub date: String,
    pub equipment: Vec<String>,
    /// What it was made of.
    pub references: Vec<Reference>,
}

impl Document {
    pub(super) fn read(dicom: &Dicom) -> Result<Self, ReadError> {
        let (dataset, sets) = (&dicom.dataset, &dicom.sets);
        let text = |tag: Tag| shortened(&dataset.text(tag, sets), 300);
        Ok(Self {
            object: dicom.kind(),
            title: text(tags::DOCUMENT_TITLE),
            concept: Code::of(dataset, tags::CONCEPT_NAME_CODE_SEQUENCE, sets),
            media_type: text(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT),
            bytes: length(dicom).ok_or(ReadError::NoDocument)?,
            date: moment(&format!("{}{}", text(tags::CONTENT_DATE), text(tags::CONTENT_TIME))),
            equipment: equipment(dataset, sets),
            references: Reference::all(dataset, tags::SOURCE_INSTANCE_SEQUENCE),
        })
    }

    /// The ending of a file of this kind.
    #[must_use]
    pub fn ending(&self) -> &'static str {
        match self.media_type.to_ascii_lowercase().as_str() {
            "application/pdf" => "pdf",
            "text/xml" | "application/xml" => "xml",
            "model/stl" | "application/sla" => "stl",
            "model/obj" => "obj",
            "model/mtl" => "mtl",
            _ if self.object.contains("PDF") => "pdf",
            _ => "bin",
        }
    }
}

/// Length of the document; what fills it up to an even length is no part of it (PS3.3 C.24.2).
fn length(dicom: &Dicom) -> Option<u64> {
    let there = match &dicom.dataset.get(tags::ENCAPSULATED_DOCUMENT)?.value {
        Value::Bytes(bytes) => bytes.len() as u64,
        Value::Stored { available, .. } => *available,
        Value::Items(_) | Value::Fragments { .. } => return None,
    };
    let said = dicom.dataset.integer(tags::ENCAPSULATED_DOCUMENT_LENGTH).and_then(|n| u64::try_from(n).ok());
    Some(said.filter(|n| *n <= there && there - n <= 1).unwrap_or(there)).filter(|n| *n > 0)
}

/// The document in an envelope, as it is.
///
/// # Errors
/// When the file cannot be read, holds no document, or one that is too large.
pub fn document_bytes(path: &Path) -> Result<Vec<u8>, ReadError> {
    guarded(|| {
        let dicom = Dicom::open(path)?;
        let length = length(&dicom).ok_or(ReadError::NoDocument)?;
        if length > limits::DOCUMENT_BYTES {
            return Err(ReadError::DocumentTooLarge { bytes: length, limit: limits::DOCUMENT_BYTES });
        }
        match dicom.dataset.get(tags::ENCAPSULATED_DOCUMENT).map(|element| &element.value) {
            Some(Value::Bytes(bytes)) => Ok(bytes[..length as usize].to_vec()),
            Some(Value::Stored { offset, .. }) => Ok(dicom.bytes_at(*offset, length)?),
            _ => Err(ReadError::NoDocument),
        }
    })
    .map_err(StudyError::from)?
}
